import { PassThrough, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Pack, pack } from 'tar-stream'
import { EngineError } from '../errors.ts'
import { digestOf, type StagedLayer } from '../layers/layer.ts'
import type { LayerService } from '../layers/layer-service.ts'
import { type ArchivedImage, archivedImages, blobPath } from './archive-format.ts'
import { decompress, readArchive } from './archive-reader.ts'
import { applyChanges } from './config-changes.ts'
import { type Image, type ImageDocument, parseDocument, shortId } from './image.ts'
import type { ImageService } from './image-service.ts'
import {
  canonical,
  familiar,
  familiarName,
  parseReference,
  type Reference,
  tagged,
} from './reference.ts'

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' }
const MEDIA = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
  index: 'application/vnd.oci.image.index.v1+json',
}

type Deps = { readonly images: ImageService; readonly layers: LayerService }
type Signal = { readonly signal?: AbortSignal | undefined }

export type Progress = Readonly<Record<string, unknown>>

export type ImportOptions = Signal & {
  readonly repo?: string | undefined
  readonly tag?: string | undefined
  readonly message?: string | undefined
  /** Dockerfile instructions that touch the config. */
  readonly changes?: readonly string[] | undefined
  readonly platform?: string | undefined
}

/** Images to and from archives. */
export class SaveLoadService {
  readonly #deps: Deps

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** Layers are unpacked as they come; nothing of the archive is kept but small JSON. */
  async *load(
    source: Readable,
    { quiet = false, signal }: Signal & { readonly quiet?: boolean | undefined } = {},
  ): AsyncGenerator<Progress> {
    const archive = new LoadedArchive(this.#deps.layers)
    try {
      for await (const entry of readArchive(source, signal)) {
        if (entry.kind === 'layer' && !quiet) {
          yield {
            status: 'Loading layer',
            progressDetail: { current: entry.size, total: entry.size },
            id: shortName(entry.name),
          }
        }
        if (entry.kind === 'json') archive.json.set(entry.name, entry.bytes)
        if (entry.kind === 'link') archive.links.set(entry.name, entry.target)
        if (entry.kind === 'layer') await archive.stage(entry.name, entry.tar, signal)
      }
      for (const found of archivedImages(archive.json, hostArchitecture())) {
        yield* await this.#store(archive, found)
      }
    } finally {
      archive.discardRest()
    }
  }

  async #store(archive: LoadedArchive, found: ArchivedImage): Promise<Progress[]> {
    const { images, layers } = this.#deps
    const config = archive.config(found)
    const tags = found.tags.map((it) => tagged(parseReference(it)))
    await layers.commit(archive.take(found, parseDocument(config)), () => {
      const { id } = images.put({ config, tags })
      for (const tag of tags.length > 0 ? tags.map(familiar) : [id]) images.publish('load', id, tag)
    })
    if (tags.length === 0) return [{ stream: `Loaded image ID: ${digestOf(config)}\n` }]
    return tags.map((tag) => ({ stream: `Loaded image: ${familiar(tag)}\n` }))
  }

  /** A tar of both Docker's format and the OCI layout. Throws for an unknown name before the first byte. */
  save(names: readonly string[], { signal }: Signal = {}): Readable {
    const { images } = this.#deps
    const wanted = new Map<string, { image: Image; tags: Set<string> }>()
    for (const name of names) {
      const image = images.get(name)
      const entry = wanted.get(image.id) ?? { image, tags: new Set<string>() }
      wanted.set(image.id, entry)
      for (const tag of tagsMeant(name, image)) entry.tags.add(tag)
    }
    const tar = pack()
    void this.#write(tar, [...wanted.values()], signal).catch((err) => tar.destroy(err))
    return Readable.from(tar, { objectMode: false })
  }

