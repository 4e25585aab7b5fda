/** The tables of a page: what is most urgent stands first. */
import type { ExpirationReport, ExpirationRow, WideRow } from '../../pki/expiration.ts'
import { instant } from '../../pki/instant.ts'
import { renderDate } from '../table.ts'
import { type Content, html, type Markup } from './markup.ts'
import { icon, type Tone } from './tones.ts'
import { distanceOf, type Rated, URGENCIES } from './urgency.ts'

const COLUMNS = {
  certificate: 'Certificate',
  state: 'State',
  expires: 'Expires',
  signer: 'Signed by',
  key: 'Key',
  file: 'File',
} as const
type Column = keyof typeof COLUMNS

interface TableText {
  readonly id: string
  readonly title: string
  readonly note?: string
}

const TABLES: readonly (TableText & { readonly kind: Rated['kind'] })[] = [
  { kind: 'leaf', id: 'certificates', title: 'Certificates' },
  { kind: 'ca', id: 'authorities', title: 'Certificate authorities' },
  {
    ...{ kind: 'kubelet', id: 'kubelet', title: "The kubelet's own certificates" },
    note: 'The kubelet renews them by itself. What it has signed itself is verified by nobody, unless the API server has --kubelet-certificate-authority.',
  },
]

export function renderTables(rated: readonly Rated[], now: Date): Markup[] {
  return TABLES.flatMap(({ kind, ...text }) => {
    const rows = rated.filter(one => one.kind === kind)
    return rows.length === 0
      ? []
      : [
          table(
            text,
            rows.map(one => ratedRow(one, now)),
          ),
        ]
  })
}

/** What stands in no other table: further certificates of a file, and what kubeconfigs trust. */
export function renderFurther({ everything, now }: ExpirationReport): Markup | undefined {
  const rows = everything.filter(({ part }) => part !== undefined && !part.startsWith('1/'))
  if (rows.length === 0) return undefined
  const text = {
    ...{ id: 'further', title: 'Further certificates in these files' },
    note: 'Behind the first of a file, and the CA data in kubeconfigs.',
  }
  return table(
    text,
    rows.map(row => furtherRow(row, now)),
  )
}

function table({ id, title, note }: TableText, rows: readonly Markup[]): Markup {
  return html`<section class="card" aria-labelledby="${id}" data-group>
<h2 id="${id}">${title} <span class="count">${rows.length}</span></h2>
${note === undefined ? undefined : html`<p class="note">${note}</p>`}
<table role="table" aria-labelledby="${id}">
<thead role="rowgroup"><tr role="row">${Object.values(COLUMNS).map(title => html`<th scope="col" role="columnheader">${title}</th>`)}</tr></thead>
<tbody role="rowgroup">
${rows}</tbody>
</table>
<p class="nothing" hidden>Nothing here matches.</p>
</section>
`
}

function ratedRow({ row, urgency }: Rated, now: Date): Markup {
  const { tone, label } = URGENCIES[urgency]
  return tableRow({ row, name: row.name, tone, label }, now)
}

function furtherRow(row: WideRow, now: Date): Markup {
  const { expirationDate, name, part } = row
  const label = expirationDate === null ? 'Unusable' : expirationDate <= now ? 'Expired' : 'Valid'
  return tableRow({ row, name: `${name} [${part}]`, tone: label === 'Valid' ? 'quiet' : 'warn', label }, now)
}

interface Line {
  readonly row: ExpirationRow
  readonly name: string
  readonly tone: Tone
  /** Its state, in words. */
  readonly label: string
}

function tableRow({ row, name, tone, label }: Line, now: Date): Markup {
  const { details, file, externallyManaged } = row
  const elsewhere = externallyManaged ? html` <span class="tag">CA key is elsewhere</span>` : undefined
  const cells: Readonly<Record<Exclude<Column, 'certificate'>, Content>> = {
    state: html`<span class="pill">${icon(tone)}${label}</span>`,
    expires: expires(row, now),
    signer: details && [details.signedBy ?? 'no CA on this node', elsewhere],
    key: details?.keyAlgorithm,
    file: html`<span class="path">${breakable(file)}</span>`,
  }
  const head = html`<th scope="row" role="rowheader"><span class="name">${name}</span>${details && html`<span class="subject">${details.subject}</span>`}</th>`
  return html`<tr role="row" class="${tone}" data-row>${head}${Object.entries(cells).map(cell)}</tr>
`
}

function cell([column, content]: readonly [string, Content]): Markup {
  return html`<td role="cell" class="${column}" data-label="${COLUMNS[column as Column]}">${content}</td>`
}

/** Behind a slash, before it breaks anywhere. */
function breakable(path: string): Content {
  return path.split('/').map((part, index) => (index === 0 ? part : ['/', html`<wbr>`, part]))
}

function expires(row: ExpirationRow, now: Date): Content {
  const { expirationDate, details, message, missing } = row
  if (expirationDate === null) return missing ? 'there is no such file' : message
  const effective = details?.effectiveExpirationDate
  const isCut = effective !== undefined && effective < expirationDate
  return [
    html`<time datetime="${instant(expirationDate)}">${renderDate(expirationDate)}</time> <span class="distance">${distanceOf(expirationDate, now)}</span>`,
    isCut
      ? html`<span class="cut-short">of use only until ${renderDate(effective)}: a CA above it ends then</span>`
      : undefined,
  ]
}
