/** Plans a renewal: one step per certificate named, none of which stops the others. Pure. */
import { describeUnusable } from '../errors.ts'
import { RENEWABLE } from '../inventory/select.ts'
import { type Certificate, isSameCertificate } from '../x509/certificate.ts'
import { type IssuableKeyAlgorithm, isIssuable, type KeyAlgorithm } from '../x509/key-algorithm.ts'
import type { AuthorityProblem, AuthorityState } from './authority.ts'
import { pathAbove } from './certification-path.ts'
import { ownershipOf } from './ownership.ts'
import { type Entry, entryNamed, type Snapshot, shownFile } from './snapshot.ts'

export interface RenewalOrder {
  /** `all`: every row that applies to the node. */
  readonly names: 'all' | readonly string[]
  readonly csrOnly: boolean
  /** Of the new keys; by default the configuration's, else each old key's. */
  readonly encryptionAlgorithm?: IssuableKeyAlgorithm | undefined
  /** Milliseconds; by default the configuration's, else a year. */
  readonly validity?: number | undefined
}

export type SkipReason =
  | 'MISSING'
  | 'INVALID'
  | 'IS_A_CA'
  | 'SAME_FILE'
  | 'SHARED_FILE'
  | 'NO_KEY_PLACE'
  | 'PLACE_UNUSABLE'
  | 'KEY_ALGORITHM_UNSUPPORTED'
  | 'REQUEST_INCOMPLETE'
  | 'NOT_MADE'
  | AuthorityProblem

export interface SkipStep {
  readonly action: 'skip'
  readonly name: string
  readonly longName: string
  readonly reason: SkipReason
  readonly message: string
  readonly hint?: string | undefined
}

interface WorkStep {
  readonly name: string
  readonly longName: string
  readonly entry: Entry
  readonly old: Certificate
  readonly caName: string
  readonly algorithm: IssuableKeyAlgorithm
  readonly warnings: readonly string[]
}

export interface SignStep extends WorkStep {
  readonly action: 'sign'
  readonly authority: AuthorityState & { state: 'local' }
  readonly notBefore: Date
  readonly notAfter: Date
  /** Certificates after the leaf in its file that stay: those on the new certification path. */
  readonly chain: readonly Certificate[]
  /** Rows that are the same files. */
  readonly twins: readonly string[]
}

export interface RequestStep extends WorkStep {
  readonly action: 'request'
  readonly isCaExternal: boolean
}

export type Step = SignStep | RequestStep | SkipStep

export interface RenewalPlan {
  readonly steps: readonly Step[]
}

/** Clocks differ by minutes: a certificate is valid from five minutes ago, as kubeadm's are. */
const BACKDATE = 5 * 60_000
export const ONE_YEAR = 365 * 86_400_000

export interface RenewalFacts {
  readonly snapshot: Snapshot
  /** By CA name. */
  readonly authorities: ReadonlyMap<string, AuthorityState>
  readonly now: Date
}

export function planRenewal(facts: RenewalFacts, order: RenewalOrder): RenewalPlan {
  const { names } = order
  const rows = RENEWABLE.filter(({ name }) =>
    names === 'all' ? entryNamed(facts.snapshot, name) !== undefined : names.includes(name),
  )
  return { steps: withoutTwins(rows.map(row => planStep(facts, order, row))) }
}

type Row = (typeof RENEWABLE)[number]

function planStep(facts: RenewalFacts, order: RenewalOrder, row: Row): Step {
  const entry = entryNamed(facts.snapshot, row.name)
  if (entry === undefined) return skip(row, { reason: 'MISSING', message: 'does not exist' })
  const refusal = refusalOf(entry)
  if (refusal) return skip(row, refusal)
  const caName = entry.caName as string
  const authority = facts.authorities.get(caName) as AuthorityState
  const isRequest = order.csrOnly || authority.state === 'external'
  if (!isRequest && authority.state === 'unusable')
    return skip(row, { ...authority, reason: authority.problem })
  const old = certificateOf(entry)
  const chosen = chooseAlgorithm(old, order, facts.snapshot.configuration?.value.encryptionAlgorithm)
  if ('reason' in chosen) return skip(row, chosen)
  const work = { ...row, entry, old, caName, ...chosen }
  if (isRequest || authority.state !== 'local') {
    return { action: 'request', ...work, isCaExternal: authority.state === 'external' }
  }
  return planSignature(facts, order, { action: 'sign', ...work, authority })
}

type Unsigned = Omit<SignStep, 'notBefore' | 'notAfter' | 'chain' | 'twins'>

/** A signature, unless the files it would go to cannot be told or belong to something else as well. */
function planSignature(facts: RenewalFacts, order: RenewalOrder, step: Unsigned): Step {
  const { entry, authority, name, longName } = step
  const place = unwritablePlace(entry)
  if (place) return skip({ name, longName }, { reason: 'PLACE_UNUSABLE', message: place })
  const { twins, others } = ownershipOf(facts.snapshot, entry)
  if (others.length > 0) {
    return skip(
      { name, longName },
      { reason: 'SHARED_FILE', message: `shares a file with ${others.join(', ')}` },
    )
  }
  const { notBefore, notAfter, warnings } = validityPeriod(facts, order, authority.certificate)
  const chain = pathBlocks(blocksOf(entry).slice(1), authority)
  return { ...step, notBefore, notAfter, chain, twins, warnings: [...step.warnings, ...warnings] }
}

