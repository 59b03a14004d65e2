import type { Database } from '../db/database.ts'
import { log } from '../log.ts'
import type { ShimDriver } from '../shim/shim-driver.ts'
import type { TrashStore } from './trash-store.ts'

const GATHER_MS = 200
const RETRY_MS = 30_000
const MOST_AT_ONCE = 64

type Deps = { readonly db: Database; readonly trash: TrashStore; readonly shims: ShimDriver }

/**
 * Deletes directory trees in the background. What is put in within a transaction is deleted after its commit, or at the next
 * start of the daemon; names are never used twice, so nothing has to be moved first.
 */
export class TrashService implements AsyncDisposable {
  readonly #deps: Deps
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> = Promise.resolve()
  #isOver = false

  constructor(deps: Deps) {
    this.#deps = deps
  }

  put(...paths: readonly string[]): void {
    for (const path of paths) this.#deps.trash.insert(path)
  }

  /** Soon: many removals at once are one request. */
  run(): void {
    this.#wakeIn(GATHER_MS)
  }

  /** Deletes everything that is due now. */
  async empty(): Promise<void> {
    this.#running = this.#running.then(() => this.#empty())
    await this.#running
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true
    clearTimeout(this.#timer)
    await this.#running
  }

  #wakeIn(ms: number): void {
    if (this.#timer || this.#isOver) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      void this.empty()
    }, ms)
    this.#timer.unref()
  }

  /** Never rejects: what cannot be deleted stays in the table. */
  async #empty(): Promise<void> {
    const paths = this.#deps.trash.list().slice(0, MOST_AT_ONCE)
    if (paths.length === 0) return
    try {
      await this.#deps.shims.call({ verb: 'remove-tree', paths })
      this.#deps.db.transaction(() => {
        for (const path of paths) this.#deps.trash.delete(path)
      })
      if (paths.length === MOST_AT_ONCE) this.#wakeIn(0)
    } catch (err) {
      log.layers.warn({ err }, 'not everything in the trash could be deleted')
      this.#wakeIn(RETRY_MS)
    }
  }
}
