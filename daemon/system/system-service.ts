import { readFileSync } from 'node:fs'
import { arch, hostname, release } from 'node:os'
import type { Config } from '../config.ts'
import type { ContainerService } from '../containers/container-service.ts'
import type { HostFacts } from '../containers/host.ts'
import { EngineError } from '../errors.ts'
import type { ImageService } from '../images/image-service.ts'
import type { LayerService } from '../layers/layer-service.ts'

/** What the API says of itself; the HTTP side knows it. */
export type Versions = { readonly engine: string; readonly api: string; readonly minApi: string }

type Deps = {
  readonly config: Config
  readonly host: HostFacts
  readonly engineId: string
  readonly versions: Versions
  readonly containers: ContainerService
  readonly images: ImageService
  readonly layers: LayerService
}

const DF_TYPES = ['container', 'image', 'volume', 'build-cache']
const GO_ARCH: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' }
const UNAME_ARCH: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64' }

/** Numbers of Go's run time, which clients expect to find. */
const GO_COUNTERS = { NFd: 0, NGoroutines: 0, NEventsListener: 0 }
const NO_PROXY = { HttpProxy: '', HttpsProxy: '', NoProxy: '' }
const NO_SWARM = {
  NodeID: '',
  NodeAddr: '',
  LocalNodeState: 'inactive',
  ControlAvailable: false,
  Error: '',
  RemoteManagers: null,
}

function osRelease(): Record<string, string> {
  try {
    const pairs = readFileSync('/etc/os-release', 'utf8').matchAll(/^(\w+)="?(.*?)"?$/gm)
    return Object.fromEntries([...pairs].map(([, key = '', value = '']) => [key, value]))
  } catch {
    return {}
  }
}

/** What the engine says of itself and of the host. */
export class SystemService {
  readonly #deps: Deps

  constructor(deps: Deps) {
    this.#deps = deps
  }

  version(): object {
    const { versions } = this.#deps
    const details = {
      ApiVersion: versions.api,
      Arch: GO_ARCH[arch()] ?? arch(),
      Experimental: 'false',
      KernelVersion: release(),
      MinAPIVersion: versions.minApi,
      Os: 'linux',
    }
    return {
      Platform: { Name: 'tsd' },
      Components: [
        {
          Name: 'Engine',
          Version: versions.engine,
          Details: { ...details, GitCommit: '', GoVersion: 'none', BuildTime: '' },
        },
        { Name: 'node', Version: process.versions.node, Details: {} },
      ],
      Version: versions.engine,
      ApiVersion: versions.api,
      MinAPIVersion: versions.minApi,
      GitCommit: '',
      GoVersion: 'none',
      Os: 'linux',
      Arch: details.Arch,
      KernelVersion: release(),
    }
  }

  info(): Readonly<Record<string, unknown>> {
    const { config, engineId, versions } = this.#deps
    return {
      ID: engineId,
      ...this.#counts(),
      ...this.#drivers(),
      ...this.#abilities(),
      Debug: config.logLevel === 'debug',
      ...GO_COUNTERS,
      SystemTime: new Date().toISOString(),
      ...this.#operatingSystem(),
      IndexServerAddress: 'https://index.docker.io/v1/',
      RegistryConfig: this.#registries(),
      GenericResources: null,
      DockerRootDir: config.dataRoot,
      ...NO_PROXY,
      Name: hostname(),
      Labels: config.labels,
      ExperimentalBuild: false,
      ServerVersion: versions.engine,
      Runtimes: { runc: { path: config.shimPath, status: {} } },
      DefaultRuntime: 'runc',
      Swarm: NO_SWARM,
      LiveRestoreEnabled: true,
      Isolation: '',
      InitBinary: 'docker-init',
      ContainerdCommit: { ID: '' },
      RuncCommit: { ID: '' },
      InitCommit: { ID: '' },
      SecurityOptions: this.#securityOptions(),
      FirewallBackend: { Driver: 'nftables' },
      CDISpecDirs: [],
      DiscoveredDevices: [],
      Warnings: null,
    }
  }

  /** What occupies the disk. Sizes of images come from their rows; of containers, from their own files. */
  async diskUsage(types: readonly string[] = []) {
    const { containers, images, layers } = this.#deps
    const unknown = types.find((type) => !DF_TYPES.includes(type))
    if (unknown !== undefined)
      throw new EngineError('invalid-parameter', `unknown object type: ${unknown}`)
    const wants = (type: string) => types.length === 0 || types.includes(type)
    return {
      LayersSize: wants('image') ? layers.totalBytes() : 0,
      Images: wants('image') ? images.summaries() : [],
      Containers: wants('container') ? await containers.list({ all: true, size: true }) : [],
      Volumes: [],
      BuildCache: [],
    }
  }

  #drivers(): object {
    const { config, host } = this.#deps
    return {
      Driver: 'overlay2',
      DriverStatus: [
        ['Supports d_type', 'true'],
        ['Native Overlay Diff', 'true'],
      ],
      Plugins: {
        Volume: ['local'],
        Network: ['bridge', 'host', 'null'],
        Authorization: null,
        Log: ['json-file', 'local', 'none'],
      },
      LoggingDriver: config.logDriver,
      CgroupDriver: 'cgroupfs',
      CgroupVersion: String(host.cgroup.version),
    }
  }

  #counts(): object {
    const { containers, images } = this.#deps
    const statuses = containers.statuses()
    const count = (...wanted: string[]) =>
      statuses.filter((status) => wanted.includes(status)).length
    return {
      Containers: statuses.length,
      ContainersRunning: count('running', 'restarting'),
      ContainersPaused: count('paused'),
      ContainersStopped: count('created', 'exited', 'removing', 'dead'),
      Images: images.all().length,
    }
  }

  #abilities(): object {
    const { host } = this.#deps
    const has = (controller: string) =>
      host.cgroup.version === 2 || host.cgroup.roots[controller] !== undefined
    return {
      MemoryLimit: has('memory'),
      SwapLimit: host.hasSwapLimit,
      CpuCfsPeriod: has('cpu'),
      CpuCfsQuota: has('cpu'),
      CPUShares: has('cpu'),
      CPUSet: has('cpuset'),
      PidsLimit: has('pids'),
      IPv4Forwarding: true,
      OomKillDisable: host.cgroup.version === 1,
      NCPU: host.cpuCount,
      MemTotal: host.memoryBytes,
      KernelVersion: host.kernel,
    }
  }

  #operatingSystem(): object {
    const { PRETTY_NAME = 'Linux', VERSION_ID = '' } = osRelease()
    return {
      OperatingSystem: PRETTY_NAME,
      OSVersion: VERSION_ID,
      OSType: 'linux',
      Architecture: UNAME_ARCH[arch()] ?? arch(),
    }
  }

  #registries(): object {
    const { registryMirrors } = this.#deps.config
    return {
      InsecureRegistryCIDRs: ['127.0.0.0/8', '::1/128'],
      IndexConfigs: {
        'docker.io': { Name: 'docker.io', Mirrors: registryMirrors, Secure: true, Official: true },
      },
      Mirrors: registryMirrors,
    }
  }

  #securityOptions(): string[] {
    const { config, host } = this.#deps
    return [
      ...(host.hasApparmor ? ['name=apparmor'] : []),
      `name=seccomp,profile=${config.seccompProfile}`,
      ...(host.cgroup.version === 2 ? ['name=cgroupns'] : []),
      ...(config.noNewPrivileges ? ['name=no-new-privileges'] : []),
    ]
  }
}
