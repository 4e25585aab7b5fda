/** kubepki as a library: the operations of the command line, their results, and the one error class. */
export { ERRORS, type ErrorCode, EXIT, type ExitCode, PkiError, REASONS, type Reason } from './errors.ts'
export { parseDuration } from './kubernetes/duration.ts'
export { checkExpiration } from './operations/check-expiration.ts'
export { type RenewOptions, renewCertificates } from './operations/renew.ts'
export type { CertificateDetails } from './pki/certification-path.ts'
export type { ExpirationReport, ExpirationRow, WideRow } from './pki/expiration.ts'
export type { SkipReason } from './pki/renewal.ts'
export type {
  PendingRequest,
  RenewalResult,
  RenewedCertificate,
  SkippedCertificate,
} from './pki/renewal-result.ts'
export type { Restart, RestartPlan, SelfReload } from './pki/restart.ts'
export type { SourceFact } from './pki/sources.ts'
export type { ReadOptions } from './store/read.ts'
export { VERSION } from './version.ts'
