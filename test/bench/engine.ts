import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { Client, type Dispatcher } from 'undici'
import { DOCKER, dockerEnv } from '../helpers/docker.ts'

const run = promisify(execFile)

/** An engine under measurement, by its socket alone. */
export class Engine {
  readonly name: string
  readonly socket: string
  readonly #http: Client

  constructor(name: string, socket: string) {
    this.name = name
    this.socket = socket
    this.#http = new Client('http://engine', {
      socketPath: socket,
      headersTimeout: 0,
      bodyTimeout: 0,
    })
  }

  async raw(
    method: Dispatcher.HttpMethod,
    path: string,
    body?: object,
  ): Promise<Dispatcher.ResponseData> {
    return this.#http.request({
      method,
      path,
      ...(body
        ? { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
        : {}),
    })
  }

  async call<T>(method: Dispatcher.HttpMethod, path: string, body?: object): Promise<T> {
    const { statusCode, body: reply } = await this.raw(method, path, body)
    const text = await reply.text()
    if (statusCode >= 400) throw new Error(`${this.name}: ${method} ${path}: ${text}`)
    return (text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text) as T
  }

  async create(command: string[], network = 'none'): Promise<string> {
    const { Id } = await this.call<{ Id: string }>('POST', '/v1.44/containers/create', {
      Image: 'busybox',
      Cmd: command,
      HostConfig: { NetworkMode: network },
    })
    return Id
  }

  start = (id: string) => this.call('POST', `/v1.44/containers/${id}/start`)
  wait = (id: string) => this.call('POST', `/v1.44/containers/${id}/wait`)
  remove = (id: string) => this.call('DELETE', `/v1.44/containers/${id}?force=1`)

  async cli(...args: string[]): Promise<string> {
    const { stdout } = await run(DOCKER, args, { env: dockerEnv(this.socket), maxBuffer: 1 << 30 })
    return stdout
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#http.close()
  }
}

/** Milliseconds of each of `count` runs, sorted. */
export async function times(count: number, what: () => Promise<unknown>): Promise<number[]> {
  const taken: number[] = []
  for (let n = 0; n < count; n++) {
    const begun = performance.now()
    await what()
    taken.push(performance.now() - begun)
  }
  return taken.sort((a, b) => a - b)
}

export const median = (sorted: readonly number[]): number =>
  sorted[sorted.length >> 1] ?? Number.NaN

/** Proportional set size of a process in KiB; 0 if it is gone. */
export function pssKiB(pid: number | string): number {
  try {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
    return Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0)
  } catch {
    return 0
  }
}
