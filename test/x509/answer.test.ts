import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readAnswer } from '../../src/x509/answer.ts'
import { parsePem } from '../../src/x509/pem.ts'
import { openssl, P256 } from '../support/certificates.ts'
import { fixture, readFixture, tempDir } from '../support/node.ts'

const LEAF = readFixture('defects', 'good.crt')
const CA = readFixture('defects', 'good-ca.crt')
const derOf = (pem: string) => parsePem(pem)[0]?.bytes ?? new Uint8Array()
const pkcs7 = () =>
  openssl([
    ...['crl2pkcs7', '-nocrl'],
    ...['good-ca.crt', 'good.crt'].flatMap(name => ['-certfile', fixture('defects', name)]),
  ])
const withText = (pem: string) => openssl(['x509', '-text'], pem)

function subjectsIn(contents: Uint8Array | string): string[] | string {
  const read = readAnswer(typeof contents === 'string' ? Buffer.from(contents) : contents)
  return 'reason' in read ? read.reason : read.certificates.map(({ subject }) => subject).toSorted()
}

const BOTH = subjectsIn(LEAF + CA)
const ONE = subjectsIn(LEAF)

describe('readAnswer', () => {
  it.each<[string, () => Uint8Array | string]>([
    ['PEM in another order', () => CA + LEAF],
    ['PEM with text between', () => withText(CA) + withText(LEAF)],
    ['bag attributes', () => `Bag Attributes\n    friendlyName: gr\u00fcn\nsubject=CN = x\n${LEAF}\n${CA}`],
    ['each twice', () => CA + LEAF + LEAF + CA],
    ['DER, one behind the other', () => Buffer.concat([derOf(CA), derOf(LEAF)])],
    ['PKCS#7 in PEM', pkcs7],
    ['PKCS#7 with the label CMS', () => pkcs7().replaceAll('PKCS7', 'CMS')],
    ['PKCS#7 called a certificate', () => pkcs7().replaceAll('PKCS7', 'CERTIFICATE')],
    ['PKCS#7 in DER', () => derOf(pkcs7())],
    ['PKCS#7 and PEM', () => pkcs7() + LEAF],
    ['UTF-16 of Windows', () => Buffer.from(`\uFEFF${CA}${LEAF}`.replaceAll('\n', '\r\n'), 'utf16le')],
  ])('%s', (_, contents) => {
    expect(subjectsIn(contents())).toEqual(BOTH)
  })

  it('one in DER, one in OpenSSL\u2019s trusted form', () => {
    expect(subjectsIn(derOf(LEAF))).toEqual(ONE)
    const trusted = openssl(['x509', '-trustout', '-addtrust', 'serverAuth'], LEAF)
    expect(trusted).toContain('TRUSTED')
    expect(subjectsIn(trusted)).toEqual(ONE)
  })

  const request = () => {
    const file = join(tempDir(), 'own.key')
    writeFileSync(file, openssl(['genpkey', ...P256]))
    return openssl(['req', '-new', '-key', file, '-subj', '/CN=x'])
  }
  const key = () => openssl(['genpkey', ...P256])
  const pkcs12 = () => {
    const file = join(tempDir(), 'own.p12')
    const args = ['-export', '-nokeys', '-in', fixture('defects', 'good.crt'), '-passout', 'pass:x']
    openssl(['pkcs12', ...args, '-out', file])
    return openssl(['base64', '-in', file])
  }

  it.each<[string, string, () => Uint8Array | string]>([
    ['EMPTY_FILE', 'nothing', () => '\n'],
    ['NOT_PEM', 'text', () => 'see attachment'],
    ['KEY_BESIDE_CERTIFICATE', 'a key beside', () => LEAF + key()],
    ['KEY_INSTEAD_OF_CERTIFICATE', 'a key', key],
    ['KEY_INSTEAD_OF_CERTIFICATE', 'a key in DER', () => derOf(key())],
    ['REQUEST_INSTEAD_OF_CERTIFICATE', 'a request', request],
    ['REQUEST_INSTEAD_OF_CERTIFICATE', 'a request in DER', () => derOf(request())],
    ['NO_CERTIFICATE', 'PKCS#12', () => Buffer.from(pkcs12(), 'base64')],
    ['NO_CERTIFICATE', 'a revocation list', () => '-----BEGIN X509 CRL-----\nMAMA\n-----END X509 CRL-----\n'],
    ['PEM_TRUNCATED', 'half a file', () => LEAF + CA.slice(0, 300)],
    ['PEM_MALFORMED', 'no base64', () => LEAF.replace('MII', 'M*I')],
    ['CERTIFICATE_MALFORMED', 'another DER', () => Uint8Array.of(0x30, 0x00)],
    ['CERTIFICATE_MALFORMED', 'half a certificate', () => derOf(LEAF).subarray(0, 200)],
  ])('%s: %s', (reason, _, contents) => {
    expect(subjectsIn(contents())).toBe(reason)
  })

  it('reads a request beside the certificates as nothing', () => {
    expect(subjectsIn(request() + LEAF)).toEqual(ONE)
  })

  it('never throws, whatever is changed in it', () => {
    const der = derOf(pkcs7())
    const anyChange = fc.array(fc.tuple(fc.nat(der.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(anyChange, changes => {
        const changed = Uint8Array.from(der)
        for (const [at, byte] of changes) changed[at] = byte
        const read = readAnswer(changed)
        return 'reason' in read || read.certificates.length > 0
      }),
      { numRuns: 2_000 },
    )
  })
})
