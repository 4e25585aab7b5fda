/** PKCS#10 certificate requests (RFC 2986). */
import type { Unusable } from '../errors.ts'
import { REQUESTED_EXTENSIONS, type TbsParts } from './der.ts'
import { type PrivateKey, publicKeyInfo } from './key.ts'
import { encodePem, parsePem } from './pem.ts'
import {
  crypto,
  Extension,
  Name,
  Pkcs10CertificateRequest,
  Pkcs10CertificateRequestGenerator,
  signingKey,
} from './provider.ts'

/** A request, as PEM, for a certificate with this subject and, of these extensions, those that a signer needs to know. */
export async function createRequest({ subject, extensions }: TbsParts, key: PrivateKey): Promise<string> {
  const { cryptoKey, algorithm } = await signingKey(key.key)
  const spki = publicKeyInfo(key)
  const publicKey = await crypto.subtle.importKey('spki', spki, algorithm, true, ['verify'])
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: new Name(subject),
    keys: { privateKey: cryptoKey, publicKey },
    signingAlgorithm: algorithm,
    extensions: REQUESTED_EXTENSIONS.flatMap(oid => extensions.get(oid) ?? []).map(der => new Extension(der)),
  })
  return encodePem('CERTIFICATE REQUEST', new Uint8Array(request.rawData))
}

/** Whether the text is a request made for `key`; otherwise why it is not one. */
export function isRequestFor(text: string, key: PrivateKey): boolean | Unusable {
  const block = parsePem(text).find(({ label }) => label === 'CERTIFICATE REQUEST')
  if (!block?.bytes) return { reason: 'NOT_PEM' }
  try {
    const spki = Buffer.from(new Pkcs10CertificateRequest(block.bytes).publicKey.rawData)
    return spki.equals(publicKeyInfo(key))
  } catch {
    return { reason: 'PEM_MALFORMED' }
  }
}
