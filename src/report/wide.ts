/** Every certificate found on the node, one row each. */
import { humanDuration } from '../kubernetes/duration.ts'
import type { ExpirationReport, WideRow } from '../pki/expiration.ts'
import { renderDate, renderTable } from './table.ts'

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

export function renderWide({ everything }: ExpirationReport): string {
  return renderTable([HEADER, ...everything.map(cells)])
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
