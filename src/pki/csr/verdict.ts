/** What becomes of a request by a policy, and what would be wrong with it whatever the policy. */
import { API_RULES } from './api-rules.ts'
import { fixedResults, notConcerned, outcomeOf, partFor, policyResults } from './approval.ts'
import { CLIENT_RULES } from './client-rules.ts'
import type { Policy } from './policy.ts'
import { FORM_RULES } from './policy-rules-form.ts'
import type { CsrFacts, CsrVerdict, RuleResult } from './rule.ts'
import { SIGNER_RULES } from './signer-rules.ts'

/** API rules, the signer's rules, the policy's: a reason for each that applies. */
export function judge(facts: CsrFacts, policy: Policy): CsrVerdict {
  const { name } = facts.csr
  const unconcerned = notConcerned(facts.csr, policy)
  const part = partFor(policy, facts.csr.spec.signerName)
  if (unconcerned || !part) return { name, outcome: 'leave', rules: unconcerned ? [unconcerned] : [] }
  const judged = [...fixedResults(facts, [...API_RULES, ...SIGNER_RULES]), ...policyResults(facts, part)]
  return { name, outcome: outcomeOf(judged, policy), rules: judged.map(({ result }) => result) }
}

/** Where there is no policy for a signer: what holds for every request, and for clients of the API server. */
export function judgeBare(facts: CsrFacts): CsrVerdict {
  const judged = fixedResults(facts, [...API_RULES, ...SIGNER_RULES, ...FORM_RULES, ...CLIENT_RULES])
  const outcome = outcomeOf(judged, { neverDeny: false })
  return { name: facts.csr.name, outcome, rules: judged.map(({ result }) => result) }
}

/** Why the API server or a built-in signer would refuse it. Empty: they would not. */
export function offlineFlaws(facts: CsrFacts): readonly RuleResult[] {
  return offlineResults(facts).filter(({ ok }) => !ok)
}

/** Also what is right. */
export function offlineResults(facts: CsrFacts): readonly RuleResult[] {
  return fixedResults(facts, [...API_RULES, ...SIGNER_RULES]).map(({ result }) => result)
}
