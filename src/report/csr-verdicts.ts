/** Verdicts on CertificateSigningRequests: for people what is wrong, for programs every rule. */
import type { CertificateSigningRequest } from '../kubernetes/certificate-signing-request.ts'
import type { CsrVerdict, Outcome, RuleResult } from '../pki/csr/rule.ts'
import { counted, plain } from '../pki/csr/words.ts'
import type { Paint, Style } from './paint.ts'

export const OUTCOME_STYLES: Readonly<Record<Outcome, Style>> = {
  approve: 'good',
  deny: 'error',
  leave: 'warning',
}

/** How a rule came out: `ok`; a failure that decides; one that is only said. */
function mark({ ok, level }: RuleResult): 'ok' | 'FAIL' | 'note' {
  if (ok) return 'ok'
  return level === 'must' ? 'FAIL' : 'note'
}

const MARK_STYLES: Readonly<Record<string, Style>> = { ok: 'good', FAIL: 'error', note: 'warning' }
const CODE_WIDTH = 22

/** One line a rule; reasons are safe as they are. */
export function ruleLines(rules: readonly RuleResult[], paint: Paint): string[] {
  return rules.map(rule => {
    const word = mark(rule)
    return `  ${paint(MARK_STYLES[word] as Style, word.padEnd(4))}  ${rule.code.padEnd(CODE_WIDTH)}${rule.reason}`
  })
}

/** `isLong`: also the rules that are kept. */
export function renderVerdict(
  { name, outcome, rules }: CsrVerdict,
  { spec }: CertificateSigningRequest,
  { paint, isLong }: { readonly paint: Paint; readonly isLong: boolean },
): string {
  const head = `${plain(name) || '(no name)'}  ${paint(OUTCOME_STYLES[outcome], outcome)}  ${plain(spec.signerName)}  ${plain(spec.username) || '(no requester)'}`
  const shown = isLong ? rules : rules.filter(({ ok }) => !ok)
  return `${[head, ...ruleLines(shown, paint)].join('\n')}\n`
}

export type Tally = Record<Outcome, number>

/** `3 requests: 1 to approve, 2 to leave`. */
export function tallyWords(tally: Tally): string {
  const total = tally.approve + tally.deny + tally.leave
  const parts = (['approve', 'deny', 'leave'] as const).flatMap(one =>
    tally[one] > 0 ? `${tally[one]} to ${one}` : [],
  )
  return `${counted(total, 'request')}${parts.length > 0 ? `: ${parts.join(', ')}` : ''}`
}
