import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, readdirSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import type { Duplex, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { log } from '../log.ts'
import { FrameStream, type Message, MessageReader, throwIfFailed } from './frames.ts'
import type { ProcessIdentity, RunRequest, ShimFailure } from './protocol.ts'
import { type AttachOptions, Shim, type ShimExit } from './shim.ts'
import { openConnection } from './shim-connection.ts'
import { ShimError, shimGone } from './shim-error.ts'

/** An attachment to be there before the process starts. */
export type PendingAttach = {
  readonly options: AttachOptions
  /** Called with the stream, or with what went wrong; never throws. */
  readonly opened: (stream: Duplex) => void
  readonly failed: (err: Error) => void
}

/** What has to be known of a container to end it properly when its shim was killed. */
export type Remains = {
  readonly statusFile: string
  readonly cgroups: readonly string[]
}

type Signal = { readonly signal?: AbortSignal | undefined }

/** The daemon's only way to the kernel: the launcher, and through it the shims. */
export class ShimDriver implements AsyncDisposable {
  readonly #execRoot: string
  readonly #shimPath: string
  readonly #directory: number
  readonly #shims = new Set<Shim>()
  #launcher: ChildProcess | undefined
  #launched: Promise<void>
  #disposed = false

  private constructor(options: { readonly execRoot: string; readonly shimPath: string }) {
    this.#execRoot = options.execRoot
    this.#shimPath = options.shimPath
    mkdirSync(join(this.#execRoot, 'c'), { recursive: true, mode: 0o700 })
    this.#directory = openSync(this.#execRoot, 'r')
    this.#launched = this.#launch()
  }

  static async open(options: {
    readonly execRoot: string
    readonly shimPath: string
  }): Promise<ShimDriver> {
    const driver = new ShimDriver(options)
    await driver.#launched
    return driver
  }

  /** Starts a container. Attachments are made before its process runs, so they miss nothing. */
  async start(request: RunRequest, attach: readonly PendingAttach[] = []): Promise<Shim> {
    const socket = await this.#listening(request).catch((err: Error) => {
      for (const { failed } of attach) failed(err)
      throw err
    })
    const shim = new Shim(request.id, this.#shimSocket(request.id), socket)
    for (const pending of attach) shim.attach(pending.options).then(pending.opened, pending.failed)
    try {
      await shim.started
    } catch (err) {
      shim.detach()
      throw err
    }
    this.#hold(shim, { statusFile: request.statusFile, cgroups: request.cgroup.directories })
    return shim
  }

  /** The shim of a container that an earlier daemon started, if it lives. */
  async adopt(id: string, remains: Remains): Promise<Shim | undefined> {
    const socket = await openConnection(this.#shimSocket(id), { op: 'control' }).catch(
      () => undefined,
    )
    if (!socket) return undefined
    const shim = new Shim(id, this.#shimSocket(id), socket)
    const answered = await Promise.race([
      shim.started.then(
        () => true,
        () => false, // one that was still starting gives up, as its daemon has gone
      ),
      sleep(5000, false, { ref: false }),
    ])
    if (!answered) {
      shim.detach()
      return undefined
    }
    this.#hold(shim, remains)
    return shim
  }

  /** Containers that have a shim's directory, live or not. */
  list(): string[] {
    return readdirSync(join(this.#execRoot, 'c'))
  }

  /** What a shim that was killed has left: its socket and its state file. */
  removeDirectory(id: string): void {
    rmSync(join(this.#execRoot, 'c', id), { recursive: true, force: true })
  }

  /** Kills whatever is in these cgroups, and removes them. */
  async killGroups(directories: readonly string[]): Promise<void> {
    // v1: what is frozen dies only once its freezer is thawed
    const isFreezer = (path: string) => Number(path.includes('/freezer/'))
    const ordered = directories.toSorted((a, b) => isFreezer(b) - isFreezer(a))
    await this.call({ verb: 'cgroup-kill', directories: ordered })
  }

  /** A request with one reply. */
  async call<T extends object = Message>(request: object, { signal }: Signal = {}): Promise<T> {
    const socket = await this.#ask(request)
    try {
      return throwIfFailed(await new MessageReader(socket).next(signal)) as T
    } finally {
      socket.destroy()
    }
  }

  /** A request whose reply is followed by data. */
  async stream<T extends object = Message>(
    request: object,
    { signal }: Signal = {},
  ): Promise<{ reply: T; data: Readable }> {
    const { reply, socket } = await this.#open(request, signal)
    const data = new FrameStream(socket)
    abortWith(data, signal)
    return { reply: reply as T, data }
  }

  /** A request whose replies are messages, up to `{"ok":true}`. */
  async *messages<T extends object = Message>(
    request: object,
    { signal }: Signal = {},
  ): AsyncGenerator<T> {
    const socket = await this.#ask(request)
    try {
      const reader = new MessageReader(socket)
      for (;;) {
        const message = throwIfFailed(await reader.next(signal))
        if (message.ok === true) return
        yield message as T
      }
    } finally {
      socket.destroy()
    }
  }

  /** A request that is followed by raw bytes of ours, then answered. */
  async upload<T extends object = Message>(
    request: object,
    source: Readable,
    { signal }: Signal = {},
  ): Promise<T> {
    const socket = await this.#ask(request)
    const reply = new MessageReader(socket).next(signal)
    const sent = pipeline(source, socket, { end: true }).catch((err: Error) => err)
    try {
      const failure = await Promise.race([sent, reply])
      // a source that fails must not look like one that ended
      if (failure instanceof Error && source.errored) throw failure
      return throwIfFailed(await reply) as T
    } finally {
      reply.catch(() => {})
      socket.destroy()
    }
  }

  /** A request whose reply is followed by a conversation of raw bytes. */
  async raw<T extends object = Message>(
    request: object,
    { signal }: Signal = {},
  ): Promise<{ reply: T; socket: Duplex }> {
    const { reply, socket } = await this.#open(request, signal)
    abortWith(socket, signal)
    return { reply: reply as T, socket }
  }

  /** The launcher ends with us, the shims do not. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true
    for (const shim of this.#shims) shim.detach()
    const launcher = this.#launcher
    if (launcher && launcher.exitCode === null && launcher.signalCode === null) {
      const ended = once(launcher, 'exit')
      launcher.stdin?.end()
      await ended
    }
    closeSync(this.#directory)
  }

  /** A shim that accepts connections, and does nothing else yet. */
  async #listening(request: RunRequest): Promise<Socket> {
    const { reply, socket } = await this.#open(request)
    if (reply.event === 'listening') return socket
    socket.destroy()
    throw new ShimError(reply.error as ShimFailure)
  }

  async #open(request: object, signal?: AbortSignal): Promise<{ reply: Message; socket: Socket }> {
    const socket = await this.#ask(request)
    try {
      return { reply: throwIfFailed(await new MessageReader(socket).next(signal)), socket }
    } catch (err) {
      socket.destroy()
      throw err
    }
  }

  async #ask(request: object): Promise<Socket> {
    if (this.#disposed) throw shimGone('the daemon is ending')
    await this.#launched
    return openConnection(this.#path('launcher.sock'), request)
  }

  /** Below the directory's descriptor: the path itself may be too long for a socket's name. */
  #path(name: string): string {
    return `/proc/self/fd/${this.#directory}/${name}`
  }

  #shimSocket(id: string): string {
    return this.#path(`c/${id}/shim.sock`)
  }

  async #launch(): Promise<void> {
    const launcher = spawn(this.#shimPath, ['launcher', this.#execRoot], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#launcher = launcher
    launcher.stdin?.on('error', () => {})
    const ended = new Promise<never>((_, reject) => {
      launcher.once('error', reject)
      launcher.once('exit', (code, signal) => {
        reject(new Error(`the launcher ended (${signal ?? code})`))
        if (!this.#disposed) this.#relaunch()
      })
    })
    ended.catch(() => {})
    const { promise: listening, resolve } = Promise.withResolvers<void>()
    launcher.stdout?.once('data', () => resolve()).resume()
    await Promise.race([ended, listening])
  }

  /** Nothing is lost with a launcher: it held no state, and the shims had left it. */
  #relaunch(): void {
    log.shim.warn('the launcher has ended; starting another')
    this.#launched = sleep(50).then(() => this.#launch())
    this.#launched.catch((err) => log.shim.error({ err }, 'the launcher does not start'))
  }

  #hold(shim: Shim, remains: Remains): void {
    this.#shims.add(shim)
    void this.#watch(shim, remains)
  }

  /** Never rejects: ends what a shim that hung up without a word has left. */
  async #watch(shim: Shim, remains: Remains): Promise<void> {
    const told = await shim.closed()
    this.#shims.delete(shim)
    if (!told) shim.end(await this.afterDeath(shim, remains))
  }

  /**
   * The exit of a container whose shim is no more: the one it wrote before it ended, or else the container is killed,
   * as nobody would notice its end. Never rejects.
   */
  async afterDeath(
    {
      id,
      pid,
      startTime,
    }: { readonly id: string; readonly pid: number; readonly startTime: string },
    { statusFile, cgroups }: Remains,
  ): Promise<ShimExit> {
    const written = await readStatus(statusFile, { pid, startTime })
    await this.killGroups(cgroups).catch((err) =>
      log.shim.error({ container: id, err }, 'cannot end what a dead shim left'),
    )
    this.removeDirectory(id)
    if (written) return written
    log.shim.warn({ container: id }, 'its shim was killed, so it was ended')
    const finishedAt = String(BigInt(Date.now()) * 1_000_000n)
    return { exitCode: 137, oomKilled: false, finishedAt, shimDied: true }
  }
}

/** What the shim has written at the end of this run of the container, if it did. */
async function readStatus(
  path: string,
  { pid, startTime }: ProcessIdentity,
): Promise<ShimExit | undefined> {
  try {
    const status = JSON.parse(await readFile(path, 'utf8'))
    const isThisRun = status.pid === pid && String(status.startTime) === startTime
    if (status.state !== 'exited' || !isThisRun) return undefined
    return {
      exitCode: Number(status.exitCode),
      oomKilled: status.oomKilled === true,
      finishedAt: String(status.finishedAt),
      shimDied: false,
    }
  } catch {
    return undefined
  }
}

function abortWith(stream: Readable | Duplex, signal: AbortSignal | undefined): void {
  if (!signal) return
  const abort = () => {
    stream.destroy(signal.reason)
  }
  signal.addEventListener('abort', abort)
  stream.once('close', () => signal.removeEventListener('abort', abort))
  if (signal.aborted) abort()
}
