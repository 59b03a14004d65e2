import type { Network as NetworkView } from '../../api-spec/generated/types.ts'
import type { Config } from '../config.ts'
import type { Database } from '../db/database.ts'
import { EngineError } from '../errors.ts'
import type { EventService } from '../events/event-service.ts'
import type { Interface } from '../shim/protocol.ts'
import { randomId } from '../util/random-id.ts'
import { type BridgeAddress, chooseAddress, ensureBridge, parseBip } from './bridge-driver.ts'
import { formatAddress, formatSubnet, macOf, nextAddress, parseAddress } from './ipam.ts'
import { type Network, networkFilter, predefinedId } from './network.ts'
import type { EndpointRow, NetworkStore } from './network-store.ts'

export type Endpoint = {
  readonly networkId: string
  readonly networkName: string
  readonly endpointId: string
  readonly mac: string
  readonly ipv4: string
  readonly prefixLength: number
  readonly gateway: string
  readonly interface: Interface
}

/** What connect needs to know of a container. */
type Connectable = {
  readonly name: string
  readonly hostConfig: { readonly NetworkMode?: string }
}

type Deps = {
  readonly config: Config
  readonly db: Database
  readonly networks: NetworkStore
  readonly events: EventService
  readonly call: (request: object) => Promise<unknown>
  /** Name of a container, for what inspect shows. */
  readonly nameOf: (containerId: string) => string
}

const DRIVERS = { bridge: 'bridge', host: 'host', none: 'null' } as const

/** The predefined networks: the default bridge, the host's, and none. */
export class NetworkService {
  readonly #deps: Deps
  readonly #all: Network[] = []
  readonly #endpoints = new Map<string, Endpoint>()
  readonly #taken = new Set<number>()
  #last = 0

  private constructor(deps: Deps) {
    this.#deps = deps
  }

  static async open(deps: Deps): Promise<NetworkService> {
    const service = new NetworkService(deps)
    await service.#open()
    return service
  }

