import { EngineError } from '../../errors.ts'
import type { EngineEvent } from '../../events/event.ts'
import type { EventService } from '../../events/event-service.ts'
import type { NetworkService } from '../../networks/network-service.ts'
import type { SystemService } from '../../system/system-service.ts'
import { isOlder } from '../../util/api-version.ts'
import { parseFilters, unixNano } from '../filters.ts'
import type { Handlers } from '../operations.ts'
import { sendText } from '../streams.ts'
import { diskUsageFor, infoFor } from '../versions/system.ts'

type Services = {
  readonly system: SystemService
  readonly events: EventService
  readonly networks: NetworkService
}

type Ids =
  | 'SystemInfo'
  | 'SystemVersion'
  | 'SystemDataUsage'
  | 'SystemEvents'
  | 'NetworkList'
  | 'NetworkInspect'
  | 'NetworkPrune'
  | 'VolumeList'
  | 'VolumeInspect'
  | 'VolumeDelete'
  | 'VolumePrune'
  | 'PluginList'
  | 'PluginInspect'

const noVolume = (name: string) => new EngineError('not-found', `get ${name}: no such volume`)

export function systemRoutes({ system, events, networks }: Services): Handlers<Ids> {
  return {
    SystemInfo: ({ apiVersion }) => infoFor(system.info(), apiVersion),
    SystemVersion: () => system.version(),
    SystemDataUsage: async ({ query, apiVersion }) =>
      diskUsageFor(await system.diskUsage(query.type), apiVersion),
    async SystemEvents({ query, apiVersion, response, signal }) {
      const since = unixNano(query.since, 'since')
      const until = unixNano(query.until, 'until')
      if (since !== undefined && until !== undefined && since > until) {
        throw new EngineError(
          'invalid-parameter',
          `\`since\` time (${query.since}) cannot be after \`until\` time (${query.until})`,
        )
      }
      const filters = parseFilters(query.filters)
      const found = events.subscribe({ since, until, sinceId: query.since_id, filters, signal })
      return sendText(response, 'application/json', eventLines(found, apiVersion))
    },
    NetworkList({ query }) {
      return networks.list(parseFilters(query.filters))
    },
    NetworkInspect: ({ path }) => networks.inspect(path.id),
    NetworkPrune: () => ({ NetworksDeleted: null }),
    VolumeList: () => ({ Volumes: [], Warnings: null }),
    VolumeInspect({ path }) {
      throw noVolume(path.name)
    },
    VolumeDelete({ path, query }) {
      if (!query.force) throw noVolume(path.name)
    },
    VolumePrune: () => ({ VolumesDeleted: null, SpaceReclaimed: 0 }),
    PluginList: () => [],
    PluginInspect({ path }) {
      throw new EngineError('not-found', `plugin "${path.name}" not found`)
    },
  }
}

async function* eventLines(
  events: AsyncIterable<EngineEvent>,
  apiVersion: string,
): AsyncGenerator<string> {
  for await (const event of events) yield `${eventJson(event, apiVersion)}\n`
}

/** By hand: timeNano is larger than a number of JavaScript can be exactly. */
export function eventJson(event: EngineEvent, apiVersion: string): string {
  const { id, type, action, actorId, attributes, timeNano } = event
  const legacy: Record<string, string> = {}
  if (isOlder(apiVersion, '1.52') && (type === 'container' || type === 'image')) {
    legacy.status = action
    legacy.id = actorId
    if (type === 'container') legacy.from = attributes.image ?? ''
  }
  const text = JSON.stringify({
    ...legacy,
    Type: type,
    Action: action,
    Actor: { ID: actorId, Attributes: attributes },
    scope: 'local',
    time: Number(timeNano / 1_000_000_000n),
    eventId: id,
  })
  return `${text.slice(0, -1)},"timeNano":${timeNano}}`
}
