/** What a row's certificate has in it, from what is known of the node and its cluster: the names of kubeadm's three rules. */
import { firstAddressOf } from '../ip-address.ts'
import { distinctNames, parseSubjectAltName, type SubjectAltName } from '../x509/subject-alt-name.ts'
import type { SubjectAltNameRule } from './catalog.ts'
import { compareNames } from './select.ts'

export interface ClusterFacts {
  readonly nodeName: string
  readonly advertiseAddress: string
  /** The host of `controlPlaneEndpoint`. */
  readonly controlPlaneHost: string | undefined
  /** A CIDR, or two with a comma between them. */
  readonly serviceSubnet: string
  readonly dnsDomain: string
  readonly apiServerCertSans: readonly string[]
  readonly etcdServerCertSans: readonly string[]
  readonly etcdPeerCertSans: readonly string[]
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
    ...(facts.controlPlaneHost === undefined ? [] : [facts.controlPlaneHost]),
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
