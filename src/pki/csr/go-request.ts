/** Of requests and certificates that OpenSSL reads, those that Go, and so the API server, does not. */
import { messageOf } from '../../errors.ts'
import { parseCertificate } from '../../x509/certificate.ts'
import type { CertificateRequest } from '../../x509/certificate-request.ts'
import type { Der } from '../../x509/der.ts'

/** Go knows no other named curves, and none by its numbers. */
const CURVES = /^ECDSA-(P256|P384|P521|secp224r1)$/

/** In words. */
export function unsupportedInGo({
  keyAlgorithm,
  signature,
  subjectAltNames,
}: CertificateRequest): string | undefined {
  if (keyAlgorithm.startsWith('ECDSA-') && !CURVES.test(keyAlgorithm))
    return `an ${keyAlgorithm} key, which Go does not read`
  if (signature.hash === 'MD5' || signature.scheme === 'unknown')
    return `signed with ${signature.hash}, which Go does not verify`
  const isAddress = (der: Der) => (der[0] as number) === 0x87
  return subjectAltNames.some(({ type, der }) => type === 'other' && isAddress(der))
    ? 'an IP address of neither 4 nor 16 bytes'
    : undefined
}

export function unreadableInGo(der: Der): string | undefined {
  try {
    parseCertificate(der)
    return undefined
  } catch (error) {
    return messageOf(error).replace(/^error:/, '')
  }
}
