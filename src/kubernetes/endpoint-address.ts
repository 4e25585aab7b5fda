/** `host:port` as kubeadm's controlPlaneEndpoint has it. */
import { isSubdomain } from '../dns-name.ts'
import { isDisputedAddress, parseIpAddress } from '../ip-address.ts'

export interface EndpointAddress {
  /** An IP address without brackets, as it is written, or a DNS name. */
  readonly host: string
  readonly port?: number
}

/** An address or a name, with or without a port; an IPv6 address has brackets when there is a port, and only then. */
export function parseEndpointAddress(text: string): EndpointAddress | undefined {
  const [, bracketed, plain, digits = ''] = /^(?:\[([^[\]]*)\]|([^[\]:]*)):(\d*)$/.exec(text) ?? []
  const host = hostOf(bracketed ?? plain ?? text)
  if (host === undefined) return undefined
  const port = Number(digits)
  if (digits === '') return { host }
  return port >= 1 && port <= 65535 ? { host, port } : undefined
}

function hostOf(text: string): string | undefined {
  const isName = isSubdomain(text) && !isDisputedAddress(text)
  return isName || parseIpAddress(text) ? text : undefined
}

/** `https://[2001:db8::1]:6443` */
export function urlOf({ host, port }: Required<EndpointAddress>): string {
  return `https://${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** Undefined for anything but https, a host and perhaps a port; without one it is 443, and not the API server's. */
export function parseServerUrl(url: string): Required<EndpointAddress> | undefined {
  const [, address] = /^https:\/\/([^/]+)\/?$/.exec(url) ?? []
  const endpoint = address === undefined ? undefined : parseEndpointAddress(withoutPlainBrackets(address))
  return endpoint && { port: 443, ...endpoint }
}

/** A URL has brackets around an IPv6 address also where there is no port. */
function withoutPlainBrackets(address: string): string {
  return /^\[[^\]]*\]$/.test(address) ? address.slice(1, -1) : address
}
