import { existsSync, writeFileSync } from 'node:fs'

/**
 * Places where a test may end the daemon: `TSD_FAILPOINTS='start.after-shim=kill;create.after-row=2*off->kill'`, heeded
 * only together with `TSD_TEST=1`. Terms are `[N*]action` joined by `->`: off, kill, delay(ms), error(text).
 * With `TSD_FAILPOINTS_DONE=FILE` a kill leaves that file, and a daemon that finds it has no fail points.
 */
type Term = { left: number; readonly action: string; readonly argument: string }

const { TSD_TEST, TSD_FAILPOINTS = '', TSD_FAILPOINTS_DONE = '' } = process.env
const isOn = TSD_TEST === '1' && !existsSync(TSD_FAILPOINTS_DONE)
const points = parse(isOn ? TSD_FAILPOINTS : '')

export const FAIL_POINTS = [
  'create.before-row',
  'create.after-row',
  'start.after-network',
  'start.before-shim',
  'start.after-shim',
  'start.after-row',
  'exit.before-row',
  'exit.after-row',
  'stop.after-signal',
  'remove.before-row',
  'remove.after-row',
] as const

export type FailPoint = (typeof FAIL_POINTS)[number]

export function failPoint(name: FailPoint): void {
  if (points.size > 0) hit(points.get(name))
}

function hit(terms: Term[] | undefined): void {
  const term = terms?.find((it) => it.left > 0)
  if (!term) return
  term.left -= 1
  if (term.action === 'kill') {
    if (TSD_FAILPOINTS_DONE !== '') writeFileSync(TSD_FAILPOINTS_DONE, '')
    process.kill(process.pid, 'SIGKILL')
  }
  if (term.action === 'error') throw new Error(term.argument || 'fail point')
  if (term.action === 'delay') {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(term.argument))
  }
}

function parse(text: string): Map<string, Term[]> {
  const parsed = new Map<string, Term[]>()
  for (const setting of text.split(';').filter(Boolean)) {
    const [name = '', terms = ''] = setting.split('=')
    parsed.set(name.trim(), terms.split('->').map(parseTerm))
  }
  return parsed
}

function parseTerm(text: string): Term {
  const match = /^\s*(?:(\d+)\*)?(off|kill|delay|error)(?:\(([^)]*)\))?\s*$/.exec(text)
  if (!match) throw new Error(`not a fail point: ${text}`)
  const [, count, action = '', argument = ''] = match
  return { left: count ? Number(count) : Number.POSITIVE_INFINITY, action, argument }
}
