/** Plans the certificates of a new node: each is made, kept or refused. kubeadm's rules for what exists already. Pure. */
import { CERTIFICATES, type CertificateSpec, SERVICE_ACCOUNT_KEY } from '../inventory/catalog.ts'
import { certificateProfile, nodeFactsOf } from '../inventory/profile.ts'
import { planAuthority } from './bootstrap-authority.ts'
import { planServiceAccount } from './bootstrap-service-account.ts'
import { lackingFacts, leafPeriod, signerFor } from './bootstrap-signer.ts'
import { type BootstrapFacts, type BootstrapStep, existingOf, refuse } from './bootstrap-step.ts'
import { factValues, missingFacts } from './cluster-facts.ts'
import { shellWord } from './command-flags.ts'
import { type Existing, flawOfPair, flawOfPurpose, warningsOfName } from './existing.ts'
import { isManagedElsewhere } from './external-ca.ts'
import { lackingNames } from './names-of-certificate.ts'
import { type Entry, entryNamed } from './snapshot.ts'

const SPECS: readonly CertificateSpec[] = CERTIFICATES

/** Rows of the inventory, and `sa`, in kubeadm's order: each CA before what it signs. */
export const CERTIFICATE_PHASES: readonly string[] = [
  ...SPECS.map(({ name }) => name),
  SERVICE_ACCOUNT_KEY.name,
]

export function planNewCertificates(
  facts: BootstrapFacts,
  names: 'all' | readonly string[],
): BootstrapStep[] {
  const isNamed = (name: string) => names === 'all' || names.includes(name)
  const steps: BootstrapStep[] = []
  for (const spec of SPECS.filter(({ name }) => isNamed(name))) steps.push(planRow(facts, spec, steps))
  return isNamed(SERVICE_ACCOUNT_KEY.name) ? [...steps, planServiceAccount(facts)] : steps
}

function planRow(
  facts: BootstrapFacts,
  spec: CertificateSpec,
  before: readonly BootstrapStep[],
): BootstrapStep {
  const { name, kind, baseName } = spec
  const entry = entryNamed(facts.snapshot, name)
  if (!entry) return { action: 'skip', name, kind, baseName, warnings: [] }
  if (kind === 'ca') return planAuthority(facts, spec, entry)
  return entry.certificate.state === 'missing'
    ? planNewLeaf(facts, spec, { entry, before })
    : planOldLeaf(facts, spec, entry)
}

/** Also where its CA is made in the same job: then it was signed by another. */
function planOldLeaf(facts: BootstrapFacts, spec: CertificateSpec, entry: Entry): BootstrapStep {
  const { name, baseName } = spec
  const isExternal = isManagedElsewhere(facts.snapshot, entry)
  const existing = existingOf(facts, entry, isExternal)
  const row = { name, kind: 'leaf', baseName } as const
  const flaw = flawOfPair(existing) ?? (isExternal ? flawOfWork(facts, spec, existing) : undefined)
  if (flaw) return refuse(row, flaw)
  const { file, key } = entry
  const place = { file: file.path, ...(key && { keyFile: key.path }), isExternal }
  return { action: 'keep', ...row, ...place, warnings: warningsOf(facts, spec, existing) }
}

function profileOf({ facts }: BootstrapFacts, spec: CertificateSpec) {
  const isKnown = missingFacts(facts, nodeFactsOf(spec, factValues(facts))).length === 0
  return isKnown ? certificateProfile(spec, factValues(facts)) : undefined
}

/** What others have signed may be anything. */
function flawOfWork(facts: BootstrapFacts, spec: CertificateSpec, existing: Existing) {
  const profile = profileOf(facts, spec)
  return profile && flawOfPurpose(existing, existing.place.file, profile)
}

/** kubeadm says nothing when the configuration has got other names since. */
function warningsOf(facts: BootstrapFacts, spec: CertificateSpec, { entry, place }: Existing): string[] {
  const profile = profileOf(facts, spec)
  if (entry.certificate.state !== 'present' || !profile) return []
  const [leaf] = entry.certificate.certificates
  const named = warningsOfName(leaf, profile).map(warning => `${place.file}: ${warning}`)
  const lacking = lackingNames(leaf, profile.subjectAltName)
  if (lacking.length === 0) return named
  const flags = lacking.map(name => ` --add-san ${shellWord(name)}`).join('')
  const remedy = `kubepki certs renew ${spec.name}${flags}${place.commandFlags}`
  return [...named, `${place.file} is kept as it is, without ${lacking.join(', ')}: ${remedy} adds to it`]
}

interface NewLeaf {
  readonly entry: Entry
  readonly before: readonly BootstrapStep[]
}

function planNewLeaf(
  facts: BootstrapFacts,
  spec: CertificateSpec,
  { entry, before }: NewLeaf,
): BootstrapStep {
  const { name, baseName } = spec
  const row = { name, kind: 'leaf', baseName } as const
  const { key, file } = entry
  if (key && key.state !== 'missing') {
    const { place, remedies } = existingOf(facts, entry, isManagedElsewhere(facts.snapshot, entry))
    const message = `${key.path} exists, and its certificate ${file.path} does not`
    return refuse(row, { message, hint: remedies.missing(place) })
  }
  const signer = signerFor(facts, spec, before)
  if ('message' in signer)
    return refuse(row, { ...signer, message: `${file.path} cannot be made: ${signer.message}` })
  const lacking = lackingFacts(facts, spec)
  if (lacking) return refuse(row, lacking)
  const profile = certificateProfile(spec, factValues(facts.facts))
  return { action: 'make', ...row, entry, profile, signer, ...leafPeriod(facts, signer) }
}
