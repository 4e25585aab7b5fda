/** From what the rules of a policy find to approve, deny or leave. */
import {
  type CertificateSigningRequest,
  conditionOf,
  stateOf,
} from '../../kubernetes/certificate-signing-request.ts'
import { levelOf, type Policy, type PolicyPart, RULES } from './policy.ts'
import type { PolicyParameters } from './policy-parameters.ts'
import type { CsrFacts, Level, Outcome, Rule, RuleResult } from './rule.ts'
import { quoted } from './words.ts'

/** A result, and what its failure would come to. */
export interface Judged {
  readonly result: RuleResult
  readonly onFailure: 'deny' | 'leave'
}

/** Why a policy has nothing to say of a request. */
export function notConcerned(
  { spec, ...csr }: CertificateSigningRequest,
  policy: Policy,
): RuleResult | undefined {
  const result = (code: string, reason: string): RuleResult => ({ code, level: 'must', ok: false, reason })
  const signers = policy.parts.map(({ signerName }) => signerName)
  if (!signers.includes(spec.signerName))
    return result(
      'POLICY_SIGNER',
      `for ${quoted(spec.signerName)}: the policy ${policy.name} is for ${signers.join(' and ')}`,
    )
  const state = stateOf({ spec, ...csr })
  return state === 'pending'
    ? undefined
    : result('PENDING', `${DECIDED[state]} already${reasonOf({ spec, ...csr })}`)
}

const DECIDED = { approved: 'approved', denied: 'denied', failed: 'failed', issued: 'issued' } as const

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

/** Absent: `must`. */
type FixedRule = Rule & { readonly level?: Level }

/** Of rules that every policy has: the API server and the signer would refuse it anyway. */
export function fixedResults(facts: CsrFacts, rules: readonly FixedRule[]): Judged[] {
  return rules.flatMap(rule => resultOf(rule, facts, { level: rule.level ?? 'must', parameters: undefined }))
}

function resultOf<P extends PolicyParameters | undefined>(
  { code, onFailure, look }: Rule<P>,
  facts: CsrFacts,
  { level, parameters }: { readonly level: Level; readonly parameters: P },
): Judged[] {
  if (level === 'ignore') return []
  const finding = look(facts, parameters)
  return finding ? [{ result: { code, level, ...finding }, onFailure }] : []
}

/** One that is dangerous outweighs all that may pass. */
export function outcomeOf(judged: readonly Judged[], { neverDeny }: Pick<Policy, 'neverDeny'>): Outcome {
  const failed = judged.filter(({ result }) => !result.ok && result.level === 'must')
  if (failed.length === 0) return 'approve'
  return !neverDeny && failed.some(({ onFailure }) => onFailure === 'deny') ? 'deny' : 'leave'
}
