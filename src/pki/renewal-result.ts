import type { SkipReason } from './renewal.ts'
import type { RestartPlan } from './restart.ts'
import type { SourceFact } from './sources.ts'

export interface RenewedCertificate {
  readonly name: string
  readonly longName: string
  readonly caName: string
  readonly file: string
  readonly expirationDate: string
  readonly previousExpirationDate: string
  readonly serialNumber: string
  readonly keyAlgorithm: string
}

export interface PendingRequest {
  readonly name: string
  readonly longName: string
  readonly caName: string
  readonly externallyManaged: boolean
  /** False: the request was there before and is kept. */
  readonly created: boolean
  readonly csrFile: string
  readonly keyFile: string
  /** Where the signed certificate and the key belong: of a kubeconfig that embeds them, the kubeconfig. */
  readonly certificateFile: string
  readonly certificateKeyFile: string
  /** Of a kubeconfig that embeds both: the user they belong to. */
  readonly kubeconfigUser?: string
}

export interface SkippedCertificate {
  readonly name: string
  readonly longName: string
  readonly reason: SkipReason
  readonly message: string
  readonly hint?: string | undefined
}

/** And, of the processes that hold a renewed certificate, which must be restarted. */
export interface RenewalResult extends RestartPlan {
  readonly changed: boolean
  readonly renewed: readonly RenewedCertificate[]
  readonly pending: readonly PendingRequest[]
  readonly skipped: readonly SkippedCertificate[]
  readonly sources: readonly SourceFact[]
  readonly warnings: readonly string[]
}
