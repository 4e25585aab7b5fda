/** What a CA returns, in whatever form it does. Text from outside: nothing in it is trusted. */
import { messageOf, type Unusable } from '../errors.ts'
import { type Certificate, parseCertificate } from './certificate.ts'
import { readCertificateRequest } from './certificate-request.ts'
import { contentsStart, type Der, decodeOid, elementsOf, firstElement, TAG } from './der.ts'
import { type PemBlock, parsePem } from './pem.ts'

export interface Answer {
  /** Each once, in the order of the file, which means nothing. */
  readonly certificates: readonly [Certificate, ...Certificate[]]
}

/** PEM, with any text between its blocks, or DER: certificates, or PKCS#7 with nothing but certificates that matter. */
export function readAnswer(bytes: Uint8Array): Answer | Unusable {
  const text = Buffer.from(bytes).toString('latin1')
  if (text.trim() === '') return { reason: 'EMPTY_FILE' }
  if (bytes[0] === TAG.sequence) return answerOf(() => certificatesIn(Uint8Array.from(bytes)), bytes)
  return answerInPem(parsePem(isUtf16(bytes) ? Buffer.from(bytes).toString('utf16le') : text))
}

/** As Windows' redirections write it. */
function isUtf16(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === 0xfe
}

const LABELS = new Set([
  'CERTIFICATE',
  'X509 CERTIFICATE',
  'TRUSTED CERTIFICATE',
  'PKCS7',
  'PKCS #7 SIGNED DATA',
  'CMS',
])

function answerInPem(blocks: readonly PemBlock[]): Answer | Unusable {
  const wanted = blocks.filter(({ label }) => LABELS.has(label))
  const holdsKey = blocks.some(({ label }) => label.endsWith('PRIVATE KEY'))
  if (holdsKey) {
    return { reason: wanted.length > 0 ? 'KEY_BESIDE_CERTIFICATE' : 'KEY_INSTEAD_OF_CERTIFICATE' }
  }
  const defect = wanted.find(block => block.defect)?.defect
  if (defect) return { reason: defect }
  if (wanted.length > 0) return answerOf(() => wanted.flatMap(({ bytes }) => certificatesOf(bytes as Der)))
  if (blocks.some(({ label }) => label.endsWith('CERTIFICATE REQUEST')))
    return { reason: 'REQUEST_INSTEAD_OF_CERTIFICATE' }
  return blocks[0] ? { reason: 'NO_CERTIFICATE', found: `a ${blocks[0].label} block` } : { reason: 'NOT_PEM' }
}

function answerOf(read: () => readonly Certificate[], der?: Uint8Array): Answer | Unusable {
  try {
    const [first, ...rest] = distinct(read())
    return first ? { certificates: [first, ...rest] } : { reason: 'NO_CERTIFICATE', found: 'an empty PKCS#7' }
  } catch (error) {
    const found = messageOf(error).replace(/^error:/, '')
    return (der && otherThan(Uint8Array.from(der))) ?? { reason: 'CERTIFICATE_MALFORMED', found }
  }
}

/** What DER is that was to be a certificate: keys and PKCS#12 begin with a version, certificates and requests do not. */
function otherThan(der: Der): Unusable | undefined {
  if (!('reason' in readCertificateRequest(der))) return { reason: 'REQUEST_INSTEAD_OF_CERTIFICATE' }
  const version = der.subarray(contentsStart(der))
  if (version[0] !== TAG.integer) return undefined
  return version[2] === PKCS12_VERSION
    ? { reason: 'NO_CERTIFICATE', found: 'PKCS#12, which holds a private key' }
    : { reason: 'KEY_INSTEAD_OF_CERTIFICATE' }
}

const PKCS12_VERSION = 3

function distinct(certificates: readonly Certificate[]): readonly Certificate[] {
  return [...new Map(certificates.map(one => [one.fingerprintSha256, one])).values()]
}

/** One after the other. */
function certificatesIn(bytes: Der): Certificate[] {
  const certificates: Certificate[] = []
  for (let rest = bytes; rest[0] === TAG.sequence; ) {
    const element = firstElement(rest)
    certificates.push(...certificatesOf(element))
    rest = rest.subarray(element.length)
  }
  return certificates
}

/** What a label calls a certificate is sometimes PKCS#7, and a TRUSTED CERTIFICATE has OpenSSL's settings behind it. */
function certificatesOf(bytes: Der): Certificate[] {
  const element = firstElement(bytes)
  return isSignedData(element) ? signedDataCertificates(element) : [parseCertificate(element)]
}

const SIGNED_DATA = '1.2.840.113549.1.7.2'
const EXPLICIT_0 = 0xa0

function isSignedData(element: Der): boolean {
  const [type] = elementsOf(element)
  return type?.[0] === TAG.oid && decodeOid(type) === SIGNED_DATA
}

/** RFC 2315 section 9.1: the signatures in it, if there are any, are nobody's concern. */
function signedDataCertificates(contentInfo: Der): Certificate[] {
  const [, content] = elementsOf(contentInfo)
  const [signedData] = content ? elementsOf(content) : []
  const set = signedData && elementsOf(signedData).find(({ 0: tag }) => tag === EXPLICIT_0)
  return (set ? elementsOf(set) : []).filter(({ 0: tag }) => tag === TAG.sequence).map(parseCertificate)
}
