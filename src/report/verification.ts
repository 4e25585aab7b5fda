/** What the checks found: text for people, data for programs. */

import { type Check, GROUPS } from '../pki/checks/check.ts'
import { NEEDS } from '../pki/checks/needs.ts'
import { CHECKS } from '../pki/checks.ts'
import { gravestOf } from '../pki/finding.ts'
import type { VerificationReport } from '../pki/verification.ts'
import { renderFindings } from './findings.ts'
import { paintFor, type Terminal } from './paint.ts'
import { printable } from './printable.ts'
import { renderServed } from './served.ts'
import { API_VERSION, renderJson, renderYaml, verificationDocument } from './structured.ts'
import { summaryOfFindings } from './summary.ts'
import { renderTable } from './table.ts'

function renderText(report: VerificationReport, terminal?: Terminal): string {
  const paint = paintFor(terminal)
  const unseen = report.notLookedAt.flatMap(({ what, why, remedy }) => [
    `  ${printable(`${what}: ${why}`)}`,
    ...(remedy === '' ? [] : [`    ${paint('faint', printable(remedy))}`]),
  ])
  const style = gravestOf(report) ?? 'good'
  const summary = paint(style === 'info' ? 'good' : style, summaryOfFindings(report))
  const served = report.endpoints ? `${renderServed(report.endpoints)}\n` : ''
  const lines = [
    summary,
    '',
    `${renderFindings(report.findings, terminal)}${served}Not looked at:`,
    ...unseen,
  ]
  return `${lines.join('\n')}\n`
}

type Render = (report: VerificationReport, terminal?: Terminal) => string | Promise<string>

/** What is seldom wanted is loaded only then. */
export const VERIFICATION_FORMATS = {
  text: renderText,
  json: (report: VerificationReport) => renderJson(verificationDocument(report)),
  yaml: (report: VerificationReport) => renderYaml(verificationDocument(report)),
  prometheus: async (report: VerificationReport) =>
    (await import('./prometheus.ts')).renderVerificationMetrics(report),
  html: async (report: VerificationReport) =>
    (await import('./html/pages.ts')).renderVerificationPage(report),
} as const satisfies Record<string, Render>
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
