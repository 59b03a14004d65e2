import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import type { Config } from '../config.ts'
import { EngineError, failed } from '../errors.ts'
import type { EventService } from '../events/event-service.ts'
import { decompress } from '../images/archive-reader.ts'
import type { LayerService } from '../layers/layer-service.ts'
import type { ArchiveStat, ArchiveTarget } from '../shim/protocol.ts'
import type { ShimDriver } from '../shim/shim-driver.ts'
import { ShimError } from '../shim/shim-error.ts'
import { type Container, isRunning } from './container.ts'
import { containerEvent } from './container-event.ts'
import type { ContainerStore } from './container-store.ts'
import { goFileMode } from './go-file-mode.ts'
import type { HostFacts } from './host.ts'
import { rootfsConfig } from './shim-config.ts'

export type ArchiveServiceDeps = {
  readonly config: Config
  readonly host: HostFacts
  readonly containers: ContainerStore
  readonly layers: LayerService
  readonly shims: ShimDriver
  readonly events: EventService
}

/** As the header of the reply has it. */
export type PathStat = {
  readonly name: string
  readonly size: number
  readonly mode: number
  readonly mtime: string
  readonly linkTarget: string
}

export type Change = { readonly Path: string; readonly Kind: number }

type Signal = { readonly signal?: AbortSignal | undefined }
type Changes = { readonly changes: readonly { readonly path: string; readonly kind: number }[] }

/** Files of containers, in and out, whether they run or not. */
export class ArchiveService {
  readonly #deps: ArchiveServiceDeps

  constructor(deps: ArchiveServiceDeps) {
    this.#deps = deps
  }

  async stat(ref: string, path: string): Promise<PathStat> {
    const { container, target } = this.#target(ref, path)
    const request = { verb: 'archive-stat', target, path }
    const { stat } = await this.#deps.shims
      .call<{ stat: ArchiveStat }>(request)
      .catch((err) => refuse(err, path, ref))
    this.#publish(container, 'archive-path')
    return toPathStat(stat)
  }

  /** A tar of what is at the path. */
  async get(
    ref: string,
    path: string,
    { signal }: Signal = {},
  ): Promise<{ stat: PathStat; tar: Readable }> {
    const { container, target } = this.#target(ref, path)
    const request = { verb: 'archive-get', target, path }
    const { reply, data } = await this.#deps.shims
      .stream<{ stat: ArchiveStat }>(request, { signal })
      .catch((err) => refuse(err, path, ref))
    this.#publish(container, 'archive-path')
    return { stat: toPathStat(reply.stat), tar: data }
  }

  /** Unpacks a tar, compressed or not, into the directory at the path. */
  async put(
    ref: string,
    path: string,
    options: Signal & {
      readonly source: Readable
      readonly noOverwriteDirNonDir?: boolean | undefined
    },
  ): Promise<void> {
    const { container, target } = this.#target(ref, path)
    const request = {
      verb: 'archive-put',
      target,
      path,
      noOverwriteDirNonDir: options.noOverwriteDirNonDir === true,
    }
    const source = await decompress(options.source)
    await this.#deps.shims
      .upload(request, source, { signal: options.signal })
      .catch((err) => refuse(err, path, ref))
    this.#publish(container, 'extract-to-dir')
  }

  /** The whole file system as a tar, without what is mounted on it. */
  async export(ref: string, { signal }: Signal = {}): Promise<Readable> {
    const { container, target } = this.#target(ref, '/')
    const { data } = await this.#deps.shims.stream({ verb: 'export', target }, { signal })
    this.#publish(container, 'export')
    return data
  }

  /** What differs from the image; null where nothing does. */
  async changes(ref: string): Promise<Change[] | null> {
    const { config, containers, shims } = this.#deps
    const container = containers.get(ref)
    const upper = join(config.dataRoot, 'containers', container.id, 'upper')
    if (!existsSync(upper)) return null
    const skip = rootfsConfig(this.#context(container)).mounts.map(({ target }) => target)
    const request = { verb: 'changes', upper, ...this.#lower(container), skip }
    const found: Change[] = []
    for await (const { changes } of shims.messages<Changes>(request)) {
      found.push(...changes.map(({ path, kind }) => ({ Path: path, Kind: kind })))
    }
    return found.length > 0 ? found : null
  }

  #target(ref: string, path: string): { container: Container; target: ArchiveTarget } {
    if (path === '') {
      throw new EngineError('invalid-parameter', 'bad parameter: path cannot be empty')
    }
    const container = this.#deps.containers.get(ref)
    const { pid, pidStartTime: startTime } = container
    const target = isRunning(container) && pid > 0 ? { pid, startTime } : this.#stopped(container)
    return { container, target }
  }

  #stopped(container: Container): ArchiveTarget {
    return rootfsConfig(this.#context(container))
  }

  #context(container: Container) {
    const { config, host, containers } = this.#deps
    const find = (ref: string) => containers.find(ref)
    return { container, lower: this.#lower(container), endpoint: undefined, config, host, find }
  }

  #lower({ id }: Container) {
    return this.#deps.layers.lowerdirs(this.#deps.containers.diffIds(id))
  }

  #publish(container: Container, action: string): void {
    this.#deps.events.publish(containerEvent(container, action))
  }
}

function toPathStat({ name, size, mode, mtime, linkTarget }: ArchiveStat): PathStat {
  const nanoseconds = BigInt(mtime)
  const seconds = new Date(Number(nanoseconds / 1_000_000_000n) * 1000).toISOString()
  const fraction = String(nanoseconds % 1_000_000_000n).padStart(9, '0')
  return {
    name,
    size: Number(size),
    mode: goFileMode(mode),
    mtime: seconds.replace(/\.\d+Z$/, `.${fraction}Z`),
    linkTarget,
  }
}

/** Docker's texts for what the shim could not do. */
function refuse(err: unknown, path: string, ref: string): never {
  if (!(err instanceof ShimError)) throw err
  if (err.code === 'ENOENT') {
    throw failed(`Could not find the file ${path} in container ${ref}`, err, 'not-found')
  }
  if (err.code === 'ENOTDIR') {
    throw failed('extraction point is not a directory', err, 'invalid-parameter')
  }
  if (err.code === 'EROFS') {
    throw failed('container rootfs is marked read-only', err, 'invalid-parameter')
  }
  if (/^cannot overwrite/.test(err.message)) throw failed(err.message, err, 'invalid-parameter')
  throw failed(err.message, err)
}
