/** PKCS#10 requests that readers take for different things, or some do not take at all: each is one byte or two from a right one. */
import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { type Der, elementsOf, encodeElement, TAG } from '../../src/x509/der.ts'
import { encodePem } from '../../src/x509/pem.ts'
import { extension, extensionRequest, generalName, newKey, oid, sequence } from './pkcs10.ts'

const bytes = (...parts: readonly (Uint8Array | readonly number[])[]): Der =>
  new Uint8Array(Buffer.concat(parts.map(part => Uint8Array.from(part))))
const text = (tag: number, value: string | Uint8Array) =>
  encodeElement(tag, typeof value === 'string' ? Buffer.from(value) : value)
const UTF8 = 0x0c

const KEY = newKey()
const RSA = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
const spkiOf = (key: KeyObject): Der =>
  new Uint8Array(createPublicKey(key).export({ type: 'spki', format: 'der' }))

interface Parts {
  readonly commonName?: Uint8Array
  readonly organization?: Uint8Array
  readonly subject?: Uint8Array
  readonly key?: KeyObject
  readonly info?: Uint8Array
  readonly names?: readonly Uint8Array[]
  readonly extensions?: readonly Uint8Array[]
  /** Whole. */
  readonly attributes?: Uint8Array
  readonly wrap?: (body: Der) => Uint8Array
  /** In front of the signature. */
  readonly unused?: readonly number[]
}

const NAMES = ['DNS:worker-1', 'IP:10.0.0.1'].map(generalName)
const CN = '2.5.4.3'
const O = '2.5.4.10'
const relative = (type: Uint8Array, value: Uint8Array) => encodeElement(TAG.set, sequence(type, value))

function request(parts: Parts = {}): string {
  const { key = KEY, commonName = text(UTF8, 'system:node:worker-1') } = parts
  const { organization = text(UTF8, 'system:nodes'), names = NAMES } = parts
  const subject = parts.subject ?? sequence(relative(oid(O), organization), relative(oid(CN), commonName))
  const extensions = parts.extensions ?? [extension('2.5.29.17', sequence(...names))]
  const body = (parts.wrap ?? sequence)(
    bytes(
      [TAG.integer, 1, 0],
      subject,
      parts.info ?? spkiOf(key),
      parts.attributes ?? encodeElement(0xa0, extensionRequest(extensions)),
    ),
  ) as Der
  const isRsa = key.asymmetricKeyType === 'rsa'
  const algorithm = isRsa
    ? sequence(oid('1.2.840.113549.1.1.11'), Uint8Array.of(5, 0))
    : sequence(oid('1.2.840.10045.4.3.2'))
  const signature = encodeElement(
    TAG.bitString,
    Uint8Array.from(parts.unused ?? [0]),
    sign('sha256', body, key),
  )
  return encodePem('CERTIFICATE REQUEST', sequence(body, algorithm, signature))
}

/** One byte more than its length needs. */
function longLength(element: Uint8Array): Der {
  const [tag = 0, length = 0] = element
  if (length >= 0x80) return bytes([tag, length + 1, 0], element.subarray(2))
  return bytes([tag, 0x81, length], element.subarray(2))
}

function utf32(value: string): Uint8Array {
  return Uint8Array.from([...value].flatMap(one => [0, 0, 0, one.charCodeAt(0)]))
}

const cut = (type: string): Der => {
  const whole = oid(type)
  return encodeElement(TAG.oid, whole.subarray(2), Uint8Array.of(0x81))
}

/** The public point with other first bytes: 02 and 03 without its second half, 06 and 07 with both. */
function pointOf(form: 'compressed' | 'hybrid'): Der {
  const spki = spkiOf(KEY)
  const [algorithm, point] = elementsOf(spki)
  const [x, y] = [point?.subarray(4, 36), point?.subarray(36, 68)] as [Der, Der]
  const odd = (y.at(-1) as number) & 1
  const contents = form === 'compressed' ? bytes([2 + odd], x) : bytes([6 + odd], x, y)
  return sequence(algorithm as Der, encodeElement(TAG.bitString, Uint8Array.of(0), contents))
}

function bitsWith(unused: number): Der {
  const [algorithm, point] = elementsOf(spkiOf(KEY))
  const changed = Uint8Array.from(point as Der)
  changed[2] = unused
  return sequence(algorithm as Der, changed)
}

const rsaWithoutNull = (): Der => {
  const [, key] = elementsOf(spkiOf(RSA))
  return sequence(sequence(oid('1.2.840.113549.1.1.1')), key as Der)
}

