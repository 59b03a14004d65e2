import type { Database } from '../db/database.ts'
import type { Layer } from './layer.ts'

type Row = {
  diff_id: string
  directory: string
  size_bytes: number
  tar_bytes: number
  file_count: number
}

/** Table layer; its rows are few and asked for at each start, so they are kept in memory. */
export class LayerStore {
  readonly #layers = new Map<string, Layer>()
  readonly #insert
  readonly #delete
  readonly #unused

  constructor(db: Database) {
    this.#insert = db.prepare<Row & { created_at: number }>(`
      INSERT INTO layer (diff_id, directory, size_bytes, tar_bytes, file_count, created_at)
      VALUES (:diff_id, :directory, :size_bytes, :tar_bytes, :file_count, :created_at)`)
    this.#delete = db.prepare<{ diff_id: string }>('DELETE FROM layer WHERE diff_id = :diff_id')
    this.#unused = db.prepare<{ before: number }, { diff_id: string }>(`
      SELECT diff_id FROM layer
      WHERE created_at <= :before
        AND diff_id NOT IN (SELECT diff_id FROM image_layer)
        AND diff_id NOT IN (SELECT diff_id FROM container_layer)`)
    for (const row of db.prepare<object, Row>('SELECT * FROM layer').all({})) {
      this.#layers.set(row.diff_id, toLayer(row))
    }
  }

  find(diffId: string): Layer | undefined {
    return this.#layers.get(diffId)
  }

  list(): Layer[] {
    return [...this.#layers.values()]
  }

  insert(layer: Layer): void {
    this.#insert.run({
      diff_id: layer.diffId,
      directory: layer.directory,
      size_bytes: layer.sizeBytes,
      tar_bytes: layer.tarBytes,
      file_count: layer.fileCount,
      created_at: Date.now(),
    })
    this.#layers.set(layer.diffId, layer)
  }

  delete(diffId: string): void {
    this.#delete.run({ diff_id: diffId })
    this.#layers.delete(diffId)
  }

  /** That no image and no container has, and that were made by then. */
  unused(before: Date): Layer[] {
    return this.#unused
      .all({ before: before.getTime() })
      .map(({ diff_id }) => this.#layers.get(diff_id))
      .filter((it) => it !== undefined)
  }
}

function toLayer(row: Row): Layer {
  return {
    diffId: row.diff_id,
    directory: row.directory,
    sizeBytes: row.size_bytes,
    tarBytes: row.tar_bytes,
    fileCount: row.file_count,
  }
}
