/** Strangers' text in a reason: quoted, short, without what steers a terminal or turns a line round. */
import { shown } from '../../foreign-text.ts'

const LONGEST_LIST = 5
const LONGEST_WORD = 120

/** Direction marks and other characters without a width. */
const UNSEEN = /\p{Cf}/gu

export function quoted(text: string): string {
  const short = text.length > LONGEST_WORD ? `${text.slice(0, LONGEST_WORD)}…` : text
  return shown(short).replace(UNSEEN, one => `\\u${one.codePointAt(0)?.toString(16).padStart(4, '0')}`)
}

/** `"a", "b" and 3 more`; `none` of an empty list. */
export function listed(texts: readonly string[]): string {
  if (texts.length === 0) return 'none'
  const first = texts.slice(0, LONGEST_LIST).map(quoted).join(', ')
  return texts.length > LONGEST_LIST ? `${first} and ${texts.length - LONGEST_LIST} more` : first
}

export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}
