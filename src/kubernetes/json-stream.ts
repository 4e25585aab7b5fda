/** JSON of any length, piece by piece: the objects of a List one at a time, and never more of it in memory. */
import { JSONParser } from '@streamparser/json'
import { messageOf } from '../errors.ts'
import { named } from '../foreign-text.ts'
import { DEEPEST, isTooDeep, stringAt } from './yaml.ts'

export interface StreamedValue {
  readonly value: unknown
  /** Of the list it is an item of, as far as that has been read. */
  readonly list?: { readonly kind: string | undefined; readonly index: number }
}

export interface StreamProblem {
  readonly problem: string
}

/** What etcd takes is far smaller. */
export const LARGEST_OBJECT = 8 * 1024 * 1024

/** Objects one after another, with line ends or nothing between; of one that has `items`, those in its place. */
export function* streamJson(chunks: Iterable<Uint8Array>): Generator<StreamedValue | StreamProblem> {
  const reader = startReader()
  let pending = 0
  for (const chunk of chunks) {
    const before = reader.found.length
    const problem = reader.write(chunk)
    pending = reader.found.length > before ? 0 : pending + chunk.length
    yield* reader.found.splice(0)
    if (problem !== undefined) return yield { problem }
    if (pending > LARGEST_OBJECT) return yield { problem: `an object of more than ${LARGEST_OBJECT} bytes` }
  }
  const problem = reader.end()
  if (problem !== undefined) yield { problem }
}

const TOO_DEEP = `nested more than ${DEEPEST} levels deep`

interface Level {
  readonly value?: unknown
}

function startReader() {
  const found: StreamedValue[] = []
  const parser = new JSONParser({ paths: ['$', '$.items.*'], separator: '' })
  let index = 0
  let problem: string | undefined
  parser.onError = error => {
    problem = `not JSON: ${named(error.message)}`
  }
  parser.onValue = ({ value, parent, stack }) => {
    if (isTooDeep(value)) {
      problem ??= TOO_DEEP
      return
    }
    if (stack.length > 0) {
      // Else the list would grow.
      if (Array.isArray(parent)) parent.pop()
      found.push({ value, list: { kind: stringAt((stack[1] as Level).value, 'kind'), index: index++ } })
      return
    }
    // Of a list its items were found; one without any is something too.
    if (index === 0 || !Array.isArray((value as { items?: unknown } | null)?.items)) found.push({ value })
    index = 0
  }
  const attempt = (work: () => void): string | undefined => {
    try {
      work()
    } catch (error) {
      problem ??= `not JSON: ${named(messageOf(error))}`
    }
    return problem
  }
  return {
    found,
    write: (chunk: Uint8Array) => attempt(() => parser.write(chunk)),
    end: () => attempt(() => parser.end()) && 'the JSON is cut off',
  }
}
