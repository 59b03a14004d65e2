import type { Duplex } from 'node:stream'
import { EngineError, failed } from '../errors.ts'
import type { AttachOptions } from '../shim/shim.ts'
import { ShimError, shimGone } from '../shim/shim-error.ts'
import { failPoint } from '../util/fail-point.ts'
import { KeyedLock } from '../util/keyed-lock.ts'
import { parseSignal } from '../util/signals.ts'
import { type Container, isRunning } from './container.ts'
import { containerEvent } from './container-event.ts'
import type { ContainerStore } from './container-store.ts'
import { parseWaitCondition, type WaitResult } from './exit-waiters.ts'
import type { RunningContainer } from './running-containers.ts'
import type { SupervisorService } from './supervisor-service.ts'

const DEFAULT_STOP_SECONDS = 10
const KILL_DEADLINE_MS = 10_000
const SIGKILL = 9
const SIGTERM = 15

export type StopOptions = {
  readonly signal?: string | undefined
  readonly timeoutSeconds?: number | undefined
}

export type AttachRequest = Omit<AttachOptions, 'stdinOnce'> & { readonly signal?: AbortSignal }

/** What a container does; its status changes nowhere but here and in the supervisor, which this one drives. */
export class LifecycleService {
  readonly #containers: ContainerStore
  readonly #supervisor: SupervisorService
  readonly #locks = new KeyedLock()

  constructor({
    containers,
    supervisor,
  }: { containers: ContainerStore; supervisor: SupervisorService }) {
    this.#containers = containers
    this.#supervisor = supervisor
    supervisor.restart = (id) => this.#restartByPolicy(id)
  }

  async start(ref: string): Promise<void> {
    const { id } = this.#containers.get(ref)
    using _turn = await this.#locks.acquire(id)
    const container = this.#containers.get(id) // again: it may have changed while we waited
    assertStartable(container)
    this.#supervisor.cancelRestart(id)
    await this.#supervisor.start(container, { restartCount: 0 })
  }

  async stop(ref: string, options: StopOptions = {}): Promise<void> {
    const { id } = this.#containers.get(ref)
    const signal = options.signal ? toSignal(options.signal) : undefined
    using _turn = await this.#locks.acquire(id)
    const container = this.#containers.get(id)
    if (!isRunning(container)) {
      throw new EngineError('not-modified', `container ${id} is not running`)
    }
    await this.#stop(container, signal, options.timeoutSeconds)
  }

  async restart(ref: string, options: StopOptions = {}): Promise<void> {
    const { id } = this.#containers.get(ref)
    const signal = options.signal ? toSignal(options.signal) : undefined
    using _turn = await this.#locks.acquire(id)
    const container = this.#containers.get(id)
    if (isRunning(container)) {
      using _kept = this.#supervisor.keep(id) // --rm is for the end, not for a restart
      await this.#stop(container, signal, options.timeoutSeconds)
    }
    await this.#supervisor.start(this.#containers.get(id), { restartCount: 0 })
    this.#supervisor.publish(containerEvent(container, 'restart'))
  }

  /** Takes no lock: it has to work while a slow stop waits. KILL returns when the container has ended. */
  async kill(ref: string, signalName = 'KILL'): Promise<void> {
    const signal = toSignal(signalName)
    const container = this.#containers.get(ref)
    if (!isRunning(container)) throw notRunningToKill(ref, container.id)
    const running = this.#supervisor.running.get(container.id)
    const endsIt = signal === SIGKILL || signal === stopSignalOf(container, signal)
    if (!running) {
      this.#supervisor.giveUpRestart(container, { byUser: true })
      return
    }
    this.#supervisor.wantEnd(container, signal, { byPolicyToo: endsIt })
    await this.#signal(container, running, signal)
    if (signal === SIGKILL) await this.#awaitEnd(ref, running)
  }

