/** Mutations of DER that keep everything around the change well-formed, so that it comes past the first check. */
import type { Mutate, Mutation } from './bytes.ts'
import type { Random } from './random.ts'

interface Element {
  tag: number
  contents: Buffer
  /** Takes the place of `contents`. */
  children?: Element[]
  /** Stands before the children: the unused bits of a BIT STRING. */
  lead: Buffer
  /** In place of everything: copies that nothing changes any more. */
  raw?: Buffer
  /** In place of the length. */
  lie?: Buffer
}

const NOTHING = Buffer.alloc(0)
const OCTET_STRING = 0x04
const BIT_STRING = 0x03

/** Undefined when the bytes are not whole elements. */
function decode(bytes: Buffer, depth = 0): Element[] | undefined {
  const elements: Element[] = []
  for (let at = 0; at < bytes.length; ) {
    const header = headerOf(bytes, at)
    if (!header) return undefined
    elements.push(elementOf(bytes[at] as number, bytes.subarray(header.start, header.end), depth))
    at = header.end
  }
  return elements
}

function headerOf(bytes: Buffer, at: number) {
  const first = bytes[at + 1]
  if (first === undefined || first === 0x80 || first > 0x83) return undefined
  const count = first < 0x80 ? 0 : first & 0x7f
  if (at + 2 + count > bytes.length) return undefined
  const length = count === 0 ? first : bytes.readUIntBE(at + 2, count)
  const start = at + 2 + count
  return start + length <= bytes.length ? { start, end: start + length } : undefined
}

/** Strings of octets and bits are looked into: keys and extensions are in them. */
function elementOf(tag: number, contents: Buffer, depth: number): Element {
  const leaf = { tag, contents, lead: NOTHING }
  const lead = tag === BIT_STRING ? contents.subarray(0, 1) : NOTHING
  const isHolder = (tag & 0x20) !== 0 || tag === OCTET_STRING || tag === BIT_STRING
  const inside = contents.subarray(lead.length)
  const children = isHolder && inside.length > 1 && depth < 40 ? decode(inside, depth + 1) : undefined
  return children ? { ...leaf, lead, children } : leaf
}

function encode({ tag, contents, children, lead, lie, raw }: Element): Buffer {
  if (raw) return raw
  const inside = children ? Buffer.concat([lead, ...children.map(encode)]) : contents
  return Buffer.concat([Buffer.of(tag), lie ?? encodeLength(inside.length), inside])
}

function encodeLength(length: number): Buffer {
  if (length < 0x80) return Buffer.of(length)
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(length)
  const used = bytes.subarray(bytes.findIndex(byte => byte !== 0))
  return Buffer.concat([Buffer.of(0x80 | used.length), used])
}

function everyElement(elements: readonly Element[]): Element[] {
  return elements.flatMap(element => [element, ...everyElement(element.children ?? [])])
}

const hex = (text: string) => Buffer.from(text, 'hex')
const INTEGERS = [
  '',
  '00',
  '01',
  '02',
  '7f',
  '80',
  'ff',
  '7fffffff',
  '00ffffffff',
  '7fffffffffffffff',
  '0100000000',
]
const LENGTHS = [
  '80',
  '00',
  '7f',
  '8100',
  '820000',
  '84ffffffff',
  '847fffffff',
  '88ffffffffffffffff',
  'ff',
  '83ffffff',
]
const TIMES = [
  '500101000000Z',
  '491231235959Z',
  '00010101000000Z',
  '99991231235959Z',
  '20500101000000Z',
  '2612010000Z',
]
const TEXTS = [
  'a, b',
  'a\nb',
  '\u001b[31m',
  'a\0b',
  '"',
  '*.',
  '\u2028',
  'CN=x',
  '10.0.0.1',
  '\ud7ff',
  '-----BEGIN X-----',
]
const OIDS = [
  '2a864886f70d01010a',
  '550403',
  '55041d',
  '551d11',
  '551d13',
  '551d0f',
  '551d25',
  '2a864886f70d01050d',
]
const ALGORITHMS = [
  '2a8648ce380401',
  '2a864886f70d010301',
  '2a864886f70d01050c',
  '2b06010401da47040b',
  '2b656e',
  '2b6570',
]
const TAGS = [
  0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0c, 0x13, 0x14, 0x16, 0x17, 0x18, 0x1e, 0x30, 0x31, 0xa0, 0xa3, 0x82,
]

