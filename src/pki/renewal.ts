/** Plans a renewal: one step per certificate named, none of which stops the others. Pure. */
import { describeUnusable } from '../errors.ts'
import { RENEWABLE, REQUESTED_ONLY } from '../inventory/select.ts'
import { type Certificate, isSameCertificate } from '../x509/certificate.ts'
import type { PrivateKey } from '../x509/key.ts'
import { type AuthorityState, REPLACE_CA } from './authority.ts'
import { pathAbove } from './certification-path.ts'
import { instant } from './instant.ts'
import { nodeSubject } from './node-subject.ts'
import { ownershipOf } from './ownership.ts'
import { chooseAlgorithm, keepKey, type Refusal } from './renewal-key.ts'
import { changeNames } from './renewal-names.ts'
import type { RenewalOrder, SignStep, SkipStep, Step } from './renewal-step.ts'
import { answeringCa, type Entry, entryNamed, type Found, type Snapshot, shownFile } from './snapshot.ts'
import { ONE_YEAR, validityPeriod } from './validity.ts'

export interface RenewalFacts {
  readonly snapshot: Snapshot
  /** By CA name. */
  readonly authorities: ReadonlyMap<string, AuthorityState>
  /** By row, of those whose keys are kept. */
  readonly keys?: ReadonlyMap<string, Found<PrivateKey>>
  readonly now: Date
}

export function planRenewal(facts: RenewalFacts, order: RenewalOrder): { readonly steps: readonly Step[] } {
  const { names } = order
  const known = order.csrOnly && names !== 'all' ? [...RENEWABLE, ...REQUESTED_ONLY] : RENEWABLE
  const rows = known.filter(({ name }) =>
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
  const old = certificateOf(entry)
  const names = changeNames(row.name, old, order)
  if (names && 'reason' in names) return skip(row, names)
  if (!isDue(old, order, facts.now) && !names?.extension)
    return skip(row, { reason: 'NOT_DUE', message: `expires ${day(old)}` })
  const whose = nodeSubject(facts.snapshot, entry, old)
  if ('reason' in whose) return skip(row, whose)
  const caName = answeringCa(entry) as string
  const authority = facts.authorities.get(caName) as AuthorityState
  const isRequest = order.csrOnly || authority.state === 'external'
  if (!isRequest && authority.state === 'unusable')
    return skip(row, { ...authority, reason: authority.problem })
  const chosen = order.keepKey
    ? keepKey(old, facts.keys?.get(row.name), isRequest)
    : chooseAlgorithm(old, order, facts.snapshot.configuration?.value.encryptionAlgorithm)
  if ('reason' in chosen) return skip(row, chosen)
  const warnings = [...chosen.warnings, ...(names?.warnings ?? []), ...whose.warnings]
  const work = {
    name: row.name,
    longName: row.longName,
    entry,
    old,
    caName,
    key: chosen.key,
    names,
    warnings,
  }
  if (isRequest || authority.state !== 'local') {
    const isCaExternal = authority.state === 'external'
    return { action: 'request', ...work, isCaExternal, subject: whose.subject }
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
  const validity = order.validity ?? facts.snapshot.configuration?.value.certificateValidityPeriod ?? ONE_YEAR
  const { notBefore, notAfter, warnings } = validityPeriod(
    facts.now,
    validity,
    authority.certificate.notAfter,
  )
  if (order.within !== undefined && notAfter <= step.old.notAfter && !step.names?.extension) {
    const message = `a new one would end on ${day(step.old)} too, when its CA does`
    return skip({ name, longName }, { reason: 'NOT_LONGER', message, hint: REPLACE_CA })
  }
  const chain = pathBlocks(blocksOf(entry).slice(1), authority)
  return { ...step, notBefore, notAfter, chain, twins, warnings: [...step.warnings, ...warnings] }
}

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

function restoreHint({ kind, file, key, certificate }: Entry): string {
  if (certificate.state === 'invalid' && certificate.reason === 'PERMISSION_DENIED')
    return 'run as root: sudo kubepki ...'
  if (kind === 'kubelet')
    return `move ${file.path} and ${key?.path} away and restart the kubelet: it makes a new pair, which can be renewed`
  return kind === 'kubeconfig'
    ? `a renewal needs the old certificate: put ${file.path} back, or make it anew with kubeadm init phase kubeconfig`
    : `a renewal needs the old certificate: put ${file.path} back, or remove it with its key and use kubeadm init phase certs`
}

function isDue({ notAfter }: Certificate, { within }: RenewalOrder, now: Date): boolean {
  return within === undefined || notAfter.getTime() <= now.getTime() + within
}

function day({ notAfter }: Certificate): string {
  return instant(notAfter)
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
