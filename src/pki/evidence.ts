/** All that the checks look at: the snapshot, and what a report of dates does not need. Nothing in it is decided yet. */
import type { PrivateKey } from '../x509/key.ts'
import type { KnownFacts } from './cluster-facts.ts'
import type { FileEvidence } from './file-evidence.ts'
import type { Finding } from './finding.ts'
import type { KubeletEvidence } from './kubelet-evidence.ts'
import type { LiveEvidence } from './live-evidence.ts'
import type { Entry, Found, KeyFile, Snapshot } from './snapshot.ts'

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
  readonly kubelet: KubeletEvidence
  readonly files: FileEvidence
  /** Absent: nobody asked for it. */
  readonly live?: LiveEvidence | undefined
}

export interface ServiceAccountEvidence {
  readonly publicKeyFile: KeyFile
  readonly publicKeys: Found<{ readonly text: string }>
  readonly privateKeyFile: KeyFile
  readonly privateKey: Found<PrivateKey>
}
