import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Config } from '../config.ts'
import { EngineError } from '../errors.ts'
import { log } from '../log.ts'
import { parentGroups, V2_CONTROLLERS } from './cgroup-config.ts'
import type { HostFacts } from './host.ts'

/** v2: makes the groups above the containers' and turns the controllers on in them. Nothing on v1. */
export function prepareCgroups({ cgroup }: HostFacts, config: Config): void {
  const groups = parentGroups(cgroup, config.cgroupParent)
  for (const group of groups) {
    enableControllers(dirname(group))
    mkdirSync(group, { recursive: true })
  }
  const last = groups.at(-1)
  if (last) enableControllers(last)
}

function enableControllers(group: string): void {
  const file = join(group, 'cgroup.subtree_control')
  if (!existsSync(file)) return
  const available = readFileSync(join(group, 'cgroup.controllers'), 'utf8').trim().split(' ')
  for (const controller of V2_CONTROLLERS.filter((name) => available.includes(name))) {
    try {
      writeFileSync(file, `+${controller}`)
    } catch (err) {
      log.containers.warn({ group, controller, err }, 'cannot turn on a cgroup controller')
    }
  }
}

/** `major:minor` of a block device on the host, as cgroup files take it. */
export function blockDeviceNumber(path: string): string {
  let rdev: number
  try {
    const stat = statSync(path)
    if (!stat.isBlockDevice()) throw new Error('not a block device')
    rdev = stat.rdev
  } catch (err) {
    throw new EngineError('invalid-parameter', `${path}: ${(err as Error).message}`, { cause: err })
  }
  return `${majorOf(rdev)}:${minorOf(rdev)}`
}

/** makedev(3), for numbers below 2^32. */
export const majorOf = (rdev: number): number => (rdev >> 8) & 0xfff
export const minorOf = (rdev: number): number => (rdev & 0xff) | ((rdev >> 12) & 0xfff00)
