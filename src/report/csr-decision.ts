/** Decisions about CertificateSigningRequests: what is about to be done, and what became of it. */
import { escaped } from '../foreign-text.ts'
import {
  type CsrDecision,
  type CsrDecisionResult,
  isLoud,
  type PlannedDecision,
} from '../pki/csr/decision.ts'
import { counted, plain } from '../pki/csr/words.ts'
import { CSR_SHOW_FORMATS } from './csr-show.ts'
import { renderVerdict } from './csr-verdicts.ts'
import { paintFor, type Terminal } from './paint.ts'
import { API_VERSION, renderJson, renderYaml } from './structured.ts'

/** What would be changed in full; of the rest what is wrong with it. */
export function renderPlan(plan: readonly PlannedDecision[], terminal?: Terminal): string {
  const paint = paintFor(terminal)
  const blocks = plan.map(({ facts, verdict, policyName, condition, decision }) => {
    if (!condition) return renderVerdict(verdict, facts.csr, { paint, isLong: false })
    const shown = { facts, verdict, rules: verdict.rules, policy: policyName }
    const doing = `${condition.type === 'Approved' ? 'To be approved' : 'To be denied'}: ${plain(decision.reason)}`
    const style = isLoud(decision, verdict) ? 'warning' : 'strong'
    return `${CSR_SHOW_FORMATS.text(shown, terminal)}${paint(style, doing)}\n`
  })
  return blocks.join('\n')
}

/** As kubectl says it. */
export function renderDecision(
  { name, outcome, reason, changed }: CsrDecision,
  { dryRun }: { readonly dryRun: boolean },
): string {
  const isPlain = changed && (outcome === 'approved' || outcome === 'denied')
  const line = `certificatesigningrequest.certificates.k8s.io/${plain(name)} ${WORDS[outcome]}`
  return `${line}${isPlain ? '' : ` (${escaped(reason)})`}${dryRun && changed ? ' (dry run)' : ''}\n`
}

const WORDS: Readonly<Record<CsrDecision['outcome'], string>> = {
  approved: 'approved',
  denied: 'denied',
  refused: 'not approved: the policy denies it',
  left: 'left as it is',
  gone: 'gone',
  failed: 'FAILED',
}

function document(result: CsrDecisionResult): object {
  return { kind: 'CsrDecisionResult', apiVersion: API_VERSION, ...result }
}

export const CSR_DECISION_FORMATS = {
  json: (result: CsrDecisionResult) => renderJson(document(result)),
  yaml: (result: CsrDecisionResult) => renderYaml(document(result)),
} as const satisfies Record<string, (result: CsrDecisionResult) => string>

/** `3 requests: 2 approved, 1 left`. */
export function summaryOfDecisions({ items }: CsrDecisionResult): string {
  const parts = (Object.keys(WORDS) as CsrDecision['outcome'][]).flatMap(outcome => {
    const { length } = items.filter(item => item.outcome === outcome)
    return length > 0 ? `${length} ${outcome}` : []
  })
  return `${counted(items.length, 'request')}${parts.length > 0 ? `: ${parts.join(', ')}` : ''}`
}
