/** HTTPS_PROXY, HTTP_PROXY and NO_PROXY as Go's net/http reads them, and so kubectl. Pure. */
import { isInside, isLoopback, parseCidr, parseIpAddress } from '../ip-address.ts'

type Environment = Readonly<Record<string, string | undefined>>

export interface EnvironmentProxy {
  readonly url: string
  /** The variable. */
  readonly source: string
}

/** Of https:// alone where the server has it. Never for this machine, nor for what NO_PROXY names. */
export function environmentProxy(server: string, environment: Environment): EnvironmentProxy | undefined {
  const { protocol, hostname, port } = new URL(server)
  const upper = protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY'
  const source = [upper, upper.toLowerCase()].find(name => environment[name])
  const value = source === undefined ? '' : (environment[source] ?? '')
  // A CGI script gets HTTP_PROXY from whoever asks it.
  const isForged = upper === 'HTTP_PROXY' && Boolean(environment.REQUEST_METHOD)
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase()
  if (source === undefined || isForged || isExempt({ host, port: port || PORTS[protocol] }, environment))
    return undefined
  return { url: /^[a-z][a-z0-9]*:\/\//i.test(value) ? value : `http://${value}`, source }
}

const PORTS: Readonly<Record<string, string>> = { 'https:': '443', 'http:': '80' }

interface Place {
  readonly host: string
  readonly port: string | undefined
}

function isExempt(place: Place, { NO_PROXY, no_proxy }: Environment): boolean {
  const address = parseIpAddress(place.host)
  if (place.host === 'localhost' || (address && isLoopback(address))) return true
  const rows = (NO_PROXY || no_proxy || '').toLowerCase().split(/[,\s]+/)
  return rows.some(row => row !== '' && isMeant(row, place))
}

/** `*`, an address, a CIDR, or a domain and what is below it (`.domain`: that alone); with a port perhaps. */
function isMeant(row: string, { host, port }: Place): boolean {
  if (row === '*') return true
  const address = parseIpAddress(host)
  const cidr = parseCidr(row)
  if (cidr) return address !== undefined && isInside(cidr, address)
  const { name, only } = parted(row)
  if (only !== undefined && only !== port) return false
  const meant = parseIpAddress(name)
  if (meant || address) return meant?.text === address?.text
  const below = name.replace(/^\*?\./, '')
  return host.endsWith(`.${below}`) || (host === below && below === name)
}

function parted(row: string): { readonly name: string; readonly only?: string | undefined } {
  const [, bracketed, plain, only] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(row) ?? []
  return { name: bracketed ?? plain ?? row, only }
}
