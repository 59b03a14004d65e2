import Sqlite from 'better-sqlite3'

/** A directory that another daemon is using. */
export class LockedError extends Error {
  override name = 'LockedError'
}

/**
 * One daemon a data root: an exclusive lock of SQLite's on a file of its own. It is the kernel's and goes with the process, so it is
 * never stale, whatever ended the daemon.
 */
export class DataLock implements Disposable {
  readonly #sqlite: Sqlite.Database

  constructor(path: string) {
    this.#sqlite = new Sqlite(path, { timeout: 500 })
    try {
      this.#sqlite.pragma('locking_mode = EXCLUSIVE')
      this.#sqlite.exec('BEGIN EXCLUSIVE; COMMIT')
    } catch (err) {
      this.#sqlite.close()
      throw new LockedError(`another tsd is running with this data root (${path} is locked)`, {
        cause: err,
      })
    }
  }

  [Symbol.dispose](): void {
    this.#sqlite.close()
  }
}
