/** Control characters made visible: text from a file must neither steer the terminal nor break a line in two. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** What does not show, and what turns the direction of writing. */
const HIDDEN = /[\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu

/** Also what only a page would obey: nothing in the text is other than it looks. */
export function visible(text: string): string {
  return printable(text).replace(HIDDEN, character => `\\u{${character.codePointAt(0)?.toString(16)}}`)
}
