import type { ContainerService } from '../../containers/container-service.ts'
import type { LifecycleService } from '../../containers/lifecycle-service.ts'
import { isOlder } from '../../util/api-version.ts'
import { momentMs, parseFilters } from '../filters.ts'
import { type Handlers, STREAMED } from '../operations.ts'
import { beginStream } from '../streams.ts'
import { summaryFor } from '../versions/container.ts'

type Services = { readonly containers: ContainerService; readonly lifecycle: LifecycleService }

type Ids =
  | 'ContainerList'
  | 'ContainerCreate'
  | 'ContainerInspect'
  | 'ContainerTop'
  | 'ContainerStart'
  | 'ContainerStop'
  | 'ContainerRestart'
  | 'ContainerKill'
  | 'ContainerUpdate'
  | 'ContainerRename'
  | 'ContainerPause'
  | 'ContainerUnpause'
  | 'ContainerResize'
  | 'ContainerWait'
  | 'ContainerDelete'
  | 'ContainerPrune'

export function containerRoutes({ containers, lifecycle }: Services): Handlers<Ids> {
  return {
    async ContainerList({ query, apiVersion }) {
      const list = await containers.list({ ...query, filters: parseFilters(query.filters) })
      return list.map((it) => summaryFor(it, apiVersion))
    },
    ContainerCreate({ query: { name, platform }, body, apiVersion }) {
      const isGiven = platform !== undefined && !isOlder(apiVersion, '1.41')
      return containers.create(body, {
        ...(name === undefined ? {} : { name }),
        ...(isGiven ? { platform } : {}),
        apiVersion,
      })
    },
    ContainerInspect: ({ path, query }) =>
      containers.inspect(path.id, { size: query.size === true }),
    ContainerTop: ({ path, query }) => containers.top(path.id, query.ps_args),
    async ContainerStart({ path }) {
      await lifecycle.start(path.id)
    },
    async ContainerStop({ path, query, apiVersion }) {
      await lifecycle.stop(path.id, stopOptions(query, apiVersion))
    },
    async ContainerRestart({ path, query, apiVersion }) {
      await lifecycle.restart(path.id, stopOptions(query, apiVersion))
    },
    async ContainerKill({ path, query }) {
      await lifecycle.kill(path.id, query.signal || undefined)
    },
    ContainerUpdate({ path, body, apiVersion }) {
      const { PidsLimit: _, ...older } = body
      return containers.update(path.id, isOlder(apiVersion, '1.40') ? older : body)
    },
    ContainerRename({ path, query }) {
      containers.rename(path.id, query.name ?? '')
    },
    async ContainerPause({ path }) {
      await lifecycle.pause(path.id)
    },
    async ContainerUnpause({ path }) {
      await lifecycle.unpause(path.id)
    },
    async ContainerResize({ path, query }) {
      await lifecycle.resize(path.id, { rows: query.h ?? 0, columns: query.w ?? 0 })
    },
    async ContainerWait({ path, query, apiVersion, response, signal }) {
      const condition = isOlder(apiVersion, '1.30') ? undefined : query.condition
      const { result } = await lifecycle.wait(path.id, condition, { signal })
      // clients start the container only once they have these headers
      if (!isOlder(apiVersion, '1.30')) beginStream(response, 'application/json')
      const end = await result.catch(() => undefined)
      if (!response.headersSent) return end
      response.end(end ? `${JSON.stringify(end)}\n` : undefined)
      return STREAMED
    },
    async ContainerDelete({ path, query }) {
      await containers.remove(path.id, { force: query.force, volumes: query.v, link: query.link })
    },
    ContainerPrune: ({ query }) => containers.prune(parseFilters(query.filters), momentMs),
  }
}

function stopOptions({ signal, t }: { signal?: string; t?: number }, apiVersion: string) {
  return {
    signal: isOlder(apiVersion, '1.42') ? undefined : signal || undefined,
    timeoutSeconds: t,
  }
}
