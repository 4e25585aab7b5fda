/** Private keys: read in every PEM form, made on the thread pool, written as kubeadm writes them. */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  randomBytes,
} from 'node:crypto'
import { promisify } from 'node:util'
import type { Unusable } from '../errors.ts'
import { type Certificate, publicKeyOf } from './certificate.ts'
import { type Der, publicKeyInfoOf } from './der.ts'
import { decryptKey } from './encrypted-key.ts'
import { decodable, soundKey } from './hostile-key.ts'
import { type IssuableKeyAlgorithm, isSameKey, KEY_ALGORITHMS, keyAlgorithmOf } from './key-algorithm.ts'
import { encodePem, type PemBlock, parsePem, readerWarnings } from './pem.ts'

export interface PrivateKey {
  readonly key: KeyObject
  /** What divides the readers of its file: one sentence each. */
  readonly warnings?: readonly string[]
}

/** The public half alone, of a key that somebody else has. */
export interface PublicKey {
  /** SubjectPublicKeyInfo. */
  readonly publicKeyInfo: Der
}

const KEY_LABELS = new Set(['PRIVATE KEY', 'RSA PRIVATE KEY', 'EC PRIVATE KEY'])

/** The first usable key block, as Kubernetes picks it: other blocks (EC PARAMETERS, certificates) are passed over. */
export function readPrivateKey(text: string, passphrase?: string): PrivateKey | Unusable {
  const blocks = parsePem(text)
  const encrypted = blocks.find(isEncrypted)
  if (encrypted) return openKey(encrypted, passphrase)
  const candidates = blocks.filter(block => KEY_LABELS.has(block.label))
  for (const block of candidates) {
    const key = block.bytes && decodeKey(block.label, block.bytes)
    const warnings = key ? readerWarnings([block]) : []
    if (key) return { key, ...(warnings.length > 0 && { warnings }) }
  }
  return whyNone(text, blocks, candidates)
}

function openKey(block: PemBlock, passphrase: string | undefined): PrivateKey | Unusable {
  if (passphrase === undefined) return { reason: 'KEY_ENCRYPTED' }
  const key = decryptKey(block, passphrase)
  return 'reason' in key ? key : { key }
}

function whyNone(text: string, blocks: readonly PemBlock[], candidates: readonly PemBlock[]): Unusable {
  if (text.trim() === '') return { reason: 'EMPTY_FILE' }
  if (candidates[0]) return { reason: candidates[0].defect ?? 'KEY_MALFORMED' }
  if (blocks.some(block => block.label.endsWith('CERTIFICATE')))
    return { reason: 'CERTIFICATE_INSTEAD_OF_KEY' }
  return { reason: blocks.length === 0 ? 'NOT_PEM' : 'NO_KEY' }
}

function isEncrypted(block: PemBlock): boolean {
  return block.label === 'ENCRYPTED PRIVATE KEY' || /ENCRYPTED/.test(block.headers.get('Proc-Type') ?? '')
}

function decodeKey(label: string, bytes: Der): KeyObject | undefined {
  try {
    return soundKey(createPrivateKey(encodePem(label, decodable(label, bytes))))
  } catch {
    return undefined
  }
}

/** PKCS#1 for RSA and SEC1 for ECDSA, as kubeadm. */
export function encodePrivateKey(key: KeyObject): string {
  const type = key.asymmetricKeyType === 'rsa' ? 'pkcs1' : 'sec1'
  return key.export({ type, format: 'pem' }) as string
}

/** SubjectPublicKeyInfo, as PEM. */
export function encodePublicKey(key: PrivateKey): string {
  return encodePem('PUBLIC KEY', publicKeyInfo(key))
}

/** One of the public keys of the text, of several that tokens are checked with, is this key's. */
export function holdsPublicKeyOf(text: string, key: PrivateKey): boolean {
  const own = createPublicKey(key.key)
  return parsePem(text).some(({ label, bytes }) => bytes && isPublicKey(encodePem(label, bytes), own))
}

/** PKIX, PKCS#1 or a certificate: what Kubernetes takes. */
function isPublicKey(pem: string, key: KeyObject): boolean {
  try {
    return isSameKey(createPublicKey(pem), key)
  } catch {
    return false
  }
}

const generate = promisify(generateKeyPair) as (
  type: string,
  options: object,
) => Promise<{ privateKey: KeyObject }>

export async function generateKey(algorithm: IssuableKeyAlgorithm): Promise<PrivateKey> {
  const { type, ...options } = KEY_ALGORITHMS[algorithm]
  return { key: (await generate(type, options)).privateKey }
}

/** SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7) of the key's public half. */
export function publicKeyInfo(key: PrivateKey | PublicKey): Der {
  if ('publicKeyInfo' in key) return key.publicKeyInfo
  return new Uint8Array(createPublicKey(key.key).export({ type: 'spki', format: 'der' }))
}

/** Over the SubjectPublicKeyInfo, lower-case hexadecimal. */
export function publicKeySha256OfKey(key: PrivateKey): string {
  return createHash('sha256').update(publicKeyInfo(key)).digest('hex')
}

export function isKeyOf(key: PrivateKey | PublicKey, certificate: Certificate): boolean {
  if ('publicKeyInfo' in key) return Buffer.compare(key.publicKeyInfo, publicKeyInfoOf(certificate.der)) === 0
  const certified = publicKeyOf(certificate)
  return certified !== undefined && isSameKey(certified, createPublicKey(key.key))
}

export function algorithmOf(key: PrivateKey): string {
  return keyAlgorithmOf(key.key)
}

/** RSA and ECDSA on the NIST curves: what Kubernetes' own loaders take. Go since 1.24 verifies nothing by a shorter RSA key. */
export function isSigningKey({ key }: PrivateKey): boolean {
  return key.asymmetricKeyType === 'rsa'
    ? (key.asymmetricKeyDetails?.modulusLength ?? 0) >= 1024
    : /^ECDSA-P(256|384|521)$/.test(keyAlgorithmOf(key))
}

/** A key for AES-256, as kubeadm takes it for uploaded certificates: 64 hexadecimal digits. */
export function createCertificateKey(): string {
  return randomBytes(32).toString('hex')
}
