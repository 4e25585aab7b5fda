/** Which addresses a node's components serve at, by their manifests, and what each is to show there. Pure. */
import { isSubdomain } from '../dns-name.ts'
import type { Component } from '../inventory/catalog.ts'
import { parseIpAddress } from '../ip-address.ts'
import type { EndpointAddress } from '../kubernetes/endpoint-address.ts'
import type { KubeletServing } from '../kubernetes/kubelet-serving.ts'
import { peerEndpoint, type ServingEndpoint, servingEndpoint } from '../kubernetes/serving-endpoint.ts'
import { hostPathOf, isComponent } from '../kubernetes/static-pod.ts'
import type { Listener, ListenerRole, ServedFile } from './live-evidence.ts'
import { entryNamed, type PlacedPod, type Snapshot, shownFile } from './snapshot.ts'

/** The name that the API server gives to its connections to itself. */
export const LOOPBACK_NAME = 'apiserver-loopback-client'

export interface ListenerFacts {
  readonly snapshot: Snapshot
  /** Absent: no kubelet here. */
  readonly kubelet?: KubeletServing | undefined
  /** Reads a file that is no row: its path on the host, and whose it is. */
  readonly readServed: (name: string, path: string) => ServedFile
  /** What the user named. */
  readonly further: readonly Required<EndpointAddress>[]
}

export function listenersOf(facts: ListenerFacts): readonly Listener[] {
  const { snapshot, further } = facts
  const pods = snapshot.pods.filter(({ value }) => isComponent(value.component))
  const expected = rowFile(snapshot, 'apiserver')
  return [
    ...pods.flatMap(pod => podListeners(facts, pod)),
    ...kubeletListener(facts),
    ...further.flatMap(address => listener('kube-apiserver', 'further', address, expected)),
  ]
}

function podListeners(facts: ListenerFacts, pod: PlacedPod): readonly Listener[] {
  const { snapshot } = facts
  const component = pod.value.component as Component
  const serving = servingEndpoint(pod.value)
  if (component === 'kube-apiserver') {
    const [plain] = listener(component, 'serving', serving, rowFile(snapshot, 'apiserver'))
    return plain ? [plain, loopbackOf(plain)] : []
  }
  if (component === 'etcd')
    return [
      ...listener(component, 'serving', serving, rowFile(snapshot, 'etcd-server')),
      ...listener(component, 'peer', peerEndpoint(pod.value), rowFile(snapshot, 'etcd-peer')),
    ]
  return listener(component, 'serving', serving, flaggedFile(facts, pod))
}

function loopbackOf({ component, host, port }: Listener): Listener {
  return { component, role: 'loopback', host, port, serverName: LOOPBACK_NAME }
}

/** None where the port is closed, or the address is none. */
function listener(
  component: Component,
  role: ListenerRole,
  place: ServingEndpoint | undefined,
  expected: ServedFile | undefined,
): Listener[] {
  if (!place || !(parseIpAddress(place.host) || isSubdomain(place.host))) return []
  const { host, port } = place
  return [{ component, role, host, port, ...(expected && { expected }) }]
}

function rowFile(snapshot: Snapshot, name: string): ServedFile | undefined {
  const entry = entryNamed(snapshot, name)
  if (!entry || (entry.isOptional && entry.certificate.state === 'missing')) return undefined
  return { name, caName: entry.caName, file: shownFile(entry), certificate: entry.certificate }
}

/** The controller-manager and the scheduler make their own unless a flag names a file, or a directory to keep one in. */
function flaggedFile({ readServed }: ListenerFacts, { value }: PlacedPod): ServedFile | undefined {
  const file = value.flags.get('tls-cert-file')
  const directory = value.flags.get('cert-dir')
  const path = file ?? (directory && `${directory}/${value.component}.crt`)
  return path?.startsWith('/') ? readServed(value.component, hostPathOf(value, path)) : undefined
}

function kubeletListener({ snapshot, kubelet, readServed }: ListenerFacts): readonly Listener[] {
  if (!kubelet) return []
  const { endpoint, certificateFile, isSignedByCluster } = kubelet
  const rotated = isSignedByCluster ? rowFile(snapshot, 'kubelet-server-current.pem') : undefined
  const expected = certificateFile
    ? readServed('kubelet', certificateFile)
    : (rotated ?? rowFile(snapshot, 'kubelet.crt'))
  return listener('kubelet', 'serving', endpoint, expected)
}
