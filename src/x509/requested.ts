/** What a PKCS#10 request (RFC 2986) asks for, read with node:crypto alone. Text from outside: nothing in it is trusted. */
import { createHash } from 'node:crypto'
import type { Unusable } from '../errors.ts'
import { type Certificate, extKeyUsageOf, parseCertificate, publicKeyOf } from './certificate.ts'
import { contentsOf, type Der, elementsOf, encodeElement, firstElement, tbsPartsOf } from './der.ts'
import { type PrivateKey, publicKeyInfo } from './key.ts'
import { encodePem, parsePem } from './pem.ts'
import { describeSubjectAltName, subjectAltNamesOf } from './subject-alt-name.ts'

export interface Requested {
  /** RFC 4514, most specific first. */
  readonly subject: string
  /** `DNS:lb.example.com`, `IP:10.0.0.1`. */
  readonly subjectAltNames: readonly string[]
  /** As RFC 5280 calls them. */
  readonly keyUsage: readonly string[]
  /** Of unknown ones the object identifier. */
  readonly extKeyUsage: readonly string[]
  readonly keyAlgorithm: string
  /** Over the SubjectPublicKeyInfo, lower-case hexadecimal. */
  readonly publicKeySha256: string
  /** The request alone, whatever else was in the text. */
  readonly pem: string
}

const LABELS = new Set(['CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST'])

export function readRequested(text: string): Requested | Unusable {
  const block = parsePem(text).find(({ label }) => LABELS.has(label))
  if (!block) return { reason: 'NO_REQUEST' }
  if (!block.bytes) return { reason: block.defect ?? 'PEM_MALFORMED' }
  try {
    const der = firstElement(block.bytes)
    return { ...describe(der), pem: encodePem('CERTIFICATE REQUEST', der) }
  } catch {
    return { reason: 'REQUEST_MALFORMED' }
  }
}

function describe(der: Der): Omit<Requested, 'pem'> {
  const certificate = asCertificate(der)
  const hash = publicKeySha256Of(certificate)
  if (hash === undefined) throw new RangeError('not a SubjectPublicKeyInfo')
  return {
    subject: certificate.subject,
    subjectAltNames: subjectAltNamesOf(certificate).map(describeSubjectAltName),
    keyUsage: keyUsageOf(certificate),
    extKeyUsage: purposesOf(certificate),
    keyAlgorithm: certificate.keyAlgorithm,
    publicKeySha256: hash,
  }
}

/** Undefined for a key of a kind that OpenSSL does not know. */
export function publicKeySha256Of(certificate: Certificate): string | undefined {
  const key = publicKeyOf(certificate)
  return key && sha256(key.export({ type: 'spki', format: 'der' }))
}

export function publicKeySha256OfKey(key: PrivateKey): string {
  return sha256(publicKeyInfo(key))
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

const SEQUENCE = 0x30
const [VERSION_3, ONE] = [Uint8Array.of(0xa0, 0x03, 0x02, 0x01, 0x02), Uint8Array.of(0x02, 0x01, 0x01)]
const UTC_TIME = encodeElement(0x17, Buffer.from('700101000000Z'))
const EXTENSIONS_TAG = 0xa3

/** The certificate that grants it all, signed by nobody: names and extensions are then read as those of certificates are. */
function asCertificate(der: Der): Certificate {
  const [info = new Uint8Array(), algorithm = new Uint8Array(), signature = new Uint8Array()] =
    elementsOf(der)
  const [, subject = new Uint8Array(), publicKey = new Uint8Array()] = elementsOf(info)
  const extensions = extensionsOf(info)
  const tbs = encodeElement(
    SEQUENCE,
    ...[VERSION_3, ONE, algorithm, subject, encodeElement(SEQUENCE, UTC_TIME, UTC_TIME), subject, publicKey],
    ...(extensions ? [encodeElement(EXTENSIONS_TAG, extensions)] : []),
  )
  return parseCertificate(encodeElement(SEQUENCE, tbs, algorithm, signature))
}

const ATTRIBUTES_TAG = 0xa0
/** extensionRequest, 1.2.840.113549.1.9.14, as an element. */
const EXTENSION_REQUEST = Buffer.from('06092a864886f70d01090e', 'hex')

/** The Extensions, as DER. */
function extensionsOf(info: Der): Der | undefined {
  const attributes = elementsOf(info).find(element => element[0] === ATTRIBUTES_TAG)
  for (const attribute of attributes ? elementsOf(attributes) : []) {
    const [type, values] = elementsOf(attribute)
    if (type && values && EXTENSION_REQUEST.equals(type)) return elementsOf(values)[0]
  }
  return undefined
}

/** By bit (RFC 5280 section 4.2.1.3). */
export const KEY_USAGES = [
  ...['digitalSignature', 'nonRepudiation', 'keyEncipherment', 'dataEncipherment', 'keyAgreement'],
  ...['keyCertSign', 'cRLSign', 'encipherOnly', 'decipherOnly'],
] as const

function keyUsageOf(certificate: Certificate): string[] {
  const extension = tbsPartsOf(certificate.der).extensions.get('2.5.29.15')
  const value = extension && elementsOf(extension).at(-1)
  if (!value) return []
  const [, ...bytes] = contentsOf(firstElement(contentsOf(value)))
  return KEY_USAGES.filter((_, bit) => ((bytes[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0)
}

const ANY_PURPOSE = '2.5.29.37.0'

function purposesOf(certificate: Certificate): readonly string[] {
  const hasPurposes = tbsPartsOf(certificate.der).extensions.has('2.5.29.37')
  return extKeyUsageOf(certificate) ?? (hasPurposes ? [ANY_PURPOSE] : [])
}
