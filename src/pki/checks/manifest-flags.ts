/** Flags of the control plane without which a component does not start, trusts nobody, or is trusted by nobody. */
import { isComponent } from '../../kubernetes/static-pod.ts'
import type { Evidence } from '../evidence.ts'
import type { PlacedPod } from '../snapshot.ts'
import type { Check, Observation } from './check.ts'

const API = 'kube-apiserver'
const MANAGER = 'kube-controller-manager'

interface FlagPair {
  readonly components: readonly string[]
  readonly certificate: string
  readonly key: string
  readonly row?: string
}

const SERVERS = [API, MANAGER, 'kube-scheduler']

const FLAG_PAIRS: readonly FlagPair[] = [
  { components: SERVERS, certificate: 'tls-cert-file', key: 'tls-private-key-file' },
  { components: [API], certificate: 'kubelet-client-certificate', key: 'kubelet-client-key' },
  { components: [API], certificate: 'proxy-client-cert-file', key: 'proxy-client-key-file' },
  { components: [API], certificate: 'etcd-certfile', key: 'etcd-keyfile' },
  { components: ['etcd'], certificate: 'cert-file', key: 'key-file' },
  { components: ['etcd'], certificate: 'peer-cert-file', key: 'peer-key-file' },
  { components: ['etcd'], certificate: 'client-cert-file', key: 'client-key-file' },
  { components: ['etcd'], certificate: 'peer-client-cert-file', key: 'peer-client-key-file' },
]
