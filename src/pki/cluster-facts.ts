/** Decides what a node's certificates are to be named after: the configuration wins over what runs, that over defaults. */
import { isSubdomain } from '../dns-name.ts'
import type { Component } from '../inventory/catalog.ts'
import type { ClusterFacts } from '../inventory/profile.ts'
import { firstAddressOf, isGlobalUnicast, parseIpAddress } from '../ip-address.ts'
import type { ClusterConfiguration } from '../kubernetes/cluster-configuration.ts'
import { parseEndpointAddress } from '../kubernetes/endpoint-address.ts'
import type { Sourced } from './locations.ts'
import { entryNamed, type Snapshot, shownFile } from './snapshot.ts'

export type SourcedFacts = { readonly [K in keyof ClusterFacts]: Sourced<ClusterFacts[K]> }

/** A fact that nothing says, and where it belongs. */
export interface MissingFact {
  readonly fact: 'nodeName' | 'advertiseAddress'
  readonly kind: 'InitConfiguration'
  readonly field: string
}

export type DecidedFacts =
  | { readonly facts: SourcedFacts; readonly missing: readonly [] }
  | { readonly facts?: undefined; readonly missing: readonly MissingFact[] }

export function decideClusterFacts(snapshot: Snapshot): DecidedFacts {
  const nodeName = configured(snapshot, 'nodeName', NODE_NAME) ?? nodeNameOfKubelet(snapshot)
  const advertiseAddress = configured(snapshot, 'advertiseAddress', ADVERTISE_ADDRESS) ?? advertised(snapshot)
  if (nodeName && advertiseAddress)
    return { missing: [], facts: { nodeName, advertiseAddress, ...clusterWideFacts(snapshot) } }
  return {
    missing: [
      ...(nodeName ? [] : [missingFact('nodeName', NODE_NAME)]),
      ...(advertiseAddress ? [] : [missingFact('advertiseAddress', ADVERTISE_ADDRESS)]),
    ],
  }
}

/** The same on every node. */
function clusterWideFacts(snapshot: Snapshot): Omit<SourcedFacts, 'nodeName' | 'advertiseAddress'> {
  const endpoint = configured(snapshot, 'controlPlaneEndpoint', 'controlPlaneEndpoint')
  return {
    controlPlaneHost: endpoint ? { ...endpoint, value: endpoint.value.host } : byDefault(undefined),
    serviceSubnet:
      configured(snapshot, 'serviceSubnet', 'networking.serviceSubnet') ??
      subnetOfApiServer(snapshot) ??
      byDefault('10.96.0.0/12'),
    dnsDomain:
      configured(snapshot, 'dnsDomain', 'networking.dnsDomain') ??
      domainOfApiServer(snapshot) ??
      byDefault('cluster.local'),
    apiServerCertSans: configured(snapshot, 'apiServerCertSans', 'apiServer.certSANs') ?? byDefault([]),
    etcdServerCertSans:
      configured(snapshot, 'etcdServerCertSans', 'etcd.local.serverCertSANs') ?? byDefault([]),
    etcdPeerCertSans: configured(snapshot, 'etcdPeerCertSans', 'etcd.local.peerCertSANs') ?? byDefault([]),
  }
}

const NODE_NAME = 'nodeRegistration.name'
const ADVERTISE_ADDRESS = 'localAPIEndpoint.advertiseAddress'

function missingFact(fact: MissingFact['fact'], field: string): MissingFact {
  return { fact, kind: 'InitConfiguration', field }
}

function byDefault<T>(value: T): Sourced<T> {
  return { value, source: 'default' }
}

function configured<K extends keyof ClusterConfiguration>(
  { configuration }: Snapshot,
  key: K,
  field: string,
): Sourced<NonNullable<ClusterConfiguration[K]>> | undefined {
  const value = configuration?.value[key]
  return configuration && value != null ? { value, source: `${configuration.source}: ${field}` } : undefined
}

const KUBELET_ENTRIES = ['kubelet.conf', 'kubelet-client-current.pem']

function nodeNameOfKubelet(snapshot: Snapshot): Sourced<string> | undefined {
  for (const name of KUBELET_ENTRIES) {
    const entry = entryNamed(snapshot, name)
    if (entry?.certificate.state !== 'present') continue
    const [leaf] = entry.certificate.certificates
    const [, value = ''] = /(?:^|(?<!\\)[,+])CN=system:node:([^,+]*)(?:$|[,+])/.exec(leaf.subject) ?? []
    if (isSubdomain(value)) return { value, source: `${shownFile(entry)}: CN` }
  }
  return undefined
}

interface Flag {
  readonly component: Component
  readonly flag: string
}

function fromFlag(
  { pods }: Snapshot,
  { component, flag }: Flag,
  read: (text: string) => string | undefined,
): Sourced<string> | undefined {
  const pod = pods.find(({ value }) => value.component === component)
  const value = read(pod?.value.flags.get(flag) ?? '')
  return pod && value !== undefined ? { value, source: `${pod.source}: --${flag}` } : undefined
}

function advertised(snapshot: Snapshot): Sourced<string> | undefined {
  return (
    fromFlag(snapshot, { component: 'kube-apiserver', flag: 'advertise-address' }, reachable) ??
    fromFlag(snapshot, { component: 'etcd', flag: 'advertise-client-urls' }, addressInUrls)
  )
}

function addressInUrls(text: string): string | undefined {
  const hosts = text
    .split(',')
    .map(url => parseEndpointAddress(url.trim().replace(/^https?:\/\/|\/$/g, ''))?.host ?? '')
  return hosts.find(host => reachable(host) !== undefined)
}

function reachable(text: string): string | undefined {
  const address = parseIpAddress(text)
  return address && isGlobalUnicast(address) ? address.text : undefined
}

function subnetOfApiServer(snapshot: Snapshot): Sourced<string> | undefined {
  return fromFlag(snapshot, { component: 'kube-apiserver', flag: 'service-cluster-ip-range' }, text =>
    firstAddressOf(text) ? text : undefined,
  )
}

/** kubeadm has the domain in the issuer of service account tokens since 1.20, and in no other flag. */
function domainOfApiServer(snapshot: Snapshot): Sourced<string> | undefined {
  return fromFlag(snapshot, { component: 'kube-apiserver', flag: 'service-account-issuer' }, text => {
    const [, domain = ''] = /^https:\/\/kubernetes\.default\.svc\.([^/:]+)\/?$/.exec(text) ?? []
    return isSubdomain(domain) ? domain : undefined
  })
}

export function factValues(facts: SourcedFacts): ClusterFacts {
  const values = Object.entries(facts).map(([fact, { value }]) => [fact, value])
  return Object.fromEntries(values) as ClusterFacts
}
