/** Findings for people: one block a check, the gravest first, what all of it share said once; notes in one line. */
import { CHECKS } from '../pki/checks.ts'
import type { Finding, Severity } from '../pki/finding.ts'
import { type Paint, paintFor, type Terminal } from './paint.ts'
import { printable } from './printable.ts'
import { wrapped } from './wrapped.ts'

const LABELS: Readonly<Record<Severity, string>> = { error: 'ERROR', warning: 'WARNING', info: 'NOTE' }

/** In the order in which a reader wants to know. */
const FIELDS = ['found', 'expected', 'impact', 'remedy'] as const
type Field = (typeof FIELDS)[number]

const TITLES = new Map(CHECKS.map(({ code, title }) => [code, title]))

interface Page {
  readonly paint: Paint
  /** Without any, lines are as long as they are. */
  readonly columns?: number | undefined
}

export function renderFindings(findings: readonly Finding[], terminal?: Terminal): string {
  const page = { paint: paintFor(terminal), columns: terminal?.columns }
  const grave = groupsOf(
    findings.filter(({ severity }) => severity !== 'info'),
    ({ severity, code }) => `${severity} ${code}`,
  )
  const notes = groupsOf(
    findings.filter(({ severity }) => severity === 'info'),
    ({ code, found, impact }) => JSON.stringify([code, found, impact]),
  )
  const blocks = grave.map(group => `${blockOf(group, page)}\n\n`)
  return [...blocks, ...notes.map(group => `${noteOf(group, page)}\n`), notes.length > 0 ? '\n' : ''].join('')
}

type Group = readonly [Finding, ...Finding[]]

function groupsOf(findings: readonly Finding[], keyOf: (finding: Finding) => string): Group[] {
  const groups = new Map<string, [Finding, ...Finding[]]>()
  for (const finding of findings) {
    const group = groups.get(keyOf(finding))
    if (group) group.push(finding)
    else groups.set(keyOf(finding), [finding])
  }
  return [...groups.values()]
}

function blockOf(group: Group, page: Page): string {
  const { paint } = page
  const [{ code, severity }] = group
  const start = `${LABELS[severity]} ${code}: `.length
  const title = wrapped(TITLES.get(code) ?? '', { start, indent: 4, columns: page.columns })
  const head = `${paint(severity, LABELS[severity])} ${paint('strong', code)}: ${title}`
  const merged = group.length > 1 ? mergedRenewal(group) : undefined
  const fields = FIELDS.filter(field => !(field === 'remedy' && merged))
  const shared = group.length > 1 ? fields.filter(field => isShared(group, field)) : []
  const own = fields.filter(field => !shared.includes(field))
  const each = group.flatMap(finding => [
    `  ${paint('strong', shown(finding.certificate))}  ${shown(finding.file)}`,
    ...own.map(field => fieldLine(field, finding[field], { ...page, indent: '    ' })),
  ])
  const common = shared.map(field => fieldLine(field, group[0][field], { ...page, indent: '  ' }))
  const remedy = merged ? [fieldLine('remedy', merged, { ...page, indent: '  ' })] : []
  return [head, ...each, ...common, ...remedy].join('\n')
}

function isShared(group: Group, field: Field): boolean {
  return group.every(finding => finding[field] === group[0][field])
}

interface FieldPage extends Page {
  readonly indent: string
}

/** A remedy is copied: it stays on one line. */
function fieldLine(field: Field, value: string, { paint, columns, indent }: FieldPage): string {
  const start = indent.length + 10
  const text =
    field === 'remedy'
      ? paint('good', shown(value))
      : wrapped(shown(value), { start, indent: start, columns })
  return `${indent}${paint('faint', field.padEnd(8))}  ${text}`
}

const RENEWAL = /^kubepki certs renew (\S+)((?: --.*)?)$/

/** One command renews them all. */
function mergedRenewal(group: Group): string | undefined {
  const renewals = group.map(({ remedy }) => RENEWAL.exec(remedy))
  const [first] = renewals
  if (!first || !renewals.every(one => one?.[2] === first[2])) return undefined
  const names = renewals.map(one => one?.[1])
  return `kubepki certs renew ${[...new Set(names)].join(' ')}${first[2]}`
}

function noteOf(group: Group, { paint, columns }: Page): string {
  const [{ code, found, impact }] = group
  const names = [...new Set(group.map(({ certificate }) => certificate))].join(', ')
  const text = `${shown(names)}: ${shown(found)}; ${shown(impact)}`
  const start = `${LABELS.info} ${code} `.length
  return `${paint('info', LABELS.info)} ${paint('strong', code)} ${wrapped(text, { start, indent: 5, columns })}`
}

function shown(text: string): string {
  return printable(text)
}
