import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { ImageConfig } from '../../api-spec/generated/types.ts'
import type { Config } from '../config.ts'
import { EngineError } from '../errors.ts'
import type { EventService } from '../events/event-service.ts'
import { applyChanges } from '../images/config-changes.ts'
import type { ImageDocument } from '../images/image.ts'
import type { ImageService } from '../images/image-service.ts'
import { familiar, parseReference, tagged } from '../images/reference.ts'
import type { StagedLayer } from '../layers/layer.ts'
import type { LayerService } from '../layers/layer-service.ts'
import type { ShimDriver } from '../shim/shim-driver.ts'
import { type Container, isRunning } from './container.ts'
import { containerEvent } from './container-event.ts'
import type { ContainerStore } from './container-store.ts'
import type { RunningContainers } from './running-containers.ts'

export type CommitServiceDeps = {
  readonly config: Config
  readonly containers: ContainerStore
  readonly running: RunningContainers
  readonly images: ImageService
  readonly layers: LayerService
  readonly shims: ShimDriver
  readonly events: EventService
}

export type CommitOptions = {
  readonly repo?: string | undefined
  readonly tag?: string | undefined
  readonly comment?: string | undefined
  readonly author?: string | undefined
  /** Docker does, unless told not to. */
  readonly pause?: boolean | undefined
  readonly changes?: readonly string[] | undefined
  /** Of the request's body: what is set there wins over the container's. */
  readonly config?: ImageConfig | null | undefined
}

/** Makes images of containers. */
export class CommitService {
  readonly #deps: CommitServiceDeps

  constructor(deps: CommitServiceDeps) {
    this.#deps = deps
  }

  async commit(ref: string, options: CommitOptions = {}): Promise<{ Id: string }> {
    const { containers, images, layers, events } = this.#deps
    const container = containers.get(ref)
    const name = options.repo
      ? tagged(parseReference(options.tag ? `${options.repo}:${options.tag}` : options.repo))
      : undefined
    const imageConfig = applyChanges(
      { ...ofContainer(container), ...given(options.config) },
      options.changes ?? [],
    )
    const staged = await this.#pack(container, options.pause ?? true)
    const config = Buffer.from(
      JSON.stringify(this.#document(container, { staged, imageConfig, options })),
    )
    const parentId = images.has(container.imageId) ? container.imageId : ''
    let Id = ''
    await layers.commit([staged], () => {
      Id = images.put({ config, tags: name ? [name] : [], parentId }).id
      const imageRef = name ? { imageRef: familiar(name) } : {}
      events.publish(
        containerEvent(container, 'commit', {
          comment: options.comment ?? '',
          imageID: Id,
          ...imageRef,
        }),
      )
    })
    return { Id }
  }

  /** Its writable layer, held still meanwhile. */
  async #pack(container: Container, pause: boolean): Promise<StagedLayer> {
    const { config, containers, layers, running, shims } = this.#deps
    const upper = join(config.dataRoot, 'containers', container.id, 'upper')
    if (!existsSync(upper)) mkdirSync(upper, { recursive: true, mode: 0o755 })
    const shim =
      pause && container.status === 'running' ? running.get(container.id)?.shim : undefined
    await shim?.pause()
    try {
      const lower = layers.lowerdirs(containers.diffIds(container.id))
      const { data } = await shims.stream({ verb: 'layer-pack', upper, ...lower })
      return await layers.stage(data)
    } finally {
      await shim?.resume().catch(() => {}) // it has ended meanwhile
    }
  }

  #document(
    container: Container,
    {
      staged,
      imageConfig,
      options,
    }: { staged: StagedLayer; imageConfig: ImageConfig; options: CommitOptions },
  ): ImageDocument {
    const { containers, images } = this.#deps
    const base = images.find(container.imageId)?.document
    if (!base && !isRunning(container) && containers.diffIds(container.id).length === 0) {
      throw new EngineError('conflict', `the image of container ${container.id} is gone`)
    }
    const created = new Date().toISOString()
    const step = {
      created,
      created_by: commandOf(container),
      ...(options.comment ? { comment: options.comment } : {}),
      ...(options.author ? { author: options.author } : {}),
    }
    return {
      created,
      ...(options.author ? { author: options.author } : {}),
      architecture: base?.architecture ?? (process.arch === 'x64' ? 'amd64' : process.arch),
      os: base?.os ?? 'linux',
      config: imageConfig,
      rootfs: {
        type: 'layers',
        diff_ids: [...containers.diffIds(container.id), staged.diffId],
      },
      history: [...(base?.history ?? []), step],
    }
  }
}

function commandOf({ config }: Container): string {
  return [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])].join(' ')
}

/** What of a container's config is its image's too. */
function ofContainer({ config }: Container): ImageConfig {
  const names = [
    'User',
    'ExposedPorts',
    'Env',
    'Cmd',
    'Healthcheck',
    'Volumes',
    'WorkingDir',
    'Entrypoint',
    'OnBuild',
    'Labels',
    'StopSignal',
    'Shell',
  ] as const
  return Object.fromEntries(
    names.flatMap((name) => (config[name] ? [[name, config[name]]] : [])),
  ) as ImageConfig
}

/** Only what is set. */
function given(config: ImageConfig | null | undefined): ImageConfig {
  return Object.fromEntries(
    Object.entries(config ?? {}).filter(
      ([, value]) => value !== null && value !== undefined && value !== '' && value !== false,
    ),
  ) as ImageConfig
}
