/** How far each request has come, and what ought to be done about it. Pure. */
import { compareNames } from '../inventory/select.ts'
import type { Requested } from '../x509/requested.ts'
import { instant } from './instant.ts'
import type { ManifestRequest } from './request-manifest.ts'

export type RequestState = 'pending' | 'answered' | 'installed' | 'incomplete'

/** A request as it was found, whole or not. */
export interface FoundRequest {
  /** The row. */
  readonly name: string
  readonly longName: string
  readonly caName: string
  readonly csrFile: string
  /** Of a kubeconfig that waits, the kubeconfig itself. */
  readonly keyFile: string
  /** Where the answer goes. */
  readonly certificateFile: string
  /** Among the node's live files, where `certs generate-csr` puts it. */
  readonly isInPlace: boolean
  /** Absent: there is a key without one, or it cannot be read. */
  readonly requested?: Requested
  readonly modified?: Date | undefined
  /** Why no answer to it could be used; absent: its key is there. */
  readonly flaw?: string
}

/** A certificate that lies with the requests. */
export interface FoundAnswer {
  readonly file: string
  readonly publicKeySha256: string
}

/** A row's certificate that is in use. */
export interface LiveCertificate {
  readonly name: string
  readonly file: string
  readonly publicKeySha256: string
  readonly notAfter: Date
  /** Its CA's certificate is here and its key is not; renewed by nobody but us. */
  readonly isOurExternal: boolean
}

export interface RequestFacts {
  readonly requests: readonly FoundRequest[]
  readonly answers: readonly FoundAnswer[]
  readonly live: readonly LiveCertificate[]
  /** What `requests.json` says. */
  readonly known: readonly ManifestRequest[]
  readonly now: Date
  /** For commands that are printed. */
  readonly commandFlags: string
}

export interface ListedRequest {
  readonly name: string
  readonly longName: string
  readonly state: RequestState
  readonly caName: string
  /** RFC 4514, most specific first; null: the request cannot be read. */
  readonly subject: string | null
  readonly subjectAltNames: readonly string[]
  readonly extKeyUsage: readonly string[]
  readonly publicKeySha256: string | null
  readonly created: string | null
  /** Whole seconds. */
  readonly age: number | null
  readonly csrFile: string
  readonly keyFile: string
  /** Where the answer goes: of a kubeconfig that embeds it, the kubeconfig. */
  readonly certificateFile: string
  /** Who signs it in a cluster; absent: the CA's people. */
  readonly signerName?: string
  /** The answer that lies with the requests. */
  readonly answerFile?: string
  readonly installed?: string
  /** What an incomplete one lacks. */
  readonly message?: string
}

/** By name; what only `requests.json` knows of is there when it was installed. */
export function assessRequests(facts: RequestFacts): ListedRequest[] {
  const listed = facts.requests.map(found => listedRequest(facts, found))
  const keys = new Set(listed.map(({ publicKeySha256 }) => publicKeySha256))
  const installed = facts.known.filter(
    row => row.installed !== undefined && !keys.has(row.publicKeySha256) && isLatest(row, facts.known),
  )
  return [...listed, ...installed.map(row => ofManifest(row, facts.now))].toSorted(
    (one, other) => compareNames(one.name, other.name) || compareNames(one.csrFile, other.csrFile),
  )
}

function isLatest(row: ManifestRequest, known: readonly ManifestRequest[]): boolean {
  return !known.some(({ name, installed }) => name === row.name && (installed ?? '') > (row.installed ?? ''))
}

function listedRequest(facts: RequestFacts, found: FoundRequest): ListedRequest {
  const { requested, modified, flaw, isInPlace: _, ...row } = found
  const key = requested?.publicKeySha256
  const known = facts.known.find(({ publicKeySha256 }) => publicKeySha256 === key)
  const answer = facts.answers.find(({ publicKeySha256 }) => publicKeySha256 === key)
  const state = stateOf(facts, found, { known, isAnswered: answer !== undefined })
  const created = known ? new Date(known.created) : modified
  return {
    name: row.name,
    longName: row.longName,
    state,
    caName: row.caName,
    subject: requested?.subject ?? null,
    subjectAltNames: requested?.subjectAltNames ?? [],
    extKeyUsage: requested?.extKeyUsage ?? [],
    publicKeySha256: key ?? null,
    created: created ? instant(created) : null,
    age: created ? ageOf(created, facts.now) : null,
    csrFile: row.csrFile,
    keyFile: row.keyFile,
    certificateFile: row.certificateFile,
    ...(known?.signerName !== undefined && { signerName: known.signerName }),
    ...(state === 'answered' && answer && { answerFile: answer.file }),
    ...(known?.installed !== undefined && { installed: known.installed }),
    ...(state === 'incomplete' && flaw !== undefined && { message: flaw }),
  }
}

interface Traces {
  readonly known: ManifestRequest | undefined
  readonly isAnswered: boolean
}

function stateOf(
  { live }: RequestFacts,
  { name, requested, flaw }: FoundRequest,
  { known, isAnswered }: Traces,
): RequestState {
  const isLive = live.some(one => one.name === name && one.publicKeySha256 === requested?.publicKeySha256)
  if (isLive || known?.installed !== undefined) return 'installed'
  if (flaw !== undefined) return 'incomplete'
  return isAnswered ? 'answered' : 'pending'
}

function ofManifest(row: ManifestRequest, now: Date): ListedRequest {
  const { name, caName, subject, subjectAltNames, extKeyUsage, publicKeySha256, created } = row
  return {
    ...{ name, longName: name, state: 'installed', caName, subject, subjectAltNames, extKeyUsage },
    ...{ publicKeySha256, created, age: ageOf(new Date(created), now) },
    ...{ csrFile: row.file, keyFile: '', certificateFile: row.certificateFile },
    ...(row.installed !== undefined && { installed: row.installed }),
  }
}

function ageOf(created: Date, now: Date): number {
  return Math.max(0, Math.trunc((now.getTime() - created.getTime()) / 1000))
}

/** Waits for its answer, or has it and is not installed. */
export function isOut({ state }: ListedRequest): boolean {
  return state === 'pending' || state === 'answered'
}
