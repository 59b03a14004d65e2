import { createHash } from 'node:crypto'
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
