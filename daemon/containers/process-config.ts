import type { Config } from '../config.ts'
import type { Capabilities, ProcessSpec, Rlimit } from '../shim/protocol.ts'
import { capabilitiesOf, capabilityMask } from './capabilities.ts'
import type { Container } from './container.ts'
import type { HostFacts } from './host.ts'
import { seccompFile } from './seccomp/seccomp-driver.ts'
import { type SecurityOptions, securityOptions } from './security-options.ts'

const DEFAULT_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

export type ProcessContext = { readonly config: Config; readonly host: HostFacts }

/** asm-generic/resource.h */
const RLIMITS: Readonly<Record<string, number>> = {
  cpu: 0,
  fsize: 1,
  data: 2,
  stack: 3,
  core: 4,
  rss: 5,
  nproc: 6,
  nofile: 7,
  memlock: 8,
  as: 9,
  locks: 10,
  sigpending: 11,
  msgqueue: 12,
  nice: 13,
  rtprio: 14,
  rttime: 15,
}
const UNLIMITED = '18446744073709551615'

/** Names that a ulimit may have. */
export const ULIMITS = Object.keys(RLIMITS)

function rlimits({ hostConfig }: Container, config: Config): Rlimit[] {
  const wanted = new Map(Object.values(config.defaultUlimits).map((it) => [it.Name, it]))
  for (const { Name = '', Soft = 0, Hard = 0 } of hostConfig.Ulimits ?? [])
    wanted.set(Name, { Name, Soft, Hard })
  const text = (value: number) => (value < 0 ? UNLIMITED : String(value))
  return [...wanted.values()].map(({ Name, Soft, Hard }) => ({
    resource: RLIMITS[Name] ?? 0,
    soft: text(Soft),
    hard: text(Hard),
  }))
}

const hex = (mask: bigint) => mask.toString(16)

function capabilitySets(names: readonly string[], host: HostFacts): Capabilities {
  const mask = hex(capabilityMask(names) & host.boundingCapabilities)
  return { bounding: mask, permitted: mask, effective: mask, inheritable: '0', ambient: '0' }
}

export function environment(
  { config }: Pick<Container, 'config'>,
  tty: boolean,
  more: readonly string[] = [],
): string[] {
  const own = [...(config.Env ?? []), ...more]
  const has = (name: string) => own.some((pair) => pair.startsWith(`${name}=`))
  return [
    ...(has('PATH') ? [] : [DEFAULT_PATH]),
    ...(has('HOSTNAME') ? [] : [`HOSTNAME=${config.Hostname ?? ''}`]),
    ...(tty && !has('TERM') ? ['TERM=xterm'] : []),
    ...own,
  ]
}

function seccomp(
  options: SecurityOptions,
  capabilities: readonly string[],
  { config, host }: ProcessContext,
): string | null {
  const profile =
    options.seccomp ?? (config.seccompProfile === 'builtin' ? undefined : config.seccompProfile)
  if (profile === 'unconfined') return null
  return seccompFile(config.execRoot, profile === 'builtin' ? undefined : profile, {
    capabilities,
    architecture: host.architecture,
    kernel: host.kernel,
  })
}

/** All of a process but what it runs: its rights. */
export function processRights(container: Container, privileged: boolean, context: ProcessContext) {
  const { hostConfig } = container
  const options = securityOptions(hostConfig.SecurityOpt ?? [])
  const capabilities = capabilitiesOf({
    privileged,
    add: hostConfig.CapAdd ?? [],
    drop: hostConfig.CapDrop ?? [],
  })
  const apparmor =
    options.apparmor && options.apparmor !== 'unconfined' && context.host.hasApparmor
      ? options.apparmor
      : null
  return {
    groups: hostConfig.GroupAdd ?? [],
    capabilities: capabilitySets(capabilities, context.host),
    noNewPrivileges: options.noNewPrivileges ?? context.config.noNewPrivileges,
    seccomp: privileged ? null : seccomp(options, capabilities, context),
    apparmor,
    rlimits: rlimits(container, context.config),
    oomScoreAdj: hostConfig.OomScoreAdj ?? 0,
    umask: 0o22,
  } satisfies Partial<ProcessSpec>
}

/** The command of a container: entrypoint and arguments. */
export function commandOf({ config }: Pick<Container, 'config'>): string[] {
  return [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])]
}

export function containerProcess(container: Container, context: ProcessContext): ProcessSpec {
  const { config, hostConfig } = container
  return {
    args: commandOf(container),
    env: environment(container, config.Tty === true),
    cwd: config.WorkingDir || '/',
    user: config.User ?? '',
    ...processRights(container, hostConfig.Privileged === true, context),
  }
}
