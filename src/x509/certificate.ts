/** Certificates as plain, immutable data, read with node:crypto alone: a report never loads an issuing library. */
import { createHash, type KeyObject, X509Certificate } from 'node:crypto'
import { messageOf, type Unusable } from '../errors.ts'
import { type Der, elementsOf, firstElement, issuerNameOf, publicKeyInfoOf, tbsPartsOf } from './der.ts'
import { isSameKey, type KeyAlgorithm, keyAlgorithmOf } from './key-algorithm.ts'
import { encodePem, type PemBlock, parsePem, readerWarnings } from './pem.ts'
import { type SignatureAlgorithm, signatureAlgorithmOf } from './signature.ts'

/** Fields named as in RFC 5280 section 4.1. */
export interface Certificate {
  /** RFC 4514: most specific first, `CN=kube-apiserver,O=example`. */
  readonly subject: string
  readonly issuer: string
  /** Upper-case hexadecimal. */
  readonly serialNumber: string
  readonly notBefore: Date
  readonly notAfter: Date
  readonly keyAlgorithm: KeyAlgorithm
  readonly isCa: boolean
  readonly subjectAltName: readonly string[]
  /** SHA-256 over the DER, lower-case hexadecimal. */
  readonly fingerprintSha256: string
  readonly der: Der
}

/** Node's own object for each certificate, for the checks that need OpenSSL; keeps `Certificate` plain data. */
const NATIVE = new WeakMap<Certificate, X509Certificate>()

/**
 * Throws what OpenSSL says when the bytes are not one X.509 certificate, and RangeError where it takes BER, which Kubernetes
 * does not, and nobody else here reads. Fields are worked out when they are read.
 */
export function parseCertificate(der: Der): Certificate {
  const native = new X509Certificate(der)
  checkDer(der)
  const certificate: Certificate = {
    notBefore: instant(native.validFrom),
    notAfter: instant(native.validTo),
    der,
    get subject() {
      return rfc4514(native.subject)
    },
    get issuer() {
      return rfc4514(native.issuer)
    },
    get serialNumber() {
      return native.serialNumber
    },
    get keyAlgorithm() {
      const key = publicKeyOf(certificate)
      return key ? keyAlgorithmOf(key) : 'unknown'
    },
    get isCa() {
      return native.ca
    },
    get subjectAltName() {
      return native.subjectAltName?.split(', ') ?? []
    },
    get fingerprintSha256() {
      return native.fingerprint256.replaceAll(':', '').toLowerCase()
    },
  }
  NATIVE.set(certificate, native)
  return certificate
}

/** Every part that is read in depth can be found. */
function checkDer(der: Der): void {
  tbsPartsOf(der)
  publicKeyInfoOf(der)
  signatureIn(der)
}

function nativeCertificate(certificate: Certificate): X509Certificate {
  return NATIVE.get(certificate) ?? new X509Certificate(certificate.der)
}

/** `Nov 21 00:00:00 2026 GMT`; Date takes a year below 100 for one of our time. */
function instant(text: string): Date {
  const date = new Date(text)
  const [, year] = /(\d+) GMT$/.exec(text) ?? []
  if (Number(year) < 100) date.setUTCFullYear(Number(year))
  if (Number.isNaN(date.getTime())) throw new RangeError(`not a time: ${text}`)
  return date
}

/** Undefined for a key of a kind that OpenSSL does not know. */
export function publicKeyOf(certificate: Certificate): KeyObject | undefined {
  try {
    return nativeCertificate(certificate).publicKey
  } catch {
    return undefined
  }
}

const EXT_KEY_USAGES: Readonly<Record<string, string>> = {
  '1.3.6.1.5.5.7.3.1': 'serverAuth',
  '1.3.6.1.5.5.7.3.2': 'clientAuth',
}

/** Names, of unknown ones the object identifier; undefined: it is good for everything. */
export function extKeyUsageOf(certificate: Certificate): readonly string[] | undefined {
  const usages = nativeCertificate(certificate).keyUsage as readonly string[] | undefined
  if (usages?.includes('2.5.29.37.0')) return undefined
  return usages?.map(oid => EXT_KEY_USAGES[oid] ?? oid)
}

