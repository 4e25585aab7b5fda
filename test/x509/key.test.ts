import { describe, expect, it } from 'vitest'
import { contentsOf, type Der, elementsOf, encodeElement } from '../../src/x509/der.ts'
import {
  encodePrivateKey,
  encodePublicKey,
  generateKey,
  holdsPublicKeyOf,
  isKeyOf,
  readPrivateKey,
} from '../../src/x509/key.ts'
import { isIssuable, KEY_ALGORITHMS, keyAlgorithmOf } from '../../src/x509/key-algorithm.ts'
import { encodePem, parsePem } from '../../src/x509/pem.ts'
import { certificateIn, keyIn, openssl, P256, RSA_2048 } from '../support/certificates.ts'
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

/** What openssl makes of a key, and whether every runtime can read it. */
const ENCRYPTIONS: readonly [string, readonly string[]][] = [
  ...['aes-128-cbc', 'aes-192-cbc', 'aes-256-cbc', 'des3'].flatMap(
    (cipher): [string, readonly string[]][] => [
      [`PBES2 ${cipher}`, ['pkcs8', '-topk8', '-v2', cipher]],
      [`legacy ${cipher}`, ['pkey', '-traditional', `-${cipher}`]],
    ],
  ),
  ...['SHA1', 'SHA384', 'SHA512'].map((hash): [string, readonly string[]] => [
    `PBES2 HMAC-${hash}`,
    ['pkcs8', '-topk8', '-v2', 'aes-256-cbc', '-v2prf', `hmacWith${hash}`],
  ]),
  ['PBES2 scrypt', ['pkcs8', '-topk8', '-scrypt']],
  ['PBES1 of PKCS#12', ['pkcs8', '-topk8', '-v1', 'PBE-SHA1-3DES']],
]

describe.each([
  ['RSA', RSA_2048],
  ['ECDSA', P256],
])('an encrypted %s key', (_, algorithm) => {
  it.each(ENCRYPTIONS)('%s', (_name, [command = '', ...args]) => {
    const plain = openssl(['genpkey', ...algorithm])
    const text = openssl([command, ...args, '-passout', 'pass:corr\u00e9ct horse'], plain)
    expect(text).toContain('ENCRYPTED')
    expect(readPrivateKey(text)).toEqual({ reason: 'KEY_ENCRYPTED' })
    expect(readPrivateKey(text, 'wrong')).toEqual({ reason: 'KEY_PASSPHRASE_WRONG' })
    expect(readPrivateKey(text, '')).toEqual({ reason: 'KEY_PASSPHRASE_WRONG' })
    const [read, wanted] = [readPrivateKey(text, 'corr\u00e9ct horse'), readPrivateKey(plain)]
    expect('key' in read && 'key' in wanted && read.key.equals(wanted.key)).toBe(true)
  })
})

/** Decrypted with one of its wrong passphrases it is padded rightly, as once in 256 times. */
const WELL_PADDED = [
  '-----BEGIN EC PRIVATE KEY-----',
  'Proc-Type: 4,ENCRYPTED',
  'DEK-Info: AES-128-CBC,79AAC0DC63415C4652A8FD0960799C32',
  '',
  '2No9MKdQ3k8brmLpeiUsrD7/dmmd4GWGw5HsHckqZrlEtznq3x9uu6e5Ya7710bs',
  'wvOrh6Q4FM01tOMtcCNAjCvcjHZgjQ/oOJOI8foTYpw+PX1A7Snh/MA/ga9VDqiG',
  '7AAKoggf4p2I49xGK6lVdfPwnK/96f98XYi9xOgf3Cg=',
  '-----END EC PRIVATE KEY-----',
].join('\n')

it('takes a wrong passphrase for one also when the padding is right by chance', () => {
  expect(readPrivateKey(WELL_PADDED, 'wrong-50')).toEqual({ reason: 'KEY_PASSPHRASE_WRONG' })
  expect(readPrivateKey(WELL_PADDED, 'right')).toHaveProperty('key')
})

it('says of an encryption that nobody should use that it cannot be read', () => {
  const weak = ['pkcs8', '-topk8', '-v1', 'PBE-MD5-DES', '-provider', 'legacy', '-provider', 'default']
  const text = openssl([...weak, '-passout', 'pass:x'], openssl(['genpkey', ...P256]))
  expect(readPrivateKey(text, 'x')).toMatchObject({ reason: 'KEY_ENCRYPTION_UNSUPPORTED' })
})

