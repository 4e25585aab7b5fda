/** HTML in which text is text, whatever a file put into it: only a template's own words are markup. */
import { visible } from '../printable.ts'

export interface Markup {
  readonly markup: string
}

export type Content = string | number | Markup | undefined | readonly Content[]

/** What stands between `${` and `}` may stand in an element or in a quoted attribute. */
export function html(template: TemplateStringsArray, ...contents: readonly Content[]): Markup {
  return { markup: String.raw({ raw: template }, ...contents.map(encode)) }
}

function encode(content: Content): string {
  if (content === undefined) return ''
  if (typeof content === 'object') return 'markup' in content ? content.markup : content.map(encode).join('')
  return visible(String(content)).replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
}

/** For a style or a script, which are ours: nothing in them is escaped. */
export function verbatim(markup: string): Markup {
  return { markup }
}
