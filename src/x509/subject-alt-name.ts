/** Subject alternative names (RFC 5280 section 4.2.1.6), one by one. A name that is kept keeps its bytes. */
import { isSubdomain, isWildcard } from '../dns-name.ts'
import { type IpAddress, ipAddressOf, isDisputedAddress, parseIpAddress } from '../ip-address.ts'
import type { Certificate } from './certificate.ts'
import { contentsOf, type Der, elementsOf, encodeElement, onlyElement, tbsPartsOf } from './der.ts'
import { type ExtensionParts, extensionParts } from './extension.ts'

export type SubjectAltNameType = 'DNS' | 'IP' | 'email' | 'URI' | 'other'

export interface SubjectAltName {
  readonly type: SubjectAltNameType
  /** Printable ASCII. IP: as `IpAddress` prints it; other: the bytes in hexadecimal. */
  readonly value: string
  /** The whole GeneralName. */
  readonly der: Der
}

export const SUBJECT_ALT_NAME = '2.5.29.17'

const OBJECT_ID = Uint8Array.of(0x06, 0x03, 0x55, 0x1d, 0x11)
const BOOLEAN = 0x01
const TRUE = Uint8Array.of(BOOLEAN, 0x01, 0xff)
const OCTET_STRING = 0x04
const SEQUENCE = 0x30
const TAGS = { DNS: 0x82, IP: 0x87 } as const
const TEXT_TYPES: ReadonlyMap<number, SubjectAltNameType> = new Map([
  [0x81, 'email'],
  [TAGS.DNS, 'DNS'],
  [0x86, 'URI'],
])

function partsIn(extensions: ReadonlyMap<string, Der>): ExtensionParts | undefined {
  const extension = extensions.get(SUBJECT_ALT_NAME)
  return extension && extensionParts(extension)
}

export function isSubjectAltNameCritical({ der }: Certificate): boolean {
  return isSubjectAltNameCriticalIn(tbsPartsOf(der).extensions)
}

/** Whether the extension, of a certificate or asked for, is critical. Throws as `subjectAltNamesOf`. */
export function isSubjectAltNameCriticalIn(extensions: ReadonlyMap<string, Der>): boolean {
  return partsIn(extensions)?.isCritical === true
}

/** In the certificate's order. Throws RangeError when the extension is not a list of names. */
export function subjectAltNamesOf({ der }: Certificate): readonly SubjectAltName[] {
  return subjectAltNamesIn(tbsPartsOf(der).extensions)
}

/** Of a certificate's extensions, or those that a request asks for. Throws as `subjectAltNamesOf`. */
export function subjectAltNamesIn(extensions: ReadonlyMap<string, Der>): readonly SubjectAltName[] {
  const parts = partsIn(extensions)
  return parts ? elementsOf(onlyElement(SEQUENCE, parts.value)).map(decodeName) : []
}

/** What is not plain text, or no address, is handed on as it is. */
function decodeName(der: Der): SubjectAltName {
  const contents = contentsOf(der)
  const address = der[0] === TAGS.IP ? ipAddressOf(contents) : undefined
  if (address) return { type: 'IP', value: address.text, der }
  const type = TEXT_TYPES.get(der[0] as number)
  const text = type && Buffer.from(contents).toString('latin1')
  return type && text && /^[\x21-\x7e]+$/.test(text)
    ? { type, value: text, der }
    : { type: 'other', value: Buffer.from(der).toString('hex'), der }
}

export function dnsName(name: string): SubjectAltName {
  return { type: 'DNS', value: name, der: encodeElement(TAGS.DNS, Buffer.from(name, 'ascii')) }
}

export function ipName({ text, bytes }: IpAddress): SubjectAltName {
  return { type: 'IP', value: text, der: encodeElement(TAGS.IP, bytes) }
}

/**
 * An IP address, or a DNS name, perhaps a wildcard, as kubeadm tells them apart; `DNS:` or `IP:` before it says which.
 * Upper case becomes lower case. Undefined for anything else, and for an address with leading zeros.
 */
export function parseSubjectAltName(text: string): SubjectAltName | undefined {
  const prefix = /^(?:DNS|IP):/i.exec(text)?.[0].toUpperCase()
  const value = text.slice(prefix?.length ?? 0)
  const address = prefix === 'DNS:' ? undefined : parseIpAddress(value)
  if (address) return ipName(address)
  if (prefix === 'IP:' || isDisputedAddress(value)) return undefined
  const name = value.toLowerCase()
  return isSubdomain(name) || isWildcard(name) ? dnsName(name) : undefined
}

/** `DNS:lb.example.com`, `IP:10.0.0.1`. */
export function describeSubjectAltName({ type, value }: SubjectAltName): string {
  return `${type}:${value}`
}

/** Equal for the same name: DNS names whatever their case, addresses by what they mean, the rest by the byte. */
export function subjectAltNameKey({ type, value }: SubjectAltName): string {
  return `${type}:${type === 'DNS' ? value.toLowerCase() : value}`
}

export function isSameSubjectAltName(one: SubjectAltName, other: SubjectAltName): boolean {
  return subjectAltNameKey(one) === subjectAltNameKey(other)
}

/** Each name once, where it comes first. */
export function distinctNames(names: readonly SubjectAltName[]): SubjectAltName[] {
  const first = new Map<string, SubjectAltName>()
  for (const name of names) {
    const key = subjectAltNameKey(name)
    if (!first.has(key)) first.set(key, name)
  }
  return [...first.values()]
}

/** The whole Extension. Throws RangeError without names: a certificate has no such extension then. */
export function subjectAltNameExtension(
  names: readonly SubjectAltName[],
  { critical = false }: { readonly critical?: boolean } = {},
): Der {
  if (names.length === 0) throw new RangeError('a SubjectAltName needs a name')
  const value = encodeElement(OCTET_STRING, encodeElement(SEQUENCE, ...names.map(({ der }) => der)))
  return encodeElement(SEQUENCE, OBJECT_ID, ...(critical ? [TRUE] : []), value)
}
