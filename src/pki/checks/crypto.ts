/** Algorithms and extensions: what Go's crypto/x509 refuses, and what nobody should rely on. */
import { impactOf, SERVING } from '../../inventory/names.ts'
import { humanDuration } from '../../kubernetes/duration.ts'
import { unsupportedSignature, unusableExtension } from '../../x509/acceptance.ts'
import { type Certificate, publicKeySha256Of, signatureOf } from '../../x509/certificate.ts'
import { tbsPartsOf } from '../../x509/der.ts'
import { isIssuable } from '../../x509/key-algorithm.ts'
import { isCaIn, keyUsageOf } from '../../x509/usage.ts'
import type { Evidence } from '../evidence.ts'
import { instant } from '../instant.ts'
import type { Check, Observation } from './check.ts'
import { makingOf, renewalOf } from './repairs.ts'
import {
  authoritiesOf,
  each,
  leavesOf,
  observe,
  pathOf,
  type Subject,
  signedLeavesOf,
  subjectsOf,
} from './subjects.ts'

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
    find: each(subjectsOf, (subject, evidence) => {
      const bitsOf = ({ keyAlgorithm }: Certificate) =>
        Number(/^RSA-(\d+)$/.exec(keyAlgorithm)?.[1] ?? Number.POSITIVE_INFINITY)
      const weak = inUse(subject, evidence).find(one => bitsOf(one) < 2048)
      if (!weak) return undefined
      return {
        severity: bitsOf(weak) < 1024 ? 'error' : 'warning',
        expected: 'an RSA key of 2048 bits or more',
        found: `RSA, ${bitsOf(weak)} bits${of(weak, subject)}`,
        ...(bitsOf(weak) >= 1024 && {
          impact: 'such a key can be broken; OpenSSL refuses it at its usual level',
        }),
      }
    }),
  },
  {
    code: 'KEY_UNSUPPORTED',
    ...crypto,
    severity: 'error',
    title: "a key is of a kind that Kubernetes' own loaders do not take",
    remedy: REPLACE,
    find: each(subjectsOf, (subject, evidence) => {
      const odd = inUse(subject, evidence).find(({ keyAlgorithm }) => !isOfKubernetes(keyAlgorithm))
      if (!odd) return undefined
      const isEdwards = odd.keyAlgorithm === 'Ed25519'
      const { entry } = subject
      return {
        severity: isEdwards ? 'warning' : 'error',
        expected: 'RSA, or ECDSA on P-256, P-384 or P-521',
        found: `${odd.keyAlgorithm}${of(odd, subject)}`,
        ...(isEdwards && { impact: 'servers take it, kubeadm and the controller manager do not' }),
        ...(odd === subject.leaf &&
          entry.kind !== 'ca' && { remedy: renewalOf(evidence, entry, algorithmFlag(evidence, entry)) }),
      }
    }),
  },
  {
    code: 'SIGNATURE_WEAK',
    ...crypto,
    severity: 'error',
    title: 'a certificate is signed with MD5 or SHA-1',
    remedy: REPLACE,
    find: each(subjectsOf, (subject, evidence) => {
      const weak = inUse(subject, evidence).find(one => WEAK_HASHES.has(signatureOf(one).hash))
      if (!weak) return undefined
      const isTrusted = subject.entry.kind === 'ca'
      return {
        ...(isTrusted && { severity: 'info', impact: "nobody verifies a trusted CA's own signature" }),
        expected: 'SHA-256 or better',
        found: `${signatureOf(weak).hash}${of(weak, subject)}`,
      }
    }),
  },
  {
    code: 'SIGNATURE_UNSUPPORTED',
    ...crypto,
    severity: 'error',
    title: 'a certificate is signed in a way that Go does not verify',
    remedy: REPLACE,
    find: each(signedLeavesOf, (subject, evidence) => {
      const problems = inUse(subject, evidence).flatMap(one => {
        const signature = signatureOf(one)
        const found = WEAK_HASHES.has(signature.hash) ? undefined : unsupportedSignature(signature)
        return found === undefined ? [] : [`${found}${of(one, subject)}`]
      })
      return problems[0] === undefined
        ? undefined
        : { expected: 'RSA, ECDSA or Ed25519 with SHA-2', found: problems[0] }
    }),
  },
  {
    code: 'EXTENSION_REFUSED',
    ...crypto,
    severity: 'error',
    title: 'an extension makes Go refuse the certificate',
    remedy: REPLACE,
    find: each(subjectsOf, (subject, evidence) => {
      const problems = inUse(subject, evidence).flatMap(one => {
        const found = unusableExtension(one.der)
        return found === undefined ? [] : [`${found}${of(one, subject)}`]
      })
      return problems[0] === undefined
        ? undefined
        : { expected: 'extensions that Kubernetes knows', found: problems[0] }
    }),
  },
  {
    code: 'NO_SUBJECT_ALT_NAME',
    ...crypto,
    severity: 'error',
    title: 'a serving certificate has its name in the CN alone',
    remedy: 'init phase certs NAME: names as the cluster has them',
    find: each(leavesOf, ({ name, leaf, entry }, evidence) =>
      SERVING.has(name) && leaf.subjectAltName.length === 0
        ? {
            expected: 'DNS names and IP addresses in subjectAltName',
            found: `none; subject ${leaf.subject}`,
            impact: `Go takes no name from a CN: ${impactOf(name)}`,
            remedy: makingOf(evidence, entry),
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
    find: each(signedLeavesOf, ({ leaf, entry }) => {
      if (!isCaIn(tbsPartsOf(leaf.der).extensions)) return undefined
      const canSign = keyUsageOf(leaf)?.includes('keyCertSign') ?? true
      const users = entry.caName === 'etcd-ca' ? 'any user of etcd' : 'any user'
      return {
        ...(!canSign && { severity: 'warning' }),
        expected: 'CA:FALSE, or no basicConstraints',
        found: canSign ? 'CA:TRUE' : 'CA:TRUE, though without keyUsage keyCertSign',
        impact: canSign
          ? `whoever has its key makes certificates for ${users}`
          : 'verifiers that leave the key usage out take it for a CA',
      }
    }),
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
    find: each(leavesOf, ({ leaf, entry }, evidence) => {
      const { now, maxValidity = LONGEST_VALIDITY } = evidence
      if (leaf.notAfter.getTime() - now.getTime() <= maxValidity) return undefined
      const flag = maxValidity < LONGEST_VALIDITY ? ` --validity ${Math.floor(maxValidity / 1000)}s` : ''
      return {
        expected: `an end within ${humanDuration(maxValidity / 1000)}`,
        found: `valid until ${instant(leaf.notAfter)}`,
        impact: 'a stolen key works until then: Kubernetes has no revocation',
        remedy: renewalOf(evidence, entry, flag),
      }
    }),
  },
]

const WEAK_HASHES: ReadonlySet<string> = new Set(['MD2', 'MD5', 'SHA-1'])

/** What verifiers go through: of a leaf also the intermediates behind it, not what else its file holds. */
function inUse(subject: Subject, evidence: Evidence): readonly Certificate[] {
  const { leaf, rest, entry } = subject
  if (entry.kind === 'ca') return [leaf]
  const path = entry.caName === undefined ? [] : pathOf(evidence, subject)
  return [leaf, ...rest.filter(one => path.includes(one))]
}

function of(certificate: Certificate, { leaf }: Subject): string {
  return certificate === leaf ? '' : ` of ${certificate.subject}, behind it`
}

function isOfKubernetes(keyAlgorithm: string): boolean {
  return keyAlgorithm.startsWith('RSA-') || /^ECDSA-P(256|384|521)$/.test(keyAlgorithm)
}

/** As its CA has it, where that can be made. */
function algorithmFlag(evidence: Evidence, { caName }: Subject['entry']): string {
  const authority = authoritiesOf(evidence).find(({ name }) => name === caName)
  const wanted =
    authority && isIssuable(authority.leaf.keyAlgorithm) ? authority.leaf.keyAlgorithm : 'RSA-2048'
  return ` --encryption-algorithm ${wanted}`
}

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
    return observe(evidence, subject, {
      expected: `${wanted}, as its CA`,
      found,
      impact: 'none: every client and server takes both',
      remedy: isIssuable(wanted)
        ? renewalOf(evidence, subject.entry, ` --encryption-algorithm ${wanted}`)
        : 'none needed',
    })
  })
}
