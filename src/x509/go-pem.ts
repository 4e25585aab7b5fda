/**
 * PEM exactly as Go's encoding/pem reads it, which is how the API server reads a request: what is no block to Go is
 * passed over, whatever other readers make of it. For tolerant reading there is `pem.ts`.
 */
import type { Der } from './der.ts'

export interface GoPemBlock {
  readonly type: string
  readonly hasHeaders: boolean
  readonly bytes: Der
  /** Behind the END line. */
  readonly rest: string
}

const BEGIN = '-----BEGIN '
const END = '-----END '
const DASHES = '-----'
/** Of Go's bufio and strings, where a line's end may have them. */
const BLANKS = /[ \t\r]+$/

/** Beginnings without an end that are looked at: text of nothing else costs no more than that. */
const MOST_FALSE_STARTS = 100

/** The first block; undefined: there is none. `text` is Latin-1, one character a byte. */
export function firstGoPemBlock(text: string): GoPemBlock | undefined {
  let start = beginAt(text, 0)
  for (let tries = 0; start >= 0 && tries < MOST_FALSE_STARTS; tries += 1) {
    const block = blockAt(text, start)
    if (block) return block
    start = beginAt(text, start + 1)
  }
  return undefined
}

/** Every block, in order. */
export function goPemBlocks(text: string): GoPemBlock[] {
  const blocks: GoPemBlock[] = []
  for (let block = firstGoPemBlock(text); block; block = firstGoPemBlock(block.rest)) blocks.push(block)
  return blocks
}

/** Empty lines before it and behind it say nothing. */
const ALONE =
  /^(?:[ \t\r]*\n)*-----BEGIN CERTIFICATE REQUEST-----[ \t\r]*\n(?:[A-Za-z0-9+/=]+[ \t\r]*\n)+-----END CERTIFICATE REQUEST-----[ \t\r\n]*$/

/** One block of a request, without headers or anything around it: what every version of Go reads alike. */
export function isRequestAlone(text: string): boolean {
  return ALONE.test(text)
}

/** At the start of a line only. */
function beginAt(text: string, from: number): number {
  if (from === 0 && text.startsWith(BEGIN)) return 0
  const found = text.indexOf(`\n${BEGIN}`, Math.max(0, from - 1))
  return found < 0 ? -1 : found + 1
}

interface Line {
  readonly line: string
  readonly next: number
}

function lineAt(text: string, start: number): Line {
  const end = text.indexOf('\n', start)
  const [stop, next] = end < 0 ? [text.length, text.length] : [end, end + 1]
  return { line: text.slice(start, stop).replace(BLANKS, ''), next }
}

function blockAt(text: string, start: number): GoPemBlock | undefined {
  const begin = lineAt(text, start + BEGIN.length)
  if (!begin.line.endsWith(DASHES)) return undefined
  const type = begin.line.slice(0, -DASHES.length)
  const { at: bodyStart, hasHeaders } = behindHeaders(text, begin.next)
  const endStart = endAt(text, bodyStart, hasHeaders)
  if (endStart < 0) return undefined
  const trailer = lineAt(text, endStart + END.length)
  if (trailer.line !== `${type}${DASHES}`) return undefined
  const bytes = decoded(text.slice(bodyStart, endStart))
  return bytes && { type, hasHeaders, bytes, rest: text.slice(trailer.next) }
}

function behindHeaders(text: string, start: number): { readonly at: number; readonly hasHeaders: boolean } {
  let at = start
  while (at < text.length) {
    const { line, next } = lineAt(text, at)
    if (!line.includes(':')) break
    at = next
  }
  return { at, hasHeaders: at > start }
}

/** An empty block may end at once, when there are no headers. */
function endAt(text: string, bodyStart: number, hasHeaders: boolean): number {
  if (!hasHeaders && text.startsWith(END, bodyStart)) return bodyStart
  const found = text.indexOf(`\n${END}`, bodyStart)
  return found < 0 ? -1 : found + 1
}

/** Strict base64: of everything else in between, spaces, tabs and line ends alone are passed over. */
function decoded(body: string): Der | undefined {
  const compact = body.replace(/[ \t\r\n]+/g, '')
  const isBase64 = compact.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(compact)
  return isBase64 ? new Uint8Array(Buffer.from(compact, 'base64')) : undefined
}
