/** Plans the kubeconfigs of a new node: each is made, kept or refused. kubeadm's rules for what exists already. Pure. */
import { KUBECONFIGS, type KubeconfigSpec } from '../inventory/catalog.ts'
import { clientProfile, nodeFactsOf, serverFor } from '../inventory/profile.ts'
import { parseServerUrl, urlOf } from '../kubernetes/endpoint-address.ts'
import { isAtLeast } from '../kubernetes/version.ts'
import { isSameCertificate } from '../x509/certificate.ts'
import { authorityOf, keyIsElsewhere, lackingFacts, leafPeriod } from './bootstrap-signer.ts'
import { type BootstrapFacts, type BootstrapStep, refuse } from './bootstrap-step.ts'
import { factValues, type KnownFacts, missingFacts } from './cluster-facts.ts'
import { type Flaw, flawOfSignature, flawOfTime, unusableFile } from './existing.ts'
import { isExternallyManaged } from './external-ca.ts'
import { type Entry, entryNamed, shownFile } from './snapshot.ts'

const SPECS: readonly KubeconfigSpec[] = KUBECONFIGS

/** Without `.conf`, as kubeadm's subcommands are called. */
export const KUBECONFIG_PHASES: readonly string[] = SPECS.map(({ name }) => name.replace(/\.conf$/, ''))

/** The rows that kubeadm of this version has. */
export function kubeconfigsOf({ kubernetesVersion }: KnownFacts): readonly KubeconfigSpec[] {
  return SPECS.filter(({ since }) => since === undefined || isAtLeast(kubernetesVersion.value, since))
}

export function planKubeconfigs(facts: BootstrapFacts, names: 'all' | readonly string[]): BootstrapStep[] {
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

function planRow(facts: BootstrapFacts, spec: KubeconfigSpec, row: Row): BootstrapStep {
  const entry = entryNamed(facts.snapshot, spec.name) as Entry
  const authority = entryNamed(facts.snapshot, spec.caName) as Entry
  const isNew = entry.certificate.state === 'missing'
  const step = isNew
    ? planNew(facts, spec, { row, entry, authority })
    : planOld(facts, spec, { row, entry, authority })
  return step
}

interface Context {
  readonly row: Row
  readonly entry: Entry
  readonly authority: Entry
}

function planNew(
  facts: BootstrapFacts,
  spec: KubeconfigSpec,
  { row, entry, authority }: Context,
): BootstrapStep {
  const signer = authorityOf(facts, authority)
  const { path } = entry.file
  if (signer.state === 'external') {
    const { message, hint } = keyIsElsewhere(authority, spec.name)
    return refuse(row, { message: `${path} does not exist and cannot be made: ${message}`, hint })
  }
  if (signer.state === 'unusable') {
    const isMissing = signer.problem === 'CA_CERTIFICATE_MISSING'
    const hint = isMissing ? 'make the CA first: kubepki init phase certs ca' : signer.hint
    return refuse(row, { message: `${path} cannot be made: ${signer.message}`, hint })
  }
  const lacking = lackingFacts(facts, spec)
  if (lacking) return refuse(row, lacking)
  const values = factValues(facts.facts)
  const profile = clientProfile(spec, values)
  const what = { entry, profile, signer, facts: values, server: serverFor(spec, values) }
  return { action: 'make', ...row, ...what, ...leafPeriod(facts, signer) }
}

/** Its client certificate counts only where nobody here can make another. */
function planOld(
  facts: BootstrapFacts,
  spec: KubeconfigSpec,
  { row, entry, authority }: Context,
): BootstrapStep {
  const isExternal = isExternallyManaged(authority)
  const unreadable = unusableKubeconfig(entry)
  const flaw = unreadable ?? flawOfTrust(entry, authority)
  if (flaw) return refuse(row, flaw)
  const worn = flawOfClient(entry, authority, facts.now)
  if (worn && isExternal) return refuse(row, worn)
  const warnings = [
    ...(worn ? [worn.message] : []),
    ...warningsOfServer(facts, spec, entry),
    ...unseen(entry),
  ]
  return { action: 'keep', ...row, file: entry.file.path, isExternal, warnings }
}

/** Other ways to authenticate are the user's choice. */
const OTHER_CREDENTIALS: ReadonlySet<string> = new Set(['TOKEN_USER', 'EXEC_USER'])

function unseen({ certificate, file }: Entry): string[] {
  return certificate.state === 'invalid' ? [`${file.path} is kept unseen: it has no client certificate`] : []
}

function unusableKubeconfig(entry: Entry): Flaw | undefined {
  const { certificate } = entry
  if (certificate.state === 'invalid' && OTHER_CREDENTIALS.has(certificate.reason)) return undefined
  return unusableFile(entry)
}

function flawOfTrust({ kubeconfig, file }: Entry, { certificate, file: caFile }: Entry): Flaw | undefined {
  if (!kubeconfig) return undefined
  if (certificate.state !== 'present') {
    const found = certificate.state === 'missing' ? 'does not exist' : 'cannot be read'
    return { message: `${file.path}: its CA cannot be checked: ${caFile.path} ${found}` }
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

function flawOfClient(entry: Entry, authority: Entry, now: Date): Flaw | undefined {
  if (entry.certificate.state !== 'present') return undefined
  const [leaf, ...rest] = entry.certificate.certificates
  const file = `${shownFile(entry)}: its client certificate`
  const remedy = entry.isListed ? `kubepki certs renew ${entry.name}` : 'the kubelet renews it by itself'
  return flawOfSignature({ file, leaf, rest }, authority) ?? flawOfTime(file, leaf, { now, remedy })
}

function warningsOfServer(
  { facts }: BootstrapFacts,
  spec: KubeconfigSpec,
  { kubeconfig, file }: Entry,
): string[] {
  const values = factValues(facts)
  if (
    !kubeconfig ||
    missingFacts(
      facts,
      nodeFactsOf(spec, values).filter(fact => fact === 'advertiseAddress'),
    ).length > 0
  )
    return []
  const wanted = serverFor(spec, values)
  const { server } = kubeconfig.config
  const found = server === undefined ? undefined : parseServerUrl(server)
  return server === wanted || (found && urlOf(found) === wanted)
    ? []
    : [`${file.path}: server: wanted ${wanted}, found ${server ?? 'none'}: kept as it is`]
}
