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
import { isReserved } from './signer-name.ts'
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
  const words = `approved${since(conditionOf(csr, 'Approved'), csr, now)}`
  return isNeverIssued(csr, now)
    ? `${words}, never issued: no signer for this name seems to run`
    : `${words}, not issued yet`
}

/** Approved long enough ago that somebody should have signed it. */
export function isNeverIssued(csr: CertificateSigningRequest, now: Date): boolean {
  const at = decidedAt(conditionOf(csr, 'Approved'), csr)
  return stateOf(csr) === 'approved' && !(at && now.getTime() - at.getTime() < SIGNING_TIME)
}

/** Where to look when nothing is signed. */
export function unsignedHint(signerName: string): string {
  return isReserved(signerName)
    ? 'look at kube-controller-manager: it has to run, and its --cluster-signing-cert-file and --cluster-signing-key-file (or those of this signer alone) name one certificate, no bundle, that has not expired, and its key; kubepki certs verify on its node says so'
    : `look at the signer of your own for ${quoted(signerName)}: kube-controller-manager signs for kubernetes.io/... alone`
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
