/** Fields of kubeadm's documents, checked as kubeadm's validation does; what is wrong is named with file and field. */
import { isSubdomain, isWildcard } from '../dns-name.ts'
import { PkiError } from '../errors.ts'
import {
  firstAddressOf,
  isDisputedAddress,
  isGlobalUnicast,
  isUnspecified,
  parseIpAddress,
} from '../ip-address.ts'
import { type EndpointAddress, parseEndpointAddress } from './endpoint-address.ts'
import { isMapping, type Mapping } from './yaml.ts'

/** A document, and the file it is in. */
export interface Source {
  readonly document: Mapping
  readonly file: string
}

export function invalid(file: string, found: string, hint?: string): PkiError {
  return new PkiError('CONFIG_INVALID', `${file}: ${found}`, { hint })
}

function refuse(file: string, field: string, wanted: string, found: unknown): PkiError {
  const shown = typeof found === 'string' ? JSON.stringify(found) : describe(found)
  return invalid(file, `${field}: wanted ${wanted}, found ${shown}`)
}

function describe(value: unknown): string {
  if (isMapping(value)) return 'a mapping'
  return Array.isArray(value) ? 'a list' : `the ${typeof value} ${value}`
}

/** What is at `networking.dnsDomain`; undefined when any part of the way is absent or null. */
function valueAt({ document, file }: Source, field: string): unknown {
  const keys = field.split('.')
  return keys.reduce<unknown>((value, key, index) => {
    if (value === undefined) return undefined
    if (!isMapping(value)) throw refuse(file, keys.slice(0, index).join('.'), 'a mapping', value)
    return Object.hasOwn(value, key) ? (value[key] ?? undefined) : undefined
  }, document)
}

/** Absent or empty: the file says nothing. */
function textAt(source: Source, field: string): string | undefined {
  const value = valueAt(source, field)
  if (value !== undefined && typeof value !== 'string') throw refuse(source.file, field, 'text', value)
  return value === '' ? undefined : value
}

/** Trimmed and in lower case. */
export function nodeNameAt(source: Source, field: string): string | undefined {
  const name = textAt(source, field)?.trim().toLowerCase()
  if (name && !isSubdomain(name)) throw refuse(source.file, field, 'a DNS subdomain', name)
  return name === '' ? undefined : name
}

export function subdomainAt(source: Source, field: string): string | undefined {
  const name = textAt(source, field)
  if (name !== undefined && !isSubdomain(name)) throw refuse(source.file, field, 'a DNS subdomain', name)
  return name
}

/** `0.0.0.0` and `::` leave the choice to kubeadm: the file says nothing. */
export function advertiseAddressAt(source: Source, field: string): string | undefined {
  const text = textAt(source, field)
  const address = text === undefined ? undefined : parseIpAddress(text)
  if (text === undefined || (address && isUnspecified(address))) return undefined
  if (!address || !isGlobalUnicast(address))
    throw refuse(source.file, field, 'an IP address that others can reach', text)
  return address.text
}

export function endpointAt(source: Source, field: string): EndpointAddress | undefined {
  const text = textAt(source, field)
  const endpoint = text === undefined ? undefined : parseEndpointAddress(text)
  if (text === undefined || endpoint) return endpoint
  throw refuse(source.file, field, 'an IP address or a DNS name, and perhaps a port', text)
}

/** One CIDR, or one for each family. */
export function serviceSubnetAt(source: Source, field: string): string | undefined {
  const text = textAt(source, field)
  const isUsable = text === undefined || (text.split(',').length <= 2 && firstAddressOf(text))
  if (!isUsable) throw refuse(source.file, field, 'a CIDR, or two with a comma between them', text)
  return text
}

/** As they are written, but for their case when `lowerCase` asks for it. */
export function certSansAt(
  source: Source,
  field: string,
  { lowerCase = false }: { readonly lowerCase?: boolean } = {},
): readonly string[] | undefined {
  const list = valueAt(source, field)
  if (list === undefined) return undefined
  if (!Array.isArray(list)) throw refuse(source.file, field, 'a list', list)
  return list.map((entry, index) => {
    const name = lowerCase && typeof entry === 'string' ? entry.toLowerCase() : entry
    if (typeof name === 'string' && isCertSan(name)) return name
    throw refuse(source.file, `${field}[${index}]`, 'an IP address or a DNS name', entry)
  })
}

function isCertSan(text: string): boolean {
  return (
    parseIpAddress(text) !== undefined || isWildcard(text) || (isSubdomain(text) && !isDisputedAddress(text))
  )
}
