/** kubeadm's two tables, byte for byte as its versions from 1.31 on print them. */
import { humanDuration } from '../kubernetes/duration.ts'
import type { ExpirationReport, ExpirationRow } from '../pki/expiration.ts'
import { renderDate, renderTable } from './table.ts'

const LEAVES = ['CERTIFICATE', 'EXPIRES', 'RESIDUAL TIME', 'CERTIFICATE AUTHORITY', 'EXTERNALLY MANAGED']
const AUTHORITIES = ['CERTIFICATE AUTHORITY', 'EXPIRES', 'RESIDUAL TIME', 'EXTERNALLY MANAGED']

export function renderText({ certificates, certificateAuthorities }: ExpirationReport): string {
  const leaves = certificates.map(row => cells(row, [row.caName ?? '']))
  const authorities = certificateAuthorities.map(row => cells(row, []))
  return `${renderTable([LEAVES, ...leaves])}\n${renderTable([AUTHORITIES, ...authorities])}`
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
