/**
 * What the kube-controller-manager's signer does with a request: nothing, a refusal that it writes down, or a certificate
 * whose every part is known here. Pure.
 */

import { named } from '../../foreign-text.ts'
import { type CertificateSigningRequest, conditionOf } from '../../kubernetes/certificate-signing-request.ts'
import { usagesMeant } from '../../kubernetes/key-usages.ts'
import type { Certificate } from '../../x509/certificate.ts'
import type { CertificateRequest } from '../../x509/certificate-request.ts'
import type { Der } from '../../x509/der.ts'
import { plainName, plainNames } from '../../x509/plain-name.ts'
import { SUBJECT_ALT_NAME, subjectAltNameExtension } from '../../x509/subject-alt-name.ts'
import { extKeyUsageExtension, keyUsageExtension, leafConstraints } from '../../x509/usage-extensions.ts'
import { instant } from '../instant.ts'
import { API_RULES } from './api-rules.ts'
import { factsOf } from './facts.ts'
import { fixedResults } from './judged.ts'
import { FORM_RULES } from './policy-rules-form.ts'
import type { CsrFacts, Rule } from './rule.ts'
import { because } from './sent.ts'
import { SIGNER_RULES } from './signer-rules.ts'

export interface IssuanceOrder {
  /** Signer names that are served. */
  readonly signerNames: readonly string[]
  /** Milliseconds: of a request that names no duration, and the longest. */
  readonly duration: number
  readonly now: Date
  /** The CA. */
  readonly signer: Certificate
}

interface Left {
  readonly action: 'leave'
  readonly code: 'ISSUED' | 'DENIED' | 'NOT_APPROVED' | 'FAILED' | 'OTHER_SIGNER' | 'UNREADABLE' | 'INVALID'
  readonly message: string
}

interface Refused {
  readonly action: 'fail'
  readonly message: string
}

export interface Issuing {
  readonly action: 'sign'
  readonly request: CertificateRequest
  readonly subject: Der
  readonly extensions: ReadonlyMap<string, Der>
  readonly notBefore: Date
  readonly notAfter: Date
  /** What was asked for and is not given, and what is shorter than asked for. */
  readonly warnings: readonly string[]
}

export type IssuanceStep = { readonly csr: CertificateSigningRequest } & (Left | Refused | Issuing)

export function planIssuance(csr: CertificateSigningRequest, order: IssuanceOrder): IssuanceStep {
  const reason = LEAVE_RULES.find(({ applies }) => applies(csr, order))
  if (reason) return { csr, action: 'leave', code: reason.code, message: reason.message(csr, order) }
  const facts = factsOf(csr, { now: order.now })
  const invalid = [...flaws(facts, API_RULES), ...flaws(facts, FORM_RULES)]
  const { request } = facts
  if (invalid.length > 0 || !request)
    return { csr, action: 'leave', code: request ? 'INVALID' : 'UNREADABLE', message: invalid.join('; ') }
  const [refusal] = flaws(facts, SIGNER_RULES)
  if (refusal !== undefined) return { csr, action: 'fail', message: refusal }
  return { csr, ...issuing(csr, request, order) }
}

function flaws(facts: CsrFacts, rules: readonly Rule[]): string[] {
  return fixedResults(facts, rules).flatMap(({ result }) => (result.ok ? [] : result.reason))
}

interface LeaveRule {
  readonly code: Left['code']
  readonly applies: (csr: CertificateSigningRequest, order: IssuanceOrder) => boolean
  readonly message: (csr: CertificateSigningRequest, order: IssuanceOrder) => string
}

