import type {
  ContainerConfig,
  ContainerCreateRequest,
  EndpointSettings,
  HostConfig,
  ImageConfig,
} from '../../api-spec/generated/types.ts'
import type { Config } from '../config.ts'
import { EngineError } from '../errors.ts'
import { isOlder } from '../util/api-version.ts'
import type { Container, NewContainer } from './container.ts'
import { devicesOf } from './device-config.ts'
import type { HostFacts } from './host.ts'
import { completeHostConfig } from './host-config-defaults.ts'
import { completeLogConfig } from './log-config.ts'
import { mountPoints, userMounts } from './mounts-config.ts'
import { validateHostConfig, validateStopSignal } from './validate-host-config.ts'
import { validateResources, validateUlimits } from './validate-resources.ts'

type Context = {
  readonly id: string
  readonly config: Config
  readonly host: HostFacts
  readonly apiVersion?: string
  /** Looks up a container that the request names. */
  readonly get: (ref: string) => Container
}

type Built = Pick<NewContainer, 'config' | 'hostConfig' | 'networking' | 'mounts'> & {
  readonly warnings: string[]
}

const refuse = (message: string) => new EngineError('invalid-parameter', message)

/** What clients of older versions mean by what they send, or by what they leave out. */
function gate(given: HostConfig, apiVersion: string | undefined, host: HostFacts): HostConfig {
  if (apiVersion === undefined) return given
  const result: HostConfig = { ...given }
  if (isOlder(apiVersion, '1.25')) result.AutoRemove = false
  if (isOlder(apiVersion, '1.40')) {
    result.IpcMode ||= 'shareable'
    delete result.DeviceRequests
  }
  if (isOlder(apiVersion, '1.41') && host.cgroup.version === 1) result.CgroupnsMode ||= 'host'
  if (isOlder(apiVersion, '1.42')) delete result.ConsoleSize
  if (isOlder(apiVersion, '1.43')) delete (result as { Annotations?: unknown }).Annotations
  return result
}

/** Variables of the image that the request does not set; a name without `=` removes one. */
function mergeEnv(
  own: readonly string[] | null | undefined,
  image: readonly string[] | null | undefined,
): string[] | null {
  const nameOf = (pair: string) => pair.split('=', 1)[0] ?? ''
  const names = new Set((own ?? []).map(nameOf))
  const merged = [
    ...(own ?? []).filter((pair) => pair.includes('=')),
    ...(image ?? []).filter((pair) => !names.has(nameOf(pair))),
  ]
  return merged.length > 0 || own ? merged : null
}

/** The image's command stands only where the request names neither command nor entrypoint. */
function mergeCommand(
  own: ContainerConfig,
  image: ImageConfig,
): Pick<ContainerConfig, 'Cmd' | 'Entrypoint'> {
  const isEntrypointReset = own.Entrypoint?.length === 1 && own.Entrypoint[0] === ''
  if (isEntrypointReset) return { Cmd: own.Cmd ?? null, Entrypoint: null }
  if (own.Entrypoint && own.Entrypoint.length > 0)
    return { Cmd: own.Cmd ?? null, Entrypoint: own.Entrypoint }
  const Cmd = own.Cmd && own.Cmd.length > 0 ? own.Cmd : (image.Cmd ?? null)
  return { Cmd, Entrypoint: image.Entrypoint ?? null }
}

function mergeHealthcheck(own: ContainerConfig['Healthcheck'], image: ImageConfig['Healthcheck']) {
  if (!own?.Test?.length) {
    if (!image) return own
    return { ...image, ...(own ? withoutZeros(own) : {}) }
  }
  return own
}

function withoutZeros<T extends object>(value: T): Partial<T> {
  return Object.fromEntries(Object.entries(value).filter(([, it]) => it)) as Partial<T>
}

