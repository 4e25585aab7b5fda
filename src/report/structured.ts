/** JSON and YAML: kubeadm's CertificateExpirationInfo fields first, then ours. The schema of `kubepki/v1`. */
import { encodeYaml } from '../kubernetes/yaml.ts'
import type { BootstrapResult } from '../pki/bootstrap-result.ts'
import type { RequestsResult } from '../pki/described-requests.ts'
import type { ExpirationReport, ExpirationRow } from '../pki/expiration.ts'
import { countOf } from '../pki/finding.ts'
import type { ImportResult } from '../pki/import-result.ts'
import { instant } from '../pki/instant.ts'
import type { RenewalPlan, RenewalResult } from '../pki/renewal-result.ts'
import type { RequestList } from '../pki/request-list.ts'
import type { BackupList, RollbackResult } from '../pki/rollback-result.ts'
import type { SigningResult } from '../pki/signing-result.ts'
import type { VerificationReport } from '../pki/verification.ts'

export const API_VERSION = 'kubepki/v1'

export function expirationDocument(report: ExpirationReport): object {
  return {
    kind: 'CertificateExpirationInfo',
    apiVersion: API_VERSION,
    certificates: report.certificates.map(element),
    certificateAuthorities: report.certificateAuthorities.map(element),
    kubeletCertificates: report.kubeletCertificates.map(element),
    now: instant(report.now),
    role: report.role,
    sources: report.sources,
    warnings: report.warnings,
  }
}

export function verificationDocument(report: VerificationReport): object {
  const { findings, notLookedAt, endpoints, now, role, checks, certificates, sources, warnings } = report
  const counts = { errors: countOf(report, 'error'), warnings: countOf(report, 'warning') }
  return {
    kind: 'VerificationReport',
    apiVersion: API_VERSION,
    findings,
    notLookedAt,
    endpoints,
    summary: { ...counts, infos: countOf(report, 'info'), checks, certificates },
    now: instant(now),
    ...{ role, sources, warnings },
  }
}

function element({ details, ...row }: ExpirationRow): object {
  return {
    name: row.name,
    expirationDate: row.expirationDate && instant(row.expirationDate),
    residualTime: row.residualTime,
    externallyManaged: row.externallyManaged,
    caName: row.caName,
    missing: row.missing,
    file: row.file,
    ...(details && {
      subject: details.subject,
      issuer: details.issuer,
      serialNumber: details.serialNumber,
      notBefore: instant(details.notBefore),
      keyAlgorithm: details.keyAlgorithm,
      fingerprintSha256: details.fingerprintSha256,
      signedBy: details.signedBy,
      effectiveExpirationDate: instant(details.effectiveExpirationDate),
    }),
    optional: row.optional,
    reason: row.reason,
    message: row.message,
    source: row.source,
  }
}

export function renewalDocument(result: RenewalResult): object {
  return { kind: 'RenewalResult', apiVersion: API_VERSION, ...result }
}

export function planDocument(plan: RenewalPlan): object {
  return { kind: 'RenewalPlan', apiVersion: API_VERSION, ...plan }
}

export function bootstrapDocument(result: BootstrapResult): object {
  const { dryRun, changed, directory, files, failures, backup, restart, reloads } = result
  const { notes, warnings, sources } = result
  const outcome = { dryRun, changed, directory, files, failures, backup, restart, reloads }
  return { kind: 'BootstrapResult', apiVersion: API_VERSION, ...outcome, notes, warnings, sources }
}

export function requestsDocument(result: RequestsResult): object {
  const { dryRun, changed, certDir, kubeconfigDir, requests, failures, backup, notes, warnings, sources } =
    result
  const { manifestFile, sheetFile, archive, archiveFailure } = result
  const paperwork = { manifestFile, sheetFile, archive, archiveFailure }
  const outcome = { dryRun, changed, certDir, kubeconfigDir, requests, ...paperwork, failures, backup }
  return { kind: 'RequestsResult', apiVersion: API_VERSION, ...outcome, notes, warnings, sources }
}

export function importDocument(result: ImportResult): object {
  return { kind: 'ImportResult', apiVersion: API_VERSION, ...result }
}

export function requestListDocument(list: RequestList): object {
  return { kind: 'CertificateRequestList', apiVersion: API_VERSION, ...list }
}

export function signingDocument(result: SigningResult): object {
  return { kind: 'SigningResult', apiVersion: API_VERSION, ...result }
}

export function backupDocument(list: BackupList): object {
  return { kind: 'BackupList', apiVersion: API_VERSION, ...list }
}

export function rollbackDocument(result: RollbackResult): object {
  return { kind: 'RollbackResult', apiVersion: API_VERSION, ...result }
}

/** As kubeadm: four spaces, a final newline. */
export function renderJson(document: object): string {
  return `${JSON.stringify(document, null, 4)}\n`
}

/** As kubeadm: keys sorted. Through JSON, so that both say the same. */
export function renderYaml(document: object): string {
  return encodeYaml(JSON.parse(JSON.stringify(document)), { sortKeys: true })
}
