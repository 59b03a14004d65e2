import { EngineError } from '../errors.ts'

/** In the order of their numbers: linux/capability.h. */
export const CAPABILITIES = [
  'CHOWN',
  'DAC_OVERRIDE',
  'DAC_READ_SEARCH',
  'FOWNER',
  'FSETID',
  'KILL',
  'SETGID',
  'SETUID',
  'SETPCAP',
  'LINUX_IMMUTABLE',
  'NET_BIND_SERVICE',
  'NET_BROADCAST',
  'NET_ADMIN',
  'NET_RAW',
  'IPC_LOCK',
  'IPC_OWNER',
  'SYS_MODULE',
  'SYS_RAWIO',
  'SYS_CHROOT',
  'SYS_PTRACE',
  'SYS_PACCT',
  'SYS_ADMIN',
  'SYS_BOOT',
  'SYS_NICE',
  'SYS_RESOURCE',
  'SYS_TIME',
  'SYS_TTY_CONFIG',
  'MKNOD',
  'LEASE',
  'AUDIT_WRITE',
  'AUDIT_CONTROL',
  'SETFCAP',
  'MAC_OVERRIDE',
  'MAC_ADMIN',
  'SYSLOG',
  'WAKE_ALARM',
  'BLOCK_SUSPEND',
  'AUDIT_READ',
  'PERFMON',
  'BPF',
  'CHECKPOINT_RESTORE',
].map((name) => `CAP_${name}`)

/** What a container has unless it asks otherwise. */
const DEFAULTS = [
  'CHOWN',
  'DAC_OVERRIDE',
  'FSETID',
  'FOWNER',
  'MKNOD',
  'NET_RAW',
  'SETGID',
  'SETUID',
  'SETFCAP',
  'SETPCAP',
  'NET_BIND_SERVICE',
  'SYS_CHROOT',
  'KILL',
  'AUDIT_WRITE',
].map((name) => `CAP_${name}`)

function normalise(name: string, field: 'CapAdd' | 'CapDrop'): string {
  const upper = name.toUpperCase()
  if (upper === 'ALL') return 'ALL'
  const full = upper.startsWith('CAP_') ? upper : `CAP_${upper}`
  if (!CAPABILITIES.includes(full)) {
    throw new EngineError('invalid-parameter', `invalid ${field}: unknown capability: "${full}"`)
  }
  return full
}

type Request = {
  readonly privileged: boolean
  readonly add: readonly string[]
  readonly drop: readonly string[]
}

/** Names of the capabilities that a container gets. Throws on a name that is none. */
export function capabilitiesOf({ privileged, add, drop }: Request): string[] {
  const added = add.map((name) => normalise(name, 'CapAdd'))
  const dropped = drop.map((name) => normalise(name, 'CapDrop'))
  if (privileged) return [...CAPABILITIES]
  const base = dropped.includes('ALL') ? [] : DEFAULTS
  if (added.includes('ALL')) return CAPABILITIES.filter((name) => !dropped.includes(name))
  return [...new Set([...base.filter((name) => !dropped.includes(name)), ...added])]
}

export function capabilityMask(names: readonly string[]): bigint {
  return names.reduce((mask, name) => mask | (1n << BigInt(CAPABILITIES.indexOf(name))), 0n)
}
