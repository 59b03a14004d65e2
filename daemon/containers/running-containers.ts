import { EventEmitter } from 'node:events'
import type { Shim } from '../shim/shim.ts'

export type HealthResult = {
  readonly Start: string
  readonly End: string
  readonly ExitCode: number
  readonly Output: string
}

export type Health = {
  readonly Status: 'starting' | 'healthy' | 'unhealthy'
  readonly FailingStreak: number
  readonly Log: HealthResult[]
}

/** What is known of a running container besides its row. */
export type RunningContainer = {
  readonly shim: Shim
  /** performance.now() at its start, or at its adoption. */
  readonly sinceMs: number
  /** Resolves once its end is recorded. */
  readonly ended: Promise<void>
  readonly end: () => void
  /** Somebody asked for the end: the restart policy does not apply to it. */
  endWanted: boolean
  /** Of the processes that `exec` has started and that still run. */
  readonly execIds: Set<string>
}

type Changes = {
  started: [id: string]
  ended: [id: string]
  paused: [id: string]
  resumed: [id: string]
}

/** The containers that have a process, and who wants to hear of changes among them. */
export class RunningContainers extends EventEmitter<Changes> {
  readonly #running = new Map<string, RunningContainer>()
  readonly #health = new Map<string, Health>()

  get size(): number {
    return this.#running.size
  }

  get(id: string): RunningContainer | undefined {
    return this.#running.get(id)
  }

  add(id: string, shim: Shim): RunningContainer {
    const { promise: ended, resolve: end } = Promise.withResolvers<void>()
    const running: RunningContainer = {
      shim,
      sinceMs: performance.now(),
      ended,
      end,
      endWanted: false,
      execIds: new Set(),
    }
    this.#running.set(id, running)
    return running
  }

  delete(id: string): void {
    const running = this.#running.get(id)
    this.#running.delete(id)
    running?.end()
    this.emit('ended', id)
  }

  /** Outlives the process: the last state of health is shown for a stopped container too. */
  health(id: string): Health | undefined {
    return this.#health.get(id)
  }

  setHealth(id: string, health: Health): void {
    this.#health.set(id, health)
  }

  forget(id: string): void {
    this.#health.delete(id)
  }

  /** null where there are none, as in Docker's inspect. */
  execIds(id: string): string[] | null {
    const ids = this.#running.get(id)?.execIds
    return ids && ids.size > 0 ? [...ids] : null
  }
}
