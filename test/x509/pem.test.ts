import { describe, expect, it } from 'vitest'
import { readCertificates } from '../../src/x509/certificate.ts'
import { encodePem, parsePem } from '../../src/x509/pem.ts'
import { readFixture } from '../support/node.ts'

/** What openssl 3.0 and Go's client-go make of each file is measured; see fixtures/README.md. */
const READABLE = [
  { file: 'good.crt', certificates: 1, warns: undefined },
  { file: 'text-before.crt', certificates: 1, warns: undefined },
  { file: 'text-between.crt', certificates: 2, warns: undefined },
  { file: 'trailing-text.crt', certificates: 1, warns: undefined },
  { file: 'crlf.crt', certificates: 1, warns: undefined },
  { file: 'no-final-newline.crt', certificates: 1, warns: undefined },
  { file: 'leading-blank-lines.crt', certificates: 1, warns: undefined },
  { file: 'long-lines.crt', certificates: 1, warns: undefined },
  { file: 'bundle.crt', certificates: 2, warns: undefined },
  { file: 'key-beside-cert.pem', certificates: 1, warns: undefined },
  { file: 'rich.crt', certificates: 1, warns: undefined },
  { file: 'bom.crt', certificates: 1, warns: 'openssl reads it, Kubernetes will not' },
  { file: 'trusted-label.crt', certificates: 1, warns: 'openssl reads it, Kubernetes will not' },
  { file: 'x509-label.crt', certificates: 1, warns: 'openssl reads it, Kubernetes will not' },
  { file: 'glued.crt', certificates: 2, warns: 'neither Kubernetes nor openssl reads it' },
  { file: 'indented.crt', certificates: 1, warns: 'neither Kubernetes nor openssl reads it' },
  { file: 'pem-headers.crt', certificates: 1, warns: 'neither Kubernetes nor openssl reads it' },
] as const

const UNREADABLE = [
  { file: 'empty.crt', reason: 'EMPTY_FILE' },
  { file: 'truncated.crt', reason: 'PEM_TRUNCATED' },
  { file: 'garbage.crt', reason: 'NOT_PEM' },
  { file: 'garbage-der.crt', reason: 'CERTIFICATE_MALFORMED' },
  { file: 'key-in-crt.crt', reason: 'KEY_INSTEAD_OF_CERTIFICATE' },
  { file: 'swapped.crt', reason: 'KEY_INSTEAD_OF_CERTIFICATE' },
  { file: 'der.crt', reason: 'DER_NOT_PEM' },
] as const

describe('readCertificates', () => {
  it.each(READABLE)('reads $file', ({ file, certificates, warns }) => {
    const read = readCertificates(readFixture('defects', file))
    expect(read).toHaveProperty('certificates.length', certificates)
    const warnings = 'warnings' in read ? read.warnings : []
    if (warns === undefined) expect(warnings).toEqual([])
    else expect(warnings.join()).toContain(warns)
  })

  it.each(UNREADABLE)('says why $file is not one', ({ file, reason }) => {
    expect(readCertificates(readFixture('defects', file))).toMatchObject({ reason })
  })

  it('reads the same certificate from every tolerated form of it', () => {
    const fingerprints = [
      'good.crt',
      'crlf.crt',
      'bom.crt',
      'indented.crt',
      'long-lines.crt',
      'text-before.crt',
    ].map(file => {
      const read = readCertificates(readFixture('defects', file))
      return 'certificates' in read ? read.certificates[0].fingerprintSha256 : read.reason
    })
    expect(new Set(fingerprints).size).toBe(1)
  })

  it('refuses a bundle with one malformed block and says which', () => {
    const bad = readFixture('defects', 'good.crt') + readFixture('defects', 'garbage-der.crt')
    expect(readCertificates(bad)).toEqual({ reason: 'CERTIFICATE_MALFORMED', found: 'block 2 of 2' })
  })
})

describe('parsePem', () => {
  it('gives back what encodePem wrote', () => {
    const bytes = new Uint8Array(Array.from({ length: 200 }, (_, i) => i))
    const [block, ...rest] = parsePem(encodePem('CERTIFICATE', bytes))
    expect(rest).toEqual([])
    expect(block?.bytes).toEqual(bytes)
    expect(block?.quirks).toEqual([])
  })

  it('reads the headers of an encrypted key', () => {
    const [block] = parsePem(readFixture('defects', 'legacy-encrypted.key'))
    expect(block?.headers.get('Proc-Type')).toBe('4,ENCRYPTED')
  })

  it('takes nothing for a label that steers a terminal', () => {
    expect(parsePem('-----BEGIN \u001b[31mX-----\nAAAA\n-----END \u001b[31mX-----\n')).toEqual([])
    expect(readCertificates('-----BEGIN A\rB-----\n')).toEqual({ reason: 'NOT_PEM' })
  })

  it('finds every block of hostile text: a quadratic reading of it would not end', () => {
    expect(parsePem('-----BEGIN A-----'.repeat(50_000))).toHaveLength(50_000)
    expect(parsePem('-----BEGIN A-----AAAA-----END A-----'.repeat(25_000))).toHaveLength(25_000)
  })
})
