import { createHash } from 'node:crypto'
import { EngineError } from '../errors.ts'
import type { Subnet } from './ipam.ts'

export type Network = {
  readonly id: string
  readonly name: string
  readonly driver: string
  readonly createdAt: Date
  /** Of the bridge; undefined where the network has no addresses. */
  readonly subnet: Subnet | undefined
  readonly gateway: string
}

/** The networks that are always there have ids that do not change from one daemon's start to the next. */
export function predefinedId(instanceId: string, name: string): string {
  return createHash('sha256').update(`tsd ${instanceId} ${name}`).digest('hex')
}

type Filters = Readonly<Record<string, readonly string[]>>

const FILTERS: Readonly<Record<string, (network: Network, wanted: string) => boolean>> = {
  id: ({ id }, wanted) => id.startsWith(wanted),
  name: ({ name }, wanted) => name.includes(wanted),
  driver: ({ driver }, wanted) => driver === wanted,
  scope: (_, wanted) => wanted === 'local',
  type: (_, wanted) => wanted === 'builtin',
  dangling: (_, wanted) => wanted === 'false' || wanted === '0',
  label: () => false,
}

/** Filters of the list; throws for one that is not known. */
export function networkFilter(filters: Filters): (network: Network) => boolean {
  const unknown = Object.keys(filters).find((name) => !(name in FILTERS))
  if (unknown !== undefined)
    throw new EngineError('invalid-parameter', `invalid filter '${unknown}'`)
  const checks = Object.entries(filters)
  return (network) =>
    checks.every(([name, values]) => values.some((wanted) => FILTERS[name]?.(network, wanted)))
}
