/** What the checks found: text for people, data for programs. */

import { type Check, GROUPS } from '../pki/checks/check.ts'
import { NEEDS } from '../pki/checks/needs.ts'
import { CHECKS } from '../pki/checks.ts'
import type { Finding, Severity } from '../pki/finding.ts'
import { countOf, type VerificationReport } from '../pki/verification.ts'
import { printable } from './printable.ts'
import { API_VERSION, renderJson, renderYaml, verificationDocument } from './structured.ts'
import { renderTable } from './table.ts'

const LABELS: Readonly<Record<Severity, string>> = { error: 'ERROR', warning: 'WARNING', info: 'INFO' }

function renderText(report: VerificationReport): string {
  const findings = report.findings.map(finding => `${findingText(finding)}\n`)
  const unseen = report.notLookedAt.map(
    ({ what, why, remedy }) => `  ${what}: ${why}${remedy === '' ? '' : `\n    ${remedy}`}`,
  )
  const lines = [summaryOf(report), '', ...findings, 'Not looked at:', ...unseen]
  return lines.map(text => `${text.split('\n').map(printable).join('\n')}\n`).join('')
}

/** One line, the first of all: what is to be done now. */
export function summaryOf(report: VerificationReport): string {
  const { checks, certificates } = report
  const counts = [
    counted(countOf(report, 'error'), 'error'),
    counted(countOf(report, 'warning'), 'warning'),
    counted(countOf(report, 'info'), 'note'),
  ]
  return `${counts.join(', ')}: ${checks} checks over ${certificates} files with certificates`
}

function counted(count: number, noun: string): string {
  return `${count === 0 ? 'no' : count} ${noun}${count === 1 ? '' : 's'}`
}

function findingText({ code, severity, certificate, ...finding }: Finding): string {
  const { file, expected, found, impact, remedy } = finding
  const fields = Object.entries({ file, expected, found, impact, remedy })
  const head = `${LABELS[severity]} ${code} ${certificate}`
  return [head, ...fields.map(([name, value]) => `  ${name.padEnd(8)}  ${value}`)].join('\n')
}

/** What is seldom wanted is loaded only then. */
export const VERIFICATION_FORMATS = {
  text: renderText,
  json: (report: VerificationReport) => renderJson(verificationDocument(report)),
  yaml: (report: VerificationReport) => renderYaml(verificationDocument(report)),
  prometheus: async (report: VerificationReport) =>
    (await import('./prometheus.ts')).renderVerificationMetrics(report),
  html: async (report: VerificationReport) =>
    (await import('./html/pages.ts')).renderVerificationPage(report),
} as const satisfies Record<string, (report: VerificationReport) => string | Promise<string>>
export type VerificationFormatName = keyof typeof VERIFICATION_FORMATS

const HEADER = ['CODE', 'SEVERITY', 'GROUP', 'WHAT IS WRONG', 'NEEDS', 'REMEDY']

function renderChecks(checks: readonly Check[]): string {
  const rows = checks.map(({ code, severity, group, title, needs, remedy }) => [
    ...[code, severity, group, title],
    ...[needs.map(need => NEEDS[need].what).join(', '), remedy],
  ])
  return renderTable([HEADER, ...rows])
}

const checksDocument = (checks: readonly Check[]) => ({
  kind: 'CheckList',
  apiVersion: API_VERSION,
  groups: GROUPS,
  checks: checks.map(({ find, ...row }) => row),
})

export const CHECK_LIST_FORMATS = {
  text: () => renderChecks(CHECKS),
  json: () => renderJson(checksDocument(CHECKS)),
  yaml: () => renderYaml(checksDocument(CHECKS)),
} as const satisfies Record<string, () => string>
