/** What every reader of foreign input keeps: it says why, in one line, and repeats nothing that is secret or steers a terminal. */
import { describeUnusable, PkiError, type Unusable } from '../../src/errors.ts'

const LONGEST = 2000
/** Control characters, lone surrogates, line and paragraph separators. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u
/** As long as a line of PEM: no name of anything is. */
const BODY = /[A-Za-z0-9+/]{60,}/g
const PART = 24
const isMixed = (text: string) => /[A-Z]/.test(text) && /[a-z]/.test(text) && /[0-9+/]/.test(text)
const ENCODED_PEM = 'LS0tLS1CRUdJTi'

/** Undefined: nothing is wrong with it. */
export function flawOf(message: string, input: string): string | undefined {
  if (UNPRINTABLE.test(message)) return `unprintable: ${JSON.stringify(message.slice(0, 200))}`
  if (message.includes('-----BEGIN') || message.includes(ENCODED_PEM))
    return `PEM in: ${message.slice(0, 200)}`
  if (message.length > LONGEST) return `${message.length} characters: ${message.slice(0, 100)}`
  return repeatsBody(message, input) ? `a body repeated in: ${message.slice(0, 200)}` : undefined
}

/** Some part of what may be a key. */
function repeatsBody(message: string, input: string): boolean {
  const runs = message.match(/[A-Za-z0-9+/]{24,}/g)?.filter(isMixed) ?? []
  if (runs.length === 0) return false
  const bodies = input.match(BODY) ?? []
  return runs.some(run => bodies.some(body => body.includes(run.slice(0, PART))))
}

export function messagesOf(found: Unusable): readonly string[] {
  return [describeUnusable(found)]
}

/** Of a reader that throws PkiError where its contract says so; anything else it throws is a finding. */
export function orRefusal(read: () => readonly string[]): readonly string[] {
  try {
    return read()
  } catch (error) {
    if (error instanceof PkiError) return [error.message, error.hint ?? '']
    throw error
  }
}
