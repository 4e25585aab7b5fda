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
  const authorities = authoritiesOf(snapshot)
  const path = pathAbove(certificate, [...authorities.keys(), ...beside])
  const ends = [certificate, ...path].map(({ notAfter }) => notAfter.getTime())
  const signer = path.find(one => authorities.has(one))
  return {
    subject,
    issuer,
    serialNumber,
    notBefore,
    keyAlgorithm,
    fingerprintSha256,
    signedBy: (signer && authorities.get(signer)) ?? (isSignedBy(certificate, certificate) ? 'self' : null),
    effectiveExpirationDate: new Date(Math.min(...ends)),
  }
}

/** Every CA certificate of the node -> its row. */
function authoritiesOf(snapshot: Snapshot): ReadonlyMap<Certificate, string> {
  const rows = snapshot.entries.filter(({ kind }) => kind === 'ca')
  return new Map(
    rows.flatMap(({ name, certificate }) =>
      certificate.state === 'present' ? certificate.certificates.map(one => [one, name] as const) : [],
    ),
  )
}

/** Bounds for hostile files: no real path is longer, and no real CA has more namesakes. */
const LONGEST_PATH = 10
const MOST_NAMESAKES = 16

/** The certificates above this one, as far as they are known. */
export function pathAbove(certificate: Certificate, known: readonly Certificate[]): readonly Certificate[] {
  const path: Certificate[] = []
  for (let current: Certificate | undefined = certificate; current && path.length < LONGEST_PATH; ) {
    const below: Certificate = current
    const isNew = (one: Certificate) => ![certificate, ...path].some(seen => isSameCertificate(seen, one))
    const namesakes = known.filter(one => one.subject === below.issuer).slice(0, MOST_NAMESAKES)
    current = namesakes.find(one => isNew(one) && isSignedBy(below, one))
    if (current) path.push(current)
  }
  return path
}

/** Whether the certificate leads to one of the anchors, through the others. */
export function isAnchored(
  leaf: Certificate,
  anchors: readonly Certificate[],
  others: readonly Certificate[],
): boolean {
  const isAnchor = (one: Certificate) => anchors.some(anchor => isSameCertificate(anchor, one))
  return [leaf, ...pathAbove(leaf, [...anchors, ...others])].some(isAnchor)
}

/** By its own key, or by a CA that is made with it and sent along: `kube-controller-manager` and the kubelet do so. */
export function isSelfMade([leaf, issuer]: readonly Certificate[]): boolean {
  if (!leaf) return false
  const isPaired = /@\d+$/.test(leaf.subject) && leaf.issuer === leaf.subject.replace('@', '-ca@')
  return isSignedBy(leaf, leaf) || (isPaired && (!issuer || isSignedBy(leaf, issuer)))
}
