/** IPv4 arithmetic on numbers. */
export type Subnet = { readonly base: number; readonly prefixLength: number }

export function parseAddress(text: string): number {
  const parts = text.split('.').map(Number)
  if (
    parts.length !== 4 ||
    parts.some((part) => !Number.isInteger(part) || part < 0 || part > 255)
  ) {
    throw new RangeError(`${text} is not an IPv4 address`)
  }
  return parts.reduce((value, part) => value * 256 + part, 0)
}

export function formatAddress(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.')
}

/** `ADDRESS/PREFIX` → its network. */
export function parseSubnet(cidr: string): Subnet {
  const [address = '', prefix = ''] = cidr.split('/')
  const prefixLength = Number(prefix)
  if (prefix === '' || !Number.isInteger(prefixLength) || prefixLength < 1 || prefixLength > 30) {
    throw new RangeError(`${cidr} is not an IPv4 network`)
  }
  const size = 2 ** (32 - prefixLength)
  const value = parseAddress(address)
  return { base: value - (value % size), prefixLength }
}

export const formatSubnet = ({ base, prefixLength }: Subnet): string =>
  `${formatAddress(base)}/${prefixLength}`

const sizeOf = ({ prefixLength }: Subnet) => 2 ** (32 - prefixLength)

export function overlaps(a: Subnet, b: Subnet): boolean {
  return a.base < b.base + sizeOf(b) && b.base < a.base + sizeOf(a)
}

/** Docker's own default pools, in its order. */
const POOLS = [
  ...Array.from({ length: 15 }, (_, n) => `172.${17 + n}.0.0/16`),
  ...Array.from({ length: 16 }, (_, n) => `192.168.${16 * n}.0/20`),
].map(parseSubnet)

/** The first pool that nothing of the host overlaps. */
export function freeSubnet(taken: readonly Subnet[]): Subnet | undefined {
  return POOLS.find((pool) => !taken.some((it) => overlaps(pool, it)))
}

/**
 * The next free address after `last`, going round: one that was just given back is not given out again at once. undefined when the
 * subnet is full.
 */
export function nextAddress(
  subnet: Subnet,
  taken: ReadonlySet<number>,
  last: number,
): number | undefined {
  const first = subnet.base + 1
  const count = sizeOf(subnet) - 2
  const start = last >= first && last < first + count ? last + 1 - first : 0
  for (let step = 0; step < count; step++) {
    const candidate = first + ((start + step) % count)
    if (!taken.has(candidate)) return candidate
  }
  return undefined
}

/** Locally administered, and derived from the address as Docker does it. */
export function macOf(address: number): string {
  const octets = formatAddress(address)
    .split('.')
    .map((part) => Number(part).toString(16).padStart(2, '0'))
  return `02:42:${octets.join(':')}`
}

/** proc_net_route: `Iface Destination Gateway Flags … Mask`, little endian hexadecimal. The default route is left out. */
export function parseRoutes(text: string): (Subnet & { readonly link: string })[] {
  return text
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [link = '', destination = '', , , , , , mask = ''] = line.split('\t')
      if (mask === '' || mask === '00000000') return []
      const value = (hex: string) => Buffer.from(hex, 'hex').readUInt32LE()
      const bits = value(mask).toString(2).replaceAll('0', '').length
      return [{ link, base: value(destination), prefixLength: bits }]
    })
}
