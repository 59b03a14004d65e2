import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  createWriteStream,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type Dispatcher, Pool } from 'undici'
import { type DockerResult, docker } from './docker.ts'
import { waitFor } from './wait-for.ts'

const MAIN = new URL('../../daemon/main.ts', import.meta.url).pathname
const SUPERVISE = new URL('../programs/build/supervise', import.meta.url).pathname

export type DaemonOptions = {
  readonly flags?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** With a bridge of its own (and its nft table); else `--bridge none`. */
  readonly network?: boolean
}

type Reply<T> = {
  readonly status: number
  readonly headers: Record<string, unknown>
  readonly body: T
}

/**
 * A daemon of the test's own: own roots, socket, bridge, cgroup parent. It runs under a supervisor which adopts what it leaves
 * behind when it is killed; disposing kills and removes everything.
 */
export class TestDaemon implements AsyncDisposable {
  readonly root = mkdtempSync(join(tmpdir(), 'tsd-'))
  readonly socket = join(this.root, 'tsd.sock')
  readonly dataRoot = join(this.root, 'data')
  readonly execRoot = join(this.root, 'run')
  readonly instance = `t${randomBytes(3).toString('hex')}`
  readonly bridge: string
  readonly cgroupParent: string
  http: Dispatcher
  pid = 0
  readonly #options: DaemonOptions
  readonly #supervisor: ChildProcess
  readonly #exited = new Map<number, number>()

  constructor(options: DaemonOptions) {
    this.#options = options
    this.bridge = options.network ? `br-${this.instance}` : 'none'
    this.cgroupParent = `/tsd-${this.instance}`
    this.http = new Pool('http://tsd', {
      socketPath: this.socket,
      headersTimeout: 0,
      bodyTimeout: 0,
    })
    this.#supervisor = spawn(SUPERVISE, [process.execPath, MAIN, ...this.flags()], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...options.env },
    })
    this.#supervisor.stderr?.pipe(createWriteStream(this.logFile))
    if (this.#supervisor.stdout) {
      createInterface(this.#supervisor.stdout).on('line', (line) => this.#heard(line))
    }
  }

  get logFile(): string {
    return join(this.root, 'daemon.log')
  }

  /** What the daemon has logged so far. */
  get log(): string {
    return existsSync(this.logFile) ? readFileSync(this.logFile, 'utf8') : ''
  }

  flags(): string[] {
    const bip = `10.${200 + ((randomBytes(1)[0] ?? 0) % 50)}.${randomBytes(1)[0]}.1/24`
    return [
      ['--data-root', this.dataRoot],
      ['--exec-root', this.execRoot],
      ['--host', `unix://${this.socket}`],
      ['--pidfile', join(this.root, 'pid')],
      ['--instance-id', this.instance],
      ['--cgroup-parent', this.cgroupParent],
      ['--bridge', this.bridge],
      this.#options.network ? ['--bip', bip] : [],
      this.#options.flags ?? [],
    ].flat()
  }

  /** Starts the daemon (again) and returns when it answers. */
  async start(): Promise<void> {
    const before = this.pid
    this.#supervisor.stdin?.write('start\n')
    await waitFor('the daemon to be started', () => this.pid !== before)
    await waitFor(
      `the daemon to answer; it said: ${this.log.slice(-2000)}`,
      async () => {
        if (this.#exited.has(this.pid))
          throw new Error(`the daemon ended: ${this.log.slice(-4000)}`)
        return this.call('GET', '/_ping').then(
          (reply) => reply.status === 200,
          () => false,
        )
      },
      { timeoutMs: 30_000 },
    )
  }

  /** Ends the daemon with a signal and returns its status (128+n for a signal). */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number> {
    const pid = this.pid
    process.kill(pid, signal)
    await waitFor('the daemon to end', () => this.#exited.has(pid))
    return this.#exited.get(pid) ?? -1
  }

  async restart(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await this.end(signal)
    await this.start()
  }

  /** One API call; a JSON reply is parsed, any other is text. */
  async call<T = Record<string, unknown>>(
    method: Dispatcher.HttpMethod,
    path: string,
    body?: unknown,
  ): Promise<Reply<T>> {
    const {
      statusCode,
      headers,
      body: reply,
    } = await this.http.request({
      method,
      path,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
    const text = await reply.text()
    const json = String(headers['content-type'] ?? '').startsWith('application/json') && text !== ''
    const isLines = text.trimEnd().includes('\n')
    return { status: statusCode, headers, body: (json && !isLines ? JSON.parse(text) : text) as T }
  }

  /** The real docker CLI, pointed at this daemon. */
  docker(...args: string[]): Promise<DockerResult> {
    return docker(this.socket, args)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.http.destroy()
    const ended = once(this.#supervisor, 'exit')
    this.#supervisor.stdin?.end()
    await ended
    this.#removeNetwork()
    removeCgroups(this.cgroupParent)
    rmSync(this.root, { recursive: true, force: true })
  }

  #heard(line: string): void {
    const [what, pid, status] = line.split(' ')
    if (what === 'started') this.pid = Number(pid)
    if (what === 'exited') this.#exited.set(Number(pid), Number(status))
  }

  #removeNetwork(): void {
    if (!this.#options.network) return
    for (const command of [
      ['ip', 'link', 'delete', this.bridge],
      ['nft', 'delete', 'table', 'inet', `tsd-${this.instance}`],
      ['nft', 'delete', 'table', 'ip', `tsd-${this.instance}`],
    ]) {
      const [program = '', ...args] = command
      try {
        execFileSync(program, args, { stdio: 'ignore' })
      } catch {
        // it was not there
      }
    }
  }
}

/** Removes what is left of a cgroup parent in every hierarchy, children first. */
function removeCgroups(parent: string): void {
  const roots = ['', ...readdirSync('/sys/fs/cgroup')].map((name) => join('/sys/fs/cgroup', name))
  for (const directory of roots.map((root) => join(root, parent))) {
    if (!existsSync(directory)) continue
    const children = readdirSync(directory, { withFileTypes: true }).filter((it) =>
      it.isDirectory(),
    )
    for (const path of [...children.map(({ name }) => join(directory, name)), directory]) {
      try {
        rmdirSync(path)
      } catch {
        // still in use, or gone by itself
      }
    }
  }
}

/** A running daemon of the test's own; `await using` it. */
export async function startDaemon(options: DaemonOptions = {}): Promise<TestDaemon> {
  const daemon = new TestDaemon(options)
  try {
    await daemon.start()
  } catch (err) {
    await daemon[Symbol.asyncDispose]()
    throw err
  }
  return daemon
}
