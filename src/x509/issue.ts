/** Signs certificates. What a certificate is (subject, SANs, usages, other extensions) is carried over as bytes. */
import { randomBytes } from 'node:crypto'
import { type Certificate, parseCertificate } from './certificate.ts'
import { contentsOf, type Der, elementsOf, tbsPartsOf } from './der.ts'
import { type PrivateKey, publicKeyInfo } from './key.ts'
import {
  AuthorityKeyIdentifierExtension,
  crypto,
  Extension,
  Name,
  SubjectKeyIdentifierExtension,
  signingKey,
  X509CertificateGenerator,
} from './provider.ts'

const AUTHORITY_KEY_IDENTIFIER = '2.5.29.35'
const SUBJECT_KEY_IDENTIFIER = '2.5.29.14'

export interface Authority {
  readonly certificate: Certificate
  readonly key: PrivateKey
}

export interface Reissue {
  /** The certificate to make anew. */
  readonly like: Certificate
  readonly key: PrivateKey
  readonly authority: Authority
  readonly notBefore: Date
  readonly notAfter: Date
  /** In place of the old one's; key identifiers are made anew in any case. */
  readonly extensions?: ReadonlyMap<string, Der>
}

/** The same certificate for another key, signed by `authority`: only serial, validity, issuer and key identifiers change. */
export async function reissueLeaf({
  like,
  key,
  authority,
  notBefore,
  notAfter,
  extensions,
}: Reissue): Promise<Certificate> {
  const old = tbsPartsOf(like.der)
  const { cryptoKey, algorithm } = await signingKey(authority.key.key)
  const spki = publicKeyInfo(key)
  const issued = await X509CertificateGenerator.create({
    serialNumber: randomSerialNumber(),
    subject: new Name(old.subject),
    issuer: new Name(tbsPartsOf(authority.certificate.der).subject),
    notBefore,
    notAfter,
    publicKey: spki,
    signingKey: cryptoKey,
    signingAlgorithm: algorithm,
    extensions: await carriedExtensions(extensions ?? old.extensions, spki, authority.certificate),
  })
  return parseCertificate(new Uint8Array(issued.rawData))
}

async function carriedExtensions(
  extensions: ReadonlyMap<string, Der>,
  spki: Der,
  authority: Certificate,
): Promise<Extension[]> {
  const keyId = keyIdentifierOf(authority)
  const authorityKeyId = keyId === undefined ? [] : [new AuthorityKeyIdentifierExtension(keyId)]
  const carried: Extension[] = []
  for (const [oid, der] of extensions) {
    if (oid === AUTHORITY_KEY_IDENTIFIER) carried.push(...authorityKeyId)
    else if (oid !== SUBJECT_KEY_IDENTIFIER) carried.push(new Extension(der))
    else carried.push(await SubjectKeyIdentifierExtension.create(spki, false, crypto))
  }
  return extensions.has(AUTHORITY_KEY_IDENTIFIER) ? carried : [...carried, ...authorityKeyId]
}

/** The subject key identifier, in hexadecimal: an OCTET STRING inside the extension's OCTET STRING. */
function keyIdentifierOf({ der }: Certificate): string | undefined {
  const extension = tbsPartsOf(der).extensions.get(SUBJECT_KEY_IDENTIFIER)
  const value = extension && elementsOf(extension).at(-1)
  return value && Buffer.from(contentsOf(contentsOf(value))).toString('hex')
}

/** 126 random bits, positive, as hexadecimal (RFC 5280 section 4.1.2.2 allows 20 octets). */
function randomSerialNumber(): string {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] as number) & 0x3f) | 0x40
  return bytes.toString('hex')
}
