/** Findings for people: one block a check, the gravest first, what all of it share said once; notes in one line. */
import { CHECKS } from '../pki/checks.ts'
import type { Finding, Severity } from '../pki/finding.ts'
import { type Paint, PLAIN } from './paint.ts'
import { printable } from './printable.ts'

const LABELS: Readonly<Record<Severity, string>> = { error: 'ERROR', warning: 'WARNING', info: 'NOTE' }

/** In the order in which a reader wants to know. */
const FIELDS = ['found', 'expected', 'impact', 'remedy'] as const
type Field = (typeof FIELDS)[number]

const TITLES = new Map(CHECKS.map(({ code, title }) => [code, title]))

export function renderFindings(findings: readonly Finding[], paint: Paint = PLAIN): string {
  const grave = groupsOf(
    findings.filter(({ severity }) => severity !== 'info'),
    ({ severity, code }) => `${severity} ${code}`,
  )
  const notes = groupsOf(
    findings.filter(({ severity }) => severity === 'info'),
    ({ code, found, impact }) => JSON.stringify([code, found, impact]),
  )
  const blocks = grave.map(group => `${blockOf(group, paint)}\n\n`)
  return [...blocks, ...notes.map(group => `${noteOf(group, paint)}\n`), notes.length > 0 ? '\n' : ''].join(
    '',
  )
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

function blockOf(group: Group, paint: Paint): string {
  const [{ code, severity }] = group
  const head = `${paint(severity, LABELS[severity])} ${paint('strong', code)}: ${TITLES.get(code) ?? ''}`
  const merged = group.length > 1 ? mergedRenewal(group) : undefined
  const fields = FIELDS.filter(field => !(field === 'remedy' && merged))
  const shared = group.length > 1 ? fields.filter(field => isShared(group, field)) : []
  const own = fields.filter(field => !shared.includes(field))
  const each = group.flatMap(finding => [
    `  ${paint('strong', shown(finding.certificate))}  ${shown(finding.file)}`,
    ...own.map(field => fieldLine(field, finding[field], paint, '    ')),
  ])
  const common = shared.map(field => fieldLine(field, group[0][field], paint, '  '))
  const remedy = merged ? [fieldLine('remedy', merged, paint, '  ')] : []
  return [head, ...each, ...common, ...remedy].join('\n')
}

function isShared(group: Group, field: Field): boolean {
  return group.every(finding => finding[field] === group[0][field])
}

function fieldLine(field: Field, value: string, paint: Paint, indent: string): string {
  return `${indent}${paint('faint', field.padEnd(8))}  ${field === 'remedy' ? paint('good', shown(value)) : shown(value)}`
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

function noteOf(group: Group, paint: Paint): string {
  const [{ code, found, impact }] = group
  const names = [...new Set(group.map(({ certificate }) => certificate))].join(', ')
  return `${paint('info', LABELS.info)} ${paint('strong', code)} ${shown(names)}: ${shown(found)}; ${shown(impact)}`
}

function shown(text: string): string {
  return printable(text)
}
