import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../config.ts'
import { EngineError } from '../errors.ts'
import type { Endpoint } from '../networks/network-service.ts'
import type { Mount, NamespaceChoice, RunRequest } from '../shim/protocol.ts'
import { cgroupConfig } from './cgroup-config.ts'
import { blockDeviceNumber } from './cgroup-driver.ts'
import { type Container, isRunning } from './container.ts'
import { devicesOf } from './device-config.ts'
import { ETC_FILES } from './etc-files.ts'
import type { HostFacts } from './host.ts'
import { logTarget } from './log-config.ts'
import { MS, rootPropagation, shimMounts, type UserMount, userMounts } from './mounts-config.ts'
import { containerProcess } from './process-config.ts'
import { securityOptions } from './security-options.ts'

type Context = {
  readonly container: Container
  readonly lower: { readonly base: string; readonly lower: readonly string[] }
  readonly endpoint: Endpoint | undefined
  readonly config: Config
  readonly host: HostFacts
  /** Looks up the containers whose namespaces are shared. */
  readonly find: (ref: string) => Container | undefined
}

const QUIET = MS.NOSUID | MS.NOEXEC | MS.NODEV

type MountText = [type: string, target: string, flags: number, data?: string, source?: string]

const mount = (...[type, target, flags, data = '', source = type]: MountText): Mount => ({
  type,
  source,
  target,
  flags,
  data,
  propagation: 0,
})

function cgroupMounts({ cgroup }: HostFacts, flags: number): Mount[] {
  if (cgroup.version === 2) return [mount('cgroup2', '/sys/fs/cgroup', flags, '', 'cgroup')]
  // one hierarchy a mount; controllers that share one are mounted together
  const byRoot = new Map<string, string[]>()
  for (const [controller, root] of Object.entries(cgroup.roots))
    byRoot.set(root, [...(byRoot.get(root) ?? []), controller])
  return [
    mount('tmpfs', '/sys/fs/cgroup', QUIET, 'mode=755'),
    ...[...byRoot.values()].map((names) => ({
      ...mount('cgroup', `/sys/fs/cgroup/${names.join(',')}`, flags, names.join(',')),
      optional: true,
    })),
  ]
}

function systemMounts({ container, host }: Context): Mount[] {
  const { hostConfig } = container
  const isPrivileged = hostConfig.Privileged === true
  const { writableCgroups } = securityOptions(hostConfig.SecurityOpt ?? [])
  const readonly = isPrivileged ? 0 : MS.RDONLY
  const shm = `mode=1777,size=${hostConfig.ShmSize ?? 0}`
  const [ipcKind] = (hostConfig.IpcMode ?? '').split(':')
  return [
    mount('proc', '/proc', QUIET),
    mount('tmpfs', '/dev', MS.NOSUID | MS.STRICTATIME, 'mode=755,size=65536k'),
    mount('devpts', '/dev/pts', MS.NOSUID | MS.NOEXEC, 'newinstance,ptmxmode=0666,mode=0620,gid=5'),
    mount('sysfs', '/sys', QUIET | readonly),
    ...cgroupMounts(host, QUIET | (writableCgroups ? 0 : readonly)),
    mount('mqueue', '/dev/mqueue', QUIET),
    ...(ipcKind === 'none' ? [] : [shmMount(ipcKind, shm)]),
  ]
}

function shmMount(ipcKind: string | undefined, options: string): Mount {
  if (ipcKind === 'host') return { ...mount('bind', '/dev/shm', 0, '', '/dev/shm') }
  return mount('tmpfs', '/dev/shm', QUIET, options, 'shm')
}

function etcMounts({ container, config, find }: Context, taken: ReadonlySet<string>): Mount[] {
  const mode = container.hostConfig.NetworkMode ?? ''
  const owner = mode.startsWith('container:')
    ? (find(mode.slice('container:'.length))?.id ?? container.id)
    : container.id
  return Object.entries(ETC_FILES).flatMap(([name, target]) => {
    if (taken.has(target)) return []
    const holder = name === 'hostname' ? container.id : owner
    return [mount('bind', target, 0, '', join(config.dataRoot, 'containers', holder, name))]
  })
}

/** A bind of a host directory that is not there is refused, or the directory is made, as the API has it. */
function ensureSources(mounts: readonly UserMount[]): void {
  for (const { type, source, createsSource } of mounts) {
    if (type !== 'bind' || existsSync(source)) continue
    if (!createsSource) {
      throw new EngineError(
        'invalid-parameter',
        `invalid mount config for type "bind": bind source path does not exist: ${source}`,
      )
    }
    mkdirSync(source, { recursive: true })
  }
}

function sharedNamespace(ref: string, kind: string, { find, container }: Context): NamespaceChoice {
  const other = find(ref)
  if (!other) throw new EngineError('not-found', `No such container: ${ref}`)
  if (!isRunning(other) || other.pid === 0) {
    throw new EngineError(
      'conflict',
      `cannot join ${kind} namespace of a non running container: container ${other.name} is ${other.status}`,
    )
  }
  if (other.id === container.id)
    throw new EngineError('conflict', `cannot join own ${kind} namespace`)
  return { pid: other.pid, startTime: other.pidStartTime }
}

