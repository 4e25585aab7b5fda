/** What is to be done with a request: by the verdict, by its state, and by what was asked for. Pure. */
import {
  type CertificateSigningRequest,
  type CsrState,
  conditionOf,
  stateOf,
} from '../../kubernetes/certificate-signing-request.ts'
import type { CsrVerdict, RuleResult } from './rule.ts'
import { quoted } from './words.ts'

/** `refused`: a rule that must hold does not. `left`: it may pass later, or is none of the policy's. `failed`: it could not be done. */
export type DecisionOutcome = 'approved' | 'denied' | 'refused' | 'left' | 'failed'

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

export type ConditionType = 'Approved' | 'Denied'

/** A condition to be added. */
export interface NewCondition {
  readonly type: ConditionType
  readonly status: 'True'
  readonly reason: string
  readonly message: string
}

export interface PlannedDecision {
  readonly csr: CertificateSigningRequest
  readonly verdict: CsrVerdict
  /** Absent: nothing is done. */
  readonly condition?: NewCondition | undefined
  /** What it comes to when that goes well. */
  readonly decision: CsrDecision
}

export interface DecisionOptions {
  readonly verb: 'approve' | 'deny'
  /** By whose rules. */
  readonly policyName: string
  readonly reason?: string | undefined
  readonly message?: string | undefined
  /** Approves what its rules refuse. */
  readonly force?: boolean | undefined
  /** Of approve: what the policy denies is denied. */
  readonly denies?: boolean | undefined
}

export function planDecision(
  csr: CertificateSigningRequest,
  verdict: CsrVerdict,
  options: DecisionOptions,
): PlannedDecision {
  const settled = settledDecision(csr, options.verb)
  if (settled) return { csr, verdict, decision: settled }
  return options.verb === 'deny' ? planDenial(csr, verdict, options) : planApproval(csr, verdict, options)
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
  csr: CertificateSigningRequest,
  verdict: CsrVerdict,
  { policyName, reason = 'KubepkiApprove', message, force, denies }: DecisionOptions,
): PlannedDecision {
  const { outcome } = verdict
  const broken = brokenRules(verdict)
  const why = broken.map(describeRule).join('; ')
  if (outcome === 'approve') {
    const said = message ?? `approved with kubepki csr approve: ${policyName}`
    return planned({ csr, verdict, type: 'Approved', reason, message: said }, `${policyName} approves it`)
  }
  if (force) {
    const said = clipped(`${message ?? 'approved with kubepki csr approve'}; forced against ${why}`)
    return planned({ csr, verdict, type: 'Approved', reason, message: said }, `forced against ${why}`)
  }
  if (outcome === 'deny' && denies) {
    const said = clipped(`denied with kubepki csr approve --deny: ${policyName}: ${why}`)
    return planned({ csr, verdict, type: 'Denied', reason: 'KubepkiDeny', message: said }, why)
  }
  const decision = {
    name: csr.name,
    outcome: outcome === 'deny' ? 'refused' : 'left',
    changed: false,
    reason: why,
  } as const
  return { csr, verdict, decision }
}

function planDenial(
  csr: CertificateSigningRequest,
  verdict: CsrVerdict,
  { reason = 'KubepkiDeny', message = 'denied with kubepki csr deny' }: DecisionOptions,
): PlannedDecision {
  return planned({ csr, verdict, type: 'Denied', reason, message }, message)
}

interface Act {
  readonly csr: CertificateSigningRequest
  readonly verdict: CsrVerdict
  readonly type: ConditionType
  readonly reason: string
  readonly message: string
}

function planned({ csr, verdict, type, reason, message }: Act, why: string): PlannedDecision {
  const outcome = type === 'Approved' ? 'approved' : 'denied'
  const condition = { type, status: 'True', reason, message } as const
  return { csr, verdict, condition, decision: { name: csr.name, outcome, changed: true, reason: why } }
}

function brokenRules({ rules }: CsrVerdict): readonly RuleResult[] {
  const broken = rules.filter(({ ok }) => !ok)
  const musts = broken.filter(({ level }) => level === 'must')
  return musts.length > 0 ? musts : broken
}

function describeRule({ code, reason }: RuleResult): string {
  return `${code}: ${reason}`
}

/** Of a condition: objects have to stay small. */
const LONGEST_MESSAGE = 2000

function clipped(message: string): string {
  return message.length > LONGEST_MESSAGE ? `${message.slice(0, LONGEST_MESSAGE - 1)}…` : message
}

/** The object with one more condition; undefined: it has it. Throws a sentence where that cannot be. */
export function withCondition(
  planned: CertificateSigningRequest,
  current: CertificateSigningRequest,
  condition: NewCondition,
): object | undefined {
  if (current.uid !== planned.uid)
    throw new RangeError('another request has its name now, which nobody has looked at')
  const opposite = condition.type === 'Approved' ? 'Denied' : 'Approved'
  if (conditionOf(current, opposite)) throw new RangeError(`somebody else was faster: it is ${opposite}`)
  if (conditionOf(current, condition.type)) return undefined
  const { status } = current.object
  const known = (status as { readonly conditions?: readonly unknown[] } | undefined)?.conditions ?? []
  return { ...current.object, status: { ...(status as object), conditions: [...known, condition] } }
}

const RANKS: readonly string[] = [
  'kubernetes.io/kube-apiserver-client-kubelet',
  'kubernetes.io/kube-apiserver-client',
  'any other',
  'kubernetes.io/kubelet-serving',
]

function rankOf({ spec: { signerName } }: CertificateSigningRequest): number {
  const rank = RANKS.indexOf(signerName)
  return rank < 0 ? RANKS.indexOf('any other') : rank
}

/** A node has its client certificate before it asks for the one it serves; the oldest first. */
export function inOrder(list: readonly PlannedDecision[]): PlannedDecision[] {
  const createdOf = ({ csr: { creationTimestamp } }: PlannedDecision) => creationTimestamp?.getTime() ?? 0
  return list.toSorted(
    (one, other) => rankOf(one.csr) - rankOf(other.csr) || createdOf(one) - createdOf(other),
  )
}
