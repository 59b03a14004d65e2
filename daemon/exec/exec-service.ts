import type { Duplex } from 'node:stream'
import type { Config } from '../config.ts'
import { type Container, isRunning } from '../containers/container.ts'
import { containerEvent } from '../containers/container-event.ts'
import type { ContainerService } from '../containers/container-service.ts'
import { execProcess } from '../containers/exec-config.ts'
import type { HostFacts } from '../containers/host.ts'
import type { RunningContainers } from '../containers/running-containers.ts'
import { execError, StartError } from '../containers/start-error.ts'
import { EngineError, noSuch } from '../errors.ts'
import type { EventService } from '../events/event-service.ts'
import type { ExecRequest } from '../shim/protocol.ts'
import type { Shim, StartedExec } from '../shim/shim.ts'
import { ShimError } from '../shim/shim-error.ts'
import { randomId } from '../util/random-id.ts'
import { type Exec, type ExecConfig, type ExecInspect, execAction, inspectExec } from './exec.ts'

const KEPT_AFTER_EXIT_MS = 5 * 60_000
const RESIZE_DEADLINE_MS = 10_000

export type ExecServiceDeps = {
  readonly config: Config
  readonly host: HostFacts
  readonly containers: ContainerService
  readonly running: RunningContainers
  readonly events: EventService
}

export type ExecStartOptions = {
  readonly Tty?: boolean | undefined
  readonly ConsoleSize?: readonly number[] | null | undefined
}

export type AttachedExec = {
  readonly tty: boolean
  /** Its streams; rejects with a text for the client if the process could not be started. */
  readonly stream: Promise<Duplex>
  /** Resolves when its exit is recorded. */
  readonly ended: Promise<void>
}

/** Further processes in running containers. */
export class ExecService {
  readonly #deps: ExecServiceDeps
  readonly #execs = new Map<string, Exec>()

  constructor(deps: ExecServiceDeps) {
    this.#deps = deps
    deps.running.on('ended', (id) => this.#forgetUnstarted(id))
  }

  create(ref: string, config: ExecConfig): { Id: string } {
    const container = this.#deps.containers.get(ref)
    assertRuns(container)
    const args = config.Cmd ?? []
    if (args.length === 0) throw new EngineError('invalid-parameter', 'No exec command specified')
    const exec: Exec = {
      id: randomId(),
      containerId: container.id,
      config,
      args,
      status: 'created',
      pid: 0,
      exitCode: null,
      tty: config.Tty === true,
      started: undefined,
    }
    this.#execs.set(exec.id, exec)
    this.#publish(container, exec, execAction('exec_create', exec))
    return { Id: exec.id }
  }

  inspect(id: string): ExecInspect {
    return inspectExec(this.#get(id))
  }

  /** What is wrong before the process is tried is thrown; what goes wrong then comes by the stream's promise. */
  start(id: string, options: ExecStartOptions = {}): AttachedExec {
    const exec = this.#get(id)
    const { shim, container } = this.#target(exec)
    const tty = options.Tty ?? exec.tty
    if (exec.status !== 'created') {
      const stream = Promise.reject(alreadyRun(exec))
      stream.catch(() => {})
      return { tty, stream, ended: Promise.resolve() }
    }
    const started = this.#run({ exec, container, shim, options }, true)
    const ended = started.then(
      ({ exited }) => exited.then(() => {}),
      () => {},
    )
    const stream = started.then(({ stream }) => {
      if (!stream) throw new EngineError('system', `exec ${id} has no streams`)
      return stream
    })
    stream.catch(() => {}) // whoever awaits it hears of it
    return { tty, stream, ended }
  }

  async startDetached(id: string, options: ExecStartOptions = {}): Promise<void> {
    const exec = this.#get(id)
    const { shim, container } = this.#target(exec)
    if (exec.status !== 'created') throw alreadyRun(exec)
    await this.#run({ exec, container, shim, options }, false)
  }

  async resize(
    id: string,
    size: { readonly rows: number; readonly columns: number },
  ): Promise<void> {
    const exec = this.#get(id)
    const { shim } = this.#target(exec)
    if (exec.status === 'exited') {
      throw new EngineError('conflict', `exec ${id} is not running`)
    }
    await within(RESIZE_DEADLINE_MS, exec.started, `timeout waiting for exec session ready`)
    await shim.resize({ ...size, exec: id })
  }

  /** The keys its creator chose to leave it by. */
  detachKeys(id: string): string | undefined {
    return this.#get(id).config.DetachKeys
  }

  /** A client left by the detach keys. */
  detached(id: string): void {
    const exec = this.#execs.get(id)
    if (exec) this.#publish(this.#deps.containers.get(exec.containerId), exec, 'exec_detach')
  }

  /** Ends the process of a probe that took too long. */
  async kill(id: string, signal: number): Promise<void> {
    const exec = this.#get(id)
    await this.#deps.running.get(exec.containerId)?.shim.killExec(id, signal)
  }

  async #run({ exec, container, shim, options }: Run, attach: boolean): Promise<StartedExec> {
    const { config, host, running } = this.#deps
    const execIds = running.get(container.id)?.execIds
    exec.status = 'running'
    exec.tty = options.Tty ?? exec.tty
    execIds?.add(exec.id)
    const request = toRequest(
      { exec, attach, options },
      execProcess(container, exec.config, { config, host }),
    )
    exec.started = shim.exec(request)
    try {
      const started = await exec.started
      exec.pid = started.pid
      this.#publish(container, exec, execAction('exec_start', exec))
      const exited = started.exited.then((exitCode) => this.#ended(container, exec, exitCode))
      return { ...started, exited }
    } catch (err) {
      const failure = err instanceof ShimError ? execError(err) : err
      this.#ended(container, exec, failure instanceof StartError ? failure.exitCode : 126)
      throw failure
    }
  }

  #ended(container: Container, exec: Exec, exitCode: number): number {
    exec.status = 'exited'
    exec.exitCode = exitCode
    this.#deps.running.get(container.id)?.execIds.delete(exec.id)
    if (exec.pid !== 0) {
      this.#publish(container, exec, 'exec_die', { exitCode: String(exitCode) })
    }
    exec.started = undefined
    setTimeout(() => this.#execs.delete(exec.id), KEPT_AFTER_EXIT_MS).unref()
    return exitCode
  }

  #publish(
    container: Container,
    exec: Exec,
    action: string,
    extras: Readonly<Record<string, string>> = {},
  ): void {
    this.#deps.events.publish(containerEvent(container, action, { execID: exec.id, ...extras }))
  }

  #target(exec: Exec): { container: Container; shim: Shim } {
    const container = this.#deps.containers.get(exec.containerId)
    assertRuns(container)
    const running = this.#deps.running.get(container.id)
    if (!running) throw notRunning(container.id)
    return { container, shim: running.shim }
  }

