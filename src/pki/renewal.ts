/** Plans a renewal: one step per certificate named, none of which stops the others. Pure. */
import { describeUnusable } from '../errors.ts'
import { compareNames, RENEWABLE } from '../inventory/select.ts'
import { type Certificate, isSameCertificate } from '../x509/certificate.ts'
import { type IssuableKeyAlgorithm, isIssuable, type KeyAlgorithm } from '../x509/key-algorithm.ts'
import type { AuthorityProblem, AuthorityState } from './authority.ts'
import { pathAbove } from './certification-path.ts'
import { whyNotReplaceable } from './renewed-files.ts'
import { type Entry, entryNamed, type Snapshot } from './snapshot.ts'

export interface RenewalOrder {
  readonly names: readonly string[]
  readonly csrOnly: boolean
  /** Of the new keys; by default the configuration's, else each old key's. */
  readonly encryptionAlgorithm?: IssuableKeyAlgorithm | undefined
  /** Milliseconds; by default the configuration's, else a year. */
  readonly validity?: number | undefined
}

export type SkipReason =
  | 'MISSING'
  | 'INVALID'
  | 'SAME_FILE'
  | 'SHARED_KEY'
  | 'NO_KEY_PLACE'
  | 'KEY_ALGORITHM_UNSUPPORTED'
  | 'REQUEST_INCOMPLETE'
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
  const rows = RENEWABLE.filter(({ name }) => order.names.includes(name))
  const steps = rows.toSorted((a, b) => compareNames(a.name, b.name)).map(row => planStep(facts, order, row))
  return { steps: withoutCollisions(steps) }
}

type Row = (typeof RENEWABLE)[number]

function planStep(facts: RenewalFacts, order: RenewalOrder, row: Row): Step {
  const { snapshot, authorities } = facts
  const entry = entryNamed(snapshot, row.name)
  const skip = (reason: SkipReason, message: string, hint?: string): SkipStep => ({
    action: 'skip',
    ...row,
    reason,
    message,
    hint,
  })
  if (entry === undefined || entry.certificate.state === 'missing') return skip('MISSING', 'does not exist')
  if (entry.certificate.state === 'invalid') {
    return skip('INVALID', `${entry.file.path}: ${describeUnusable(entry.certificate)}`, restoreHint(entry))
  }
  if (entry.kubeconfig && !entry.kubeconfig.config.clientKey) {
    return skip('NO_KEY_PLACE', `${entry.file.path}: the user has a client certificate but no client key`)
  }
  const fixed = whyNotReplaceable(entry)
  if (fixed !== undefined) return skip('INVALID', `${entry.file.path}: ${fixed}`)
  const [old] = entry.certificate.certificates
  const caName = entry.caName as string
  const authority = authorities.get(caName) as AuthorityState
  const isRequest = order.csrOnly || authority.state === 'external'
  if (authority.state === 'unusable' && !isRequest)
    return skip(authority.problem, authority.message, authority.hint)
  const chosen = chooseAlgorithm(old, order, snapshot.configuration?.value.encryptionAlgorithm)
  if (chosen.algorithm === undefined) return skip('KEY_ALGORITHM_UNSUPPORTED', chosen.message, chosen.hint)
  const { name, longName } = row
  const work = { name, longName, entry, old, caName, algorithm: chosen.algorithm }
  if (isRequest || authority.state !== 'local') {
    return {
      action: 'request',
      ...work,
      isCaExternal: authority.state === 'external',
      warnings: chosen.warnings,
    }
  }
  const period = validityPeriod(facts, order, authority.certificate)
  const chain = pathBlocks(entry.certificate.certificates.slice(1), authority)
  const warnings = [...chosen.warnings, ...period.warnings]
  const { notBefore, notAfter } = period
  return { action: 'sign', ...work, authority, notBefore, notAfter, chain, warnings }
}

function restoreHint(entry: Entry): string {
  return entry.kind === 'kubeconfig'
    ? 'a renewal needs the old certificate; put this file back, or make it anew with kubeadm init phase kubeconfig'
    : 'a renewal needs the old certificate; put this file back, or remove it with its key and use kubeadm init phase certs'
}

type Choice =
  | { readonly algorithm: IssuableKeyAlgorithm; readonly warnings: readonly string[] }
  | { readonly algorithm: undefined; readonly message: string; readonly hint: string }

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
  return { algorithm: undefined, message: `cannot make a key of algorithm ${wanted}`, hint }
}

function validityPeriod({ snapshot, now }: RenewalFacts, order: RenewalOrder, authority: Certificate) {
  const validity = order.validity ?? snapshot.configuration?.value.certificateValidityPeriod ?? ONE_YEAR
  const wanted = new Date(now.getTime() + validity)
  const isCut = wanted > authority.notAfter
  const warning = `notAfter cut to ${authority.notAfter.toISOString()}, when its CA ends`
  return {
    notBefore: new Date(now.getTime() - BACKDATE),
    notAfter: isCut ? authority.notAfter : wanted,
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

/** Two rows in one file are one change; two certificates of one key file would break each other. */
function withoutCollisions(steps: readonly Step[]): Step[] {
  return steps.map((step, index) => {
    if (step.action !== 'sign') return step
    const others = steps.filter((other): other is SignStep => other !== step && other.action === 'sign')
    const twin = others.find(other => certificatePlace(other) === certificatePlace(step))
    const skip = { action: 'skip', name: step.name, longName: step.longName } as const
    if (twin && steps.indexOf(twin) < index)
      return { ...skip, reason: 'SAME_FILE', message: `is the same file as ${twin.name}` }
    const sharer = twin
      ? undefined
      : others.find(other => keyPlace(other) !== undefined && keyPlace(other) === keyPlace(step))
    if (!sharer) return step
    return {
      ...skip,
      reason: 'SHARED_KEY',
      message: `shares the key file ${step.entry.key?.path} with ${sharer.name}`,
    }
  })
}

function certificatePlace({ entry }: SignStep): string | undefined {
  return (entry.certificateFile ?? entry.file).realPath
}

function keyPlace({ entry }: SignStep): string | undefined {
  return entry.key?.realPath
}

/** Nothing is wrong with a step skipped for one of these. */
export const HARMLESS: ReadonlySet<SkipReason> = new Set(['MISSING', 'SAME_FILE'])
