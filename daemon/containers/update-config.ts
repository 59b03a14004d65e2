import type {
  ContainerUpdateRequest,
  HostConfig,
  Resources,
} from '../../api-spec/generated/types.ts'
import type { Config } from '../config.ts'
import { EngineError } from '../errors.ts'
import type { CgroupWrite } from '../shim/protocol.ts'
import { resourceWrites } from './cgroup-config.ts'
import { blockDeviceNumber } from './cgroup-driver.ts'
import type { Container } from './container.ts'
import type { HostFacts } from './host.ts'
import { validateHostConfig } from './validate-host-config.ts'
import { validateResources } from './validate-resources.ts'

const UPDATABLE = [
  'BlkioWeight',
  'CpuShares',
  'CpuPeriod',
  'CpuQuota',
  'CpuRealtimePeriod',
  'CpuRealtimeRuntime',
  'CpusetCpus',
  'CpusetMems',
  'Memory',
  'MemoryReservation',
  'MemorySwap',
  'NanoCpus',
  'PidsLimit',
] as const satisfies readonly (keyof Resources)[]

export type Update = {
  readonly hostConfig: HostConfig
  /** For a container that runs. */
  readonly writes: CgroupWrite[]
  readonly deviceProgram: string | null
  readonly warnings: string[]
}

function changedResources(request: ContainerUpdateRequest): Resources {
  return Object.fromEntries(
    UPDATABLE.flatMap((name) => (request[name] ? [[name, request[name]]] : [])),
  ) as Resources
}

function assertTogether(now: HostConfig, change: Resources): void {
  const isCapped = now.Memory && now.MemorySwap && now.MemorySwap > 0
  if (change.Memory && !change.MemorySwap && isCapped && change.Memory > (now.MemorySwap ?? 0)) {
    throw new EngineError(
      'conflict',
      'Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time',
    )
  }
  if ((change.CpuQuota || change.CpuPeriod) && now.NanoCpus) {
    throw new EngineError(
      'conflict',
      'Conflicting options: CPU Quota cannot be updated as NanoCPUs has already been set',
    )
  }
  if (change.NanoCpus && (now.CpuQuota || now.CpuPeriod)) {
    throw new EngineError(
      'conflict',
      'Conflicting options: Nano CPUs cannot be updated as CPU Quota has already been set',
    )
  }
}

/** Raising both limits of memory goes upwards first, else the kernel refuses. */
function inOrder(now: HostConfig, change: Resources, writes: CgroupWrite[]): CgroupWrite[] {
  const isRaised = (change.Memory ?? 0) > (now.Memory ?? 0) || change.MemorySwap === -1
  if (!isRaised) return writes
  const isSwap = ({ file }: CgroupWrite) => /memsw|swap\.max/.test(file)
  return [...writes.filter(isSwap), ...writes.filter((it) => !isSwap(it))]
}

/** `docker update`: which files to write, and what is stored. */
export function updateContainer(
  container: Container,
  request: ContainerUpdateRequest,
  { config, host }: { readonly config: Config; readonly host: HostFacts },
): Update {
  const { hostConfig } = container
  const change = changedResources(request)
  const policy = request.RestartPolicy?.Name ? { RestartPolicy: request.RestartPolicy } : {}
  const warnings = validateResources({ ...withoutSwap(hostConfig, change), ...change }, host)
  validateHostConfig({ AutoRemove: hostConfig.AutoRemove ?? false, ...policy })
  assertTogether(hostConfig, change)
  const writes = resourceWrites(container, change, {
    config,
    host,
    deviceNumber: blockDeviceNumber,
  })
  return {
    hostConfig: { ...hostConfig, ...change, ...policy } as HostConfig,
    writes: inOrder(hostConfig, change, writes),
    deviceProgram: null,
    warnings,
  }
}

/** Checked are the values together, but for the default of swap, which follows memory. */
function withoutSwap(now: HostConfig, change: Resources): Resources {
  const { MemorySwap = 0, ...rest } = now
  return change.Memory && !change.MemorySwap ? rest : { ...rest, MemorySwap }
}