  /** Kills for good, as `rm -f` does. */
  async end(container: Container): Promise<void> {
    const running = this.#supervisor.running.get(container.id)
    if (!running) {
      this.#supervisor.giveUpRestart(container, { byUser: true })
      return
    }
    this.#supervisor.wantEnd(container, SIGKILL, { byPolicyToo: true })
    await this.#signal(container, running, SIGKILL)
    await this.#awaitEnd(container.id, running)
  }

  async pause(ref: string): Promise<void> {
    const { id } = this.#containers.get(ref)
    using _turn = await this.#locks.acquire(id)
    const container = this.#containers.get(id)
    if (container.status === 'paused') {
      throw new EngineError('conflict', `Container ${id} is already paused`)
    }
    const running = this.#supervisor.getRunning(container)
    await answered(running.shim.pause(), `cannot pause container ${id}`)
    this.#supervisor.setPaused(container, true)
  }

  async unpause(ref: string): Promise<void> {
    const { id } = this.#containers.get(ref)
    using _turn = await this.#locks.acquire(id)
    const container = this.#containers.get(id)
    if (container.status !== 'paused') {
      throw new EngineError('system', `Container ${id} is not paused`)
    }
    const running = this.#supervisor.getRunning(container)
    await answered(running.shim.resume(), `cannot unpause container ${id}`)
    this.#supervisor.setPaused(container, false)
  }

  /** The outer call has found the container and the condition in order; the result may take for ever. */
  async wait(
    ref: string,
    condition?: string,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<{ result: Promise<WaitResult> }> {
    const wanted = parseWaitCondition(condition)
    const container = this.#containers.get(ref)
    if (wanted === 'not-running' && !isRunning(container)) {
      return { result: Promise.resolve({ StatusCode: container.exitCode }) }
    }
    return { result: this.#supervisor.waiters.add(container.id, wanted, signal) }
  }

  hasTty(ref: string): boolean {
    return this.#containers.get(ref).config.Tty === true
  }

  /** The stream of one that does not run yet comes when it does. */
  async attach(
    ref: string,
    { signal, ...wanted }: AttachRequest,
  ): Promise<{ id: string; tty: boolean; stream: Promise<Duplex> }> {
    const container = this.#containers.get(ref)
    const { id, status } = container
    if (status === 'paused') {
      throw new EngineError(
        'conflict',
        `container ${ref} is paused, unpause the container before attach`,
      )
    }
    if (status === 'restarting') {
      throw new EngineError(
        'conflict',
        `container ${ref} is restarting, wait until the container is running`,
      )
    }
    const stdinOnce = container.config.StdinOnce === true
    const options = {
      ...wanted,
      stdinOnce,
      stdin: wanted.stdin && container.config.OpenStdin === true,
    }
    const running = this.#supervisor.running.get(id)
    const stream = running
      ? running.shim.attach(options)
      : this.#supervisor.attachments.add(id, options, signal)
    stream.catch(() => {}) // whoever awaits it hears of it
    this.#supervisor.publish(containerEvent(container, 'attach'))
    return { id, tty: container.config.Tty === true, stream }
  }

  /** A client left its attachment by the detach keys or by hanging up. */
  detached(id: string): void {
    const container = this.#containers.find(id)
    if (container) this.#supervisor.publish(containerEvent(container, 'detach'))
  }

  async resize(
    ref: string,
    size: { readonly rows: number; readonly columns: number },
  ): Promise<void> {
    const container = this.#containers.get(ref)
    const running = this.#supervisor.getRunning(container)
    await answered(running.shim.resize(size), `cannot resize container ${container.id}`)
    this.#supervisor.publish(
      containerEvent(container, 'resize', {
        height: String(size.rows),
        width: String(size.columns),
      }),
    )
  }

  /** For other services that change a container: one change at a time. */
  lock(id: string): Promise<Disposable> {
    return this.#locks.acquire(id)
  }

  async #stop(container: Container, signal?: number, timeoutSeconds?: number): Promise<void> {
    const running = this.#supervisor.running.get(container.id)
    if (!running) {
      this.#supervisor.giveUpRestart(container, { byUser: true })
      this.#supervisor.publish(containerEvent(container, 'stop'))
      return
    }
    const first = signal ?? stopSignalOf(container, SIGTERM)
    this.#supervisor.wantEnd(container, first, { byPolicyToo: true })
    await this.#signal(container, running, first)
    failPoint('stop.after-signal')
    const seconds = timeoutSeconds ?? container.config.StopTimeout ?? DEFAULT_STOP_SECONDS
    if (!(await endedWithin(running, seconds < 0 ? Number.POSITIVE_INFINITY : seconds * 1000))) {
      this.#supervisor.wantEnd(container, SIGKILL, { byPolicyToo: true })
      await this.#signal(container, running, SIGKILL)
      await this.#awaitEnd(container.id, running)
    }
    this.#supervisor.publish(containerEvent(container, 'stop'))
  }

