/** How far a request has come, for people. */
import {
  type CertificateSigningRequest,
  type CsrCondition,
  conditionOf,
  stateOf,
} from '../../kubernetes/certificate-signing-request.ts'
import { humanDuration } from '../../kubernetes/duration.ts'
import { type Certificate, readCertificates } from '../../x509/certificate.ts'
import { instant } from '../instant.ts'
import { quoted } from './words.ts'

/** After which an approved request without a certificate has no signer. */
const SIGNING_TIME = 5 * 60_000

export function stateInWords(csr: CertificateSigningRequest, now: Date): string {
  const [approved, denied, failed] = ['Approved', 'Denied', 'Failed'].map(type => conditionOf(csr, type))
  switch (stateOf(csr)) {
    case 'denied':
      return `denied${since(denied, csr, now)}${why(denied)}`
    case 'failed':
      return `${approved ? 'approved, but refused by the signer' : 'failed'}${since(failed, csr, now)}${why(failed)}`
    case 'issued':
      return issuedWords(csr, now)
    case 'approved':
      return approvedWords(csr, now)
    default:
      return 'pending'
  }
}

export function decidedAt(
  condition: CsrCondition | undefined,
  csr: CertificateSigningRequest,
): Date | undefined {
  return condition?.lastUpdateTime ?? condition?.lastTransitionTime ?? csr.creationTimestamp
}

function since(condition: CsrCondition | undefined, csr: CertificateSigningRequest, now: Date): string {
  const at = decidedAt(condition, csr)
  return at ? ` ${age(at, now)} ago` : ''
}

/** Nothing is younger than now, whatever the clocks say. */
export function age(at: Date, now: Date): string {
  return humanDuration(Math.max(0, Math.floor((now.getTime() - at.getTime()) / 1000)))
}

function why(condition: CsrCondition | undefined): string {
  const words = [condition?.reason, condition?.message].flatMap(text => (text ? quoted(text) : []))
  return words.length > 0 ? `: ${words.join(' ')}` : ''
}

function approvedWords(csr: CertificateSigningRequest, now: Date): string {
  const approved = conditionOf(csr, 'Approved')
  const at = decidedAt(approved, csr)
  const words = `approved${since(approved, csr, now)}`
  if (at && now.getTime() - at.getTime() < SIGNING_TIME) return `${words}, not issued yet`
  return `${words}, never issued: no signer for this name seems to run`
}

function issuedWords(csr: CertificateSigningRequest, now: Date): string {
  const words = `issued${since(conditionOf(csr, 'Approved'), csr, now)}`
  const certificate = issuedCertificate(csr)
  if (!certificate) return `${words}, but what is in status.certificate is no certificate`
  return certificate.notAfter <= now
    ? `${words}, expired ${age(certificate.notAfter, now)} ago`
    : `${words}, valid until ${instant(certificate.notAfter)}`
}

export function issuedCertificate({ status }: CertificateSigningRequest): Certificate | undefined {
  const read = readCertificates(status.certificate ?? '')
  return 'certificates' in read ? read.certificates[0] : undefined
}
