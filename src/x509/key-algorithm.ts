import type { KeyObject } from 'node:crypto'

/** How `node:crypto` makes a key of each algorithm; the names are kubeadm's `encryptionAlgorithm`, P-384 since 1.36. */
export const KEY_ALGORITHMS = {
  'RSA-2048': { type: 'rsa', modulusLength: 2048 },
  'RSA-3072': { type: 'rsa', modulusLength: 3072 },
  'RSA-4096': { type: 'rsa', modulusLength: 4096 },
  'ECDSA-P256': { type: 'ec', namedCurve: 'P-256' },
  'ECDSA-P384': { type: 'ec', namedCurve: 'P-384' },
} as const
export type IssuableKeyAlgorithm = keyof typeof KEY_ALGORITHMS

/** Any algorithm found on disk: one of `KEY_ALGORITHMS`, or another such as `RSA-1024` or `Ed25519`. */
export type KeyAlgorithm = IssuableKeyAlgorithm | (string & {})

const CURVES: Readonly<Record<string, string>> = { prime256v1: 'P256', secp384r1: 'P384', secp521r1: 'P521' }

export function keyAlgorithmOf(key: KeyObject): KeyAlgorithm {
  const { modulusLength, namedCurve = '' } = key.asymmetricKeyDetails ?? {}
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return `RSA-${modulusLength}`
    case 'ec':
      return `ECDSA-${CURVES[namedCurve] ?? namedCurve}`
    case 'ed25519':
      return 'Ed25519'
    default:
      return key.asymmetricKeyType ?? 'unknown'
  }
}

export function isIssuable(algorithm: string): algorithm is IssuableKeyAlgorithm {
  return Object.hasOwn(KEY_ALGORITHMS, algorithm)
}

/** What nobody should be given a certificate for, in words: short RSA keys, and kinds that Go's TLS does not take. */
export function weaknessOf(algorithm: KeyAlgorithm): string | undefined {
  const [, bits] = /^RSA-(\d+)$/.exec(algorithm) ?? []
  if (bits !== undefined)
    return Number(bits) < 2048 ? `an RSA key of ${bits} bits: at least 2048 are wanted` : undefined
  return /^(ECDSA-P(256|384|521)|Ed25519)$/.test(algorithm)
    ? undefined
    : `a key of ${algorithm === 'unknown' ? 'an unknown kind' : `the kind ${algorithm}`}: RSA, ECDSA on P-256, P-384 or P-521, and Ed25519 are what Kubernetes can use`
}

/** Node compares keys of two kinds too, and leaves an error behind that the next export of an EC key ends with. */
export function isSameKey(one: KeyObject, other: KeyObject): boolean {
  return one.asymmetricKeyType === other.asymmetricKeyType && one.equals(other)
}
