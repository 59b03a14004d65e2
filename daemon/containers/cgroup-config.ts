import { join } from 'node:path'
import type { Resources } from '../../api-spec/generated/types.ts'
import type { Config } from '../config.ts'
import type { Cgroup, CgroupWrite } from '../shim/protocol.ts'
import type { Container } from './container.ts'
import { type DeviceRule, deviceProgram, deviceRules, formatDeviceRule } from './device-rules.ts'
import type { CgroupFacts, HostFacts } from './host.ts'

type Owner = Pick<Container, 'id' | 'hostConfig'>

/** Hierarchies of v1 that every container has a group in: for stats, for killing, for pausing. */
const ALWAYS = ['memory', 'cpu', 'cpuacct', 'pids', 'devices', 'blkio', 'freezer']

function groupPath({ id, hostConfig }: Owner, config: Config): string {
  return join('/', hostConfig.CgroupParent || config.cgroupParent, id)
}

function controllersOf(resources: Resources): string[] {
  const cpuset = resources.CpusetCpus || resources.CpusetMems
  return cpuset ? [...ALWAYS, 'cpuset'] : ALWAYS
}

/** By controller on v1, under '' on v2. */
function directoriesByController(
  owner: Owner,
  config: Config,
  { cgroup }: HostFacts,
): Map<string, string> {
  const path = groupPath(owner, config)
  if (cgroup.version === 2) return new Map([['', join(cgroup.roots[''] ?? '', path)]])
  return new Map(
    controllersOf(owner.hostConfig).flatMap((controller) => {
      const root = cgroup.roots[controller]
      return root === undefined ? [] : [[controller, join(root, path)] as const]
    }),
  )
}

/** Every directory of a container's cgroup, one a hierarchy. */
export function cgroupDirectories(owner: Owner, config: Config, host: HostFacts): string[] {
  return [...new Set(directoriesByController(owner, config, host).values())]
}

/** Where to read a controller's files. */
export function cgroupDirectory(
  owner: Owner,
  controller: string,
  { config, host }: { config: Config; host: HostFacts },
): string | undefined {
  const directories = directoriesByController(owner, config, host)
  return directories.get(host.cgroup.version === 2 ? '' : controller)
}

type Setting = readonly [
  controller: string,
  file: string,
  value: string | number,
  optional?: boolean,
]

function cpuSettingsV1(r: Resources): Setting[] {
  const settings: Setting[] = []
  if (r.CpuShares) settings.push(['cpu', 'cpu.shares', r.CpuShares])
  if (r.NanoCpus) {
    settings.push(
      ['cpu', 'cpu.cfs_period_us', 100_000],
      ['cpu', 'cpu.cfs_quota_us', Math.round(r.NanoCpus / 10_000)],
    )
  }
  if (r.CpuPeriod) settings.push(['cpu', 'cpu.cfs_period_us', r.CpuPeriod])
  if (r.CpuQuota) settings.push(['cpu', 'cpu.cfs_quota_us', r.CpuQuota])
  if (r.CpuRealtimePeriod) settings.push(['cpu', 'cpu.rt_period_us', r.CpuRealtimePeriod])
  if (r.CpuRealtimeRuntime) settings.push(['cpu', 'cpu.rt_runtime_us', r.CpuRealtimeRuntime])
  return settings
}

function memorySettingsV1(r: Resources, host: HostFacts): Setting[] {
  const settings: Setting[] = []
  const swap = swapLimit(r)
  // the limit of memory and swap may never be below that of memory alone: raised first, lowered last
  const memsw: Setting[] =
    swap === undefined || !host.hasSwapLimit
      ? []
      : [['memory', 'memory.memsw.limit_in_bytes', swap]]
  if (r.Memory) settings.push(['memory', 'memory.limit_in_bytes', r.Memory])
  settings.push(...memsw)
  if (r.MemoryReservation)
    settings.push(['memory', 'memory.soft_limit_in_bytes', r.MemoryReservation])
  if (typeof r.MemorySwappiness === 'number' && r.MemorySwappiness >= 0) {
    settings.push(['memory', 'memory.swappiness', r.MemorySwappiness])
  }
  if (r.OomKillDisable) settings.push(['memory', 'memory.oom_control', 1])
  return settings
}