  /** A tar of a file system becomes an image of one layer. */
  async *import(source: Readable, options: ImportOptions = {}): AsyncGenerator<Progress> {
    const { images, layers } = this.#deps
    const name = options.repo
      ? tagged(parseReference(options.tag ? `${options.repo}:${options.tag}` : options.repo))
      : undefined
    const staged = await layers.stage(await decompress(source), { signal: options.signal })
    const config = Buffer.from(JSON.stringify(importedDocument(staged.diffId, options)))
    await layers.commit([staged], () => {
      const { id } = images.put({ config, tags: name ? [name] : [] })
      images.publish('import', id, id)
    })
    yield { status: digestOf(config) }
  }

  async #write(
    tar: Pack,
    wanted: readonly { image: Image; tags: ReadonlySet<string> }[],
    signal?: AbortSignal,
  ): Promise<void> {
    const { images } = this.#deps
    const written = new Set<string>()
    const blob = async (digest: string, bytes: Buffer) => {
      if (!written.has(digest)) await writeFile(tar, blobPath(digest), bytes)
      written.add(digest)
    }
    const index = []
    for (const { image, tags } of wanted) {
      for (const diffId of image.diffIds) {
        if (!written.has(diffId)) await this.#writeLayer(tar, diffId, signal)
        written.add(diffId)
      }
      const config = images.configOf(image.id)
      await blob(image.id, config)
      const manifest = Buffer.from(JSON.stringify(this.#manifest(image, config)))
      await blob(digestOf(manifest), manifest)
      index.push(...descriptors(manifest, [...tags]))
    }
    const json = (value: unknown) => Buffer.from(JSON.stringify(value))
    await writeFile(
      tar,
      'index.json',
      json({ schemaVersion: 2, mediaType: MEDIA.index, manifests: index }),
    )
    await writeFile(tar, 'manifest.json', json(wanted.map(dockerManifest)))
    await writeFile(tar, 'oci-layout', json({ imageLayoutVersion: '1.0.0' }))
    const repositories = dockerRepositories(wanted)
    if (Object.keys(repositories).length > 0)
      await writeFile(tar, 'repositories', json(repositories))
    tar.finalize()
    for (const { image } of wanted) images.publish('save', image.id, image.id)
  }

  async #writeLayer(tar: Pack, diffId: string, signal?: AbortSignal): Promise<void> {
    const { layers } = this.#deps
    const source = await layers.openTar(diffId, { signal })
    const entry = tar.entry({
      name: blobPath(diffId),
      size: layers.get(diffId).tarBytes,
      mode: 0o644,
    })
    await pipeline(source, entry)
  }

  #manifest(image: Image, config: Buffer) {
    const { layers } = this.#deps
    return {
      schemaVersion: 2,
      mediaType: MEDIA.manifest,
      config: { mediaType: MEDIA.config, digest: image.id, size: config.length },
      layers: image.diffIds.map((digest) => ({
        mediaType: MEDIA.layer,
        digest,
        size: layers.get(digest).tarBytes,
      })),
    }
  }
}

/** What of an archive has been read so far. */
class LoadedArchive {
  readonly json = new Map<string, Buffer>()
  readonly links = new Map<string, string>()
  readonly #layers: LayerService
  readonly #staged = new Map<string, StagedLayer>()
  /** Diff id of every layer of the archive, by its name there. */
  readonly #diffIds = new Map<string, string>()

  constructor(layers: LayerService) {
    this.#layers = layers
  }

