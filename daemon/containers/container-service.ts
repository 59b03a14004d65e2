import { join } from 'node:path'
import type {
  ContainerCreateRequest,
  ContainerCreateResponse,
  ContainerInspectResponse,
  ContainerPruneResponse,
  ContainerSummary,
  ContainerTopResponse,
  ContainerUpdateRequest,
  ContainerUpdateResponse,
} from '../../api-spec/generated/types.ts'
import type { Config } from '../config.ts'
import type { Database } from '../db/database.ts'
import { EngineError, failed } from '../errors.ts'
import type { EventService } from '../events/event-service.ts'
import type { Image, ImageService } from '../images/image-service.ts'
import type { NetworkService } from '../networks/network-service.ts'
import type { ShimDriver } from '../shim/shim-driver.ts'
import { failPoint } from '../util/fail-point.ts'
import { randomId } from '../util/random-id.ts'
import { cgroupDirectories } from './cgroup-config.ts'
import { type Container, type ContainerStatus, isRunning } from './container.ts'
import { containerEvent } from './container-event.ts'
import {
  containerFilter,
  type FilterContext,
  type Filters,
  impliesAll,
  isShownByDefault,
  pruneFilter,
} from './container-filters.ts'
import { containerPids } from './container-pids.ts'
import type { ContainerRemoval } from './container-removal.ts'
import type { ContainerStore } from './container-store.ts'
import { inspectView, listView } from './container-view.ts'
import { buildContainer } from './create-config.ts'
import type { HostFacts } from './host.ts'
import type { LifecycleService } from './lifecycle-service.ts'
import { randomName } from './random-name.ts'
import type { RunningContainers } from './running-containers.ts'
import { top } from './top.ts'
import { updateContainer } from './update-config.ts'

const NAME = /^\/?[a-zA-Z0-9][a-zA-Z0-9_.-]+$/

export type ContainerServiceDeps = {
  readonly config: Config
  readonly host: HostFacts
  readonly db: Database
  readonly containers: ContainerStore
  readonly running: RunningContainers
  readonly removal: ContainerRemoval
  readonly lifecycle: LifecycleService
  readonly images: ImageService
  readonly networks: NetworkService
  readonly shims: ShimDriver
  readonly events: EventService
}

export type ListOptions = {
  readonly all?: boolean | undefined
  readonly limit?: number | undefined
  readonly size?: boolean | undefined
  readonly filters?: Filters | undefined
}

export type RemoveOptions = {
  readonly force?: boolean | undefined
  readonly volumes?: boolean | undefined
  readonly link?: boolean | undefined
}

/** What containers there are. What they do is LifecycleService's. */
export class ContainerService {
  readonly #deps: ContainerServiceDeps
  readonly #removing = new Set<string>()
  #isPruning = false

  constructor(deps: ContainerServiceDeps) {
    this.#deps = deps
  }

  statuses(): ContainerStatus[] {
    return this.#deps.containers.list().map(({ status }) => status)
  }

  get(ref: string): Container {
    return this.#deps.containers.get(ref)
  }

  create(
    request: ContainerCreateRequest | null | undefined,
    options: {
      readonly name?: string
      readonly platform?: string
      readonly apiVersion?: string
    } = {},
  ): ContainerCreateResponse {
    if (!request) {
      throw new EngineError(
        'invalid-parameter',
        'config cannot be empty in order to create a container',
      )
    }
    const { db, containers, events, config, host } = this.#deps
    const name =
      options.name === undefined || options.name === '' ? undefined : toName(options.name)
    const image = this.#image(request.Image ?? '', options.platform)
    const id = randomId()
    const { warnings, ...built } = buildContainer(request, image, {
      id,
      config,
      host,
      get: (ref) => this.get(ref),
      ...options,
    })
    failPoint('create.before-row')
    db.transaction(() => {
      const container = containers.insert(
        {
          id,
          name: name ?? this.#freeName(),
          imageId: image.id,
          image: request.Image ?? '',
          createdAt: new Date(),
          ...built,
        },
        image.diffIds,
      )
      events.publish(containerEvent(container, 'create'))
    })
    failPoint('create.after-row')
    return { Id: id, Warnings: warnings }
  }

