/** All checks over what was found on a node. Pure. */

import { asItShouldBe } from './checks/misplaced.ts'
import { type NotLookedAt, notLookedAt } from './checks/needs.ts'
import { subjectsOf } from './checks/subjects.ts'
import { CHECKS } from './checks.ts'
import type { Evidence } from './evidence.ts'
import type { ExpirationReport } from './expiration.ts'
import { compareSeverity, type Finding } from './finding.ts'
import { type ServedRow, servedRows } from './served-report.ts'
import type { NodeRole } from './snapshot.ts'
import { type SourceFact, sourceFacts } from './sources.ts'

export interface VerificationReport {
  readonly now: Date
  readonly role: NodeRole
  /** The gravest first. */
  readonly findings: readonly Finding[]
  readonly notLookedAt: readonly NotLookedAt[]
  /** What was served where; absent: nobody was asked. */
  readonly endpoints?: readonly ServedRow[] | undefined
  /** How many checks ran, and over how many files with certificates. */
  readonly checks: number
  readonly certificates: number
  /** What expires when, for the formats that show both. */
  readonly expiration: ExpirationReport
  readonly sources: readonly SourceFact[]
  readonly warnings: readonly string[]
}

/** `names`: rows that alone are looked at; without any, all. */
export function verifyNode(
  evidence: Evidence,
  expiration: ExpirationReport,
  names: readonly string[] = [],
): VerificationReport {
  const { now, snapshot } = evidence
  const looked = asItShouldBe(evidence)
  const all = CHECKS.flatMap(({ code, severity, isCause, find }) =>
    find(isCause ? evidence : looked).map(observation => {
      const finding = { severity, ...observation, code }
      return isCause || looked === evidence ? finding : signedLater(finding)
    }),
  )
  const found = all.filter(
    ({ certificate, concerns = [] }) =>
      names.length === 0 || [certificate, ...concerns].some(name => names.includes(name)),
  )
  return {
    now,
    role: snapshot.role,
    findings: found.toSorted(compareSeverity).map(inOrder),
    notLookedAt: notLookedAt(evidence),
    endpoints: servedRows(evidence),
    checks: CHECKS.length,
    certificates: subjectsOf(evidence).length,
    expiration,
    sources: sourceFacts(snapshot),
    warnings: snapshot.warnings,
  }
}

/** As the files are, it would be signed by the wrong CA. */
function signedLater<F extends Pick<Finding, 'remedy'>>(finding: F): F {
  const isSigning = /kubepki (certs|init|kubeconfig) /.test(finding.remedy)
  return isSigning ? { ...finding, remedy: `first put the CA right; then ${finding.remedy}` } : finding
}

/** Fields in the order that people and documents have them. */
function inOrder({ code, severity, certificate, file, expected, found, impact, remedy }: Finding): Finding {
  return { code, severity, certificate, file, expected, found, impact, remedy }
}
