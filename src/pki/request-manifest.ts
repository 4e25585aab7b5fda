/** `requests.json`: what was asked for, of which CA, and where the answers go. For the CA's people and for whoever imports. */
import { compareNames } from '../inventory/select.ts'
import { VERSION } from '../version.ts'
import type { Certificate } from '../x509/certificate.ts'
import type { Requested } from '../x509/requested.ts'
import { instant } from './instant.ts'

export interface RequestManifest {
  readonly apiVersion: 'kubepki/v1'
  readonly kind: 'CertificateRequests'
  /** Of kubepki. */
  readonly version: string
  /** Name of the node, where it is known. */
  readonly node?: string
  readonly requests: readonly ManifestRequest[]
}

export interface ManifestRequest {
  /** The row: `apiserver`, `admin.conf`. */
  readonly name: string
  /** The request, from the directory of the manifest. */
  readonly file: string
  /** RFC 3339. */
  readonly created: string
  /** Over the SubjectPublicKeyInfo, lower-case hexadecimal: what an answer is matched by. */
  readonly publicKeySha256: string
  /** RFC 4514, most specific first. */
  readonly subject: string
  /** `DNS:lb.example.com`, `IP:10.0.0.1`. */
  readonly subjectAltNames: readonly string[]
  /** As RFC 5280 calls them: `digitalSignature`, `keyEncipherment`. */
  readonly keyUsage: readonly string[]
  /** `serverAuth`, `clientAuth`. */
  readonly extKeyUsage: readonly string[]
  readonly caName: string
  /** Of the CA that the cluster trusts, where its certificate is here. */
  readonly caSubject?: string
  readonly caFingerprintSha256?: string
  /** The longest validity that is asked for, in days. */
  readonly longestValidityDays: number
  /** Where the answer goes: of a kubeconfig that embeds it, the kubeconfig. */
  readonly certificateFile: string
  /** Who signs it in a cluster; absent: the CA's people. */
  readonly signerName?: string
  /** RFC 3339: the answer was installed then, and the request is no longer pending. */
  readonly installed?: string
  /** RFC 3339: another request took its place then; an answer to this one comes too late. */
  readonly replaced?: string
}

export const MANIFEST_FILE = 'requests.json'
export const SHEET_FILE = 'SIGNING.md'

export interface RequestFacts {
  readonly name: string
  /** From the directory of the manifest. */
  readonly file: string
  readonly created: Date
  readonly requested: Requested
  readonly caName: string
  /** The CA that the cluster trusts, where it is here. */
  readonly authority?: Certificate | undefined
  /** Milliseconds: the longest that is wanted. */
  readonly validity: number
  readonly certificateFile: string
}

const DAY = 86_400_000

export function manifestRequest(facts: RequestFacts): ManifestRequest {
  const { requested, authority } = facts
  return {
    name: facts.name,
    file: facts.file,
    created: instant(facts.created),
    publicKeySha256: requested.publicKeySha256,
    subject: requested.subject,
    subjectAltNames: requested.subjectAltNames,
    keyUsage: requested.keyUsage,
    extKeyUsage: requested.extKeyUsage,
    caName: facts.caName,
    ...(authority && { caSubject: authority.subject, caFingerprintSha256: authority.fingerprintSha256 }),
    longestValidityDays: longestDays(facts),
    certificateFile: facts.certificateFile,
  }
}

/** Whole days, and none after the CA's own end, which no verifier would take. */
function longestDays({ validity, created, authority }: RequestFacts): number {
  const days = Math.max(1, Math.floor(validity / DAY))
  const left = authority ? Math.floor((authority.notAfter.getTime() - created.getTime()) / DAY) : days
  return left >= 1 ? Math.min(days, left) : days
}

/** Neither installed nor replaced. */
export function isOutstanding({ installed, replaced }: ManifestRequest): boolean {
  return installed === undefined && replaced === undefined
}

/** How much of what is over is remembered. */
const MOST_DONE = 64

/**
 * The requests after a job that made `rows`: what is installed or replaced stays as it is, what waits for its answer stays
 * or is marked as replaced by the row of the same file, and what is no longer there goes.
 */
export function mergeManifest(
  old: readonly ManifestRequest[],
  rows: readonly ManifestRequest[],
  isPending: (row: ManifestRequest) => boolean,
): ManifestRequest[] {
  const keys = new Set(rows.map(({ publicKeySha256 }) => publicKeySha256))
  const others = old.filter(({ publicKeySha256 }) => !keys.has(publicKeySha256))
  const kept = others.flatMap(row => {
    if (!isOutstanding(row)) return [row]
    const successor = rows.find(({ file }) => file === row.file)
    if (successor) return [{ ...row, replaced: successor.created }]
    return isPending(row) ? [row] : []
  })
  const done = kept.filter(row => !isOutstanding(row)).toSorted(byAge)
  const outstanding = [...kept.filter(isOutstanding), ...rows]
  return [...done.slice(-MOST_DONE), ...outstanding].toSorted(
    (one, other) => compareNames(one.name, other.name) || byAge(one, other),
  )
}

function byAge(one: ManifestRequest, other: ManifestRequest): number {
  return compareNames(one.created, other.created) || compareNames(one.publicKeySha256, other.publicKeySha256)
}

/** Their answers are in place since then. */
export function markInstalled(
  requests: readonly ManifestRequest[],
  keys: ReadonlySet<string>,
  at: Date,
): ManifestRequest[] {
  return requests.map(row =>
    isOutstanding(row) && keys.has(row.publicKeySha256) ? { ...row, installed: instant(at) } : row,
  )
}

/** Who was asked last, by the file of a request. */
export function markSigners(
  requests: readonly ManifestRequest[],
  signers: ReadonlyMap<string, string | undefined>,
): ManifestRequest[] {
  return requests.map(row => {
    if (!isOutstanding(row) || !signers.has(row.file)) return row
    const { signerName: _, ...rest } = row
    const signerName = signers.get(row.file)
    return signerName === undefined ? rest : { ...rest, signerName }
  })
}

export function newManifest(node: string | undefined, requests: readonly ManifestRequest[]): RequestManifest {
  return {
    apiVersion: 'kubepki/v1',
    kind: 'CertificateRequests',
    version: VERSION,
    ...(node !== undefined && { node }),
    requests,
  }
}

export function encodeManifest(manifest: RequestManifest): string {
  return `${JSON.stringify(manifest, null, 2)}\n`
}

/** A name for each, which no other has: of its row, and where a row has two requests, with a number. */
export function labelsOf(requests: readonly ManifestRequest[]): string[] {
  return requests.map(({ name }, index) => {
    const before = requests.slice(0, index).filter(one => one.name === name).length
    return before === 0 ? name : `${name}-${before + 1}`
  })
}
