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

export function tableLines(cells: readonly (readonly string[])[], spacing?: Spacing): string[] {
  return [...eachTableLine(() => cells, spacing)]
}

/** One by one: rows are gone through twice, for the widths and for the lines, and none is kept. */
export function* eachTableLine(
  rows: () => Iterable<readonly string[]>,
  spacing: Spacing = KUBEADMS,
): Generator<string> {
  const widths = widthsOf(rows(), spacing)
  for (const row of rows()) yield lineOf(row, widths)
}

function widthsOf(rows: Iterable<readonly string[]>, { least, padding }: Spacing): readonly number[] {
  const widths: number[] = []
  for (const row of rows)
    for (const [column, cell] of row.entries())
      widths[column] = Math.max(widths[column] ?? least, printable(cell).length + padding)
  return widths
}

function lineOf(row: readonly string[], widths: readonly number[]): string {
  const padded = row.slice(0, -1).map((cell, column) => printable(cell).padEnd(widths[column] ?? 0))
  return [...padded, printable(row.at(-1) ?? '')].join('')
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** `Dec 30, 2026 23:36 UTC` */
export function renderDate(date: Date): string {
  const two = (value: number) => String(value).padStart(2, '0')
  const day = `${MONTHS[date.getUTCMonth()]} ${two(date.getUTCDate())}, ${String(date.getUTCFullYear()).padStart(4, '0')}`
  return `${day} ${two(date.getUTCHours())}:${two(date.getUTCMinutes())} UTC`
}
