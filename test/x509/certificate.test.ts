import { describe, expect, it } from 'vitest'
import { isSignedBy } from '../../src/x509/certificate.ts'
import { tbsPartsOf } from '../../src/x509/der.ts'
import { certificateIn, openssl } from '../support/certificates.ts'
import { fixture } from '../support/node.ts'

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
