/** What a signature was made with (RFC 3279, 4055, 5758, 8410), and whether a key made it: by OpenSSL or BoringSSL. */
import { constants, createHash, type KeyObject, verify } from 'node:crypto'
import { contentsOf, type Der, decodeInteger, elementsOf, encodeElement, leadingOid, TAG } from './der.ts'
import type { KeyAlgorithm } from './key-algorithm.ts'

export interface SignatureAlgorithm {
  /** `SHA-256`; of an unknown algorithm its object identifier. */
  readonly hash: string
  readonly scheme: 'RSA' | 'RSA-PSS' | 'ECDSA' | 'EdDSA' | 'unknown'
  /** RSA-PSS alone. */
  readonly saltLength?: number
}

const ALGORITHMS: Readonly<Record<string, SignatureAlgorithm>> = {
  '1.2.840.113549.1.1.2': { hash: 'MD2', scheme: 'unknown' },
  '1.2.840.113549.1.1.4': { hash: 'MD5', scheme: 'RSA' },
  '1.2.840.113549.1.1.5': { hash: 'SHA-1', scheme: 'RSA' },
  '1.3.14.3.2.29': { hash: 'SHA-1', scheme: 'RSA' },
  '1.2.840.113549.1.1.14': { hash: 'SHA-224', scheme: 'RSA' },
  '1.2.840.113549.1.1.11': { hash: 'SHA-256', scheme: 'RSA' },
  '1.2.840.113549.1.1.12': { hash: 'SHA-384', scheme: 'RSA' },
  '1.2.840.113549.1.1.13': { hash: 'SHA-512', scheme: 'RSA' },
  '1.2.840.10045.4.1': { hash: 'SHA-1', scheme: 'ECDSA' },
  '1.2.840.10045.4.3.1': { hash: 'SHA-224', scheme: 'ECDSA' },
  '1.2.840.10045.4.3.2': { hash: 'SHA-256', scheme: 'ECDSA' },
  '1.2.840.10045.4.3.3': { hash: 'SHA-384', scheme: 'ECDSA' },
  '1.2.840.10045.4.3.4': { hash: 'SHA-512', scheme: 'ECDSA' },
  '1.2.840.10040.4.3': { hash: 'SHA-1', scheme: 'unknown' },
  '2.16.840.1.101.3.4.3.2': { hash: 'SHA-256', scheme: 'unknown' },
  '1.3.101.112': { hash: 'SHA-512', scheme: 'EdDSA' },
  '1.3.101.113': { hash: 'SHAKE256', scheme: 'EdDSA' },
}

const HASHES: Readonly<Record<string, string>> = {
  '1.2.840.113549.2.5': 'MD5',
  '1.3.14.3.2.26': 'SHA-1',
  '2.16.840.1.101.3.4.2.4': 'SHA-224',
  '2.16.840.1.101.3.4.2.1': 'SHA-256',
  '2.16.840.1.101.3.4.2.2': 'SHA-384',
  '2.16.840.1.101.3.4.2.3': 'SHA-512',
}

const RSA_PSS = '1.2.840.113549.1.1.10'

/** Of an AlgorithmIdentifier. Throws RangeError when it is not one. */
export function signatureAlgorithmOf(identifier: Der): SignatureAlgorithm {
  const oid = leadingOid(identifier)
  if (oid === RSA_PSS) return pssAlgorithm(identifier)
  return ALGORITHMS[oid] ?? { hash: oid, scheme: 'unknown' }
}

/** The defaults are those of RFC 4055 section 3.1; both hashes have to be one. */
function pssAlgorithm(identifier: Der): SignatureAlgorithm {
  const [, parameters] = elementsOf(identifier)
  const field = (index: number) =>
    (parameters ? elementsOf(parameters) : []).find(one => one[0] === (0xa0 | index))
  const [hash, generator, salt] = [0, 1, 2].map(field)
  const name = hash ? hashName(contentsOf(hash)) : 'SHA-1'
  const maskHash = generator && elementsOf(contentsOf(generator))[1]
  const maskName = maskHash ? hashName(maskHash) : 'SHA-1'
  const saltLength = salt ? decodeInteger(contentsOf(salt)) : 20
  return { hash: name, scheme: name === maskName ? 'RSA-PSS' : 'unknown', saltLength }
}

function hashName(identifier: Der): string {
  const oid = leadingOid(identifier)
  return HASHES[oid] ?? oid
}

interface Signed {
  /** AlgorithmIdentifier. */
  readonly algorithm: Der
  readonly data: Der
  readonly signature: Der
}

/** False also for what cannot be verified here. */
export function isSignatureOf(key: KeyObject, { algorithm, data, signature }: Signed): boolean {
  try {
    const { hash, scheme, saltLength } = signatureAlgorithmOf(algorithm)
    if (scheme === 'unknown') return false
    if (scheme === 'EdDSA') return verify(null, data, key, signature)
    const padding = scheme === 'RSA-PSS' ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING
    const options = scheme === 'ECDSA' ? { key } : { key, padding, saltLength }
    return isKindOf(key, scheme) && verify(hash.replace('-', ''), data, options, signature)
  } catch {
    return false
  }
}

function isKindOf(key: KeyObject, scheme: SignatureAlgorithm['scheme']): boolean {
  const kind = key.asymmetricKeyType
  return scheme === 'ECDSA' ? kind === 'ec' : kind === 'rsa' || (kind === 'rsa-pss' && scheme === 'RSA-PSS')
}

/** What a CA with such a key signs with: PKCS#1 v1.5, or ECDSA with the hash as long as the curve. Undefined: it does not sign. */
export function signatureBy(algorithm: KeyAlgorithm): SignatureAlgorithm | undefined {
  if (algorithm.startsWith('RSA-')) return { hash: 'SHA-256', scheme: 'RSA' }
  const hash = CURVE_HASHES[algorithm]
  return hash === undefined ? undefined : { hash, scheme: 'ECDSA' }
}

const CURVE_HASHES: Readonly<Record<string, string>> = {
  'ECDSA-P256': 'SHA-256',
  'ECDSA-P384': 'SHA-384',
  'ECDSA-P521': 'SHA-512',
}

export function digestOf(hash: string, data: Uint8Array): Der {
  return new Uint8Array(createHash(hash.replace('-', '')).update(data).digest())
}

const DIGEST_OIDS: Readonly<Record<string, number>> = { 'SHA-256': 1, 'SHA-384': 2, 'SHA-512': 3 }
const NULL = Uint8Array.of(0x05, 0x00)

/** DigestInfo (RFC 8017 section 9.2): what PKCS#1 v1.5 pads. */
export function digestInfoOf(hash: string, digest: Uint8Array): Der {
  const oid = Uint8Array.of(0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, DIGEST_OIDS[hash] ?? 0)
  const algorithm = encodeElement(TAG.sequence, encodeElement(TAG.oid, oid), NULL)
  return encodeElement(TAG.sequence, algorithm, encodeElement(TAG.octetString, digest))
}
