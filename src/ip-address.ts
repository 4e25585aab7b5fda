/** IP addresses as Go's net.ParseIP reads and prints them; the door to ipaddr.js, which by itself reads far more. */
import ipaddr from 'ipaddr.js'

export interface IpAddress {
  /** RFC 5952; one that is mapped from IPv4 as IPv4: `10.0.0.1`. */
  readonly text: string
  /** Four or sixteen; four for one that is mapped from IPv4. */
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** ipaddr.js takes `1.2.3`, `0x1` and octal parts too. */
const OCTET = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'
const IPV4 = new RegExp(`^${OCTET}(?:\\.${OCTET}){3}$`)
const HEXADECIMAL = /^[0-9a-f:]+$/i

/** Strict: four decimal parts without leading zeros, or IPv6 without a zone; undefined for anything else. */
export function parseIpAddress(text: string): IpAddress | undefined {
  if (IPV4.test(text)) return ipAddressOf(text.split('.').map(Number))
  const hexadecimal = withoutDottedTail(text)
  if (!HEXADECIMAL.test(hexadecimal) || !ipaddr.IPv6.isValid(hexadecimal)) return undefined
  return ipAddressOf(ipaddr.IPv6.parse(hexadecimal).toByteArray())
}

/** ipaddr.js reads `::1.2.3.4` as `::ffff:1.2.3.4`: it is given hexadecimal digits only. */
function withoutDottedTail(text: string): string {
  const start = text.lastIndexOf(':') + 1
  const tail = text.slice(start)
  if (start === 0 || !IPV4.test(tail)) return text
  const [a = 0, b = 0, c = 0, d = 0] = tail.split('.').map(Number)
  return `${text.slice(0, start)}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`
}

/** Undefined unless there are four or sixteen bytes. */
export function ipAddressOf(bytes: ArrayLike<number>): IpAddress | undefined {
  const octets = Array.from(bytes)
  if (octets.length === 4) return { text: octets.join('.'), bytes: Uint8Array.from(octets) }
  if (octets.length !== 16) return undefined
  const address = new ipaddr.IPv6(octets)
  if (address.isIPv4MappedAddress()) return ipAddressOf(octets.slice(12))
  return { text: address.toRFC5952String(), bytes: Uint8Array.from(octets) }
}

/** Leading zeros: an address to Go before 1.17 and to kubeadm since 1.22, a DNS name to what is between, octal to others. */
export function isDisputedAddress(text: string): boolean {
  const parts = text.split('.')
  const isRead = parts.length === 4 && parts.every(part => /^\d+$/.test(part) && Number(part) <= 255)
  return isRead && !IPV4.test(text)
}

/** Kinds that no other host can reach a server at, by ipaddr.js's names. */
const LOCAL = new Set(['unspecified', 'loopback', 'multicast', 'linkLocal', 'broadcast'])

/** Go's IsGlobalUnicast: private networks are global too. */
export function isGlobalUnicast({ bytes }: IpAddress): boolean {
  return !LOCAL.has(ipaddr.fromByteArray([...bytes]).range())
}

const SHARED = new Set(['unspecified', 'multicast', 'broadcast'])

/** Not of all hosts or of a group of them. */
export function isOneHosts({ bytes }: IpAddress): boolean {
  return !SHARED.has(ipaddr.fromByteArray([...bytes]).range())
}

export function isUnspecified({ bytes }: IpAddress): boolean {
  return bytes.every(byte => byte === 0)
}

export interface Cidr {
  readonly address: IpAddress
  readonly prefix: number
}

export function parseCidr(text: string): Cidr | undefined {
  const [, host = '', length = ''] = /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(text) ?? []
  const address = parseIpAddress(host)
  const prefix = Number(length)
  return address && length !== '' && prefix <= address.bytes.length * 8 ? { address, prefix } : undefined
}

/** The network's address + 1, of the first of a comma-separated list; undefined unless all are CIDRs and it has one. */
export function firstAddressOf(cidrs: string): IpAddress | undefined {
  const parsed = cidrs.split(',').map(parseCidr)
  const [first] = parsed
  if (!first || parsed.includes(undefined)) return undefined
  const { address, prefix } = first
  const bits = address.bytes.length * 8
  if (prefix === bits) return undefined
  const network = address.bytes.map((byte, index) => byte & maskByte(prefix - index * 8))
  network[network.length - 1] = (network.at(-1) as number) | 1
  return ipAddressOf(network)
}

function maskByte(ones: number): number {
  return (0xff << (8 - Math.min(8, Math.max(0, ones)))) & 0xff
}

/** Never for an address of the other family. */
export function isInside({ address: { bytes: network }, prefix }: Cidr, { bytes }: IpAddress): boolean {
  return (
    bytes.length === network.length &&
    bytes.every((byte, index) => {
      const mask = maskByte(prefix - index * 8)
      return (byte & mask) === ((network[index] as number) & mask)
    })
  )
}

export function isLoopback({ bytes }: IpAddress): boolean {
  return ipaddr.fromByteArray([...bytes]).range() === 'loopback'
}
