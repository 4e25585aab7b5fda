/** What was found on a node, and why not. Everything that decides starts from this. */
import type { Unusable } from '../errors.ts'
import type { ClusterConfiguration } from '../kubernetes/cluster-configuration.ts'
import type { Kubeconfig } from '../kubernetes/kubeconfig.ts'
import type { StaticPod } from '../kubernetes/static-pod.ts'
import type { CertificateFile } from '../x509/certificate.ts'
import type { Locations, Sourced } from './locations.ts'

/** Something that ought to be there: it is, it is not, or it cannot be used. */
export type Found<T> =
  | ({ readonly state: 'present' } & T)
  | { readonly state: 'missing' }
  | ({ readonly state: 'invalid' } & Unusable)

export interface PlacedFile {
  /** As shown to people: below the root, links not followed. */
  readonly path: string
  /** Where the bytes are, or would be: links followed inside the root. Absent when it cannot be told: nothing is written then. */
  readonly realPath?: string
  readonly source: string
}

/** Found by name only: a report never opens a private key. */
export type KeyFile = PlacedFile & Found<{ readonly realPath: string }>

export interface KubeconfigDocument {
  readonly text: string
  readonly config: Kubeconfig
  /** The CA certificates it trusts, embedded or in the file it names. */
  readonly certificateAuthority?: Found<CertificateFile> | undefined
}

export interface Entry {
  readonly name: string
  readonly longName: string
  readonly kind: 'ca' | 'leaf' | 'kubeconfig' | 'kubelet'
  /** The row that signs it. */
  readonly caName?: string
  /** The row that signs a request for it, where that is another, or nobody signed it. */
  readonly requestedOf?: string
  /** kubeadm lists it, and so do the two tables. */
  readonly isListed: boolean
  /** A host that runs etcd alone has it too. */
  readonly isOnEtcdHosts?: boolean
  /** Its absence is normal. */
  readonly isOptional: boolean
  /** The file the row is about: of a kubeconfig, the kubeconfig itself. */
  readonly file: PlacedFile
  readonly certificate: Found<CertificateFile>
  /** Where the certificate is when not in `file`: a file that a kubeconfig refers to. */
  readonly certificateFile?: PlacedFile
  /** Absent when the key is embedded in `kubeconfig`, or there is none. */
  readonly key?: KeyFile
  readonly kubeconfig?: KubeconfigDocument
}

/** A static pod and its manifest. */
export interface PlacedPod extends Sourced<StaticPod> {
  readonly file: PlacedFile
}

export type NodeRole = 'control-plane' | 'etcd' | 'worker'

export interface Snapshot {
  /** For commands that are printed: what they need to find this node again. */
  readonly commandFlags: string
  readonly locations: Locations
  /** Source: the file. */
  readonly configuration?: Sourced<ClusterConfiguration> | undefined
  readonly role: NodeRole
  /** In the order of their files' names. */
  readonly pods: readonly PlacedPod[]
  /** `sa.pub` and `sa.key`: no certificates, but files that nothing else may write to. */
  readonly serviceAccount: readonly KeyFile[]
  /** Every row that applies, in the inventory's order. */
  readonly entries: readonly Entry[]
  readonly warnings: readonly string[]
  /** Every file that was read: its real path -> what it was then, for whoever changes files on the strength of it. */
  readonly seen: ReadonlyMap<string, string>
}

export function podOf({ pods }: Pick<Snapshot, 'pods'>, component: string): PlacedPod | undefined {
  return pods.find(({ value }) => value.component === component)
}

export function entryNamed(snapshot: Snapshot, name: string | undefined): Entry | undefined {
  return snapshot.entries.find(entry => entry.name === name)
}

/** The row whose CA answers a request for it. */
export function answeringCa({ requestedOf, caName }: Entry): string | undefined {
  return requestedOf ?? caName
}

/** The file that holds the certificate. */
export function shownFile(entry: Entry): string {
  return (entry.certificateFile ?? entry.file).path
}

/** The control plane's rows do not belong on a worker, nor most of them on a host that runs etcd alone. */
export function isOptionalHere(
  { role }: Pick<Snapshot, 'role'>,
  { isOptional, isOnEtcdHosts }: Entry,
): boolean {
  return isOptional || role === 'worker' || (role === 'etcd' && !isOnEtcdHosts)
}

/** A worker keeps the cluster's CA certificate and the kubelet's files; an etcd host etcd's; all else is a control plane. */
export function roleOf(entries: readonly Entry[], runsApiServer: boolean): NodeRole {
  const isThere = (entry: Entry) => entry.certificate.state !== 'missing' && entry.isListed
  const leaves = entries.filter(entry => entry.kind !== 'ca' && isThere(entry))
  const isEtcds = (entry: Entry) => entry.caName === 'etcd-ca'
  if (runsApiServer || leaves.some(entry => !isEtcds(entry))) return 'control-plane'
  if (leaves.length > 0) return 'etcd'
  const authorities = entries.filter(
    entry => entry.kind === 'ca' && isThere(entry) && entry.key?.state === 'present',
  )
  return authorities.length > 0 ? 'control-plane' : 'worker'
}
