import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Config } from '../config.ts'
import { EngineError } from '../errors.ts'
import { log } from '../log.ts'
import { parentGroups, V2_CONTROLLERS } from './cgroup-config.ts'
import type { CgroupFacts, HostFacts } from './host.ts'

/**
 * v2: makes the groups above the containers' and turns the controllers on in them. v1: gives the group above the containers' cpusets the
 * processors and memory nodes of the host, for a new one there has none and its children could have none either (cpuset(7)).
 */
export function prepareCgroups({ cgroup }: HostFacts, config: Config): void {
  const groups = parentGroups(cgroup, config.cgroupParent)
  for (const group of groups) {
    enableControllers(dirname(group))
    mkdirSync(group, { recursive: true })
  }
  const last = groups.at(-1)
  if (last) enableControllers(last)
  if (cgroup.version === 1 && cgroup.roots.cpuset) prepareCpuset(cgroup, config.cgroupParent)
}

function prepareCpuset({ roots, cpusetCpus, cpusetMems }: CgroupFacts, parent: string): void {
  const root = roots.cpuset ?? ''
  const parts = parent.split('/').filter((part) => part !== '')
  for (const [index] of parts.entries()) {
    const group = join(root, ...parts.slice(0, index + 1))
    mkdirSync(group, { recursive: true })
    fillIfEmpty(join(group, 'cpuset.cpus'), cpusetCpus)
    fillIfEmpty(join(group, 'cpuset.mems'), cpusetMems)
  }
}

function fillIfEmpty(file: string, value: string): void {
  try {
    if (readFileSync(file, 'utf8').trim() === '') writeFileSync(file, value)
  } catch (err) {
    log.containers.warn({ file, err }, 'cannot prepare the cpuset of containers')
  }
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