  #get(id: string): Exec {
    const exec = this.#execs.get(id)
    if (!exec) throw noSuch('exec instance', id)
    return exec
  }

  /** What was never started cannot be started any more. */
  #forgetUnstarted(containerId: string): void {
    for (const exec of this.#execs.values()) {
      if (exec.containerId === containerId && exec.status === 'created') this.#execs.delete(exec.id)
    }
  }
}

type Run = {
  readonly exec: Exec
  readonly container: Container
  readonly shim: Shim
  readonly options: ExecStartOptions
}

function toRequest(
  { exec, attach, options }: { exec: Exec; attach: boolean; options: ExecStartOptions },
  process: ExecRequest['process'],
): ExecRequest {
  const [rows = 0, columns = 0] = options.ConsoleSize ?? exec.config.ConsoleSize ?? []
  return {
    op: 'exec',
    exec: exec.id,
    attach,
    stdout: exec.config.AttachStdout === true,
    stderr: exec.config.AttachStderr === true,
    process,
    stdio: { tty: exec.tty, stdin: exec.config.AttachStdin === true, rows, columns },
  }
}

function assertRuns(container: Container): void {
  const { id, status } = container
  if (status === 'paused') {
    throw new EngineError(
      'conflict',
      `Container ${id} is paused, unpause the container before exec`,
    )
  }
  if (status === 'restarting') {
    throw new EngineError(
      'conflict',
      `Container ${id} is restarting, wait until the container is running`,
    )
  }
  if (!isRunning(container)) throw notRunning(id)
}

function notRunning(id: string): EngineError {
  return new EngineError('conflict', `container ${id} is not running`)
}

function alreadyRun({ id, status }: Exec): EngineError {
  const text = status === 'running' ? 'is already running' : 'has already run'
  return new EngineError('conflict', `exec command ${id} ${text}`)
}

async function within<T>(ms: number, wanted: Promise<T> | undefined, text: string): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new EngineError('system', text)), ms)
  try {
    await Promise.race([wanted, late])
  } finally {
    clearTimeout(timer)
  }
}
