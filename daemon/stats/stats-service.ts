import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from '../config.ts'
import { cgroupDirectory } from '../containers/cgroup-config.ts'
import type { Container } from '../containers/container.ts'
import type { ContainerService } from '../containers/container-service.ts'
import type { HostFacts } from '../containers/host.ts'
import {
  cgroupFile,
  networkStats,
  type ReadFile,
  readFileOrEmpty,
  sampleV1,
  sampleV2,
  systemCpuNano,
} from './cgroup-stats.ts'

const INTERVAL_MS = 1000
const NEVER = '0001-01-01T00:00:00Z'

type Deps = {
  readonly config: Config
  readonly host: HostFacts
  readonly containers: ContainerService
}

type CpuStats = Readonly<Record<string, unknown>>

export type Stats = Readonly<Record<string, unknown>> & {
  readonly read: string
  readonly cpu_stats: CpuStats
}

const NO_CPU: CpuStats = {
  cpu_usage: { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 },
  throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
}

const NO_BLKIO = {
  io_service_bytes_recursive: null,
  io_serviced_recursive: null,
  io_queue_recursive: null,
  io_service_time_recursive: null,
  io_wait_time_recursive: null,
  io_merged_recursive: null,
  io_time_recursive: null,
  sectors_recursive: null,
}

/** How much containers use, once or every second. */
export class StatsService {
  readonly #deps: Deps

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** One sample, with the one a second before it unless `oneShot`. */
  async once(ref: string, { oneShot }: { readonly oneShot: boolean }): Promise<Stats> {
    const { id } = this.#deps.containers.get(ref)
    const first = this.#sample(id)
    if (oneShot || first === undefined || first.read === NEVER)
      return withPrevious(first ?? {}, undefined)
    await sleep(INTERVAL_MS)
    return withPrevious(this.#sample(id) ?? first, first)
  }

  /** A sample every second until the container is removed or the reader leaves. */
  async *stream(ref: string, { signal }: { readonly signal: AbortSignal }): AsyncGenerator<Stats> {
    const { id } = this.#deps.containers.get(ref)
    let previous: Stats | undefined
    for (;;) {
      const sample = this.#sample(id)
      if (sample === undefined || signal.aborted) return
      yield withPrevious(sample, previous)
      previous = sample
      await sleep(INTERVAL_MS, undefined, { signal }).catch(() => undefined)
    }
  }

  #sample(id: string): Stats | undefined {
    let container: Container
    try {
      container = this.#deps.containers.get(id)
    } catch {
      return undefined
    }
    const identity = { name: `/${container.name}`, id }
    if (container.pid === 0) {
      return {
        ...identity,
        read: NEVER,
        pids_stats: {},
        blkio_stats: NO_BLKIO,
        num_procs: 0,
        storage_stats: {},
        cpu_stats: NO_CPU,
        memory_stats: {},
      }
    }
    return { ...identity, ...this.#measure(container) }
  }

  #measure(
    container: Container,
  ): Omit<Stats, 'name' | 'id'> & { read: string; cpu_stats: CpuStats } {
    const { config, host } = this.#deps
    const read: ReadFile = (controller, file) =>
      cgroupFile(cgroupDirectory(container, controller, { config, host }), file)
    const sample = host.cgroup.version === 2 ? sampleV2(read) : sampleV1(read)
    const { limit } = sample.memory_stats
    const networks =
      container.hostConfig.NetworkMode === 'bridge'
        ? networkStats(readFileOrEmpty(`/proc/${container.pid}/net/dev`))
        : undefined
    return {
      read: new Date().toISOString(),
      pids_stats: sample.pids_stats,
      blkio_stats: sample.blkio_stats,
      num_procs: 0,
      storage_stats: {},
      cpu_stats: {
        cpu_usage: sample.cpu_usage,
        system_cpu_usage: systemCpuNano(),
        online_cpus: host.cpuCount,
        throttling_data: sample.throttling_data,
      },
      // an unlimited group says a number that no memory has
      memory_stats: {
        ...sample.memory_stats,
        limit: Math.min(limit ?? host.memoryBytes, host.memoryBytes),
      },
      ...(networks ? { networks } : {}),
    }
  }
}

function withPrevious(sample: object, previous: Stats | undefined): Stats {
  return {
    ...sample,
    preread: previous?.read ?? NEVER,
    precpu_stats: previous?.cpu_stats ?? NO_CPU,
  } as unknown as Stats
}
