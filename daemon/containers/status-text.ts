import type { Health } from '../../api-spec/generated/types.ts'
import type { Container } from './container.ts'

const MINUTE = 60
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const WEEK = 7 * DAY
const MONTH = 30 * DAY
const YEAR = 365 * DAY

/** A length of time as Docker says it. */
export function humanDuration(seconds: number): string {
  const whole = Math.floor(seconds)
  const hours = Math.round(seconds / HOUR)
  if (whole < 1) return 'Less than a second'
  if (whole === 1) return '1 second'
  if (whole < MINUTE) return `${whole} seconds`
  const minutes = Math.floor(seconds / MINUTE)
  if (minutes === 1) return 'About a minute'
  if (minutes < 60) return `${minutes} minutes`
  if (hours === 1) return 'About an hour'
  if (hours < 48) return `${hours} hours`
  if (seconds < 2 * WEEK) return `${Math.floor(seconds / DAY)} days`
  if (seconds < 2 * MONTH) return `${Math.floor(seconds / WEEK)} weeks`
  if (seconds < 2 * YEAR) return `${Math.floor(seconds / MONTH)} months`
  return `${Math.floor(seconds / YEAR)} years`
}

function healthText(health: Health | undefined): string {
  if (!health || health.Status === 'none') return ''
  return health.Status === 'starting' ? ' (health: starting)' : ` (${health.Status})`
}

/** `Up 3 seconds (healthy)`, `Exited (0) 2 minutes ago`: scripts read these. */
export function statusText(
  container: Container,
  health: Health | undefined,
  now = Date.now(),
): string {
  const since = (date: Date | null) => humanDuration((now - (date?.getTime() ?? now)) / 1000)
  const { status, startedAt, finishedAt, exitCode } = container
  switch (status) {
    case 'running':
      return `Up ${since(startedAt)}${healthText(health)}`
    case 'paused':
      return `Up ${since(startedAt)} (Paused)`
    case 'restarting':
      return `Restarting (${exitCode}) ${since(finishedAt)} ago`
    case 'removing':
      return 'Removal In Progress'
    case 'dead':
      return 'Dead'
    case 'created':
      return 'Created'
    default:
      return `Exited (${exitCode}) ${since(finishedAt)} ago`
  }
}
