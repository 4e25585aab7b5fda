/** What a node's own files tell of its cluster. */
import { isSubdomain } from '../dns-name.ts'
import type { Component } from '../inventory/catalog.ts'
import { firstAddressOf, isGlobalUnicast, parseIpAddress } from '../ip-address.ts'
import { type EndpointAddress, parseEndpointAddress, parseServerUrl } from '../kubernetes/endpoint-address.ts'
import { parseVersion } from '../kubernetes/version.ts'
import type { Sourced } from './locations.ts'
import { entryNamed, type Snapshot, shownFile } from './snapshot.ts'

interface Named {
  readonly entry: string
  readonly pattern: RegExp
}

/** The kubelet's user, and the name kubeadm gives to etcd's certificate. */
const NAMED: readonly Named[] = [
  { entry: 'kubelet.conf', pattern: /(?:^|(?<!\\)[,+])CN=system:node:([^,+]*)(?:$|[,+])/ },
  { entry: 'kubelet-client-current.pem', pattern: /(?:^|(?<!\\)[,+])CN=system:node:([^,+]*)(?:$|[,+])/ },
  { entry: 'etcd-server', pattern: /^CN=([^,+]*)$/ },
]

export function nodeNameOfCertificates(snapshot: Snapshot): Sourced<string> | undefined {
  for (const { entry: name, pattern } of NAMED) {
    const entry = entryNamed(snapshot, name)
    if (entry?.certificate.state !== 'present') continue
    const [leaf] = entry.certificate.certificates
    const [, value = ''] = pattern.exec(leaf.subject) ?? []
    const isOwn = name !== 'etcd-server' || leaf.subjectAltName.includes(`DNS:${value}`)
    if (isSubdomain(value) && isOwn) return { value, source: `${shownFile(entry)}: CN` }
  }
  return undefined
}

interface Flag {
  readonly component: Component
  readonly flag: string
}

function fromFlag<T>(
  { pods }: Snapshot,
  { component, flag }: Flag,
  read: (text: string) => T | undefined,
): Sourced<T> | undefined {
  const pod = pods.find(({ value }) => value.component === component)
  const value = read(pod?.value.flags.get(flag) ?? '')
  return pod && value !== undefined ? { value, source: `${pod.source}: --${flag}` } : undefined
}

const ofApiServer = (flag: string): Flag => ({ component: 'kube-apiserver', flag })

export function advertisedAddress(snapshot: Snapshot): Sourced<string> | undefined {
  return (
    fromFlag(snapshot, ofApiServer('advertise-address'), reachable) ??
    fromFlag(snapshot, { component: 'etcd', flag: 'advertise-client-urls' }, addressInUrls)
  )
}

function addressInUrls(text: string): string | undefined {
  const hosts = text
    .split(',')
    .map(url => parseEndpointAddress(url.trim().replace(/^https?:\/\/|\/$/g, ''))?.host ?? '')
  return hosts.flatMap(host => reachable(host) ?? [])[0]
}

function reachable(text: string): string | undefined {
  const address = parseIpAddress(text)
  return address && isGlobalUnicast(address) ? address.text : undefined
}

export function portOfApiServer(snapshot: Snapshot): Sourced<number> | undefined {
  return fromFlag(snapshot, ofApiServer('secure-port'), text => {
    const port = Number(text)
    return Number.isInteger(port) && port >= 1 && port <= 65535 ? port : undefined
  })
}

export function subnetOfApiServer(snapshot: Snapshot): Sourced<string> | undefined {
  return fromFlag(snapshot, ofApiServer('service-cluster-ip-range'), text =>
    firstAddressOf(text) ? text : undefined,
  )
}

/** kubeadm has the domain in the issuer of service account tokens since 1.20, and in no other flag. */
export function domainOfApiServer(snapshot: Snapshot): Sourced<string> | undefined {
  return fromFlag(snapshot, ofApiServer('service-account-issuer'), text => {
    const [, domain = ''] = /^https:\/\/kubernetes\.default\.svc\.([^/:]+)\/?$/.exec(text) ?? []
    return isSubdomain(domain) ? domain : undefined
  })
}

export function versionOfApiServer({ pods }: Snapshot): Sourced<string> | undefined {
  const pod = pods.find(({ value }) => value.component === 'kube-apiserver')
  const value = parseVersion(pod?.value.version ?? '')
  return pod && value !== undefined ? { value, source: `${pod.source}: image` } : undefined
}

interface FoundCluster {
  readonly endpoint?: Sourced<EndpointAddress>
  /** The endpoint is this very node: the cluster has no address but the node's, and a flag may give the node another. */
  readonly isOwn?: boolean
  readonly name?: Sourced<string>
}

/** What the kubeconfigs for the cluster's endpoint say: the first that says something. */
export function clusterOfKubeconfigs(snapshot: Snapshot): FoundCluster {
  for (const file of ['admin.conf', 'super-admin.conf', 'kubelet.conf']) {
    const entry = entryNamed(snapshot, file)
    const config = entry?.kubeconfig?.config
    const value = parseServerUrl(config?.server ?? '')
    if (!entry || !config || !value) continue
    const { path } = entry.file
    return {
      endpoint: { value, source: `${path}: server` },
      isOwn: isOwn(snapshot, value),
      name: { value: config.clusterName, source: `${path}: cluster` },
    }
  }
  return {}
}

/** By its manifest, or by the kubeconfigs of the components that ask the API server beside them. */
function isOwn(snapshot: Snapshot, { host, port }: EndpointAddress): boolean {
  const isAdvertised =
    host === advertisedAddress(snapshot)?.value && port === portOfApiServer(snapshot)?.value
  const local = ['controller-manager.conf', 'scheduler.conf'].flatMap(
    file => parseServerUrl(entryNamed(snapshot, file)?.kubeconfig?.config.server ?? '') ?? [],
  )
  return isAdvertised || local.some(one => one.host === host && one.port === port)
}
