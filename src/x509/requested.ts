/** What a certificate request asks for, in words: for `requests.json`, for people and for comparing. */
import type { Unusable } from '../errors.ts'
import { type CertificateRequest, readCertificateRequest } from './certificate-request.ts'
import { encodePem } from './pem.ts'
import { describeSubjectAltName } from './subject-alt-name.ts'
import { extKeyUsageIn, keyUsageIn } from './usage.ts'

export interface Requested {
  /** RFC 4514, most specific first. */
  readonly subject: string
  /** `DNS:lb.example.com`, `IP:10.0.0.1`. */
  readonly subjectAltNames: readonly string[]
  /** As RFC 5280 calls them. */
  readonly keyUsage: readonly string[]
  /** Of unknown ones the object identifier. */
  readonly extKeyUsage: readonly string[]
  readonly keyAlgorithm: string
  /** Over the SubjectPublicKeyInfo, lower-case hexadecimal. */
  readonly publicKeySha256: string
  /** The request alone, whatever else was in the text. */
  readonly pem: string
}

export function readRequested(text: string): Requested | Unusable {
  const request = readCertificateRequest(text)
  return 'reason' in request ? request : describeRequest(request)
}

function describeRequest(request: CertificateRequest): Requested {
  const { extensions, keyAlgorithm, publicKeySha256, der } = request
  return {
    subject: request.subjectText,
    subjectAltNames: request.subjectAltNames.map(describeSubjectAltName),
    keyUsage: keyUsageIn(extensions) ?? [],
    extKeyUsage: extKeyUsageIn(extensions) ?? [],
    keyAlgorithm,
    publicKeySha256,
    pem: encodePem('CERTIFICATE REQUEST', der),
  }
}
