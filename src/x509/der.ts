/** Just enough DER (X.690) to hand a certificate's parts on byte for byte: no value is ever decoded and encoded again. */

/** Bytes that own their memory, as WebCrypto wants them. */
export type Der = Uint8Array<ArrayBuffer>

/** The tags that are read in more than one place. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  sequence: 0x30,
  set: 0x31,
} as const

/** The first element (tag, length, contents) of the bytes. */
export function firstElement(bytes: Der): Der {
  return bytes.subarray(0, contentsStart(bytes) + contentLength(bytes))
}

/** What is inside an element, without its tag and length. */
export function contentsOf(element: Der): Der {
  const start = contentsStart(element)
  return element.subarray(start, start + contentLength(element))
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

/** The element alone: RangeError when its tag is another, or anything stands behind it. */
export function onlyElement(tag: number, bytes: Der): Der {
  const element = firstElement(bytes)
  if (element[0] !== tag || element.length !== bytes.length) throw new RangeError('not the DER wanted')
  return element
}

/** The bytes of a BIT STRING of whole octets. Throws RangeError where bits are left over. */
export function bitsOf(element: Der): Der {
  const contents = contentsOf(element)
  if (contents[0] !== 0) throw new RangeError('a BIT STRING of no whole octets')
  return contents.subarray(1)
}

/** Of an INTEGER that is not negative; what is larger than a number can be is Infinity or nearly right. */
export function decodeInteger(element: Der): number {
  return contentsOf(element).reduce((value, byte) => value * 256 + byte, 0)
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

const NOTHING: Der = new Uint8Array()
const VERSION_TAG = 0xa0
const EXTENSIONS_TAG = 0xa3

/** Subject and extensions of a certificate (RFC 5280 section 4.1.2), exactly as they stand in it. */
export function tbsPartsOf(certificateDer: Der): TbsParts {
  const fields = tbsFieldsOf(certificateDer)
  const hasVersion = fields[0]?.[0] === VERSION_TAG
  const subject = fields[hasVersion ? 5 : 4]
  if (!subject) throw new RangeError('not a TBSCertificate')
  const extensions = extensionsIn(certificateDer)
  return { subject, extensions: new Map(extensions.map(extension => [leadingOid(extension), extension])) }
}

/** The Name of a certificate's issuer, as DER. */
export function issuerNameOf(certificateDer: Der): Der {
  const fields = tbsFieldsOf(certificateDer)
  const issuer = fields[fields[0]?.[0] === VERSION_TAG ? 3 : 2]
  if (!issuer) throw new RangeError('not a TBSCertificate')
  return issuer
}

/** Every one of a certificate, also one that is there twice. */
export function extensionsIn(certificateDer: Der): Der[] {
  const wrapped = tbsFieldsOf(certificateDer).find(field => field[0] === EXTENSIONS_TAG)
  const [sequence] = wrapped ? elementsOf(wrapped) : []
  return sequence ? elementsOf(sequence) : []
}

function tbsFieldsOf(certificateDer: Der): Der[] {
  const [tbs = NOTHING] = elementsOf(certificateDer)
  return elementsOf(tbs)
}

/** The Name, as DER. */
export function issuerOf(certificateDer: Der): Der {
  const fields = tbsFieldsOf(certificateDer)
  return fields[fields[0]?.[0] === VERSION_TAG ? 3 : 2] ?? NOTHING
}

const VERSION_3 = 2

export function isVersion3(certificateDer: Der): boolean {
  const [version] = tbsFieldsOf(certificateDer)
  return version?.[0] === VERSION_TAG && version.at(-1) === VERSION_3
}

/** The INTEGER. */
export function serialNumberOf(certificateDer: Der): Der {
  const fields = tbsFieldsOf(certificateDer)
  const serialNumber = fields[fields[0]?.[0] === VERSION_TAG ? 1 : 0]
  if (serialNumber?.[0] !== TAG.integer) throw new RangeError('not a TBSCertificate')
  return serialNumber
}

/** SubjectPublicKeyInfo of a certificate. */
export function publicKeyInfoOf(certificateDer: Der): Der {
  const fields = tbsFieldsOf(certificateDer)
  const info = fields[fields[0]?.[0] === VERSION_TAG ? 6 : 5]
  if (!info) throw new RangeError('not a TBSCertificate')
  return info
}

/** What an AlgorithmIdentifier, an Extension or an Attribute begins with, dotted. */
export function leadingOid(element: Der): string {
  const [oid = NOTHING] = elementsOf(element)
  return decodeOid(oid)
}

/** Bytes from this on have another one behind them. */
const LAST = 0x80

export function decodeOid(element: Der): string {
  const arcs: number[] = []
  let arc = 0
  const contents = contentsOf(element)
  if (element[0] !== TAG.oid) throw new RangeError('not an object identifier')
  if ((contents.at(-1) ?? LAST) >= LAST) throw new RangeError('an object identifier cut off')
  for (const byte of contents) {
    if (arc === 0 && byte === 0x80) throw new RangeError('an object identifier not in DER')
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

/** Where an element's contents begin, behind tag and length. */
export function contentsStart(bytes: Der): number {
  const first = bytes[1] ?? 0
  return first < 0x80 ? 2 : 2 + (first & 0x7f)
}

/** Of tags that go on in the next byte, which nothing in a certificate has. */
const LONG_TAG = 0x1f

function contentLength(bytes: Der): number {
  const first = bytes[1]
  if (((bytes[0] as number) & LONG_TAG) === LONG_TAG) throw new RangeError('a tag of several bytes')
  if (first === undefined) throw new RangeError('truncated DER')
  if (first === 0x80) throw new RangeError('BER of indefinite length')
  let length = first < 0x80 ? first : 0
  for (const byte of first < 0x80 ? [] : bytes.subarray(2, contentsStart(bytes))) length = length * 256 + byte
  if (length > bytes.length - contentsStart(bytes)) throw new RangeError('truncated DER')
  return length
}
