import type { RestartPlan } from './restart.ts'
import type { SourceFact } from './sources.ts'

/** One file or pair of files. */
export interface BootstrapRow {
  /** What users type: `apiserver`, `sa`, `admin.conf`. */
  readonly name: string
  readonly kind: 'ca' | 'leaf' | 'sa' | 'kubeconfig'
  /** As kubeadm's lines call it: `etcd/server`. */
  readonly baseName: string
  /** `skipped`: kubeadm keeps none where etcd runs elsewhere. In a dry run, what would be. */
  readonly action: 'created' | 'kept' | 'skipped'
  /** Of a kept one: its CA's key is not here. */
  readonly externallyManaged: boolean
  readonly file?: string
  readonly keyFile?: string
  readonly created?: CreatedCertificate
}

/** What was, or would be, signed. */
export interface CreatedCertificate {
  /** RFC 4514, most specific first. */
  readonly subject: string
  readonly caName: string | null
  readonly dnsNames: readonly string[]
  readonly ipAddresses: readonly string[]
  readonly isServing: boolean
  readonly expirationDate: string
  readonly keyAlgorithm: string
  /** Of a kubeconfig. */
  readonly server?: string
}

export interface BootstrapFailure {
  readonly name: string
  readonly message: string
  readonly hint?: string | undefined
}

/** `restart` and `reloads`: of a node that runs already. */
export interface BootstrapResult extends RestartPlan {
  readonly dryRun: boolean
  readonly changed: boolean
  /** As shown: where certificates, or kubeconfigs, are. */
  readonly directory: string
  readonly files: readonly BootstrapRow[]
  /** Any of them: nothing was changed. */
  readonly failures: readonly BootstrapFailure[]
  readonly backup?: string | undefined
  readonly sources: readonly SourceFact[]
  readonly notes: readonly string[]
  readonly warnings: readonly string[]
}
