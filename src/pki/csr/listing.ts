/** Requests as people look for them: by signer and node, the newest first, what is asked again and again once. */
import {
  type CertificateSigningRequest,
  type CsrState,
  stateOf,
} from '../../kubernetes/certificate-signing-request.ts'
import type { CertificateRequest } from '../../x509/certificate-request.ts'
import { nodeNameOf, subjectOf } from './facts.ts'
import type { CsrVerdict, Outcome } from './rule.ts'
import { NODE_PREFIX } from './signer-name.ts'
import { stateInWords } from './state-words.ts'
import { brokenRules } from './verdict.ts'

export interface ListedCsr {
  readonly name: string
  readonly signerName: string
  /** Of the subject; of what is no node's, its common name. */
  readonly node: string
  /** `CN=jane,O=dev`; empty: it cannot be read. */
  readonly subject: string
  readonly username: string
  readonly creationTimestamp: Date | undefined
  readonly state: CsrState
  readonly stateInWords: string
  /** Undefined: no policy is for its signer, or it is decided. */
  readonly outcome: Outcome | undefined
  /** Why it would not be approved. */
  readonly reasons: readonly string[]
  readonly usages: readonly string[]
  readonly subjectAltNames: readonly string[]
  readonly keyAlgorithm: string
  /** Older ones that ask for the same, folded into this. */
  readonly older: readonly string[]
}

export interface Judgement {
  readonly request: CertificateRequest | undefined
  readonly verdict: CsrVerdict | undefined
  readonly now: Date
}

export function listedCsr(csr: CertificateSigningRequest, { request, verdict, now }: Judgement): ListedCsr {
  const commonName = request ? subjectOf(request).commonName : ''
  const failed = verdict ? brokenRules(verdict) : []
  return {
    name: csr.name || `${csr.generateName ?? ''}*`,
    signerName: csr.spec.signerName,
    node: nodeNameOf(commonName) ?? commonName,
    subject: request?.subjectText ?? '',
    username: csr.spec.username,
    creationTimestamp: csr.creationTimestamp,
    state: stateOf(csr),
    stateInWords: stateInWords(csr, now),
    outcome: verdict?.outcome,
    reasons: failed.map(({ reason }) => reason),
    usages: csr.spec.usages,
    subjectAltNames: request?.subjectAltNames.map(({ value }) => value) ?? [],
    keyAlgorithm: request?.keyAlgorithm ?? '',
    older: [],
  }
}

export interface CsrFilter {
  readonly signer?: string | undefined
  readonly node?: string | undefined
  readonly isPending: boolean
}

/** A signer may be named by what is behind the slash. */
export function isWanted({ signerName, node, state }: ListedCsr, filter: CsrFilter): boolean {
  const { signer, isPending } = filter
  const isSigners = signer === undefined || signerName === signer || signerName.endsWith(`/${signer}`)
  const isNodes = filter.node === undefined || node === filter.node || `${NODE_PREFIX}${node}` === filter.node
  return isSigners && isNodes && (!isPending || state === 'pending')
}

function made({ creationTimestamp }: ListedCsr): number {
  return creationTimestamp?.getTime() ?? 0
}

const order = new Intl.Collator('en', { numeric: true }).compare

export function inOrder(items: readonly ListedCsr[]): ListedCsr[] {
  return items.toSorted(
    (a, b) =>
      order(a.signerName, b.signerName) ||
      order(a.node, b.node) ||
      made(b) - made(a) ||
      order(a.name, b.name),
  )
}

export interface Folding {
  readonly add: (item: ListedCsr) => void
  readonly items: () => ListedCsr[]
}

/** What one user asked for one subject in one state is one row, that of the newest: the others are names in it. What is denied stays apart, by its first reason. */
export function startFolding(): Folding {
  const rows = new Map<string, { newest: ListedCsr; readonly older: string[] }>()
  const add = (item: ListedCsr) => {
    const { signerName, node, subject, username, state, outcome, reasons } = item
    const denial = outcome === 'deny' && reasons[0]
    const key = JSON.stringify([signerName, node, subject, username, state, denial])
    const row = rows.get(key)
    if (!row) rows.set(key, { newest: item, older: [] })
    else if (made(item) < made(row.newest)) row.older.push(item.name)
    else {
      row.older.push(row.newest.name)
      row.newest = item
    }
  }
  const items = () => [...rows.values()].map(({ newest, older }) => ({ ...newest, older }))
  return { add, items }
}

/** The first reason, and how many more there are; nothing of none. */
export function summaryOf([first, ...further]: readonly string[]): string[] {
  if (first === undefined) return []
  return [further.length > 0 ? `${first} (and ${further.length} more)` : first]
}
