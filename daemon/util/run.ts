import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'

/** Runs a program to its end and returns what it printed; an exit code other than 0 is an Error with what it said. */
export async function run(
  program: string,
  args: readonly string[],
  { input = '' } = {},
): Promise<string> {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve(code ?? 1))
  })
  child.stdin.on('error', () => {}) // it may end without reading
  child.stdin.end(input)
  const [out, said, code] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  if (code !== 0)
    throw new Error(`${program} ${args.join(' ')}: ${said.trim() || `exit code ${code}`}`)
  return out
}
