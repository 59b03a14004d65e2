import { EngineError } from '../errors.ts'
import type { Container, ContainerStatus } from './container.ts'

/** As it comes from http/filters.ts: the values of one key are alternatives. */
export type Filters = Readonly<Record<string, readonly string[]>>

/** What a filter has to look up elsewhere. */
export type FilterContext = {
  readonly health: (id: string) => string
  /** Names and ids of the networks it is, or is to be, connected to. */
  readonly networks: (container: Container) => readonly string[]
  /** The image that is meant, and those made from it. */
  readonly imageIds: (reference: string) => readonly string[]
  readonly container: (ref: string) => Container
}

type Predicate = (container: Container) => boolean

const STATUSES = ['created', 'restarting', 'running', 'removing', 'paused', 'exited', 'dead']
const HEALTHS = ['starting', 'healthy', 'unhealthy', 'none']

const PREDICATES: Readonly<
  Record<string, (values: readonly string[], context: FilterContext) => Predicate>
> = {
  id: (values) => anyPattern(values, ({ id }) => [id]),
  name: (values) => anyPattern(values, ({ name }) => [name, `/${name}`]),
  label: (values) => (container) => values.every((it) => hasLabel(container, it)),
  'label!': (values) => (container) => !values.some((it) => hasLabel(container, it)),
  status: (values) => {
    assertKnown('status', values, STATUSES)
    return ({ status }) => values.includes(status)
  },
  exited: (values) => {
    if (!values.every((it) => /^-?\d+$/.test(it))) throw invalidFilter('exited', values)
    const codes = values.map(Number)
    return ({ status, exitCode, startedAt }) =>
      status === 'exited' && startedAt !== null && codes.includes(exitCode)
  },
  ancestor: (values, { imageIds }) => {
    const ids = new Set(values.flatMap((it) => imageIds(it)))
    return ({ imageId }) => ids.has(imageId)
  },
  before: (values, { container }) => {
    const others = values.map((it) => container(it))
    return (it) => others.some((other) => isOlder(it, other))
  },
  since: (values, { container }) => {
    const others = values.map((it) => container(it))
    return (it) => others.some((other) => isOlder(other, it))
  },
  volume: (values) => (container) =>
    container.mounts.some(
      ({ Name, Destination }) => values.includes(Name ?? '') || values.includes(Destination ?? ''),
    ),
  network:
    (values, { networks }) =>
    (container) =>
      networks(container).some((network) =>
        values.some((it) => network === it || (it.length >= 12 && network.startsWith(it))),
      ),
  health: (values, { health }) => {
    assertKnown('health', values, HEALTHS)
    return ({ id }) => values.includes(health(id))
  },
  publish: (values) => {
    const isWanted = portMatcher('publish', values)
    return ({ hostConfig }) => Object.keys(hostConfig.PortBindings ?? {}).some(isWanted)
  },
  expose: (values) => {
    const isWanted = portMatcher('expose', values)
    return ({ config }) => Object.keys(config.ExposedPorts ?? {}).some(isWanted)
  },
  'is-task': (values) => {
    assertKnown('is-task', values, ['true', '1', 'false', '0'])
    return () => values.some((it) => it === 'false' || it === '0')
  },
  isolation: () => () => true,
}

/** Filters that say which states are meant make `all` needless. */
export function impliesAll(filters: Filters): boolean {
  return filters.status !== undefined || filters.exited !== undefined
}

export function containerFilter(filters: Filters, context: FilterContext): Predicate {
  const predicates = Object.entries(filters).map(([key, values]) => {
    const predicate = PREDICATES[key]
    if (!predicate || key === 'label!')
      throw new EngineError('invalid-parameter', `invalid filter '${key}'`)
    return predicate(values, context)
  })
  return (container) => predicates.every((matches) => matches(container))
}

/** Of prune: `label`, `label!`, `until` (milliseconds since the epoch, as `untilMs` reads it). */
export function pruneFilter(filters: Filters, untilMs: (text: string) => number): Predicate {
  for (const key of Object.keys(filters)) {
    if (!['label', 'label!', 'until'].includes(key)) {
      throw new EngineError('invalid-parameter', `invalid filter '${key}'`)
    }
  }
  const until = filters.until?.map(untilMs)
  const labels = PREDICATES.label?.(filters.label ?? [], {} as FilterContext)
  const withoutLabels = PREDICATES['label!']?.(filters['label!'] ?? [], {} as FilterContext)
  return (container) =>
    (until === undefined || container.createdAt.getTime() < Math.min(...until)) &&
    labels?.(container) === true &&
    withoutLabels?.(container) === true
}

export function isShownByDefault(status: ContainerStatus): boolean {
  return status === 'running' || status === 'paused' || status === 'restarting'
}

function isOlder(a: Container, b: Container): boolean {
  return a.id !== b.id && a.createdAt.getTime() < b.createdAt.getTime()
}

function hasLabel({ config }: Container, wanted: string): boolean {
  const [key = '', ...value] = wanted.split('=')
  const label = config.Labels?.[key]
  return label !== undefined && (value.length === 0 || label === value.join('='))
}

/** A value is a regular expression; one that is none is taken as text. */
function anyPattern(values: readonly string[], texts: (it: Container) => string[]): Predicate {
  const patterns = values.map((value) => {
    try {
      return new RegExp(value)
    } catch {
      return { test: (text: string) => text === value }
    }
  })
  return (container) => texts(container).some((text) => patterns.some((it) => it.test(text)))
}

/** `80`, `80/udp`, `8000-8080/tcp` against the keys of ExposedPorts and PortBindings. */
function portMatcher(filter: string, values: readonly string[]): (port: string) => boolean {
  const ranges = values.map((value) => {
    const match = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/.exec(value)
    const [, first, last, protocol = 'tcp'] = match ?? []
    if (first === undefined || Number(last ?? first) < Number(first)) {
      throw invalidFilter(filter, values)
    }
    return { first: Number(first), last: Number(last ?? first), protocol }
  })
  return (port) => {
    const [number, protocol = 'tcp'] = port.split('/')
    return ranges.some(
      (it) => it.protocol === protocol && Number(number) >= it.first && Number(number) <= it.last,
    )
  }
}

function assertKnown(filter: string, values: readonly string[], known: readonly string[]): void {
  const unknown = values.find((it) => !known.includes(it))
  if (unknown !== undefined) {
    throw new EngineError('invalid-parameter', `invalid filter '${filter}=${unknown}'`)
  }
}

function invalidFilter(filter: string, values: readonly string[]): EngineError {
  return new EngineError('invalid-parameter', `invalid filter '${filter}=[${values.join(' ')}]'`)
}
