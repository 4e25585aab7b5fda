/** Which rules of a policy are for a request, and what they find in it. */
import {
  type CertificateSigningRequest,
  conditionOf,
  stateOf,
} from '../../kubernetes/certificate-signing-request.ts'
import { type Judged, resultOf } from './judged.ts'
import { levelOf, type Policy, type PolicyPart, RULES } from './policy.ts'
import type { CsrFacts, RuleResult } from './rule.ts'
import { quoted } from './words.ts'

const broken = (code: string, reason: string): RuleResult => ({ code, level: 'must', ok: false, reason })

/** Why a policy has nothing to say of a request. */
export function notConcerned(csr: CertificateSigningRequest, policy: Policy): RuleResult | undefined {
  const { signerName } = csr.spec
  const signers = policy.parts.map(part => part.signerName)
  return signers.includes(signerName)
    ? notPending(csr)
    : broken(
        'POLICY_SIGNER',
        `for ${quoted(signerName)}: the policy ${policy.name} is for ${signers.join(' and ')}`,
      )
}

export function notPending(csr: CertificateSigningRequest): RuleResult | undefined {
  const state = stateOf(csr)
  return state === 'pending' ? undefined : broken('PENDING', `${state} already${reasonOf(csr)}`)
}

/** Where none is for its signer. */
export const NO_POLICY = broken(
  'POLICY_SIGNER',
  'no policy is for its signer: whoever approves it by name decides',
)

function reasonOf(csr: CertificateSigningRequest): string {
  const condition = conditionOf(csr, 'Denied') ?? conditionOf(csr, 'Failed') ?? conditionOf(csr, 'Approved')
  return condition?.reason ? ` (${quoted(condition.reason)})` : ''
}

export function partFor(policy: Policy, signerName: string): PolicyPart | undefined {
  return policy.parts.find(part => part.signerName === signerName)
}

export function policyResults(facts: CsrFacts, part: PolicyPart): Judged[] {
  return RULES.flatMap(rule =>
    resultOf(rule, facts, { level: levelOf(part, rule), parameters: part.parameters }),
  )
}
