/** CertificateSigningRequest objects (certificates.k8s.io/v1): fields named as there. Objects from outside: nothing in them is trusted. */
import { isDeepStrictEqual } from 'node:util'
import { named } from '../foreign-text.ts'
import { isMapping, listAt, type Mapping, mappingAt, stringAt } from './yaml.ts'

export const CSR_API_VERSION = 'certificates.k8s.io/v1'
export const CSR_KIND = 'CertificateSigningRequest'

export interface CertificateSigningRequest {
  /** Empty: the API server makes one from `generateName`. */
  readonly name: string
  readonly generateName?: string
  /** Absent: the object was never in a cluster. */
  readonly uid?: string
  readonly resourceVersion?: string
  readonly creationTimestamp?: Date
  readonly spec: CsrSpec
  readonly status: CsrStatus
  /** As it was read, for whoever writes it back. */
  readonly object: Mapping
}

export interface CsrSpec {
  /** Bytes of the request, decoded from base64; undefined: there are none, or they are no base64. */
  readonly request: Uint8Array | undefined
  readonly signerName: string
  readonly expirationSeconds?: number
  readonly usages: readonly string[]
  /** Who asked, by the API server's word; empty in an object that was never in a cluster. */
  readonly username: string
  readonly uid?: string
  readonly groups: readonly string[]
  readonly extra: Readonly<Record<string, readonly string[]>>
}

export interface CsrCondition {
  /** `Approved`, `Denied`, `Failed`, or another. */
  readonly type: string
  /** `True`, `False`, `Unknown`; empty: absent. */
  readonly status: string
  readonly reason?: string
  readonly message?: string
  readonly lastUpdateTime?: Date
  readonly lastTransitionTime?: Date
}

export interface CsrStatus {
  readonly conditions: readonly CsrCondition[]
  /** PEM; undefined: not issued. */
  readonly certificate: string | undefined
}

/** What could not be read as an object of this kind. */
export interface StrayDocument {
  /** `document 3`, `items[7]`. */
  readonly where: string
  readonly found: string
}

export interface ReadRequests {
  readonly requests: readonly CertificateSigningRequest[]
  readonly strays: readonly StrayDocument[]
}

/** Of one document: an object, a List or a CertificateSigningRequestList. */
export function signingRequestsIn(document: unknown, place: string): ReadRequests {
  const requests: CertificateSigningRequest[] = []
  const strays: StrayDocument[] = []
  for (const { where, value } of itemsOf(document, place)) {
    const read = parseSigningRequest(value)
    if ('found' in read) strays.push({ where, found: read.found })
    else requests.push(read)
  }
  return { requests, strays }
}

interface Item {
  readonly where: string
  readonly value: unknown
}

function itemsOf(document: unknown, where: string): Item[] {
  if (!isMapping(document) || !Array.isArray(document.items)) return [{ where, value: document }]
  const isTyped = stringAt(document, 'kind') === `${CSR_KIND}List`
  return listAt(document, 'items').map((item, index) => ({
    where: `${where}: items[${index}]`,
    // The API server leaves the kind out of a typed list's items.
    value:
      isTyped && isMapping(item) && item.kind === undefined
        ? { ...item, kind: CSR_KIND, apiVersion: CSR_API_VERSION }
        : item,
  }))
}

export function parseSigningRequest(value: unknown): CertificateSigningRequest | { readonly found: string } {
  if (!isMapping(value))
    return { found: value === null ? 'nothing' : `a ${Array.isArray(value) ? 'list' : typeof value}` }
  const kind = stringAt(value, 'kind') ?? 'no kind'
  const apiVersion = stringAt(value, 'apiVersion') ?? 'no apiVersion'
  if (kind !== CSR_KIND || !/^certificates\.k8s\.io\/v1(beta1)?$/.test(apiVersion))
    return { found: `${named(kind)}, ${named(apiVersion)}` }
  const metadata = mappingAt(value, 'metadata')
  const generateName = stringAt(metadata, 'generateName')
  const uid = stringAt(metadata, 'uid')
  const resourceVersion = stringAt(metadata, 'resourceVersion')
  const creationTimestamp = instantAt(metadata, 'creationTimestamp')
  return {
    name: stringAt(metadata, 'name') ?? '',
    ...(generateName !== undefined && { generateName }),
    ...(uid !== undefined && { uid }),
    ...(resourceVersion !== undefined && { resourceVersion }),
    ...(creationTimestamp && { creationTimestamp }),
    spec: specIn(mappingAt(value, 'spec')),
    status: statusIn(value.status ?? {}),
    object: value,
  }
}

