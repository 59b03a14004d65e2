import type { Database } from '../db/database.ts'
import { type Image, parseDocument } from './image.ts'
import { familiar, parseReference } from './reference.ts'

type Row = {
  id: string
  config: Buffer
  parent_id: string | null
  size_bytes: number
  created_at: number | null
  stored_at: number
  last_tagged_at: number | null
}

export type NewImage = {
  readonly id: string
  readonly config: Buffer
  readonly diffIds: readonly string[]
  readonly parentId: string
  readonly sizeBytes: number
}

type Reference = { reference: string; image_id: string }

/** Tables image, image_layer, image_tag, image_digest; kept parsed in memory, as each listing of containers asks for them. */
export class ImageStore {
  readonly #images = new Map<string, Image>()
  readonly #tags = new Map<string, string>()
  readonly #digests = new Map<string, string>()
  readonly #statements

  constructor(db: Database) {
    this.#statements = statements(db)
    for (const { reference, image_id } of this.#statements.allTags.all({})) {
      this.#tags.set(reference, image_id)
    }
    for (const { reference, image_id } of this.#statements.allDigests.all({})) {
      this.#digests.set(reference, image_id)
    }
    for (const row of this.#statements.all.all({})) this.#keep(row)
  }

  find(id: string): Image | undefined {
    return this.#images.get(id)
  }

  /** By canonical reference, with tag or digest. */
  findByReference(reference: string): Image | undefined {
    return this.find(this.#tags.get(reference) ?? this.#digests.get(reference) ?? '')
  }

  list(): Image[] {
    return [...this.#images.values()]
  }

  /** Canonical references of an image. */
  tagsOf(id: string): string[] {
    return referencesTo(this.#tags, id)
  }

  digestsOf(id: string): string[] {
    return referencesTo(this.#digests, id)
  }

  config(id: string): Buffer | undefined {
    return this.#statements.one.get({ id })?.config
  }

  insert(image: NewImage): Image {
    const createdAt = parseDocument(image.config).created
    this.#statements.insert.run({
      id: image.id,
      config: image.config,
      parent_id: image.parentId || null,
      size_bytes: image.sizeBytes,
      created_at: createdAt ? Date.parse(createdAt) : null,
      stored_at: Date.now(),
    })
    for (const [position, diff_id] of image.diffIds.entries()) {
      this.#statements.insertLayer.run({ image_id: image.id, position, diff_id })
    }
    return this.#read(image.id)
  }

  /** Moves the tag, if another image has it. */
  setTag(reference: string, imageId: string): void {
    const before = this.#tags.get(reference)
    this.#statements.setTag.run({ reference, image_id: imageId })
    this.#statements.setTagged.run({ id: imageId, last_tagged_at: Date.now() })
    this.#tags.set(reference, imageId)
    this.#read(imageId)
    if (before !== undefined && before !== imageId) this.#read(before)
  }

  setDigest(reference: string, imageId: string): void {
    this.#statements.setDigest.run({ reference, image_id: imageId })
    this.#digests.set(reference, imageId)
    this.#read(imageId)
  }

  deleteReference(reference: string): void {
    const id = this.#tags.get(reference) ?? this.#digests.get(reference)
    this.#statements.deleteTag.run({ reference })
    this.#statements.deleteDigest.run({ reference })
    this.#tags.delete(reference)
    this.#digests.delete(reference)
    if (id !== undefined) this.#read(id)
  }

  delete(id: string): void {
    this.#statements.delete.run({ id })
    for (const reference of [...this.tagsOf(id), ...this.digestsOf(id)]) {
      this.#tags.delete(reference)
      this.#digests.delete(reference)
    }
    this.#images.delete(id)
  }

  #read(id: string): Image {
    const row = this.#statements.one.get({ id })
    if (!row) throw new Error(`no image ${id}`)
    return this.#keep(row)
  }

  #keep(row: Row): Image {
    const document = parseDocument(row.config)
    const image: Image = {
      id: row.id,
      document,
      config: document.config ?? {},
      diffIds: document.rootfs.diff_ids,
      parentId: row.parent_id ?? '',
      sizeBytes: row.size_bytes,
      createdAt: row.created_at === null ? null : new Date(row.created_at),
      storedAt: new Date(row.stored_at),
      lastTaggedAt: row.last_tagged_at === null ? null : new Date(row.last_tagged_at),
      repoTags: this.tagsOf(row.id).map((it) => familiar(parseReference(it))),
      repoDigests: this.digestsOf(row.id).map((it) => familiar(parseReference(it))),
    }
    this.#images.set(row.id, image)
    return image
  }
}

function statements(db: Database) {
  return {
    all: db.prepare<object, Row>('SELECT * FROM image'),
    one: db.prepare<{ id: string }, Row>('SELECT * FROM image WHERE id = :id'),
    insert: db.prepare<Omit<Row, 'last_tagged_at'>>(`
      INSERT INTO image (id, config, parent_id, size_bytes, created_at, stored_at)
      VALUES (:id, :config, :parent_id, :size_bytes, :created_at, :stored_at)`),
    insertLayer: db.prepare<{ image_id: string; position: number; diff_id: string }>(`
      INSERT INTO image_layer (image_id, position, diff_id) VALUES (:image_id, :position, :diff_id)`),
    delete: db.prepare<{ id: string }>('DELETE FROM image WHERE id = :id'),
    setTagged: db.prepare<{ id: string; last_tagged_at: number }>(
      'UPDATE image SET last_tagged_at = :last_tagged_at WHERE id = :id',
    ),
    allTags: db.prepare<object, Reference>('SELECT * FROM image_tag ORDER BY reference'),
    setTag: db.prepare<Reference>(`
      INSERT INTO image_tag (reference, image_id) VALUES (:reference, :image_id)
      ON CONFLICT (reference) DO UPDATE SET image_id = :image_id`),
    deleteTag: db.prepare<{ reference: string }>(
      'DELETE FROM image_tag WHERE reference = :reference',
    ),
    allDigests: db.prepare<object, Reference>('SELECT * FROM image_digest ORDER BY reference'),
    setDigest: db.prepare<Reference>(`
      INSERT INTO image_digest (reference, image_id) VALUES (:reference, :image_id)
      ON CONFLICT (reference) DO UPDATE SET image_id = :image_id`),
    deleteDigest: db.prepare<{ reference: string }>(
      'DELETE FROM image_digest WHERE reference = :reference',
    ),
  }
}

function referencesTo(references: ReadonlyMap<string, string>, id: string): string[] {
  return [...references].filter(([, imageId]) => imageId === id).map(([reference]) => reference)
}
