/** Of requests and certificates that OpenSSL reads, those that Go, and so the API server, does not. */
import { messageOf } from '../../errors.ts'
import { unsupportedSignature } from '../../x509/acceptance.ts'
import { parseCertificate } from '../../x509/certificate.ts'
import type { CertificateRequest } from '../../x509/certificate-request.ts'
import { type Der, firstElement } from '../../x509/der.ts'
import { formFlaw } from '../../x509/request-form.ts'
import { quoted } from './words.ts'

/** Go knows no other kinds and named curves, and no curve by its numbers. */
const KEYS = /^(RSA-\d+|Ed25519|ECDSA-(P256|P384|P521|secp224r1))$/

/** SHA-1 is still verified in a request. */
const HASHES: ReadonlySet<string> = new Set(['SHA-1', 'SHA-256', 'SHA-384', 'SHA-512'])

const IP_ADDRESS = 0x87

/** In words. */
export function unsupportedInGo(request: CertificateRequest): string | undefined {
  const flaw = formFlaw(request)
  if (flaw !== undefined) return `${flaw}: Go does not read it`
  const { keyAlgorithm, keyFlaw, signature, subjectAltNames } = request
  if (!KEYS.test(keyAlgorithm)) return `a key of the kind ${keyAlgorithm}, which Go cannot use`
  if (keyFlaw !== undefined) return `${keyFlaw}, which Go does not read`
  const { hash, scheme } = signature
  const isVerified = HASHES.has(hash) && scheme !== 'unknown'
  if (!isVerified) return `signed with ${quoted(hash)}, which Go does not verify`
  const pss = scheme === 'RSA-PSS' ? unsupportedSignature(signature) : undefined
  if (pss !== undefined) return `signed with ${pss}, which Go does not verify`
  return subjectAltNames.some(({ type, der }) => type === 'other' && der[0] === IP_ADDRESS)
    ? 'an IP address of neither 4 nor 16 bytes'
    : undefined
}

/** One certificate or more, one right behind another. */
export function unreadableInGo(der: Der): string | undefined {
  try {
    let rest = der
    do {
      const first = firstElement(rest)
      parseCertificate(first)
      rest = rest.subarray(first.length)
    } while (rest.length > 0)
    return undefined
  } catch (error) {
    return messageOf(error).replace(/^error:/, '')
  }
}
