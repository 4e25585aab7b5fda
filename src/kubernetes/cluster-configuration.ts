/** kubeadm configuration files: what they say about certificates. */
import { PkiError } from '../errors.ts'
import { parseDuration } from './duration.ts'
import { isMapping, listAt, type Mapping, mappingAt, parseYaml, stringAt } from './yaml.ts'

export interface ClusterConfiguration {
  readonly certificatesDir?: string
  /** `external` when `etcd.external` is given; absent when the file says nothing of the cluster. */
  readonly etcd?: 'local' | 'external'
  readonly encryptionAlgorithm?: string
  /** Milliseconds. */
  readonly certificateValidityPeriod?: number
}

export const API_VERSIONS = ['v1beta2', 'v1beta3', 'v1beta4'] as const
const GROUP = 'kubeadm.k8s.io/'
const KINDS = ['InitConfiguration', 'ClusterConfiguration']

/** Reads a file of one or more documents; those of other groups (kubelet, kube-proxy) are passed over. */
export function parseClusterConfiguration(text: string, file: string): ClusterConfiguration {
  const parsed = parseYaml(text)
  if ('reason' in parsed) throw invalid(file, `is not YAML: ${parsed.found}`)
  const documents = parsed.documents.filter(isMapping).filter(document => isKubeadm(document))
  for (const document of documents) checkVersion(document, file)
  if (!documents.some(document => KINDS.includes(stringAt(document, 'kind') ?? ''))) {
    throw invalid(
      file,
      `holds no ${KINDS.join(' or ')}`,
      `it needs a document with apiVersion ${GROUP}v1beta4`,
    )
  }
  const cluster = documents.find(document => stringAt(document, 'kind') === 'ClusterConfiguration')
  return cluster ? readCluster(cluster, file) : {}
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

function invalid(file: string, found: string, hint?: string): PkiError {
  return new PkiError('CONFIG_INVALID', `${file}: ${found}`, { hint })
}
