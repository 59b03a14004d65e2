import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import type { Config } from '../config.ts'
import { log } from '../log.ts'
import { run } from '../util/run.ts'
import { formatAddress, freeSubnet, parseRoutes, parseSubnet, type Subnet } from './ipam.ts'

/** What a bridge is made with, by the launcher: `{"verb":"bridge"}`. */
type Call = (request: object) => Promise<unknown>

export type BridgeAddress = {
  readonly subnet: Subnet
  readonly gateway: string
  readonly cidr: string
}

export function parseBip(bip: string): BridgeAddress {
  return { subnet: parseSubnet(bip), gateway: bip.split('/')[0] ?? '', cidr: bip }
}

/** An address that no route of the host overlaps; routes of the bridge itself do not count. */
export function chooseAddress(bridge: string): BridgeAddress {
  const routes = existsSync('/proc/net/route')
    ? parseRoutes(readFileSync('/proc/net/route', 'utf8'))
    : []
  const subnet = freeSubnet(routes.filter(({ link }) => link !== bridge))
  if (!subnet)
    throw new Error('no address range is free for the default bridge; name one with --bip')
  const gateway = formatAddress(subnet.base + 1)
  return { subnet, gateway, cidr: `${gateway}/${subnet.prefixLength}` }
}

/**
 * The rules of a daemon, whole. Forwarding to and from the bridge is accepted, replies always; other engines on the host may drop
 * by policy in tables of their own, which no rule of ours can overrule, so the mark they honour is not needed where they are absent.
 */
export function ruleset({ nftTable, bridge }: Config, { subnet, gateway }: BridgeAddress): string {
  const cidr = `${formatAddress(subnet.base)}/${subnet.prefixLength}`
  const icc = bridge.icc ? 'accept' : 'drop'
  const masquerade = bridge.ipMasq ? `ip saddr ${cidr} oifname != "${bridge.name}" masquerade` : ''
  return `table inet ${nftTable} {}
delete table inet ${nftTable}
table inet ${nftTable} {
  chain forward {
    type filter hook forward priority filter; policy accept;
    iifname "${bridge.name}" oifname "${bridge.name}" ${icc}
    oifname "${bridge.name}" ct state established,related accept
    oifname "${bridge.name}" ip daddr ${cidr} iifname != "${bridge.name}" drop
    iifname "${bridge.name}" accept
  }
  chain raw {
    type filter hook prerouting priority raw; policy accept;
    iifname "${bridge.name}" ip daddr 127.0.0.0/8 drop
    iifname != "${bridge.name}" iifname != "lo" ip daddr ${cidr} ip daddr != ${gateway} ct state new drop
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ${masquerade}
  }
}
`
}

/** Makes the default bridge and its rules, or finds them made. */
export async function ensureBridge(
  config: Config,
  address: BridgeAddress,
  call: Call,
): Promise<void> {
  const { bridge } = config
  await call({ verb: 'bridge', name: bridge.name, addresses: [address.cidr], mtu: bridge.mtu })
  if (bridge.ipForward) enableForwarding()
  if (!bridge.firewall) return
  try {
    await run('nft', ['-f', '-'], { input: ruleset(config, address) })
    await acceptBesideDocker(bridge.name)
  } catch (err) {
    log.networks.warn(
      { err },
      'no firewall rules: containers on the bridge will not reach beyond the host',
    )
  }
}

function enableForwarding(): void {
  const path = '/proc/sys/net/ipv4/ip_forward'
  try {
    if (readFileSync(path, 'utf8').trim() !== '1') writeFileSync(path, '1')
  } catch (err) {
    log.networks.warn({ err }, 'cannot turn on forwarding of IPv4')
  }
}

/** Docker sets the policy of the forward chain to drop; its DOCKER-USER chain is where others may accept. */
async function acceptBesideDocker(bridge: string): Promise<void> {
  const listed = await run('nft', ['list', 'chain', 'ip', 'filter', 'DOCKER-USER']).catch(() => '')
  for (const side of ['iifname', 'oifname']) {
    if (listed === '' || listed.includes(`${side} "${bridge}"`)) continue
    await run('nft', [
      'insert',
      'rule',
      'ip',
      'filter',
      'DOCKER-USER',
      side,
      bridge,
      'counter',
      'accept',
    ]).catch(() => '')
  }
}
