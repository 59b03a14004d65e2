import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { DeviceMapping, HostConfig } from '../../api-spec/generated/types.ts'
import { EngineError } from '../errors.ts'
import type { DeviceNode } from '../shim/protocol.ts'
import { majorOf, minorOf } from './cgroup-driver.ts'
import { type DeviceRule, parseDeviceRule } from './device-rules.ts'

const node = (path: string, major: number, minor: number): DeviceNode => ({
  path,
  type: 'c',
  major,
  minor,
  mode: 0o666,
  uid: 0,
  gid: 0,
})

const DEFAULTS: readonly DeviceNode[] = [
  node('/dev/null', 1, 3),
  node('/dev/zero', 1, 5),
  node('/dev/full', 1, 7),
  node('/dev/random', 1, 8),
  node('/dev/urandom', 1, 9),
  node('/dev/tty', 5, 0),
]

function hostNode(source: string, target: string): DeviceNode | undefined {
  const stat = statSync(source, { throwIfNoEntry: false })
  if (!stat || (!stat.isCharacterDevice() && !stat.isBlockDevice())) return undefined
  return {
    path: target,
    type: stat.isBlockDevice() ? 'b' : 'c',
    major: majorOf(stat.rdev),
    minor: minorOf(stat.rdev),
    mode: stat.mode & 0o777,
    uid: stat.uid,
    gid: stat.gid,
  }
}

/** Device nodes of a directory of the host, at any depth; what is not a device is left out. */
function nodesBelow(
  source: string,
  target: string,
  skip: ReadonlySet<string> = new Set(),
): DeviceNode[] {
  return readdirSync(source, { withFileTypes: true }).flatMap((entry) => {
    const from = join(source, entry.name)
    if (skip.has(from)) return []
    if (entry.isDirectory()) return nodesBelow(from, join(target, entry.name), skip)
    if (entry.isSymbolicLink()) return []
    const found = hostNode(from, join(target, entry.name))
    return found ? [found] : []
  })
}

function mapped({ PathOnHost = '', PathInContainer = '', CgroupPermissions = '' }: DeviceMapping) {
  const target = PathInContainer || PathOnHost
  const access = CgroupPermissions || 'rwm'
  if (!/^[rwm]{1,3}$/.test(access)) {
    throw new EngineError('invalid-parameter', `invalid device mode: ${access}`)
  }
  const stat = statSync(PathOnHost, { throwIfNoEntry: false })
  if (!stat) {
    throw new EngineError(
      'invalid-parameter',
      `error gathering device information while adding custom device "${PathOnHost}": no such file or directory`,
    )
  }
  const single = hostNode(PathOnHost, target)
  const nodes = single ? [single] : stat.isDirectory() ? nodesBelow(PathOnHost, target) : []
  if (nodes.length === 0) {
    throw new EngineError(
      'invalid-parameter',
      `error gathering device information while adding custom device "${PathOnHost}": not a device node`,
    )
  }
  const rules = nodes.map(
    ({ type, major, minor }): DeviceRule => ({
      type: type === 'b' ? 'b' : 'c',
      major,
      minor,
      access,
    }),
  )
  return { nodes, rules }
}

const NOT_COPIED = new Set([
  '/dev/pts',
  '/dev/shm',
  '/dev/mqueue',
  '/dev/console',
  '/dev/fd',
  '/dev/ptmx',
])

/** The device nodes of a container and the rules for those beyond the defaults. */
export function devicesOf(hostConfig: HostConfig): { nodes: DeviceNode[]; rules: DeviceRule[] } {
  const given = (hostConfig.Devices ?? []).map(mapped)
  const own = given.flatMap(({ nodes }) => nodes)
  const names = new Set(own.map(({ path }) => path))
  const base = hostConfig.Privileged ? nodesBelow('/dev', '/dev', NOT_COPIED) : []
  const isNew = (seen: Set<string>) => (it: DeviceNode) =>
    !seen.has(it.path) && Boolean(seen.add(it.path))
  return {
    nodes: [...DEFAULTS, ...base].filter(isNew(names)).concat(own),
    rules: [
      ...given.flatMap(({ rules }) => rules),
      ...(hostConfig.DeviceCgroupRules ?? []).map(parseDeviceRule),
    ],
  }
}
