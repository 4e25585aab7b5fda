/** kubeadm configuration files: what they say about certificates. */
import { parseConfigurationDocuments } from './configuration-documents.ts'
import { etcdAt } from './configured-etcd.ts'
import {
  absolutePathAt,
  advertiseAddressAt,
  certSansAt,
  endpointAt,
  nodeNameAt,
  portAt,
  type Source,
  subdomainAt,
  textAt,
  valueAt,
} from './configured-fields.ts'
import { issuanceAt, issuanceWarnings } from './configured-issuance.ts'
import { serviceSubnetAt, subnetsAt } from './configured-subnets.ts'
import { isVersionLabel, versionAt } from './configured-version.ts'
import type { EndpointAddress } from './endpoint-address.ts'
import { unknownFields } from './unknown-fields.ts'

/** What is absent the file does not say; kubeadm's defaults are not filled in. */
export interface ClusterConfiguration {
  /** As it is written: `v1.31.2`, `1.20.2`. */
  readonly kubernetesVersion?: string
  readonly clusterName?: string
  readonly certificatesDir?: string
  /** `external` when `etcd.external` is given; absent when the file says nothing of the cluster. */
  readonly etcd?: 'local' | 'external'
  readonly encryptionAlgorithm?: string
  /** Milliseconds. */
  readonly certificateValidityPeriod?: number
  /** Milliseconds. */
  readonly caCertificateValidityPeriod?: number
  /** Of a node that joins a cluster: there is a JoinConfiguration, and no InitConfiguration. */
  readonly isJoining?: true
  readonly nodeName?: string
  readonly advertiseAddress?: string
  readonly bindPort?: number
  readonly controlPlaneEndpoint?: EndpointAddress
  /** A CIDR, or two with a comma between them. */
  readonly serviceSubnet?: string
  readonly dnsDomain?: string
  /** In lower case. */
  readonly apiServerCertSans?: readonly string[]
  readonly etcdServerCertSans?: readonly string[]
  readonly etcdPeerCertSans?: readonly string[]
}

export interface ParsedConfiguration {
  readonly configuration: ClusterConfiguration
  /** Each with the file before it. */
  readonly warnings: readonly string[]
}

interface Reader {
  readonly kind: string
  readonly read: (source: Source) => ClusterConfiguration
}

/** What a later one says wins. */
const READERS: readonly Reader[] = [
  { kind: 'ClusterConfiguration', read: readCluster },
  { kind: 'JoinConfiguration', read: source => readNode(source, 'controlPlane.localAPIEndpoint') },
  { kind: 'InitConfiguration', read: source => readNode(source, 'localAPIEndpoint') },
]

/** Reads a file of one or more documents; those of other groups (kubelet, kube-proxy) are passed over. */
export function parseClusterConfiguration(text: string, file: string): ParsedConfiguration {
  const sources = parseConfigurationDocuments(text, file)
  let configuration: ClusterConfiguration = {}
  for (const { kind, read } of READERS) {
    const source = sources.find(one => one.kind === kind)
    if (source) configuration = { ...configuration, ...read(source) }
  }
  const kinds = sources.map(({ kind }) => kind)
  if (kinds.includes('JoinConfiguration') && !kinds.includes('InitConfiguration'))
    configuration = { ...configuration, isJoining: true }
  return { configuration, warnings: sources.flatMap(source => warningsOf(source, configuration)) }
}

function warningsOf(source: Source, configuration: ClusterConfiguration): string[] {
  const isCluster = source.kind === 'ClusterConfiguration'
  return [
    ...unknownFields(source),
    ...portWarnings(source),
    ...(isCluster ? clusterWarnings(source, configuration) : []).map(found => `${source.kind}: ${found}`),
  ].map(warning => `${source.file}: ${warning}`)
}

/** What `kubeadm config print join-defaults` writes is no mistake. */
function portWarnings(source: Source): string[] {
  const field = 'localAPIEndpoint.bindPort'
  const isZero = source.kind === 'InitConfiguration' && valueAt(source, field) === 0
  return isZero ? [`${source.kind}: ${field} 0 is taken as not said`] : []
}

function clusterWarnings(source: Source, configuration: ClusterConfiguration): string[] {
  const version = textAt(source, 'kubernetesVersion') ?? ''
  const label = `kubernetesVersion ${version} names no version, and none is asked of the network: taken as not said`
  return [...(isVersionLabel(version) ? [label] : []), ...issuanceWarnings(source, configuration)]
}

function readNode(source: Source, endpoint: string): ClusterConfiguration {
  return given({
    nodeName: nodeNameAt(source, 'nodeRegistration.name'),
    advertiseAddress: advertiseAddressAt(source, `${endpoint}.advertiseAddress`),
    bindPort: portAt(source, `${endpoint}.bindPort`),
  })
}

function readCluster(source: Source): ClusterConfiguration {
  subnetsAt(source, 'networking.podSubnet')
  return given({
    kubernetesVersion: versionAt(source, 'kubernetesVersion'),
    clusterName: textAt(source, 'clusterName'),
    certificatesDir: absolutePathAt(source, 'certificatesDir'),
    etcd: etcdAt(source),
    ...issuanceAt(source),
    controlPlaneEndpoint: endpointAt(source, 'controlPlaneEndpoint'),
    serviceSubnet: serviceSubnetAt(source, 'networking.serviceSubnet'),
    dnsDomain: subdomainAt(source, 'networking.dnsDomain'),
    apiServerCertSans: certSansAt(source, 'apiServer.certSANs', { lowerCase: true }),
    etcdServerCertSans: certSansAt(source, 'etcd.local.serverCertSANs'),
    etcdPeerCertSans: certSansAt(source, 'etcd.local.peerCertSANs'),
  })
}

type Given<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

function given<T extends object>(fields: T): Given<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Given<T>
}