/** Memory and swap together in bytes, −1 for no limit; twice the memory where only that is given. */
function swapLimit({ Memory, MemorySwap }: Resources): number | undefined {
  if (MemorySwap) return MemorySwap
  return Memory ? Memory * 2 : undefined
}

function throttles(
  r: Resources,
): { file: string; v2: string; devices: Resources['BlkioDeviceReadBps'] }[] {
  return [
    { file: 'blkio.throttle.read_bps_device', v2: 'rbps', devices: r.BlkioDeviceReadBps },
    { file: 'blkio.throttle.write_bps_device', v2: 'wbps', devices: r.BlkioDeviceWriteBps },
    { file: 'blkio.throttle.read_iops_device', v2: 'riops', devices: r.BlkioDeviceReadIOps },
    { file: 'blkio.throttle.write_iops_device', v2: 'wiops', devices: r.BlkioDeviceWriteIOps },
  ]
}

type DeviceNumber = (path: string) => string

function blkioSettingsV1(r: Resources, deviceNumber: DeviceNumber): Setting[] {
  const settings: Setting[] = []
  if (r.BlkioWeight) {
    settings.push(
      ['blkio', 'blkio.weight', r.BlkioWeight, true],
      ['blkio', 'blkio.bfq.weight', r.BlkioWeight, true],
    )
  }
  for (const { Path = '', Weight = 0 } of r.BlkioWeightDevice ?? []) {
    settings.push(['blkio', 'blkio.weight_device', `${deviceNumber(Path)} ${Weight}`, true])
  }
  for (const { file, devices } of throttles(r)) {
    for (const { Path = '', Rate = 0 } of devices ?? []) {
      settings.push(['blkio', file, `${deviceNumber(Path)} ${Rate}`])
    }
  }
  return settings
}

function settingsV1(r: Resources, host: HostFacts, deviceNumber: DeviceNumber): Setting[] {
  const settings = [
    ...cpuSettingsV1(r),
    ...memorySettingsV1(r, host),
    ...blkioSettingsV1(r, deviceNumber),
  ]
  if (r.CpusetCpus || r.CpusetMems) {
    // a new group of v1 has neither until it is given some
    settings.push(['cpuset', 'cpuset.cpus', r.CpusetCpus || host.cgroup.cpusetCpus])
    settings.push(['cpuset', 'cpuset.mems', r.CpusetMems || host.cgroup.cpusetMems])
  }
  if (r.PidsLimit) settings.push(['pids', 'pids.max', r.PidsLimit > 0 ? r.PidsLimit : 'max'])
  return settings
}

/** 1024 shares are weight 100; quadratic in log2, as runc 1.3.2 and crun 1.23 convert it. */
export function cpuWeight(shares: number): number {
  if (shares <= 2) return 1
  if (shares >= 262_144) return 10_000
  const l = Math.log2(shares)
  return Math.ceil(10 ** ((l * l + 125 * l) / 612 - 7 / 34))
}

function cpuMax({ NanoCpus, CpuPeriod, CpuQuota }: Resources): string | undefined {
  if (NanoCpus) return `${Math.round(NanoCpus / 10_000)} 100000`
  if (!CpuPeriod && !CpuQuota) return undefined
  return `${CpuQuota && CpuQuota > 0 ? CpuQuota : 'max'} ${CpuPeriod || 100_000}`
}

function memorySettingsV2(r: Resources): Setting[] {
  const settings: Setting[] = []
  const swap = swapLimit(r)
  if (swap !== undefined) {
    settings.push([
      '',
      'memory.swap.max',
      swap < 0 ? 'max' : Math.max(0, swap - (r.Memory ?? 0)),
      true,
    ])
  }
  if (r.Memory) settings.push(['', 'memory.max', r.Memory])
  if (r.MemoryReservation) settings.push(['', 'memory.low', r.MemoryReservation])
  return settings
}

