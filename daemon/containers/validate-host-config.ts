import type { HostConfig } from '../../api-spec/generated/types.ts'
import { EngineError } from '../errors.ts'
import { parseSignal } from '../util/signals.ts'
import { capabilitiesOf } from './capabilities.ts'
import { parseDeviceRule } from './device-rules.ts'
import { parseProfile } from './seccomp/profile.ts'
import { securityOptions } from './security-options.ts'

const refuse = (message: string) => new EngineError('invalid-parameter', message)

const notServed = (what: string) =>
  new EngineError('not-implemented', `${what} not implemented by tsd yet`)

function checkRestartPolicy({ RestartPolicy, AutoRemove }: HostConfig): void {
  const name = RestartPolicy?.Name ?? ''
  const count = RestartPolicy?.MaximumRetryCount ?? 0
  if (!['', 'no', 'always', 'unless-stopped', 'on-failure'].includes(name)) {
    throw refuse(
      `invalid restart policy: unknown policy '${name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`,
    )
  }
  if (count < 0) throw refuse('invalid restart policy: maximum retry count cannot be negative')
  if (count > 0 && name !== 'on-failure') {
    throw refuse("invalid restart policy: maximum retry count can only be used with 'on-failure'")
  }
  if (AutoRemove && name !== '' && name !== 'no') {
    throw refuse("can't create 'AutoRemove' container with restart policy")
  }
}

function checkNetwork({
  NetworkMode = '',
  PortBindings,
  PublishAllPorts,
  Links,
}: HostConfig): void {
  const known =
    ['', 'default', 'bridge', 'host', 'none'].includes(NetworkMode) ||
    /^container:.+/.test(NetworkMode)
  if (NetworkMode.startsWith('container:') && !known) throw refuse('Container name cannot be empty')
  if (!known) throw notServed(`network ${NetworkMode}: user-defined networks are`)
  if (
    Object.values(PortBindings ?? {}).some((bindings) => (bindings ?? []).length > 0) ||
    PublishAllPorts
  ) {
    throw notServed('publishing ports is')
  }
  if (Links && Links.length > 0) throw notServed('links between containers are')
}

const MODES = [
  ['PidMode', /^(|host|container:.+)$/, 'PID mode'],
  ['IpcMode', /^(|none|private|shareable|host|container:.+)$/, 'IPC mode'],
  ['UTSMode', /^(|host)$/, 'UTS mode'],
  ['UsernsMode', /^(|host)$/, 'user namespace mode'],
  ['CgroupnsMode', /^(|host|private)$/, 'cgroup namespace mode'],
] as const

function checkModes(hostConfig: HostConfig): void {
  for (const [field, pattern, what] of MODES) {
    const value = hostConfig[field] ?? ''
    if (!pattern.test(value)) throw refuse(`invalid ${what}: ${value}`)
  }
}

const NAMESPACED_SYSCTLS = [
  'kernel.msgmax',
  'kernel.msgmnb',
  'kernel.msgmni',
  'kernel.sem',
  'kernel.shmall',
  'kernel.shmmax',
  'kernel.shmmni',
  'kernel.shm_rmid_forced',
]

function checkSysctls({ Sysctls, NetworkMode = '', IpcMode = '' }: HostConfig): void {
  for (const name of Object.keys(Sysctls ?? {})) {
    const isIpc = NAMESPACED_SYSCTLS.includes(name) || name.startsWith('fs.mqueue.')
    if (!name.startsWith('net.') && !isIpc)
      throw refuse(`sysctl "${name}" is not in a separate kernel namespace`)
    if (name.startsWith('net.') && NetworkMode === 'host') {
      throw refuse(`sysctl "${name}" not allowed in host network namespace`)
    }
    if (isIpc && IpcMode === 'host')
      throw refuse(`sysctl "${name}" not allowed in host ipc namespace`)
  }
}

function checkExtraHosts({ ExtraHosts }: HostConfig): void {
  for (const entry of ExtraHosts ?? []) {
    if (!/^[^:=]+[:=].+$/.test(entry)) throw refuse(`bad format for add-host: "${entry}"`)
  }
}

function checkSecurity({
  SecurityOpt,
  Privileged,
  CapAdd,
  CapDrop,
  DeviceCgroupRules,
}: HostConfig): void {
  const { seccomp } = securityOptions(SecurityOpt ?? [])
  if (seccomp && seccomp !== 'unconfined' && seccomp !== 'builtin') parseProfile(seccomp)
  capabilitiesOf({ privileged: Privileged === true, add: CapAdd ?? [], drop: CapDrop ?? [] })
  for (const rule of DeviceCgroupRules ?? []) parseDeviceRule(rule)
}

function checkRanges({ OomScoreAdj = 0, ShmSize = 0 }: HostConfig): void {
  if (OomScoreAdj < -1000 || OomScoreAdj > 1000) {
    throw refuse(`Invalid value ${OomScoreAdj}, range for oom score adj is [-1000, 1000]`)
  }
  if (ShmSize < 0) throw refuse('SHM size can not be less than 0')
}

function checkRuntime({ Runtime, Isolation, StorageOpt }: HostConfig): void {
  if (!['', 'runc', 'io.containerd.runc.v2'].includes(Runtime ?? '')) {
    throw refuse(`unknown or invalid runtime name: ${Runtime}`)
  }
  if (!['', 'default'].includes(Isolation ?? '')) {
    throw refuse(`invalid isolation '${Isolation}' on linux`)
  }
  if (Object.keys(StorageOpt ?? {}).length > 0) {
    throw refuse("--storage-opt is supported only for overlay over xfs with 'pquota' mount option")
  }
}

/** There are no GPUs to give yet: as a Docker without a toolkit for them. */
function checkDeviceRequests({ DeviceRequests }: HostConfig): void {
  const [request] = DeviceRequests ?? []
  if (!request) return
  const sets = (request.Capabilities ?? []).map((names) => `[${(names ?? []).join(' ')}]`)
  throw new EngineError(
    'system',
    `could not select device driver ${JSON.stringify(request.Driver ?? '')} with capabilities: [${sets.join(' ')}]`,
  )
}

/** What is wrong with a HostConfig apart from its limits and mounts, in Docker's words. */
export function validateHostConfig(hostConfig: HostConfig): void {
  checkRestartPolicy(hostConfig)
  checkNetwork(hostConfig)
  checkModes(hostConfig)
  checkSysctls(hostConfig)
  checkExtraHosts(hostConfig)
  checkSecurity(hostConfig)
  checkRanges(hostConfig)
  checkRuntime(hostConfig)
  checkDeviceRequests(hostConfig)
}

export function validateStopSignal(signal: string | undefined): void {
  if (signal && parseSignal(signal) === undefined) throw refuse(`invalid signal: ${signal}`)
}
