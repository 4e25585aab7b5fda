/** PKCS#10 certificate requests (RFC 2986), read with node:crypto alone. Text from outside: nothing in it is trusted. */
import { createHash, createPublicKey, type JsonWebKeyInput, type KeyObject } from 'node:crypto'
import { messageOf, type Unusable } from '../errors.ts'
import { parseCertificate } from './certificate.ts'
import {
  bitsOf,
  contentsOf,
  type Der,
  decodeOid,
  elementsOf,
  encodeElement,
  leadingOid,
  onlyElement,
  TAG,
} from './der.ts'
import { extensionFlaw } from './extension.ts'
import { EXTENSION_REQUESTS } from './extension-requests.ts'
import { type KeyAlgorithm, keyAlgorithmOf } from './key-algorithm.ts'
import { attributesOf } from './name.ts'
import { type PemBlock, parsePem } from './pem.ts'
import { keyFlaw } from './public-key-form.ts'
import { isSignatureOf, type SignatureAlgorithm, signatureAlgorithmOf } from './signature.ts'
import { type SubjectAltName, subjectAltNamesIn } from './subject-alt-name.ts'

export interface CertificateRequest {
  /** The Name. */
  readonly subject: Der
  /** RFC 4514, as `Certificate.subject`: most specific first. */
  readonly subjectText: string
  /** SubjectPublicKeyInfo. */
  readonly publicKeyInfo: Der
  /** Over the SubjectPublicKeyInfo, lower-case hexadecimal. */
  readonly publicKeySha256: string
  readonly keyAlgorithm: KeyAlgorithm
  /** In words, what is unusual about how the key is written: readers differ in what they take. */
  readonly keyFlaw: string | undefined
  readonly hasAttributes: boolean
  /** Asked for: object identifier -> Extension. */
  readonly extensions: ReadonlyMap<string, Der>
  readonly subjectAltNames: readonly SubjectAltName[]
  readonly signature: SignatureAlgorithm
  /** Its own signature was made with the private key of its public key. */
  readonly isProved: boolean
  readonly der: Der
}

const LABELS = new Set(['CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST'])

/** Of PEM, with any text around it, the first request; of DER the only one. */
export function readCertificateRequest(contents: Uint8Array | string): CertificateRequest | Unusable {
  const bytes = typeof contents === 'string' ? Buffer.from(contents, 'latin1') : contents
  if (bytes[0] === TAG.sequence) return parseRequest(Uint8Array.from(bytes))
  const text = Buffer.from(bytes).toString('latin1')
  const blocks = parsePem(text)
  const block = blocks.find(({ label }) => LABELS.has(label))
  if (!block) return whyNone(text, blocks)
  return block.bytes ? parseRequest(block.bytes) : { reason: block.defect ?? 'PEM_MALFORMED' }
}

function whyNone(text: string, blocks: readonly PemBlock[]): Unusable {
  if (text.trim() === '') return { reason: 'EMPTY_FILE' }
  if (blocks.length === 0) return { reason: 'NOT_PEM' }
  if (blocks.some(({ label }) => label.endsWith('PRIVATE KEY'))) return { reason: 'KEY_INSTEAD_OF_REQUEST' }
  if (blocks.some(({ label }) => label.endsWith('CERTIFICATE')))
    return { reason: 'CERTIFICATE_INSTEAD_OF_REQUEST' }
  return { reason: 'NO_REQUEST', found: `a ${blocks[0]?.label} block` }
}

/** Of DER, one of very many: `subjectText` is worked out when it is read, and is made of the attributes where OpenSSL has none. */
export function readRequestDer(bytes: Der): CertificateRequest | Unusable {
  return parseRequest(bytes, named => ({
    get subjectText() {
      try {
        return subjectTextOf(named)
      } catch {
        return attributesOf(named.subject)
          .map(({ type, value }) => `${type}=${value}`)
          .toReversed()
          .join()
      }
    },
  }))
}

type Subject = (named: NamedKey) => Pick<CertificateRequest, 'subjectText'>

function parseRequest(
  bytes: Der,
  subjectText: Subject = named => ({ subjectText: subjectTextOf(named) }),
): CertificateRequest | Unusable {
  try {
    return requestOf(onlyElement(TAG.sequence, bytes), subjectText)
  } catch (error) {
    return { reason: 'REQUEST_MALFORMED', found: messageOf(error).replace(/^error:/, '') }
  }
}

/** Throws RangeError, and whatever OpenSSL says. */
function requestOf(der: Der, subjectText: Subject): CertificateRequest {
  const [info, algorithm, signature] = partsOf(der, [TAG.sequence, TAG.sequence, TAG.bitString])
  const [version, subject, publicKeyInfo, attributes] = partsOf(info, INFO_TAGS, 3)
  if (!isVersion1(version)) throw new RangeError('it is of a version that is not 1')
  // Whoever compares the subject later can rely on its form.
  attributesOf(subject)
  const extensions = requestedExtensions(attributes)
  const key = publicKeyOf(publicKeyInfo)
  return Object.assign(subjectText({ subject, publicKeyInfo, algorithm, signature }), {
    ...{ subject, publicKeyInfo, extensions, der },
    publicKeySha256: createHash('sha256').update(publicKeyInfo).digest('hex'),
    keyAlgorithm: hasUnnamedCurve(publicKeyInfo) ? 'ECDSA-explicit' : key ? keyAlgorithmOf(key) : 'unknown',
    keyFlaw: key && keyFlaw(key, publicKeyInfo),
    hasAttributes: attributes !== undefined,
    subjectAltNames: subjectAltNamesIn(extensions),
    signature: signatureAlgorithmOf(algorithm),
    isProved:
      key !== undefined && isSignatureOf(key, { algorithm, data: info, signature: bitsOf(signature) }),
  })
}

