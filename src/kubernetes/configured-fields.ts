/** Fields of kubeadm's documents, checked as kubeadm's validation does; what is wrong is named with file and field. */
import { normalize } from 'node:path'
import { isSubdomain, isWildcard } from '../dns-name.ts'
import { PkiError } from '../errors.ts'
import { shown } from '../foreign-text.ts'
import { isDisputedAddress, isGlobalUnicast, isUnspecified, parseIpAddress } from '../ip-address.ts'
import { type EndpointAddress, parseEndpointAddress } from './endpoint-address.ts'
import type { ApiVersion } from './kubeadm-fields.ts'
import { isMapping, type Mapping } from './yaml.ts'

/** A document, and the file it is in. */
export interface Source {
  readonly document: Mapping
  readonly kind: string
  readonly version: ApiVersion
  readonly file: string
}

export function invalid(file: string, found: string, hint?: string): PkiError {
  return new PkiError('CONFIG_INVALID', `${file}: ${found}`, { hint })
}

export interface Refusal {
  readonly field: string
  readonly wanted: string
  readonly found: unknown
  readonly hint?: string | undefined
}

export function refuse({ file }: { readonly file: string }, refusal: Refusal): PkiError {
  const { field, wanted, found, hint } = refusal
  return invalid(file, `${field}: wanted ${wanted}, found ${describe(found)}`, hint)
}

function describe(value: unknown): string {
  if (value === undefined || value === null) return 'nothing'
  if (typeof value === 'string') return shown(value)
  if (isMapping(value)) return 'a mapping'
  if (typeof value === 'number' || typeof value === 'boolean') return `the ${typeof value} ${value}`
  return Array.isArray(value) ? 'a list' : 'bytes'
}

/** What is at `networking.dnsDomain`; undefined when any part of the way is absent or null. */
export function valueAt(source: Source, field: string): unknown {
  const keys = field.split('.')
  return keys.reduce<unknown>((value, key, index) => {
    if (value === undefined) return undefined
    if (!isMapping(value))
      throw refuse(source, { field: keys.slice(0, index).join('.'), wanted: 'a mapping', found: value })
    return Object.hasOwn(value, key) ? (value[key] ?? undefined) : undefined
  }, source.document)
}

/** Absent or empty: the file says nothing. */
export function textAt(source: Source, field: string): string | undefined {
  const found = valueAt(source, field)
  if (found !== undefined && typeof found !== 'string')
    throw refuse(source, { field, wanted: 'text', found, hint: quotesFor(found) })
  return found === '' ? undefined : found
}

function quotesFor(value: unknown): string | undefined {
  return typeof value === 'number' ? `in quotes it is text: "${value}"` : undefined
}

export function mappingAt(source: Source, field: string): Mapping | undefined {
  const found = valueAt(source, field)
  if (found === undefined || isMapping(found)) return found
  throw refuse(source, { field, wanted: 'a mapping', found })
}

export function listAt(source: Source, field: string): readonly unknown[] | undefined {
  const found = valueAt(source, field)
  if (found === undefined || Array.isArray(found)) return found
  throw refuse(source, { field, wanted: 'a list', found })
}

/** Without detours, as Go joins paths: `/a/../b` is `/b`, whatever `/a` is. */
export function absolutePathAt(source: Source, field: string): string | undefined {
  const found = textAt(source, field)
  if (found?.startsWith('/')) return normalize(found)
  if (found === undefined) return undefined
  throw refuse(source, { field, wanted: 'an absolute path', found })
}

/** 0: the file says nothing. */
export function portAt(source: Source, field: string): number | undefined {
  const found = valueAt(source, field)
  if (found === undefined || found === 0) return undefined
  if (typeof found === 'number' && Number.isInteger(found) && found >= 1 && found <= 65_535) return found
  const hint = typeof found === 'string' ? 'a port is a number, without quotes' : undefined
  throw refuse(source, { field, wanted: 'a port from 1 to 65535', found, hint })
}

/** Trimmed and in lower case. */
export function nodeNameAt(source: Source, field: string): string | undefined {
  const found = textAt(source, field)?.trim().toLowerCase()
  if (found && !isSubdomain(found)) throw refuse(source, { field, wanted: 'a DNS subdomain', found })
  return found === '' ? undefined : found
}

export function subdomainAt(source: Source, field: string): string | undefined {
  const found = textAt(source, field)
  if (found === undefined || isSubdomain(found)) return found
  throw refuse(source, { field, wanted: 'a DNS subdomain', found })
}

/** `0.0.0.0` and `::` leave the choice to kubeadm: the file says nothing. */
export function advertiseAddressAt(source: Source, field: string): string | undefined {
  const found = textAt(source, field)
  const address = found === undefined ? undefined : parseIpAddress(found)
  if (found === undefined || (address && isUnspecified(address))) return undefined
  if (address && isGlobalUnicast(address)) return address.text
  throw refuse(source, { field, wanted: 'an IP address that others can reach', found })
}

export function endpointAt(source: Source, field: string): EndpointAddress | undefined {
  const found = textAt(source, field)
  const endpoint = found === undefined ? undefined : parseEndpointAddress(found)
  if (found === undefined || endpoint) return endpoint
  throw refuse(source, { field, wanted: 'an IP address or a DNS name, and perhaps a port', found })
}

/** As they are written, but for their case when `lowerCase` asks for it. */
export function certSansAt(
  source: Source,
  field: string,
  { lowerCase = false }: { readonly lowerCase?: boolean } = {},
): readonly string[] | undefined {
  return listAt(source, field)?.map((found, index) => {
    const name = lowerCase && typeof found === 'string' ? found.toLowerCase() : found
    if (typeof name === 'string' && isCertSan(name)) return name
    throw refuse(source, { field: `${field}[${index}]`, wanted: 'an IP address or a DNS name', found })
  })
}

function isCertSan(text: string): boolean {
  return (
    parseIpAddress(text) !== undefined || isWildcard(text) || (isSubdomain(text) && !isDisputedAddress(text))
  )
}