function settingsV2(r: Resources, deviceNumber: DeviceNumber): Setting[] {
  const settings = memorySettingsV2(r)
  if (r.CpuShares) settings.push(['', 'cpu.weight', cpuWeight(r.CpuShares)])
  const max = cpuMax(r)
  if (max) settings.push(['', 'cpu.max', max])
  if (r.CpusetCpus) settings.push(['', 'cpuset.cpus', r.CpusetCpus])
  if (r.CpusetMems) settings.push(['', 'cpuset.mems', r.CpusetMems])
  if (r.BlkioWeight) {
    settings.push(['', 'io.bfq.weight', r.BlkioWeight, true])
    settings.push(['', 'io.weight', Math.floor(1 + ((r.BlkioWeight - 10) * 9999) / 990), true])
  }
  for (const { v2, devices } of throttles(r)) {
    for (const { Path = '', Rate = 0 } of devices ?? [])
      settings.push(['', 'io.max', `${deviceNumber(Path)} ${v2}=${Rate}`])
  }
  if (r.PidsLimit) settings.push(['', 'pids.max', r.PidsLimit > 0 ? r.PidsLimit : 'max'])
  return settings
}

export type CgroupContext = {
  readonly config: Config
  readonly host: HostFacts
  /** `major:minor` of a block device; throws if it is none. */
  readonly deviceNumber: DeviceNumber
}

/** The files to write for a set of limits; those that are unset are left alone. */
export function resourceWrites(
  owner: Owner,
  resources: Resources,
  context: CgroupContext,
): CgroupWrite[] {
  const { config, host, deviceNumber } = context
  const directories = directoriesByController(owner, config, host)
  const settings =
    host.cgroup.version === 2
      ? settingsV2(resources, deviceNumber)
      : settingsV1(resources, host, deviceNumber)
  return settings.flatMap(([controller, file, value, optional]) => {
    const directory = directories.get(controller)
    if (directory === undefined) return []
    return [
      { file: join(directory, file), value: String(value), ...(optional ? { optional } : {}) },
    ]
  })
}

function deviceWrites(directory: string | undefined, rules: readonly DeviceRule[]): CgroupWrite[] {
  if (directory === undefined) return []
  const isAll = rules.some(({ type }) => type === 'a')
  return [
    { file: join(directory, 'devices.deny'), value: 'a', optional: isAll },
    ...rules.map((rule) => ({
      file: join(directory, 'devices.allow'),
      value: formatDeviceRule(rule),
      optional: isAll,
    })),
  ]
}

/** The cgroup of a container, as the shim is to make it. */
export function cgroupConfig(
  owner: Owner,
  devices: readonly DeviceRule[],
  context: CgroupContext,
): Cgroup {
  const { config, host } = context
  const { version } = host.cgroup
  const { hostConfig } = owner
  const directories = directoriesByController(owner, config, host)
  const find = (controller: string) => directories.get(version === 2 ? '' : controller) ?? null
  const rules = deviceRules(devices, hostConfig.Privileged === true)
  const writes = resourceWrites(owner, hostConfig, context)
  return {
    version,
    directories: [...new Set(directories.values())],
    writes:
      version === 2 ? writes : [...deviceWrites(directories.get('devices'), rules), ...writes],
    memory: find('memory'),
    freezer: find('freezer'),
    deviceProgram: version === 2 ? deviceProgram(rules) : null,
  }
}

/** v2: controllers that have to be on in every group above a container's. */
export const V2_CONTROLLERS = ['cpu', 'cpuset', 'io', 'memory', 'pids', 'hugetlb']

/** Groups above the containers', topmost first. */
export function parentGroups({ version, roots }: CgroupFacts, parent: string): string[] {
  if (version !== 2) return []
  const parts = parent.split('/').filter((part) => part !== '')
  return parts.map((_, index) => join(roots[''] ?? '', ...parts.slice(0, index + 1)))
}
