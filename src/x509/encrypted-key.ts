/** Encrypted private keys: PBES2 (RFC 8018) by node:crypto's own parts, as runtimes differ in what they take; the rest as the runtime can. */
import { createDecipheriv, createPrivateKey, type KeyObject, pbkdf2Sync, scryptSync } from 'node:crypto'
import { messageOf, type Unusable } from '../errors.ts'
import { contentsOf, type Der, decodeInteger, elementsOf, leadingOid, TAG } from './der.ts'
import { decodable, isTooCostly, soundKey } from './hostile-key.ts'
import { encodePem, type PemBlock } from './pem.ts'

interface Cipher {
  readonly name: string
  readonly keyLength: number
}

const PBES2 = '1.2.840.113549.1.5.13'
const PBKDF2 = '1.2.840.113549.1.5.12'
const SCRYPT = '1.3.6.1.4.1.11591.4.11'
const CIPHERS: Readonly<Record<string, Cipher>> = {
  '2.16.840.1.101.3.4.1.2': { name: 'aes-128-cbc', keyLength: 16 },
  '2.16.840.1.101.3.4.1.22': { name: 'aes-192-cbc', keyLength: 24 },
  '2.16.840.1.101.3.4.1.42': { name: 'aes-256-cbc', keyLength: 32 },
  '1.2.840.113549.3.7': { name: 'des-ede3-cbc', keyLength: 24 },
}
const DEFAULT_PRF = 'sha1'
const PRFS: Readonly<Record<string, string>> = {
  '1.2.840.113549.2.7': 'sha1',
  '1.2.840.113549.2.8': 'sha224',
  '1.2.840.113549.2.9': 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512',
}

/** More than is let through, with what scrypt needs beside it. */
const MOST_MEMORY = 128 * 1024 ** 2

/** Of one block that is encrypted, with its PEM headers if it has any. */
export function decryptKey({ label, headers, bytes }: PemBlock, passphrase: string): KeyObject | Unusable {
  if (!bytes) return { reason: 'KEY_MALFORMED' }
  const isPkcs8 = label === 'ENCRYPTED PRIVATE KEY'
  const refusal = isPkcs8 ? refusalOf(bytes) : undefined
  if (refusal) return refusal
  try {
    const key = isPkcs8 ? decryptPbes2(bytes, passphrase) : undefined
    if (key) return openedKey(new Uint8Array(key))
    return soundKey(createPrivateKey({ key: encodePem(label, bytes, headers), passphrase }))
  } catch (error) {
    return whyNot(error)
  }
}

/** Before anything is worked out. */
function refusalOf(encrypted: Der): Unusable | undefined {
  try {
    return isTooCostly(encrypted)
      ? { reason: 'KEY_ENCRYPTION_UNSUPPORTED', found: `${TOO_COSTLY}; ${HOW_TO_CONVERT}` }
      : undefined
  } catch {
    return { reason: 'KEY_MALFORMED' }
  }
}

function openedKey(pkcs8: Der): KeyObject {
  const key = Buffer.from(decodable('PRIVATE KEY', pkcs8))
  return soundKey(createPrivateKey({ key, format: 'der', type: 'pkcs8' }))
}

/** What is decrypted with a wrong key is padded wrongly or, once in 256 times, no private key: the decoder says of that too that it is unsupported. */
function whyNot(error: unknown): Unusable {
  const message = messageOf(error)
  const isUnknown = /unsupported|unknown|not.supported/i.test(message) && !message.includes('DECODER')
  return isUnknown
    ? { reason: 'KEY_ENCRYPTION_UNSUPPORTED', found: HOW_TO_CONVERT }
    : { reason: 'KEY_PASSPHRASE_WRONG' }
}

const TOO_COSTLY = 'opening it would take too long'
const HOW_TO_CONVERT = 'openssl pkcs8 -topk8 -v2 aes-256-cbc -in FILE makes one that can'

/** The private key, as PKCS#8; undefined when it is encrypted in another way. */
function decryptPbes2(encrypted: Der, passphrase: string): Buffer | undefined {
  const [algorithm, data] = elementsOf(encrypted)
  const [oid, parameters] = algorithm ? elementsOf(algorithm) : []
  if (!algorithm || !oid || !data || leadingOid(algorithm) !== PBES2) return undefined
  const [derivation, scheme] = parameters ? elementsOf(parameters) : []
  const cipher = scheme && CIPHERS[leadingOid(scheme)]
  const [, iv] = scheme ? elementsOf(scheme) : []
  if (!derivation || !cipher || !iv) return undefined
  const key = derive(derivation, passphrase, cipher.keyLength)
  if (!key) return undefined
  const decipher = createDecipheriv(cipher.name, key, contentsOf(iv))
  return Buffer.concat([decipher.update(contentsOf(data)), decipher.final()])
}

function derive(derivation: Der, passphrase: string, length: number): Buffer | undefined {
  const [, parameters] = elementsOf(derivation)
  const [salt, ...rest] = parameters ? elementsOf(parameters) : []
  if (!salt || salt[0] !== TAG.octetString) return undefined
  const numbers = rest.filter(({ 0: tag }) => tag === TAG.integer).map(decodeInteger)
  switch (leadingOid(derivation)) {
    case PBKDF2: {
      const prf = rest.find(({ 0: tag }) => tag === TAG.sequence)
      const digest = prf ? PRFS[leadingOid(prf)] : DEFAULT_PRF
      const [iterations = 0] = numbers
      if (!digest) return undefined
      return pbkdf2Sync(passphrase, contentsOf(salt), iterations, length, digest)
    }
    case SCRYPT: {
      const [cost = 0, blockSize = 0, parallelization = 0] = numbers
      const options = { cost, blockSize, parallelization, maxmem: MOST_MEMORY }
      return scryptSync(passphrase, contentsOf(salt), length, options)
    }
    default:
      return undefined
  }
}
