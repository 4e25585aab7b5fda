/** Why a signer of Kubernetes' own would not sign a request. Nothing is said of other signers. Pure. */
import type { CsrFacts, RuleResult } from './rule.ts'
import { SIGNER_RULES } from './signer-rules.ts'

export function signerFlaws(facts: CsrFacts): RuleResult[] {
  return SIGNER_RULES.flatMap(({ code, look }) => {
    const finding = look(facts, undefined)
    return finding && !finding.ok ? [{ code, level: 'must' as const, ...finding }] : []
  })
}
