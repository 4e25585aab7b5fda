/** Strangers' text in a sentence or a table: short, on one line, without what steers a terminal or turns a line round. */
import { escaped } from '../../foreign-text.ts'

const LONGEST_LIST = 5
/** Names of requests that kubelets make have some fifty characters. */
const LONGEST_WORD = 120

/** As it is, but for what cannot be seen; the middle of what is too long is left out. Empty stays empty. */
export function plain(text: string): string {
  if (/-----BEGIN /.test(text)) return `PEM of ${text.length} characters`
  const short = text.length > LONGEST_WORD ? `${text.slice(0, LONGEST_WORD - 20)}…${text.slice(-19)}` : text
  return escaped(short)
}

export function quoted(text: string): string {
  return `"${plain(text).replaceAll('"', '\\"')}"`
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

/** By what a request was judged; undefined: there is no policy for its signer. */
export function judgeName(policy: string | undefined): string {
  return policy === undefined ? 'the rules of the API server and the signer' : `the policy ${plain(policy)}`
}
