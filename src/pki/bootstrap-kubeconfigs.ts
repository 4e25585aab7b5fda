/** Plans the kubeconfigs of a new node: each is made, kept or refused. kubeadm's rules for what exists already. Pure. */
import { KUBECONFIGS, type KubeconfigSpec } from '../inventory/catalog.ts'
import { clientProfile, nodeFactsOf, serverFor } from '../inventory/profile.ts'
import { parseServerUrl, urlOf } from '../kubernetes/endpoint-address.ts'
import { isAtLeast } from '../kubernetes/version.ts'
import { isSameCertificate } from '../x509/certificate.ts'
import { authorityOf, keyIsElsewhere, lackingFacts, leafPeriod } from './bootstrap-signer.ts'
import { type BootstrapFacts, type BootstrapStep, existingOf, refuse } from './bootstrap-step.ts'
import { factValues, type KnownFacts, missingFacts } from './cluster-facts.ts'
import {
  type Existing,
  type Flaw,
  flawOfDates,
  flawOfKey,
  flawOfPurpose,
  flawOfSignature,
  unusableFile,
  warningsOfName,
} from './existing.ts'
import { isExternallyManaged } from './external-ca.ts'
import { OTHER_NODES } from './remedies.ts'
import { type Entry, entryNamed, shownFile } from './snapshot.ts'

const SPECS: readonly KubeconfigSpec[] = KUBECONFIGS

/** Without `.conf`, as kubeadm's subcommands are called. */
export const KUBECONFIG_PHASES: readonly string[] = SPECS.map(({ name }) => name.replace(/\.conf$/, ''))

/** The rows that kubeadm of this version has. */
export function kubeconfigsOf({ kubernetesVersion }: KnownFacts): readonly KubeconfigSpec[] {
  return SPECS.filter(({ since }) => since === undefined || isAtLeast(kubernetesVersion.value, since))
}

export function planNewKubeconfigs(facts: BootstrapFacts, names: 'all' | readonly string[]): BootstrapStep[] {
  const known = kubeconfigsOf(facts.facts)
  const asked = names === 'all' ? known : SPECS.filter(({ name }) => names.includes(name))
  return asked.map(spec => {
    const row = { name: spec.name, kind: 'kubeconfig', baseName: spec.name } as const
    return known.includes(spec) ? planRow(facts, spec, row) : refuse(row, tooNew(spec, facts.facts))
  })
}

export function tooNew({ name, since }: KubeconfigSpec, { kubernetesVersion }: KnownFacts): Flaw {
  return {
    message: `${name} exists since Kubernetes ${since}, and this is ${kubernetesVersion.value} (${kubernetesVersion.source})`,
  }
}

interface Row {
  readonly name: string
  readonly kind: 'kubeconfig'
  readonly baseName: string
}

interface Context {
  readonly row: Row
  readonly entry: Entry
  readonly authority: Entry
}

function planRow(facts: BootstrapFacts, spec: KubeconfigSpec, row: Row): BootstrapStep {
  const entry = entryNamed(facts.snapshot, spec.name) as Entry
  const authority = entryNamed(facts.snapshot, spec.caName) as Entry
  const plan = entry.certificate.state === 'missing' ? planNew : planOld
  return plan(facts, spec, { row, entry, authority })
}

function planNew(
  facts: BootstrapFacts,
  spec: KubeconfigSpec,
  { row, entry, authority }: Context,
): BootstrapStep {
  const signer = authorityOf(facts, authority)
  const { path } = entry.file
  const { commandFlags } = facts.snapshot
  if (signer.state === 'external') {
    const flaw = keyIsElsewhere(authority)
    return refuse(row, { ...flaw, message: `${path} does not exist and cannot be made: ${flaw.message}` })
  }
  if (signer.state === 'unusable') {
    const isMissing = signer.problem === 'CA_CERTIFICATE_MISSING'
    const hint = isMissing ? `make the CA first: kubepki init phase certs ca${commandFlags}` : signer.hint
    return refuse(row, { message: `${path} cannot be made: ${signer.message}`, hint })
  }
  const lacking = lackingFacts(facts, spec)
  if (lacking) return refuse(row, lacking)
  const values = factValues(facts.facts)
  const profile = clientProfile(spec, values)
  const what = { entry, profile, signer, facts: values, server: serverFor(spec, values) }
  return { action: 'make', ...row, ...what, ...leafPeriod(facts, signer) }
}

