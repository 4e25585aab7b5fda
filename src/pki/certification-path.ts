/** Who signed a certificate, proved by signature, and how long the way up from it holds (RFC 5280 section 6.1). */
import { type Certificate, isSameCertificate, isSignedBy } from '../x509/certificate.ts'
import type { Snapshot } from './snapshot.ts'

export interface CertificateDetails {
  readonly subject: string
  readonly issuer: string
  readonly serialNumber: string
  readonly notBefore: Date
  readonly keyAlgorithm: string
  readonly fingerprintSha256: string
  /** The CA row whose key made the signature, `self`, or null when no CA on this node did. */
  readonly signedBy: string | null
  /** The earliest notAfter on the way from here up to a CA on this node. */
  readonly effectiveExpirationDate: Date
}

export function detailsOf(
  snapshot: Snapshot,
  certificate: Certificate,
  beside: readonly Certificate[],
): CertificateDetails {
  const { subject, issuer, serialNumber, notBefore, keyAlgorithm, fingerprintSha256 } = certificate
  const known = [...beside, ...authoritiesOf(snapshot).map(({ certificate: one }) => one)]
  const path = pathAbove(certificate, known)
  const ends = [certificate, ...path].map(({ notAfter }) => notAfter.getTime())
  return {
    subject,
    issuer,
    serialNumber,
    notBefore,
    keyAlgorithm,
    fingerprintSha256,
    signedBy: signerOf(snapshot, certificate, beside),
    effectiveExpirationDate: new Date(Math.min(...ends)),
  }
}

function authoritiesOf(snapshot: Snapshot): { name: string; certificate: Certificate }[] {
  return snapshot.entries.flatMap(({ kind, name, certificate }) =>
    kind === 'ca' && certificate.state === 'present'
      ? certificate.certificates.map(one => ({ name, certificate: one }))
      : [],
  )
}

function signerOf(
  snapshot: Snapshot,
  certificate: Certificate,
  beside: readonly Certificate[],
): string | null {
  const signedByOther = (one: Certificate) =>
    !isSameCertificate(one, certificate) && isSignedBy(certificate, one)
  const authority = authoritiesOf(snapshot).find(({ certificate: one }) => signedByOther(one))
  if (authority) return authority.name
  if (isSignedBy(certificate, certificate)) return 'self'
  const intermediate = beside.find(signedByOther)
  if (!intermediate) return null
  return signerOf(
    snapshot,
    intermediate,
    beside.filter(one => one !== intermediate),
  )
}

/** No real path is longer; a file of a thousand certificates of one name must not take a minute. */
const LONGEST_PATH = 10

/** The certificates above this one, as far as they are known. */
export function pathAbove(certificate: Certificate, known: readonly Certificate[]): readonly Certificate[] {
  const path: Certificate[] = []
  for (let current: Certificate | undefined = certificate; current && path.length < LONGEST_PATH; ) {
    const below: Certificate = current
    const isNew = (one: Certificate) => ![certificate, ...path].some(seen => isSameCertificate(seen, one))
    current = known.find(one => isNew(one) && isSignedBy(below, one))
    if (current) path.push(current)
  }
  return path
}