const INFO_TAGS = [TAG.integer, TAG.sequence, TAG.sequence, 0xa0] as const

function isVersion1(version: Der): boolean {
  const [number, ...more] = contentsOf(version)
  return number === 0 && more.length === 0
}

type Parts<Tags extends readonly number[]> = { readonly [At in keyof Tags]: Der }

/** The elements, of these types, and no other: what is more is passed over by some readers and read by others. */
function partsOf<const Tags extends readonly number[]>(
  element: Der,
  tags: Tags,
  least: number = tags.length,
): Parts<Tags> {
  const parts = elementsOf(element)
  if (parts.length < least) throw new RangeError('a part of it is missing')
  if (parts.length > tags.length) throw new RangeError('there is more in it than may be')
  if (parts.some((part, index) => part[0] !== tags[index]))
    throw new RangeError('a part of it has the wrong type')
  return parts as unknown as Parts<Tags>
}

/** Of many requests as much as they are compared by, without the cost of proving them. */
export interface RequestOutline {
  readonly subject: Der
  readonly publicKeySha256: string
}

/** Undefined: it is no request. */
export function outlineOf(der: Der): RequestOutline | undefined {
  try {
    const [info] = elementsOf(onlyElement(TAG.sequence, der))
    const [, subject, publicKeyInfo] = info?.[0] === TAG.sequence ? elementsOf(info) : []
    if (!subject || !publicKeyInfo) return undefined
    return { subject, publicKeySha256: createHash('sha256').update(publicKeyInfo).digest('hex') }
  } catch {
    return undefined
  }
}

/** Undefined for a key of a kind that OpenSSL does not know. */
function publicKeyOf(publicKeyInfo: Der): KeyObject | undefined {
  try {
    const der = Buffer.from(publicKeyInfo)
    return createPublicKey(jwkOf(der) ?? { key: der, format: 'der', type: 'spki' })
  } catch {
    return undefined
  }
}

/** SubjectPublicKeyInfo of P-256 up to the coordinates of an uncompressed point. */
const P256_START = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d03010703420004', 'hex')
const COORDINATE = 32

/** The key that every kubelet has: OpenSSL takes it in this form in half the time. Undefined of all others. */
function jwkOf(der: Buffer): JsonWebKeyInput | undefined {
  const { length } = P256_START
  const isP256 = der.length === length + 2 * COORDINATE && der.subarray(0, length).equals(P256_START)
  if (!isP256) return undefined
  const coordinate = (at: number) => der.toString('base64url', at, at + COORDINATE)
  const [x, y] = [coordinate(length), coordinate(length + COORDINATE)]
  return { key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' }
}

const EC_PUBLIC_KEY = '1.2.840.10045.2.1'

/** RFC 5480 section 2.1.1 wants a name: OpenSSL knows a curve by its numbers too, Go refuses the whole certificate. */
function hasUnnamedCurve(publicKeyInfo: Der): boolean {
  const [algorithm] = elementsOf(publicKeyInfo)
  const [oid, parameters] = algorithm ? elementsOf(algorithm) : []
  return oid !== undefined && decodeOid(oid) === EC_PUBLIC_KEY && parameters?.[0] !== TAG.oid
}

function requestedExtensions(attributes: Der | undefined): ReadonlyMap<string, Der> {
  const extensions = (attributes ? elementsOf(attributes) : []).flatMap(attribute => {
    const [oid, values] = partsOf(attribute, [TAG.oid, TAG.set])
    return EXTENSION_REQUESTS.has(decodeOid(oid)) ? extensionsIn(values) : []
  })
  const byOid = new Map(extensions.map(extension => [leadingOid(extension), extension]))
  if (byOid.size < extensions.length) throw new RangeError('it asks for an extension twice')
  return byOid
}

function extensionsIn(values: Der): Der[] {
  const [list] = partsOf(values, [TAG.sequence])
  const extensions = elementsOf(list)
  const flaw = extensions.map(extensionFlaw).find(one => one !== undefined)
  if (flaw !== undefined) throw new RangeError(`an extension is ${flaw}`)
  return extensions
}

interface NamedKey {
  readonly subject: Der
  readonly publicKeyInfo: Der
  readonly algorithm: Der
  readonly signature: Der
}

const VERSION_3 = encodeElement(0xa0, encodeElement(TAG.integer, Uint8Array.of(2)))
const SERIAL_NUMBER = encodeElement(TAG.integer, Uint8Array.of(1))
const UTC_TIME = encodeElement(0x17, Buffer.from('260101000000Z'))

/** By whoever prints certificates' subjects, so that both compare: a certificate that nobody signed is around it. */
function subjectTextOf({ subject, publicKeyInfo, algorithm, signature }: NamedKey): string {
  if (contentsOf(subject).length === 0) return ''
  const validity = encodeElement(TAG.sequence, UTC_TIME, UTC_TIME)
  const parts = [VERSION_3, SERIAL_NUMBER, algorithm, subject, validity, subject, publicKeyInfo]
  const tbs = encodeElement(TAG.sequence, ...parts)
  return parseCertificate(encodeElement(TAG.sequence, tbs, algorithm, signature)).subject
}
