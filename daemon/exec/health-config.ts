/** Healthcheck of the image or the request; nanoseconds, 0 for the default. */
export type Healthcheck = {
  readonly Test?: readonly string[] | null
  readonly Interval?: number
  readonly Timeout?: number
  readonly StartPeriod?: number
  readonly StartInterval?: number
  readonly Retries?: number
}

export type HealthConfig = {
  readonly args: readonly string[]
  readonly intervalMs: number
  readonly timeoutMs: number
  readonly startPeriodMs: number
  readonly startIntervalMs: number
  readonly retries: number
}

const DEFAULT_SHELL = ['/bin/sh', '-c']

/** undefined where there is no check: none given, or `NONE`. */
export function healthConfig(
  check: Healthcheck | null | undefined,
  shell: readonly string[] | null | undefined,
): HealthConfig | undefined {
  const [kind, ...words] = check?.Test ?? []
  if (!check || kind === undefined || kind === 'NONE' || words.length === 0) return undefined
  const isShell = kind === 'CMD-SHELL'
  const shellArgs = shell && shell.length > 0 ? shell : DEFAULT_SHELL
  return {
    args: isShell ? [...shellArgs, words.join(' ')] : words,
    intervalMs: toMs(check.Interval, 30_000),
    timeoutMs: toMs(check.Timeout, 30_000),
    startPeriodMs: toMs(check.StartPeriod, 0),
    startIntervalMs: toMs(check.StartInterval, 5_000),
    retries: check.Retries || 3,
  }
}

function toMs(nanoseconds: number | undefined, fallback: number): number {
  return nanoseconds ? nanoseconds / 1e6 : fallback
}
