import type {
  ImageDeleteResponseItem,
  ImageHistoryResponseItem,
  ImageInspect,
  ImagePruneResponse,
  ImageSummary,
} from '../../api-spec/generated/types.ts'
import type { Database } from '../db/database.ts'
import { EngineError, noSuch } from '../errors.ts'
import type { EventService } from '../events/event-service.ts'
import { digestOf } from '../layers/layer.ts'
import type { LayerService } from '../layers/layer-service.ts'
import { type Image, parseDocument, shortId } from './image.ts'
import { type Filters, imageFilter, shownNames, toBoolean } from './image-filters.ts'
import type { ImageStore } from './image-store.ts'
import { imageHistory, imageInspect, imageSummary } from './image-view.ts'
import { canonical, familiar, parseReference, type Reference, tagged } from './reference.ts'

export type { Image } from './image.ts'

export type ImageUse = { readonly id: string; readonly running: boolean }

type Deps = {
  readonly db: Database
  readonly images: ImageStore
  readonly layers: LayerService
  readonly events: EventService
  /** Containers know images, not the other way round; this is handed in. */
  readonly containersUsing: (imageId: string) => readonly ImageUse[]
}

export type NewImageOptions = {
  readonly config: Buffer
  readonly tags?: readonly Reference[]
  readonly parentId?: string
}

type UntilMs = (text: string) => number

/** Images: what their configs say, and which names point at them. */
export class ImageService {
  readonly #deps: Deps
  #isPruning = false

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** By id, reference, or unique id prefix; undefined also for what is no reference at all. */
  find(ref: string): Image | undefined {
    const { images } = this.#deps
    const id = /^(?:sha256:)?([0-9a-f]{64})$/.exec(ref)?.[1]
    if (id !== undefined) return images.find(`sha256:${id}`)
    return this.#byReference(ref) ?? this.#byPrefix(ref)
  }

  get(ref: string): Image {
    const image = this.find(ref)
    if (!image) throw noSuch('image', missingName(ref))
    return image
  }

  has(id: string): boolean {
    return this.#deps.images.find(id) !== undefined
  }

  all(): Image[] {
    return this.#deps.images.list()
  }

  /** The config, byte for byte. */
  configOf(id: string): Buffer {
    const config = this.#deps.images.config(id)
    if (!config) throw noSuch('image', id)
    return config
  }

  list(
    options: {
      readonly all?: boolean | undefined
      readonly filters?: Filters | undefined
      readonly sharedSize?: boolean | undefined
    },
    untilMs: UntilMs,
  ): ImageSummary[] {
    const images = this.all()
    const parents = new Set(images.map(({ parentId }) => parentId))
    const isWanted = imageFilter(options.filters ?? {}, { get: (ref) => this.get(ref), untilMs })
    const isIntermediate = (it: Image) => it.repoTags.length === 0 && parents.has(it.id)
    return images
      .filter((it) => isWanted(it) && (options.all || !isIntermediate(it)))
      .sort((a, b) => (b.createdAt?.getTime() ?? 0) - (a.createdAt?.getTime() ?? 0))
      .map((it) => ({
        ...imageSummary(it, -1, options.sharedSize ? this.sharedBytes(it) : -1),
        RepoTags: shownNames(it.repoTags, options.filters?.reference),
        RepoDigests: shownNames(it.repoDigests, options.filters?.reference),
      }))
  }

