/**
 * The door to `@peculiar/x509`: reflect-metadata before it, and the one Crypto of the process.
 * Importing this is what makes a run an issuing one.
 */
import 'reflect-metadata'
import type { KeyObject } from 'node:crypto'
import { Crypto } from '@peculiar/webcrypto'
import { cryptoProvider } from '@peculiar/x509'
import { PkiError } from '../errors.ts'
import { keyAlgorithmOf } from './key-algorithm.ts'

export {
  AuthorityKeyIdentifierExtension,
  Extension,
  Name,
  Pkcs10CertificateRequest,
  Pkcs10CertificateRequestGenerator,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from '@peculiar/x509'

export const crypto = new Crypto()
cryptoProvider.set(crypto)

/** The hash Go picks for a signing key: SHA-256, for ECDSA the one as long as the curve. */
const SIGNATURE_ALGORITHMS: Readonly<Record<string, EcdsaParams & Partial<EcKeyImportParams>>> = {
  'ECDSA-P256': { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  'ECDSA-P384': { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' },
  'ECDSA-P521': { name: 'ECDSA', namedCurve: 'P-521', hash: 'SHA-512' },
}
const RSA = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }

export type SigningAlgorithm = typeof RSA | (EcdsaParams & Partial<EcKeyImportParams>)

interface SigningKey {
  readonly algorithm: SigningAlgorithm
  readonly cryptoKey: CryptoKey
}

/** A CA's key is imported once, however much it signs. */
const IMPORTED = new WeakMap<KeyObject, Promise<SigningKey>>()

export function signingKey(key: KeyObject): Promise<SigningKey> {
  const known = IMPORTED.get(key) ?? importSigningKey(key)
  IMPORTED.set(key, known)
  return known
}

/** Of a private key, or of the public half of one that is elsewhere. */
export function signingAlgorithm(key: KeyObject): SigningAlgorithm {
  const algorithm = key.asymmetricKeyType === 'rsa' ? RSA : SIGNATURE_ALGORITHMS[keyAlgorithmOf(key)]
  if (!algorithm) throw new PkiError('KEY_UNSUPPORTED', `cannot sign with a ${keyAlgorithmOf(key)} key`)
  return algorithm
}

/** WebCrypto imports PKCS#8 only; node:crypto bridges from what kubeadm writes. */
async function importSigningKey(key: KeyObject): Promise<SigningKey> {
  const algorithm = signingAlgorithm(key)
  const pkcs8 = key.export({ type: 'pkcs8', format: 'der' })
  const cryptoKey = await crypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign'])
  return { algorithm, cryptoKey }
}
