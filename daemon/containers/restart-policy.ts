import type { RestartPolicy } from '../../api-spec/generated/types.ts'

const FIRST_DELAY_MS = 100
const LONGEST_DELAY_MS = 60_000
/** One that ran this long is taken to have started well. */
const SETTLED_MS = 10_000

export type Ended = {
  readonly exitCode: number
  readonly restartCount: number
  readonly stoppedByUser: boolean
}

/** Whether a container that has ended is started again. */
export function shouldRestart(
  policy: RestartPolicy | null | undefined,
  { exitCode, restartCount, stoppedByUser }: Ended,
): boolean {
  if (stoppedByUser) return false
  const most = policy?.MaximumRetryCount ?? 0
  switch (policy?.Name) {
    case 'always':
    case 'unless-stopped':
      return true
    case 'on-failure':
      return exitCode !== 0 && (most === 0 || restartCount < most)
    default:
      return false
  }
}

/** Doubled each time up to a minute; from the beginning once it ran for ten seconds. */
export function nextDelayMs(previousDelayMs: number, ranMs: number): number {
  if (ranMs >= SETTLED_MS || previousDelayMs === 0) return FIRST_DELAY_MS
  return Math.min(previousDelayMs * 2, LONGEST_DELAY_MS)
}
