/** What was served where: one line for each address. */
import type { ServedRow } from '../pki/served-report.ts'
import { renderTable } from './table.ts'

const HEADER = ['COMPONENT', 'ADDRESS', 'SERVES', 'EXPIRES', 'FILE']

const STATES: Readonly<Record<ServedRow['state'], string>> = {
  refused: 'nobody listens',
  silent: 'no answer',
  open: 'no TLS',
  tls: 'no certificate shown',
}

export function renderServed(rows: readonly ServedRow[]): string {
  const cells = rows.map(row => [
    ...[componentOf(row), row.address, row.certificate?.subject ?? STATES[row.state]],
    ...[row.certificate?.notAfter ?? '-', fileOf(row)],
  ])
  const table = rows.length === 0 ? '  nothing to ask\n' : renderTable([HEADER, ...cells])
  return `Served:\n${table}`
}

function componentOf({ component, role }: ServedRow): string {
  if (role === 'peer') return `${component} (peers)`
  if (role === 'loopback') return `${component} (to itself)`
  return role === 'further' ? '--endpoint' : component
}

function fileOf({ file, matches, certificate, role }: ServedRow): string {
  if (!certificate) return '-'
  if (file === undefined) return 'its own, in memory'
  if (matches === undefined) return file
  if (matches) return `${file}: the same`
  return role === 'further' ? `not that of this node: ${file}` : `ANOTHER: ${file}`
}
