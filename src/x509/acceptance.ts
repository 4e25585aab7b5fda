/** What Go's crypto/x509, and so every component of Kubernetes, cannot verify or refuses to read, though OpenSSL does. */
import { contentsOf, type Der, extensionsIn, isVersion3, leadingOid, serialNumberOf } from './der.ts'
import { extensionFlaw, extensionParts } from './extension.ts'
import type { SignatureAlgorithm } from './signature.ts'

/** Bytes that the hash has, which are as many as the salt of RSA-PSS has to have. */
const HASHES: Readonly<Record<string, number>> = { 'SHA-256': 32, 'SHA-384': 48, 'SHA-512': 64 }

/** In words; undefined for what Go verifies. */
export function unsupportedSignature({ hash, scheme, saltLength }: SignatureAlgorithm): string | undefined {
  const length = HASHES[hash]
  const name = scheme === 'unknown' ? hash : `${scheme} with ${hash}`
  if (scheme === 'EdDSA') return hash === 'SHA-512' ? undefined : name
  if (scheme === 'unknown' || length === undefined) return name
  return scheme === 'RSA-PSS' && saltLength !== length
    ? `${name} and a salt of ${saltLength} bytes`
    : undefined
}

/** Key identifiers, usages, names, constraints, policies, where the CRL is. */
const KNOWN_EXTENSIONS = new Set([14, 15, 17, 19, 30, 31, 32, 35, 37].map(last => `2.5.29.${last}`))

/** The first one of a certificate that makes Go refuse all of it, or pass it over, in words. */
export function unusableExtension(certificateDer: Der): string | undefined {
  const extensions = extensionsIn(certificateDer)
  if (extensions.length > 0 && !isVersion3(certificateDer)) return 'extensions in a certificate of version 1'
  const seen = new Set<string>()
  for (const extension of extensions) {
    const oid = leadingOid(extension)
    if (seen.has(oid)) return `the extension ${oid} twice`
    seen.add(oid)
    const flaw = extensionFlaw(extension)
    if (flaw !== undefined) return `the extension ${oid}, ${flaw}`
    if (extensionParts(extension).isCritical && !KNOWN_EXTENSIONS.has(oid))
      return `the critical extension ${oid}, which nobody knows`
  }
  return undefined
}

/** Go since 1.23 reads no certificate with one. */
export function hasNegativeSerialNumber(certificateDer: Der): boolean {
  const [first = 0] = contentsOf(serialNumberOf(certificateDer))
  return first >= 0x80
}
