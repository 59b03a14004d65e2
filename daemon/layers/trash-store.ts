import type { Database } from '../db/database.ts'

/** Table trash: what is to be deleted, whatever happens to the daemon. */
export class TrashStore {
  readonly #insert
  readonly #list
  readonly #delete

  constructor(db: Database) {
    this.#insert = db.prepare<{ path: string; created_at: number }>(`
      INSERT INTO trash (path, created_at) VALUES (:path, :created_at) ON CONFLICT DO NOTHING`)
    this.#list = db.prepare<object, { path: string }>('SELECT path FROM trash ORDER BY id')
    this.#delete = db.prepare<{ path: string }>('DELETE FROM trash WHERE path = :path')
  }

  insert(path: string): void {
    this.#insert.run({ path, created_at: Date.now() })
  }

  list(): string[] {
    return this.#list.all({}).map(({ path }) => path)
  }

  delete(path: string): void {
    this.#delete.run({ path })
  }
}
