/** Signs certificates. What a certificate is (subject, SANs, usages, other extensions) comes as bytes and stays so. */
import { randomBytes } from 'node:crypto'
import { PkiError } from '../errors.ts'
import { type Certificate, parseCertificate, publicKeyOf } from './certificate.ts'
import { contentsOf, type Der, elementsOf, encodeElement, TAG, tbsPartsOf } from './der.ts'
import { extensionParts } from './extension.ts'
import { type PrivateKey, type PublicKey, publicKeyInfo } from './key.ts'
import {
  AuthorityKeyIdentifierExtension,
  crypto,
  Extension,
  Name,
  SubjectKeyIdentifierExtension,
  signingAlgorithm,
  signingKey,
  X509CertificateGenerator,
} from './provider.ts'

const AUTHORITY_KEY_IDENTIFIER = '2.5.29.35'
const SUBJECT_KEY_IDENTIFIER = '2.5.29.14'

export interface Authority {
  readonly certificate: Certificate
  readonly key: PrivateKey
}

/** Its key is elsewhere. */
export interface RemoteAuthority {
  readonly certificate: Certificate
  /** Over the bytes, in the form that a certificate has it in: PKCS#1 v1.5, or r and s in DER. */
  readonly sign: (signed: Der) => Promise<Uint8Array>
}

export interface Issuance {
  /** The Name, as DER. */
  readonly subject: Der
  /** Object identifier -> Extension, as DER; what stands for a key identifier is made anew. */
  readonly extensions: ReadonlyMap<string, Der>
  /** Whose certificate it is. */
  readonly key: PrivateKey | PublicKey
  /** Absent: the key signs its own certificate. */
  readonly authority?: Authority | RemoteAuthority | undefined
  readonly notBefore: Date
  readonly notAfter: Date
}

/** Serial number and key identifiers are made anew. */
export async function issueCertificate(issuance: Issuance): Promise<Certificate> {
  const { authority, key } = issuance
  if (authority && 'sign' in authority) return issueElsewhere(issuance, authority)
  const signer = authority?.key ?? key
  if ('publicKeyInfo' in signer) throw new TypeError('a public key signs nothing')
  const { cryptoKey, algorithm } = await signingKey(signer.key)
  const contents = await contentsFor(issuance)
  const issued = await X509CertificateGenerator.create({
    ...contents,
    signingKey: cryptoKey,
    signingAlgorithm: algorithm,
  })
  return parseCertificate(new Uint8Array(issued.rawData))
}

async function contentsFor({ subject, extensions, key, authority, notBefore, notAfter }: Issuance) {
  const spki = publicKeyInfo(key)
  return {
    serialNumber: randomSerialNumber(),
    subject: new Name(subject),
    issuer: new Name(authority ? tbsPartsOf(authority.certificate.der).subject : subject),
    notBefore,
    notAfter,
    publicKey: spki,
    extensions: await withKeyIdentifiers(extensions, spki, authority?.certificate),
  }
}

/** As long as any signature in the form that WebCrypto has it in. */
const NO_SIGNATURE = new Uint8Array(132).fill(1)

/** What is to be signed comes out of a certificate without a signature, and goes into one with it. */
async function issueElsewhere(
  issuance: Issuance,
  { certificate, sign }: RemoteAuthority,
): Promise<Certificate> {
  const publicKey = publicKeyOf(certificate)
  if (!publicKey) throw new PkiError('KEY_UNSUPPORTED', 'the key of the CA is of an unknown kind')
  const unsigned = await X509CertificateGenerator.create({
    ...(await contentsFor(issuance)),
    signature: NO_SIGNATURE,
    signingAlgorithm: signingAlgorithm(publicKey),
  })
  const [signed, algorithm] = elementsOf(new Uint8Array(unsigned.rawData)) as [Der, Der]
  const signature = encodeElement(TAG.bitString, Uint8Array.of(0), await sign(signed))
  return parseCertificate(encodeElement(TAG.sequence, signed, algorithm, signature))
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
  return extension && Buffer.from(contentsOf(extensionParts(extension).value)).toString('hex')
}

/** 126 random bits, positive, as hexadecimal (RFC 5280 section 4.1.2.2 allows 20 octets). */
function randomSerialNumber(): string {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] as number) & 0x3f) | 0x40
  return bytes.toString('hex')
}