type Refusal = Pick<SkipStep, 'reason' | 'message' | 'hint'>

function skip({ name, longName }: Row, { reason, message, hint }: Refusal): SkipStep {
  return { action: 'skip', name, longName, reason, message, hint }
}

/** Why there is nothing here to make anew. */
function refusalOf(entry: Entry): Refusal | undefined {
  const { certificate, kubeconfig, file } = entry
  if (certificate.state === 'missing') return { reason: 'MISSING', message: 'does not exist' }
  if (certificate.state === 'invalid') {
    return {
      reason: 'INVALID',
      message: `${file.path}: ${describeUnusable(certificate)}`,
      hint: restoreHint(entry),
    }
  }
  if (certificate.certificates[0].isCa) {
    const found = `${shownFile(entry)}: its first certificate is a CA, ${certificate.certificates[0].subject}`
    return { reason: 'IS_A_CA', message: found, hint: restoreHint(entry) }
  }
  if (kubeconfig && !kubeconfig.config.clientKey) {
    return {
      reason: 'NO_KEY_PLACE',
      message: `${file.path}: the user has a client certificate but no client key`,
    }
  }
  return undefined
}

function blocksOf({ certificate }: Entry): readonly Certificate[] {
  return certificate.state === 'present' ? certificate.certificates : []
}

function certificateOf(entry: Entry): Certificate {
  return blocksOf(entry)[0] as Certificate
}

/** Only a file whose real place is known is written. */
function unwritablePlace({ key, kubeconfig }: Entry): string | undefined {
  const isEmbedded = kubeconfig?.config.clientKey?.at === 'data'
  if (isEmbedded || key?.realPath !== undefined) return undefined
  return `${key?.path}: ${key?.state === 'invalid' ? describeUnusable(key) : 'its place is not known'}`
}

function restoreHint({ kind, file, certificate }: Entry): string {
  if (certificate.state === 'invalid' && certificate.reason === 'PERMISSION_DENIED')
    return 'run as root: sudo kubepki ...'
  return kind === 'kubeconfig'
    ? `a renewal needs the old certificate: put ${file.path} back, or make it anew with kubeadm init phase kubeconfig`
    : `a renewal needs the old certificate: put ${file.path} back, or remove it with its key and use kubeadm init phase certs`
}

type Choice = { readonly algorithm: IssuableKeyAlgorithm; readonly warnings: readonly string[] } | Refusal

function chooseAlgorithm(
  { keyAlgorithm }: Certificate,
  order: RenewalOrder,
  configured: KeyAlgorithm | undefined,
): Choice {
  const wanted = order.encryptionAlgorithm ?? configured ?? keyAlgorithm
  if (isIssuable(wanted)) return { algorithm: wanted, warnings: [] }
  if (/^RSA-\d+$/.test(wanted) && Number(wanted.slice(4)) < 2048) {
    return {
      algorithm: 'RSA-2048',
      warnings: [`the old key is ${wanted}, which is too weak: the new one is RSA-2048`],
    }
  }
  const hint = 'name another with --encryption-algorithm'
  return { reason: 'KEY_ALGORITHM_UNSUPPORTED', message: `cannot make a key of algorithm ${wanted}`, hint }
}

function validityPeriod({ snapshot, now }: RenewalFacts, order: RenewalOrder, authority: Certificate) {
  const validity = order.validity ?? snapshot.configuration?.value.certificateValidityPeriod ?? ONE_YEAR
  const isCut = now.getTime() + validity > authority.notAfter.getTime()
  const warning = `notAfter cut to ${authority.notAfter.toISOString()}, when its CA ends`
  return {
    notBefore: new Date(now.getTime() - BACKDATE),
    notAfter: isCut ? authority.notAfter : new Date(now.getTime() + validity),
    warnings: isCut ? [warning] : [],
  }
}

/** Of the blocks that followed the leaf, those on the path from the signing certificate up, in their order. */
function pathBlocks(
  blocks: readonly Certificate[],
  authority: AuthorityState & { state: 'local' },
): Certificate[] {
  const { certificate, bundle } = authority
  const path = [certificate, ...pathAbove(certificate, [...blocks, ...bundle])]
  return blocks.filter(block => path.some(one => isSameCertificate(one, block)))
}

/** Two rows that are one pair of files are one change: the first is made, the second is the same. */
function withoutTwins(steps: readonly Step[]): Step[] {
  return steps.map((step, index) => {
    if (step.action !== 'sign') return step
    const twin = steps
      .slice(0, index)
      .find(({ action, name }) => action === 'sign' && step.twins.includes(name))
    return twin ? skip(step, { reason: 'SAME_FILE', message: `is the same file as ${twin.name}` }) : step
  })
}

/** Nothing is wrong with a step skipped for one of these. */
export const HARMLESS: ReadonlySet<SkipReason> = new Set(['MISSING', 'SAME_FILE'])
