/** Every certificate found on the node, one row each. */
import { humanDuration } from '../kubernetes/duration.ts'
import type { ExpirationReport, WideRow } from '../pki/expiration.ts'
import { renderDate, renderTable } from './table.ts'
import type { CertificateTable } from './text.ts'

const HEADER = [
  'CERTIFICATE',
  'EXPIRES',
  'RESIDUAL TIME',
  'SIGNED BY',
  'EXTERNALLY MANAGED',
  'KEY',
  'SUBJECT',
  'FILE',
]

const SHORT = ['CERTIFICATE', 'EXPIRES', 'RESIDUAL', 'SIGNED BY', 'EXTERNAL', 'KEY', 'SUBJECT', 'FILE']

const [NAME, SUBJECT, FILE] = [0, 6, 7]

export function wideTable({ everything }: ExpirationReport): CertificateTable {
  return {
    header: HEADER,
    short: SHORT,
    shrinks: [FILE, SUBJECT, NAME],
    lines: everything.map(row => ({ row, cells: cells(row) })),
  }
}

export function renderWide(report: ExpirationReport): string {
  const { header, lines } = wideTable(report)
  return renderTable([header, ...lines.map(line => line.cells)])
}

function cells(row: WideRow): string[] {
  const name = row.part === undefined ? row.name : `${row.name} [${row.part}]`
  const { details, expirationDate } = row
  if (expirationDate === null || details === undefined) {
    const mark = row.missing ? '!MISSING!' : '!INVALID!'
    return [`${mark} ${name}`, '', '', '', '', '', row.message ?? '', row.file]
  }
  return [
    name,
    renderDate(expirationDate),
    humanDuration(row.residualTime),
    details.signedBy ?? 'unknown',
    row.externallyManaged ? 'yes' : 'no',
    details.keyAlgorithm,
    details.subject,
    row.file,
  ]
}
