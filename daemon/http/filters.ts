import { EngineError } from '../errors.ts'

export type Filters = Readonly<Record<string, readonly string[]>>

const invalid = (why: string) => new EngineError('invalid-parameter', why)

function values(value: unknown): string[] {
  if (Array.isArray(value)) return value.map(String)
  if (typeof value === 'object' && value !== null) {
    return Object.keys(value) // whatever stands behind the key, as in Docker
  }
  throw invalid('invalid filter')
}

/** `{"label":["a=b"]}` and the older `{"label":{"a=b":true}}`. */
export function parseFilters(text: string | undefined): Filters {
  if (text === undefined || text === '') return {}
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (err) {
    throw new EngineError('invalid-parameter', 'invalid filter', { cause: err })
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw invalid('invalid filter')
  return Object.fromEntries(Object.entries(parsed).map(([name, value]) => [name, values(value)]))
}

const DURATION = /^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+$/
const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}

function durationMs(text: string): number {
  return [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)].reduce(
    (sum, [, number, unit = '']) => sum + Number(number) * (UNIT_MS[unit] ?? 0),
    0,
  )
}

/** A moment as `until` filters give it: Unix seconds, a length of time before now, or a date. Milliseconds since the epoch. */
export function momentMs(text: string): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000
  if (DURATION.test(text)) return Date.now() - durationMs(text)
  const date = Date.parse(text)
  if (Number.isNaN(date)) throw invalid(`invalid value for "until" filter: ${text}`)
  return date
}

/** `SECONDS[.NANOSECONDS]` → nanoseconds since the epoch; undefined for none, and for zero if it means none. */
export function unixNano(text: string | undefined, name: string): bigint | undefined {
  if (text === undefined || text === '' || text === '0') return undefined
  const [, seconds, fraction = ''] = /^(-?\d+)(?:\.(\d{1,9}))?$/.exec(text) ?? []
  if (seconds !== undefined)
    return BigInt(seconds) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'))
  const date = Date.parse(text)
  if (!Number.isNaN(date)) return BigInt(date) * 1_000_000n
  if (DURATION.test(text)) return BigInt(Math.round(Date.now() - durationMs(text))) * 1_000_000n
  throw invalid(`invalid value for ${name}: ${text}`)
}
