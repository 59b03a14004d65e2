import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { text } from 'node:stream/consumers'

const UNPACKED = new URL('../../.tools/usr/bin/docker', import.meta.url).pathname

/** The docker CLI: the machine's, or the one that scripts/docker-cli unpacked. */
export const DOCKER = existsSync(UNPACKED) ? UNPACKED : 'docker'

export type DockerResult = {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export type DockerOptions = {
  readonly stdin?: string | Buffer
  readonly env?: Record<string, string>
}

/** The environment that points any Docker client at a daemon, with no configuration of the user's. */
export function dockerEnv(socket: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    DOCKER_HOST: `unix://${socket}`,
    DOCKER_CONFIG: `${tmpdir()}/tsd-no-docker-config`,
  }
}

/** Runs the docker CLI to its end. Never rejects for an exit code. */
export async function docker(
  socket: string,
  args: readonly string[],
  { stdin = '', env = {} }: DockerOptions = {},
): Promise<DockerResult> {
  const child = spawn(DOCKER, args, { env: { ...dockerEnv(socket), ...env } })
  child.stdin.on('error', () => {}) // it may end without reading
  child.stdin.end(stdin)
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve(code ?? (signal ? 128 : 0)))
  })
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  return { code, stdout, stderr }
}
