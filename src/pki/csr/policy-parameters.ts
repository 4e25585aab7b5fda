/** What the rules of a policy can be told, and how a policy file says it. */
import { isSubdomain, isWildcard } from '../../dns-name.ts'
import { shown } from '../../foreign-text.ts'
import { type Cidr, parseCidr, parseIpAddress } from '../../ip-address.ts'
import { parseDuration } from '../../kubernetes/duration.ts'
import { type Pattern, parsePattern } from '../../linear-pattern.ts'

export interface PolicyParameters {
  /** User names; one that ends with * stands for all that begin so. */
  readonly allowedRequesters: readonly string[]
  /** Of a requester that is no node. */
  readonly requesterGroups: readonly string[]
  /** No other groups than those. */
  readonly exactGroups: boolean
  readonly nodeNamePattern?: Pattern
  readonly dnsNamePattern?: Pattern
  /** Every IP address of a request lies in one of them; empty: anywhere. */
  readonly allowedCidrs: readonly Cidr[]
  /** Known beside those of the Node: virtual addresses that move between nodes. */
  readonly extraAddresses: readonly Cidr[]
  /** Host names, `*.domain`, addresses or CIDRs that no node may have: API endpoints, the service network. */
  readonly forbiddenNames: readonly string[]
  readonly loopbackNames: boolean
  readonly maxDnsNames: number
  readonly maxIpAddresses: number
  /** Milliseconds; Infinity: any. */
  readonly maxExpiration: number
  readonly keyAlgorithms: readonly string[]
  /** How long after it was made a request may be approved, in milliseconds; Infinity: for ever. */
  readonly window: number
  /** How many more than there are nodes may be made within an hour. */
  readonly floodLimit: number
}

const DAY = 86_400_000

export const DEFAULT_PARAMETERS: PolicyParameters = {
  allowedRequesters: ['system:node:*'],
  requesterGroups: ['system:bootstrappers', 'system:authenticated'],
  exactGroups: false,
  allowedCidrs: [],
  extraAddresses: [],
  forbiddenNames: [],
  loopbackNames: false,
  maxDnsNames: 5,
  maxIpAddresses: 20,
  maxExpiration: 367 * DAY,
  keyAlgorithms: ['ECDSA-P256', 'ECDSA-P384', 'ECDSA-P521', 'RSA-2048', 'RSA-3072', 'RSA-4096'],
  window: Number.POSITIVE_INFINITY,
  floodLimit: 100,
}

/** In words what is wanted, when the value is something else. */
type Reader = (value: unknown) => { readonly value: unknown } | { readonly wanted: string }

const KEY_ALGORITHM_NAME = /^(RSA-\d{4,5}|ECDSA-P(256|384|521)|Ed25519)$/

/** Key -> how its value is read. Every key of `PolicyParameters` is here. */
export const PARAMETERS: Readonly<Record<keyof PolicyParameters, Reader>> = {
  allowedRequesters: list('user names, a * only at the end', isRequester),
  requesterGroups: list('group names', isName),
  exactGroups: flag,
  nodeNamePattern: pattern,
  dnsNamePattern: pattern,
  allowedCidrs: list('CIDRs such as 10.0.0.0/8', text => cidrOf(text) !== undefined, cidrOf),
  extraAddresses: list('addresses or CIDRs', text => cidrOf(text) !== undefined, cidrOf),
  forbiddenNames: list('host names in lower case, *.domain, addresses or CIDRs', isForbidable),
  loopbackNames: flag,
  maxDnsNames: count(0, 1000),
  maxIpAddresses: count(0, 1000),
  maxExpiration: duration,
  keyAlgorithms: list('algorithms such as ECDSA-P256, RSA-2048 or Ed25519', text =>
    KEY_ALGORITHM_NAME.test(text),
  ),
  window: duration,
  floodLimit: count(0, 1_000_000),
}

export function cidrOf(text: string): Cidr | undefined {
  const address = parseIpAddress(text)
  return address ? { address, prefix: address.bytes.length * 8 } : parseCidr(text)
}

function isRequester(text: string): boolean {
  return text !== '' && text !== '*' && !text.slice(0, -1).includes('*')
}

function isName(text: string): boolean {
  return text !== ''
}

function isForbidable(text: string): boolean {
  return isSubdomain(text) || isWildcard(text) || cidrOf(text) !== undefined
}

const MOST_ITEMS = 1000

function list(
  what: string,
  isRight: (text: string) => boolean,
  read: (text: string) => unknown = text => text,
): Reader {
  return value => {
    if (!Array.isArray(value)) return { wanted: `a list of ${what}` }
    if (value.length > MOST_ITEMS) return { wanted: `at most ${MOST_ITEMS} ${what}` }
    const wrong = value.find(item => typeof item !== 'string' || !isRight(item))
    if (wrong !== undefined) return { wanted: `${what}, found ${shown(String(wrong))}` }
    return { value: value.map(item => read(item as string)) }
  }
}

function flag(value: unknown): ReturnType<Reader> {
  return typeof value === 'boolean' ? { value } : { wanted: 'true or false' }
}

function count(least: number, most: number): Reader {
  return value => {
    const isRight = Number.isInteger(value) && (value as number) >= least && (value as number) <= most
    return isRight ? { value } : { wanted: `a whole number from ${least} to ${most}` }
  }
}

function duration(value: unknown): ReturnType<Reader> {
  const parsed = parseDuration(String(value))
  return parsed !== undefined && parsed > 0
    ? { value: parsed }
    : { wanted: 'a duration such as 1h, 30d or 1y' }
}

function pattern(value: unknown): ReturnType<Reader> {
  if (typeof value !== 'string' || value === '') return { wanted: 'a regular expression' }
  const parsed = parsePattern(value)
  return 'problem' in parsed
    ? { wanted: `a regular expression of Go's syntax: ${parsed.problem}` }
    : { value: parsed }
}
