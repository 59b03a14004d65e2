import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../config.ts'
import type { Database } from '../db/database.ts'
import { EngineError } from '../errors.ts'
import type { EventService } from '../events/event-service.ts'
import type { LayerService } from '../layers/layer-service.ts'
import { log } from '../log.ts'
import type { Endpoint, NetworkService } from '../networks/network-service.ts'
import type { Shim, ShimExit } from '../shim/shim.ts'
import type { ShimDriver } from '../shim/shim-driver.ts'
import { ShimError } from '../shim/shim-error.ts'
import { failPoint } from '../util/fail-point.ts'
import { TokenBucket } from '../util/token-bucket.ts'
import { type Container, isRunning } from './container.ts'
import { type ContainerEvent, containerEvent } from './container-event.ts'
import type { ContainerRemoval } from './container-removal.ts'
import type { ContainerStore } from './container-store.ts'
import { writeEtcFiles } from './etc-files.ts'
import type { ExitWaiters } from './exit-waiters.ts'
import type { HostFacts } from './host.ts'
import type { PendingAttachments } from './pending-attachments.ts'
import { nextDelayMs, shouldRestart } from './restart-policy.ts'
import type { RunningContainer, RunningContainers } from './running-containers.ts'
import { shimConfig } from './shim-config.ts'
import { StartError, startError } from './start-error.ts'

/** Restarts by policy, of all containers together: a hundred that fail at once must not starve the rest. */
const RESTARTS = { perSecond: 10, burst: 20 }

export type SupervisorDeps = {
  readonly config: Config
  readonly host: HostFacts
  readonly db: Database
  readonly containers: ContainerStore
  readonly running: RunningContainers
  readonly removal: ContainerRemoval
  readonly layers: LayerService
  readonly networks: NetworkService
  readonly shims: ShimDriver
  readonly events: EventService
  readonly waiters: ExitWaiters
  readonly attachments: PendingAttachments
}

/** Starts containers, records how they end, and restarts them as their policies say. */
export class SupervisorService {
  readonly #deps: SupervisorDeps
  readonly #restarts = new TokenBucket(RESTARTS)
  readonly #restartTimers = new Map<string, NodeJS.Timeout>()
  readonly #delays = new Map<string, number>()
  readonly #kept = new Set<string>()
  /** Set by LifecycleService, which holds the locks. Never rejects. */
  restart: (id: string) => Promise<void> = async () => {}

  constructor(deps: SupervisorDeps) {
    this.#deps = deps
  }

  get running(): RunningContainers {
    return this.#deps.running
  }

  get waiters(): ExitWaiters {
    return this.#deps.waiters
  }

  get attachments(): PendingAttachments {
    return this.#deps.attachments
  }

  publish(event: ContainerEvent): void {
    this.#deps.events.publish(event)
  }

  /** Its process, or Docker's refusal. */
  getRunning({ id, status }: Container): RunningContainer {
    const running = this.running.get(id)
    if (running) return running
    if (status === 'restarting') {
      throw new EngineError(
        'conflict',
        `Container ${id} is restarting, wait until the container is running`,
      )
    }
    throw new EngineError('conflict', `container ${id} is not running`)
  }

  /** Under the container's lock. What fails is on the container's State, and undone. */
  async start(container: Container, { restartCount }: { restartCount: number }): Promise<void> {
    const { networks } = this.#deps
    const { id } = container
    this.cancelRestart(id)
    if (restartCount === 0) this.#delays.delete(id)
    try {
      await using undo = new AsyncDisposableStack()
      const endpoint = networks.connect(id, container)
      undo.defer(() => networks.disconnect(id))
      failPoint('start.after-network')
      const shim = await this.#run(container, endpoint)
      failPoint('start.after-shim')
      this.#recordStart(container, shim, restartCount)
      undo.move()
    } catch (err) {
      throw this.#startFailed(container, err)
    }
  }

  /** A container that an earlier daemon started. */
  adopt(container: Container, shim: Shim): void {
    const status = shim.paused ? 'paused' : 'running'
    const { pid, startTime: pidStartTime } = shim
    const bootId = this.#deps.host.bootId
    const startedAt = isRunning(container) ? container.startedAt : new Date()
    this.#deps.containers.setState(container.id, { status, pid, pidStartTime, bootId, startedAt })
    this.#watch(container.id, this.running.add(container.id, shim))
    this.running.emit('started', container.id)
  }

