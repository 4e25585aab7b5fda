/** What a row's certificate or kubeconfig has in it, from what is known of the node and its cluster: kubeadm's rules. */
import { firstAddressOf } from '../ip-address.ts'
import { type EndpointAddress, urlOf } from '../kubernetes/endpoint-address.ts'
import { hasChange } from '../kubernetes/version.ts'
import type { CertificateProfile } from '../x509/profile.ts'
import { distinctNames, dnsName, parseSubjectAltName, type SubjectAltName } from '../x509/subject-alt-name.ts'
import type { CertificateSpec, KubeconfigSpec, SubjectAltNameRule, SubjectSpec } from './catalog.ts'
import { compareNames } from './select.ts'

export interface ClusterFacts {
  readonly nodeName: string
  readonly advertiseAddress: string
  readonly bindPort: number
  /** Without a port it has `bindPort`. */
  readonly controlPlaneEndpoint: EndpointAddress | undefined
  /** A CIDR, or two with a comma between them. */
  readonly serviceSubnet: string
  readonly dnsDomain: string
  readonly apiServerCertSans: readonly string[]
  readonly etcdServerCertSans: readonly string[]
  readonly etcdPeerCertSans: readonly string[]
  readonly clusterName: string
  /** Such as `1.37.0`. */
  readonly kubernetesVersion: string
}

/** In kubeadm's order: that of addresses is kept. */
const RULES: Readonly<Record<SubjectAltNameRule, (facts: ClusterFacts) => readonly string[]>> = {
  apiserver: facts => [
    facts.nodeName,
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    `kubernetes.default.svc.${facts.dnsDomain}`,
    serviceAddress(facts),
    facts.advertiseAddress,
    ...(facts.controlPlaneEndpoint ? [facts.controlPlaneEndpoint.host] : []),
    ...facts.apiServerCertSans,
  ],
  'etcd-server': facts => [...etcdNames(facts), ...facts.etcdServerCertSans],
  'etcd-peer': facts => [...etcdNames(facts), ...facts.etcdPeerCertSans],
}

function serviceAddress({ serviceSubnet }: ClusterFacts): string {
  const first = firstAddressOf(serviceSubnet)
  if (!first) throw new TypeError(`${serviceSubnet} has no first address`)
  return first.text
}

function etcdNames({ nodeName, advertiseAddress }: ClusterFacts): readonly string[] {
  return [nodeName, 'localhost', advertiseAddress, '127.0.0.1', '::1']
}

/** Each name once: DNS names in order of their bytes, then addresses as they come. The facts have been checked. */
export function subjectAltNamesFor(rule: SubjectAltNameRule, facts: ClusterFacts): readonly SubjectAltName[] {
  const once = distinctNames(RULES[rule](facts).map(checkedName))
  return [
    ...once.filter(({ type }) => type === 'DNS').toSorted((a, b) => compareNames(a.value, b.value)),
    ...once.filter(({ type }) => type === 'IP'),
  ]
}

function checkedName(text: string): SubjectAltName {
  const name = parseSubjectAltName(text)
  if (!name) throw new TypeError(`${text} is no name for a certificate`)
  return name
}

/** A CA has its common name as DNS name too, as kubeadm's have since 1.22. */
export function certificateProfile(spec: CertificateSpec, facts: ClusterFacts): CertificateProfile {
  const isCa = spec.kind === 'ca'
  const names = spec.subjectAltName ? subjectAltNamesFor(spec.subjectAltName, facts) : []
  return {
    ...subjectFor(spec, facts),
    isCa,
    extKeyUsage: spec.extKeyUsage ?? [],
    subjectAltName: isCa ? [dnsName(spec.commonName)] : names,
  }
}

export function clientProfile(spec: KubeconfigSpec, facts: ClusterFacts): CertificateProfile {
  return { ...subjectFor(spec, facts), isCa: false, extKeyUsage: ['clientAuth'], subjectAltName: [] }
}

function subjectFor({ commonName, organizations = [] }: SubjectSpec, facts: ClusterFacts) {
  const inForce = organizations.filter(
    ({ since }) => since === undefined || hasChange(facts.kubernetesVersion, since),
  )
  const value = inForce.at(-1)?.value
  return {
    commonName: commonName.replace(NODE_NAME, () => facts.nodeName),
    organizations: value === undefined ? [] : [value],
  }
}

const NODE_NAME = '{nodeName}'

/** `https://` and host and port of the API server that a kubeconfig is for. */
export function serverFor({ server }: Pick<KubeconfigSpec, 'server'>, facts: ClusterFacts): string {
  const { advertiseAddress, bindPort, controlPlaneEndpoint } = facts
  const local = { host: advertiseAddress, port: bindPort }
  return urlOf(
    server === 'local' || !controlPlaneEndpoint ? local : { port: bindPort, ...controlPlaneEndpoint },
  )
}

/** The columns of a row that may be about the node itself. */
export interface NodeDependent extends Pick<SubjectSpec, 'commonName'> {
  readonly subjectAltName?: SubjectAltNameRule
  readonly server?: KubeconfigSpec['server']
}

/** What has to be known of the node before a row can be made. */
export function nodeFactsOf(
  { commonName, subjectAltName, server }: NodeDependent,
  { controlPlaneEndpoint }: Pick<ClusterFacts, 'controlPlaneEndpoint'>,
): readonly ('nodeName' | 'advertiseAddress')[] {
  const hasNames = subjectAltName !== undefined
  const isLocal = server === 'local' || (server !== undefined && !controlPlaneEndpoint)
  return [
    ...(hasNames || commonName.includes(NODE_NAME) ? (['nodeName'] as const) : []),
    ...(hasNames || isLocal ? (['advertiseAddress'] as const) : []),
  ]
}
