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

/** Why a policy has nothing to say of a request. */
export function notConcerned(csr: CertificateSigningRequest, policy: Policy): RuleResult | undefined {
  const { signerName } = csr.spec
  const result = (code: string, reason: string): RuleResult => ({ code, level: 'must', ok: false, reason })
  const signers = policy.parts.map(part => part.signerName)
  if (!signers.includes(signerName))
    return result(
      'POLICY_SIGNER',
      `for ${quoted(signerName)}: the policy ${policy.name} is for ${signers.join(' and ')}`,
    )
  const state = stateOf(csr)
  return state === 'pending' ? undefined : result('PENDING', `${state} already${reasonOf(csr)}`)
}

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
