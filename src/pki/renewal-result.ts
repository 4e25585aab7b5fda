import type { SkipReason } from './renewal-step.ts'
import type { RestartOutcome, RestartPlan } from './restart.ts'
import type { SourceFact } from './sources.ts'

/** A certificate that is, or is to be, signed anew. */
export interface PlannedRenewal {
  readonly name: string
  readonly longName: string
  readonly caName: string
  readonly caSubject: string
  readonly file: string
  readonly keyFile: string
  readonly expirationDate: string
  readonly previousExpirationDate: string
  readonly previousSerialNumber: string
  readonly keyAlgorithm: string
  readonly previousKeyAlgorithm: string
  /** False: the old key is signed again. */
  readonly newKey: boolean
  /** Such as `DNS:lb.example.com`. */
  readonly subjectAltNamesAdded: readonly string[]
  readonly subjectAltNamesRemoved: readonly string[]
}

export interface RenewedCertificate extends PlannedRenewal {
  readonly serialNumber: string
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

/** A request that is to be written, or that is pending and stays. */
export interface PlannedRequest
  extends Omit<PendingRequest, 'certificateFile' | 'certificateKeyFile' | 'kubeconfigUser'> {
  readonly keyAlgorithm: string
  readonly previousExpirationDate: string
  readonly subjectAltNamesAdded: readonly string[]
  readonly subjectAltNamesRemoved: readonly string[]
}

export interface SkippedCertificate {
  readonly name: string
  readonly longName: string
  readonly reason: SkipReason
  readonly message: string
  readonly hint?: string | undefined
}

/** What goes with requests to the people of the CA. */
export interface RequestPaperwork {
  /** `requests.json`. */
  readonly manifestFile?: string
  /** What each certificate must contain, and the commands that do it. */
  readonly sheetFile?: string
  readonly archive?: string
  /** Why there is no archive, although everything else is done. */
  readonly archiveFailure?: string
}

/** And, of the processes that hold a renewed certificate, which must be restarted. */
export interface RenewalResult extends RestartOutcome, RequestPaperwork {
  readonly changed: boolean
  readonly renewed: readonly RenewedCertificate[]
  readonly pending: readonly PendingRequest[]
  readonly skipped: readonly SkippedCertificate[]
  /** What undoes it: `certs rollback`. Undefined when nothing was changed. */
  readonly backup: string | undefined
  readonly sources: readonly SourceFact[]
  readonly warnings: readonly string[]
}

/** What `renewCertificates` would do. */
export interface RenewalPlan extends RestartPlan, RequestPaperwork {
  readonly dryRun: true
  readonly changed: boolean
  readonly renew: readonly PlannedRenewal[]
  readonly request: readonly PlannedRequest[]
  readonly skipped: readonly SkippedCertificate[]
  readonly sources: readonly SourceFact[]
  readonly warnings: readonly string[]
}