function validateHealthcheck(check: ContainerConfig['Healthcheck']): void {
  const [kind] = check?.Test ?? []
  if (kind !== undefined && !['NONE', 'CMD', 'CMD-SHELL'].includes(kind)) {
    throw refuse(
      `Unknown type '${kind}' in healthcheck (expected 'CMD') in container config`.replace(
        ' in container config',
        '',
      ),
    )
  }
  for (const field of ['Interval', 'Timeout', 'StartPeriod', 'StartInterval'] as const) {
    const value = check?.[field] ?? 0
    if (value !== 0 && value < 1_000_000)
      throw refuse(`${field} in Healthcheck cannot be less than 1ms`)
  }
  if ((check?.Retries ?? 0) < 0) throw refuse('Retries in Healthcheck cannot be negative')
}

/** What a request leaves out that an image may say. */
function inherited(own: ContainerConfig, image: ImageConfig): Partial<ContainerConfig> {
  const healthcheck = mergeHealthcheck(own.Healthcheck, image.Healthcheck)
  const ports = { ...(image.ExposedPorts ?? {}), ...(own.ExposedPorts ?? {}) }
  const stopSignal = own.StopSignal || image.StopSignal
  const shell = own.Shell ?? image.Shell
  return withoutUndefined({
    ExposedPorts: Object.keys(ports).length > 0 ? ports : undefined,
    Healthcheck: healthcheck ?? undefined,
    StopSignal: stopSignal || undefined,
    StopTimeout: own.StopTimeout ?? undefined,
    Shell: shell ?? undefined,
    NetworkDisabled: own.NetworkDisabled || undefined,
  })
}

function withoutUndefined(value: object): object {
  return Object.fromEntries(Object.entries(value).filter(([, it]) => it !== undefined))
}

function mergeConfig(own: ContainerConfig, image: ImageConfig, hostname: string): ContainerConfig {
  const zero = {
    Domainname: '',
    AttachStdin: false,
    AttachStdout: false,
    AttachStderr: false,
    Tty: false,
    OpenStdin: false,
    StdinOnce: false,
    Image: '',
    Volumes: null,
    OnBuild: null,
  }
  return {
    Hostname: own.Hostname || hostname,
    ...zero,
    ...withoutUndefined(pick(own, Object.keys(zero))),
    User: own.User || image.User || '',
    Env: mergeEnv(own.Env, image.Env),
    ...mergeCommand(own, image),
    WorkingDir: own.WorkingDir || image.WorkingDir || '',
    Labels: { ...(image.Labels ?? {}), ...(own.Labels ?? {}) },
    ...inherited(own, image),
  } as ContainerConfig
}

function pick(value: object, names: readonly string[]): object {
  return Object.fromEntries(Object.entries(value).filter(([name]) => names.includes(name)))
}

function validateConfig(config: ContainerConfig): void {
  const command = [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])]
  if (command.length === 0) throw refuse('no command specified')
  if (config.WorkingDir && !config.WorkingDir.startsWith('/')) {
    throw refuse(
      `the working directory '${config.WorkingDir}' is invalid, it needs to be an absolute path`,
    )
  }
  for (const pair of config.Env ?? []) {
    if (pair.startsWith('=')) throw refuse(`invalid environment variable: ${pair}`)
  }
  if ((config.Hostname ?? '').length > 63) throw refuse(`invalid hostname: ${config.Hostname}`)
  validateStopSignal(config.StopSignal ?? undefined)
  validateHealthcheck(config.Healthcheck)
}

/** What joins another container is bound to its id: a name may move. */
function resolveModes(hostConfig: HostConfig, { get }: Context): HostConfig {
  const resolve = (mode: string | undefined) =>
    mode?.startsWith('container:') ? `container:${get(mode.slice('container:'.length)).id}` : mode
  return {
    ...hostConfig,
    NetworkMode: resolve(hostConfig.NetworkMode),
    PidMode: resolve(hostConfig.PidMode),
    IpcMode: resolve(hostConfig.IpcMode),
  } as HostConfig
}

