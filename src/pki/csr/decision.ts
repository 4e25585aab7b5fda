/** What is to be done with a request: by the verdict, by its state, and by what was asked for. Pure. */
import {
  type CertificateSigningRequest,
  type CsrState,
  conditionOf,
  isSameRequest,
  stateOf,
} from '../../kubernetes/certificate-signing-request.ts'
import { type NewCondition, withCondition } from '../../kubernetes/signing-request-object.ts'
import type { CsrFacts, CsrVerdict, RuleResult } from './rule.ts'
import { KUBE_APISERVER_CLIENT, KUBELET_CLIENT, KUBELET_SERVING } from './signer-name.ts'
import { brokenRules } from './verdict.ts'
import { judgeName, plain, quoted } from './words.ts'

/** `refused`: a rule that must hold does not. `left`: it may pass later, or is none of the policy's. `gone`: there is no such request, or no longer. `failed`: it could not be done. */
export type DecisionOutcome = 'approved' | 'denied' | 'refused' | 'left' | 'gone' | 'failed'

export interface CsrDecision {
  readonly name: string
  readonly outcome: DecisionOutcome
  /** Of a dry run: whether it would be changed. */
  readonly changed: boolean
  readonly reason: string
}

export interface CsrDecisionResult {
  readonly dryRun: boolean
  readonly changed: boolean
  readonly items: readonly CsrDecision[]
}

export interface NewDecision extends NewCondition {
  readonly type: 'Approved' | 'Denied'
}

/** Requests vanish by themselves: that is no failure. `near`: what was perhaps meant. */
export function goneDecision(name: string, near?: string): CsrDecision {
  const why =
    near === undefined
      ? 'decided ones are removed after an hour, others after a day'
      : `did you mean ${plain(near)}?`
  return {
    ...{ name, outcome: 'gone', changed: false },
    reason: `there is no such request, or no longer: ${why}`,
  }
}

/** What the rules say of a request. */
export interface JudgedRequest {
  readonly facts: CsrFacts
  readonly verdict: CsrVerdict
  /** Absent: there is no policy for its signer. */
  readonly policyName: string | undefined
}

export interface PlannedDecision extends JudgedRequest {
  /** Absent: nothing is done. */
  readonly condition?: NewDecision | undefined
  /** What it comes to when that goes well. */
  readonly decision: CsrDecision
}

export interface DecisionOptions {
  readonly verb: 'approve' | 'deny'
  readonly reason?: string | undefined
  readonly message?: string | undefined
  /** Approves what its rules refuse. */
  readonly force?: boolean | undefined
  /** Of approve: what the policy denies is denied. */
  readonly denies?: boolean | undefined
}

export function planDecision(judged: JudgedRequest, options: DecisionOptions): PlannedDecision {
  const settled = settledDecision(judged.facts.csr, options.verb)
  if (settled) return { ...judged, decision: settled }
  return options.verb === 'deny' ? planDenial(judged, options) : planApproval(judged, options)
}

const WANTED = { approve: 'approved', deny: 'denied' } as const

/** Of a request that is pending no longer: as kubectl, done is done, and neither becomes the other. */
function settledDecision(
  csr: CertificateSigningRequest,
  verb: DecisionOptions['verb'],
): CsrDecision | undefined {
  const state = stateOf(csr)
  if (state === 'pending') return undefined
  const { outcome, type, word } = STATES[state]
  const condition = conditionOf(csr, type)
  const why = condition?.message ?? condition?.reason
  const because = why === undefined || why === '' ? '' : `: ${quoted(why)}`
  const isWanted = outcome === WANTED[verb]
  return {
    name: csr.name,
    outcome: isWanted ? outcome : 'failed',
    changed: false,
    reason: isWanted ? `already ${word}` : `it cannot be ${WANTED[verb]}: already ${word}${because}`,
  }
}

const STATES = {
  approved: { outcome: 'approved', type: 'Approved', word: 'approved' },
  issued: { outcome: 'approved', type: 'Approved', word: 'approved, and its certificate is issued' },
  denied: { outcome: 'denied', type: 'Denied', word: 'denied' },
  failed: { outcome: 'failed', type: 'Failed', word: 'refused by its signer' },
} as const satisfies Record<Exclude<CsrState, 'pending'>, object>

