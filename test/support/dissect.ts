/** Certificates, requests and keys taken apart, so that what two programs made can be compared field by field. */
import { createHash, createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import { contentsOf, type Der, elementsOf } from '../../src/x509/der.ts'

/** DER in hexadecimal, but for what differs between any two certificates: that is put into words. */
export interface Fields {
  readonly version: string
  readonly serialNumber: string
  /** Inside and outside of what is signed. */
  readonly signatureAlgorithm: string
  readonly issuer: string
  readonly subject: string
  readonly notBefore: string
  readonly notAfter: string
  /** Label of its PEM block, kind and size. */
  readonly key: string
  readonly keyUsage: string
  readonly extKeyUsage: string
  readonly basicConstraints: string
  readonly subjectKeyId: string
  readonly authorityKeyId: string
  readonly subjectAltName: string
  /** In the certificate's order. */
  readonly otherExtensions: readonly string[]
}

export const ABSENT = 'absent'

/** In the order in which Go writes them. */
const EXTENSIONS = {
  '551d0f': 'keyUsage',
  '551d25': 'extKeyUsage',
  '551d13': 'basicConstraints',
  '551d0e': 'subjectKeyId',
  '551d23': 'authorityKeyId',
  '551d11': 'subjectAltName',
} as const satisfies Record<string, keyof Fields>

export interface Made {
  readonly certificate: string
  readonly key: string
  /** PEM of what signed it; of a CA, its own. */
  readonly authority: string
  /** When the program that made it ran, in milliseconds. */
  readonly from: number
  readonly to: number
}

/** Throws when signature and key do not fit, or the extensions are not in Go's order. */
export function dissect({ certificate: pem, key: keyPem, authority: authorityPem, from, to }: Made): Fields {
  const [certificate, authority] = [pem, authorityPem].map(one => new X509Certificate(one)) as [
    X509Certificate,
    X509Certificate,
  ]
  if (!certificate.verify(authority.publicKey)) throw new Error('the signature does not fit')
  if (!certificate.checkPrivateKey(createPrivateKey(keyPem))) throw new Error('the key does not fit')
  const [tbs = EMPTY, outer = EMPTY] = elementsOf(bytesOf(pem, 'CERTIFICATE'))
  const [version, serial, inner, issuer, , subject, , wrapped] = elementsOf(tbs)
  const extensions = elementsOf(elementsOf(wrapped ?? EMPTY)[0] ?? EMPTY).map(der => [oidOf(der), hex(der)])
  const own = keyIdOf(certificate.publicKey)
  const known = Object.fromEntries(extensions)
  const signer = pem === authorityPem ? undefined : authority
  return {
    version: hex(version),
    serialNumber: inWords(hex(contentsOf(serial ?? EMPTY))),
    signatureAlgorithm: `${hex(inner)} ${hex(outer)}`,
    issuer: hex(issuer),
    subject: hex(subject),
    notBefore: timeOf(new Date(certificate.validFrom), { from, to, authority: signer }),
    notAfter: timeOf(new Date(certificate.validTo), { from, to }),
    key: describeKey(keyPem),
    keyUsage: known['551d0f'] ?? ABSENT,
    extKeyUsage: known['551d25'] ?? ABSENT,
    basicConstraints: known['551d13'] ?? ABSENT,
    subjectKeyId: (known['551d0e'] ?? ABSENT).replace(own, '<SHA-1 of its key>'),
    authorityKeyId: (known['551d23'] ?? ABSENT).replace(
      keyIdOf(authority.publicKey),
      "<SHA-1 of its CA's key>",
    ),
    subjectAltName: known['551d11'] ?? ABSENT,
    otherExtensions: inOrder(extensions.map(([oid = '']) => oid)),
  }
}

const EMPTY: Der = new Uint8Array()

const hex = (bytes: Uint8Array = EMPTY) => Buffer.from(bytes).toString('hex')

function oidOf(extension: Der): string {
  return hex(contentsOf(elementsOf(extension)[0] ?? EMPTY))
}

function inOrder(oids: readonly string[]): string[] {
  const known = Object.keys(EXTENSIONS)
  const expected = known.filter(oid => oids.includes(oid))
  const others = oids.filter(oid => !known.includes(oid))
  if (oids.join() !== [...expected, ...others].join()) throw new Error(`not Go's order: ${oids.join(' ')}`)
  return others
}

/** What a DER INTEGER is, which nobody can foresee. */
function inWords(contents: string): string {
  const value = BigInt(`0x${contents}`)
  if (contents >= '80') return 'negative'
  const bits = value.toString(2).length
  return value === 0n ? 'zero' : bits <= 63 ? 'of up to 63 bits' : `of ${bits} bits`
}

const DAY = 86_400_000
const TIMES = {
  'five minutes before the run': -300_000,
  'at the run': 0,
  'a year after the run': 365 * DAY,
  'ten years after the run': 3650 * DAY,
} as const

interface Run {
  readonly from: number
  readonly to: number
  readonly authority?: X509Certificate | undefined
}

/** Certificates have whole seconds. */
function timeOf(date: Date, { from, to, authority }: Run): string {
  const [first, last] = [Math.floor(from / 1000) * 1000, to]
  const isAt = (offset: number) => date.getTime() >= first + offset && date.getTime() <= last + offset
  const [name] = Object.entries(TIMES).find(([, offset]) => isAt(offset)) ?? []
  const isInherited = authority?.validFrom !== undefined && Date.parse(authority.validFrom) === date.getTime()
  return isInherited && (name === undefined || name === 'at the run')
    ? "its CA's"
    : (name ?? date.toISOString())
}

/** The DER of the only block of the text, which must be laid out as everybody lays it out. */
export function bytesOf(pem: string, label: string): Der {
  const base64 = pem.replace(/-----.*-----|\n/g, '')
  const lines = base64.replace(/.{1,64}/g, '$&\n')
  if (pem !== `-----BEGIN ${label}-----\n${lines}-----END ${label}-----\n`)
    throw new Error(`not one ${label}: ${pem.replace(/^[^-].*\n/gm, '')}`)
  return new Uint8Array(Buffer.from(base64, 'base64'))
}

/** SHA-1 of the public key's bits, as RFC 5280 section 4.2.1.2 has it. */
function keyIdOf(key: KeyObject): string {
  const spki = new Uint8Array(key.export({ type: 'spki', format: 'der' }))
  const bits = contentsOf(elementsOf(spki)[1] ?? EMPTY).subarray(1)
  return createHash('sha1').update(bits).digest('hex')
}

/** `RSA PRIVATE KEY: rsa 2048 65537`, of a private or a public key. */
export function describeKey(pem: string): string {
  const label = /^-----BEGIN (.*)-----/.exec(pem)?.[1] ?? 'nothing'
  bytesOf(pem, label)
  const key = label.startsWith('PUBLIC') ? createPublicKey(pem) : createPrivateKey(pem)
  const { modulusLength, publicExponent, namedCurve } = key.asymmetricKeyDetails ?? {}
  return `${label}: ${key.asymmetricKeyType} ${namedCurve ?? `${modulusLength} ${publicExponent}`}`
}

export interface RequestFields {
  readonly version: string
  readonly subject: string
  readonly signatureAlgorithm: string
  /** Tag and contents of each general name, in order. */
  readonly names: readonly string[]
}

export function dissectRequest(pem: string): RequestFields {
  const [info = EMPTY, signatureAlgorithm] = elementsOf(bytesOf(pem, 'CERTIFICATE REQUEST'))
  const [version, subject, , attributes] = elementsOf(info)
  const each = attributes ? elementsOf(attributes) : []
  const values = each.flatMap(one => elementsOf(elementsOf(one)[1] ?? EMPTY))
  const extensions = values.flatMap(elementsOf)
  const names = extensions.find(one => oidOf(one) === '551d11')
  const value = names && elementsOf(names).at(-1)
  return {
    version: hex(version),
    subject: hex(subject),
    signatureAlgorithm: hex(signatureAlgorithm),
    names: value
      ? elementsOf(contentsOf(value)).map(one => `${hex(one.subarray(0, 1))} ${hex(contentsOf(one))}`)
      : [],
  }
}
