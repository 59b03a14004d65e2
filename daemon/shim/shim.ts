import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type Message, MessageReader, throwIfFailed } from './frames.ts'
import type { CgroupWrite, ExecRequest, ExitStatus, ShimFailure } from './protocol.ts'
import { openConnection, ShimConnection } from './shim-connection.ts'
import { ShimError } from './shim-error.ts'

export type AttachOptions = {
  readonly stdin: boolean
  readonly stdout: boolean
  readonly stderr: boolean
  readonly stdinOnce: boolean
}

/** How a container ended; `shimDied` when nobody was left to say so and it was killed for that. */
export type ShimExit = ExitStatus & { readonly shimDied: boolean }

export type StartedExec = {
  readonly pid: number
  /** The client's side of its streams, if it was asked to be attached. */
  readonly stream: Duplex | undefined
  readonly exited: Promise<number>
}

export type ShimEvents = {
  oom: []
  'exec-exited': [exec: string, exitCode: number]
  'log-lost': [bytes: string]
}

/** One container's shim, from `started` (or adopted) to `exited`. */
export class Shim extends EventEmitter<ShimEvents> {
  readonly id: string
  readonly exited: Promise<ShimExit>
  pid = 0
  startTime = ''
  paused = false
  readonly #socketPath: string
  readonly #connection: ShimConnection
  readonly #execs = new Map<string, (exitCode: number) => void>()
  readonly #resolveExited: (exit: ShimExit) => void
  readonly #starting = Promise.withResolvers<void>()
  #exit: ShimExit | undefined
  #detached = false

  constructor(id: string, socketPath: string, socket: Socket) {
    super()
    this.id = id
    this.#socketPath = socketPath
    const { promise, resolve } = Promise.withResolvers<ShimExit>()
    this.exited = promise
    this.#resolveExited = resolve
    this.#starting.promise.catch(() => {}) // an adopted one is not waited for
    this.#connection = new ShimConnection(socket, (notice) => this.#hear(notice))
    void this.#connection.closed.then(() => this.#starting.reject(hungUp()))
  }

  /** Resolves when the process runs; rejects with what kept it from running. */
  get started(): Promise<void> {
    return this.#starting.promise
  }

  /** Resolves when the connection is gone: with the exit if it was told before. Not after `detach`. */
  async closed(): Promise<ShimExit | undefined> {
    await this.#connection.closed
    if (this.#detached) return new Promise(() => {})
    return this.#exit
  }

  /** Records an exit that the shim could not tell. */
  end(exit: ShimExit): void {
    this.#exit ??= exit
    this.#resolveExited(this.#exit)
    for (const exited of this.#execs.values()) exited(137)
    this.#execs.clear()
  }

  /** Lets go of the shim; the container runs on. */
  detach(): void {
    this.#detached = true
    this.#connection.close()
  }

  async kill(signal: number, { all = false } = {}): Promise<void> {
    await this.#connection.request({ op: 'kill', signal, all })
  }

  async pause(): Promise<void> {
    await this.#connection.request({ op: 'pause' })
    this.paused = true
  }

  async resume(): Promise<void> {
    await this.#connection.request({ op: 'resume' })
    this.paused = false
  }

  async resize(size: { rows: number; columns: number; exec?: string }): Promise<void> {
    await this.#connection.request({ op: 'resize', ...size })
  }

  async update(writes: readonly CgroupWrite[], deviceProgram: string | null = null): Promise<void> {
    await this.#connection.request({ op: 'update', writes, deviceProgram })
  }

  async closeStdin(): Promise<void> {
    await this.#connection.request({ op: 'close-stdin' })
  }

  async killExec(exec: string, signal: number): Promise<void> {
    await this.#connection.request({ op: 'exec-kill', exec, signal })
  }

  /** The container's streams: frames (raw bytes with a tty) from it, raw stdin to it. */
  async attach(options: AttachOptions): Promise<Duplex> {
    const socket = await openConnection(this.#socketPath, { op: 'attach', ...options })
    try {
      throwIfFailed(await new MessageReader(socket).next(AbortSignal.timeout(10_000)))
      return socket
    } catch (err) {
      socket.destroy()
      throw err
    }
  }

  async exec(request: ExecRequest): Promise<StartedExec> {
    const { promise: exited, resolve } = Promise.withResolvers<number>()
    this.#execs.set(request.exec, resolve) // first: it may end before we have read that it began
    const socket = await openConnection(this.#socketPath, request)
    try {
      const reply = throwIfFailed(await new MessageReader(socket).next(AbortSignal.timeout(30_000)))
      if (!request.attach) socket.destroy()
      return { pid: Number(reply.pid), stream: request.attach ? socket : undefined, exited }
    } catch (err) {
      this.#execs.delete(request.exec)
      socket.destroy()
      throw err
    }
  }

  #hear(notice: Message): void {
    if (notice.event === 'started') {
      this.#identify(notice)
      this.#starting.resolve()
    } else if (notice.event === 'failed') {
      this.#starting.reject(new ShimError(notice.error as ShimFailure))
    } else if (notice.event === 'state') {
      this.#adopt(notice)
    } else if (notice.event === 'oom') {
      this.emit('oom')
    } else if (notice.event === 'exited') {
      this.end(toExit(notice))
    } else if (notice.event === 'exec-exited') {
      this.#execExited(String(notice.exec), Number(notice.exitCode))
    } else if (notice.event === 'log-lost') {
      this.emit('log-lost', String(notice.bytes))
    }
  }

  #identify({ pid, startTime }: Message): void {
    this.pid = Number(pid)
    this.startTime = String(startTime)
  }

  #adopt(notice: Message): void {
    this.#identify(notice)
    this.paused = notice.state === 'paused'
    if (notice.state === 'starting') return
    this.#starting.resolve()
    if (notice.state === 'exited' && typeof notice.exitCode === 'number') this.end(toExit(notice))
  }

  #execExited(exec: string, exitCode: number): void {
    this.#execs.get(exec)?.(exitCode)
    this.#execs.delete(exec)
    this.emit('exec-exited', exec, exitCode)
  }
}

function toExit(notice: Message): ShimExit {
  return {
    exitCode: Number(notice.exitCode),
    oomKilled: notice.oomKilled === true,
    finishedAt: String(notice.finishedAt),
    shimDied: false,
  }
}

function hungUp(): ShimError {
  return new ShimError({
    step: 'shim',
    errno: 0,
    code: '',
    message: 'the shim ended before the container was started',
  })
}
