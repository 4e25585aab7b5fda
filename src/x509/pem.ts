/**
 * PEM (RFC 7468), read as it is found in the wild and written exactly.
 * A block that only some readers accept is still returned, with the quirk that divides them.
 */

import type { Der } from './der.ts'

/** What a reader does with a block that has the quirk; tried with OpenSSL 3.0 and Go's encoding/pem in client-go. */
export interface PemQuirkSpec {
  readonly found: string
  readonly openssl: boolean
  readonly kubernetes: boolean
}

const PEM_QUIRKS = {
  BYTE_ORDER_MARK: { found: 'a byte order mark before its BEGIN line', openssl: true, kubernetes: false },
  INDENTED: { found: 'white space before its BEGIN or END line', openssl: false, kubernetes: false },
  GLUED: { found: 'other text on its BEGIN or END line', openssl: false, kubernetes: false },
  OLD_LABEL: { found: 'the label X509 CERTIFICATE', openssl: true, kubernetes: false },
  TRUSTED_LABEL: { found: 'the label TRUSTED CERTIFICATE', openssl: true, kubernetes: false },
  HEADERS: { found: 'PEM headers inside the block', openssl: false, kubernetes: false },
} as const satisfies Record<string, PemQuirkSpec>
export type PemQuirk = keyof typeof PEM_QUIRKS

export interface PemBlock {
  readonly label: string
  /** Encapsulated headers (RFC 1421), as of encrypted keys: `Proc-Type: 4,ENCRYPTED`. */
  readonly headers: ReadonlyMap<string, string>
  /** Absent when the body is not base64 or the END line is missing: then `defect` says which. */
  readonly bytes?: Der
  readonly defect?: 'PEM_TRUNCATED' | 'PEM_MALFORMED'
  readonly quirks: readonly PemQuirk[]
}

/** What divides the readers of these blocks: one sentence for each quirk. */
export function readerWarnings(blocks: readonly PemBlock[]): string[] {
  const quirks = new Set<PemQuirk>(blocks.flatMap(block => block.quirks))
  return [...quirks].map(quirk => {
    const { found, openssl, kubernetes }: PemQuirkSpec = PEM_QUIRKS[quirk]
    if (openssl && !kubernetes) return `${found}: openssl reads it, Kubernetes will not`
    if (kubernetes && !openssl) return `${found}: Kubernetes reads it, openssl will not`
    return `${found}: neither Kubernetes nor openssl reads it`
  })
}

/** RFC 7468 section 3, but with any spaces. */
const BEGIN = /-----BEGIN ([ -,.-~]{1,64})-----/g

/** Every block of the text in order. Linear in its length, whatever the text. */
export function parsePem(text: string): PemBlock[] {
  const blocks: PemBlock[] = []
  const begin = new RegExp(BEGIN)
  for (let match = begin.exec(text); match !== null; match = begin.exec(text)) {
    const label = match[1] as string
    const bodyStart = match.index + match[0].length
    const endLine = `-----END ${label}-----`
    const nextBegin = text.indexOf('-----BEGIN ', bodyStart)
    const bodyEnd = text.slice(bodyStart, nextBegin < 0 ? text.length : nextBegin).indexOf(endLine)
    if (bodyEnd < 0) {
      blocks.push({ label, headers: new Map(), defect: 'PEM_TRUNCATED', quirks: [] })
      continue
    }
    const end = bodyStart + bodyEnd + endLine.length
    const body = text.slice(bodyStart, bodyStart + bodyEnd)
    const surroundings = { before: lineBefore(text, match.index), body, after: lineAfter(text, end) }
    blocks.push(parseBlock(label, surroundings))
    begin.lastIndex = end
  }
  return blocks
}

/** One block, 64 characters a line, final newline (RFC 7468 section 2); headers as RFC 1421 has them. */
export function encodePem(
  label: string,
  bytes: Uint8Array,
  headers: ReadonlyMap<string, string> = new Map(),
): string {
  const head = [...headers].map(([name, value]) => `${name}: ${value}\n`)
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  const encapsulated = head.length > 0 ? `${head.join('')}\n` : ''
  return `-----BEGIN ${label}-----\n${encapsulated}${lines.join('\n')}\n-----END ${label}-----\n`
}

interface Surroundings {
  readonly before: string
  readonly body: string
  readonly after: string
}

function parseBlock(label: string, at: Surroundings): PemBlock {
  const { headers, base64 } = splitHeaders(at.body)
  const bytes = decodeBase64(base64)
  const quirks = quirksOf(label, headers.size > 0, at)
  return bytes === undefined
    ? { label, headers, defect: 'PEM_MALFORMED', quirks }
    : { label, headers, bytes, quirks }
}

/** Headers stand before everything else, one a line. */
function splitHeaders(body: string) {
  const headers = new Map<string, string>()
  if (!body.includes(':')) return { headers, base64: body }
  const lines = body.split(/\r?\n/).filter(line => line.trim() !== '')
  const end = lines.findIndex(line => !HEADER.test(line))
  for (const line of lines.splice(0, end < 0 ? lines.length : end)) {
    const [, name = '', value = ''] = HEADER.exec(line) ?? []
    headers.set(name, value)
  }
  return { headers, base64: lines.join('\n') }
}

const HEADER = /^([A-Za-z0-9-]+):\s*(.*)$/

function quirksOf(label: string, hasHeaders: boolean, at: Surroundings): PemQuirk[] {
  const isCertificate = label.endsWith('CERTIFICATE')
  const before = at.before.replace('\uFEFF', '')
  const found: [PemQuirk, boolean][] = [
    ['BYTE_ORDER_MARK', at.before.includes('\uFEFF')],
    ['INDENTED', (before !== '' && before.trim() === '') || /\n[ \t]+$/.test(at.body)],
    ['GLUED', before.trim() !== '' || at.after.trim() !== '' || !/\n[ \t]*$/.test(at.body)],
    ['OLD_LABEL', label === 'X509 CERTIFICATE'],
    ['TRUSTED_LABEL', label === 'TRUSTED CERTIFICATE'],
    ['HEADERS', isCertificate && hasHeaders],
  ]
  return found.filter(([, is]) => is).map(([quirk]) => quirk)
}

/** The bytes of base64 text, white space ignored; undefined when it is anything else. */
function decodeBase64(text: string): Der | undefined {
  const compact = text.replace(/\s+/g, '')
  const wellFormed = compact.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(compact)
  return wellFormed ? new Uint8Array(Buffer.from(compact, 'base64')) : undefined
}

/** Enough of a line to see what shares it; a bound, so that hostile text costs no more than its length. */
const WINDOW = 256

function lineBefore(text: string, index: number): string {
  return text
    .slice(Math.max(0, index - WINDOW), index)
    .split('\n')
    .at(-1) as string
}

function lineAfter(text: string, index: number): string {
  return text.slice(index, index + WINDOW).split('\n', 1)[0] as string
}
