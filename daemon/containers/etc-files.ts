import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../config.ts'
import type { Endpoint } from '../networks/network-service.ts'
import type { Container } from './container.ts'

type Context = {
  readonly container: Pick<Container, 'config' | 'hostConfig'>
  readonly endpoint: Endpoint | undefined
  readonly directory: string
  readonly config: Config
}

/** Names in a container's directory, and where they are bound. */
export const ETC_FILES = {
  'resolv.conf': '/etc/resolv.conf',
  hostname: '/etc/hostname',
  hosts: '/etc/hosts',
} as const

const LOCAL_HOSTS = `127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::\tip6-localnet
ff00::\tip6-mcastprefix
ff02::1\tip6-allnodes
ff02::2\tip6-allrouters
`
/** Used where the host names only resolvers on its own loopback, which a container cannot reach. */
const PUBLIC_DNS = ['8.8.8.8', '8.8.4.4']

function readHost(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

export function hostsFile({
  container,
  endpoint,
}: Pick<Context, 'container' | 'endpoint'>): string {
  const { config, hostConfig } = container
  const extra = (hostConfig.ExtraHosts ?? []).map((entry) => {
    const at = entry.indexOf(entry.includes('=') ? '=' : ':')
    const address = entry.slice(at + 1).replace(/^\[(.*)\]$/, '$1')
    return `${address === 'host-gateway' ? (endpoint?.gateway ?? '127.0.0.1') : address}\t${entry.slice(0, at)}\n`
  })
  const base = hostConfig.NetworkMode === 'host' ? readHost('/etc/hosts') : LOCAL_HOSTS
  const names = [
    config.Hostname,
    config.Domainname ? `${config.Hostname}.${config.Domainname}` : '',
  ]
  const own = endpoint ? `${endpoint.ipv4}\t${names.reverse().filter(Boolean).join(' ')}\n` : ''
  return base + extra.join('') + own
}

const lines = (text: string, keyword: string) =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.startsWith(`${keyword} `))
    .map((line) => line.slice(keyword.length + 1).trim())

const isLoopback = (address: string) => address.startsWith('127.') || address === '::1'

export function resolvConf(
  { container, endpoint, config }: Omit<Context, 'directory'>,
  host: string,
): string {
  const { Dns, DnsSearch, DnsOptions } = container.hostConfig
  const choose = (...lists: (readonly string[] | null | undefined)[]) =>
    lists.find((list) => list && list.length > 0) ?? []
  const fromHost = lines(host, 'nameserver').filter((address) => !endpoint || !isLoopback(address))
  const servers = choose(Dns, config.dns, fromHost, endpoint ? PUBLIC_DNS : [])
  const search = choose(
    DnsSearch,
    config.dnsSearch,
    lines(host, 'search').flatMap((text) => text.split(/\s+/)),
  )
  const options = choose(
    DnsOptions,
    config.dnsOptions,
    lines(host, 'options').flatMap((text) => text.split(/\s+/)),
  )
  return [
    ...servers.map((address) => `nameserver ${address}\n`),
    ...(search.length > 0 && search[0] !== '.' ? [`search ${search.join(' ')}\n`] : []),
    ...(options.length > 0 ? [`options ${options.join(' ')}\n`] : []),
  ].join('')
}

/** The files that are bound over the image's; nothing where the network is another container's, whose files are used. */
export function writeEtcFiles({ container, endpoint, directory, config }: Context): void {
  const { Hostname = '' } = container.config
  writeFileSync(join(directory, 'hostname'), `${Hostname}\n`)
  if (container.hostConfig.NetworkMode?.startsWith('container:')) return
  writeFileSync(join(directory, 'hosts'), hostsFile({ container, endpoint }))
  writeFileSync(
    join(directory, 'resolv.conf'),
    resolvConf({ container, endpoint, config }, readHost('/etc/resolv.conf')),
  )
}
