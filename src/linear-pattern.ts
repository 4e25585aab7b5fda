/** Patterns of people, tried on text of strangers: Go's syntax, in time linear in the text, however they are written. */
import { RE2JS } from 're2js'

export interface Pattern {
  readonly source: string
  /** The whole text. */
  readonly matches: (text: string) => boolean
}

const LONGEST_PATTERN = 500
const LONGEST_TEXT = 1000

/** What is wrong with it, in words, when it is none. */
export function parsePattern(source: string): Pattern | { readonly problem: string } {
  if (source.length > LONGEST_PATTERN)
    return { problem: `at most ${LONGEST_PATTERN} characters, found ${source.length}` }
  try {
    const compiled = RE2JS.compile(source)
    return { source, matches: text => text.length <= LONGEST_TEXT && compiled.matches(text) }
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) }
  }
}
