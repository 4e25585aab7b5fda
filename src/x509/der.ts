/** Just enough DER (X.690) to hand a certificate's parts on byte for byte: no value is ever decoded and encoded again. */

/** Bytes that own their memory, as WebCrypto wants them. */
export type Der = Uint8Array<ArrayBuffer>

/** The first element (tag, length, contents) of the bytes. */
export function firstElement(bytes: Der): Der {
  return bytes.subarray(0, headerLength(bytes) + contentLength(bytes))
}

/** What is inside an element, without its tag and length. */
export function contentsOf(element: Der): Der {
  return element.subarray(headerLength(element), headerLength(element) + contentLength(element))
}

/** The elements inside a constructed element, each with its tag and length. */
export function elementsOf(element: Der): Der[] {
  const elements: Der[] = []
  let rest = contentsOf(element)
  while (rest.length > 0) {
    const next = firstElement(rest)
    elements.push(next)
    rest = rest.subarray(next.length)
  }
  return elements
}

/** An element of a short tag, from the parts of its contents. */
export function encodeElement(tag: number, ...parts: readonly Uint8Array[]): Der {
  const contents = Buffer.concat(parts)
  return Uint8Array.from([tag, ...encodeLength(contents.length), ...contents])
}

function encodeLength(length: number): number[] {
  if (length < 0x80) return [length]
  const bytes: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256)
  return [0x80 | bytes.length, ...bytes]
}

/** What a signer needs to know: keyUsage, extKeyUsage, subjectAltName. The rest is the signer's to decide. */
export const REQUESTED_EXTENSIONS = ['2.5.29.15', '2.5.29.37', '2.5.29.17']

export interface TbsParts {
  /** The Name, as DER. */
  readonly subject: Der
  /** Dotted object identifier -> the whole Extension, as DER. In the certificate's order. */
  readonly extensions: ReadonlyMap<string, Der>
}

const VERSION_TAG = 0xa0
const EXTENSIONS_TAG = 0xa3

/** Subject and extensions of a certificate (RFC 5280 section 4.1.2), exactly as they stand in it. */
export function tbsPartsOf(certificateDer: Der): TbsParts {
  const [tbs = new Uint8Array()] = elementsOf(certificateDer)
  const fields = elementsOf(tbs)
  const hasVersion = fields[0]?.[0] === VERSION_TAG
  const subject = fields[hasVersion ? 5 : 4]
  if (!subject) throw new RangeError('not a TBSCertificate')
  const wrapped = fields.find(field => field[0] === EXTENSIONS_TAG)
  const [sequence] = wrapped ? elementsOf(wrapped) : []
  const extensions = sequence ? elementsOf(sequence) : []
  return { subject, extensions: new Map(extensions.map(extension => [extensionOid(extension), extension])) }
}

function extensionOid(extension: Der): string {
  const [oid = new Uint8Array()] = elementsOf(extension)
  return decodeOid(oid.subarray(2))
}

function decodeOid(contents: Der): string {
  const arcs: number[] = []
  let arc = 0
  for (const byte of contents) {
    arc = arc * 128 + (byte & 0x7f)
    if (byte < 0x80) {
      arcs.push(arc)
      arc = 0
    }
  }
  const [first = 0, ...rest] = arcs
  const root = Math.min(2, Math.floor(first / 40))
  return [root, first - root * 40, ...rest].join('.')
}

function headerLength(bytes: Der): number {
  const first = bytes[1] ?? 0
  return first < 0x80 ? 2 : 2 + (first & 0x7f)
}

function contentLength(bytes: Der): number {
  const first = bytes[1]
  if (first === undefined) throw new RangeError('truncated DER')
  let length = first < 0x80 ? first : 0
  for (const byte of first < 0x80 ? [] : bytes.subarray(2, headerLength(bytes))) length = length * 256 + byte
  if (length > bytes.length - headerLength(bytes)) throw new RangeError('truncated DER')
  return length
}
