/** Kubernetes objects from text of any length, YAML or JSON, without holding more than one of them. */
import { LARGEST_OBJECT, type StreamedValue, type StreamProblem, streamJson } from './json-stream.ts'
import { parseYaml } from './yaml.ts'

export interface StreamedDocument extends StreamedValue {
  /** `document 3`, `items[7]`. */
  readonly where: string
}

export type Streamed = StreamedDocument | (StreamProblem & { readonly where: string })

/** JSON begins with a brace; everything else is YAML. Strict: no key twice in YAML. */
export function* streamDocuments(
  chunks: Iterable<Uint8Array>,
  { isStrict = false } = {},
): Generator<Streamed> {
  const [start, rest] = opened(chunks)
  if (start === undefined) return
  let count = 0
  const found = isJson(start) ? streamJson(rest) : streamYaml(rest, isStrict)
  for (const one of found) {
    const where = 'list' in one && one.list ? `items[${one.list.index}]` : `document ${++count}`
    yield { ...one, where }
  }
}

const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf]

/** The first chunk with anything in it, and all of them; a byte order mark is left out. */
function opened(chunks: Iterable<Uint8Array>): [Uint8Array | undefined, Iterable<Uint8Array>] {
  const iterator = chunks[Symbol.iterator]()
  let { value, done } = iterator.next()
  while (!done && value.every((byte: number) => byte <= 0x20)) ({ value, done } = iterator.next())
  if (done || !value) return [undefined, []]
  const hasMark = BYTE_ORDER_MARK.every((byte, index) => value[index] === byte)
  const start: Uint8Array = hasMark ? value.subarray(3) : value
  const all = (function* () {
    yield start
    for (let next = iterator.next(); !next.done; next = iterator.next()) yield next.value
  })()
  return [start, all]
}

function isJson(start: Uint8Array): boolean {
  return start.find(byte => byte > 0x20) === 0x7b
}

/** At the start of a line, with nothing or a blank behind it. */
const SEPARATOR = /\n---(?=[ \t\r\n])/g

function* streamYaml(
  chunks: Iterable<Uint8Array>,
  isStrict: boolean,
): Generator<StreamedValue | StreamProblem> {
  const decoder = new TextDecoder()
  let rest = '\n'
  for (const chunk of chunks) {
    const from = Math.max(0, rest.length - 5)
    rest += decoder.decode(chunk, { stream: true })
    const [documents, last] = split(rest, from)
    rest = last
    for (const document of documents) yield* parsed(document, isStrict)
    if (rest.length > LARGEST_OBJECT)
      return yield {
        problem: `a YAML document of more than ${LARGEST_OBJECT} bytes: a list so long is read as JSON (kubectl get csr -o json)`,
      }
  }
  yield* parsed(rest + decoder.decode(), isStrict)
}

/** The documents that are whole, and what is left. `from`: nothing before it separates. */
function split(text: string, from: number): [string[], string] {
  const documents: string[] = []
  const separator = new RegExp(SEPARATOR)
  separator.lastIndex = from
  let start = 0
  for (let match = separator.exec(text); match; match = separator.exec(text)) {
    documents.push(text.slice(start, match.index))
    start = match.index
  }
  return [documents, text.slice(start)]
}

/** Ten times what the longest list has. */
const MOST_VALUES = 1_000_000

/** What an anchor stands for counts as often as it is named: whoever writes it out has that much. */
function isCountable(documents: readonly unknown[]): boolean {
  const rest: unknown[] = [documents]
  for (let count = 0; rest.length > 0; ) {
    const value = rest.pop()
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) continue
    const inner = Object.values(value)
    count += inner.length
    if (count > MOST_VALUES) return false
    for (const one of inner) rest.push(one)
  }
  return true
}

/** It begins with a line feed. */
function* parsed(document: string, isStrict: boolean): Generator<StreamedValue | StreamProblem> {
  if (document.replace(/^\n---/, '').trim() === '') return
  const read = parseYaml(document.slice(1), { isStrict })
  if ('reason' in read) yield { problem: `not YAML: ${read.found ?? 'unreadable'}` }
  else if (!isCountable(read.documents))
    yield { problem: `more than ${MOST_VALUES} values: its anchors multiply what is in it` }
  else for (const value of read.documents) if (value !== null && value !== undefined) yield { value }
}
