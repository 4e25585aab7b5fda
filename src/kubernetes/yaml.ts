/** YAML text <-> values, and the one thing a YAML library rarely offers: changing a value and no other byte. */
import { isDeepStrictEqual } from 'node:util'
import {
  binaryTag,
  CORE_SCHEMA,
  type Document,
  dump,
  EVENT_ID,
  type Event,
  getScalarValue,
  loadAll,
  mergeTag,
  parseEvents,
  SCALAR_STYLE,
  type ScalarEvent,
  strTag,
  visit,
} from 'js-yaml'
import { PkiError, type Unusable } from '../errors.ts'
import { named } from '../foreign-text.ts'

/** Duplicate keys are tolerated and the last one wins, as in Kubernetes; few aliases, so that none can explode. */
const LOAD = { schema: CORE_SCHEMA.withTags(binaryTag, mergeTag), json: true, maxAliases: 10 }

export type Mapping = Readonly<Record<string, unknown>>
export type Path = readonly (string | number)[]

export interface Documents {
  readonly documents: readonly unknown[]
}

/** Strict: no key twice. */
export function parseYaml(text: string, { isStrict = false } = {}): Documents | Unusable {
  try {
    const documents = loadAll(text, { ...LOAD, json: !isStrict })
    return documents.some(one => isCircular(one))
      ? { reason: 'YAML_MALFORMED', found: 'an anchor holds itself' }
      : { documents }
  } catch (error) {
    const { reason, mark } = error as { reason?: string; mark?: { line: number } }
    const line = mark ? ` in line ${mark.line + 1}` : ''
    return { reason: 'YAML_MALFORMED', found: `${withoutData(reason ?? 'unreadable')}${line}` }
  }
}

/** What the library repeats of the text may be a key in the wrong place. */
function withoutData(reason: string): string {
  return named(reason.replace(/[A-Za-z0-9+/=]{32,}/g, '...'))
}

/** Go refuses it too, and nothing could walk through it. */
function isCircular(
  value: unknown,
  above: ReadonlySet<unknown> = new Set(),
  known = new Set<unknown>(),
): boolean {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array || known.has(value))
    return false
  if (above.has(value)) return true
  const path = new Set(above).add(value)
  const found = Object.values(value).some(inner => isCircular(inner, path, known))
  known.add(value)
  return found
}

/** kubectl's layout. */
export function encodeYaml(value: unknown, options: { sortKeys?: boolean } = {}): string {
  return dump(value, { lineWidth: -1, seqNoIndent: true, noRefs: true, transform: quoteAsGo, ...options })
}

/** Text that would be read as a number, a date, a boolean or null has double quotes there, other text single ones. */
function quoteAsGo(documents: Document[]): void {
  visit(documents, node => {
    if (node.kind !== 'scalar' || node.tag !== strTag.tagName || !OTHER_TYPE.test(node.value)) return
    if (dump(node.value).startsWith("'")) node.style = SCALAR_STYLE.DOUBLE_QUOTED
  })
}

/** What may be of another type, in YAML 1.1 too, and holds nothing else that wants quotes. */
const OTHER_TYPE = /^(?:[-+.]?[\d.][\w.:+-]*(?<!:)|~|y|n|yes|no|on|off|true|false|null|-?[.](?:inf|nan))$/i

/** As the YAML library has it: what walks through values goes one call deeper with each level. */
export const DEEPEST = 100

export function isTooDeep(value: unknown): boolean {
  let level: readonly unknown[] = [value]
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > DEEPEST) return true
    level = level.flatMap(one => (typeof one === 'object' && one !== null ? valuesOf(one) : []))
  }
  return false
}

function valuesOf(value: object): unknown[] {
  return value instanceof Uint8Array ? [] : Object.values(value)
}

/** Undefined for what is not JSON, or nested too deep. */
export function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return isTooDeep(value) ? undefined : value
  } catch {
    return undefined
  }
}

export function isMapping(value: unknown): value is Mapping {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
  )
}

export function mappingAt(value: unknown, key: string): Mapping {
  const found = isMapping(value) && Object.hasOwn(value, key) ? value[key] : undefined
  return isMapping(found) ? found : {}
}

export function stringAt(value: unknown, key: string): string | undefined {
  const found = isMapping(value) && Object.hasOwn(value, key) ? value[key] : undefined
  return typeof found === 'string' ? found : undefined
}

export function listAt(value: unknown, key: string): readonly unknown[] {
  const found = isMapping(value) && Object.hasOwn(value, key) ? value[key] : undefined
  return Array.isArray(found) ? found : []
}

export interface Replacement {
  readonly path: Path
  readonly value: string
}

/** The text with scalars of its first document replaced; every byte outside them stays. Proved by parsing it again. */
export function replaceScalars(text: string, replacements: readonly Replacement[]): string {
  const events = parseEvents(text, {})
  const spans = replacements.map(({ path, value }) => spanOf(text, locate(text, events, path), value))
  let edited = text
  for (const { start, end, replacement } of spans.toSorted((a, b) => b.start - a.start)) {
    edited = edited.slice(0, start) + replacement + edited.slice(end)
  }
  const paths = replacements.map(({ path }) => path)
  const [before, after] = [text, edited].map(one => unshared(loadAll(one, LOAD)[0]))
  const isReplaced = replacements.every(({ path, value }) => String(at(after, path)).trim() === value)
  if (isReplaced && isDeepStrictEqual(blanked(before, paths), blanked(after, paths))) return edited
  const found = 'its values are shared through YAML anchors and cannot be changed one by one'
  throw new PkiError('KUBECONFIG_UNUSABLE', found)
}

