/** kubeadm's two tables, byte for byte as its versions from 1.31 on print them. */
import { humanDuration } from '../kubernetes/duration.ts'
import type { ExpirationReport, ExpirationRow } from '../pki/expiration.ts'
import { renderDate, renderTable } from './table.ts'

/** A table whose lines are about certificates; `short`: its header where there is little room. */
export interface CertificateTable {
  readonly header: readonly string[]
  readonly short: readonly string[]
  /** Columns that may be cut where the screen is narrow, the first first. */
  readonly shrinks?: readonly number[]
  readonly lines: readonly { readonly row: ExpirationRow; readonly cells: readonly string[] }[]
}

const LEAVES = {
  header: ['CERTIFICATE', 'EXPIRES', 'RESIDUAL TIME', 'CERTIFICATE AUTHORITY', 'EXTERNALLY MANAGED'],
  short: ['CERTIFICATE', 'EXPIRES', 'RESIDUAL', 'CA', 'EXTERNAL'],
}
const AUTHORITIES = {
  header: ['CERTIFICATE AUTHORITY', 'EXPIRES', 'RESIDUAL TIME', 'EXTERNALLY MANAGED'],
  short: ['CA', 'EXPIRES', 'RESIDUAL', 'EXTERNAL'],
}

/** Leaves, then CAs. */
export function certificateTables(report: ExpirationReport): readonly CertificateTable[] {
  const leaves = report.certificates.map(row => ({ row, cells: cells(row, [row.caName ?? '']) }))
  const authorities = report.certificateAuthorities.map(row => ({ row, cells: cells(row, []) }))
  return [
    { ...LEAVES, lines: leaves },
    { ...AUTHORITIES, lines: authorities },
  ]
}

export function renderText(report: ExpirationReport): string {
  return certificateTables(report)
    .map(({ header, lines }) => renderTable([header, ...lines.map(line => line.cells)]))
    .join('\n')
}

function cells(row: ExpirationRow, authority: readonly string[]): string[] {
  if (row.expirationDate === null) {
    return [`${row.missing ? '!MISSING!' : '!INVALID!'} ${row.name}`, '', '', ...authority, '']
  }
  const residual = humanDuration(row.residualTime)
  return [row.name, renderDate(row.expirationDate), residual, ...authority, yesNo(row.externallyManaged)]
}

/** kubeadm formats it `%-8v`. */
function yesNo(value: boolean): string {
  return (value ? 'yes' : 'no').padEnd(8)
}