/** Binds of the containers named by `--volumes-from`, read-only where it says so. */
function volumesFrom(hostConfig: HostConfig, { get }: Context): string[] {
  const taken = new Set(userMounts(hostConfig).map(({ target }) => target))
  return (hostConfig.VolumesFrom ?? []).flatMap((spec) => {
    const [ref = '', mode = ''] = spec.split(':')
    if (!['', 'ro', 'rw', 'z', 'Z'].includes(mode)) throw refuse(`invalid mode: ${mode}`)
    return userMounts(get(ref).hostConfig)
      .filter(
        ({ type, target }) => type === 'bind' && !taken.has(target) && Boolean(taken.add(target)),
      )
      .map(
        ({ source, target, readonly }) =>
          `${source}:${target}${readonly || mode === 'ro' ? ':ro' : ''}`,
      )
  })
}

function assertNoVolumes(own: ContainerConfig): void {
  const [first] = Object.keys(own.Volumes ?? {})
  if (first !== undefined) {
    throw new EngineError(
      'not-implemented',
      `volume at ${first}: volumes are not implemented by tsd yet`,
    )
  }
}

/** What a container that shares another's network cannot have of its own. */
function assertSharesNetwork(request: ContainerCreateRequest, hostConfig: HostConfig): void {
  const conflicts = [
    [request.Hostname, 'hostname and the network mode'],
    [hostConfig.Dns?.length, 'dns and the network mode'],
    [hostConfig.ExtraHosts?.length, 'custom host-to-IP mapping and the network mode'],
    [
      Object.keys(request.ExposedPorts ?? {}).length,
      'port exposing and the container type network mode',
    ],
  ] as const
  const found = conflicts.find(([isSet]) => isSet)
  if (found) throw refuse(`conflicting options: ${found[1]}`)
}

function networking(
  request: ContainerCreateRequest,
  hostConfig: HostConfig,
): Record<string, EndpointSettings> {
  const mode = hostConfig.NetworkMode ?? 'bridge'
  const known = ['default', 'bridge', 'host', 'none', mode]
  const wanted = Object.entries(request.NetworkingConfig?.EndpointsConfig ?? {})
  const other = wanted.find(([name]) => !known.includes(name))
  if (other) {
    throw new EngineError(
      'not-implemented',
      `network ${other[0]}: user-defined networks are not implemented by tsd yet`,
    )
  }
  if (!mode.startsWith('container:')) return { [mode]: wanted[0]?.[1] ?? {} }
  assertSharesNetwork(request, hostConfig)
  return {}
}

/** A request and its image, made into what is stored. Throws in Docker's words where it cannot be. */
export function buildContainer(
  request: ContainerCreateRequest,
  image: { readonly config: ImageConfig },
  context: Context,
): Built {
  const { config, host } = context
  const given = resolveModes(gate(request.HostConfig ?? {}, context.apiVersion, host), context)
  const imageConfig = image.config
  assertNoVolumes(request)
  validateHostConfig(given)
  validateUlimits(given.Ulimits)
  const warnings = validateResources(given, host)
  const isHostUts = given.UTSMode === 'host' || given.NetworkMode === 'host'
  const merged = mergeConfig(request, imageConfig, isHostUts ? '' : context.id.slice(0, 12))
  validateConfig(merged)
  const hostConfig = completeHostConfig(
    { ...given, LogConfig: completeLogConfig(given.LogConfig, config) },
    config,
    host,
  )
  const mounts = userMounts({
    ...hostConfig,
    Binds: [...(hostConfig.Binds ?? []), ...volumesFrom(hostConfig, context)],
  })
  devicesOf(given)
  for (const path of Object.keys(imageConfig.Volumes ?? {})) {
    if (!mounts.some(({ target }) => target === path)) {
      warnings.push(
        `the image declares a volume at ${path}: volumes are not implemented by tsd yet, so it is part of the container's own files`,
      )
    }
  }
  return {
    config: merged,
    hostConfig,
    networking: networking(request, hostConfig),
    mounts: mountPoints(mounts),
    warnings,
  }
}