  async list({
    all,
    limit = 0,
    size,
    filters = {},
  }: ListOptions = {}): Promise<ContainerSummary[]> {
    const isWanted = containerFilter(filters, this.#filterContext())
    const showsAll = all === true || limit > 0 || impliesAll(filters)
    const shown = this.#deps.containers
      .list()
      .filter((it) => (showsAll || isShownByDefault(it.status)) && isWanted(it))
    const listed = limit > 0 ? shown.slice(0, limit) : shown
    return Promise.all(listed.map((it) => this.#summary(it, size === true)))
  }

  async inspect(
    ref: string,
    { size }: { readonly size?: boolean } = {},
  ): Promise<ContainerInspectResponse> {
    const { running, networks, config } = this.#deps
    const container = this.get(ref)
    const { id } = container
    return inspectView({
      container,
      config,
      layers: this.#deps.containers.diffIds(id),
      endpoints: networks.endpointsOf(id),
      health: running.health(id),
      execIds: running.execIds(id),
      sizes: size ? await this.sizes(container) : undefined,
    })
  }

  rename(ref: string, newName: string): void {
    const { db, containers, events } = this.#deps
    if (ref === '' || newName === '' || newName === '/') {
      throw new EngineError('invalid-parameter', 'Neither old nor new names may be empty')
    }
    const container = this.get(ref)
    const name = toName(newName)
    if (name === container.name) {
      throw new EngineError(
        'invalid-parameter',
        'Renaming a container with the same name as its current name',
      )
    }
    db.transaction(() => {
      try {
        containers.rename(container.id, name)
      } catch (err) {
        if (!(err instanceof EngineError)) throw err
        throw failed(`Error when allocating new name: ${err.message}`, err, err.kind)
      }
      events.publish(
        containerEvent({ ...container, name }, 'rename', { oldName: `/${container.name}` }),
      )
    })
  }

  async update(ref: string, request: ContainerUpdateRequest): Promise<ContainerUpdateResponse> {
    const { db, containers, events, lifecycle, running, config, host } = this.#deps
    const { id } = this.get(ref)
    using _turn = await lifecycle.lock(id)
    const container = containers.get(id)
    const change = updateContainer(container, request, { config, host })
    try {
      await running.get(id)?.shim.update(change.writes, change.deviceProgram)
    } catch (err) {
      throw failed(`Cannot update container ${id}: ${(err as Error).message}`, err)
    }
    db.transaction(() => {
      containers.setHostConfig(id, change.hostConfig)
      events.publish(containerEvent(container, 'update'))
    })
    return { Warnings: change.warnings }
  }

  async remove(ref: string, { force, volumes, link }: RemoveOptions = {}): Promise<void> {
    if (link) throw new EngineError('invalid-parameter', 'links between containers are not served')
    const { id } = this.get(ref)
    if (this.#removing.has(id)) {
      throw new EngineError('conflict', `removal of container ${ref} is already in progress`)
    }
    this.#removing.add(id)
    try {
      if (force) await this.#deps.lifecycle.end(this.get(id))
      using _turn = await this.#deps.lifecycle.lock(id)
      const container = this.#deps.containers.find(id)
      if (!container) return // it was to be removed at its end
      assertRemovable(container, ref)
      this.#deps.removal.remove(container, { volumes: volumes === true })
    } finally {
      this.#removing.delete(id)
    }
  }

  async prune(
    filters: Filters,
    untilMs: (text: string) => number,
  ): Promise<ContainerPruneResponse> {
    if (this.#isPruning) throw new EngineError('conflict', 'a prune operation is already running')
    const isWanted = pruneFilter(filters, untilMs)
    this.#isPruning = true
    try {
      const doomed = this.#deps.containers.list().filter((it) => !isRunning(it) && isWanted(it))
      const deleted: string[] = []
      let reclaimed = 0
      for (const container of doomed) {
        const { rw } = await this.sizes(container)
        const gone = await this.remove(container.id).then(
          () => true,
          () => false, // started or removed in the meantime
        )
        if (!gone) continue
        deleted.push(container.id)
        reclaimed += rw
      }
      const attributes = { reclaimed: String(reclaimed) }
      this.#deps.events.publish({ type: 'container', action: 'prune', id: '', attributes })
      return { ContainersDeleted: deleted.length > 0 ? deleted : null, SpaceReclaimed: reclaimed }
    } finally {
      this.#isPruning = false
    }
  }

  async top(ref: string, psArgs?: string): Promise<ContainerTopResponse> {
    const { config, host, events } = this.#deps
    const container = this.get(ref)
    if (container.status === 'restarting') {
      throw new EngineError(
        'conflict',
        `Container ${container.id} is restarting, wait until the container is running`,
      )
    }
    if (!isRunning(container)) {
      throw new EngineError('conflict', `container ${container.id} is not running`)
    }
    const pids = await containerPids(cgroupDirectories(container, config, host))
    const listing = await top(pids, psArgs)
    events.publish(containerEvent(container, 'top'))
    return listing
  }

  /** Bytes of its own writable layer, and of all its files. */
  async sizes({ id, imageId }: Container): Promise<{ rw: number; rootFs: number }> {
    const path = join(this.#deps.config.dataRoot, 'containers', id, 'upper')
    const { bytes } = await this.#deps.shims
      .call<{ bytes: string }>({ verb: 'disk-usage', path })
      .catch(() => ({ bytes: '0' })) // it has never been started
    const rw = Number(bytes)
    return { rw, rootFs: rw + (this.#deps.images.find(imageId)?.sizeBytes ?? 0) }
  }

  async #summary(container: Container, withSize: boolean): Promise<ContainerSummary> {
    const { running, networks, images } = this.#deps
    return listView({
      container,
      image: images.find(container.image),
      endpoints: networks.endpointsOf(container.id),
      health: running.health(container.id),
      sizes: withSize ? await this.sizes(container) : undefined,
    })
  }

  #filterContext(): FilterContext {
    const { running, networks, images } = this.#deps
    return {
      health: (id) => running.health(id)?.Status ?? 'none',
      networks: ({ id, networking }) => [
        ...Object.keys(networking),
        ...networks.endpointsOf(id).map((it) => it.networkId),
      ],
      imageIds: (reference) => {
        const image = images.find(reference)
        return image ? [image.id, ...images.descendants(image.id)] : []
      },
      container: (ref) => this.get(ref),
    }
  }

  #image(reference: string, platform: string | undefined): Image {
    const image = this.#deps.images.get(reference)
    const { architecture, os } = image.document
    const [wantedOs, wantedArchitecture] = (platform ?? '').split('/')
    const differs = (wanted: string | undefined, is: string | undefined) =>
      wanted && is && wanted !== is
    if (differs(wantedOs, os) || differs(wantedArchitecture, architecture)) {
      throw new EngineError(
        'not-found',
        `image with reference ${reference} was found but its platform (${os}/${architecture}) does not match the specified platform (${platform})`,
      )
    }
    return image
  }

  #freeName(): string {
    for (let attempt = 0; ; attempt++) {
      const name = randomName(attempt)
      if (!this.#deps.containers.hasName(name)) return name
    }
  }
}

function toName(text: string): string {
  if (!NAME.test(text)) {
    throw new EngineError(
      'invalid-parameter',
      `Invalid container name (${text}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
    )
  }
  return text.replace(/^\//, '')
}

function assertRemovable({ status }: Container, ref: string): void {
  const refusal = (why: string) =>
    new EngineError('conflict', `cannot remove container "${ref}": container is ${why}`)
  if (status === 'paused') throw refusal('paused and must be unpaused first')
  if (status === 'running')
    throw refusal('running: stop the container before removing or force remove')
  if (status === 'restarting') {
    throw refusal('restarting: stop the container before removing or force remove')
  }
}
