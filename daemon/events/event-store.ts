import type { Database } from '../db/database.ts'
import type { EngineEvent, NewEvent } from './event.ts'

type Row = {
  id: bigint
  time_nano: bigint
  type: string
  action: string
  actor_id: string
  attributes: string
}

/** The table event. */
export class EventStore {
  readonly #insert
  readonly #page
  readonly #last
  readonly #firstSince
  readonly #deleteBefore

  constructor(db: Database) {
    this.#insert = db.prepare<Omit<Row, 'id'>>(`
      INSERT INTO event (time_nano, type, action, actor_id, attributes)
      VALUES (:time_nano, :type, :action, :actor_id, :attributes)`)
    this.#page = db
      .prepare<{ after: number; most: number }, Row>(
        'SELECT * FROM event WHERE id > :after ORDER BY id LIMIT :most',
      )
      .safeIntegers()
    this.#last = db
      .prepare<object, Row>('SELECT * FROM event ORDER BY id DESC LIMIT 1')
      .safeIntegers()
    this.#firstSince = db
      .prepare<{ since: bigint }, { id: bigint }>(
        'SELECT id FROM event WHERE time_nano >= :since ORDER BY time_nano, id LIMIT 1',
      )
      .safeIntegers()
    this.#deleteBefore = db.prepare<{ time: bigint; id: number }>(
      'DELETE FROM event WHERE time_nano < :time OR id < :id',
    )
  }

  insert({ type, action, id, attributes }: NewEvent, timeNano: bigint): void {
    this.#insert.run({
      time_nano: timeNano,
      type,
      action,
      actor_id: id,
      attributes: JSON.stringify(attributes),
    })
  }

  /** Those after an id, oldest first. */
  page(after: number, most: number): EngineEvent[] {
    return this.#page.all({ after, most }).map(fromRow)
  }

  last(): EngineEvent | undefined {
    const row = this.#last.get({})
    return row ? fromRow(row) : undefined
  }

  /** The id before the first event from a moment on. */
  idBefore(since: bigint): number {
    const row = this.#firstSince.get({ since })
    return row ? Number(row.id) - 1 : (this.last()?.id ?? 0)
  }

  deleteBefore(time: bigint, id: number): void {
    this.#deleteBefore.run({ time, id })
  }
}

function fromRow({ id, time_nano, type, action, actor_id, attributes }: Row): EngineEvent {
  return {
    id: Number(id),
    timeNano: time_nano,
    type,
    action,
    actorId: actor_id,
    attributes: JSON.parse(attributes) as Record<string, string>,
  }
}
