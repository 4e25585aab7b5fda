/** Prometheus' text exposition format, version 0.0.4. */
import { printable } from './printable.ts'

/** Empty values are as good as none, and left out. */
export type Labels = Readonly<Record<string, string | undefined>>

export interface Sample {
  readonly labels?: Labels
  readonly value: number
}

/** One metric: all of them are gauges. */
export interface Family {
  readonly name: string
  readonly help: string
  readonly samples: readonly Sample[]
}

export function renderFamilies(families: readonly Family[]): string {
  return families
    .filter(({ samples }) => samples.length > 0)
    .flatMap(family => [...headOf(family), ...linesOf(family)])
    .map(line => `${line}\n`)
    .join('')
}

function headOf({ name, help }: Family): string[] {
  return [`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} gauge`]
}

/** Of samples with the same labels, which nothing may have, the first one stays. */
function linesOf({ name, samples }: Family): string[] {
  const values = new Map<string, number>()
  for (const { labels = {}, value } of samples) {
    const series = `${name}${renderLabels(labels)}`
    if (!values.has(series)) values.set(series, value)
  }
  return [...values].map(([series, value]) => `${series} ${value}`)
}

export function renderLabels(labels: Labels): string {
  const pairs = Object.entries(labels).flatMap(([name, value = '']) =>
    value === '' ? [] : `${name}="${escapeValue(value)}"`,
  )
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
}

/** Line breaks stay what they are; any other control character is made visible, for it may be a terminal that shows it. */
function escapeValue(text: string): string {
  const lines = text.split('\n').map(line => printable(line).replaceAll('\\', '\\\\').replaceAll('"', '\\"'))
  return lines.join('\\n')
}
