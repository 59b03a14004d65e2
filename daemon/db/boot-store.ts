import type { Database } from './database.ts'

/** The table boot: each start of the daemon, and whether it ended as asked; and who this engine is. */
export class BootStore {
  readonly #db: Database
  #id = 0

  constructor(db: Database) {
    this.#db = db
  }

  /** Whether the last run ended as asked, or this is the first. */
  begin(bootId: string): { readonly wasClean: boolean } {
    const last = this.#db
      .prepare<object, { clean: number }>('SELECT clean FROM boot ORDER BY id DESC LIMIT 1')
      .get({})
    const { lastInsertRowid } = this.#db
      .prepare<{ boot_id: string; started_at: number }>(
        'INSERT INTO boot (boot_id, started_at) VALUES (:boot_id, :started_at)',
      )
      .run({ boot_id: bootId, started_at: Date.now() })
    this.#id = Number(lastInsertRowid)
    return { wasClean: last === undefined || last.clean === 1 }
  }

  end(): void {
    this.#db
      .prepare<{ id: number }>('UPDATE boot SET clean = 1 WHERE id = :id')
      .run({ id: this.#id })
  }

  /** The same for as long as the data is. */
  engineId(make: () => string): string {
    const row = this.#db
      .prepare<{ value: string }, { value: string }>(
        `INSERT INTO setting (key, value) VALUES ('engine.id', :value)
         ON CONFLICT (key) DO UPDATE SET value = value RETURNING value`,
      )
      .get({ value: make() })
    return row?.value ?? ''
  }
}
