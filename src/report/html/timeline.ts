/** What expires when, one line for each day on which something does. */
import { renderDate } from '../table.ts'
import { html, type Markup } from './markup.ts'
import { icon } from './tones.ts'
import { DAY, distanceOf, type Rated, URGENCIES } from './urgency.ts'

/** Days from now -> percent of the width: what is near has the room, years are drawn together. */
const SCALE: readonly (readonly [days: number, percent: number])[] = [
  [-365, 1],
  [-30, 4],
  [-7, 8],
  [0, 14],
  [30, 34],
  [90, 54],
  [365, 77],
  [3650, 97],
]
const TODAY = 14

/** Where on the time line that is. */
export function percentOf(days: number): number {
  const index = SCALE.findIndex(([end]) => days <= end)
  const [from, to] = [SCALE[index - 1], SCALE[index]]
  if (!to) return 97
  if (!from) return to[1]
  return from[1] + ((days - from[0]) / (to[0] - from[0])) * (to[1] - from[1])
}

export function renderTimeline(rated: readonly Rated[], now: Date): Markup {
  const dated = rated.filter(({ row, urgency }) => row.expirationDate !== null && urgency !== 'unverified')
  const leaves = dated.filter(({ kind }) => kind !== 'ca')
  const authorities = dated.filter(({ kind }) => kind === 'ca')
  return html`<section class="card" aria-labelledby="time-line">
<h2 id="time-line">What expires when</h2>
<p class="note">The nearest 90 days have the most room; the further off, the closer together.</p>
<div class="axis" aria-hidden="true"><span class="past">past</span><span class="at-0">today</span><span class="at-30">30 days</span><span class="at-90">90 days</span><span class="at-365">1 year</span><span class="at-3650">10 years</span></div>
${lane('Certificates', leaves, now)}
${lane('Certificate authorities', authorities, now)}
</section>`
}

function lane(title: string, rated: readonly Rated[], now: Date): Markup | undefined {
  if (rated.length === 0) return undefined
  const days = new Map<string, Rated[]>()
  for (const one of rated) {
    const day = `${one.urgency} ${dayOf(one.row.expirationDate)}`
    days.set(day, [...(days.get(day) ?? []), one])
  }
  return html`<h3>${title}</h3>
<ol class="events">
${[...days.values()].map(group => eventOf(group, now))}</ol>`
}

function dayOf(date: Date | null): string {
  return date?.toISOString().slice(0, 10) ?? ''
}

function eventOf(group: readonly Rated[], now: Date): Markup | undefined {
  const [first] = group
  const date = first?.row.expirationDate
  if (!first || !date) return undefined
  const { tone, label } = URGENCIES[first.urgency]
  const names = [...new Set(group.map(({ row }) => row.name))].toSorted().join(', ')
  return html`<li class="${tone}">
<div class="event"><b>${renderDate(date).slice(0, -10)}</b> <span class="distance">${distanceOf(date, now)}</span><span class="visually-hidden"> (${label.toLowerCase()})</span>
<span class="names">${names}</span></div>
${bar(percentOf((date.getTime() - now.getTime()) / DAY), first)}
</li>
`
}

/** From today to the end, or from the end to today. */
function bar(end: number, { urgency }: Rated): Markup {
  const [left, right] = [Math.min(end, TODAY), Math.max(end, TODAY)].map(round) as [number, number]
  const grid = SCALE.filter(([days]) => days >= 0).map(
    ([days, percent]) =>
      html`<line class="${days === 0 ? 'today' : 'tick'}" x1="${percent}%" x2="${percent}%" y1="0" y2="100%"/>`,
  )
  return html`<div class="bar"><svg width="100%" height="100%" aria-hidden="true" focusable="false">${grid}<rect class="span" x="${left}%" width="${round(right - left)}%" y="50%" height="6" transform="translate(0 -3)" rx="3"/><svg class="end" x="${round(end)}%" y="50%" overflow="visible"><g transform="translate(-8 -8)">${icon(URGENCIES[urgency].tone)}</g></svg></svg></div>`
}

function round(percent: number): number {
  return Math.round(percent * 100) / 100
}