function specIn(spec: Mapping): CsrSpec {
  const { expirationSeconds } = spec
  const uid = stringAt(spec, 'uid')
  return {
    request: bytesIn(spec.request),
    signerName: stringAt(spec, 'signerName') ?? '',
    ...(typeof expirationSeconds === 'number' && Number.isFinite(expirationSeconds) && { expirationSeconds }),
    usages: textsIn(listAt(spec, 'usages')),
    username: stringAt(spec, 'username') ?? '',
    ...(uid !== undefined && { uid }),
    groups: textsIn(listAt(spec, 'groups')),
    extra: Object.fromEntries(
      Object.entries(mappingAt(spec, 'extra')).map(([key, value]) => [key, textsIn([value].flat())]),
    ),
  }
}

/** A condition of no type stands for what is none: an object of another shape is never taken for an undecided one. */
function statusIn(status: unknown): CsrStatus {
  if (!isMapping(status)) return { conditions: [conditionIn({})], certificate: undefined }
  const conditions = status.conditions ?? []
  return {
    conditions: [conditions]
      .flat()
      .map(one => conditionIn(Array.isArray(conditions) && isMapping(one) ? one : {})),
    certificate: certificateIn(status.certificate ?? ''),
  }
}

/** Empty: there is one, which cannot be read. */
function certificateIn(value: unknown): string | undefined {
  return value === '' ? undefined : Buffer.from(bytesIn(value) ?? []).toString('utf8')
}

function conditionIn(condition: Mapping): CsrCondition {
  const [reason, message] = [stringAt(condition, 'reason'), stringAt(condition, 'message')]
  const [updated, changed] = [
    instantAt(condition, 'lastUpdateTime'),
    instantAt(condition, 'lastTransitionTime'),
  ]
  return {
    type: stringAt(condition, 'type') ?? '',
    // v1beta1 objects have none, and mean it.
    status: stringAt(condition, 'status') ?? '',
    ...(reason !== undefined && { reason }),
    ...(message !== undefined && { message }),
    ...(updated && { lastUpdateTime: updated }),
    ...(changed && { lastTransitionTime: changed }),
  }
}

function instantAt(mapping: Mapping, key: string): Date | undefined {
  const date = new Date(stringAt(mapping, key) ?? '')
  return Number.isNaN(date.getTime()) ? undefined : date
}

function textsIn(values: readonly unknown[]): string[] {
  return values.filter(value => typeof value === 'string')
}

/** Base64 as Go decodes it: line breaks are passed over, nothing else. */
function bytesIn(value: unknown): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value
  if (typeof value !== 'string') return undefined
  const text = value.replace(/[\r\n]/g, '')
  const isBase64 = text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text)
  return isBase64 ? Buffer.from(text, 'base64') : undefined
}

/** Undefined: there is none, or it is not `True`. v1beta1 conditions without a status count. */
export function conditionOf(
  { status, object }: CertificateSigningRequest,
  type: string,
): CsrCondition | undefined {
  const isOld = object.apiVersion === 'certificates.k8s.io/v1beta1'
  return status.conditions.find(
    one => one.type === type && (one.status === 'True' || (isOld && one.status === '')),
  )
}

/** The very object, asking for the very same, whatever became of it. */
export function isSameRequest(one: CertificateSigningRequest, other: CertificateSigningRequest): boolean {
  return one.uid === other.uid && isDeepStrictEqual(one.object.spec, other.object.spec)
}

export type CsrState = 'pending' | 'approved' | 'denied' | 'failed' | 'issued'

/** In the order in which one hides the other. */
export function stateOf(csr: CertificateSigningRequest): CsrState {
  if (conditionOf(csr, 'Denied')) return 'denied'
  if (conditionOf(csr, 'Failed')) return 'failed'
  if (csr.status.certificate !== undefined) return 'issued'
  return conditionOf(csr, 'Approved') ? 'approved' : 'pending'
}