/** In the order in which they are said. */
const LEAVE_RULES: readonly LeaveRule[] = [
  {
    code: 'ISSUED',
    applies: ({ status }) => status.certificate !== undefined,
    message: () => 'it has its certificate already',
  },
  {
    code: 'DENIED',
    applies: csr => hasCondition(csr, 'Denied'),
    message: csr =>
      conditionOf(csr, 'Denied') ? `it was denied${because(csr, 'Denied')}` : 'it has a condition Denied',
  },
  {
    code: 'FAILED',
    applies: csr => hasCondition(csr, 'Failed'),
    message: csr => `its signer refused it${because(csr, 'Failed')}`,
  },
  {
    code: 'NOT_APPROVED',
    applies: csr => conditionOf(csr, 'Approved') === undefined,
    message: () => 'nobody has approved it',
  },
  {
    code: 'OTHER_SIGNER',
    applies: ({ spec }, { signerNames }) => !signerNames.includes(spec.signerName),
    message: ({ spec }) => `its signer is ${named(spec.signerName) || 'not named'}`,
  },
]

/** Whatever its status: as in the signers of Kubernetes. */
function hasCondition({ status }: CertificateSigningRequest, type: string): boolean {
  return status.conditions.some(one => one.type === type)
}

function issuing(csr: CertificateSigningRequest, request: CertificateRequest, order: IssuanceOrder): Issuing {
  const { subject, dropped } = plainName(request.subject)
  const period = issuedPeriod(csr.spec.expirationSeconds, order)
  const others = request.subjectAltNames.some(({ type }) => type === 'other')
  const left = [
    ...dropped,
    ...(others ? ['alternative names that are no DNS name, address, e-mail or URI'] : []),
  ]
  return {
    action: 'sign',
    request,
    subject,
    extensions: extensionsFor(csr.spec.usages, request, subject),
    notBefore: period.notBefore,
    notAfter: period.notAfter,
    warnings: [
      ...left.map(what => `left out, as every signer in Kubernetes does: ${what}`),
      ...period.warnings,
    ],
  }
}

/** Stands for the identifier of the CA's key, which is known when the certificate is signed. */
const AT_SIGNING: Der = new Uint8Array()
const EMPTY_NAME = 2

function extensionsFor(
  usages: readonly string[],
  { subjectAltNames }: CertificateRequest,
  subject: Der,
): ReadonlyMap<string, Der> {
  const { keyUsage, extKeyUsage } = usagesMeant(usages)
  const names = plainNames(subjectAltNames)
  const critical = subject.length === EMPTY_NAME
  return new Map<string, Der>([
    ...(keyUsage.length > 0 ? [['2.5.29.15', keyUsageExtension(keyUsage)] as const] : []),
    ...(extKeyUsage.length > 0 ? [['2.5.29.37', extKeyUsageExtension(extKeyUsage)] as const] : []),
    ['2.5.29.19', leafConstraints()],
    ['2.5.29.35', AT_SIGNING],
    ...(names.length > 0 ? [[SUBJECT_ALT_NAME, subjectAltNameExtension(names, { critical })] as const] : []),
  ])
}

const MINUTE = 60_000
const BACKDATE = 5 * MINUTE
export const SHORTEST = 10 * MINUTE
/** A shorter certificate is not shortened by the five minutes that it begins before now. */
const SHORT = 8 * 60 * MINUTE

/** How long the certificate is valid, whose end is never behind its CA's. */
export function issuedPeriod(
  expirationSeconds: number | undefined,
  { duration, now, signer }: Pick<IssuanceOrder, 'duration' | 'now' | 'signer'>,
) {
  const asked = expirationSeconds === undefined ? duration : expirationSeconds * 1000
  const given = Math.max(Math.min(asked, duration), Math.min(SHORTEST, duration))
  const end = new Date(now.getTime() + given - (given < SHORT ? 0 : BACKDATE))
  const notAfter = end < signer.notAfter ? end : signer.notAfter
  return {
    notBefore: new Date(now.getTime() - BACKDATE),
    notAfter,
    warnings: [
      ...(asked > duration ? [`asked for ${asked / 1000} s, given ${duration / 1000} s, the longest`] : []),
      ...(notAfter === signer.notAfter ? [`notAfter cut to ${instant(notAfter)}, when its CA ends`] : []),
    ],
  }
}
