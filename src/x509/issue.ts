/** Signs certificates. What a certificate is (subject, SANs, usages, other extensions) comes as bytes and stays so. */
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

export interface Issuance {
  /** The Name, as DER. */
  readonly subject: Der
  /** Object identifier -> Extension, as DER; what stands for a key identifier is made anew. */
  readonly extensions: ReadonlyMap<string, Der>
  readonly key: PrivateKey
  /** Absent: the key signs its own certificate. */
  readonly authority?: Authority | undefined
  readonly notBefore: Date
  readonly notAfter: Date
}

/** Serial number and key identifiers are made anew. */
export async function issueCertificate(issuance: Issuance): Promise<Certificate> {
  const { subject, extensions, key, authority, notBefore, notAfter } = issuance
  const { cryptoKey, algorithm } = await signingKey((authority?.key ?? key).key)
  const spki = publicKeyInfo(key)
  const issued = await X509CertificateGenerator.create({
    serialNumber: randomSerialNumber(),
    subject: new Name(subject),
    issuer: new Name(authority ? tbsPartsOf(authority.certificate.der).subject : subject),
    notBefore,
    notAfter,
    publicKey: spki,
    signingKey: cryptoKey,
    signingAlgorithm: algorithm,
    extensions: await withKeyIdentifiers(extensions, spki, authority?.certificate),
  })
  return parseCertificate(new Uint8Array(issued.rawData))
}

async function withKeyIdentifiers(
  extensions: ReadonlyMap<string, Der>,
  spki: Der,
  authority: Certificate | undefined,
): Promise<Extension[]> {
  const keyId = authority && keyIdentifierOf(authority)
  const authorityKeyId = keyId === undefined ? [] : [new AuthorityKeyIdentifierExtension(keyId)]
  const all: Extension[] = []
  for (const [oid, der] of extensions) {
    if (oid === AUTHORITY_KEY_IDENTIFIER) all.push(...authorityKeyId)
    else if (oid !== SUBJECT_KEY_IDENTIFIER) all.push(new Extension(der))
    else all.push(await SubjectKeyIdentifierExtension.create(spki, false, crypto))
  }
  return extensions.has(AUTHORITY_KEY_IDENTIFIER) ? all : [...all, ...authorityKeyId]
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
