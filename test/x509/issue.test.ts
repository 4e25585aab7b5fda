import { createHash, createSign, randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  type Certificate,
  isSignedBy,
  publicKeySha256Of,
  readCertificates,
} from '../../src/x509/certificate.ts'
import { tbsPartsOf } from '../../src/x509/der.ts'
import { type Authority, issueCertificate } from '../../src/x509/issue.ts'
import { generateKey, publicKeyInfo, readPrivateKey } from '../../src/x509/key.ts'
import { encodePem } from '../../src/x509/pem.ts'
import { certificateIn, makeAuthority, openssl, P256, P384, P521, RSA_2048 } from '../support/certificates.ts'
import { tempDir } from '../support/node.ts'

const AUTHORITIES = [
  { name: 'RSA-2048', algorithm: RSA_2048, signature: 'sha256WithRSAEncryption' },
  { name: 'ECDSA-P256', algorithm: P256, signature: 'ecdsa-with-SHA256' },
  { name: 'ECDSA-P384', algorithm: P384, signature: 'ecdsa-with-SHA384' },
  { name: 'ECDSA-P521', algorithm: P521, signature: 'ecdsa-with-SHA512' },
]
const notBefore = new Date('2026-11-30T23:55:00Z')
const notAfter = new Date('2027-12-01T00:00:00Z')

function authorityOf(made: { certificate: string; key: string }): Authority {
  const read = readCertificates(made.certificate)
  const key = readPrivateKey(made.key)
  if (!('certificates' in read) || !('key' in key)) throw new Error('openssl made no CA')
  return { certificate: read.certificates[0], key }
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const pemOf = (certificate: Certificate): string => encodePem('CERTIFICATE', certificate.der)
const textOf = (certificate: Certificate): string => openssl(['x509', '-noout', '-text'], pemOf(certificate))
const extensionOf = (certificate: Certificate, oid: string) => tbsPartsOf(certificate.der).extensions.get(oid)

describe.each(AUTHORITIES)('a leaf signed anew by a $name CA', ({ algorithm, signature }) => {
  it('keeps all that it is, byte for byte, and openssl verifies it', async () => {
    const made = makeAuthority('kubernetes', algorithm)
    const authority = authorityOf(made)
    const like = certificateIn('defects', 'rich.crt')
    const issued = await issueCertificate({
      ...tbsPartsOf(like.der),
      key: await generateKey('ECDSA-P256'),
      authority,
      notBefore,
      notAfter,
    })

    const [old, now] = [tbsPartsOf(like.der), tbsPartsOf(issued.der)]
    expect(now.subject).toEqual(old.subject)
    const kept = [...old.extensions.keys()].filter(oid => oid !== '2.5.29.14' && oid !== '2.5.29.35')
    expect(kept.length).toBeGreaterThan(6)
    for (const oid of kept) expect(now.extensions.get(oid), oid).toEqual(old.extensions.get(oid))
    expect([...now.extensions.keys()]).toEqual([...old.extensions.keys()])

    const file = join(tempDir(), 'ca.crt')
    writeFileSync(file, made.certificate)
    const verify = [
      'verify',
      '-CAfile',
      file,
      '-attime',
      String(notBefore.getTime() / 1000 + 60),
      '-ignore_critical',
    ]
    expect(openssl(verify, pemOf(issued))).toContain('OK')
    expect(textOf(issued)).toContain(`Signature Algorithm: ${signature}`)
  })
})

describe.each(AUTHORITIES)('a $name CA whose key is elsewhere', ({ algorithm, signature }) => {
  it('signs for a public key', async () => {
    const { certificate, key } = authorityOf(makeAuthority('kubernetes', algorithm))
    const hash = /SHA\d+/i.exec(signature)?.[0] ?? ''
    const asked: Uint8Array[] = []
    const sign = async (signed: Uint8Array) => {
      asked.push(signed)
      return createSign(hash).update(signed).sign(key.key)
    }
    const leaf = await generateKey('ECDSA-P256')
    const issued = await issueCertificate({
      ...tbsPartsOf(certificateIn('defects', 'rich.crt').der),
      key: { publicKeyInfo: publicKeyInfo(leaf) },
      authority: { certificate, sign },
      ...{ notBefore, notAfter },
    })
    expect(asked).toHaveLength(1)
    expect(isSignedBy(issued, certificate)).toBe(true)
    expect(textOf(issued)).toContain(`Signature Algorithm: ${signature}`)
    expect(publicKeySha256Of(issued)).toBe(sha256(publicKeyInfo(leaf)))
  })
})

describe('issueCertificate', () => {
  const apiserver = certificateIn('nodes', 'stock-1.20', 'etc/kubernetes/pki/apiserver.crt')
  const issue = async ({ like = apiserver, ...changes }: { notAfter?: Date; like?: Certificate } = {}) => {
    const authority = authorityOf(makeAuthority(`ca-${randomUUID()}`, P256))
    const issued = await issueCertificate({
      ...tbsPartsOf(like.der),
      key: await generateKey('ECDSA-P256'),
      authority,
      notBefore,
      notAfter,
      ...changes,
    })
    return { issued, authority }
  }

  it('points its authority key identifier at the subject key identifier of the CA', async () => {
    const { issued, authority } = await issue()
    const keyId = (text: string, name: string) =>
      new RegExp(`${name}[^\\n]*:\\s*\\n\\s*(?:keyid:)?([0-9A-F:]+)`).exec(text)?.[1]
    const wanted = keyId(textOf(authority.certificate), 'Subject Key Identifier')
    expect(wanted).toMatch(/^[0-9A-F:]{59}$/)
    expect(keyId(textOf(issued), 'Authority Key Identifier')).toBe(wanted)
  })

  it('adds an authority key identifier when the old certificate had none', async () => {
    const bare = certificateIn('defects', 'not-a-ca.crt')
    const { issued } = await issue({ like: bare })
    expect(extensionOf(issued, '2.5.29.35')).toBeDefined()
  })

  it('makes positive serial numbers of at least 63 random bits, none twice', async () => {
    const serials = await Promise.all(
      Array.from({ length: 20 }, async () => (await issue()).issued.serialNumber),
    )
    expect(new Set(serials).size).toBe(20)
    for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9A-F]{31}$/)
  })

  it('writes UTCTime up to 2049 and GeneralizedTime from 2050', async () => {
    const typeOfEnd = ({ der }: Certificate) =>
      openssl(['asn1parse'], encodePem('CERTIFICATE', der)).match(/UTCTIME|GENERALIZEDTIME/g)?.[1]
    expect(typeOfEnd((await issue({ notAfter: new Date('2049-12-31T23:59:59Z') })).issued)).toBe('UTCTIME')
    const far = (await issue({ notAfter: new Date('2050-01-01T00:00:00Z') })).issued
    expect(typeOfEnd(far)).toBe('GENERALIZEDTIME')
    expect(far.notAfter).toEqual(new Date('2050-01-01T00:00:00Z'))
  })
})
