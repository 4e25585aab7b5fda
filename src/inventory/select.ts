/** Which rows apply to a node, and what a user may name. */
import {
  CERTIFICATES,
  type CertificateSpec,
  KUBECONFIGS,
  KUBELET_CERTIFICATES,
  type KubeconfigSpec,
} from './catalog.ts'

export type EtcdTopology = 'local' | 'external'

/** CA before leaf. With external etcd kubeadm keeps no etcd rows and no apiserver-etcd-client. */
export function certificatesFor(etcd: EtcdTopology): readonly CertificateSpec[] {
  const all: readonly CertificateSpec[] = CERTIFICATES
  return etcd === 'local' ? all : all.filter(spec => !spec.localEtcdOnly)
}

const LEAVES: readonly CertificateSpec[] = CERTIFICATES.filter(spec => spec.kind === 'leaf')

const RENEWABLE_KUBECONFIGS: readonly KubeconfigSpec[] = KUBECONFIGS.filter(spec => spec.scope !== 'kubelet')

interface RowTitle {
  readonly name: string
  readonly longName: string
}

/** What `certs renew` takes, in kubeadm's order: bytewise by name. */
export const RENEWABLE: readonly RowTitle[] = [...LEAVES, ...RENEWABLE_KUBECONFIGS].toSorted((a, b) =>
  compareNames(a.name, b.name),
)

/** Renewed by a request alone, and only when named: no CA of this node signed them. */
export const REQUESTED_ONLY: readonly RowTitle[] = KUBELET_CERTIFICATES.filter(spec => 'requestedOf' in spec)

export function isRequestedOnly(name: string): boolean {
  return REQUESTED_ONLY.some(row => row.name === name)
}

export function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** `etcd/ca` for `etcd-ca`: how kubeadm's messages name a CA. */
export function baseNameOfCa(caName: string): string {
  return CERTIFICATES.find(({ name }) => name === caName)?.baseName ?? caName
}
