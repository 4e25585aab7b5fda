/** The tables of a report on a terminal: what is to be done first, coloured by urgency, no wider than the screen where that can be. */
import type { ExpirationReport, ExpirationRow } from '../pki/expiration.ts'
import { type Paint, paintFor, type Style, type Terminal } from './paint.ts'
import { printable } from './printable.ts'
import { isExpired, isSoon, summaryOfExpiration } from './summary.ts'
import { type Spacing, tableLines } from './table.ts'
import type { CertificateTable } from './text.ts'

export interface OnTerminal {
  readonly tables: readonly CertificateTable[]
  /** What the first line counts. */
  readonly rows: readonly ExpirationRow[]
  readonly terminal: Terminal
}

export function renderOnTerminal(report: ExpirationReport, { tables, rows, terminal }: OnTerminal): string {
  const paint = paintFor(terminal)
  const grave = rows.map(row => urgencyOf(row, report.now))
  const style = grave.find(one => one === 'error') ?? grave.find(one => one === 'warning') ?? 'good'
  const blocks = tables.map(table =>
    paintedLines(table, report.now, { paint, columns: terminal.columns }).join('\n'),
  )
  return `${[paint(style, summaryOfExpiration(report, rows)), ...blocks].join('\n\n')}\n`
}

function urgencyOf(row: ExpirationRow, now: Date): Style | undefined {
  if (row.expirationDate === null) return row.missing && row.optional ? 'faint' : 'error'
  if (isExpired(row, now)) return 'error'
  return isSoon(row, now) ? 'warning' : undefined
}

interface Screen {
  readonly paint: Paint
  readonly columns: number
}

function paintedLines(table: CertificateTable, now: Date, { paint, columns }: Screen): string[] {
  const [header = '', ...lines] = fitted(table, columns)
  return [
    paint('faint', header),
    ...lines.map((line, index) => {
      const style = urgencyOf((table.lines[index] as CertificateTable['lines'][number]).row, now)
      return style ? paint(style, line) : line
    }),
  ]
}

/** The most spacious first. */
const SPACINGS: readonly (Spacing & { readonly isShort?: boolean })[] = [
  { least: 10, padding: 3 },
  { least: 10, padding: 3, isShort: true },
  { least: 0, padding: 2, isShort: true },
  { least: 0, padding: 1, isShort: true },
]

/** What does not fit even so is cut in the middle where a table allows it, and else wrapped by the terminal. */
function fitted({ header, short, lines, shrinks = [] }: CertificateTable, columns: number): string[] {
  const cells = lines.map(line => line.cells.map(printable))
  for (const { isShort, ...spacing } of SPACINGS) {
    const text = trimmed(tableLines([isShort ? short : header, ...cells], spacing))
    if (excessOf(text, columns) <= 0) return text
  }
  const narrow = SPACINGS.at(-1)
  let table = [short, ...cells]
  for (const column of shrinks) {
    const excess = excessOf(trimmed(tableLines(table, narrow)), columns)
    if (excess > 0) table = shrunk(table, column, excess)
  }
  return trimmed(tableLines(table, narrow))
}

function trimmed(lines: readonly string[]): string[] {
  return lines.map(line => line.trimEnd())
}

function excessOf(lines: readonly string[], columns: number): number {
  return Math.max(...lines.map(line => line.length)) - columns
}

const LEAST_CELL = 16

function shrunk(rows: readonly (readonly string[])[], column: number, excess: number): (readonly string[])[] {
  const widest = Math.max(...rows.map(row => (row[column] ?? '').length))
  const room = Math.max(LEAST_CELL, widest - excess)
  return rows.map(row => row.map((cell, index) => (index === column ? cutMiddle(cell, room) : cell)))
}

function cutMiddle(text: string, room: number): string {
  if (text.length <= room) return text
  const start = Math.ceil((room - 1) / 3)
  return `${text.slice(0, start)}…${text.slice(text.length - (room - 1 - start))}`
}
