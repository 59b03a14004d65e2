import { createHash, type Hash, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Readable, Transform, type TransformCallback } from 'node:stream'
import type { Database } from '../db/database.ts'
import { EngineError } from '../errors.ts'
import type { ShimDriver } from '../shim/shim-driver.ts'
import type { Layer, StagedLayer } from './layer.ts'
import type { LayerStore } from './layer-store.ts'
import type { TrashService } from './trash-service.ts'

/** Of one layer: a tar with more than this is an attack, or a mistake. */
const LIMITS = { entries: 5_000_000, bytes: '1099511627776' }

type Deps = {
  readonly dataRoot: string
  readonly db: Database
  readonly layers: LayerStore
  readonly trash: TrashService
  readonly shims: ShimDriver
}

type Signal = { readonly signal?: AbortSignal | undefined }

/** Layers of images: each unpacked once, shared by all that are built on it. */
export class LayerService {
  readonly #deps: Deps
  readonly #base: string
  /** Directories that are being made: no row has them yet. */
  readonly #staged = new Set<string>()

  constructor(deps: Deps) {
    this.#deps = deps
    this.#base = join(deps.dataRoot, 'layers')
    mkdirSync(this.#base, { recursive: true, mode: 0o710 })
  }

  find(diffId: string): Layer | undefined {
    return this.#deps.layers.find(diffId)
  }

  has(diffId: string): boolean {
    return this.find(diffId) !== undefined
  }

  get(diffId: string): Layer {
    const layer = this.find(diffId)
    if (!layer) throw new EngineError('not-found', `layer does not exist: ${diffId}`)
    return layer
  }

  /** Unpacks an uncompressed tar. The name is new each time, so leftovers are in nobody's way. */
  async stage(source: Readable, { signal }: Signal = {}): Promise<StagedLayer> {
    const directory = randomBytes(6).toString('hex')
    this.#staged.add(directory)
    const [path, split] = this.#paths(directory)
    const hashing = new Hashing()
    source.on('error', (err) => hashing.destroy(err))
    try {
      const reply = await this.#deps.shims.upload<{ bytes: string; files: number }>(
        { verb: 'layer-unpack', directory: path, split, limits: LIMITS },
        source.pipe(hashing),
        { signal },
      )
      return {
        diffId: hashing.digest(),
        directory,
        sizeBytes: Number(reply.bytes),
        tarBytes: hashing.bytes,
        fileCount: reply.files,
      }
    } catch (err) {
      source.destroy()
      this.discard([{ directory }])
      throw err
    }
  }

  /**
   * Makes what is unpacked durable, then known; a layer that is there already wins. What is recorded alongside (the image)
   * is so in the same transaction: no collection of garbage comes between.
   */
  async commit(staged: readonly StagedLayer[], alongside: () => void = () => {}): Promise<void> {
    const { db, layers, trash, shims } = this.#deps
    if (staged.length > 0) await shims.call({ verb: 'sync', path: this.#base })
    db.transaction(() => {
      for (const layer of staged) {
        if (layers.find(layer.diffId)) trash.put(...this.#paths(layer.directory))
        else layers.insert(layer)
      }
      alongside()
    })
    for (const { directory } of staged) this.#staged.delete(directory)
    trash.run()
  }

  discard(staged: readonly Pick<StagedLayer, 'directory'>[]): void {
    for (const { directory } of staged) {
      this.#deps.trash.put(...this.#paths(directory))
      this.#staged.delete(directory)
    }
    this.#deps.trash.run()
  }

  /** For an overlay mount: relative to base, topmost first. */
  lowerdirs(diffIds: readonly string[]): { base: string; lower: string[] } {
    return { base: this.#base, lower: diffIds.map((it) => this.get(it).directory).reverse() }
  }

  /** The tar that the layer was made from, byte for byte. */
  async openTar(diffId: string, { signal }: Signal = {}): Promise<Readable> {
    const [directory, split] = this.#paths(this.get(diffId).directory)
    const { data } = await this.#deps.shims.stream(
      { verb: 'layer-join', directory, split },
      { signal },
    )
    return data
  }

  /** Puts layers that nothing uses in the trash; how many bytes that gives back. */
  collectGarbage(): number {
    const { db, layers, trash } = this.#deps
    const unused = layers.unused(new Date())
    db.transaction(() => {
      for (const layer of unused) {
        layers.delete(layer.diffId)
        trash.put(...this.#paths(layer.directory))
      }
    })
    trash.run()
    return unused.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  }

  totalBytes(): number {
    return this.#deps.layers.list().reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  }

  /** At the daemon's start: directories without a row, of a load or a pull that was cut off. */
  sweep(): void {
    const known = new Set(this.#deps.layers.list().map(({ directory }) => directory))
    const orphans = readdirSync(this.#base).filter((name) => {
      const directory = name.replace(/\.split$/, '')
      return !known.has(directory) && !this.#staged.has(directory)
    })
    if (orphans.length === 0) return
    this.#deps.trash.put(...orphans.map((name) => join(this.#base, name)))
    this.#deps.trash.run()
  }

  /** Of these, the ones whose files are gone: a disk may lose them, and a load can bring them back. */
  missing(diffIds: readonly string[]): string[] {
    return diffIds.filter((diffId) => {
      const layer = this.find(diffId)
      return !layer || !existsSync(join(this.#base, layer.directory))
    })
  }

  #paths(directory: string): [directory: string, split: string] {
    return [join(this.#base, directory), join(this.#base, `${directory}.split`)]
  }
}

/** Passes bytes on, and knows their sha256 at the end. */
class Hashing extends Transform {
  readonly #hash: Hash = createHash('sha256')
  bytes = 0

  override _transform(chunk: Buffer, _encoding: string, done: TransformCallback): void {
    this.#hash.update(chunk)
    this.bytes += chunk.length
    done(null, chunk)
  }

  digest(): string {
    return `sha256:${this.#hash.digest('hex')}`
  }
}
