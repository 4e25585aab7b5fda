/** What the API server or a built-in signer would say of a request, before anybody sends it. */
import { API_RULES } from './api-rules.ts'
import { CLIENT_RULES } from './client-rules.ts'
import { fixedResults } from './judged.ts'
import type { CsrFacts, RuleResult } from './rule.ts'
import { SIGNER_RULES } from './signer-rules.ts'

/** Why it would be refused. Empty: it would not. */
export function offlineFlaws(facts: CsrFacts): readonly RuleResult[] {
  return offlineResults(facts).filter(({ ok }) => !ok)
}

/** Why nobody should approve it, though the API server takes it. */
export function offlineDoubts(facts: CsrFacts): readonly RuleResult[] {
  const results = fixedResults(facts, CLIENT_RULES).map(({ result }) => result)
  return results.filter(({ ok, level }) => !ok && level === 'must')
}

/** Also what is right. */
export function offlineResults(facts: CsrFacts): readonly RuleResult[] {
  return fixedResults(facts, [...API_RULES, ...SIGNER_RULES]).map(({ result }) => result)
}
