/** What is wrong, as `certs verify` says it. */

/** The gravest first. `error`: something is broken, or will be at the next restart; `info`: worth knowing, nothing to be done now. */
export const SEVERITIES = ['error', 'warning', 'info'] as const
export type Severity = (typeof SEVERITIES)[number]

export interface Finding {
  /** Of a check. A released code never changes. */
  readonly code: string
  readonly severity: Severity
  /** The row of the inventory; where it is about none, the component or the file. */
  readonly certificate: string
  readonly file: string
  readonly expected: string
  readonly found: string
  /** What fails because of it, in one clause. */
  readonly impact: string
  /** A command that can be run as it is, where there is one. */
  readonly remedy: string
}

/** What a finding is about, for sorting and filtering: the gravest first, then in the checks' order. */
export function compareSeverity(one: Finding, other: Finding): number {
  return SEVERITIES.indexOf(one.severity) - SEVERITIES.indexOf(other.severity)
}

interface Found {
  readonly findings: readonly Finding[]
}

export function countOf({ findings }: Found, severity: Severity): number {
  return findings.filter(finding => finding.severity === severity).length
}

export function gravestOf(found: Found): Severity | undefined {
  return SEVERITIES.find(severity => countOf(found, severity) > 0)
}