  /** A blob that is named by the digest of a layer we have is passed over. */
  async stage(name: string, tar: Readable, signal?: AbortSignal): Promise<void> {
    const digest = /^blobs\/sha256\/([0-9a-f]{64})$/.exec(name)?.[1]
    const known = digest === undefined ? undefined : this.#layers.find(`sha256:${digest}`)
    if (known && this.#layers.missing([known.diffId]).length === 0) {
      this.#diffIds.set(name, known.diffId)
      await pipeline(tar, new PassThrough().resume())
      return
    }
    const layer = await this.#layers.stage(tar, { signal })
    this.#diffIds.set(name, layer.diffId)
    if (this.#staged.has(layer.diffId)) this.#layers.discard([layer])
    else this.#staged.set(layer.diffId, layer)
  }

  config({ config }: ArchivedImage): Buffer {
    const bytes = this.json.get(this.#resolve(config))
    if (!bytes) throw new EngineError('invalid-parameter', `invalid archive: ${config} is missing`)
    return bytes
  }

  /** The layers of an image that are not known yet; throws if the archive is not what its config says. */
  take({ layers }: ArchivedImage, { rootfs }: ImageDocument): StagedLayer[] {
    if (layers.length !== rootfs.diff_ids.length) {
      throw new EngineError(
        'invalid-parameter',
        `invalid manifest, layers length mismatch: expected ${rootfs.diff_ids.length}, got ${layers.length}`,
      )
    }
    const taken: StagedLayer[] = []
    for (const [position, wanted] of rootfs.diff_ids.entries()) {
      const found = this.#diffIds.get(this.#resolve(layers[position] ?? ''))
      if (found !== wanted) {
        throw new EngineError(
          'invalid-parameter',
          `invalid diffID for layer ${position}: expected "${wanted}", got "${found ?? ''}"`,
        )
      }
      const layer = this.#staged.get(wanted)
      if (layer) taken.push(layer)
      this.#staged.delete(wanted)
    }
    return taken
  }

  discardRest(): void {
    if (this.#staged.size > 0) this.#layers.discard([...this.#staged.values()])
  }

  #resolve(name: string): string {
    return this.links.get(name) ?? name
  }
}

/** A name with a tag means that tag, one without means all of the repository's, an id none. */
function tagsMeant(name: string, image: Image): string[] {
  if (/^(?:sha256:)?[0-9a-f]{64}$/.test(name)) return []
  const reference = safely(() => parseReference(name))
  if (!reference || reference.digest) return []
  const meant = familiar(tagged(reference))
  return image.repoTags.filter((it) => it === meant)
}

function safely(parse: () => Reference): Reference | undefined {
  try {
    return parse()
  } catch {
    return undefined
  }
}

function dockerManifest({ image, tags }: { image: Image; tags: ReadonlySet<string> }) {
  return {
    Config: blobPath(image.id),
    RepoTags: tags.size > 0 ? [...tags] : null,
    Layers: image.diffIds.map(blobPath),
  }
}

function dockerRepositories(wanted: readonly { image: Image; tags: ReadonlySet<string> }[]) {
  const repositories: Record<string, Record<string, string>> = {}
  for (const { image, tags } of wanted) {
    for (const reference of [...tags].map(parseReference)) {
      const name = familiarName(reference)
      repositories[name] = {
        ...repositories[name],
        [reference.tag ?? 'latest']: image.diffIds.at(-1)?.slice('sha256:'.length) ?? '',
      }
    }
  }
  return repositories
}

function descriptors(manifest: Buffer, tags: readonly string[]) {
  const descriptor = {
    mediaType: MEDIA.manifest,
    digest: digestOf(manifest),
    size: manifest.length,
  }
  if (tags.length === 0) return [descriptor]
  return tags.map(parseReference).map((reference) => ({
    ...descriptor,
    annotations: {
      'io.containerd.image.name': canonical(reference),
      'org.opencontainers.image.ref.name': reference.tag ?? '',
    },
  }))
}

function importedDocument(
  diffId: string,
  { message, changes = [], platform }: ImportOptions,
): ImageDocument {
  const created = new Date().toISOString()
  const [os = 'linux', architecture = hostArchitecture(), variant] = platform?.split('/') ?? []
  return {
    created,
    architecture,
    ...(variant ? { variant } : {}),
    os,
    config: applyChanges({}, changes),
    rootfs: { type: 'layers', diff_ids: [diffId] },
    history: [{ created, comment: message || 'Imported from -' }],
  }
}

function hostArchitecture(): string {
  return ARCHITECTURES[process.arch] ?? process.arch
}

function shortName(name: string): string {
  return shortId(name.replace(/^blobs\/sha256\//, '').replace(/\/layer\.tar$/, ''))
}

function writeFile(tar: Pack, name: string, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    tar.entry({ name, mode: 0o644 }, bytes, (err) => (err ? reject(err) : resolve()))
  })
}
