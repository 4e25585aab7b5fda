/** Colour never stands alone: each tone has a shape of its own, and words beside it. */
import { html, type Markup } from './markup.ts'

const SHAPES = {
  bad: html`<path d="M5 1h6l4 4v6l-4 4H5l-4-4V5z"/><path class="cut" d="M5.2 5.2l5.6 5.6m0-5.6l-5.6 5.6"/>`,
  warn: html`<path d="M8 1l7.5 14H.5z"/><path class="cut" d="M8 6v4m0 1.8v.8"/>`,
  soon: html`<circle cx="8" cy="8" r="7"/><path class="cut" d="M8 4v4.3l2.8 1.9"/>`,
  fine: html`<circle cx="8" cy="8" r="7"/><path class="cut" d="M4.8 8.3l2.2 2.2 4.2-4.8"/>`,
  quiet: html`<circle class="hollow" cx="8" cy="8" r="6"/><path class="stroke" d="M5 8h6"/>`,
} as const satisfies Record<string, Markup>
export type Tone = keyof typeof SHAPES

/** Once in a page, for `icon` to refer to. */
export function iconDefinitions(): Markup {
  const symbols = Object.entries(SHAPES).map(
    ([tone, shape]) => html`<symbol id="icon-${tone}" viewBox="0 0 16 16">${shape}</symbol>`,
  )
  return html`<svg class="definitions" width="0" height="0" aria-hidden="true">${symbols}</svg>`
}

/** Says nothing to who does not see it: words stand beside it. */
export function icon(tone: Tone): Markup {
  return html`<svg class="icon" width="16" height="16" aria-hidden="true" focusable="false"><use href="#icon-${tone}"/></svg>`
}
