/** By which rules a request of a cluster is judged, and what they say of it. */
import type { CertificateSigningRequest } from '../kubernetes/certificate-signing-request.ts'
import { partFor } from '../pki/csr/approval.ts'
import type { JudgedRequest } from '../pki/csr/decision.ts'
import { factsOf } from '../pki/csr/facts.ts'
import type { Fleet } from '../pki/csr/fleet.ts'
import { POLICIES, type Policy } from '../pki/csr/policy.ts'
import type { CsrFacts, CsrPeer, CsrVerdict } from '../pki/csr/rule.ts'
import { judge, judgeBare, judgeUnnamed } from '../pki/csr/verdict.ts'
import type { Certificate } from '../x509/certificate.ts'

export interface Bench {
  readonly now: Date
  /** Undefined: the usual one of the request's signer. */
  readonly policy?: Policy | undefined
  readonly fleet: Fleet
  readonly peers: readonly CsrPeer[]
  /** CAs whose key no request may have. */
  readonly authorities?: readonly Certificate[]
}

/** Where there is no policy for a signer, there are the rules of the API server and of the signer, and what holds for every client. */
export function judgeRequest(csr: CertificateSigningRequest, bench: Bench): JudgedRequest {
  return judged(csr, bench, judgeBare)
}

/** Of a list: what no policy is for, somebody has to approve by name. */
export function judgeListed(csr: CertificateSigningRequest, bench: Bench): JudgedRequest {
  return judged(csr, bench, judgeUnnamed)
}

function judged(
  csr: CertificateSigningRequest,
  { now, policy = usualFor(csr), fleet, peers, authorities = [] }: Bench,
  otherwise: (facts: CsrFacts) => CsrVerdict,
): JudgedRequest {
  const facts = factsOf(csr, { ...fleet, now, all: peers, authorities })
  const verdict = policy ? judge(facts, policy) : otherwise(facts)
  return { facts, verdict, policyName: policy?.name }
}

function usualFor({ spec }: CertificateSigningRequest): Policy | undefined {
  const { kubelet } = POLICIES
  return kubelet && partFor(kubelet, spec.signerName) && kubelet
}

/** Whether Node objects say anything about it. */
export function asksForNodes(csr: CertificateSigningRequest): boolean {
  return usualFor(csr) !== undefined
}
