/** A rule about a CertificateSigningRequest is a row; what all of them say of one request is its verdict. Pure. */
import type { CertificateSigningRequest } from '../../kubernetes/certificate-signing-request.ts'
import type { Certificate } from '../../x509/certificate.ts'
import type { CertificateRequest } from '../../x509/certificate-request.ts'
import type { Fleet } from './fleet.ts'
import { listed } from './words.ts'

/** `must`: a failure decides; `should`: it is said; `ignore`: it is not looked at. */
export const LEVELS = ['must', 'should', 'ignore'] as const
export type Level = (typeof LEVELS)[number]

/** `leave`: neither approved nor denied, for a fault that may pass, or a request that is none of the policy's. */
export type Outcome = 'approve' | 'deny' | 'leave'

/** All that rules look at. */
export interface CsrFacts extends Fleet {
  readonly csr: CertificateSigningRequest
  /** The PKCS#10 in it; undefined: the API rules say why. */
  readonly request: CertificateRequest | undefined
  readonly now: Date
  /** Every request of the same run, this one among them: duplicates, floods, reused keys. */
  readonly all: readonly CsrPeer[]
  /** CAs whose key no request may have. */
  readonly authorities: readonly Certificate[]
}

/** Of another request as much as is compared. */
export interface CsrPeer {
  readonly name: string
  readonly signerName: string
  readonly username: string
  readonly commonName: string
  readonly publicKeySha256: string | undefined
  readonly creationTimestamp: Date | undefined
  readonly isPending: boolean
  /** Approved, whether it is signed or not. */
  readonly isGranted: boolean
}

export interface RuleResult {
  /** Of a rule. A released code never changes. */
  readonly code: string
  readonly level: Exclude<Level, 'ignore'>
  readonly ok: boolean
  /** One clause, also of what is right. */
  readonly reason: string
}

export interface CsrVerdict {
  readonly name: string
  readonly outcome: Outcome
  readonly rules: readonly RuleResult[]
}

/** What a rule finds in one request. */
export interface Finding {
  readonly ok: boolean
  readonly reason: string
}

export interface Rule<Parameters = undefined> {
  readonly code: string
  /** What has to be so, in a clause. */
  readonly wants: string
  /** `leave`: the fault may pass by itself. */
  readonly onFailure: 'deny' | 'leave'
  /** Undefined: it does not apply to this request. */
  readonly look: (facts: CsrFacts, parameters: Parameters) => Finding | undefined
}

export function good(reason: string): Finding {
  return { ok: true, reason }
}

export function bad(reason: string): Finding {
  return { ok: false, reason }
}

/** What the offenders are, or what is right. */
export function unless(offenders: readonly string[], [wrong, right]: readonly [string, string]): Finding {
  return offenders.length > 0 ? bad(`${wrong}: ${listed(offenders)}`) : good(right)
}
