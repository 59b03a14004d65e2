import type { HostConfig } from '../../api-spec/generated/types.ts'
import type { Config } from '../config.ts'
import type { HostFacts } from './host.ts'

const MASKED_PATHS = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/devices/virtual/powercap',
  '/sys/firmware',
]
const READONLY_PATHS = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger']

/** What inspect shows for a field that the client did not send, in the order Docker shows them. */
const ZERO = {
  Binds: null,
  ContainerIDFile: '',
  LogConfig: { Type: '', Config: {} },
  NetworkMode: '',
  PortBindings: null,
  RestartPolicy: { Name: '', MaximumRetryCount: 0 },
  AutoRemove: false,
  VolumeDriver: '',
  VolumesFrom: null,
  ConsoleSize: [0, 0],
  CapAdd: null,
  CapDrop: null,
  CgroupnsMode: '',
  Dns: null,
  DnsOptions: null,
  DnsSearch: null,
  ExtraHosts: null,
  GroupAdd: null,
  IpcMode: '',
  Cgroup: '',
  Links: null,
  OomScoreAdj: 0,
  PidMode: '',
  Privileged: false,
  PublishAllPorts: false,
  ReadonlyRootfs: false,
  SecurityOpt: null,
  UTSMode: '',
  UsernsMode: '',
  ShmSize: 0,
  Runtime: '',
  Isolation: '',
  CpuShares: 0,
  Memory: 0,
  NanoCpus: 0,
  CgroupParent: '',
  BlkioWeight: 0,
  BlkioWeightDevice: null,
  BlkioDeviceReadBps: null,
  BlkioDeviceWriteBps: null,
  BlkioDeviceReadIOps: null,
  BlkioDeviceWriteIOps: null,
  CpuPeriod: 0,
  CpuQuota: 0,
  CpuRealtimePeriod: 0,
  CpuRealtimeRuntime: 0,
  CpusetCpus: '',
  CpusetMems: '',
  Devices: null,
  DeviceCgroupRules: null,
  DeviceRequests: null,
  MemoryReservation: 0,
  MemorySwap: 0,
  MemorySwappiness: null,
  OomKillDisable: null,
  PidsLimit: null,
  Ulimits: null,
  CpuCount: 0,
  CpuPercent: 0,
  IOMaximumIOps: 0,
  IOMaximumBandwidth: 0,
  MaskedPaths: null,
  ReadonlyPaths: null,
}

function paths(given: HostConfig): Pick<HostConfig, 'MaskedPaths' | 'ReadonlyPaths'> {
  const isOpen =
    given.Privileged || (given.SecurityOpt ?? []).some((it) => it === 'systempaths=unconfined')
  return {
    MaskedPaths: given.MaskedPaths ?? (isOpen ? [] : MASKED_PATHS),
    ReadonlyPaths: given.ReadonlyPaths ?? (isOpen ? [] : READONLY_PATHS),
  }
}

function modes(given: HostConfig, config: Config, { cgroup }: HostFacts): HostConfig {
  const privateCgroup = cgroup.version === 2 && !given.Privileged ? 'private' : 'host'
  return {
    NetworkMode:
      !given.NetworkMode || given.NetworkMode === 'default' ? 'bridge' : given.NetworkMode,
    IpcMode: given.IpcMode || config.defaultIpcMode,
    CgroupnsMode:
      given.CgroupnsMode || (config.defaultCgroupnsMode as 'private' | 'host') || privateCgroup,
    Runtime: given.Runtime || 'runc',
    ShmSize: given.ShmSize || config.defaultShmSizeBytes,
  }
}

function limits(given: HostConfig, { cgroup }: HostFacts): HostConfig {
  const swappiness = given.MemorySwappiness
  return {
    MemorySwap: given.MemorySwap || (given.Memory ? given.Memory * 2 : 0),
    ...(swappiness === undefined || swappiness < 0 ? { MemorySwappiness: null } : {}),
    OomKillDisable: cgroup.version === 1 ? (given.OomKillDisable ?? false) : null,
    PidsLimit: given.PidsLimit && given.PidsLimit > 0 ? given.PidsLimit : null,
  } as unknown as HostConfig
}

/** A request's HostConfig with everything in it, as it is stored and shown. */
export function completeHostConfig(given: HostConfig, config: Config, host: HostFacts): HostConfig {
  return {
    ...ZERO,
    ...given,
    RestartPolicy: {
      Name: given.RestartPolicy?.Name || 'no',
      MaximumRetryCount: given.RestartPolicy?.MaximumRetryCount ?? 0,
    },
    ...modes(given, config, host),
    ...limits(given, host),
    ...paths(given),
  } as unknown as HostConfig
}