function namespace(mode: string | undefined, kind: string, context: Context): NamespaceChoice {
  if (mode === 'host') return 'host'
  if (mode?.startsWith('container:'))
    return sharedNamespace(mode.slice('container:'.length), kind, context)
  return 'new'
}

function namespaces(context: Context): RunRequest['namespaces'] {
  const { hostConfig } = context.container
  const { PidMode, IpcMode, UTSMode, NetworkMode, CgroupnsMode } = hostConfig
  return {
    pid: namespace(PidMode, 'PID', context),
    ipc: namespace(IpcMode, 'IPC', context),
    uts: namespace(UTSMode, 'UTS', context),
    net: namespace(NetworkMode, 'network', context),
    cgroup: CgroupnsMode === 'host' ? 'host' : 'new',
    user: 'host',
  }
}

/** Without a network of its own these are the host's, or of another kind, and not ours to set. */
function sysctls(container: Container, isOwnNetwork: boolean) {
  const defaults: Record<string, string> = isOwnNetwork
    ? { 'net.ipv4.ip_unprivileged_port_start': '0', 'net.ipv4.ping_group_range': '0 2147483647' }
    : {}
  return Object.entries({ ...defaults, ...(container.hostConfig.Sysctls ?? {}) }).map(
    ([name, value]) => ({ name, value }),
  )
}

function paths({ container, host }: Context) {
  const { hostConfig } = container
  const { systempathsUnconfined } = securityOptions(hostConfig.SecurityOpt ?? [])
  if (hostConfig.Privileged || systempathsUnconfined) return { maskedPaths: [], readonlyPaths: [] }
  return {
    maskedPaths: [...(hostConfig.MaskedPaths ?? []), ...host.thermalThrottlePaths],
    readonlyPaths: hostConfig.ReadonlyPaths ?? [],
  }
}

const LINKS = [
  { path: '/dev/fd', target: '/proc/self/fd' },
  { path: '/dev/stdin', target: '/proc/self/fd/0' },
  { path: '/dev/stdout', target: '/proc/self/fd/1' },
  { path: '/dev/stderr', target: '/proc/self/fd/2' },
  { path: '/dev/core', target: '/proc/kcore' },
  { path: '/dev/ptmx', target: 'pts/ptmx' },
]

function stdio({ config, hostConfig }: Container): RunRequest['stdio'] {
  const [rows = 0, columns = 0] = hostConfig.ConsoleSize ?? []
  return { tty: config.Tty === true, stdin: config.OpenStdin === true, rows, columns }
}

/** The overlay, and everything that is mounted in it, as the archive verbs need it too. */
export function rootfsConfig(context: Context): Pick<RunRequest, 'rootfs' | 'mounts'> {
  const { container, lower, config } = context
  const user = userMounts(container.hostConfig)
  ensureSources(user)
  const targets = new Set(user.map(({ target }) => target))
  const directory = join(config.dataRoot, 'containers', container.id)
  const mounts = [...systemMounts(context), ...etcMounts(context, targets)].filter(
    ({ target }) => !targets.has(target),
  )
  return {
    rootfs: {
      ...lower,
      upper: join(directory, 'upper'),
      work: join(directory, 'work'),
      readonly: container.hostConfig.ReadonlyRootfs === true,
      propagation: rootPropagation(user),
    },
    mounts: [...mounts, ...shimMounts(user)],
  }
}

/** Everything the shim has to know, decided. Throws where it cannot be: a missing source, a namespace that is gone. */
export function shimConfig(context: Context): RunRequest {
  const { container, endpoint, config, host } = context
  const { config: own, hostConfig, id } = container
  const devices = devicesOf(hostConfig)
  const choices = namespaces(context)
  const directory = join(config.dataRoot, 'containers', id)
  return {
    verb: 'run',
    id,
    directory: join(config.execRoot, 'c', id),
    statusFile: join(directory, 'status.json'),
    bootId: host.bootId,
    attachers: 0,
    namespaces: choices,
    uidMap: [],
    gidMap: [],
    hostname: choices.uts === 'new' ? (own.Hostname ?? '') : '',
    domainname: choices.uts === 'new' ? (own.Domainname ?? '') : '',
    cgroup: cgroupConfig(container, devices.rules, {
      config,
      host,
      deviceNumber: blockDeviceNumber,
    }),
    ...rootfsConfig(context),
    devices: devices.nodes,
    links: LINKS,
    ...paths(context),
    sysctls: sysctls(container, choices.net === 'new'),
    interfaces: endpoint ? [endpoint.interface] : [],
    init: hostConfig.Init ?? config.initDefault,
    process: containerProcess(container, { config, host }),
    stdio: stdio(container),
    log: logTarget(container, join(directory, `${id}-json.log`), config),
  }
}
