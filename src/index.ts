/** kubepki as a library: the operations of the command line, their results, and the one error class. */
export { type ClusterApi, connect } from './cluster/api.ts'
export type { RequestEvent } from './cluster/request-watches.ts'
export type { ClusterTarget } from './cluster/target.ts'
export { ERRORS, type ErrorCode, EXIT, type ExitCode, PkiError, REASONS, type Reason } from './errors.ts'
export type {
  CertificateSigningRequest,
  CsrCondition,
  CsrSpec,
  CsrState,
  CsrStatus,
} from './kubernetes/certificate-signing-request.ts'
export { parseDuration } from './kubernetes/duration.ts'
export type { EndpointAddress } from './kubernetes/endpoint-address.ts'
export type { NodeObject } from './kubernetes/node-object.ts'
export { type ArchiveOptions, archiveRequests } from './operations/archive-requests.ts'
export { initCertificates, initKubeconfigs } from './operations/bootstrap.ts'
export type { BootstrapOptions } from './operations/bootstrap-facts.ts'
export { checkExpiration } from './operations/check-expiration.ts'
export {
  type ClusterSourceOptions,
  clusterSource,
  type Deletion,
  deleteCleaned,
} from './operations/cluster-requests.ts'
export { type ConnectionOptions, clusterTargetOf } from './operations/cluster-target.ts'
export { type CreatedRequest, type CreateOptions, createSigningRequest } from './operations/csr-create.ts'
export { type Fetched, type FetchOptions, fetchAnswer } from './operations/csr-fetch.ts'
export { type ReadManifests, readManifests } from './operations/csr-manifests.ts'
export { type SignedRequest, type SigningTerms, signAll } from './operations/csr-sign.ts'
export { type LiveSignOptions, signInCluster } from './operations/csr-sign-live.ts'
export { type CsrSource, type ManifestOptions, manifestSource } from './operations/csr-source.ts'
export { type DecideOptions, decideRequests } from './operations/decide-requests.ts'
export { type GenerateOptions, generateRequests } from './operations/generate-csr.ts'
export { type ImportOptions, importAnswers } from './operations/import-answers.ts'
export {
  type Cleaned,
  cleanedRequests,
  eachListed,
  findRequest,
  type JudgeOptions,
  type Listed,
  type ListOptions,
  listSigningRequests,
  type Vetted,
  vetRequests,
} from './operations/judge-requests.ts'
export { type ListRequestsOptions, listRequests } from './operations/list-requests.ts'
export { planCertificates, type RenewOptions } from './operations/plan-renewal.ts'
export { readPolicy } from './operations/read-policy.ts'
export { type RecoverOptions, type RecoveryResult, recoverInterrupted } from './operations/recover.ts'
export { renewCertificates } from './operations/renew.ts'
export {
  type ApiRenewalPlan,
  type ApiRenewOptions,
  planByApi,
  renewByApi,
} from './operations/renew-by-api.ts'
export {
  type HistoryOptions,
  listHistory,
  planRollBack,
  type RollbackOptions,
  rollBack,
} from './operations/rollback.ts'
export { type SignOptions, signRequests } from './operations/sign-requests.ts'
export {
  type AuthorityFiles,
  type AuthorityOptions,
  openAuthority,
  type SignerOptions,
} from './operations/signing-authority.ts'
export {
  createUserKubeconfig,
  type UserKubeconfig,
  type UserOptions,
} from './operations/user-kubeconfig.ts'
export { type VerifyOptions, verifyCertificates } from './operations/verify.ts'
export { type WatchOptions, watchDecisions } from './operations/watch-decisions.ts'
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
export type { AskedSubject } from './pki/csr/asked.ts'
export type { CsrDecision, CsrDecisionResult, DecisionOutcome, PlannedDecision } from './pki/csr/decision.ts'
export type { CsrFilter, ListedCsr } from './pki/csr/listing.ts'
export { POLICIES, type Policy, type PolicyPart } from './pki/csr/policy.ts'
export type { PolicyParameters } from './pki/csr/policy-parameters.ts'
export type { CsrFacts, CsrVerdict, Level, Outcome, RuleResult } from './pki/csr/rule.ts'
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
export type { SigningAuthority } from './pki/signing-authority.ts'
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
