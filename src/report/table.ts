/** kubeadm's table writer: left-aligned columns at least 10 wide, 3 spaces apart, the last cell of a line unpadded. */

import { printable } from './printable.ts'

export interface Spacing {
  readonly least: number
  readonly padding: number
}

const KUBEADMS: Spacing = { least: 10, padding: 3 }

/** Lines that share a column form its block; every row here has the same number of cells. */
export function renderTable(cells: readonly (readonly string[])[], spacing?: Spacing): string {
  return `${tableLines(cells, spacing).join('\n')}\n`
}

export function tableLines(
  cells: readonly (readonly string[])[],
  { least, padding }: Spacing = KUBEADMS,
): string[] {
  const rows = cells.map(row => row.map(printable))
  const columns = (rows[0]?.length ?? 0) - 1
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(least, ...rows.map(row => (row[column] ?? '').length + padding)),
  )
  return rows.map(row =>
    row.map((cell, column) => (column < columns ? cell.padEnd(widths[column] as number) : cell)).join(''),
  )
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** `Dec 30, 2026 23:36 UTC` */
export function renderDate(date: Date): string {
  const two = (value: number) => String(value).padStart(2, '0')
  const day = `${MONTHS[date.getUTCMonth()]} ${two(date.getUTCDate())}, ${String(date.getUTCFullYear()).padStart(4, '0')}`
  return `${day} ${two(date.getUTCHours())}:${two(date.getUTCMinutes())} UTC`
}
