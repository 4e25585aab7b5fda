/** What Go's crypto/x509, and so every component of Kubernetes, cannot verify or refuses to read, though OpenSSL does. */
import { type Der, elementsOf, extensionsIn, leadingOid, TAG } from './der.ts'
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

/** The first one of a certificate that makes Go refuse all of it, in words. */
export function unusableExtension(certificateDer: Der): string | undefined {
  const seen = new Set<string>()
  for (const extension of extensionsIn(certificateDer)) {
    const oid = leadingOid(extension)
    if (seen.has(oid)) return `the extension ${oid} twice`
    seen.add(oid)
    const [, critical] = elementsOf(extension)
    const isCritical = critical?.[0] === TAG.boolean && critical.at(-1) !== 0
    if (isCritical && !KNOWN_EXTENSIONS.has(oid)) return `the critical extension ${oid}, which nobody knows`
  }
  return undefined
}