  /** A frozen process takes no signal; Docker lets a paused container go on so that it can end. */
  async #signal({ id }: Container, running: RunningContainer, signal: number): Promise<void> {
    try {
      await running.shim.kill(signal)
      if (running.shim.paused && running.endWanted) await running.shim.resume()
    } catch (err) {
      if (err instanceof ShimError && (err.code === 'ESRCH' || isEnding(err))) return
      throw failed(`cannot kill container: ${id}: ${(err as Error).message}`, err)
    }
  }

  async #awaitEnd(ref: string, running: RunningContainer): Promise<void> {
    if (await endedWithin(running, KILL_DEADLINE_MS)) return
    throw new EngineError(
      'system',
      `cannot stop container: ${ref}: tried to kill container, but did not receive an exit event`,
    )
  }

  /** Never rejects: a policy's restart that fails is recorded on the container, and given up. */
  async #restartByPolicy(id: string): Promise<void> {
    using _turn = await this.#locks.acquire(id)
    const container = this.#containers.find(id)
    if (container?.status !== 'restarting') return
    try {
      await this.#supervisor.start(container, { restartCount: container.restartCount + 1 })
    } catch {
      this.#supervisor.giveUpRestart(container, { byUser: false })
    }
  }
}

function assertStartable(container: Container): void {
  if (container.status === 'paused') {
    throw new EngineError('conflict', 'cannot start a paused container, try unpause instead')
  }
  if (container.status === 'running') {
    throw new EngineError('not-modified', `container ${container.id} is already running`)
  }
  if (container.status === 'removing' || container.status === 'dead') {
    throw new EngineError('conflict', 'container is marked for removal and cannot be started')
  }
}

function toSignal(name: string): number {
  const signal = parseSignal(name)
  if (signal === undefined) throw new EngineError('invalid-parameter', `invalid signal: ${name}`)
  return signal
}

/** The container's own stop signal, or the fallback where it names none. */
function stopSignalOf(container: Container, fallback: number): number {
  const name = container.config.StopSignal
  return (name ? parseSignal(name) : undefined) ?? fallback
}

function notRunningToKill(ref: string, id: string): EngineError {
  return new EngineError(
    'conflict',
    `cannot kill container: ${ref}: container ${id} is not running`,
  )
}

function isEnding(err: ShimError): boolean {
  return err.message === shimGone('the shim has ended').message
}

async function answered(done: Promise<void>, what: string): Promise<void> {
  try {
    await done
  } catch (err) {
    throw failed(`${what}: ${(err as Error).message}`, err)
  }
}

async function endedWithin(running: RunningContainer, ms: number): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>()
  const timer = ms <= 0x7fffffff ? setTimeout(resolve, ms, false) : undefined
  try {
    return await Promise.race([running.ended.then(() => true), late])
  } finally {
    clearTimeout(timer)
  }
}
