import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  type Certificate,
  encodeCertificates,
  isSignedBy,
  parseCertificate,
  publicKeySha256Of,
  readCertificates,
  signatureOf,
} from '../../src/x509/certificate.ts'
import { contentsOf, type Der, elementsOf, encodeElement, tbsPartsOf } from '../../src/x509/der.ts'
import { encodePem, parsePem } from '../../src/x509/pem.ts'
import { keyUsageOf } from '../../src/x509/usage.ts'
import { certificateIn, openssl, P256, RSA_2048 } from '../support/certificates.ts'
import { fixture, tempDir } from '../support/node.ts'

function selfSigned(algorithm: readonly string[], ...args: string[]): Certificate {
  const file = join(tempDir(), 'own.key')
  writeFileSync(file, openssl(['genpkey', ...algorithm]))
  const read = readCertificates(openssl(['req', '-x509', '-key', file, '-subj', '/CN=x', ...args]))
  if ('reason' in read) throw new Error(read.reason)
  return read.certificates[0]
}

const FILES = [
  'good.crt',
  'good-ca.crt',
  'rich.crt',
  'p521.crt',
  'rsa-1024.crt',
  'expired-ca.crt',
  'not-yet-valid.crt',
]

describe.each(FILES)('%s is read as openssl reads it', file => {
  const certificate = certificateIn('defects', file)
  const show = (...args: string[]) =>
    openssl(['x509', '-noout', '-in', fixture('defects', file), ...args]).trim()

  it('subject and issuer (RFC 4514; an RDN is a set)', () => {
    const rdns = (name: string) => name.split(',').map(rdn => rdn.split('+').toSorted())
    const shown = (flag: string) =>
      show(flag, '-nameopt', 'RFC2253,-esc_msb').replace(/^(subject|issuer)=/, '')
    expect(rdns(certificate.subject)).toEqual(rdns(shown('-subject')))
    expect(rdns(certificate.issuer)).toEqual(rdns(shown('-issuer')))
  })

  it('serial number, dates and fingerprint', () => {
    expect(certificate.serialNumber).toBe(show('-serial').replace('serial=', ''))
    expect(certificate.notBefore).toEqual(new Date(show('-startdate').replace('notBefore=', '')))
    expect(certificate.notAfter).toEqual(new Date(show('-enddate').replace('notAfter=', '')))
    expect(certificate.fingerprintSha256).toBe(
      show('-fingerprint', '-sha256').replace(/^.*=/, '').replaceAll(':', '').toLowerCase(),
    )
  })
})

describe('what a certificate is judged by', () => {
  it.each([
    ['SHA-256', []],
    ['SHA-1', ['-sha1']],
    ['SHA-384', ['-sha384', '-sigopt', 'rsa_padding_mode:pss']],
    ['MD5', ['-md5']],
  ])('its signature is made with %s', (hash, args) => {
    expect(signatureOf(selfSigned(RSA_2048, ...args)).hash).toBe(hash)
  })

  it('its public key, its usages', () => {
    const usages = 'digitalSignature,keyEncipherment,keyCertSign,decipherOnly,keyAgreement'
    const certificate = selfSigned(P256, '-addext', `keyUsage=critical,${usages}`)
    expect(keyUsageOf(certificate)?.toSorted()).toEqual(usages.split(',').toSorted())
    expect(keyUsageOf(selfSigned(P256))).toBeUndefined()
    expect(signatureOf(selfSigned(['-algorithm', 'ED25519'])).hash).toBe('SHA-512')
    const pem = encodeCertificates([certificate])
    const der = openssl(['pkey', '-pubin', '-pubout'], openssl(['x509', '-noout', '-pubkey'], pem))
    const spki = parsePem(der)[0]?.bytes as Uint8Array
    expect(publicKeySha256Of(certificate)).toBe(createHash('sha256').update(spki).digest('hex'))
  })
})

describe('tbsPartsOf', () => {
  it('finds every extension of a rich certificate, with its object identifier', () => {
    const oids = [...tbsPartsOf(certificateIn('defects', 'rich.crt').der).extensions.keys()]
    expect(oids).toEqual(
      expect.arrayContaining(['2.5.29.15', '2.5.29.17', '2.5.29.37', '2.5.29.32', '1.3.6.1.4.1.99999.2']),
    )
  })

  it('refuses cut DER', () => {
    const { der } = certificateIn('defects', 'good.crt')
    expect(() => tbsPartsOf(der.subarray(0, 100))).toThrow(RangeError)
  })
})

describe('what OpenSSL reads and Kubernetes does not', () => {
  const { der } = certificateIn('defects', 'good.crt')
  const [tbs, ...signature] = elementsOf(der) as [Der, ...Der[]]

  it('BER of indefinite length', () => {
    const end = new Uint8Array(2)
    const open = Buffer.concat([Buffer.of(0x30, 0x80), contentsOf(tbs), end])
    const text = encodePem('CERTIFICATE', encodeElement(0x30, open, ...signature))
    expect(openssl(['x509', '-noout', '-subject'], text)).toContain('good')
    expect(readCertificates(text)).toMatchObject({ reason: 'CERTIFICATE_MALFORMED' })
  })

  it.each([
    ['00490101000000Z', '0049-01-01T00:00:00.000Z'],
    ['00010101000000Z', '0001-01-01T00:00:00.000Z'],
    ['01000101000000Z', '0100-01-01T00:00:00.000Z'],
  ])('the year of %s is of no time near', (time, wanted) => {
    const generalized = encodeElement(0x18, Buffer.from(time))
    const fields = elementsOf(tbs).map((field, index) =>
      index === 4 ? encodeElement(0x30, generalized, generalized) : field,
    )
    const certificate = parseCertificate(encodeElement(0x30, encodeElement(0x30, ...fields), ...signature))
    expect([certificate.notBefore, certificate.notAfter].map(one => one.toISOString())).toEqual([
      wanted,
      wanted,
    ])
  })
})

describe('isSignedBy', () => {
  it('is proved by signature, not by name', () => {
    const leaf = certificateIn('defects', 'good.crt')
    const authority = certificateIn('defects', 'good-ca.crt')
    const foreign = certificateIn('defects', 'foreign-ca.crt')
    expect(foreign.subject).toBe(authority.subject)
    expect(isSignedBy(leaf, authority)).toBe(true)
    expect(isSignedBy(leaf, foreign)).toBe(false)
  })
})
