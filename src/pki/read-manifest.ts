/** `requests.json` as it comes back: it may have been anywhere meanwhile. Every field is checked, nothing else is taken over. */
import type { Unusable } from '../errors.ts'
import { signerNameFlaw } from './csr/signer-name.ts'
import type { ManifestRequest, RequestManifest } from './request-manifest.ts'

type Check = (value: unknown) => boolean

const LONGEST_TEXT = 4096
const MOST_NAMES = 512
const MOST_REQUESTS = 256
const MOST_DAYS = 366 * 100

/** Of one line, without anything that could hide in it. */
const text =
  (pattern = /^/, longest = LONGEST_TEXT): Check =>
  value =>
    typeof value === 'string' &&
    value !== '' &&
    value.length <= longest &&
    !/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u.test(value) &&
    pattern.test(value)

const list =
  (check: Check): Check =>
  value =>
    Array.isArray(value) && value.length <= MOST_NAMES && value.every(check)

const NAME = text(/^[a-z0-9][a-z0-9.-]*$/, 64)
const HASH = text(/^[0-9a-f]{64}$/)
const OBJECT_ID = /^[0-2](\.(0|[1-9]\d{0,9}))+$/

const instant: Check = value =>
  text(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/)(value) && !Number.isNaN(Date.parse(value as string))

/** Neither absolute nor a directory. */
const isRelative = (value: unknown) => text(/^[^/].*\.csr$/, 1024)(value)

interface Field {
  readonly check: Check
  readonly isOptional?: boolean
}

/** In the order in which they are written. */
const FIELDS: Readonly<Record<keyof ManifestRequest, Field>> = {
  name: { check: NAME },
  file: { check: isRelative },
  created: { check: instant },
  publicKeySha256: { check: HASH },
  subject: { check: value => value === '' || text()(value) },
  subjectAltNames: { check: list(text(/^(DNS|IP|email|URI|other):/)) },
  keyUsage: { check: list(text(/^[A-Za-z]+$/, 32)) },
  extKeyUsage: {
    check: list(value => text(/^[A-Za-z]+$/, 32)(value) || text(OBJECT_ID, 128)(value)),
  },
  caName: { check: NAME },
  caSubject: { check: text(), isOptional: true },
  caFingerprintSha256: { check: HASH, isOptional: true },
  longestValidityDays: {
    check: value => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MOST_DAYS,
  },
  certificateFile: { check: text() },
  signerName: {
    check: value => typeof value === 'string' && signerNameFlaw(value) === undefined,
    isOptional: true,
  },
  installed: { check: instant, isOptional: true },
  replaced: { check: instant, isOptional: true },
}

type Values = Readonly<Record<string, unknown>>

/** `found` names the first field that is not what it has to be. */
export function parseManifest(json: string): RequestManifest | Unusable {
  const parsed = parseJson(json)
  if (!isObject(parsed)) return malformed('no JSON object')
  const { apiVersion, kind, version, node, requests } = parsed
  if (apiVersion !== 'kubepki/v1') return malformed('apiVersion')
  if (kind !== 'CertificateRequests') return malformed('kind')
  if (!text(/^/, 64)(version)) return malformed('version')
  if (node !== undefined && !text(/^/, 253)(node)) return malformed('node')
  if (!Array.isArray(requests) || requests.length > MOST_REQUESTS) return malformed('requests')
  const flaw = flawOf(requests)
  if (flaw !== undefined) return malformed(flaw)
  return {
    ...{ apiVersion, kind, version: version as string },
    ...(node !== undefined && { node: node as string }),
    requests: requests.map(rowOf),
  }
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function malformed(found: string): Unusable {
  return { reason: 'MANIFEST_MALFORMED', found }
}

function flawOf(requests: readonly unknown[]): string | undefined {
  const keys = new Set<unknown>()
  for (const [index, request] of requests.entries()) {
    if (!isObject(request)) return `requests[${index}]`
    const field = Object.entries(FIELDS).find(([name, { check, isOptional = false }]) => {
      const value = Object.hasOwn(request, name) ? request[name] : undefined
      return value === undefined ? !isOptional : !check(value)
    })
    if (field) return `requests[${index}].${field[0]}`
    const key = `${request.name} ${request.publicKeySha256}`
    if (keys.has(key)) return `requests[${index}].publicKeySha256 is there twice`
    keys.add(key)
  }
  return undefined
}

function rowOf(request: Values): ManifestRequest {
  const fields = Object.keys(FIELDS).filter(name => request[name] !== undefined)
  return Object.fromEntries(fields.map(name => [name, request[name]])) as unknown as ManifestRequest
}
