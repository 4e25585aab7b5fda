/** All checks over what was found on a node. Pure. */

import type { Observation } from './checks/check.ts'
import { asItShouldBe } from './checks/misplaced.ts'
import { lacksPermission, type NotLookedAt, notLookedAt } from './checks/needs.ts'
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
  /** The rows that alone were looked at; without any, all. */
  readonly names: readonly string[]
  /** Something could not be read for want of permission. */
  readonly isPartial: boolean
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
  const [causes, others] = [true, false].map(isCause =>
    CHECKS.filter(check => (check.isCause ?? false) === isCause).flatMap(({ code, severity, find }) =>
      find(isCause ? evidence : looked).map(observation => ({ severity, ...observation, code })),
    ),
  ) as [FoundHere[], FoundHere[]]
  const all = [...causes, ...others.map(finding => signedLater(finding, causes))]
  const found = all.filter(
    ({ certificate, concerns = [] }) =>
      names.length === 0 || [certificate, ...concerns].some(name => names.includes(name)),
  )
  return {
    ...{ now, names, isPartial: lacksPermission(evidence) },
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

type FoundHere = Observation & Finding

/** As files and flags are, it would be signed by the wrong CA, or written to the wrong place. */
function signedLater(finding: FoundHere, causes: readonly FoundHere[]): FoundHere {
  const isSigning = /kubepki (certs (renew|generate|import)|init|kubeconfig) /.test(finding.remedy)
  if (causes.length === 0 || !isSigning) return finding
  const codes = [...new Set(causes.map(({ code }) => code))].join(', ')
  return { ...finding, remedy: `first repair ${codes}; then ${finding.remedy}` }
}

/** Fields in the order that people and documents have them. */
function inOrder({ code, severity, certificate, file, expected, found, impact, remedy }: Finding): Finding {
  return { code, severity, certificate, file, expected, found, impact, remedy }
}