/** What its certificate is counts only where nobody here can make another; a key that is not its own always. */
function planOld(
  facts: BootstrapFacts,
  spec: KubeconfigSpec,
  { row, entry, authority }: Context,
): BootstrapStep {
  const isExternal = isExternallyManaged(authority)
  const existing = existingOf(facts, entry, isExternal)
  const flaw = unusableKubeconfig(existing) ?? flawOfTrust(existing) ?? flawOfClientKey(existing)
  if (flaw) return refuse(row, flaw)
  const worn = flawOfClient(facts, spec, existing)
  if (worn && isExternal) return refuse(row, worn)
  const warnings = [
    ...(worn ? [[worn.message, worn.hint].filter(Boolean).join(': ')] : []),
    ...warningsOfUser(facts, spec, entry),
    ...warningsOfServer(facts, spec, entry),
  ]
  return { action: 'keep', ...row, file: entry.file.path, isExternal, warnings }
}

/** Other ways to authenticate are the user's choice. */
const OTHER_CREDENTIALS: ReadonlySet<string> = new Set(['TOKEN_USER', 'EXEC_USER'])

function unusableKubeconfig(existing: Existing): Flaw | undefined {
  const { entry, place, remedies } = existing
  const { certificate } = entry
  if (certificate.state !== 'invalid') return undefined
  if (OTHER_CREDENTIALS.has(certificate.reason)) return undefined
  const flaw = unusableFile(existing)
  const isWaiting = certificate.reason === 'NO_CLIENT_CERTIFICATE' && flaw
  return isWaiting ? { ...flaw, hint: remedies.unusable({ ...place, file: EMBEDDED(place.file) }) } : flaw
}

const EMBEDDED = (file: string) => `client-certificate-data of ${file}, in base64`

export function flawOfTrust({ entry: { kubeconfig, file }, authority }: Existing): Flaw | undefined {
  if (!kubeconfig) return undefined
  const { certificate, file: caFile } = authority
  if (certificate.state !== 'present') {
    const found = certificate.state === 'missing' ? 'does not exist' : 'cannot be read'
    const message = `${file.path}: its CA cannot be checked: ${caFile.path} ${found}`
    return { message, hint: `put ${caFile.path} back: ${OTHER_NODES}` }
  }
  const { certificateAuthority } = kubeconfig
  const trusted = certificateAuthority?.state === 'present' ? certificateAuthority.certificates : []
  const isTrusted = certificate.certificates.some(one => trusted.some(known => isSameCertificate(known, one)))
  if (isTrusted) return undefined
  const found = trusted[0] ? `${trusted[0].subject}, another certificate` : 'none that can be read'
  return {
    message: `${file.path}: certificate-authority-data: wanted the CA of ${caFile.path}, found ${found}`,
    hint: `put the CA back that it trusts, or move ${file.path} away to have a new one made`,
  }
}

function flawOfClientKey(existing: Existing): Flaw | undefined {
  const { certificate } = existing.entry
  return certificate.state === 'present' ? flawOfKey(existing, certificate.certificates[0]) : undefined
}

function flawOfClient(facts: BootstrapFacts, spec: KubeconfigSpec, existing: Existing): Flaw | undefined {
  const what = `${shownFile(existing.entry)}: its client certificate`
  const values = factValues(facts.facts)
  return (
    flawOfSignature(existing, what) ??
    flawOfDates(existing, what) ??
    flawOfPurpose(existing, what, clientProfile({ ...spec, commonName: '' }, values))
  )
}

function warningsOfUser(
  { facts }: BootstrapFacts,
  spec: KubeconfigSpec,
  { certificate, file }: Entry,
): string[] {
  if (certificate.state === 'invalid') return [`${file.path} is kept unseen: it has no client certificate`]
  const values = factValues(facts)
  const isKnown = !missingFacts(facts, nodeFactsOf(spec, values)).some(({ fact }) => fact === 'nodeName')
  if (certificate.state !== 'present' || !isKnown) return []
  const warnings = warningsOfName(certificate.certificates[0], clientProfile(spec, values))
  return warnings.map(warning => `${file.path}: ${warning}`)
}

function warningsOfServer(
  { facts }: BootstrapFacts,
  spec: KubeconfigSpec,
  { kubeconfig, file }: Entry,
): string[] {
  const values = factValues(facts)
  const isKnown = !missingFacts(facts, nodeFactsOf(spec, values)).some(
    ({ fact }) => fact === 'advertiseAddress',
  )
  if (!kubeconfig || !isKnown) return []
  const wanted = serverFor(spec, values)
  const { server, clusterName } = kubeconfig.config
  const found = server === undefined ? undefined : parseServerUrl(server)
  if (server === wanted || (found && urlOf(found) === wanted)) return []
  const shown = server?.replace(/\/\/[^/@]*@/, '//...@') ?? 'none'
  const remedy = `kubectl config set-cluster ${clusterName} --kubeconfig ${file.path} --server ${wanted}`
  return [`${file.path}: server: wanted ${wanted}, found ${shown}: kept as it is; ${remedy} changes it`]
}
