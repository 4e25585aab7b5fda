/** All that the checks look at: the snapshot, and what a report of dates does not need. Nothing in it is decided yet. */
import type { Reason } from '../errors.ts'
import type { FlagFileKind } from '../inventory/flag-files.ts'
import type { MountedPlace } from '../kubernetes/static-pod.ts'
import type { Certificate } from '../x509/certificate.ts'
import type { PrivateKey } from '../x509/key.ts'
import type { KnownFacts } from './cluster-facts.ts'
import type { FileEvidence } from './file-evidence.ts'
import type { Finding } from './finding.ts'
import type { KubeletEvidence } from './kubelet-evidence.ts'
import type { LiveEvidence } from './live-evidence.ts'
import type { MisnamedFlag } from './misnamed-flags.ts'
import type { Entry, Found, KeyFile, PlacedFile, PlacedPod, Snapshot } from './snapshot.ts'

export interface Evidence {
  readonly snapshot: Snapshot
  readonly now: Date
  /** Milliseconds: what ends within them is told. */
  readonly within: number
  /** Milliseconds for which a certificate may be valid from now on; absent: the checks' own limit. */
  readonly maxValidity?: number | undefined
  /** What the node and its cluster are, and what said so. */
  readonly facts: KnownFacts
  /** By row, kubeconfigs too: the embedded one, or that in the file it names. */
  readonly keys: ReadonlyMap<string, Found<PrivateKey>>
  readonly serviceAccount: ServiceAccountEvidence
  /** Kubeconfigs named by the user, as entries of their path. */
  readonly copies: readonly Entry[]
  /** A job that stopped half-way, or is going on: a sentence each. */
  readonly unfinished: readonly string[]
  /** What is wrong with the requests to an external CA. */
  readonly requests: readonly Finding[]
  /** Paths of requests, and of kubepki's own notes, that may not be read. */
  readonly forbidden: { readonly requests: readonly string[]; readonly backups: readonly string[] }
  /** Absent: none waits. */
  readonly awaited?: AwaitedRequests | undefined
  readonly kubelet: KubeletEvidence
  readonly files: FileEvidence
  /** Absent: nobody asked for it. */
  readonly live?: LiveEvidence | undefined
  /** What the flags of the static pods name. */
  readonly flagFiles: readonly FlagFile[]
  /** Flags that are looked at as if they named the right file. */
  readonly misnamed?: readonly MisnamedFlag[] | undefined
  readonly unreadableManifests: readonly UnreadableManifest[]
}

/** Rows whose request to an external CA is out, and the flags that find it. */
export interface AwaitedRequests {
  readonly names: ReadonlySet<string>
  readonly commandFlags: string
}

/** A file that a component is told of. */
export interface FlagFile {
  readonly pod: PlacedPod
  readonly flag: string
  readonly kind: FlagFileKind
  /** The path as the component has it. */
  readonly value: string
  /** `file` is the component's own only where it is on the host. */
  readonly place: MountedPlace
  readonly file: PlacedFile
  readonly contents: Found<FlagFileContents>
}

export interface FlagFileContents {
  readonly certificates?: readonly Certificate[]
  readonly key?: PrivateKey
  /** Of public keys alone. */
  readonly text?: string
}

export interface UnreadableManifest {
  readonly file: PlacedFile
  readonly reason?: Reason
  readonly why: string
}

export interface ServiceAccountEvidence {
  readonly publicKeyFile: KeyFile
  readonly publicKeys: Found<{ readonly text: string }>
  readonly privateKeyFile: KeyFile
  readonly privateKey: Found<PrivateKey>
}