/** True when `authority`'s key made the certificate's signature and its subject is the certificate's issuer. */
export function isSignedBy(certificate: Certificate, authority: Certificate): boolean {
  if (certificate.issuer !== authority.subject) return false
  const key = publicKeyOf(authority)
  try {
    return key !== undefined && nativeCertificate(certificate).verify(key)
  } catch {
    return false
  }
}

/** Byte for byte, as Go looks for an issuer; OpenSSL takes two encodings of one name for the same. */
export function namesAsIssuer(certificate: Certificate, authority: Certificate): boolean {
  return Buffer.compare(issuerNameOf(certificate.der), tbsPartsOf(authority.der).subject) === 0
}

/** Over the SubjectPublicKeyInfo, lower-case hexadecimal. */
export function publicKeySha256Of({ der }: Certificate): string {
  return createHash('sha256').update(publicKeyInfoOf(der)).digest('hex')
}

export function signatureOf({ der }: Certificate): SignatureAlgorithm {
  return signatureIn(der)
}

function signatureIn(der: Der): SignatureAlgorithm {
  const [, algorithm = der] = elementsOf(der)
  return signatureAlgorithmOf(algorithm)
}

/** One block each, in order. */
export function encodeCertificates(certificates: readonly Certificate[]): string {
  return certificates.map(({ der }) => encodePem('CERTIFICATE', der)).join('')
}

export function isSameCertificate(one: Certificate, other: Certificate): boolean {
  return one.fingerprintSha256 === other.fingerprintSha256
}

export function hasSameKey(one: Certificate, other: Certificate): boolean {
  const [key, otherKey] = [publicKeyOf(one), publicKeyOf(other)]
  return key !== undefined && otherKey !== undefined && isSameKey(key, otherKey)
}

export interface CertificateFile {
  readonly certificates: readonly [Certificate, ...Certificate[]]
  /** What divides the readers of this file: one sentence each. */
  readonly warnings: readonly string[]
  readonly holdsKey: boolean
}

const LABELS = new Set(['CERTIFICATE', 'X509 CERTIFICATE', 'TRUSTED CERTIFICATE'])

/**
 * Every certificate of a PEM text, in order, or why there is none. Text from outside: nothing in it is trusted.
 * As in Go, a block that is cut off or no base64 is passed over, and one whose contents are no certificate fails all.
 */
export function readCertificates(text: string): CertificateFile | Unusable {
  const blocks = parsePem(text)
  const labelled = blocks.filter(block => LABELS.has(block.label))
  const whole = labelled.filter(({ bytes }) => bytes !== undefined)
  const holdsKey = blocks.some(block => block.label.endsWith('PRIVATE KEY'))
  if (whole.length === 0)
    return labelled[0]?.defect ? { reason: labelled[0].defect } : whyNone(text, blocks, holdsKey)
  const certificates: Certificate[] = []
  for (const [index, { bytes = new Uint8Array() }] of whole.entries()) {
    try {
      // A TRUSTED CERTIFICATE has OpenSSL's trust settings behind the certificate.
      certificates.push(parseCertificate(firstElement(bytes)))
    } catch (error) {
      const where = whole.length === 1 ? undefined : `block ${index + 1} of ${whole.length}`
      return { reason: 'CERTIFICATE_MALFORMED', found: where ?? messageOf(error).replace(/^error:/, '') }
    }
  }
  const skipped = labelled.length - whole.length
  const warnings =
    skipped > 0 ? [`${skipped} of its ${labelled.length} PEM blocks cannot be read: passed over`] : []
  const [first, ...rest] = certificates as [Certificate, ...Certificate[]]
  return { certificates: [first, ...rest], warnings: [...warnings, ...readerWarnings(whole)], holdsKey }
}

function whyNone(text: string, blocks: readonly PemBlock[], holdsKey: boolean): Unusable {
  if (text.trim() === '') return { reason: 'EMPTY_FILE' }
  if (holdsKey) return { reason: 'KEY_INSTEAD_OF_CERTIFICATE' }
  if (blocks[0]) return { reason: 'NO_CERTIFICATE', found: `a ${blocks[0].label} block` }
  return { reason: text.startsWith('0\uFFFD') ? 'DER_NOT_PEM' : 'NOT_PEM' }
}

/** OpenSSL prints one relative distinguished name a line, values escaped as RFC 2253 asks, `+` spaced. */
function rfc4514(multiline: string | undefined): string {
  return (multiline ?? '').split('\n').reverse().join(',').replaceAll(' + ', '+')
}
