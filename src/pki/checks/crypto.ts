/** Algorithms, serial numbers and extensions: what Go's crypto/x509 refuses, and what nobody should rely on. */
import { SERVING } from '../../inventory/names.ts'
import { humanDuration } from '../../kubernetes/duration.ts'
import { unsupportedSignature, unusableExtension } from '../../x509/acceptance.ts'
import { isSignedBy, publicKeySha256Of, signatureOf } from '../../x509/certificate.ts'
import { tbsPartsOf } from '../../x509/der.ts'
import { weaknessOf } from '../../x509/key-algorithm.ts'
import { isCaIn } from '../../x509/usage.ts'
import type { Evidence } from '../evidence.ts'
import { instant } from '../instant.ts'
import type { Check, Observation } from './check.ts'
import { authoritiesOf, each, leavesOf, observe, ofCa, signedLeavesOf, subjectsOf } from './subjects.ts'

const DAY = 86_400_000
/** Nobody notices what ends later. */
const LONGEST_VALIDITY = 3653 * DAY

const crypto = { group: 'crypto', needs: ['certificates'] } as const
const REPLACE = 'certs renew NAME; a CA: replace it'

export const CRYPTO_CHECKS: readonly Check[] = [
  {
    code: 'KEY_WEAK',
    ...crypto,
    severity: 'error',
    title: 'a key is an RSA key of less than 2048 bits',
    remedy: REPLACE,
    find: each(subjectsOf, ({ leaf, entry }) => {
      const bits = Number(/^RSA-(\d+)$/.exec(leaf.keyAlgorithm)?.[1] ?? Number.POSITIVE_INFINITY)
      if (bits >= 2048) return undefined
      const severity = bits < 1024 ? 'error' : 'warning'
      return {
        severity,
        expected: 'an RSA key of 2048 bits or more',
        found: `RSA, ${bits} bits`,
        ...ofCa(entry),
      }
    }),
  },
  {
    code: 'KEY_UNSUPPORTED',
    ...crypto,
    severity: 'error',
    title: "a key is of a kind that Kubernetes' own loaders do not take",
    remedy: REPLACE,
    find: each(subjectsOf, ({ leaf: { keyAlgorithm }, entry }) => {
      const isEdwards = keyAlgorithm === 'Ed25519'
      if (keyAlgorithm.startsWith('RSA-') || (!isEdwards && weaknessOf(keyAlgorithm) === undefined))
        return undefined
      return {
        severity: isEdwards ? 'warning' : 'error',
        expected: 'RSA, or ECDSA on P-256, P-384 or P-521',
        found: keyAlgorithm,
        ...(isEdwards && { impact: 'servers take it, kubeadm and the controller manager do not' }),
        ...ofCa(entry),
      }
    }),
  },
  {
    code: 'SIGNATURE_WEAK',
    ...crypto,
    severity: 'error',
    title: 'a certificate is signed with MD5 or SHA-1',
    remedy: REPLACE,
    find: each(subjectsOf, ({ leaf, entry }) => {
      const { hash } = signatureOf(leaf)
      if (!WEAK_HASHES.has(hash)) return undefined
      const isSelfSigned = entry.kind === 'ca' && isSignedBy(leaf, leaf)
      return {
        ...(isSelfSigned && { severity: 'info', impact: "nobody verifies a CA's signature of itself" }),
        expected: 'SHA-256 or better',
        found: hash,
        ...ofCa(entry),
      }
    }),
  },
  {
    code: 'SIGNATURE_UNSUPPORTED',
    ...crypto,
    severity: 'error',
    title: 'a certificate is signed in a way that Go does not verify',
    remedy: REPLACE,
    find: each(signedLeavesOf, ({ leaf, entry }) => {
      const signature = signatureOf(leaf)
      const found = WEAK_HASHES.has(signature.hash) ? undefined : unsupportedSignature(signature)
      return found === undefined
        ? undefined
        : { expected: 'RSA, ECDSA or Ed25519 with SHA-2', found, ...ofCa(entry) }
    }),
  },
  {
    code: 'EXTENSION_REFUSED',
    ...crypto,
    severity: 'error',
    title: 'an extension makes Go refuse the certificate',
    remedy: REPLACE,
    find: each(subjectsOf, ({ leaf, entry }) => {
      const found = unusableExtension(leaf.der)
      return found === undefined
        ? undefined
        : { expected: 'extensions that Kubernetes knows', found, ...ofCa(entry) }
    }),
  },
  {
    code: 'NO_SUBJECT_ALT_NAME',
    ...crypto,
    severity: 'error',
    title: 'a serving certificate has its name in the CN alone',
    remedy: 'certs renew NAME --sans-from-config, or --add-san',
    find: each(leavesOf, ({ name, leaf }, { snapshot }) =>
      SERVING.has(name) && leaf.subjectAltName.length === 0
        ? {
            expected: 'DNS names and IP addresses in subjectAltName',
            found: `none; subject ${leaf.subject}`,
            remedy: `kubepki certs renew ${name} --sans-from-config --config kubeadm.yaml${snapshot.commandFlags}`,
          }
        : undefined,
    ),
  },
  {
    code: 'LEAF_IS_CA',
    ...crypto,
    severity: 'error',
    title: 'a certificate that is to serve or sign in is a CA',
    remedy: 'certs renew NAME, and find out who signed it',
    find: each(signedLeavesOf, ({ leaf, entry }) =>
      isCaIn(tbsPartsOf(leaf.der).extensions)
        ? {
            expected: 'CA:FALSE, or no basicConstraints',
            found: 'CA:TRUE',
            impact: `whoever has its key signs certificates for any user${entry.caName === 'etcd-ca' ? ' of etcd' : ''}`,
          }
        : undefined,
    ),
  },
  {
    code: 'KEY_REUSED',
    ...crypto,
    severity: 'warning',
    title: 'two rows have one key',
    remedy: 'certs renew one of them: it makes a new key',
    find: evidence => sharedKeys(evidence),
  },
  {
    code: 'KEY_ALGORITHM_MIXED',
    ...crypto,
    severity: 'info',
    title: "a key is of another kind than its CA's",
    remedy: 'none needed; certs renew NAME --encryption-algorithm A aligns it',
    find: evidence => mixedAlgorithms(evidence),
  },
  {
    code: 'VALIDITY_TOO_LONG',
    ...crypto,
    severity: 'warning',
    title: 'a certificate, CAs aside, stays valid for longer than --max-validity, or ten years',
    remedy: 'certs renew NAME --validity D',
    find: each(leavesOf, ({ leaf }, { now, maxValidity = LONGEST_VALIDITY }) => {
      const left = leaf.notAfter.getTime() - now.getTime()
      if (left <= maxValidity) return undefined
      return {
        expected: `an end within ${humanDuration(maxValidity / 1000)}`,
        found: `valid until ${instant(leaf.notAfter)}`,
        impact: 'a stolen key works until then: Kubernetes has no revocation',
      }
    }),
  },
]