describe('a hostile key', () => {
  const der = (...parts: readonly Uint8Array[]) => encodeElement(0x30, ...parts)
  const oid = (hex: string) => encodeElement(0x06, Buffer.from(hex, 'hex'))
  const integer = (hex: string) => encodeElement(0x02, Buffer.from(hex, 'hex'))
  const salt = encodeElement(0x04, new Uint8Array(8))
  const cipher = der(oid('60864801650304012a'), encodeElement(0x04, new Uint8Array(16)))
  const data = encodeElement(0x04, new Uint8Array(160))
  const pbes2 = (...derivation: readonly Uint8Array[]) =>
    der(der(oid('2a864886f70d01050d'), der(der(...derivation), cipher)), data)
  const scrypt = (...numbers: readonly string[]) =>
    pbes2(oid('2b06010401da47040b'), der(salt, ...numbers.map(integer)))

  it.each([
    ['PBKDF2', pbes2(oid('2a864886f70d01050c'), der(salt, integer('7fffffff')))],
    [
      'PBKDF2 with an unknown hash',
      pbes2(oid('2a864886f70d01050c'), der(salt, integer('7fffffff'), der(oid('2a00')))),
    ],
    ['PBES1', der(der(oid('2a864886f70d010c0103'), der(salt, integer('7fffffff'))), data)],
    ['the memory of scrypt', scrypt('00800000', '08', '01')],
    ['the parallelization of scrypt', scrypt('0400', '08', '100000')],
  ])('asks for too much work: %s', (_, bytes) => {
    const start = process.cpuUsage().user
    expect(readPrivateKey(encodePem('ENCRYPTED PRIVATE KEY', bytes), 'x')).toMatchObject({
      reason: 'KEY_ENCRYPTION_UNSUPPORTED',
      found: expect.stringContaining('too long'),
    })
    expect(process.cpuUsage().user - start).toBeLessThan(500_000)
  })

  it('hides its iterations in BER of indefinite length, which OpenSSL reads', () => {
    const bytes = pbes2(oid('2a864886f70d01050c'), der(salt, integer('7fffffff')))
    const indefinite = Buffer.concat([Buffer.from('3080', 'hex'), contentsOf(bytes), new Uint8Array(2)])
    expect(readPrivateKey(encodePem('ENCRYPTED PRIVATE KEY', indefinite), 'x')).toEqual({
      reason: 'KEY_MALFORMED',
    })
  })

  it('is of DSA, with a modulus of 16000 bits', () => {
    const huge = encodeElement(0x02, new Uint8Array(2000).fill(0x77))
    const params = der(huge, integer('77777777777777777777777777777777'), huge)
    const bytes = der(integer('00'), der(oid('2a8648ce380401'), params), encodeElement(0x04, huge))
    expect(readPrivateKey(encodePem('PRIVATE KEY', bytes))).toEqual({ reason: 'KEY_MALFORMED' })
  })

  it('is longer than its curve, which ends a process that looks into it', () => {
    const bytes = parsePem(readFixture('defects', 'sec1.key'))[0]?.bytes as Der
    const [version, , ...rest] = elementsOf(bytes) as [Der, Der, ...Der[]]
    const long = der(version, encodeElement(0x04, new Uint8Array(60).fill(0xff)), ...rest)
    expect(readPrivateKey(encodePem('EC PRIVATE KEY', long))).toEqual({ reason: 'KEY_MALFORMED' })
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

it('a key that was compared with one of another kind is in nobody’s way', () => {
  const [rsa, ec] = [keyIn('defects', 'good.key'), keyIn('defects', 'sec1.key')]
  expect(isKeyOf(ec, certificateIn('defects', 'good.crt'))).toBe(false)
  expect(keyIn('defects', 'sec1.key')).toEqual(ec)
  expect(holdsPublicKeyOf(encodePublicKey(ec), rsa)).toBe(false)
  expect(encodePrivateKey(ec.key)).toContain('EC PRIVATE KEY')
})

it('tells the key of a certificate from another', () => {
  const certificate = certificateIn('defects', 'good.crt')
  expect(isKeyOf(keyIn('defects', 'good.key'), certificate)).toBe(true)
  expect(isKeyOf(keyIn('defects', 'pkcs1.key'), certificate)).toBe(
    readFixture('defects', 'pkcs1.key') === readFixture('defects', 'good.key'),
  )
  expect(isKeyOf(keyIn('defects', 'good-ca.key'), certificate)).toBe(false)
})
