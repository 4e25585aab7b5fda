/** A certificate for a new key, and the text of both; checked before anybody sees it. */
import { verifyIssued, verifyWritten } from '../pki/issued.ts'
import { encodeCertificates } from '../x509/certificate.ts'
import type { Authority } from '../x509/issue.ts'
import { encodePrivateKey, generateKey } from '../x509/key.ts'
import type { IssuableKeyAlgorithm } from '../x509/key-algorithm.ts'
import { type CertificateProfile, extensionsOf, subjectOf } from '../x509/profile.ts'

export interface PairPlan {
  /** For messages. */
  readonly name: string
  readonly profile: CertificateProfile
  readonly algorithm: IssuableKeyAlgorithm
  readonly notBefore: Date
  readonly notAfter: Date
  /** Perhaps still being made. Absent: the key signs its own certificate. */
  readonly signer?: Authority | Promise<Authority> | undefined
}

export interface Pair extends Authority {
  readonly pem: { readonly certificate: string; readonly key: string }
}

/** What issues is loaded while the first keys are being made. */
export async function issuePair(plan: PairPlan): Promise<Pair> {
  const { name, profile, algorithm, signer, notBefore, notAfter } = plan
  const making = generateKey(algorithm)
  const [{ issueCertificate }, key, authority] = await Promise.all([
    import('../x509/issue.ts'),
    making,
    signer,
  ])
  const planned = {
    name,
    subject: subjectOf(profile),
    extensions: extensionsOf(profile),
    notBefore,
    notAfter,
  }
  const certificate = await issueCertificate({ ...planned, key, authority })
  const issued = { certificate, key }
  verifyIssued({ ...planned, signer: authority?.certificate }, issued)
  const pem = { certificate: encodeCertificates([certificate]), key: encodePrivateKey(key.key) }
  verifyWritten(planned, issued, pem)
  return { ...issued, pem }
}
