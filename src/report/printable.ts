/** Made visible: text from a file must neither steer the terminal, nor break a line in two, nor look like another. */
export function printable(text: string): string {
  return withoutControls(text).replace(HIDDEN, codeOf)
}

function withoutControls(text: string): string {
  return text.replace(/\p{Cc}/gu, codeOf)
}

function codeOf(character: string): string {
  const digits = (character.codePointAt(0) ?? 0).toString(16)
  return digits.length > 4 ? `\\u{${digits}}` : `\\u${digits.padStart(4, '0')}`
}

/** What does not show, and what turns the direction of writing. */
const HIDDEN = /[\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu

/** Also what only a page would obey: nothing in the text is other than it looks. */
export function visible(text: string): string {
  return withoutControls(text).replace(HIDDEN, character => `\\u{${character.codePointAt(0)?.toString(16)}}`)
}
