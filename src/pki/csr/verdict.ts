/** What becomes of a request by a policy, or where there is none for its signer. */
import { API_RULES } from './api-rules.ts'
import { NO_POLICY, notConcerned, notPending, partFor, policyResults } from './approval.ts'
import { CLIENT_RULES } from './client-rules.ts'
import { fixedResults, outcomeOf } from './judged.ts'
import { type Policy, RULES } from './policy.ts'
import { FORM_RULES } from './policy-rules-form.ts'
import type { CsrFacts, CsrVerdict, RuleResult } from './rule.ts'
import { SIGNER_RULES } from './signer-rules.ts'

const DENYING: ReadonlySet<string> = new Set(
  [...API_RULES, ...SIGNER_RULES, ...CLIENT_RULES, ...RULES].flatMap(({ code, onFailure }) =>
    onFailure === 'deny' ? code : [],
  ),
)

/** The must-rules that fail; what is dangerous before what may pass. */
export function brokenRules({ rules }: CsrVerdict): readonly RuleResult[] {
  const broken = rules.filter(({ ok, level }) => !ok && level === 'must')
  return broken.toSorted((a, b) => Number(DENYING.has(b.code)) - Number(DENYING.has(a.code)))
}

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

/** The same of a request that nobody has named: it may be denied, and is never approved. */
export function judgeUnnamed(facts: CsrFacts): CsrVerdict {
  const settled = notPending(facts.csr)
  if (settled) return { name: facts.csr.name, outcome: 'leave', rules: [settled] }
  const verdict = judgeBare(facts)
  return verdict.outcome === 'approve'
    ? { ...verdict, outcome: 'leave', rules: [NO_POLICY, ...verdict.rules] }
    : verdict
}
