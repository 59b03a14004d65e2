import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { EngineError, failed } from '../errors.ts'

export type Listing = { readonly Titles: string[]; readonly Processes: string[][] }

const run = promisify(execFile)

/** What `ps` on the host says of these processes; without ps, what /proc says. */
export async function top(pids: readonly number[], psArgs = ''): Promise<Listing> {
  const args = psArgs.trim() === '' ? ['-ef'] : psArgs.trim().split(/\s+/)
  if (args.some((it) => /[^\x20-\x7e]/.test(it))) {
    throw new EngineError('invalid-parameter', `invalid ps_args: ${psArgs}`)
  }
  try {
    const { stdout } = await run('ps', args, { timeout: 10_000, maxBuffer: 64 << 20 })
    return parsePs(stdout, pids)
  } catch (err) {
    if (err instanceof EngineError) throw err
    const { code, stderr } = err as { code?: unknown; stderr?: string }
    if (code === 'ENOENT') return fromProc(pids)
    throw failed(`error running ps: ${stderr?.trim() || (err as Error).message}`, err)
  }
}

/** The last column keeps its spaces. */
export function parsePs(output: string, pids: readonly number[]): Listing {
  const [header = '', ...lines] = output.split('\n').filter((line) => line.trim() !== '')
  const titles = header.trim().split(/\s+/)
  const pidColumn = titles.indexOf('PID')
  if (pidColumn < 0) throw new EngineError('system', "Couldn't find PID field in ps output")
  const wanted = new Set(pids.map(String))
  const rows = lines.map((line) => splitColumns(line, titles.length))
  return { Titles: titles, Processes: rows.filter((row) => wanted.has(row[pidColumn] ?? '')) }
}

function splitColumns(line: string, count: number): string[] {
  const words = line.trim().split(/\s+/)
  if (words.length <= count) return words
  const last = line.trim().replace(new RegExp(`^(?:\\S+\\s+){${count - 1}}`), '')
  return [...words.slice(0, count - 1), last]
}

async function fromProc(pids: readonly number[]): Promise<Listing> {
  const rows = await Promise.all(pids.map((pid) => procRow(pid)))
  return {
    Titles: ['UID', 'PID', 'PPID', 'CMD'],
    Processes: rows.filter((row) => row !== undefined),
  }
}

async function procRow(pid: number): Promise<string[] | undefined> {
  try {
    const [status, commandLine] = await Promise.all([
      readFile(`/proc/${pid}/status`, 'utf8'),
      readFile(`/proc/${pid}/cmdline`, 'utf8'),
    ])
    const field = (name: string) => new RegExp(`^${name}:\\s+(\\S+)`, 'm').exec(status)?.[1] ?? ''
    const command = commandLine.split('\0').join(' ').trim() || `[${field('Name')}]`
    return [field('Uid'), String(pid), field('PPid'), command]
  } catch {
    return undefined // it has ended
  }
}
