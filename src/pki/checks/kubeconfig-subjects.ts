/** The kubeconfigs of a node and copies of them, and whether one is for this cluster at all. */
import { KUBECONFIGS, type KubeconfigSpec } from '../../inventory/catalog.ts'
import type { Kubeconfig } from '../../kubernetes/kubeconfig.ts'
import { type Certificate, hasSameKey, isSignedBy } from '../../x509/certificate.ts'
import { shellWord } from '../command-flags.ts'
import type { Evidence } from '../evidence.ts'
import { lackingNames } from '../names-of-certificate.ts'
import { type Entry, entryNamed, type KubeconfigDocument, type Snapshot } from '../snapshot.ts'
import { hostOfUrl, isLoopback, kubeconfigHosts, nameOf, ownAddresses } from './own-names.ts'
import { certificatesOf, subjectsOf } from './subjects.ts'

export interface Configured {
  readonly entry: Entry
  readonly name: string
  /** The kubeconfig itself, wherever its certificate is. */
  readonly file: string
  readonly isCopy: boolean
  readonly config: Kubeconfig
  readonly trust: KubeconfigDocument['certificateAuthority']
}

export function configuredOf({ snapshot, copies }: Evidence): readonly Configured[] {
  return [...snapshot.entries, ...copies].flatMap(entry => {
    const { name, kubeconfig } = entry
    if (!kubeconfig) return []
    const { config, certificateAuthority: trust } = kubeconfig
    return [{ entry, name, file: entry.file.path, isCopy: copies.includes(entry), config, trust }]
  })
}

/** Those that the API server of this node has a say about. */
export function ofThisCluster(evidence: Evidence): readonly Configured[] {
  return configuredOf(evidence).filter(one => isOfThisCluster(evidence, one))
}

/** A row is. A copy is, by where it goes, who signed its user, or whom it trusts. */
export function isOfThisCluster(evidence: Evidence, configured: Configured): boolean {
  const { entry, isCopy, config, trust } = configured
  if (!isCopy) return true
  const authorities = certificatesOf(evidence, 'ca')
  const { certificate } = entry
  const isSignedHere =
    certificate.state === 'present' && authorities.some(ca => isSignedBy(certificate.certificates[0], ca))
  const isTrustedHere =
    trust?.state === 'present' && trust.certificates.some(one => authorities.some(ca => hasSameKey(ca, one)))
  return isSignedHere || isTrustedHere || isKnownHost(evidence, hostOfServer(config))
}

/** Another cluster may be behind a port of this machine. */
function isKnownHost(evidence: Evidence, host: string | undefined): boolean {
  if (host === undefined || isLoopback(host)) return false
  const endpoint = evidence.facts.controlPlaneEndpoint.value?.host
  const isSaid = [endpoint, ...ownAddresses(evidence), ...kubeconfigHosts(evidence)].includes(host)
  const leaf = servingLeaf(evidence)
  const name = nameOf(host)
  return isSaid || (leaf !== undefined && name !== undefined && lackingNames(leaf, [name]).length === 0)
}

/** client-go takes https where no scheme is written. */
export function hostOfServer({ server = '' }: Pick<Kubeconfig, 'server'>): string | undefined {
  return hostOfUrl(/^[a-z]+:\/\//i.test(server) ? server : `https://${server}`)
}

/** That of the API server's key, wherever it stands in its file. */
export function servingLeaf(evidence: Evidence): Certificate | undefined {
  return subjectsOf(evidence).find(({ name }) => name === 'apiserver')?.leaf
}

export function specOf(name: string): KubeconfigSpec | undefined {
  const specs: readonly KubeconfigSpec[] = KUBECONFIGS
  return specs.find(spec => spec.name === name)
}

/** One command: a component that holds the file has to be restarted. */
export function setCluster({ name, file, config }: Configured, ...flags: readonly string[]): string {
  const command = ['kubectl config set-cluster', shellWord(config.clusterName), ...flags]
  const component = specOf(name)?.component ?? (name === 'kubelet.conf' ? 'kubelet' : undefined)
  const restart =
    component === undefined ? '' : `, then restart the ${component.replace('kube-', '').replace('-', ' ')}`
  return `${command.join(' ')} --kubeconfig=${shellWord(file)}${restart}`
}

export function trustFlags(snapshot: Snapshot): readonly string[] {
  const file = entryNamed(snapshot, 'ca')?.file.path ?? ''
  return [`--certificate-authority=${shellWord(file)}`, '--embed-certs=true']
}
