/** The checks every new pair passes before anything is written. They use OpenSSL, not the library that issued. */
import { PkiError } from '../errors.ts'
import { type Certificate, isSignedBy, readCertificates } from '../x509/certificate.ts'
import { type Der, elementsOf, REQUESTED_EXTENSIONS, tbsPartsOf } from '../x509/der.ts'
import { isKeyOf, type PrivateKey, publicKeyInfo, readPrivateKey } from '../x509/key.ts'
import { parsePem } from '../x509/pem.ts'
import { extensionsAfter } from './renewal-names.ts'
import type { RequestStep, SignStep } from './renewal-step.ts'

const KEY_IDENTIFIERS = new Set(['2.5.29.14', '2.5.29.35'])

interface Issued {
  readonly certificate: Certificate
  readonly key: PrivateKey
}

interface Check {
  readonly wanted: string
  readonly holds: (step: SignStep, issued: Issued) => boolean
}

const CHECKS: readonly Check[] = [
  { wanted: 'its key to match', holds: (_, { certificate, key }) => isKeyOf(key, certificate) },
  {
    wanted: "its signature to be the CA's",
    holds: ({ authority }, { certificate }) => isSignedBy(certificate, authority.certificate),
  },
  {
    wanted: 'the dates of the plan',
    holds: ({ notBefore, notAfter }, { certificate }) =>
      sameSecond(certificate.notBefore, notBefore) && sameSecond(certificate.notAfter, notAfter),
  },
  {
    wanted: 'the old subject',
    holds: ({ old }, { certificate }) =>
      sameBytes(tbsPartsOf(old.der).subject, tbsPartsOf(certificate.der).subject),
  },
  {
    wanted: 'the subject alternative names of the plan, the old usages and other extensions',
    holds: ({ old, names }, { certificate }) =>
      sameExtensions(extensionsAfter(old, names), tbsPartsOf(certificate.der).extensions),
  },
]

/** Throws when the new certificate is anything but the old one for a new key and time. */
export function verifyIssued(step: SignStep, issued: Issued): void {
  const failed = CHECKS.find(({ holds }) => !holds(step, issued))
  if (failed) throw wrong(step, `wanted ${failed.wanted}, and it is not so`)
}

/** Throws when a request does not ask, for its key, for what the old certificate is. */
export function verifyRequest(step: RequestStep, csr: string, key: PrivateKey): void {
  const der = parsePem(csr)[0]?.bytes ?? new Uint8Array()
  const [info = new Uint8Array()] = elementsOf(der)
  const [, subject, publicKey] = elementsOf(info)
  const { subject: wanted } = tbsPartsOf(step.old.der)
  const extensions = extensionsAfter(step.old, step.names)
  const asked = Buffer.from(info)
  const isWhole =
    subject !== undefined &&
    publicKey !== undefined &&
    sameBytes(subject, wanted) &&
    sameBytes(publicKey, publicKeyInfo(key)) &&
    REQUESTED_EXTENSIONS.every(oid => asked.includes(Buffer.from(extensions.get(oid) ?? [])))
  if (!isWhole) throw wrong(step, 'its request does not ask for what the old certificate is')
}

/** Throws when the text to be written does not read back as the pair it was made from. */
export function verifyWritten(
  step: SignStep,
  { certificate, key }: Issued,
  pem: { certificate: string; key: string },
): void {
  const readBack = readCertificates(pem.certificate)
  const keyBack = readPrivateKey(pem.key)
  const isSame =
    'certificates' in readBack &&
    readBack.certificates[0].fingerprintSha256 === certificate.fingerprintSha256 &&
    'key' in keyBack &&
    keyBack.key.equals(key.key)
  if (!isSame) throw wrong(step, 'its files do not read back')
}

function wrong({ name }: SignStep | RequestStep, found: string): PkiError {
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