  /** With what `system df` wants to know besides. */
  summaries(): ImageSummary[] {
    return this.all().map((it) =>
      imageSummary(it, this.#deps.containersUsing(it.id).length, this.sharedBytes(it)),
    )
  }

  inspect(ref: string): ImageInspect {
    return imageInspect(this.get(ref))
  }

  history(ref: string): ImageHistoryResponseItem[] {
    const { layers } = this.#deps
    return imageHistory(this.get(ref), (diffId) => layers.find(diffId)?.sizeBytes ?? 0)
  }

  /** Of its layers, those that other images have too. */
  sharedBytes(image: Image): number {
    const others = new Set(
      this.all()
        .filter(({ id }) => id !== image.id)
        .flatMap(({ diffIds }) => diffIds),
    )
    return image.diffIds
      .filter((it) => others.has(it))
      .reduce((sum, it) => sum + (this.#deps.layers.find(it)?.sizeBytes ?? 0), 0)
  }

  /** Images made from this one, at any remove. */
  descendants(id: string): string[] {
    const children = this.all().filter(({ parentId }) => parentId === id)
    return children.flatMap((it) => [it.id, ...this.descendants(it.id)])
  }

  tag(ref: string, repo: string, tag?: string): void {
    const image = this.get(ref)
    const name = parseReference(tag ? `${repo}:${tag}` : repo)
    if (name.digest) {
      throw new EngineError('invalid-parameter', 'refusing to create a tag with a digest reference')
    }
    this.#deps.db.transaction(() => {
      this.#deps.images.setTag(canonical(tagged(name)), image.id)
      this.#publish('tag', image.id, familiar(tagged(name)))
    })
  }

  /** Records an image whose layers are known; one that is there already only gets the tags. */
  put({ config, tags = [], parentId = '' }: NewImageOptions): Image {
    const { db, images, layers } = this.#deps
    const id = digestOf(config)
    return db.transaction(() => {
      if (!images.find(id)) {
        const diffIds = parseDocument(config).rootfs.diff_ids
        const sizeBytes = diffIds.reduce((sum, it) => sum + layers.get(it).sizeBytes, 0)
        images.insert({ id, config, diffIds, parentId, sizeBytes })
      }
      for (const tag of tags) images.setTag(canonical(tagged(tag)), id)
      return this.get(id)
    })
  }

  setDigest(reference: Reference, id: string): void {
    this.#deps.images.setDigest(canonical(reference), id)
  }

  /** Docker's rules: a name among several only goes itself; the last one takes the image along. */
  remove(
    ref: string,
    {
      force = false,
      noPrune = false,
    }: { readonly force?: boolean | undefined; readonly noPrune?: boolean | undefined } = {},
  ): ImageDeleteResponseItem[] {
    const image = this.get(ref)
    const name = this.#referenceTo(ref, image)
    const removed = this.#deps.db.transaction(() =>
      name === undefined
        ? this.#removeById(image, { force, noPrune })
        : this.#removeByName(image, name, { force, noPrune }),
    )
    this.#deps.layers.collectGarbage()
    return removed
  }

