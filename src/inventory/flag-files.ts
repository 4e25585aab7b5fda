/** Flags of the control plane's components that name a file of the PKI. Rows only. */
import type { Component } from './catalog.ts'

export type FlagFileKind = 'certificate' | 'key' | 'public-key' | 'kubeconfig'

export interface FlagFileSpec {
  readonly flag: string
  readonly kind: FlagFileKind
  readonly components: readonly Component[]
}

const API: readonly Component[] = ['kube-apiserver']
const MANAGER: readonly Component[] = ['kube-controller-manager']
const ETCD: readonly Component[] = ['etcd']
const SERVERS: readonly Component[] = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler']
const CLIENTS: readonly Component[] = ['kube-controller-manager', 'kube-scheduler']

export const SIGNERS = [
  '',
  'kubelet-serving-',
  'kubelet-client-',
  'kube-apiserver-client-',
  'legacy-unknown-',
]

export const FLAG_FILES: readonly FlagFileSpec[] = [
  { flag: 'client-ca-file', kind: 'certificate', components: SERVERS },
  { flag: 'requestheader-client-ca-file', kind: 'certificate', components: SERVERS },
  { flag: 'tls-cert-file', kind: 'certificate', components: SERVERS },
  { flag: 'tls-private-key-file', kind: 'key', components: SERVERS },
  { flag: 'kubelet-client-certificate', kind: 'certificate', components: API },
  { flag: 'kubelet-client-key', kind: 'key', components: API },
  { flag: 'kubelet-certificate-authority', kind: 'certificate', components: API },
  { flag: 'proxy-client-cert-file', kind: 'certificate', components: API },
  { flag: 'proxy-client-key-file', kind: 'key', components: API },
  { flag: 'etcd-cafile', kind: 'certificate', components: API },
  { flag: 'etcd-certfile', kind: 'certificate', components: API },
  { flag: 'etcd-keyfile', kind: 'key', components: API },
  { flag: 'service-account-key-file', kind: 'public-key', components: API },
  { flag: 'service-account-signing-key-file', kind: 'key', components: API },
  { flag: 'service-account-private-key-file', kind: 'key', components: MANAGER },
  { flag: 'root-ca-file', kind: 'certificate', components: MANAGER },
  ...SIGNERS.flatMap(signer => [
    { flag: `cluster-signing-${signer}cert-file`, kind: 'certificate', components: MANAGER } as const,
    { flag: `cluster-signing-${signer}key-file`, kind: 'key', components: MANAGER } as const,
  ]),
  { flag: 'kubeconfig', kind: 'kubeconfig', components: CLIENTS },
  { flag: 'authentication-kubeconfig', kind: 'kubeconfig', components: CLIENTS },
  { flag: 'authorization-kubeconfig', kind: 'kubeconfig', components: CLIENTS },
  { flag: 'cert-file', kind: 'certificate', components: ETCD },
  { flag: 'key-file', kind: 'key', components: ETCD },
  { flag: 'client-cert-file', kind: 'certificate', components: ETCD },
  { flag: 'client-key-file', kind: 'key', components: ETCD },
  { flag: 'trusted-ca-file', kind: 'certificate', components: ETCD },
  { flag: 'peer-cert-file', kind: 'certificate', components: ETCD },
  { flag: 'peer-key-file', kind: 'key', components: ETCD },
  { flag: 'peer-client-cert-file', kind: 'certificate', components: ETCD },
  { flag: 'peer-client-key-file', kind: 'key', components: ETCD },
  { flag: 'peer-trusted-ca-file', kind: 'certificate', components: ETCD },
]
