/** Plans the certificates of a new node: each is made, kept or refused. kubeadm's rules for what exists already. Pure. */
import { CERTIFICATES, type CertificateSpec, SERVICE_ACCOUNT_KEY } from '../inventory/catalog.ts'
import { certificateProfile, nodeFactsOf } from '../inventory/profile.ts'
import { planServiceAccount } from './bootstrap-service-account.ts'
import { authorityOf, lackingFacts, leafPeriod, signerFor } from './bootstrap-signer.ts'
import {
  type BootstrapFacts,
  type BootstrapStep,
  type KeepStep,
  type MakeAuthority,
  refuse,
} from './bootstrap-step.ts'
import { factValues, missingFacts } from './cluster-facts.ts'
import { flawOfAuthority, flawOfPair, lackingNames, unusableFile } from './existing.ts'
import { isExternallyManaged, isManagedElsewhere } from './external-ca.ts'
import { type Entry, entryNamed } from './snapshot.ts'
import { validityPeriod } from './validity.ts'

const SPECS: readonly CertificateSpec[] = CERTIFICATES

/** Rows of the inventory, and `sa`, in kubeadm's order: each CA before what it signs. */
export const CERTIFICATE_PHASES: readonly string[] = [
  ...SPECS.map(({ name }) => name),
  SERVICE_ACCOUNT_KEY.name,
]

export function planCertificates(facts: BootstrapFacts, names: 'all' | readonly string[]): BootstrapStep[] {
  const isNamed = (name: string) => names === 'all' || names.includes(name)
  const steps: BootstrapStep[] = []
  for (const spec of SPECS.filter(({ name }) => isNamed(name))) steps.push(planRow(facts, spec, steps))
  return isNamed(SERVICE_ACCOUNT_KEY.name) ? [...steps, planServiceAccount(facts)] : steps
}

interface Row {
  readonly name: string
  readonly kind: 'ca' | 'leaf'
  readonly baseName: string
}

function planRow(
  facts: BootstrapFacts,
  spec: CertificateSpec,
  before: readonly BootstrapStep[],
): BootstrapStep {
  const { name, kind, baseName } = spec
  const row: Row = { name, kind, baseName }
  const entry = entryNamed(facts.snapshot, name)
  if (!entry) return { action: 'skip', ...row, warnings: [] }
  if (kind === 'ca') return planAuthority(facts, row, entry)
  return entry.certificate.state === 'missing'
    ? planNewLeaf(facts, spec, { row, entry, before })
    : planOldLeaf(facts, spec, { row, entry })
}

function keep(row: Row, entry: Entry, more: Pick<KeepStep, 'isExternal' | 'warnings'>): KeepStep {
  return {
    action: 'keep',
    ...row,
    file: entry.file.path,
    ...(entry.key && { keyFile: entry.key.path }),
    ...more,
  }
}

/** A key alone never becomes a CA again: what it signed would no longer have a certificate above it. */
function planAuthority(facts: BootstrapFacts, row: Row, entry: Entry): BootstrapStep {
  const { certificate, file, key } = entry
  const unusable = unusableFile(entry)
  if (unusable) return refuse(row, unusable)
  if (certificate.state === 'missing') {
    if (key?.state === 'missing') return newAuthority(facts, row, entry)
    const hint = `put ${file.path} back, or move the key away to have a new CA made`
    return refuse(row, { message: `${key?.path} exists, and its certificate ${file.path} does not`, hint })
  }
  const expired = flawOfAuthority(entry, facts.now)
  const warnings = expired ? [expired.message] : []
  const isExternal = isExternallyManaged(entry)
  if (isExternal) {
    const message = `${file.path} holds no CA certificate`
    const isCa = certificate.state === 'present' && certificate.certificates.some(one => one.isCa)
    return isCa ? keep(row, entry, { isExternal, warnings }) : refuse(row, { message })
  }
  const state = authorityOf(facts, entry)
  const isOnlyOld = state.state === 'unusable' && TIMELY.has(state.problem)
  return state.state === 'unusable' && !isOnlyOld
    ? refuse(row, state)
    : keep(row, entry, { isExternal, warnings })
}

/** What a CA is told of, and what stops only what it would have to sign. */
const TIMELY: ReadonlySet<string> = new Set(['CA_EXPIRED', 'CA_NOT_YET_VALID'])

function newAuthority(facts: BootstrapFacts, row: Row, entry: Entry): MakeAuthority {
  const spec = SPECS.find(({ name }) => name === row.name) as CertificateSpec
  const { now, newKeys } = facts
  return {
    action: 'make',
    ...row,
    kind: 'ca',
    entry,
    profile: certificateProfile(spec, factValues(facts.facts)),
    ...validityPeriod(now, newKeys.caValidity.value),
  }
}

interface LeafContext {
  readonly row: Row
  readonly entry: Entry
}

/** Also where its CA is made in the same job: then it was signed by another. */
function planOldLeaf(
  facts: BootstrapFacts,
  spec: CertificateSpec,
  { row, entry }: LeafContext,
): BootstrapStep {
  const { snapshot, keys, now } = facts
  const authority = entryNamed(snapshot, spec.caName) as Entry
  const key = keys.get(row.name) ?? { state: 'missing' }
  const flaw = flawOfPair({ entry, key, authority, now })
  if (flaw) return refuse(row, flaw)
  const isExternal = isManagedElsewhere(snapshot, entry)
  return keep(row, entry, { isExternal, warnings: warningsOfNames(facts, spec, entry) })
}

/** kubeadm says nothing when the configuration has got other names since. */
function warningsOfNames({ facts }: BootstrapFacts, spec: CertificateSpec, { certificate, file }: Entry) {
  if (certificate.state !== 'present' || missingFacts(facts, nodeFactsOf(spec, factValues(facts))).length > 0)
    return []
  const { subjectAltName } = certificateProfile(spec, factValues(facts))
  const lacking = lackingNames(certificate.certificates[0], spec.subjectAltName ? subjectAltName : [])
  if (lacking.length === 0) return []
  const remedy = `kubepki certs renew ${spec.name} ${lacking.map(name => `--add-san ${name}`).join(' ')}`
  return [`${file.path} is kept as it is, without ${lacking.join(', ')}: ${remedy} adds to it`]
}

interface NewLeafContext extends LeafContext {
  readonly before: readonly BootstrapStep[]
}

function planNewLeaf(facts: BootstrapFacts, spec: CertificateSpec, context: NewLeafContext): BootstrapStep {
  const { row, entry, before } = context
  const { key, file } = entry
  if (key && key.state !== 'missing') {
    const hint = `put ${file.path} back, or move the key away to have a new pair made`
    return refuse(row, { message: `${key.path} exists, and its certificate ${file.path} does not`, hint })
  }
  const signer = signerFor(facts, spec, before)
  if ('message' in signer)
    return refuse(row, { ...signer, message: `${file.path} cannot be made: ${signer.message}` })
  const lacking = lackingFacts(facts, spec)
  if (lacking) return refuse(row, lacking)
  const profile = certificateProfile(spec, factValues(facts.facts))
  return { action: 'make', ...row, kind: 'leaf', entry, profile, signer, ...leafPeriod(facts, signer) }
}
