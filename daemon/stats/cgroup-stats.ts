import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export type BlkioEntry = { major: number; minor: number; op: string; value: number }

/** Reads a cgroup file; '' where it is not there. */
export type ReadFile = (controller: string, file: string) => string

export function readFileOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** `key value` lines. */
export function parseKeyed(text: string): Record<string, number> {
  return Object.fromEntries(
    text
      .split('\n')
      .map((line) => line.split(' '))
      .filter(([key, value]) => key && value)
      .map(([key, value]) => [key, Number(value)]),
  )
}

const toNumber = (text: string) =>
  text.trim() === 'max' || text.trim() === '' ? undefined : Number(text)

function parseBlkio(text: string): BlkioEntry[] {
  return text.split('\n').flatMap((line) => {
    const match = /^(\d+):(\d+) (\w+) (\d+)$/.exec(line)
    if (!match) return []
    return [
      {
        major: Number(match[1]),
        minor: Number(match[2]),
        op: match[3] ?? '',
        value: Number(match[4]),
      },
    ]
  })
}

/** io.stat of v2: `8:0 rbytes=1 wbytes=2 …` */
function parseIoStat(text: string): BlkioEntry[] {
  return text.split('\n').flatMap((line) => {
    const [device = '', ...pairs] = line.split(' ')
    const [major, minor] = device.split(':').map(Number)
    if (major === undefined || minor === undefined) return []
    const values = Object.fromEntries(pairs.map((pair) => pair.split('=')))
    return [
      { major, minor, op: 'read', value: Number(values.rbytes ?? 0) },
      { major, minor, op: 'write', value: Number(values.wbytes ?? 0) },
    ]
  })
}

const NO_BLKIO = {
  io_queue_recursive: null,
  io_service_time_recursive: null,
  io_wait_time_recursive: null,
  io_merged_recursive: null,
  io_time_recursive: null,
  sectors_recursive: null,
}

export type CgroupSample = {
  readonly pids_stats: object
  readonly blkio_stats: object
  readonly cpu_usage: object
  readonly throttling_data: object
  readonly memory_stats: { usage?: number; limit?: number } & Record<string, unknown>
}

const HZ_NANO = 10_000_000

function memoryV1(read: ReadFile): CgroupSample['memory_stats'] {
  const usage = toNumber(read('memory', 'memory.usage_in_bytes')) ?? 0
  const limit = toNumber(read('memory', 'memory.limit_in_bytes'))
  return {
    usage,
    max_usage: toNumber(read('memory', 'memory.max_usage_in_bytes')) ?? 0,
    stats: parseKeyed(read('memory', 'memory.stat')),
    failcnt: toNumber(read('memory', 'memory.failcnt')) ?? 0,
    ...(limit === undefined ? {} : { limit }),
  }
}

export function sampleV1(read: ReadFile): CgroupSample {
  const percpu = read('cpuacct', 'cpuacct.usage_percpu')
    .trim()
    .split(/\s+/)
    .filter(Boolean)
    .map(Number)
  const ticks = parseKeyed(read('cpuacct', 'cpuacct.stat'))
  const throttled = parseKeyed(read('cpu', 'cpu.stat'))
  const limit = toNumber(read('pids', 'pids.max'))
  const bytes = parseBlkio(read('blkio', 'blkio.throttle.io_service_bytes_recursive'))
  return {
    pids_stats: {
      current: toNumber(read('pids', 'pids.current')) ?? 0,
      ...(limit === undefined ? {} : { limit }),
    },
    blkio_stats: {
      io_service_bytes_recursive:
        bytes.length > 0 ? bytes : parseBlkio(read('blkio', 'blkio.throttle.io_service_bytes')),
      io_serviced_recursive: parseBlkio(read('blkio', 'blkio.throttle.io_serviced_recursive')),
      io_queue_recursive: [],
      io_service_time_recursive: [],
      io_wait_time_recursive: [],
      io_merged_recursive: [],
      io_time_recursive: [],
      sectors_recursive: [],
    },
    cpu_usage: {
      total_usage: toNumber(read('cpuacct', 'cpuacct.usage')) ?? 0,
      percpu_usage: percpu,
      usage_in_kernelmode: (ticks.system ?? 0) * HZ_NANO,
      usage_in_usermode: (ticks.user ?? 0) * HZ_NANO,
    },
    throttling_data: {
      periods: throttled.nr_periods ?? 0,
      throttled_periods: throttled.nr_throttled ?? 0,
      throttled_time: throttled.throttled_time ?? 0,
    },
    memory_stats: memoryV1(read),
  }
}

export function sampleV2(read: ReadFile): CgroupSample {
  const cpu = parseKeyed(read('', 'cpu.stat'))
  const micro = (name: string) => (cpu[name] ?? 0) * 1000
  const pidsLimit = toNumber(read('', 'pids.max'))
  const limit = toNumber(read('', 'memory.max'))
  return {
    pids_stats: {
      current: toNumber(read('', 'pids.current')) ?? 0,
      ...(pidsLimit === undefined ? {} : { limit: pidsLimit }),
    },
    blkio_stats: {
      io_service_bytes_recursive: parseIoStat(read('', 'io.stat')),
      io_serviced_recursive: null,
      ...NO_BLKIO,
    },
    cpu_usage: {
      total_usage: micro('usage_usec'),
      usage_in_kernelmode: micro('system_usec'),
      usage_in_usermode: micro('user_usec'),
    },
    throttling_data: {
      periods: cpu.nr_periods ?? 0,
      throttled_periods: cpu.nr_throttled ?? 0,
      throttled_time: micro('throttled_usec'),
    },
    memory_stats: {
      usage: toNumber(read('', 'memory.current')) ?? 0,
      stats: parseKeyed(read('', 'memory.stat')),
      ...(limit === undefined ? {} : { limit }),
    },
  }
}

/** proc_pid_net_dev: counters of each interface but the loopback, of the namespace that a process is in. */
export function networkStats(text: string): Record<string, object> {
  const entries = text.split('\n').flatMap((line) => {
    const [, name = '', rest = ''] = /^\s*([^:\s]+):(.*)$/.exec(line) ?? []
    if (name === '' || name === 'lo') return []
    const [
      rxBytes,
      rxPackets,
      rxErrors,
      rxDropped,
      ,
      ,
      ,
      ,
      txBytes,
      txPackets,
      txErrors,
      txDropped,
    ] = rest.trim().split(/\s+/).map(Number)
    const counters = {
      rx_bytes: rxBytes,
      rx_packets: rxPackets,
      rx_errors: rxErrors,
      rx_dropped: rxDropped,
      tx_bytes: txBytes,
      tx_packets: txPackets,
      tx_errors: txErrors,
      tx_dropped: txDropped,
    }
    return [[name, counters] as const]
  })
  return Object.fromEntries(entries)
}

/** The host's processor time in nanoseconds: the first seven fields of the `cpu` line of /proc/stat. */
export function systemCpuNano(): number {
  const [line = ''] = readFileOrEmpty('/proc/stat').split('\n')
  const fields = line.trim().split(/\s+/).slice(1, 8).map(Number)
  return fields.reduce((sum, value) => sum + value, 0) * HZ_NANO
}

export const cgroupFile = (directory: string | undefined, file: string): string =>
  directory === undefined ? '' : readFileOrEmpty(join(directory, file))
