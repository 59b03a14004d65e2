import { readdirSync, readFileSync } from 'node:fs'
import Sqlite from 'better-sqlite3'

const MIGRATIONS = new URL('./migrations/', import.meta.url)

/**
 * The engine's one SQLite connection. Stores prepare their statements on it once, when they are built.
 * What a transaction has committed survives a power cut: WAL with `synchronous = FULL` (sqlite.org/pragma.html).
 */
export class Database implements Disposable {
  readonly #sqlite: Sqlite.Database

  constructor(path: string) {
    this.#sqlite = new Sqlite(path)
    this.#sqlite.pragma('journal_mode = WAL')
    this.#sqlite.pragma('synchronous = FULL')
    this.#sqlite.pragma('foreign_keys = ON')
    // the file keeps its size, so that deleting needs no new space on a full disk
    this.#sqlite.pragma('journal_size_limit = -1')
    this.#migrate()
  }

  prepare<Params extends object, Row = unknown>(sql: string): Sqlite.Statement<[Params], Row> {
    return this.#sqlite.prepare(sql)
  }

  /**
   * Runs fn in a transaction, or as part of the one that is running. fn is synchronous: nothing else runs between
   * its first and last statement.
   */
  transaction<T>(fn: () => T): T {
    if (this.#sqlite.inTransaction) return fn()
    return this.#sqlite.transaction(fn).immediate()
  }

  get inTransaction(): boolean {
    return this.#sqlite.inTransaction
  }

  #migrate(): void {
    const applied = this.#sqlite.pragma('user_version', { simple: true }) as number
    const files = readdirSync(MIGRATIONS).sort()
    if (applied > files.length) {
      throw new Error(
        `the database is of a newer tsd (schema ${applied}, this one knows ${files.length})`,
      )
    }
    for (const [index, file] of files.entries()) {
      const version = index + 1
      if (version <= applied) continue
      this.transaction(() => {
        this.#sqlite.exec(readFileSync(new URL(file, MIGRATIONS), 'utf8'))
        this.#sqlite.pragma(`user_version = ${version}`)
      })
    }
  }

  [Symbol.dispose](): void {
    this.#sqlite.close()
  }
}
