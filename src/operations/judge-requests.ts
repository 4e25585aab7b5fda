/** Verdicts on the requests of a source: read all, then judge each beside all others. */
import { type CertificateSigningRequest, stateOf } from '../kubernetes/certificate-signing-request.ts'
import { partFor } from '../pki/csr/approval.ts'
import { type Cleaning, whyCleaned } from '../pki/csr/cleaning.ts'
import type { JudgedRequest } from '../pki/csr/decision.ts'
import { requestIn } from '../pki/csr/facts.ts'
import {
  type CsrFilter,
  inOrder,
  isWanted,
  type ListedCsr,
  listedCsr,
  startFolding,
  summaryOf,
} from '../pki/csr/listing.ts'
import type { Policy } from '../pki/csr/policy.ts'
import type { CsrVerdict } from '../pki/csr/rule.ts'
import { isForNodes } from '../pki/csr/signer-name.ts'
import type { Certificate } from '../x509/certificate.ts'
import { withServed } from './ask-kubelets.ts'
import type { CsrSource } from './csr-source.ts'
import { type KeptRequests, keepRequests } from './kept-requests.ts'
import { type Bench, judgeListed } from './request-judge.ts'

export interface JudgeOptions {
  readonly source: CsrSource
  /** Undefined: the usual one of each signer. */
  readonly policy?: Policy | undefined
  readonly now: Date
  /** CAs whose key no request may have. */
  readonly authorities?: readonly Certificate[]
  /** Kubelets whose serving requests wait are asked what they serve now. */
  readonly asksKubelets?: boolean | undefined
  /** Those that are decided too, as if they were not, each at the time when it was made. */
  readonly isAgain?: boolean
}

export interface Vetted {
  readonly csr: CertificateSigningRequest
  readonly verdict: CsrVerdict
}

export async function* vetRequests(options: JudgeOptions): AsyncGenerator<Vetted> {
  const { isAgain = false } = options
  const { kept, fleet } = await surroundings(options)
  const peers = isAgain
    ? kept.peers.map(peer => ({ ...peer, isPending: false, isGranted: false }))
    : kept.peers
  for (const csr of kept.each()) {
    const bench = { ...options, now: nowFor(csr, options), fleet, peers }
    yield { csr, verdict: judgeListed(isAgain ? undecided(csr) : csr, bench).verdict }
  }
}

function undecided(csr: CertificateSigningRequest): CertificateSigningRequest {
  return { ...csr, status: { conditions: [], certificate: undefined } }
}

function nowFor({ creationTimestamp }: CertificateSigningRequest, { now, isAgain }: JudgeOptions): Date {
  return (isAgain && creationTimestamp) || now
}

/** What there is beside a request. */
async function surroundings({ source, policy, asksKubelets = false }: JudgeOptions) {
  const fleet = await source.fleet({ machines: policy?.machines ?? false })
  const kept = await keepRequests(source)
  return { kept, fleet: asksKubelets ? await withServed(fleet, kept.peers) : fleet }
}

export interface ListOptions extends JudgeOptions {
  readonly filter: CsrFilter
}

export interface Listed {
  readonly items: readonly ListedCsr[]
  /** Before any was filtered out. */
  readonly count: number
}

/** In the order of the source, and none is kept; undefined for one that is filtered out. */
export async function* eachListed(options: ListOptions): AsyncGenerator<ListedCsr | undefined> {
  const { kept, fleet } = await surroundings(options)
  for (const csr of kept.each()) {
    const item = listedOf(csr, { ...options, fleet, peers: kept.peers })
    yield isWanted(item, options.filter) ? item : undefined
  }
}

/** Rows of a table, in its order. Folded: duplicates are one. */
export async function listSigningRequests(
  options: ListOptions,
  { isFolded }: { readonly isFolded: boolean },
): Promise<Listed> {
  const items: ListedCsr[] = []
  const folding = startFolding()
  const sharing = shareTexts()
  let count = 0
  for await (const item of eachListed(options)) {
    count += 1
    if (!item) continue
    if (isFolded) folding.add(sharing(item))
    else items.push(sharing(item))
  }
  return { items: inOrder(isFolded ? folding.items() : items), count }
}

/** What many rows have in common is there once, and of reasons what a row shows. */
function shareTexts(): (item: ListedCsr) => ListedCsr {
  const texts = new Map<string, string>()
  const lists = new Map<string, readonly string[]>()
  const once = <T>(map: Map<string, T>, key: string, value: T): T => {
    const known = map.get(key)
    if (known === undefined && map.size < MOST_KNOWN) map.set(key, value)
    return known ?? value
  }
  return item => ({
    ...item,
    signerName: once(texts, item.signerName, item.signerName),
    subject: isForNodes(item.signerName) ? '' : item.subject,
    stateInWords: once(texts, item.stateInWords, item.stateInWords),
    username: once(texts, item.username, item.username),
    keyAlgorithm: once(texts, item.keyAlgorithm, item.keyAlgorithm),
    usages: once(lists, item.usages.join(), item.usages),
    subjectAltNames: once(lists, item.subjectAltNames.join(), item.subjectAltNames),
    reasons: summaryOf(item.reasons).map(flat),
  })
}

/** Of text put together: the same as one piece, which takes a third of the room. */
function flat(text: string): string {
  return Buffer.from(text).toString()
}

/** What is decided needs no verdict, and what a policy that was asked for is not for. */
function listedOf(csr: CertificateSigningRequest, bench: Bench): ListedCsr {
  const { policy, now } = bench
  const isConcerned = !policy || partFor(policy, csr.spec.signerName) !== undefined
  if (stateOf(csr) !== 'pending' || !isConcerned)
    return listedCsr(csr, { request: requestIn(csr), verdict: undefined, now })
  const { facts, verdict } = judgeListed(csr, bench)
  return listedCsr(csr, { request: facts.request, verdict, now })
}

/** The newest of that name; with every other request beside it. */
export async function findRequest(
  options: JudgeOptions,
  name: string,
): Promise<JudgedRequest | { readonly known: readonly string[] }> {
  const { kept, fleet } = await surroundings(options)
  const csr = newestNamed(kept, name)
  if (!csr) return { known: kept.peers.slice(0, MOST_KNOWN).map(peer => peer.name) }
  return judgeListed(csr, { ...options, fleet, peers: kept.peers })
}

/** For a near name. */
const MOST_KNOWN = 10_000

function newestNamed({ peers, each }: KeptRequests, name: string): CertificateSigningRequest | undefined {
  if (!peers.some(peer => peer.name === name)) return undefined
  let newest: CertificateSigningRequest | undefined
  for (const csr of each()) {
    const isNewer = (csr.creationTimestamp?.getTime() ?? 0) >= (newest?.creationTimestamp?.getTime() ?? 0)
    if (csr.name === name && isNewer) newest = csr
  }
  return newest
}

export interface Cleaned extends Cleaning {
  readonly csr: CertificateSigningRequest
}

/** In the order of the source; nothing is kept. */
export async function* cleanedRequests(source: CsrSource, now: Date): AsyncGenerator<Cleaned | undefined> {
  for await (const csr of source.requests()) {
    const why = whyCleaned(csr, now)
    yield why && { csr, ...why }
  }
}
