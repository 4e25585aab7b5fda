/** The checks every new pair passes before anything is written. They use OpenSSL, not the library that issued. */
import { PkiError } from '../errors.ts'
import { type Certificate, isSignedBy, readCertificates } from '../x509/certificate.ts'
import { type Der, elementsOf, REQUESTED_EXTENSIONS, type TbsParts, tbsPartsOf } from '../x509/der.ts'
import { isKeyOf, type PrivateKey, type PublicKey, publicKeyInfo, readPrivateKey } from '../x509/key.ts'
import { isSameKey } from '../x509/key-algorithm.ts'
import { parsePem } from '../x509/pem.ts'

const KEY_IDENTIFIERS = new Set(['2.5.29.14', '2.5.29.35'])

/** What was planned, in the bytes that the certificate is to have. */
export interface Planned extends TbsParts {
  /** The row. */
  readonly name: string
}

export interface PlannedCertificate extends Planned {
  /** Absent: it signs itself. */
  readonly signer?: Certificate | undefined
  readonly notBefore: Date
  readonly notAfter: Date
}

interface Issued<K = PrivateKey | PublicKey> {
  readonly certificate: Certificate
  readonly key: K
}

interface Check {
  readonly wanted: string
  readonly holds: (planned: PlannedCertificate, issued: Issued) => boolean
}

const CHECKS: readonly Check[] = [
  { wanted: 'its key to match', holds: (_, { certificate, key }) => isKeyOf(key, certificate) },
  {
    wanted: "its signature to be the CA's",
    holds: ({ signer }, { certificate }) => isSignedBy(certificate, signer ?? certificate),
  },
  {
    wanted: 'the dates of the plan',
    holds: ({ notBefore, notAfter }, { certificate }) =>
      sameSecond(certificate.notBefore, notBefore) && sameSecond(certificate.notAfter, notAfter),
  },
  {
    wanted: 'the subject of the plan',
    holds: ({ subject }, { certificate }) => sameBytes(subject, tbsPartsOf(certificate.der).subject),
  },
  {
    wanted: 'the subject alternative names, usages and other extensions of the plan',
    holds: ({ extensions }, { certificate }) =>
      sameExtensions(extensions, tbsPartsOf(certificate.der).extensions),
  },
]

/** Throws when a new certificate is anything but what was planned. */
export function verifyIssued(planned: PlannedCertificate, issued: Issued): void {
  const failed = CHECKS.find(({ holds }) => !holds(planned, issued))
  if (failed) throw wrong(planned, `wanted ${failed.wanted}, and it is not so`)
}

/** Throws when a request does not ask, for its key, for what was planned. */
export function verifyRequest(planned: Planned, csr: string, key: PrivateKey): void {
  const der = parsePem(csr)[0]?.bytes ?? new Uint8Array()
  const [info = new Uint8Array()] = elementsOf(der)
  const [, subject, publicKey] = elementsOf(info)
  const asked = Buffer.from(info)
  const isWhole =
    subject !== undefined &&
    publicKey !== undefined &&
    sameBytes(subject, planned.subject) &&
    sameBytes(publicKey, publicKeyInfo(key)) &&
    REQUESTED_EXTENSIONS.every(oid => asked.includes(Buffer.from(planned.extensions.get(oid) ?? [])))
  if (!isWhole) throw wrong(planned, 'its request does not ask for what was planned')
}

/** Throws when the text to be written does not read back as the pair it was made from. */
export function verifyWritten(
  planned: Planned,
  { certificate, key }: Issued<PrivateKey>,
  pem: { certificate: string; key: string },
): void {
  const readBack = readCertificates(pem.certificate)
  const keyBack = readPrivateKey(pem.key)
  const isSame =
    'certificates' in readBack &&
    readBack.certificates[0].fingerprintSha256 === certificate.fingerprintSha256 &&
    'key' in keyBack &&
    isSameKey(keyBack.key, key.key)
  if (!isSame) throw wrong(planned, 'its files do not read back')
}

function wrong({ name }: Planned, found: string): PkiError {
  return new PkiError('ISSUED_CERTIFICATE_WRONG', `${name}: the new certificate is not right: ${found}`)
}

function sameSecond(one: Date, other: Date): boolean {
  return Math.floor(one.getTime() / 1000) === Math.floor(other.getTime() / 1000)
}

function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0
}

function sameExtensions(wanted: ReadonlyMap<string, Der>, issued: ReadonlyMap<string, Der>): boolean {
  const carried = (extensions: ReadonlyMap<string, Der>) =>
    [...extensions].filter(([oid]) => !KEY_IDENTIFIERS.has(oid)).map(([, der]) => der)
  return sameBytes(Buffer.concat(carried(wanted)), Buffer.concat(carried(issued)))
}
