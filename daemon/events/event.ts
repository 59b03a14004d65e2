export type NewEvent = {
  readonly type: string
  readonly action: string
  /** Of the object: a container's id, an image's, a network's. */
  readonly id: string
  readonly attributes: Readonly<Record<string, string>>
}

export type EngineEvent = Omit<NewEvent, 'id'> & {
  /** Without gaps, in the order things happened. */
  readonly id: number
  readonly actorId: string
  readonly timeNano: bigint
}

export type EventFilters = Readonly<Record<string, readonly string[]>>

const matchesPrefix = (text: string, wanted: string) => text === wanted || text.startsWith(wanted)

/** Names of containers, networks… match by id, by the start of an id, or by name. */
function isOf(type: string) {
  return (event: EngineEvent, wanted: string) =>
    event.type === type &&
    (matchesPrefix(event.actorId, wanted) || event.attributes.name === wanted.replace(/^\//, ''))
}

function withoutTag(reference: string): string {
  return reference.replace(/:[^/:]*$/, '')
}

function isOfImage(event: EngineEvent, wanted: string): boolean {
  const names = [
    event.actorId,
    event.attributes.image ?? '',
    event.type === 'image' ? (event.attributes.name ?? '') : '',
  ]
  return [...names, ...names.map(withoutTag)].includes(wanted)
}

function hasLabel({ attributes }: EngineEvent, wanted: string): boolean {
  const [name = '', value] = wanted.split(/=(.*)/s)
  return value === undefined ? name in attributes : attributes[name] === value
}

const FILTERS: Readonly<Record<string, (event: EngineEvent, wanted: string) => boolean>> = {
  container: isOf('container'),
  network: isOf('network'),
  volume: isOf('volume'),
  plugin: isOf('plugin'),
  daemon: isOf('daemon'),
  image: isOfImage,
  type: ({ type }, wanted) => type === wanted,
  // `exec_start: ls` and `health_status: healthy` are also found by what stands before the colon
  event: ({ action }, wanted) => action === wanted || action.startsWith(`${wanted}:`),
  label: hasLabel,
  scope: (_, wanted) => wanted === 'local',
  node: isOf('node'),
  service: isOf('service'),
  secret: isOf('secret'),
  config: isOf('config'),
}

/** Values of one filter are alternatives (labels: all of them), filters go together; a filter nobody knows is as none. */
export function eventFilter(filters: EventFilters): (event: EngineEvent) => boolean {
  const checks = Object.entries(filters).map(([name, values]) => {
    const matches = FILTERS[name] ?? (() => true)
    if (name === 'label')
      return (event: EngineEvent) => values.every((value) => matches(event, value))
    return (event: EngineEvent) =>
      values.length === 0 || values.some((value) => matches(event, value))
  })
  return (event) => checks.every((check) => check(event))
}
