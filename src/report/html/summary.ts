/** The head of a page: whose certificates, and what is to be done now. */
import type { ExpirationReport, WideRow } from '../../pki/expiration.ts'
import type { NodeRole } from '../../pki/snapshot.ts'
import { renderDate } from '../table.ts'
import { html, type Markup } from './markup.ts'
import { icon, type Tone } from './tones.ts'
import { countRated, distanceOf, type Rated, type Urgency } from './urgency.ts'

const ROLES: Readonly<Record<NodeRole, string>> = {
  'control-plane': 'control-plane node',
  etcd: 'host of etcd',
  worker: 'worker node',
}

/** What its certificates say; undefined where none says it. */
export function nodeNameOf({ everything }: ExpirationReport): string | undefined {
  const commonName = ({ names }: WideRow) => names?.subject.find(({ type }) => type === '2.5.4.3')?.value
  const ofKubelet = everything.map(commonName).find(name => name?.startsWith('system:node:'))
  const etcd = everything.find(({ name }) => name === 'etcd-server')
  return ofKubelet?.slice('system:node:'.length) ?? (etcd && commonName(etcd))
}

export function renderHead(report: ExpirationReport, summary: string): Markup {
  const { now, role } = report
  return html`<header>
<h1>Certificates of ${nodeNameOf(report) ?? 'a Kubernetes node'}</h1>
<p class="when">${ROLES[role]}, as of <time datetime="${now.toISOString()}">${renderDate(now)}</time></p>
<p class="summary">${summary}</p>
</header>
`
}

const DUE: readonly {
  readonly urgencies: readonly Urgency[]
  readonly one: string
  readonly many: string
}[] = [
  { urgencies: ['expired'], one: 'has expired', many: 'have expired' },
  {
    urgencies: ['unusable', 'missing'],
    ...{ one: 'is missing or unusable', many: 'are missing or unusable' },
  },
  { urgencies: ['month'], one: 'expires within 30 days', many: 'expire within 30 days' },
]

/** `3 certificates expire within 30 days, 1 finding needs you now.` */
export function summaryOf(rated: readonly Rated[], now: Date, findings: readonly string[] = []): string {
  const due = DUE.map(({ urgencies, ...text }) => ({ count: countRated(rated, ...urgencies), ...text }))
    .filter(({ count }) => count > 0)
    .map(({ count, one, many }, index) => `${counted(count, index === 0)} ${count === 1 ? one : many}`)
  const parts = [...(due.length > 0 ? due : [quietText(rated, now)]), ...findings]
  const text = parts.join(', ')
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}

/** The first of a row names what it counts. */
function counted(count: number, isFirst: boolean): string {
  if (!isFirst) return `${count}`
  return count === 1 ? '1 certificate' : `${count} certificates`
}

function quietText(rated: readonly Rated[], now: Date): string {
  const dates = rated
    .filter(({ urgency }) => urgency !== 'unverified')
    .flatMap(({ row }) => row.expirationDate ?? [])
  const [next] = dates.toSorted((one, other) => one.getTime() - other.getTime())
  return next === undefined
    ? 'nothing expires'
    : `nothing expires within 30 days, the next ${distanceOf(next, now)}`
}

const TILES: readonly {
  readonly tone: Tone
  readonly label: string
  readonly urgencies: readonly Urgency[]
}[] = [
  { tone: 'bad', label: 'expired, missing or unusable', urgencies: ['expired', 'unusable', 'missing'] },
  { tone: 'warn', label: 'expiring within 30 days', urgencies: ['month'] },
  { tone: 'soon', label: 'expiring within 90 days', urgencies: ['quarter'] },
  { tone: 'fine', label: 'valid for longer', urgencies: ['later'] },
]

export function renderTiles(rated: readonly Rated[]): Markup {
  const tiles = TILES.map(({ tone, label, urgencies }) => {
    const count = countRated(rated, ...urgencies)
    return html`<li class="${count === 0 ? 'quiet' : tone}">${icon(tone)}<b>${count}</b> <span>${label}</span></li>
`
  })
  return html`<ul class="tiles" aria-label="Certificates by urgency">
${tiles}</ul>
`
}
