/** kubeadm configuration files: what they say about certificates. */
import {
  advertiseAddressAt,
  certSansAt,
  endpointAt,
  invalid,
  nodeNameAt,
  type Source,
  serviceSubnetAt,
  subdomainAt,
} from './configured-fields.ts'
import { parseDuration } from './duration.ts'
import type { EndpointAddress } from './endpoint-address.ts'
import { isMapping, listAt, type Mapping, mappingAt, parseYaml, stringAt } from './yaml.ts'

/** What is absent the file does not say; kubeadm's defaults are not filled in. */
export interface ClusterConfiguration {
  readonly certificatesDir?: string
  /** `external` when `etcd.external` is given; absent when the file says nothing of the cluster. */
  readonly etcd?: 'local' | 'external'
  readonly encryptionAlgorithm?: string
  /** Milliseconds. */
  readonly certificateValidityPeriod?: number
  /** Milliseconds. */
  readonly caCertificateValidityPeriod?: number
  /** As written, `v1.31.2`; absent when the file has a label such as `stable-1`. */
  readonly kubernetesVersion?: string
  readonly clusterName?: string
  readonly bindPort?: number
  readonly nodeName?: string
  readonly advertiseAddress?: string
  readonly controlPlaneEndpoint?: EndpointAddress
  /** A CIDR, or two with a comma between them. */
  readonly serviceSubnet?: string
  readonly dnsDomain?: string
  /** In lower case. */
  readonly apiServerCertSans?: readonly string[]
  readonly etcdServerCertSans?: readonly string[]
  readonly etcdPeerCertSans?: readonly string[]
}

export const API_VERSIONS = ['v1beta2', 'v1beta3', 'v1beta4'] as const
const GROUP = 'kubeadm.k8s.io/'
const KINDS = ['InitConfiguration', 'ClusterConfiguration', 'JoinConfiguration']

/** Reads a file of one or more documents; those of other groups (kubelet, kube-proxy) are passed over. */
export function parseClusterConfiguration(text: string, file: string): ClusterConfiguration {
  const parsed = parseYaml(text)
  if ('reason' in parsed) throw invalid(file, `is not YAML: ${parsed.found}`)
  const documents = parsed.documents.filter(isMapping).filter(document => isKubeadm(document))
  for (const document of documents) checkVersion(document, file)
  if (!documents.some(document => KINDS.includes(stringAt(document, 'kind') ?? ''))) {
    throw invalid(file, `holds no ${KINDS.join(', ')}`, `it needs a document with apiVersion ${GROUP}v1beta4`)
  }
  const read = <T>(kind: string, reader: (source: Source) => T): T | undefined => {
    const document = documents.find(one => stringAt(one, 'kind') === kind)
    return document && reader({ document, file })
  }
  const cluster = read('ClusterConfiguration', source => ({
    ...readCluster(source.document, file),
    ...readNames(source),
  }))
  const [joined, initialized] = [read('JoinConfiguration', readJoin), read('InitConfiguration', readInit)]
  return { ...cluster, ...joined, ...initialized }
}

function readInit(source: Source): ClusterConfiguration {
  return given({
    nodeName: nodeNameAt(source, 'nodeRegistration.name'),
    advertiseAddress: advertiseAddressAt(source, 'localAPIEndpoint.advertiseAddress'),
  })
}

function readJoin(source: Source): ClusterConfiguration {
  return given({
    nodeName: nodeNameAt(source, 'nodeRegistration.name'),
    advertiseAddress: advertiseAddressAt(source, 'controlPlane.localAPIEndpoint.advertiseAddress'),
  })
}

/** What the serving certificates of a control-plane node have as names. */
function readNames(source: Source): ClusterConfiguration {
  return given({
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

function readCluster(cluster: Mapping, file: string): ClusterConfiguration {
  const certificatesDir = stringAt(cluster, 'certificatesDir')
  if (certificatesDir !== undefined && !certificatesDir.startsWith('/')) {
    throw invalid(file, `certificatesDir: wanted an absolute path, found ${certificatesDir}`)
  }
  const isNewest = stringAt(cluster, 'apiVersion') === `${GROUP}v1beta4`
  const gated = mappingAt(cluster, 'featureGates').PublicKeysECDSA === true ? 'ECDSA-P256' : undefined
  const encryptionAlgorithm = isNewest ? stringAt(cluster, 'encryptionAlgorithm') : gated
  const certificateValidityPeriod = isNewest
    ? durationAt(cluster, 'certificateValidityPeriod', file)
    : undefined
  return {
    etcd: isExternal(cluster) ? 'external' : 'local',
    ...(certificatesDir !== undefined && { certificatesDir }),
    ...(encryptionAlgorithm && { encryptionAlgorithm }),
    ...(certificateValidityPeriod !== undefined && { certificateValidityPeriod }),
  }
}

function isExternal(cluster: Mapping): boolean {
  return listAt(mappingAt(mappingAt(cluster, 'etcd'), 'external'), 'endpoints').length > 0
}

function durationAt(cluster: Mapping, key: string, file: string): number | undefined {
  const text = stringAt(cluster, key)
  const duration = text === undefined ? undefined : parseDuration(text)
  if (text !== undefined && !duration)
    throw invalid(file, `${key}: wanted a duration such as 8760h, found ${text}`)
  return duration
}

function isKubeadm(document: Mapping): boolean {
  return stringAt(document, 'apiVersion')?.startsWith(GROUP) ?? false
}

function checkVersion(document: Mapping, file: string): void {
  const version = stringAt(document, 'apiVersion')?.slice(GROUP.length) as (typeof API_VERSIONS)[number]
  if (API_VERSIONS.includes(version)) return
  throw invalid(
    file,
    `apiVersion ${GROUP}${version} is not known`,
    `known: ${API_VERSIONS.map(v => GROUP + v).join(', ')}`,
  )
}
