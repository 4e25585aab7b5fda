/** The CA that signs requests: of this node, or of two files, or of a file and a program that has the key. */
import { CERTIFICATES, type CertificateSpec } from '../inventory/catalog.ts'
import { type Certificate, isSignedBy, publicKeySha256Of } from '../x509/certificate.ts'
import { tbsPartsOf } from '../x509/der.ts'
import type { Authority, RemoteAuthority } from '../x509/issue.ts'
import { signatureBy } from '../x509/signature.ts'
import { isCaIn, keyUsageIn } from '../x509/usage.ts'
import { failureOf } from './authority.ts'
import { pathAbove } from './certification-path.ts'

export interface SigningAuthority {
  /** The row, of a CA of this node. */
  readonly caName?: string | undefined
  readonly file: string
  /** Who says that this is the file. */
  readonly source: string
  /** The file of its key, or the program that signs. */
  readonly signedWith: string
  readonly signer: Authority | RemoteAuthority
  /** What stands behind a leaf: the CA's own certificate and those above it, but for the root. */
  readonly intermediates: readonly Certificate[]
  /** Of the CA and of those above it that are in its file. */
  readonly path: readonly Certificate[]
  readonly publicKeySha256: string
}

const SPECS: readonly CertificateSpec[] = CERTIFICATES

export const AUTHORITY_NAMES: readonly string[] = SPECS.flatMap(({ kind, name }) =>
  kind === 'ca' ? name : [],
)

/** Whether a CA of this subject is another one; of a file that does not go up to its root nobody can tell. */
export function isAnother({ path, intermediates }: SigningAuthority, caSubject: string): boolean {
  const isIncomplete = path.at(-1) === intermediates.at(-1)
  return !isIncomplete && !path.some(({ subject }) => subject === caSubject)
}

export function isRoot(certificate: Certificate): boolean {
  return isSignedBy(certificate, certificate)
}

export interface AuthorityFlaw {
  readonly message: string
  readonly hint?: string | undefined
}

/** Why nothing that the certificate's key signs would be accepted, or could be signed. */
export function authorityFlaw(certificate: Certificate, file: string, now: Date): AuthorityFlaw | undefined {
  return usageFlaw(certificate, file) ?? failureOf(certificate, file, now) ?? keyFlaw(certificate, file)
}

/** Before anything else: OpenSSL calls such a certificate no CA, which is hard to believe of one that says CA:TRUE. */
function usageFlaw({ der, subject }: Certificate, file: string): AuthorityFlaw | undefined {
  const { extensions } = tbsPartsOf(der)
  const usages = keyUsageIn(extensions)
  if (!usages || !isCaIn(extensions) || usages.includes('keyCertSign')) return undefined
  const found = usages.join(', ') || 'nothing'
  return {
    message: `${file}: ${subject} may sign no certificates: wanted key usage keyCertSign, found ${found}`,
  }
}

function keyFlaw({ keyAlgorithm }: Certificate, file: string): AuthorityFlaw | undefined {
  if (signatureBy(keyAlgorithm)) return undefined
  return { message: `${file}: wanted an RSA key, or ECDSA on P-256, P-384 or P-521, found ${keyAlgorithm}` }
}

/** The first of the file that may sign, when the key is elsewhere and cannot tell. */
export function firstAuthority(
  certificates: readonly [Certificate, ...Certificate[]],
  file: string,
  now: Date,
) {
  return certificates.find(one => authorityFlaw(one, file, now) === undefined) ?? certificates[0]
}

export interface AuthorityParts
  extends Pick<SigningAuthority, 'caName' | 'file' | 'source' | 'signedWith' | 'signer'> {
  readonly bundle: readonly Certificate[]
}

export function signingAuthority({ bundle, ...parts }: AuthorityParts): SigningAuthority {
  const { certificate } = parts.signer
  const path = [certificate, ...pathAbove(certificate, bundle)]
  return {
    ...parts,
    path,
    intermediates: path.filter(one => !isRoot(one)),
    publicKeySha256: publicKeySha256Of(certificate),
  }
}
