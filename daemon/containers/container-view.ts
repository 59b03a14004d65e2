import { join } from 'node:path'
import type {
  ContainerInspectResponse,
  ContainerSummary,
  EndpointSettings,
  Health,
} from '../../api-spec/generated/types.ts'
import type { Config } from '../config.ts'
import type { Endpoint } from '../networks/network-service.ts'
import { type Container, isRunning } from './container.ts'
import { commandOf } from './process-config.ts'
import { statusText } from './status-text.ts'

const NEVER = '0001-01-01T00:00:00Z'

export type Sizes = { readonly rw: number; readonly rootFs: number }

type InspectContext = {
  readonly container: Container
  readonly config: Config
  readonly layers: readonly string[]
  readonly endpoints: readonly Endpoint[]
  readonly health: Health | undefined
  readonly execIds: readonly string[] | null
  readonly sizes: Sizes | undefined
}

/** RFC 3339 without needless zeros, as Go prints a time. */
export function formatTime(date: Date | null): string {
  if (date === null) return NEVER
  return date.toISOString().replace(/\.?0*Z$/, 'Z')
}

function state(container: Container, health: Health | undefined) {
  const { status } = container
  return {
    Status: status,
    Running: isRunning(container),
    Paused: status === 'paused',
    Restarting: status === 'restarting',
    OOMKilled: container.oomKilled,
    Dead: status === 'dead',
    Pid: container.pid,
    ExitCode: container.exitCode,
    Error: container.error,
    StartedAt: formatTime(container.startedAt),
    FinishedAt: formatTime(container.finishedAt),
    ...(health ? { Health: health } : {}),
  }
}

const NO_ENDPOINT = {
  IPAMConfig: null,
  Links: null,
  Aliases: null,
  MacAddress: '',
  DriverOpts: null,
  GwPriority: 0,
  NetworkID: '',
  EndpointID: '',
  Gateway: '',
  IPAddress: '',
  IPPrefixLen: 0,
  IPv6Gateway: '',
  GlobalIPv6Address: '',
  GlobalIPv6PrefixLen: 0,
  DNSNames: null,
}

function endpointSettings(endpoint: Endpoint): EndpointSettings {
  return {
    ...NO_ENDPOINT,
    MacAddress: endpoint.mac,
    NetworkID: endpoint.networkId,
    EndpointID: endpoint.endpointId,
    Gateway: endpoint.gateway,
    IPAddress: endpoint.ipv4,
    IPPrefixLen: endpoint.prefixLength,
  } as unknown as EndpointSettings
}

function networks(
  { networking }: Container,
  endpoints: readonly Endpoint[],
): Record<string, EndpointSettings> {
  const names = Object.keys(networking)
  return Object.fromEntries(
    names.map((name) => {
      const endpoint = endpoints.find((it) => it.networkName === name)
      return [
        name,
        endpoint ? endpointSettings(endpoint) : (NO_ENDPOINT as unknown as EndpointSettings),
      ]
    }),
  )
}

function networkSettings(container: Container, endpoints: readonly Endpoint[]) {
  const bridge = endpoints.find(({ networkName }) => networkName === 'bridge')
  const exposed = Object.keys(container.config.ExposedPorts ?? {})
  return {
    Bridge: '',
    SandboxID: bridge?.endpointId ?? '',
    SandboxKey: container.pid > 0 ? `/proc/${container.pid}/ns/net` : '',
    Ports: isRunning(container) ? Object.fromEntries(exposed.map((port) => [port, null])) : {},
    HairpinMode: false,
    LinkLocalIPv6Address: '',
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    EndpointID: bridge?.endpointId ?? '',
    Gateway: bridge?.gateway ?? '',
    GlobalIPv6Address: '',
    GlobalIPv6PrefixLen: 0,
    IPAddress: bridge?.ipv4 ?? '',
    IPPrefixLen: bridge?.prefixLength ?? 0,
    IPv6Gateway: '',
    MacAddress: bridge?.mac ?? '',
    Networks: networks(container, endpoints),
  }
}

function graphDriver({ id }: Container, { dataRoot }: Config, layers: readonly string[]) {
  const directory = join(dataRoot, 'containers', id)
  return {
    Data: {
      ID: id,
      LowerDir: [...layers].reverse().join(':'),
      MergedDir: join(directory, 'merged'),
      UpperDir: join(directory, 'upper'),
      WorkDir: join(directory, 'work'),
    },
    Name: 'overlay2',
  }
}

/** What inspect answers, in the shape of the newest API version. */
export function inspectView(context: InspectContext): ContainerInspectResponse {
  const { container, config, layers, endpoints, health, execIds, sizes } = context
  const { id, hostConfig } = container
  const [path = '', ...args] = commandOf(container)
  const directory = join(config.dataRoot, 'containers', id)
  const isLogged = hostConfig.LogConfig?.Type !== 'none'
  return {
    Id: id,
    Created: formatTime(container.createdAt),
    Path: path,
    Args: args,
    State: state(container, health),
    Image: container.imageId,
    ResolvConfPath: join(directory, 'resolv.conf'),
    HostnamePath: join(directory, 'hostname'),
    HostsPath: join(directory, 'hosts'),
    LogPath: isLogged ? join(directory, `${id}-json.log`) : '',
    Name: `/${container.name}`,
    RestartCount: container.restartCount,
    Driver: 'overlay2',
    Platform: 'linux',
    MountLabel: '',
    ProcessLabel: '',
    AppArmorProfile: '',
    ExecIDs: execIds,
    HostConfig: hostConfig,
    GraphDriver: graphDriver(container, config, layers),
    ...(sizes ? { SizeRw: sizes.rw, SizeRootFs: sizes.rootFs } : {}),
    Mounts: container.mounts,
    Config: container.config,
    NetworkSettings: networkSettings(container, endpoints),
  } as unknown as ContainerInspectResponse
}

type ListContext = {
  readonly container: Container
  /** What the image's name now stands for. */
  readonly image: { readonly id: string } | undefined
  readonly endpoints: readonly Endpoint[]
  readonly health: Health | undefined
  readonly sizes: Sizes | undefined
}

const quoted = (text: string) => (text.includes(' ') ? `'${text}'` : text)

function ports({ config }: Container) {
  return Object.keys(config.ExposedPorts ?? {}).map((key) => {
    const [port, protocol = 'tcp'] = key.split('/')
    return { PrivatePort: Number(port), Type: protocol }
  })
}

/** One element of the list. */
export function listView({
  container,
  image,
  endpoints,
  health,
  sizes,
}: ListContext): ContainerSummary {
  const { hostConfig } = container
  const [path = '', ...args] = commandOf(container)
  return {
    Id: container.id,
    Names: [`/${container.name}`],
    // a name that now means another image would mislead
    Image: image?.id === container.imageId ? container.image : container.imageId,
    ImageID: container.imageId,
    Command: [path, ...args.map(quoted)].join(' '),
    Created: Math.floor(container.createdAt.getTime() / 1000),
    Ports: isRunning(container) ? ports(container) : [],
    ...(sizes ? { ...(sizes.rw > 0 ? { SizeRw: sizes.rw } : {}), SizeRootFs: sizes.rootFs } : {}),
    Labels: container.config.Labels ?? {},
    State: container.status,
    Status: statusText(container, health),
    HostConfig: { NetworkMode: hostConfig.NetworkMode ?? '' },
    NetworkSettings: { Networks: networks(container, endpoints) },
    Mounts: container.mounts,
  } as unknown as ContainerSummary
}