function value(random: Random): Buffer {
  return random.pick([
    () => hex(random.pick(INTEGERS)),
    () => Buffer.alloc(random.pick([16, 200, 2000, 20_000]), 0xff),
    () => Buffer.from(random.pick(TIMES)),
    () => Buffer.from(random.pick(TEXTS)),
    () => hex(random.pick([...OIDS, ...ALGORITHMS])),
    () => random.bytes(random.below(40)),
    () => Buffer.from('x'.repeat(random.pick([64, 65, 256, 5000]))),
  ])()
}

function integer(random: Random): Buffer {
  return hex(random.pick(INTEGERS))
}

type Change = (element: Element, mutation: Mutation) => void

const setContents: Change = (element, { random }) => {
  delete element.children
  element.contents = value(random)
}

const setTag: Change = (element, { random }) => {
  element.tag = random.isOneIn(3) ? random.below(256) : random.pick(TAGS)
}

const lie: Change = (element, { random }) => {
  element.lie = hex(random.pick(LENGTHS))
}

/** As BER allows: the end is marked. */
const indefinite: Change = (element, _mutation) => {
  const end: Element = { tag: 0, contents: NOTHING, lead: NOTHING }
  element.lie = Buffer.of(0x80)
  if (element.children) element.children.push(end)
  else element.contents = Buffer.concat([element.contents, Buffer.of(0, 0)])
}

const longLength: Change = (element, _mutation) => {
  const { length } = element.children ? Buffer.concat(element.children.map(encode)) : element.contents
  element.lie = Buffer.concat([Buffer.of(0x84), Buffer.alloc(4)])
  element.lie.writeUInt32BE(length + element.lead.length, 1)
}

const reorder: Change = ({ children }, { random }) => {
  if (!children || children.length === 0) return
  const at = random.below(children.length)
  const [moved] = children.splice(at, 1) as [Element]
  if (random.isOneIn(2)) children.splice(random.below(children.length + 1), 0, moved)
}

const multiply: Change = ({ children }, { random }) => {
  if (!children || children.length === 0) return
  const one = random.pick(children)
  const room = Math.floor(100_000 / (encode(one).length + 1))
  const times = Math.min(room, random.pick([1, 2, 20, random.isOneIn(6) ? 50_000 : 500]))
  const copy = encode(one)
  children.push({ tag: 0, contents: NOTHING, lead: NOTHING, raw: Buffer.alloc(copy.length * times, copy) })
}

const graft: Change = (element, { random, donor }) => {
  const others = everyElement(decode(donor) ?? [])
  if (others.length > 0) Object.assign(element, { lie: undefined, children: undefined }, random.pick(others))
}

const nest: Change = (element, { random }) => {
  const { tag } = element
  const inside = encode(element)
  const parts = [inside]
  let length = inside.length
  for (let left = random.pick([1, 5, 100, 2000]); left > 0; left -= 1) {
    const head = Buffer.concat([Buffer.of(random.pick([tag | 0x20, 0x30])), encodeLength(length)])
    parts.unshift(head)
    length += head.length
  }
  delete element.children
  element.contents = Buffer.concat(parts)
}

const number: Change = (element, { random }) => {
  const integers = everyElement([element]).filter(({ tag, children }) => tag === 0x02 && !children)
  if (integers.length > 0) random.pick(integers).contents = integer(random)
}

const CHANGES: readonly Change[] = [
  ...[setContents, setContents, setTag, lie, indefinite, longLength],
  ...[reorder, reorder, multiply, graft, graft, nest, number],
]

/** What has grown enough is left to the mutations of bytes. */
const LARGEST = 64 * 1024

/** One to three elements of it; bytes that are no DER stay as they are. */
export const mutateDer: Mutate = (bytes, mutation) => {
  const elements = bytes.length < LARGEST ? decode(bytes) : undefined
  if (!elements || elements.length === 0) return bytes
  for (let left = 1 + mutation.random.below(3); left > 0; left -= 1) {
    const change = mutation.random.pick(CHANGES)
    change(
      change === number ? (elements[0] as Element) : mutation.random.pick(everyElement(elements)),
      mutation,
    )
  }
  return Buffer.concat(elements.map(encode))
}
