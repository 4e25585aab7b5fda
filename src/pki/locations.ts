/** Decides where a node's files are. A flag wins over a configuration file, that over the manifests, those over the default. */
import { CERTIFICATES, type FlagSpec, KUBECONFIGS, SERVICE_ACCOUNT_KEY } from '../inventory/catalog.ts'
import type { EtcdTopology } from '../inventory/select.ts'
import type { ClusterConfiguration } from '../kubernetes/cluster-configuration.ts'
import { hostPathOf, type StaticPod } from '../kubernetes/static-pod.ts'

/** A fact and what said so: a flag, a file and its field, or `default`. */
export interface Sourced<T> {
  readonly value: T
  readonly source: string
}

/** A path from the root of the node's tree, or from a directory that the user named (`within`). */
export interface NodePath {
  readonly path: string
  readonly within?: string
}

export interface LocationFlags {
  readonly certDir?: string | undefined
  readonly kubeconfigDir?: string | undefined
  readonly kubeletDir?: string | undefined
}

export interface LocationFacts {
  readonly flags: LocationFlags
  readonly configuration?: Sourced<ClusterConfiguration> | undefined
  /** Source: the manifest's file. */
  readonly pods: readonly Sourced<StaticPod>[]
}

export interface PairLocation {
  readonly certificate: Sourced<NodePath>
  readonly key: Sourced<NodePath>
}

export interface Locations {
  readonly certDir: Sourced<NodePath>
  readonly kubeconfigDir: Sourced<NodePath>
  readonly kubeletDir: Sourced<NodePath>
  readonly etcd: Sourced<EtcdTopology>
  /** By row name; the service account's pair is `sa`: public key as `certificate`. */
  readonly pairs: ReadonlyMap<string, PairLocation>
  readonly kubeconfigs: ReadonlyMap<string, Sourced<NodePath>>
}

const DEFAULT_CERT_DIR = '/etc/kubernetes/pki'
export const DEFAULT_KUBECONFIG_DIR = '/etc/kubernetes'
export const DEFAULT_KUBELET_DIR = '/var/lib/kubelet/pki'

export function decideLocations(facts: LocationFacts): Locations {
  const { flags } = facts
  const certDir = decideCertDir(facts)
  const kubeconfigDir = fromFlag('--kubeconfig-dir', flags.kubeconfigDir) ?? byDefault(DEFAULT_KUBECONFIG_DIR)
  const kubeletDir = fromFlag('--kubelet-dir', flags.kubeletDir) ?? byDefault(DEFAULT_KUBELET_DIR)
  const isDiscovered = flags.certDir === undefined && facts.configuration?.value.certificatesDir === undefined
  const pods = isDiscovered ? facts.pods : []
  const pairs = new Map<string, PairLocation>()
  for (const { name, baseName, flags: columns } of CERTIFICATES) {
    pairs.set(name, pairLocation({ certDir, pods, columns, files: [`${baseName}.crt`, `${baseName}.key`] }))
  }
  const { name, publicKey, privateKey, flags: columns } = SERVICE_ACCOUNT_KEY
  pairs.set(name, pairLocation({ certDir, pods, columns, files: [publicKey, privateKey] }))
  const kubeconfigs = new Map<string, Sourced<NodePath>>()
  for (const spec of KUBECONFIGS) {
    const flag =
      'component' in spec && flags.kubeconfigDir === undefined ? { component: spec.component } : undefined
    const named = flag && podPath(facts.pods, flag, 'kubeconfig')
    kubeconfigs.set(spec.name, named ?? below(kubeconfigDir, spec.name))
  }
  return { certDir, kubeconfigDir, kubeletDir, etcd: decideEtcd(facts), pairs, kubeconfigs }
}

