/** The kube-controller-manager's signer, by a CA on this disk or a program that has its key. */
import type { CertificateSigningRequest } from '../kubernetes/certificate-signing-request.ts'
import { withCertificate, withCondition } from '../kubernetes/signing-request-object.ts'
import type { Mapping } from '../kubernetes/yaml.ts'
import { type IssuanceStep, type Issuing, planIssuance } from '../pki/csr/issuance.ts'
import { verifyIssued } from '../pki/issued.ts'
import type { SigningAuthority } from '../pki/signing-authority.ts'
import { type Certificate, encodeCertificates } from '../x509/certificate.ts'

export const FAILURE_REASON = 'SignerValidationFailure'

export interface SigningTerms {
  readonly signerNames: readonly string[]
  /** Milliseconds. */
  readonly duration: number
  readonly now: Date
  /** Throws when what is to be signed has nowhere to go. */
  readonly checkTargets?: (names: readonly string[]) => void
}

export type SignedOutcome = 'signed' | 'failed' | 'left'

export interface SignedRequest {
  readonly name: string
  readonly outcome: SignedOutcome
  /** Why not, or what became of it otherwise than asked. */
  readonly messages: readonly string[]
  /** Left alone, and nothing is wrong with that. */
  readonly isHarmless?: boolean
  /** Left alone, and neither the request nor the terms are why: it could not be done. */
  readonly isTrouble?: boolean
  /** As it is to be afterwards; of what is left as it was. */
  readonly object: Mapping
  /** PEM: the leaf, and behind it what stands between it and its root. */
  readonly certificate?: string
  readonly leaf?: Certificate
}

export async function signSigningRequest(
  csr: CertificateSigningRequest,
  authority: SigningAuthority,
  options: SigningTerms,
): Promise<SignedRequest> {
  const step = planIssuance(csr, { ...options, signer: authority.signer.certificate })
  if (step.action === 'sign') return issue({ ...step, csr }, authority)
  return unsigned(step, options.now)
}

/** Those that will be signed, by name, before any is. */
export function namesToSign(
  requests: readonly CertificateSigningRequest[],
  { signer }: SigningAuthority,
  terms: SigningTerms,
): string[] {
  const steps = requests.map(csr => planIssuance(csr, { ...terms, signer: signer.certificate }))
  return steps.flatMap(({ csr, action }) => (action === 'sign' ? csr.name : []))
}

/** One after the other: a device signs one at a time. */
export async function signAll(
  requests: readonly CertificateSigningRequest[],
  authority: SigningAuthority,
  terms: SigningTerms,
): Promise<SignedRequest[]> {
  terms.checkTargets?.(namesToSign(requests, authority, terms))
  const signed: SignedRequest[] = []
  for (const csr of requests) signed.push(await signSigningRequest(csr, authority, terms))
  return signed
}

function unsigned(step: Exclude<IssuanceStep, { action: 'sign' }>, now: Date): SignedRequest {
  const { csr, message } = step
  const { name, object } = csr
  if (step.action === 'leave')
    return { name, outcome: 'left', messages: [message], object, isHarmless: step.code === 'ISSUED' }
  const failed = withCondition(object, { type: 'Failed', reason: FAILURE_REASON, message, now })
  return { name, outcome: 'failed', messages: [message], object: failed }
}

async function issue(
  { csr, request, subject, extensions, notBefore, notAfter, warnings }: IssuanceStep & Issuing,
  { signer, intermediates }: SigningAuthority,
): Promise<SignedRequest> {
  const { issueCertificate } = await import('../x509/issue.ts')
  const planned = { name: csr.name, subject, extensions, notBefore, notAfter }
  const key = { publicKeyInfo: request.publicKeyInfo }
  const leaf = await issueCertificate({ ...planned, key, authority: signer })
  verifyIssued({ ...planned, signer: signer.certificate }, { certificate: leaf, key })
  const certificate = encodeCertificates([leaf, ...intermediates])
  const object = withCertificate(csr.object, certificate)
  return { name: csr.name, outcome: 'signed', messages: warnings, object, certificate, leaf }
}
