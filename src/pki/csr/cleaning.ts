/** Which requests kube-controller-manager's cleaner deletes, and why. */
import { type CertificateSigningRequest, conditionOf } from '../../kubernetes/certificate-signing-request.ts'
import { age, decidedAt, issuedCertificate } from './state-words.ts'

export interface Cleaning {
  readonly code: string
  readonly reason: string
}

const HOUR = 3_600_000
const DAY = 24 * HOUR

interface CleaningRule {
  readonly code: string
  /** Since when it is so; undefined: it is not. */
  readonly since: (csr: CertificateSigningRequest) => Date | undefined
  /** For how long it may be, in milliseconds. */
  readonly keeps: number
  readonly words: string
}

function decision(type: string, isMeant: (csr: CertificateSigningRequest) => boolean = () => true) {
  return (csr: CertificateSigningRequest): Date | undefined => {
    const condition = conditionOf(csr, type)
    return condition && isMeant(csr) ? decidedAt(condition, csr) : undefined
  }
}

const isIssued = ({ status }: CertificateSigningRequest) => status.certificate !== undefined

/** In the order in which one hides the other. */
const CLEANING: readonly CleaningRule[] = [
  { code: 'ISSUED', words: 'issued', keeps: HOUR, since: decision('Approved', isIssued) },
  {
    code: 'EXPIRED',
    words: 'the certificate expired',
    keeps: 0,
    since: csr =>
      conditionOf(csr, 'Approved') && isIssued(csr) ? issuedCertificate(csr)?.notAfter : undefined,
  },
  { code: 'DENIED', words: 'denied', keeps: HOUR, since: decision('Denied') },
  { code: 'FAILED', words: 'refused by the signer', keeps: HOUR, since: decision('Failed') },
  {
    code: 'NEVER_ISSUED',
    words: 'approved and never issued',
    keeps: DAY,
    since: decision('Approved', csr => !isIssued(csr)),
  },
  {
    code: 'PENDING',
    words: 'made and never decided',
    keeps: DAY,
    since: csr => (csr.status.conditions.length === 0 ? csr.creationTimestamp : undefined),
  },
]

/** Undefined: it stays. */
export function whyCleaned(csr: CertificateSigningRequest, now: Date): Cleaning | undefined {
  for (const { code, words, since, keeps } of CLEANING) {
    const from = since(csr)
    if (from && now.getTime() - from.getTime() > keeps)
      return { code, reason: `${words} ${age(from, now)} ago` }
  }
  return undefined
}