function decideCertDir({ flags, configuration, pods }: LocationFacts): Sourced<NodePath> {
  const given = fromFlag('--cert-dir', flags.certDir)
  if (given) return given
  const configured = configuration?.value.certificatesDir
  if (configuration && configured) {
    return { value: { path: configured }, source: `${configuration.source}: certificatesDir` }
  }
  for (const flag of ['client-ca-file', 'tls-cert-file']) {
    const found = podPath(pods, { component: 'kube-apiserver' }, flag)
    if (found) return { ...found, value: { ...found.value, path: parentOf(found.value.path) } }
  }
  const etcd = podPath(pods, { component: 'etcd' }, 'trusted-ca-file')
  if (etcd?.value.path.endsWith('/etcd/ca.crt')) {
    return { ...etcd, value: { ...etcd.value, path: parentOf(parentOf(etcd.value.path)) } }
  }
  return byDefault(DEFAULT_CERT_DIR)
}

interface PairQuestion {
  readonly certDir: Sourced<NodePath>
  readonly pods: readonly Sourced<StaticPod>[]
  readonly columns: readonly FlagSpec[]
  readonly files: readonly [certificate: string, key: string]
}

/** A key no flag names lies beside its certificate, with the certificate's name. */
function pairLocation({
  certDir,
  pods,
  columns,
  files: [certificateFile, keyFile],
}: PairQuestion): PairLocation {
  const certificate = firstPath(pods, columns, 'certificate') ?? below(certDir, certificateFile)
  const beside: Sourced<NodePath> = {
    source: certificate.source,
    value: {
      ...certificate.value,
      path: certificate.value.path.replace(/(\.(crt|pem|pub))?$/, keySuffix(keyFile)),
    },
  }
  return { certificate, key: firstPath(pods, columns, 'key') ?? beside }
}

function keySuffix(keyFile: string): string {
  return keyFile.slice(keyFile.lastIndexOf('.'))
}

function firstPath(pods: LocationFacts['pods'], columns: readonly FlagSpec[], side: 'certificate' | 'key') {
  for (const column of columns) {
    const flag = column[side]
    const found = flag && podPath(pods, column, flag)
    if (found) return found
  }
  return undefined
}

function podPath(
  pods: LocationFacts['pods'],
  { component }: FlagSpec,
  flag: string,
): Sourced<NodePath> | undefined {
  const pod = pods.find(({ value }) => value.component === component)
  const path = pod?.value.flags.get(flag)
  if (!pod || !path?.startsWith('/')) return undefined
  return { value: { path: hostPathOf(pod.value, path) }, source: `${pod.source}: --${flag}` }
}

/** kubeadm's stacked etcd has a manifest, or is reached on this host with the inventory's client certificate. */
function decideEtcd({ configuration, pods }: LocationFacts): Sourced<EtcdTopology> {
  const configured = configuration?.value.etcd
  if (configuration && configured) return { value: configured, source: `${configuration.source}: etcd` }
  const etcd = pods.find(({ value }) => value.component === 'etcd')
  if (etcd) return { value: 'local', source: etcd.source }
  const apiserver = pods.find(({ value }) => value.component === 'kube-apiserver')
  const servers = apiserver?.value.flags.get('etcd-servers')
  if (!apiserver || !servers) return { value: 'local', source: 'default' }
  const clientCertificate = apiserver.value.flags.get('etcd-certfile')
  const isStock = clientCertificate?.endsWith('/apiserver-etcd-client.crt') ?? false
  const isElsewhere = servers
    .split(',')
    .some(server => !/^https?:\/\/(127\.|localhost\b|\[::1\])/.test(server))
  const flag = isElsewhere ? '--etcd-servers' : '--etcd-certfile'
  return { value: isElsewhere || !isStock ? 'external' : 'local', source: `${apiserver.source}: ${flag}` }
}

function fromFlag(flag: string, path: string | undefined): Sourced<NodePath> | undefined {
  return path === undefined ? undefined : { value: { path: '', within: path }, source: flag }
}

function byDefault(path: string): Sourced<NodePath> {
  return { value: { path }, source: 'default' }
}

function below(directory: Sourced<NodePath>, file: string): Sourced<NodePath> {
  return { ...directory, value: { ...directory.value, path: `${directory.value.path}/${file}` } }
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf('/')))
}