function planApproval(
  judged: JudgedRequest,
  { reason = 'KubepkiApprove', message, force, denies }: DecisionOptions,
): PlannedDecision {
  const { verdict, policyName, facts } = judged
  const { outcome } = verdict
  const why = against(verdict).map(describeRule).join('; ')
  const approve = (said: string, because: string) =>
    planned(judged, { type: 'Approved', reason, message: clipped(said) }, because)
  if (outcome === 'approve')
    return approve(
      message ?? `approved with kubepki csr approve by ${judgeName(policyName)}`,
      `by ${judgeName(policyName)}`,
    )
  if (force)
    return approve(
      `${message ?? 'approved with kubepki csr approve'}; forced against ${why}`,
      `forced against ${why}`,
    )
  if (outcome === 'deny' && denies) {
    const said = clipped(`denied with kubepki csr approve --deny-refused by ${judgeName(policyName)}: ${why}`)
    return planned(judged, { type: 'Denied', reason: 'KubepkiDeny', message: said }, why)
  }
  const kept = outcome === 'deny' ? 'refused' : 'left'
  return { ...judged, decision: { name: facts.csr.name, outcome: kept, changed: false, reason: why } }
}

function planDenial(
  judged: JudgedRequest,
  { reason = 'KubepkiDeny', message = 'denied with kubepki csr deny' }: DecisionOptions,
): PlannedDecision {
  return planned(judged, { type: 'Denied', reason, message: clipped(message) }, message)
}

function planned(judged: JudgedRequest, condition: NewDecision, reason: string): PlannedDecision {
  const outcome = condition.type === 'Approved' ? 'approved' : 'denied'
  const { name } = judged.facts.csr
  return { ...judged, condition, decision: { name, outcome, changed: true, reason } }
}

/** What is approved against the rules. */
export function isLoud({ outcome }: CsrDecision, verdict: CsrVerdict): boolean {
  return outcome === 'approved' && verdict.outcome !== 'approve'
}

function against(verdict: CsrVerdict): readonly RuleResult[] {
  const musts = brokenRules(verdict)
  return musts.length > 0 ? musts : verdict.rules.filter(({ ok }) => !ok)
}

function describeRule({ code, reason }: RuleResult): string {
  return `${code}: ${reason}`
}

/** Of a condition: objects have to stay small. */
const LONGEST_MESSAGE = 2000

function clipped(message: string): string {
  return message.length > LONGEST_MESSAGE ? `${message.slice(0, LONGEST_MESSAGE - 1)}…` : message
}

/** The object, decided; undefined: it is already. Throws a sentence where that cannot be. */
export function withDecision(
  planned: CertificateSigningRequest,
  current: CertificateSigningRequest,
  condition: NewDecision,
): object | undefined {
  if (!isSameRequest(current, planned))
    throw new RangeError('another request has its name now, which nobody has looked at')
  const opposite = condition.type === 'Approved' ? 'Denied' : 'Approved'
  if (conditionOf(current, opposite)) throw new RangeError(`somebody else was faster: it is ${opposite}`)
  if (conditionOf(current, condition.type)) return undefined
  return withCondition(current.object, condition)
}

const RANKS: readonly string[] = [KUBELET_CLIENT, KUBE_APISERVER_CLIENT, 'any other', KUBELET_SERVING]

function rankOf({ spec: { signerName } }: CertificateSigningRequest): number {
  const rank = RANKS.indexOf(signerName)
  return rank < 0 ? RANKS.indexOf('any other') : rank
}

/** A node has its client certificate before it asks for the one it serves; the oldest first. */
export function inOrder(list: readonly PlannedDecision[]): PlannedDecision[] {
  const createdOf = ({ facts }: PlannedDecision) => facts.csr.creationTimestamp?.getTime() ?? 0
  return list.toSorted(
    (one, other) => rankOf(one.facts.csr) - rankOf(other.facts.csr) || createdOf(one) - createdOf(other),
  )
}
