/** What rules find in a request, and what that comes to: to approve, deny or leave it. Whatever the policy. */
import type { CsrFacts, Level, Outcome, Rule, RuleResult } from './rule.ts'

/** A result, and what its failure would come to. */
export interface Judged {
  readonly result: RuleResult
  readonly onFailure: 'deny' | 'leave'
}

/** Absent: `must`. */
type FixedRule = Rule & { readonly level?: Level }

/** Of rules that every policy has: the API server and the signer would refuse it anyway. */
export function fixedResults(facts: CsrFacts, rules: readonly FixedRule[]): Judged[] {
  return rules.flatMap(rule => resultOf(rule, facts, { level: rule.level ?? 'must', parameters: undefined }))
}

export function resultOf<P>(
  { code, onFailure, look }: Rule<P>,
  facts: CsrFacts,
  { level, parameters }: { readonly level: Level; readonly parameters: P },
): Judged[] {
  if (level === 'ignore') return []
  const finding = look(facts, parameters)
  return finding ? [{ result: { code, level, ...finding }, onFailure }] : []
}

/** One that is dangerous outweighs all that may pass. */
export function outcomeOf(
  judged: readonly Judged[],
  { neverDeny }: { readonly neverDeny: boolean },
): Outcome {
  const failed = judged.filter(({ result }) => !result.ok && result.level === 'must')
  if (failed.length === 0) return 'approve'
  return !neverDeny && failed.some(({ onFailure }) => onFailure === 'deny') ? 'deny' : 'leave'
}