const WEAK_HASHES: ReadonlySet<string> = new Set(['MD2', 'MD5', 'SHA-1'])

/** Not the same file under two names, nor a copy of it. */
function sharedKeys(evidence: Evidence): Observation[] {
  const all = subjectsOf(evidence).filter(({ entry }) => !evidence.copies.includes(entry))
  return all.flatMap((subject, index) => {
    const key = publicKeySha256Of(subject.leaf)
    const twin = all.slice(0, index).find(other => publicKeySha256Of(other.leaf) === key)
    const isOne = twin?.leaf.fingerprintSha256 === subject.leaf.fingerprintSha256
    if (!twin || isOne || (twin.entry.kind === 'ca' && subject.entry.kind === 'ca')) return []
    const ofAuthority = twin.entry.kind === 'ca'
    return observe(evidence, subject, {
      ...(ofAuthority && { severity: 'error' }),
      expected: 'a key of its own',
      found: `the key of ${twin.name}, key ${key.slice(0, 12)}`,
      impact: ofAuthority
        ? "the CA's key is where its process is: whoever reads it signs anything"
        : `whoever has the key of one is the other too`,
    })
  })
}

function mixedAlgorithms(evidence: Evidence): Observation[] {
  const kindOf = (algorithm: string) => algorithm.split('-')[0]
  const authorities = new Map(authoritiesOf(evidence).map(({ name, leaf }) => [name, leaf.keyAlgorithm]))
  return leavesOf(evidence).flatMap(subject => {
    const wanted = authorities.get(subject.entry.caName ?? '')
    const found = subject.leaf.keyAlgorithm
    if (wanted === undefined || kindOf(wanted) === kindOf(found) || evidence.copies.includes(subject.entry))
      return []
    const flags = evidence.snapshot.commandFlags
    return observe(evidence, subject, {
      expected: `${wanted}, as its CA`,
      found,
      impact: 'none: every client and server takes both',
      remedy: `to align it at its next renewal: kubepki certs renew ${subject.name} --encryption-algorithm ${wanted}${flags}`,
    })
  })
}
