/** What the API server lets become of a request, and through which subresource. What it refuses or drops in silence is a flaw. Pure. */
import { isDeepStrictEqual } from 'node:util'
import {
  type CertificateSigningRequest,
  type CsrCondition,
  conditionOf,
} from '../../kubernetes/certificate-signing-request.ts'
import { DECISIONS } from './status-rules.ts'
import { listed } from './words.ts'

export interface Transition {
  readonly before: CertificateSigningRequest
  readonly after: CertificateSigningRequest
  /** Absent: the object itself is written. */
  readonly subresource?: 'approval' | 'status' | undefined
}

interface TransitionRule {
  readonly code: string
  readonly wants: string
  /** Undefined: nothing is wrong. */
  readonly look: (transition: Transition) => string | undefined
}

/** Of these every change comes through /approval alone. */
const APPROVALS: readonly string[] = ['Approved', 'Denied']

export const TRANSITION_RULES: readonly TransitionRule[] = [
  {
    code: 'SPEC_KEPT',
    wants: 'the spec stays as it was made',
    look: ({ before, after }) =>
      isDeepStrictEqual(before.spec, after.spec) ? undefined : 'the spec is another one',
  },
  {
    code: 'DECISIONS_KEPT',
    wants: 'Approved, Denied and Failed are never taken away',
    look: ({ before, after }) => {
      const gone = DECISIONS.filter(type => conditionOf(before, type) && !conditionOf(after, type))
      return gone.length > 0 ? `taken away: ${listed(gone)}` : undefined
    },
  },
  {
    code: 'CONDITION_SUBRESOURCE',
    wants: 'Approved and Denied come through /approval, other conditions through that or /status',
    look: ({ before, after, subresource }) => {
      const wrong = changed(before, after).filter(type => !takes(subresource, type))
      return wrong.length > 0 ? `not through ${nameOf(subresource)}: ${listed(wrong)}` : undefined
    },
  },
  {
    code: 'CERTIFICATE_SUBRESOURCE',
    wants: 'the certificate comes through /status',
    look: ({ before, after, subresource }) =>
      subresource === 'status' || before.status.certificate === after.status.certificate
        ? undefined
        : `the certificate is another one, not through ${nameOf(subresource)}`,
  },
  {
    code: 'CERTIFICATE_ONCE',
    wants: 'a certificate that is there stays',
    look: ({ before: { status }, after }) =>
      status.certificate === undefined || status.certificate === after.status.certificate
        ? undefined
        : 'there is a certificate already',
  },
]

export interface TransitionFlaw {
  readonly code: string
  readonly reason: string
}

/** Why the API server would refuse it, or leave it as it was. */
export function transitionFlaws(transition: Transition): readonly TransitionFlaw[] {
  return TRANSITION_RULES.flatMap(({ code, look }) => {
    const reason = look(transition)
    return reason === undefined ? [] : { code, reason }
  })
}

function nameOf(subresource: Transition['subresource']): string {
  return subresource === undefined ? 'the object itself' : `/${subresource}`
}

function takes(subresource: Transition['subresource'], type: string): boolean {
  return subresource === 'approval' || (subresource === 'status' && !APPROVALS.includes(type))
}

/** Types of conditions that are new, gone or other ones. */
function changed(before: CertificateSigningRequest, after: CertificateSigningRequest): string[] {
  const types = [before, after].flatMap(({ status }) => status.conditions.map(({ type }) => type))
  const saidOf = (csr: CertificateSigningRequest, type: string) => said(conditionOf(csr, type))
  return [...new Set(types)].filter(type => saidOf(before, type) !== saidOf(after, type))
}

function said(condition: CsrCondition | undefined): string {
  return JSON.stringify(condition && [condition.status, condition.reason, condition.message])
}
