import type { Health, HealthResult } from '../containers/running-containers.ts'
import type { HealthConfig } from './health-config.ts'

const KEPT_RESULTS = 5
const MAX_OUTPUT_BYTES = 4096

export const STARTING: Health = { Status: 'starting', FailingStreak: 0, Log: [] }

/** What a probe's result makes of the health before it. */
export function afterProbe(
  before: Health,
  result: HealthResult,
  { retries, inStartPeriod }: { readonly retries: number; readonly inStartPeriod: boolean },
): Health {
  const Log = [...before.Log, result].slice(-KEPT_RESULTS)
  if (result.ExitCode === 0) return { Status: 'healthy', FailingStreak: 0, Log }
  if (before.Status === 'starting' && inStartPeriod) return { ...before, Log }
  const FailingStreak = before.FailingStreak + 1
  return { Status: FailingStreak >= retries ? 'unhealthy' : before.Status, FailingStreak, Log }
}

/** How long until the next probe; the start interval holds until the start period is over or was ended by a success. */
export function nextProbeMs(
  { intervalMs, startIntervalMs, startPeriodMs }: HealthConfig,
  status: Health['Status'],
  sinceStartMs: number,
): number {
  const inStartPeriod = status === 'starting' && sinceStartMs < startPeriodMs
  return inStartPeriod ? startIntervalMs : intervalMs
}

/** At most 4096 bytes, and no half character at the end. */
export function cutOutput(output: Buffer): string {
  if (output.length <= MAX_OUTPUT_BYTES) return output.toString('utf8')
  const decoder = new TextDecoder()
  return `${decoder.decode(output.subarray(0, MAX_OUTPUT_BYTES), { stream: true })}...`
}