/** Go's x509, of every version, refuses them. */
export const REFUSED_BY_GO: Readonly<Record<string, string>> = {
  'a CN with a sign that PrintableString has not': request({
    commonName: text(0x13, 'system:node:worker_1'),
  }),
  'a CN that is no UTF-8': request({ commonName: text(UTF8, Uint8Array.of(0x61, 0xff)) }),
  'a CN in IA5String that is no ASCII': request({ commonName: text(0x16, Uint8Array.of(0x61, 0xe9)) }),
  'a CN in NumericString with letters': request({ commonName: text(0x12, 'system:node:worker-1') }),
  'a CN in BMPString of an odd length': request({ commonName: text(0x1e, Uint8Array.of(0, 0x61, 0)) }),
  'the type of a name cut off': request({
    subject: sequence(
      relative(oid(O), text(UTF8, 'system:nodes')),
      relative(cut(CN), text(UTF8, 'system:node:worker-1')),
    ),
  }),
  'a part of the subject that is no SET': request({
    subject: sequence(sequence(sequence(oid(CN), text(UTF8, 'system:node:worker-1')))),
  }),
  'a length in more bytes than it needs, in the subject': request({
    commonName: longLength(text(UTF8, 'system:node:worker-1')),
  }),
  'a length in more bytes than it needs, around all': request({ wrap: body => longLength(sequence(body)) }),
  'no attributes at all': request({ attributes: new Uint8Array() }),
  'the type of an extension cut off': request({
    extensions: [sequence(cut('2.5.29.17'), encodeElement(TAG.octetString, sequence(...NAMES)))],
  }),
  'a DNS name that is no ASCII': request({ names: [text(0x82, Uint8Array.of(0x61, 0xe9))] }),
  'an e-mail address that is no ASCII': request({ names: [...NAMES, text(0x81, Uint8Array.of(0x61, 0xe9))] }),
  'a length in more bytes than it needs, in a name': request({
    names: [longLength(text(0x82, 'worker-1'))],
  }),
  'a compressed point': request({ info: pointOf('compressed') }),
  'a hybrid point': request({ info: pointOf('hybrid') }),
  'bits left over in the key': request({ info: bitsWith(1) }),
  'bits left over in the signature': request({ unused: [3] }),
  'RSA without its NULL': request({ key: RSA, info: rsaWithoutNull() }),
}

/** They are read, and not by all alike. */
export const DISPUTED: Readonly<Record<string, string>> = {
  'a CN in UniversalString': request({ commonName: text(0x1c, utf32('system:node:worker-1')) }),
  'a CN in VisibleString': request({ commonName: text(0x1a, 'system:node:worker-1') }),
  'a CN in GeneralString': request({ commonName: text(0x1b, 'system:node:worker-1') }),
  'a CN in OCTET STRING': request({ commonName: text(0x04, 'system:node:worker-1') }),
  'a CN in pieces': request({ commonName: text(0x2c, text(UTF8, 'system:node:worker-1')) }),
  'a CN in T61String that is no UTF-8': request({ commonName: text(0x14, Uint8Array.of(0x61, 0xe9)) }),
  'an O in UniversalString': request({
    subject: sequence(
      relative(oid(O), text(0x1c, utf32('system:masters'))),
      relative(oid(O), text(UTF8, 'system:nodes')),
      relative(oid(CN), text(UTF8, 'system:node:worker-1')),
    ),
  }),
  'a third element beside type and value': request({
    subject: sequence(
      relative(oid(O), text(UTF8, 'system:nodes')),
      encodeElement(
        TAG.set,
        sequence(oid(CN), text(UTF8, 'system:node:worker-1'), text(UTF8, 'system:node:worker-2')),
      ),
    ),
  }),
  'an attribute of a type cut off': request({
    attributes: encodeElement(
      0xa0,
      sequence(
        cut('1.2.840.113549.1.9.14'),
        encodeElement(TAG.set, sequence(extension('2.5.29.17', sequence(...NAMES)))),
      ),
    ),
  }),
  "names in Microsoft's attribute": request({
    attributes: encodeElement(
      0xa0,
      sequence(
        oid('1.3.6.1.4.1.311.2.1.14'),
        encodeElement(TAG.set, sequence(extension('2.5.29.17', sequence(...NAMES)))),
      ),
    ),
  }),
  'a name whose tag is an INTEGER': request({ names: [...NAMES, text(0x02, 'kubernetes')] }),
  'a name in pieces': request({ names: [...NAMES, text(0xa2, 'kubernetes')] }),
  'a name of an application': request({ names: [...NAMES, text(0x42, 'kubernetes')] }),
  'a DNS name with a NUL': request({ names: [...NAMES, text(0x82, 'worker-1\0.evil')] }),
  'a DNS name with a line end': request({ names: [...NAMES, text(0x82, 'worker-1\nevil')] }),
  'an empty DNS name': request({ names: [...NAMES, text(0x82, '')] }),
}

/** Beside them, what all read alike. */
export const UNDISPUTED: Readonly<Record<string, string>> = {
  'as it is': request(),
  'an RSA key': request({ key: RSA }),
  PrintableString: request({
    commonName: text(0x13, 'system:node:worker-1'),
    organization: text(0x13, 'system:nodes'),
  }),
  IA5String: request({ commonName: text(0x16, 'system:node:worker-1') }),
  'T61String of ASCII': request({ commonName: text(0x14, 'system:node:worker-1') }),
  BMPString: request({
    commonName: text(0x1e, Buffer.from('system:node:worker-1', 'utf16le').swap16()),
  }),
  'both in one part': request({
    subject: sequence(
      encodeElement(
        TAG.set,
        sequence(oid(CN), text(UTF8, 'system:node:worker-1')),
        sequence(oid(O), text(UTF8, 'system:nodes')),
      ),
    ),
  }),
  'a critical extension': request({
    extensions: [
      sequence(
        oid('2.5.29.17'),
        Uint8Array.of(1, 1, 0xff),
        encodeElement(TAG.octetString, sequence(...NAMES)),
      ),
    ],
  }),
  'an attribute that nobody knows': request({
    attributes: encodeElement(
      0xa0,
      sequence(oid('1.2.840.113549.1.9.7'), encodeElement(TAG.set, text(0x13, 'challenge'))),
      extensionRequest([extension('2.5.29.17', sequence(...NAMES))]),
    ),
  }),
}
