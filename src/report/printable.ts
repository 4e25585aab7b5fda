/** Control characters made visible: text from a file must neither steer the terminal nor break a line in two. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