/** The text with one more scalar in its first document, before the field at `path`; every other byte stays. Proved too. */
export function addScalar(
  text: string,
  path: Path,
  { key, value }: { readonly key: string; readonly value: string },
): string {
  const start = keyStart(text, path)
  const indent = text.slice(text.lastIndexOf('\n', start - 1) + 1, start)
  const added = indent.trim() === '' ? `${key}: ${value}\n${indent}` : `"${key}": "${value}", `
  const edited = text.slice(0, start) + added + text.slice(start)
  const [before, after] = [text, edited].map(one => unshared(loadAll(one, LOAD)[0]))
  const parent = at(after, path.slice(0, -1)) as Record<string, unknown>
  const isAdded = parent[key] === value
  delete parent[key]
  if (isAdded && isDeepStrictEqual(before, after)) return edited
  throw new PkiError('KUBECONFIG_UNUSABLE', `${key} cannot be added before ${path.at(-1)}`)
}

/** Where the key of the field at `path` stands. */
function keyStart(text: string, path: Path): number {
  const events = parseEvents(text, {})
  const value = events.indexOf(locate(text, events, path))
  const key = events[value - 1]
  if (key?.type !== EVENT_ID.SCALAR)
    throw new PkiError('KUBECONFIG_UNUSABLE', `no place before ${path.at(-1)}`)
  const isQuoted = /["']/.test(text[key.valueStart - 1] ?? '')
  return isQuoted ? key.valueStart - 1 : key.valueStart
}

/** A copy without shared parts; bytes become base64 text. */
function unshared(document: unknown): unknown {
  const asText = (_key: string, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value
  return JSON.parse(JSON.stringify(document, asText))
}

function blanked(document: unknown, paths: readonly Path[]): unknown {
  for (const path of paths) {
    const parent = at(document, path.slice(0, -1)) as Record<string | number, unknown>
    parent[path.at(-1) as string | number] = ''
  }
  return document
}

function at(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((inner, key) => (inner as Record<string | number, unknown>)[key], value)
}

/** Index of the event that is the node at `path`; aliases on the way are followed, one at its end is not. */
function locate(text: string, events: readonly Event[], path: Path): Event {
  let index = 1
  for (const key of path) index = child(text, events, followAlias(text, events, index), key)
  return events[index] as Event
}

function followAlias(text: string, events: readonly Event[], index: number): number {
  const event = events[index]
  if (event?.type !== EVENT_ID.ALIAS) return index
  const name = text.slice(event.anchorStart, event.anchorEnd)
  return events.findLastIndex(
    (other, i) =>
      i < index &&
      other.type !== EVENT_ID.ALIAS &&
      'anchorStart' in other &&
      text.slice(other.anchorStart, other.anchorEnd) === name,
  )
}

function child(text: string, events: readonly Event[], parent: number, key: string | number): number {
  const isMap = events[parent]?.type === EVENT_ID.MAPPING
  let found = -1
  for (let index = parent + 1, position = 0; events[index]?.type !== EVENT_ID.POP; position += 1) {
    const value = isMap ? after(events, index) : index
    if (isMap ? scalarText(text, events[index] as Event) === key : position === key) found = value
    index = after(events, value)
  }
  if (found < 0) throw new PkiError('KUBECONFIG_UNUSABLE', `${key} is not where it can be replaced`)
  return found
}

function after(events: readonly Event[], index: number): number {
  let depth = 0
  for (let i = index; i < events.length; i += 1) {
    const type = events[i]?.type
    if (type === EVENT_ID.MAPPING || type === EVENT_ID.SEQUENCE) depth += 1
    if (type === EVENT_ID.POP) depth -= 1
    if (depth === 0) return i + 1
  }
  return events.length
}

function scalarText(text: string, event: Event): string | undefined {
  return event.type === EVENT_ID.SCALAR ? getScalarValue(text, event) : undefined
}

interface Span {
  readonly start: number
  readonly end: number
  readonly replacement: string
}

/** A literal or folded block becomes one line of the same indentation, an alias a plain scalar. */
function spanOf(text: string, event: Event, value: string): Span {
  if (event.type === EVENT_ID.ALIAS)
    return { start: event.anchorStart - 1, end: event.anchorEnd, replacement: value }
  const { valueStart: start, valueEnd: end, style, indent } = event as ScalarEvent
  if (style !== SCALAR_STYLE.LITERAL_BLOCK && style !== SCALAR_STYLE.FOLDED_BLOCK)
    return { start, end, replacement: value }
  if (indent < 0) throw new PkiError('KUBECONFIG_UNUSABLE', 'an empty block cannot be replaced')
  const newline = /\r?\n[ \t]*$/.exec(text.slice(start, end))?.[0] ?? ''
  return { start, end, replacement: ' '.repeat(indent) + value + newline }
}
