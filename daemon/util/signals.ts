import { constants } from 'node:os'

const SIGRTMIN = 34
const SIGRTMAX = 64
const NAMES = new Map(Object.entries(constants.signals).map(([name, number]) => [name, number]))

/** `KILL`, `SIGKILL`, `9`, `RTMIN+3` → its number; undefined for what is no signal. */
export function parseSignal(text: string): number | undefined {
  if (/^\d+$/.test(text)) {
    const number = Number(text)
    return number >= 1 && number <= SIGRTMAX ? number : undefined
  }
  const name = text.toUpperCase().replace(/^SIG/, '')
  const realTime = /^RT(MIN|MAX)(?:([+-])(\d{1,2}))?$/.exec(name)
  if (!realTime) return NAMES.get(`SIG${name}` as NodeJS.Signals)
  const base = realTime[1] === 'MIN' ? SIGRTMIN : SIGRTMAX
  const number = base + Number(`${realTime[2] ?? ''}${realTime[3] ?? 0}`)
  return number >= SIGRTMIN && number <= SIGRTMAX ? number : undefined
}