  /** Somebody has signalled it. A signal that is to end it also keeps the restart policy from undoing that. */
  wantEnd(container: Container, signal: number, { byPolicyToo }: { byPolicyToo: boolean }): void {
    const running = this.running.get(container.id)
    if (running && byPolicyToo) running.endWanted = true
    this.#deps.db.transaction(() => {
      this.#deps.containers.setState(container.id, { stoppedByUser: true })
      this.publish(containerEvent(container, 'kill', { signal: String(signal) }))
    })
  }

  setPaused(container: Container, isPaused: boolean): void {
    this.#deps.db.transaction(() => {
      this.#deps.containers.setState(container.id, { status: isPaused ? 'paused' : 'running' })
      this.publish(containerEvent(container, isPaused ? 'pause' : 'unpause'))
    })
    this.running.emit(isPaused ? 'paused' : 'resumed', container.id)
  }

  /** Its next end is not its last, so `--rm` does not apply to it; until disposed. */
  keep(id: string): Disposable {
    this.#kept.add(id)
    return { [Symbol.dispose]: () => this.#kept.delete(id) }
  }

  isRestartDue(id: string): boolean {
    return this.#restartTimers.has(id)
  }

  cancelRestart(id: string): void {
    clearTimeout(this.#restartTimers.get(id))
    this.#restartTimers.delete(id)
  }

  /** One that waits to be restarted stays down. */
  giveUpRestart(container: Container, { byUser }: { readonly byUser: boolean }): void {
    const { id } = container
    this.cancelRestart(id)
    const { status, exitCode } = this.#deps.containers.get(id)
    if (status !== 'restarting') return
    const stoppedByUser = byUser || container.stoppedByUser
    this.#deps.containers.setState(id, { status: 'exited', stoppedByUser })
    this.waiters.exited(id, exitCode, { restarting: false })
  }

  /** Also for one whose end is learnt of later, at the daemon's start. */
  recordExit(id: string, exit: ShimExit): void {
    const { containers } = this.#deps
    failPoint('exit.before-row')
    const container = containers.find(id)
    const running = this.running.get(id)
    const isRestarting = container ? this.#recordEnd(container, exit, running) : false
    failPoint('exit.after-row')
    this.running.delete(id)
    this.waiters.exited(id, exit.exitCode, { restarting: isRestarting })
    if (container && isRestarting) this.#scheduleRestart(container, running)
    const isKept = this.#kept.delete(id)
    if (!container?.hostConfig.AutoRemove || isRestarting || isKept) return
    this.#deps.removal.remove(containers.get(id), { volumes: true })
  }

  /** Waits out the policy's delay, then starts it again. */
  #scheduleRestart({ id }: Container, running: RunningContainer | undefined): void {
    const ranMs = running ? performance.now() - running.sinceMs : 0
    const delayMs = nextDelayMs(this.#delays.get(id) ?? 0, ranMs)
    this.#delays.set(id, delayMs)
    const timer = setTimeout(
      () => {
        this.#restartTimers.delete(id)
        void this.restart(id)
      },
      Math.max(delayMs, this.#restarts.take()),
    )
    this.#restartTimers.set(id, timer)
  }

  async #run(container: Container, endpoint: Endpoint | undefined): Promise<Shim> {
    const { config, host, containers, layers, shims } = this.#deps
    const directory = join(config.dataRoot, 'containers', container.id)
    mkdirSync(directory, { recursive: true, mode: 0o710 })
    writeEtcFiles({ container, endpoint, directory, config })
    const lower = layers.lowerdirs(containers.diffIds(container.id))
    const find = (ref: string) => containers.find(ref)
    const request = shimConfig({ container, lower, endpoint, config, host, find })
    failPoint('start.before-shim')
    return shims.start(request, this.attachments.take(container.id))
  }

  #recordStart(container: Container, shim: Shim, restartCount: number): void {
    const { db, containers, host } = this.#deps
    db.transaction(() => {
      containers.setState(container.id, {
        status: 'running',
        pid: shim.pid,
        pidStartTime: shim.startTime,
        bootId: host.bootId,
        exitCode: 0,
        error: '',
        oomKilled: false,
        startedAt: new Date(),
        restartCount,
        stoppedByUser: false,
      })
      this.publish(containerEvent(container, 'start'))
    })
    failPoint('start.after-row')
    this.#watch(container.id, this.running.add(container.id, shim))
    this.running.emit('started', container.id)
  }

  #watch(id: string, { shim }: RunningContainer): void {
    shim.on('oom', () => {
      const container = this.#deps.containers.find(id)
      if (container) this.publish(containerEvent(container, 'oom'))
    })
    shim.on('log-lost', (bytes) => {
      log.containers.warn({ container: id, bytes }, 'output lost: its log cannot be written')
    })
    shim.exited
      .then((exit) => this.recordExit(id, exit))
      .catch((err) => log.containers.error({ container: id, err }, 'cannot record an exit'))
  }

  /** State and event in one transaction; returns whether the policy restarts it. */
  #recordEnd(container: Container, exit: ShimExit, running?: RunningContainer): boolean {
    const { db, containers, networks } = this.#deps
    const finishedAt = new Date(Number(BigInt(exit.finishedAt) / 1_000_000n))
    const { id, hostConfig, restartCount, stoppedByUser } = container
    const isRestarting =
      !running?.endWanted &&
      shouldRestart(hostConfig.RestartPolicy, {
        exitCode: exit.exitCode,
        restartCount,
        stoppedByUser: running ? false : stoppedByUser,
      })
    const ranMs = finishedAt.getTime() - (container.startedAt ?? finishedAt).getTime()
    db.transaction(() => {
      containers.setState(id, {
        status: isRestarting ? 'restarting' : 'exited',
        pid: 0,
        exitCode: exit.exitCode,
        oomKilled: exit.oomKilled,
        error: exit.shimDied ? 'shim died' : '',
        finishedAt,
      })
      this.publish(
        containerEvent(container, 'die', {
          exitCode: String(exit.exitCode),
          execDuration: String(Math.max(0, Math.floor(ranMs / 1000))),
        }),
      )
      networks.disconnect(id)
    })
    return isRestarting
  }

  /** Records why it does not run; a container that is to be removed at its end has ended by that. */
  #startFailed(container: Container, err: unknown): unknown {
    const { containers, removal } = this.#deps
    const { id } = container
    this.attachments.fail(id)
    const failure = err instanceof ShimError ? startError(err) : err
    const exitCode = failure instanceof StartError ? failure.exitCode : 128
    const error = (failure as Error).message
    if (!containers.find(id)) return failure
    containers.setState(id, { exitCode, error, pid: 0 })
    if (!container.hostConfig.AutoRemove) return failure
    removal.remove(containers.get(id), { volumes: true })
    return failure
  }
}
