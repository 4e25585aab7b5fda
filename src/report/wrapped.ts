/** Long lines on a terminal: broken between words, what follows indented. */

interface Place {
  /** Characters that stand before it in its first line, and before each further one. */
  readonly start: number
  readonly indent: number
  /** Without any, and where they are too few, nothing is broken. */
  readonly columns: number | undefined
}

const LEAST_ROOM = 30

export function wrapped(text: string, { start, indent, columns }: Place): string {
  if (columns === undefined || columns - Math.max(start, indent) < LEAST_ROOM) return text
  let used = start
  return text.split(' ').reduce((line, word, index) => {
    const isNew = index > 0 && used + 1 + word.length > columns
    used = isNew ? indent + word.length : used + word.length + (index > 0 ? 1 : 0)
    return isNew ? `${line}\n${' '.repeat(indent)}${word}` : `${line}${index > 0 ? ' ' : ''}${word}`
  }, '')
}
