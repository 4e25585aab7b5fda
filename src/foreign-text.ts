/** Text from a file that becomes part of a sentence: on one line, without what steers a terminal, and never a key. */

/** Longer than any name of a host: may be a key in the wrong place. */
const LONGEST_SHOWN = 300

/** Controls, what does not show or turns the direction of writing, halves of surrogate pairs, separators. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

/** PEM, or its base64. */
const KEY = /-----|LS0tLS1CRUdJTi/

/** What is longer than any word, and of everything that base64 has, is from inside of one. */
const ENCODED = /[A-Za-z0-9+/]{32,}/g
const isMixed = (run: string) => /[a-z]/.test(run) && /[A-Z]/.test(run) && /\d/.test(run)

function isShort(text: string): boolean {
  const isKey = KEY.test(text) || text.match(ENCODED)?.some(isMixed)
  return text.length <= LONGEST_SHOWN && !isKey
}

function lengthOf(text: string): string {
  return `text of ${text.length} characters`
}

/** In quotes. */
export function shown(text: string): string {
  return isShort(text) ? escaped(withoutSecrets(JSON.stringify(text))) : lengthOf(text)
}

/** Names as they are. */
export function named(text: string): string {
  return isShort(text) ? escaped(withoutSecrets(text)) : lengthOf(text)
}

/** A path: however long, and whatever it looks like. */
export function pathText(path: string): string {
  return escaped(path)
}

/** Tokens, and what stands before the host of a URL. */
export function withoutSecrets(text: string): string {
  return text.replace(/\bBearer\s+[^\s"',]+/gi, 'Bearer ...').replace(/:\/\/[^\s/]*@/g, '://...@')
}

/** As it is, but for what cannot be seen. */
export function escaped(text: string): string {
  return text.replace(HIDDEN, character => {
    const digits = (character.codePointAt(0) ?? 0).toString(16)
    return digits.length > 4 ? `\\u{${digits}}` : `\\u${digits.padStart(4, '0')}`
  })
}