  async #open(): Promise<void> {
    const { config, networks, call } = this.#deps
    const address = config.bridge.name === '' ? undefined : this.#address()
    if (address) await ensureBridge(config, address, call)
    for (const [name, driver] of Object.entries(DRIVERS)) {
      if (name === 'bridge' && !address) continue
      const id = predefinedId(config.instanceId, name)
      const createdAt = networks.ensureNetwork({ id, name, driver })
      const isBridge = name === 'bridge' && address
      this.#all.push({
        id,
        name,
        driver,
        createdAt,
        subnet: isBridge ? address.subnet : undefined,
        gateway: isBridge ? address.gateway : '',
      })
    }
    for (const row of networks.endpoints()) this.#keep(row)
  }

  #address(): BridgeAddress {
    const { config, networks } = this.#deps
    const { bip, name } = config.bridge
    const address = bip
      ? parseBip(bip)
      : networks.bip
        ? parseBip(networks.bip)
        : chooseAddress(name)
    if (!bip && !networks.bip) networks.bip = address.cidr
    return address
  }

  /** Gives a container its addresses, where its network mode is one that has any. Part of a running transaction, or one of its own. */
  connect(containerId: string, { name, hostConfig }: Connectable): Endpoint | undefined {
    const mode = hostConfig.NetworkMode ?? 'bridge'
    if (mode !== 'bridge') return undefined
    const network = this.#all.find((it) => it.name === 'bridge')
    if (!network?.subnet) {
      throw new EngineError(
        'not-found',
        'failed to set up container networking: network bridge not found',
      )
    }
    this.disconnect(containerId)
    const address = nextAddress(network.subnet, this.#used(network), this.#last)
    if (address === undefined) {
      throw new EngineError(
        'forbidden',
        `failed to set up container networking: no available IPv4 addresses on this network's address pools: bridge (${network.id})`,
      )
    }
    this.#last = address
    const row: EndpointRow = {
      id: randomId(),
      network_id: network.id,
      container_id: containerId,
      mac: macOf(address),
      ipv4: formatAddress(address),
      created_at: Date.now(),
    }
    const { db, networks } = this.#deps
    return db.transaction(() => {
      networks.insertEndpoint(row)
      this.#publish('connect', network, containerId)
      return this.#keep(row, name)
    })
  }

  disconnect(containerId: string): void {
    const endpoint = this.#endpoints.get(containerId)
    if (!endpoint) return
    const { db, networks } = this.#deps
    db.transaction(() => {
      networks.deleteEndpoints(containerId)
      const network = this.#all.find(({ id }) => id === endpoint.networkId)
      if (network) this.#publish('disconnect', network, containerId)
    })
    this.#taken.delete(parseAddress(endpoint.ipv4))
    this.#endpoints.delete(containerId)
  }

  endpointsOf(containerId: string): Endpoint[] {
    const endpoint = this.#endpoints.get(containerId)
    return endpoint ? [endpoint] : []
  }

  list(filters: Readonly<Record<string, readonly string[]>> = {}): NetworkView[] {
    return this.#all.filter(networkFilter(filters)).map((network) => this.#view(network, false))
  }

  inspect(ref: string): NetworkView {
    const network = this.find(ref)
    if (!network) throw new EngineError('not-found', `network ${ref} not found`)
    return this.#view(network, true)
  }

  find(ref: string): Network | undefined {
    return (
      this.#all.find(({ id, name }) => name === ref || id === ref) ??
      this.#all.find(({ id }) => ref !== '' && id.startsWith(ref))
    )
  }

  #used(network: Network): ReadonlySet<number> {
    return new Set([...this.#taken, parseAddress(network.gateway)])
  }

  #keep(row: EndpointRow, _name?: string): Endpoint {
    const { config } = this.#deps
    const network = this.#all.find(({ id }) => id === row.network_id)
    const prefixLength = network?.subnet?.prefixLength ?? 32
    const endpoint: Endpoint = {
      networkId: row.network_id,
      networkName: network?.name ?? '',
      endpointId: row.id,
      mac: row.mac,
      ipv4: row.ipv4,
      prefixLength,
      gateway: network?.gateway ?? '',
      interface: {
        hostName: `v${config.instanceId.slice(0, 4)}${row.id.slice(0, 9)}`,
        name: 'eth0',
        bridge: config.bridge.name,
        mac: row.mac,
        mtu: config.bridge.mtu,
        addresses: [`${row.ipv4}/${prefixLength}`],
        gateways: network?.gateway ? [network.gateway] : [],
      },
    }
    this.#endpoints.set(row.container_id, endpoint)
    this.#taken.add(parseAddress(row.ipv4))
    return endpoint
  }

  #publish(action: 'connect' | 'disconnect', network: Network, container: string): void {
    this.#deps.events.publish({
      type: 'network',
      action,
      id: network.id,
      attributes: { container, name: network.name, type: network.driver },
    })
  }

  #containers(network: Network): Record<string, object> {
    const members = [...this.#endpoints].filter(([, it]) => it.networkId === network.id)
    return Object.fromEntries(
      members.map(([id, it]) => [
        id,
        {
          Name: this.#deps.nameOf(id),
          EndpointID: it.endpointId,
          MacAddress: it.mac,
          IPv4Address: `${it.ipv4}/${it.prefixLength}`,
          IPv6Address: '',
        },
      ]),
    )
  }

  #options({ name }: Network): Record<string, string> {
    const { bridge } = this.#deps.config
    if (name !== 'bridge') return {}
    return {
      'com.docker.network.bridge.default_bridge': 'true',
      'com.docker.network.bridge.enable_icc': String(bridge.icc),
      'com.docker.network.bridge.enable_ip_masquerade': String(bridge.ipMasq),
      'com.docker.network.bridge.host_binding_ipv4': '0.0.0.0',
      'com.docker.network.bridge.name': bridge.name,
      'com.docker.network.driver.mtu': String(bridge.mtu),
    }
  }

  #view(network: Network, withContainers: boolean): NetworkView {
    const { id, name, driver, createdAt, subnet, gateway } = network
    return {
      Name: name,
      Id: id,
      Created: createdAt.toISOString(),
      Scope: 'local',
      Driver: driver,
      EnableIPv4: true,
      EnableIPv6: false,
      IPAM: {
        Driver: 'default',
        Options: null,
        Config: subnet ? [{ Subnet: formatSubnet(subnet), Gateway: gateway }] : null,
      },
      Internal: false,
      Attachable: false,
      Ingress: false,
      ConfigFrom: { Network: '' },
      ConfigOnly: false,
      Containers: withContainers ? this.#containers(network) : {},
      Options: this.#options(network),
      Labels: {},
    } as unknown as NetworkView
  }
}
