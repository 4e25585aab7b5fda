import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseCertificate } from '../../src/x509/certificate.ts'
import { type CertificateRequest, readCertificateRequest } from '../../src/x509/certificate-request.ts'
import { parsePem } from '../../src/x509/pem.ts'
import { describeSubjectAltName } from '../../src/x509/subject-alt-name.ts'
import { extKeyUsageIn, isCaIn, keyUsageIn } from '../../src/x509/usage.ts'
import { openssl, P256, P384, P521, RSA_2048 } from '../support/certificates.ts'
import { readFixture, tempDir } from '../support/node.ts'

const ED25519 = ['-algorithm', 'ED25519']
const RSA_1024 = ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:1024']

function keyFile(algorithm: readonly string[]): string {
  const path = join(tempDir(), 'own.key')
  writeFileSync(path, openssl(['genpkey', ...algorithm]))
  return path
}

const made = (algorithm: readonly string[], ...args: string[]) =>
  openssl(['req', '-new', '-key', keyFile(algorithm), '-subj', '/O=example/CN=lb.example', ...args])

function requestIn(contents: Uint8Array | string): CertificateRequest {
  const read = readCertificateRequest(contents)
  if ('reason' in read) throw new Error(`${read.reason} ${read.found}`)
  return read
}

const derOf = (pem: string) => parsePem(pem)[0]?.bytes ?? new Uint8Array()

const KINDS: readonly [string, readonly string[], string[], string][] = [
  ['RSA-2048', RSA_2048, [], 'SHA-256'],
  ['RSA-2048', RSA_2048, ['-sha1'], 'SHA-1'],
  ['RSA-2048', RSA_2048, ['-sha384', '-sigopt', 'rsa_padding_mode:pss'], 'SHA-384'],
  ['RSA-1024', RSA_1024, [], 'SHA-256'],
  ['ECDSA-P256', P256, ['-sha512'], 'SHA-512'],
  ['ECDSA-P384', P384, [], 'SHA-256'],
  ['ECDSA-P521', P521, ['-sha1'], 'SHA-1'],
  ['Ed25519', ED25519, [], 'SHA-512'],
]

describe.each(KINDS)('a request for a key %s', (keyAlgorithm, algorithm, args, hash) => {
  it(`is read, and its possession proved: ${args.join(' ')}`, () => {
    const pem = made(algorithm, ...args)
    const request = requestIn(pem)
    expect(request).toMatchObject({ keyAlgorithm, isProved: true, subjectText: 'CN=lb.example,O=example' })
    expect(request.signature.hash).toBe(hash)
    const spki = openssl(['pkey', '-pubin', '-outform', 'PEM'], openssl(['req', '-noout', '-pubkey'], pem))
    expect(Buffer.from(request.publicKeyInfo)).toEqual(Buffer.from(derOf(spki)))
    expect(request.publicKeySha256).toMatch(/^[0-9a-f]{64}$/)
  })

  it('proves nothing when a byte of it is changed', () => {
    const der = derOf(made(algorithm, ...args))
    for (const at of [der.length - 5, Buffer.from(der).indexOf('lb.example')]) {
      const changed = Uint8Array.from(der)
      changed[at] = (changed[at] as number) ^ 1
      expect(requestIn(changed).isProved).toBe(false)
    }
  })
})

