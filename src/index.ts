/** kubepki as a library: the operations of the command line, their results, and the one error class. */
export { ERRORS, type ErrorCode, EXIT, type ExitCode, PkiError, REASONS, type Reason } from './errors.ts'
export { parseDuration } from './kubernetes/duration.ts'
export type { EndpointAddress } from './kubernetes/endpoint-address.ts'
export { type ArchiveOptions, archiveRequests } from './operations/archive-requests.ts'
export { initCertificates, initKubeconfigs } from './operations/bootstrap.ts'
export type { BootstrapOptions } from './operations/bootstrap-facts.ts'
export { checkExpiration } from './operations/check-expiration.ts'
export { type GenerateOptions, generateRequests } from './operations/generate-csr.ts'
export { type ImportOptions, importAnswers } from './operations/import-answers.ts'
export { type ListRequestsOptions, listRequests } from './operations/list-requests.ts'
export { planCertificates, type RenewOptions } from './operations/plan-renewal.ts'
export { type RecoverOptions, type RecoveryResult, recoverInterrupted } from './operations/recover.ts'
export { renewCertificates } from './operations/renew.ts'
export {
  type HistoryOptions,
  listHistory,
  planRollBack,
  type RollbackOptions,
  rollBack,
} from './operations/rollback.ts'
export { type SignOptions, signRequests } from './operations/sign-requests.ts'
export type { AuthorityFiles, AuthorityOptions, SignerOptions } from './operations/signing-authority.ts'
export {
  createUserKubeconfig,
  type UserKubeconfig,
  type UserOptions,
} from './operations/user-kubeconfig.ts'
export { type VerifyOptions, verifyCertificates } from './operations/verify.ts'
export type { Backup, BackupFile } from './pki/backup.ts'
export type {
  BootstrapFailure,
  BootstrapResult,
  BootstrapRow,
  CreatedCertificate,
} from './pki/bootstrap-result.ts'
export type { CertificateDetails } from './pki/certification-path.ts'
export type { Check } from './pki/checks/check.ts'
export type { NotLookedAt } from './pki/checks/needs.ts'
export { CHECKS } from './pki/checks.ts'
export type { FactFlags } from './pki/cluster-facts.ts'
export type { RequestRow, RequestsResult } from './pki/described-requests.ts'
export type { Embedding, ExpirationReport, ExpirationRow, WideRow } from './pki/expiration.ts'
export type { Finding, Severity } from './pki/finding.ts'
export type { ImportResult, InstalledCertificate, UnansweredRequest } from './pki/import-result.ts'
export type { ListedRequest, RequestState } from './pki/pending-requests.ts'
export type {
  PendingRequest,
  PlannedRenewal,
  PlannedRequest,
  RenewalPlan,
  RenewalResult,
  RenewedCertificate,
  RequestPaperwork,
  SkippedCertificate,
} from './pki/renewal-result.ts'
export type { SkipReason } from './pki/renewal-step.ts'
export type { RequestFinding } from './pki/request-findings.ts'
export type { RequestList } from './pki/request-list.ts'
export type { ManifestRequest, RequestManifest } from './pki/request-manifest.ts'
export type { Restart, RestartOutcome, RestartPlan, SelfReload } from './pki/restart.ts'
export type { BackupEntry, BackupList, RollbackResult } from './pki/rollback-result.ts'
export type { ServedRow } from './pki/served-report.ts'
export type {
  SignedCertificate,
  SigningAuthoritySummary,
  SigningFailure,
  SigningProblem,
  SigningResult,
} from './pki/signing-result.ts'
export type { SourceFact } from './pki/sources.ts'
export type { VerificationReport } from './pki/verification.ts'
export type { ReadOptions } from './store/read.ts'
export { VERSION } from './version.ts'
export type { IssuableKeyAlgorithm } from './x509/key-algorithm.ts'