  prune(filters: Filters, untilMs: UntilMs): ImagePruneResponse {
    if (this.#isPruning) throw new EngineError('conflict', 'a prune operation is already running')
    const { dangling, ...rest } = filters
    const onlyDangling = dangling === undefined || toBoolean('dangling', dangling)
    const isWanted = imageFilter(rest, { get: (ref) => this.get(ref), untilMs })
    const doomed = this.all().filter(
      (it) =>
        isWanted(it) &&
        (!onlyDangling || it.repoTags.length === 0) &&
        this.#deps.containersUsing(it.id).length === 0,
    )
    this.#isPruning = true
    try {
      const deleted = this.#deps.db.transaction(() =>
        doomed.flatMap((it) => this.#delete(it, true)),
      )
      const reclaimed = this.#deps.layers.collectGarbage()
      this.#deps.events.publish({
        type: 'image',
        action: 'prune',
        id: '',
        attributes: { reclaimed: String(reclaimed) },
      })
      return { ImagesDeleted: deleted.length > 0 ? deleted : null, SpaceReclaimed: reclaimed }
    } finally {
      this.#isPruning = false
    }
  }

  /** `load`, `save`, `import` and so on, told to who watches. */
  publish(action: string, id: string, name: string): void {
    this.#publish(action, id, name)
  }

  #removeByName(
    image: Image,
    name: string,
    options: { force: boolean; noPrune: boolean },
  ): ImageDeleteResponseItem[] {
    const { images } = this.#deps
    const tags = images.tagsOf(image.id)
    const isLast = tags.length <= 1
    const [user] = this.#deps.containersUsing(image.id)
    if (isLast && user && !options.force) {
      throw new EngineError(
        'conflict',
        `conflict: unable to remove repository reference "${familiar(parseReference(name))}" (must force) - container ${shortId(user.id)} is using its referenced image ${shortId(image.id)}`,
      )
    }
    if (!isLast || user) return this.#untag(image, [name])
    return this.#delete(image, !options.noPrune)
  }

  #removeById(
    image: Image,
    { force, noPrune }: { force: boolean; noPrune: boolean },
  ): ImageDeleteResponseItem[] {
    const refusal = (how: string, why: string) =>
      new EngineError(
        'conflict',
        `conflict: unable to delete ${shortId(image.id)} (${how}) - ${why}`,
      )
    const users = this.#deps.containersUsing(image.id)
    const running = users.find((it) => it.running)
    if (running) {
      throw refusal(
        'cannot be forced',
        `image is being used by running container ${shortId(running.id)}`,
      )
    }
    if (this.all().some(({ parentId }) => parentId === image.id)) {
      throw refusal('cannot be forced', 'image has dependent child images')
    }
    const [user] = users
    if (user && !force) {
      throw refusal(
        'must be forced',
        `image is being used by stopped container ${shortId(user.id)}`,
      )
    }
    const repositories = new Set(image.repoTags.map((it) => it.replace(/:[^/:]*$/, '')))
    if (repositories.size > 1 && !force) {
      throw refusal('must be forced', 'image is referenced in multiple repositories')
    }
    return this.#delete(image, !noPrune)
  }

  #untag(image: Image, names: readonly string[]): ImageDeleteResponseItem[] {
    return names.map((name) => {
      this.#deps.images.deleteReference(name)
      const Untagged = familiar(parseReference(name))
      this.#publish('untag', image.id, image.id)
      return { Untagged }
    })
  }

  /** With the untagged parents that nothing needs any more. */
  #delete(image: Image, withParents: boolean): ImageDeleteResponseItem[] {
    const { images } = this.#deps
    const untagged = this.#untag(image, [...images.tagsOf(image.id), ...images.digestsOf(image.id)])
    images.delete(image.id)
    this.#publish('delete', image.id, image.id)
    const removed = [...untagged, { Deleted: image.id }]
    const parent = withParents ? images.find(image.parentId) : undefined
    const isNeeded =
      !parent ||
      parent.repoTags.length > 0 ||
      this.#deps.containersUsing(parent.id).length > 0 ||
      this.all().some(({ parentId }) => parentId === parent.id)
    return isNeeded ? removed : [...removed, ...this.#delete(parent, true)]
  }

  /** The canonical name that was meant, if it was one and not an id. */
  #referenceTo(ref: string, image: Image): string | undefined {
    const { images } = this.#deps
    const names = [...images.tagsOf(image.id), ...images.digestsOf(image.id)]
    if (/^(?:sha256:)?[0-9a-f]{64}$/.test(ref)) return undefined
    const name = attempt(() => canonical(tagged(parseReference(ref))))
    return name !== undefined && names.includes(name) ? name : undefined
  }

  #byReference(ref: string): Image | undefined {
    const reference = attempt(() => tagged(parseReference(ref)))
    if (!reference) return undefined
    const { digest, tag: _, ...name } = reference
    return this.#deps.images.findByReference(canonical(digest ? { ...name, digest } : reference))
  }

  #byPrefix(ref: string): Image | undefined {
    const prefix = /^(?:sha256:)?([0-9a-f]+)$/.exec(ref)?.[1]
    if (prefix === undefined) return undefined
    const matches = this.all().filter(({ id }) => id.startsWith(`sha256:${prefix}`))
    return matches.length === 1 ? matches[0] : undefined
  }

  #publish(action: string, id: string, name: string): void {
    const labels = this.#deps.images.find(id)?.config.Labels
    this.#deps.events.publish({ type: 'image', action, id, attributes: { ...labels, name } })
  }
}

/** As the client should read it: with the tag that was meant. Throws for what is no reference. */
function missingName(ref: string): string {
  if (/^(?:sha256:)?[0-9a-f]{64}$/.test(ref)) return ref
  return familiar(tagged(parseReference(ref)))
}

function attempt<T>(parse: () => T): T | undefined {
  try {
    return parse()
  } catch {
    return undefined
  }
}
