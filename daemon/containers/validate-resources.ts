import type { HostConfig, Resources } from '../../api-spec/generated/types.ts'
import { EngineError } from '../errors.ts'
import type { HostFacts } from './host.ts'
import { ULIMITS } from './process-config.ts'

const LEAST_MEMORY = 6 * 2 ** 20

const refuse = (message: string) => new EngineError('invalid-parameter', message)

type Checks = readonly (readonly [isWrong: boolean, message: string])[]

function check(checks: Checks): void {
  const wrong = checks.find(([isWrong]) => isWrong)
  if (wrong) throw refuse(wrong[1])
}

function checkMemory({
  Memory = 0,
  MemorySwap = 0,
  MemoryReservation = 0,
  MemorySwappiness,
}: Resources): void {
  const swappiness = MemorySwappiness ?? -1
  check([
    [Memory !== 0 && Memory < LEAST_MEMORY, 'Minimum memory limit allowed is 6MB'],
    [
      Memory > 0 && MemorySwap > 0 && MemorySwap < Memory,
      'Minimum memoryswap limit should be larger than memory limit, see usage',
    ],
    [
      Memory === 0 && MemorySwap > 0,
      'You should always set the Memory limit when using Memoryswap limit, see usage',
    ],
    [
      swappiness < -1 || swappiness > 100,
      `Invalid value: ${swappiness}, valid memory swappiness range is 0-100`,
    ],
    [
      MemoryReservation > 0 && MemoryReservation < LEAST_MEMORY,
      'Minimum memory reservation allowed is 6MB',
    ],
    [
      Memory > 0 && MemoryReservation > Memory,
      'Minimum memory limit can not be less than memory reservation limit, see usage',
    ],
  ])
}

function checkCpu(
  { NanoCpus = 0, CpuPeriod = 0, CpuQuota = 0, CpuShares = 0 }: Resources,
  { cpuCount }: HostFacts,
): void {
  const most = cpuCount.toFixed(2)
  check([
    [
      NanoCpus > 0 && CpuPeriod > 0,
      'Conflicting options: Nano CPUs and CPU Period cannot both be set',
    ],
    [
      NanoCpus > 0 && CpuQuota > 0,
      'Conflicting options: Nano CPUs and CPU Quota cannot both be set',
    ],
    [
      NanoCpus < 0 || NanoCpus > cpuCount * 1e9,
      `range of CPUs is from 0.01 to ${most}, as there are only ${cpuCount} CPUs available`,
    ],
    [
      CpuPeriod !== 0 && (CpuPeriod < 1000 || CpuPeriod > 1_000_000),
      'CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)',
    ],
    [CpuQuota > 0 && CpuQuota < 1000, 'CPU cfs quota can not be less than 1ms (i.e. 1000)'],
    [CpuShares < 0, `invalid CPU shares (${CpuShares}): value must be a positive integer`],
  ])
}

/** `0-3,7` → the numbers; undefined where it is none. */
export function parseCpuset(text: string): Set<number> | undefined {
  const numbers = new Set<number>()
  for (const part of text.split(',').filter((it) => it !== '')) {
    const [, from, to = from] = /^(\d+)(?:-(\d+))?$/.exec(part.trim()) ?? []
    if (from === undefined || Number(to) < Number(from) || Number(to) > 8192) return undefined
    for (let number = Number(from); number <= Number(to); number++) numbers.add(number)
  }
  return numbers
}

function checkCpuset(
  what: 'CPUs' | 'memory nodes',
  wanted: string | undefined,
  available: string,
): void {
  if (!wanted) return
  const numbers = parseCpuset(wanted)
  if (!numbers)
    throw refuse(`Invalid value ${wanted} for cpuset ${what === 'CPUs' ? 'cpus' : 'mems'}`)
  const have = parseCpuset(available) ?? new Set()
  if ([...numbers].some((number) => !have.has(number))) {
    throw refuse(
      `Requested ${what} are not available - requested ${wanted}, available: ${available}`,
    )
  }
}

function checkBlkio({ BlkioWeight = 0, BlkioWeightDevice, ...rest }: Resources): void {
  const isOutside = (weight: number) => weight !== 0 && (weight < 10 || weight > 1000)
  if (isOutside(BlkioWeight)) throw refuse('Range of blkio weight is from 10 to 1000')
  for (const { Weight = 0 } of BlkioWeightDevice ?? []) {
    if (isOutside(Weight))
      throw refuse(`Invalid value ${Weight}, range for blkio weight is from 10 to 1000`)
  }
  const devices = [
    rest.BlkioDeviceReadBps,
    rest.BlkioDeviceWriteBps,
    rest.BlkioDeviceReadIOps,
    rest.BlkioDeviceWriteIOps,
  ]
  for (const { Path = '' } of devices.flatMap((it) => it ?? [])) {
    if (Path === '') throw refuse('blkio device path must not be empty')
  }
}

/** What is wrong with limits, in Docker's words; warnings for what this host cannot do. */
export function validateResources(resources: Resources, host: HostFacts): string[] {
  checkMemory(resources)
  checkCpu(resources, host)
  checkCpuset('CPUs', resources.CpusetCpus, host.cgroup.cpusetCpus || `0-${host.cpuCount - 1}`)
  checkCpuset('memory nodes', resources.CpusetMems, host.cgroup.cpusetMems || '0')
  checkBlkio(resources)
  return warnings(resources, host)
}

function warnings(
  { MemorySwappiness, OomKillDisable, Memory = 0, MemorySwap = 0 }: Resources,
  host: HostFacts,
): string[] {
  const isV2 = host.cgroup.version === 2
  const result: string[] = []
  if (
    isV2 &&
    MemorySwappiness !== undefined &&
    MemorySwappiness !== null &&
    MemorySwappiness >= 0
  ) {
    result.push(
      'Your kernel does not support memory swappiness capabilities or the cgroup is not mounted. Memory swappiness discarded.',
    )
  }
  if (isV2 && OomKillDisable) {
    result.push('Your kernel does not support OomKillDisable. OomKillDisable discarded.')
  }
  if (OomKillDisable && Memory === 0) {
    result.push(
      'OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.',
    )
  }
  if (!host.hasSwapLimit && Memory > 0 && MemorySwap !== -1) {
    result.push(
      'Your kernel does not support swap limit capabilities or the cgroup is not mounted. Memory limited without swap.',
    )
  }
  return result
}

export function validateUlimits(ulimits: HostConfig['Ulimits']): void {
  for (const { Name = '', Soft = 0, Hard = 0 } of ulimits ?? []) {
    if (!ULIMITS.includes(Name)) throw refuse(`invalid ulimit type: ${Name}`)
    if (Hard >= 0 && (Soft > Hard || Soft < 0)) {
      throw refuse(`ulimit soft limit must be less than or equal to hard limit: ${Soft} > ${Hard}`)
    }
  }
}
