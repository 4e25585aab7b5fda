/** What a signer that has the CA's key is given, and whether what it answers is the signature. */
import { type KeyObject, verify } from 'node:crypto'
import { type Der, firstElement, TAG } from './der.ts'
import { digestInfoOf, digestOf, type SignatureAlgorithm } from './signature.ts'

/** `digest`: the hash's bytes. `digestinfo`: for RSA around it DigestInfo, as PKCS#1 v1.5 pads it. `tbs`: all that is to be hashed and signed. */
export const SIGNER_INPUTS = ['digest', 'digestinfo', 'tbs'] as const
export type SignerInput = (typeof SIGNER_INPUTS)[number]

export function signerInput(
  form: SignerInput,
  { hash, scheme }: SignatureAlgorithm,
  signed: Der,
): Uint8Array {
  if (form === 'tbs') return signed
  const digest = digestOf(hash, signed)
  return form === 'digestinfo' && scheme === 'RSA' ? digestInfoOf(hash, digest) : digest
}

export interface SignatureWanted {
  /** The CA's public key. */
  readonly key: KeyObject
  readonly algorithm: SignatureAlgorithm
  readonly signed: Der
}

export type CheckedSignature =
  | { readonly signature: Der }
  | { readonly found: string; readonly hint?: string | undefined }

/** PKCS#1 v1.5 as long as the modulus; of ECDSA r and s in DER. */
export function checkedSignature({ key, algorithm, signed }: SignatureWanted, answer: Der): CheckedSignature {
  if (answer.length === 0) return { found: 'wrote nothing: wanted a signature on its standard output' }
  const isRsa = algorithm.scheme === 'RSA'
  const length = Math.ceil((key.asymmetricKeyDetails?.modulusLength ?? 0) / 8)
  if (isRsa && answer.length !== length) {
    return {
      found: `wrote ${answer.length} bytes: wanted an RSA signature of ${length}, without any encoding`,
      hint: RAW,
    }
  }
  if (!isRsa && !isOneElement(answer)) {
    return { found: `wrote ${answer.length} bytes that are no ECDSA signature in DER`, hint: IN_DER }
  }
  const isRight = verify(algorithm.hash.replace('-', ''), signed, key, answer)
  return isRight
    ? { signature: answer }
    : {
        found: "answered with a signature that is not by the CA's key, or not over what it was given",
        hint: RIGHT_KEY,
      }
}

function isOneElement(bytes: Der): boolean {
  try {
    return bytes[0] === TAG.sequence && firstElement(bytes).length === bytes.length
  } catch {
    return false
  }
}

const RAW = 'bytes, no base64 and no text: what a tool encodes has to be decoded, in a script of two lines'
const IN_DER = 'of pkcs11-tool: --signature-format openssl'
const RIGHT_KEY =
  'compare the public keys; and what it hashes itself: --signer-input is digest by default, digestinfo for PKCS#11 RSA-PKCS, tbs for who hashes by himself'
