import { EventEmitter, once } from 'node:events'
import type { Database } from '../db/database.ts'
import { type EngineEvent, type EventFilters, eventFilter, type NewEvent } from './event.ts'
import type { EventStore } from './event-store.ts'

const PAGE = 256
const KEPT_NANO = 30n * 86_400n * 1_000_000_000n
const MOST_KEPT = 1_000_000
const PRUNE_EVERY_MS = 3_600_000

export type Subscription = {
  readonly since?: bigint | undefined
  readonly until?: bigint | undefined
  /** Everything after this event's id; beats `since`. */
  readonly sinceId?: number | undefined
  readonly filters?: EventFilters | undefined
  readonly signal: AbortSignal
}

/**
 * What happened, in the database: subscribers read it there by id, so that none is lost, however slow they are and whether or not the
 * daemon was restarted. An event that is published inside a transaction is there if and only if that is committed; others are
 * gathered for the rest of the turn and written together.
 */
export class EventService implements Disposable {
  readonly #db: Database
  readonly #store: EventStore
  readonly #news = new EventEmitter().setMaxListeners(0)
  readonly #pruner: NodeJS.Timeout
  #waiting: { event: NewEvent; timeNano: bigint }[] = []
  #lastNano: bigint
  #told = false

  constructor({ db, events }: { readonly db: Database; readonly events: EventStore }) {
    this.#db = db
    this.#store = events
    this.#lastNano = events.last()?.timeNano ?? 0n
    this.#pruner = setInterval(() => this.#prune(), PRUNE_EVERY_MS).unref()
  }

  publish(event: NewEvent): void {
    const timeNano = this.#nextNano()
    this.#waiting.push({ event, timeNano })
    if (this.#db.inTransaction) this.#write()
    this.#tell()
  }

  /** Past events and then, unless `until` has passed, those to come. */
  async *subscribe({
    since,
    until,
    sinceId,
    filters = {},
    signal,
  }: Subscription): AsyncGenerator<EngineEvent> {
    this.flush()
    const isWanted = eventFilter(filters)
    for await (const event of this.#all(this.#start(since, sinceId), until, signal)) {
      if (isWanted(event)) yield event
    }
  }

  async *#all(
    start: number,
    until: bigint | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<EngineEvent> {
    let after = start
    do {
      for (
        let page = this.#store.page(after, PAGE);
        page.length > 0;
        page = this.#store.page(after, PAGE)
      ) {
        for (const event of page) {
          if (signal.aborted || (until !== undefined && event.timeNano > until)) return
          after = event.id
          yield event
        }
      }
    } while (await this.#moreMayCome(until, signal))
  }

  flush(): void {
    if (this.#waiting.length > 0) this.#db.transaction(() => this.#write())
  }

  [Symbol.dispose](): void {
    clearInterval(this.#pruner)
    this.flush()
  }

  #start(since: bigint | undefined, sinceId: number | undefined): number {
    if (sinceId !== undefined) return sinceId
    return since === undefined ? (this.#store.last()?.id ?? 0) : this.#store.idBefore(since)
  }

  /** Waits for news; false when the time is up or the subscriber has left. */
  async #moreMayCome(until: bigint | undefined, signal: AbortSignal): Promise<boolean> {
    const leftMs = until === undefined ? undefined : Number((until - now()) / 1_000_000n)
    if (leftMs !== undefined && leftMs <= 0) return false
    const deadline =
      leftMs === undefined || leftMs > 2 ** 31 - 1
        ? signal
        : AbortSignal.any([signal, AbortSignal.timeout(leftMs)])
    try {
      await once(this.#news, 'event', { signal: deadline })
      return true
    } catch {
      return false
    }
  }

  #write(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const { event, timeNano } of waiting) this.#store.insert(event, timeNano)
  }

  #tell(): void {
    if (this.#told) return
    this.#told = true
    setImmediate(() => {
      this.#told = false
      this.flush()
      this.#news.emit('event')
    })
  }

  /** Never twice the same, never backwards: two events of one moment keep their order. */
  #nextNano(): bigint {
    const time = now()
    this.#lastNano = time > this.#lastNano ? time : this.#lastNano + 1n
    return this.#lastNano
  }

  #prune(): void {
    this.#store.deleteBefore(now() - KEPT_NANO, (this.#store.last()?.id ?? 0) - MOST_KEPT)
  }
}

const CLOCKS_APART_MS = 5

/** To the microsecond, unless the clock was set since we started: then what it says. */
function now(): bigint {
  const wallMs = Date.now()
  const fineMs = performance.timeOrigin + performance.now()
  const isSet = Math.abs(fineMs - wallMs) > CLOCKS_APART_MS
  return BigInt(Math.round((isSet ? wallMs : fineMs) * 1000)) * 1000n
}
