/** Private keys that would hang or end the process that reads them, told from those that do not. */
import type { KeyObject } from 'node:crypto'
import { type Der, decodeInteger, elementsOf, leadingOid, TAG } from './der.ts'

/** RSA, RSA-PSS, ECDSA: nothing is worked out when they are read. */
const CHEAP = new Set(['1.2.840.113549.1.1.1', '1.2.840.113549.1.1.10', '1.2.840.10045.2.1'])
/** Bytes: for a DSA or DH key the public half is worked out, with numbers as large as the file makes them. */
const LARGEST_OTHER = 2048

/** The same bytes. Throws RangeError for PKCS#8 that takes too long to read. */
export function decodable(label: string, bytes: Der): Der {
  if (label !== 'PRIVATE KEY' || bytes.length <= LARGEST_OTHER) return bytes
  const [, algorithm] = elementsOf(bytes)
  if (algorithm && CHEAP.has(leadingOid(algorithm))) return bytes
  throw new RangeError('too large a key of its kind')
}

/** The same key. Throws what OpenSSL says of an EC key too long for its curve: Node ends when asked for its details. */
export function soundKey(key: KeyObject): KeyObject {
  if (key.asymmetricKeyType === 'ec') key.export({ type: 'pkcs8', format: 'der' })
  return key
}

const PBES2 = '1.2.840.113549.1.5.13'
const SCRYPT = '1.3.6.1.4.1.11591.4.11'

/** What a file may ask for: a second of work, twice what OpenSSL itself allows for scrypt's memory. */
const MOST_ITERATIONS = 1_000_000
const MOST_MEMORY = 64 * 1024 ** 2
const MOST_WORK = 2 ** 21

/** Of an EncryptedPrivateKeyInfo: to open it takes longer than anybody waits, or nobody can tell how long. Throws RangeError. */
export function isTooCostly(encrypted: Der): boolean {
  const [algorithm] = elementsOf(encrypted)
  const [, parameters] = algorithm ? elementsOf(algorithm) : []
  if (!algorithm || !parameters) return true
  if (leadingOid(algorithm) !== PBES2) return isCostlyDerivation('', parameters)
  const [derivation] = elementsOf(parameters)
  const [, own] = derivation ? elementsOf(derivation) : []
  return !derivation || !own || isCostlyDerivation(leadingOid(derivation), own)
}

/** A salt, then numbers: the iterations first, of scrypt cost, block size and parallelization. */
function isCostlyDerivation(oid: string, parameters: Der): boolean {
  const numbers = elementsOf(parameters)
    .filter(({ 0: tag }) => tag === TAG.integer)
    .map(decodeInteger)
  if (oid !== SCRYPT) return !numbers.every(number => number <= MOST_ITERATIONS)
  const [cost = 0, blockSize = 0, parallelization = 0] = numbers
  const isLarge = 128 * cost * blockSize > MOST_MEMORY
  return isLarge || !(cost * blockSize * parallelization <= MOST_WORK)
}
