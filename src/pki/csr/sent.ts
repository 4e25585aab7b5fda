/** What the cluster has under a name against what was to be sent under it. Pure. */
import { named } from '../../foreign-text.ts'
import { type CertificateSigningRequest, conditionOf } from '../../kubernetes/certificate-signing-request.ts'
import { readCertificates } from '../../x509/certificate.ts'
import { requestIn } from './facts.ts'

/** Undefined: it is the same request, and may be gone on with. */
export function otherThanSent(
  known: CertificateSigningRequest,
  sent: CertificateSigningRequest,
  now: Date,
): string | undefined {
  const [there, here] = [requestIn(known), requestIn(sent)]
  if (!there || !here) return 'its request cannot be read'
  if (there.publicKeySha256 !== here.publicKeySha256) return 'it is for another key'
  if (Buffer.compare(there.subject, here.subject) !== 0)
    return `its subject is ${named(there.subjectText) || 'empty'}`
  if (known.spec.signerName !== sent.spec.signerName) return `its signer is ${named(known.spec.signerName)}`
  if (wordsOf(known) !== wordsOf(sent)) return `its usages are ${named(known.spec.usages.join(', '))}`
  return hasExpired(known, now) ? 'its certificate has expired' : undefined
}

function wordsOf({ spec }: CertificateSigningRequest): string {
  return spec.usages.toSorted().join()
}

function hasExpired({ status }: CertificateSigningRequest, now: Date): boolean {
  const read = status.certificate === undefined ? undefined : readCertificates(status.certificate)
  return read !== undefined && 'certificates' in read && read.certificates[0].notAfter <= now
}

/** The text of a condition, as far as it may be shown. */
export function because(csr: CertificateSigningRequest, type: string): string {
  const { reason = '', message = '' } = conditionOf(csr, type) ?? {}
  const words = [reason, message].filter(text => text !== '').map(named)
  return words.length > 0 ? `: ${words.join(': ')}` : ''
}
