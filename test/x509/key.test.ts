import { describe, expect, it } from 'vitest'
import { encodePrivateKey, generateKey, isKeyOf, readPrivateKey } from '../../src/x509/key.ts'
import { isIssuable, KEY_ALGORITHMS, keyAlgorithmOf } from '../../src/x509/key-algorithm.ts'
import { certificateIn, keyIn, openssl } from '../support/certificates.ts'
import { readFixture } from '../support/node.ts'

const READABLE = [
  { file: 'good.key', algorithm: 'RSA-2048' },
  { file: 'pkcs1.key', algorithm: 'RSA-2048' },
  { file: 'pkcs8.key', algorithm: 'RSA-2048' },
  { file: 'sec1.key', algorithm: 'ECDSA-P256' },
  { file: 'sec1-with-parameters.key', algorithm: 'ECDSA-P256' },
  { file: 'p521.key', algorithm: 'ECDSA-P521' },
  { file: 'rsa-1024.key', algorithm: 'RSA-1024' },
  { file: 'ed25519.key', algorithm: 'Ed25519' },
  { file: 'key-beside-cert.pem', algorithm: 'RSA-2048' },
]

const UNREADABLE = [
  { file: 'pkcs8-encrypted.key', reason: 'KEY_ENCRYPTED' },
  { file: 'legacy-encrypted.key', reason: 'KEY_ENCRYPTED' },
  { file: 'swapped.key', reason: 'CERTIFICATE_INSTEAD_OF_KEY' },
  { file: 'empty.crt', reason: 'EMPTY_FILE' },
  { file: 'garbage.crt', reason: 'NOT_PEM' },
]

describe('readPrivateKey', () => {
  it.each(READABLE)('reads $file: $algorithm', ({ file, algorithm }) => {
    const read = readPrivateKey(readFixture('defects', file))
    expect('key' in read && keyAlgorithmOf(read.key)).toBe(algorithm)
  })

  it.each(UNREADABLE)('says why $file is not one: $reason', ({ file, reason }) => {
    expect(readPrivateKey(readFixture('defects', file))).toMatchObject({ reason })
  })
})

describe('generateKey', () => {
  it.each(Object.keys(KEY_ALGORITHMS).filter(isIssuable))(
    'makes a %s key that openssl finds sound',
    async algorithm => {
      const made = await generateKey(algorithm)
      expect(keyAlgorithmOf(made.key)).toBe(algorithm)
      const pem = encodePrivateKey(made.key)
      expect(pem).toMatch(
        algorithm.startsWith('RSA') ? /^-----BEGIN RSA PRIVATE KEY/ : /^-----BEGIN EC PRIVATE KEY/,
      )
      expect(openssl(['pkey', '-check', '-noout'], pem)).toContain('valid')
    },
  )
})

it('tells the key of a certificate from another', () => {
  const certificate = certificateIn('defects', 'good.crt')
  expect(isKeyOf(keyIn('defects', 'good.key'), certificate)).toBe(true)
  expect(isKeyOf(keyIn('defects', 'pkcs1.key'), certificate)).toBe(
    readFixture('defects', 'pkcs1.key') === readFixture('defects', 'good.key'),
  )
  expect(isKeyOf(keyIn('defects', 'good-ca.key'), certificate)).toBe(false)
})