describe('readCertificateRequest', () => {
  it.each([
    ['beside the curve', (point: Uint8Array) => point.set([(point[63] as number) ^ 1], 63)],
    ['beyond the field', (point: Uint8Array) => point.fill(0xff, 0, 32)],
    ['zero', (point: Uint8Array) => point.fill(0)],
  ])('knows no key of a point %s', (_, change) => {
    const der = Uint8Array.from(derOf(made(P256)))
    const { publicKeyInfo } = requestIn(der)
    const start = Buffer.from(der).indexOf(publicKeyInfo) + publicKeyInfo.length - 64
    change(der.subarray(start, start + 64))
    expect(requestIn(der)).toMatchObject({ keyAlgorithm: 'unknown', isProved: false })
  })

  const ask = () =>
    made(
      P256,
      ...['-addext', 'subjectAltName=DNS:lb.example,IP:192.0.2.1,IP:2001:db8::1'],
      ...['-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=keyCertSign,cRLSign'],
      ...['-addext', 'extendedKeyUsage=serverAuth,codeSigning,1.2.3.4'],
    )

  it('finds what is asked for', () => {
    const { extensions, subjectAltNames } = requestIn(ask())
    expect(subjectAltNames.map(describeSubjectAltName)).toEqual([
      ...['DNS:lb.example', 'IP:192.0.2.1', 'IP:2001:db8::1'],
    ])
    expect(isCaIn(extensions)).toBe(true)
    expect(keyUsageIn(extensions)).toEqual(['keyCertSign', 'cRLSign'])
    expect(extKeyUsageIn(extensions)).toEqual(['serverAuth', 'codeSigning', '1.2.3.4'])
  })

  it('reads every form of it alike', () => {
    const pem = ask()
    const { publicKeySha256 } = requestIn(pem)
    const forms = [
      pem.replaceAll('CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST'),
      openssl(['req', '-text'], pem),
      `\uFEFF${pem.replaceAll('\n', '\r\n')}`,
      `Please sign this, gr\u00fc\u00dfe:\n\n${pem}\nthank you`,
      derOf(pem),
      Buffer.from(pem),
    ]
    for (const form of forms) expect(requestIn(form).publicKeySha256).toBe(publicKeySha256)
  })

  it('has the subject as a certificate has it, escapes and all', () => {
    const subject = '/DC=org/O=a, b+OU="x"/O=Zo\u00eb;#/CN= sp <lead'
    const pem = openssl([
      ...['req', '-new', '-utf8', '-key', keyFile(P256), '-multivalue-rdn', '-subj', subject],
    ])
    const file = join(tempDir(), 'ca.key')
    writeFileSync(file, openssl(['genpkey', ...P256]))
    const issued = openssl(['x509', '-req', '-key', file], pem)
    expect(requestIn(pem).subjectText).toBe(parseCertificate(derOf(issued)).subject)
  })

  it('has an empty subject when there is none', () => {
    expect(requestIn(openssl(['req', '-new', '-key', keyFile(P256), '-subj', '/'])).subjectText).toBe('')
  })

  it('says why there is none', () => {
    const reasonOf = (contents: Uint8Array | string) => {
      const read = readCertificateRequest(contents)
      return 'reason' in read ? read.reason : undefined
    }
    expect(reasonOf('')).toBe('EMPTY_FILE')
    expect(reasonOf(' \n')).toBe('EMPTY_FILE')
    expect(reasonOf('sign this')).toBe('NOT_PEM')
    expect(reasonOf(readFixture('defects', 'good.crt'))).toBe('CERTIFICATE_INSTEAD_OF_REQUEST')
    expect(reasonOf(readFixture('defects', 'good.key'))).toBe('KEY_INSTEAD_OF_REQUEST')
    expect(reasonOf('-----BEGIN X509 CRL-----\nMAMA\n-----END X509 CRL-----\n')).toBe('NO_REQUEST')
    expect(reasonOf(ask().slice(0, 300))).toBe('PEM_TRUNCATED')
    expect(reasonOf(ask().replace('MII', 'M*I'))).toBe('PEM_MALFORMED')
    expect(reasonOf(derOf(readFixture('defects', 'good.crt')))).toBe('REQUEST_MALFORMED')
    expect(reasonOf(derOf(ask()).subarray(0, 90))).toBe('REQUEST_MALFORMED')
    expect(reasonOf(Uint8Array.from([...derOf(ask()), 0]))).toBe('REQUEST_MALFORMED')
  })

  it('never throws, whatever is changed in it', () => {
    const der = derOf(ask())
    const anyChange = fc.array(fc.tuple(fc.nat(der.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(anyChange, changes => {
        const changed = Uint8Array.from(der)
        for (const [at, byte] of changes) changed[at] = byte
        const read = readCertificateRequest(changed)
        return 'reason' in read || read.subjectText.length >= 0
      }),
      { numRuns: 2_000 },
    )
  })
})
