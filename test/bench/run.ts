import { existsSync, readFileSync } from 'node:fs'
import { startDaemon } from '../helpers/daemon.ts'
import { loadBusybox } from '../helpers/image.ts'
import { Engine } from './engine.ts'
import { MEASURES } from './measures.ts'

/**
 * Measures tsd, and beside it in the same run a dockerd that listens at the socket given as `--docker PATH` (with the image busybox).
 * `--only TEXT` takes the measures whose names have it.
 */
function option(name: string): string | undefined {
  const at = process.argv.indexOf(name)
  return at < 0 ? undefined : process.argv[at + 1]
}

const print = (cells: readonly string[]) => process.stdout.write(`| ${cells.join(' | ')} |\n`)
const format = (value: number | undefined) =>
  value === undefined ? '–' : value >= 100 ? value.toFixed(0) : value.toPrecision(3)

await using daemon = await startDaemon({ network: true })
await using tsd = new Engine('tsd', daemon.socket)
await loadBusybox(daemon)
const socket = option('--docker')
const docker = socket && existsSync(socket) ? new Engine('docker', socket) : undefined
const only = option('--only') ?? ''

const rss =
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${daemon.pid}/status`, 'utf8'))?.[1] ?? 0) /
  1024
process.stdout.write(`daemon after start: ${rss.toFixed(0)} MB RSS\n\n`)
print(['', 'unit', 'tsd', 'Docker', 'times better'])
print(['---', '---', '---:', '---:', '---:'])
for (const { name, unit, more, take } of MEASURES.filter((it) => it.name.includes(only))) {
  const mine = await take(tsd)
  const theirs = docker ? await take(docker) : undefined
  const ratio = theirs === undefined ? undefined : more ? mine / theirs : theirs / mine
  print([name, unit, format(mine), format(theirs), format(ratio)])
}
await docker?.[Symbol.asyncDispose]()
