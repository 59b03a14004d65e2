import { existsSync, readFileSync } from 'node:fs'
import { arch, cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'

export type CgroupFacts = {
  readonly version: 1 | 2
  /** v1: where each controller's hierarchy is mounted; v2: the one mount point under ''. */
  readonly roots: Readonly<Record<string, string>>
  /** v1: cpus and memory nodes a new cpuset group has to be given. */
  readonly cpusetCpus: string
  readonly cpusetMems: string
}

/** What this machine is, read once. */
export type HostFacts = {
  readonly bootId: string
  readonly cgroup: CgroupFacts
  readonly cpuCount: number
  readonly memoryBytes: number
  readonly kernel: string
  readonly architecture: 'amd64' | 'arm64'
  /** Capabilities that we can pass on (CapBnd of /proc/self/status). */
  readonly boundingCapabilities: bigint
  readonly hasSwapLimit: boolean
  readonly hasApparmor: boolean
  /** Files that may be masked and exist on some machines only. */
  readonly thermalThrottlePaths: readonly string[]
}

const read = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8').trim() : '')

/** proc_pid_mountinfo(5): the mount point is field 5, type and super options follow a dash. */
function cgroupMounts(): { point: string; type: string; options: string[] }[] {
  return read('/proc/self/mountinfo')
    .split('\n')
    .flatMap((line) => {
      const [before = '', after = ''] = line.split(' - ')
      const [type = '', , options = ''] = after.split(' ')
      if (type !== 'cgroup' && type !== 'cgroup2') return []
      return [{ point: before.split(' ')[4] ?? '', type, options: options.split(',') }]
    })
}

const CONTROLLERS = [
  'cpu',
  'cpuacct',
  'cpuset',
  'memory',
  'devices',
  'freezer',
  'blkio',
  'pids',
  'hugetlb',
]

function cgroupFacts(): CgroupFacts {
  const mounts = cgroupMounts()
  const v1 = mounts.filter(({ type }) => type === 'cgroup')
  const roots: Record<string, string> = {}
  for (const { point, options } of v1) {
    for (const controller of CONTROLLERS)
      if (options.includes(controller)) roots[controller] = point
  }
  const unified = mounts.find(({ type }) => type === 'cgroup2')
  const isV2 = unified !== undefined && roots.memory === undefined && roots.pids === undefined
  const cpuset = roots.cpuset ?? ''
  return {
    version: isV2 ? 2 : 1,
    roots: isV2 ? { '': unified.point } : roots,
    cpusetCpus: read(join(cpuset, 'cpuset.cpus')),
    cpusetMems: read(join(cpuset, 'cpuset.mems')),
  }
}

export function readHostFacts(): HostFacts {
  const cgroup = cgroupFacts()
  const status = read('/proc/self/status')
  const bounding = /^CapBnd:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'
  const count = cpus().length
  return {
    bootId: read('/proc/sys/kernel/random/boot_id'),
    cgroup,
    cpuCount: count,
    memoryBytes: totalmem(),
    kernel: release(),
    architecture: arch() === 'arm64' ? 'arm64' : 'amd64',
    boundingCapabilities: BigInt(`0x${bounding}`),
    hasSwapLimit:
      cgroup.version === 2 ||
      existsSync(join(cgroup.roots.memory ?? '', 'memory.memsw.limit_in_bytes')),
    hasApparmor: read('/sys/module/apparmor/parameters/enabled') === 'Y',
    thermalThrottlePaths: Array.from(
      { length: count },
      (_, cpu) => `/sys/devices/system/cpu/cpu${cpu}/thermal_throttle`,
    ).filter((path) => existsSync(path)),
  }
}
