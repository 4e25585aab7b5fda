/** Certificates of every form that a certificate has, from a seed: unsigned, for readers alone. */
import { encodeElement } from '../../src/x509/der.ts'
import { type Random, randomFrom } from './random.ts'

const SEQUENCE = 0x30
const sequence = (...parts: readonly Uint8Array[]) => encodeElement(SEQUENCE, ...parts)
const set = (...parts: readonly Uint8Array[]) => encodeElement(0x31, ...parts)
const octets = (...parts: readonly Uint8Array[]) => encodeElement(0x04, ...parts)
const TRUE = Uint8Array.of(1, 1, 0xff)

/** `1.2.840.113549`. */
function oid(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  return encodeElement(0x06, Uint8Array.from([first * 40 + second, ...rest].flatMap(base128)))
}

function base128(arc: number): number[] {
  const low = arc % 128
  const high = []
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128))
    high.unshift(0x80 | (rest % 128))
  return [...high, low]
}

/** Each with the types of text that it may have (RFC 5280 appendix A). */
const ATTRIBUTES = [
  ...[
    '2.5.4.3',
    '2.5.4.4',
    '2.5.4.7',
    '2.5.4.8',
    '2.5.4.10',
    '2.5.4.11',
    '2.5.4.12',
    '2.5.4.42',
    '2.5.4.43',
    '2.5.4.65',
  ],
].map(type => ({ type, tags: [0x0c, 0x13, 0x14, 0x1c, 0x1e] }))
const NARROW = [
  { type: '2.5.4.6', tags: [0x13] },
  { type: '2.5.4.5', tags: [0x13] },
  { type: '2.5.4.46', tags: [0x13] },
  { type: '1.2.840.113549.1.9.1', tags: [0x16] },
  { type: '0.9.2342.19200300.100.1.25', tags: [0x16] },
  { type: '0.9.2342.19200300.100.1.1', tags: [0x0c] },
]

const PLAIN = [
  'kube-apiserver',
  'system:masters',
  'a',
  'DE',
  'Example Org',
  '0815',
  'a/b',
  "O'Hara",
  '(x)',
  'x=y?',
]
const WIDE = [
  'Baden-Württemberg',
  '東京',
  'a, b',
  'a + b',
  ' lead',
  'trail ',
  '#hash',
  'semi;colon',
  '<tag>',
  '"quoted"',
  'back\\slash',
  'two\nlines',
  '\u007f',
  '',
  'x'.repeat(200),
]
const BEYOND = ['key 🔐', '𝔘nicode']

/** TeletexString as everybody reads it: Latin-1. */
function text(tag: number, random: Random): Uint8Array {
  const value = random.pick(
    tag === 0x13 || tag === 0x16
      ? PLAIN
      : tag === 0x0c || tag === 0x1c
        ? [...PLAIN, ...WIDE, ...BEYOND]
        : [...PLAIN, ...WIDE],
  )
  if (tag === 0x1e) return encodeElement(tag, Buffer.from(value, 'utf16le').swap16())
  if (tag === 0x1c)
    return encodeElement(
      tag,
      Buffer.concat(
        [...value].map(one =>
          Buffer.of(0, ...[16, 8, 0].map(shift => ((one.codePointAt(0) as number) >> shift) & 0xff)),
        ),
      ),
    )
  if (tag === 0x14) return encodeElement(tag, Buffer.from(value.replace(/[^\0-\xff]/g, 'x'), 'latin1'))
  return encodeElement(tag, Buffer.from(value, 'utf8'))
}

const several = <T>(random: Random, most: number, make: () => T): T[] =>
  Array.from({ length: random.below(most + 1) }, make)

/** Of one relative distinguished name each type once. */
function name(random: Random): Uint8Array {
  const relative = () => {
    const types = new Map(
      [
        random.pick([...ATTRIBUTES, ...NARROW]),
        ...several(random, random.isOneIn(4) ? 2 : 0, () => random.pick(ATTRIBUTES)),
      ].map(one => [one.type, one] as const),
    )
    const attributes = [...types.values()].map(({ type, tags }) =>
      sequence(oid(type), text(random.pick(tags), random)),
    )
    return set(...attributes.toSorted(Buffer.compare))
  }
  return sequence(relative(), ...several(random, 4, relative))
}

const YEARS = [1950, 1951, 1970, 1999, 2000, 2026, 2038, 2048, 2049, 2050, 2051, 2100, 9999]
const EARLY_YEARS = [1, 49, 50, 99, 100, 1000, 1949]

/** UTCTime has the years from 1950 to 2049. */
function time(random: Random): Uint8Array {
  const year = random.isOneIn(12) ? random.pick(EARLY_YEARS) : random.pick(YEARS)
  const [month, day, hour, minute] = [
    random.pick(['01', '02', '12']),
    random.pick(['01', '28', '31']),
    '23',
    '59',
  ]
  const rest = `${month}${month === '02' ? '28' : day}${hour}${minute}${random.pick(['00', '59'])}Z`
  const isShort = year >= 1950 && year < 2050 && !random.isOneIn(5)
  const digits = String(year).padStart(4, '0')
  return isShort
    ? encodeElement(0x17, Buffer.from(digits.slice(2) + rest))
    : encodeElement(0x18, Buffer.from(digits + rest))
}

const SERIALS = [
  '01',
  '00',
  '7f',
  '0080',
  '00ff',
  'ff',
  '80',
  'ff7f',
  '0100000000',
  `00${'f'.repeat(38)}`,
  '7f'.repeat(20),
]

function serial(random: Random): Uint8Array {
  const bytes = random.isOneIn(2)
    ? Buffer.from(random.pick(SERIALS), 'hex')
    : Buffer.concat([Buffer.of(0x40 | random.below(64)), random.bytes(15)])
  return encodeElement(0x02, bytes)
}

const NAMES = [
  'kubernetes',
  'a.example.test',
  '*.example.test',
  'A.Example',
  'xn--bcher-kva.example',
  'x, DNS:y',
  'a b',
  '"',
  "'",
  'a\0b',
  '',
]

function generalName(random: Random): Uint8Array {
  return random.pick([
    () => encodeElement(0x82, Buffer.from(random.pick(NAMES))),
    () => encodeElement(0x82, Buffer.from(random.pick(NAMES))),
    () => encodeElement(0x81, Buffer.from(random.pick(['a@example.test', 'a,b@example.test']))),
    () => encodeElement(0x86, Buffer.from(random.pick(['https://example.test/?a=b,c', 'spiffe://x/y']))),
    () => encodeElement(0x87, random.bytes(4)),
    () => encodeElement(0x87, random.bytes(16)),
    () =>
      encodeElement(
        0x87,
        Buffer.from(
          random.pick([
            '00000000000000000000000000000001',
            '20010db8000000000000000000000001',
            '00000000000000000000ffff0a000001',
            'fe800000000000000000000000000000',
          ]),
          'hex',
        ),
      ),
    () => encodeElement(0x88, Buffer.of(0x2a, 0x03, 0x04)),
    () => encodeElement(0xa4, name(random)),
    () =>
      encodeElement(
        0xa0,
        oid('1.3.6.1.4.1.311.20.2.3'),
        encodeElement(0xa0, encodeElement(0x0c, Buffer.from('u@x'))),
      ),
  ])()
}

function extension(type: string, value: Uint8Array, random: Random): Uint8Array {
  return sequence(oid(type), ...(random.isOneIn(2) ? [TRUE] : []), octets(value))
}

const PURPOSES = [
  '1.3.6.1.5.5.7.3.1',
  '1.3.6.1.5.5.7.3.2',
  '1.3.6.1.5.5.7.3.3',
  '1.3.6.1.5.5.7.3.9',
  '2.5.29.37.0',
  '1.3.6.1.4.1.99999.1',
]

/** Nine bits; those at the end that are not set are left out. */
function keyUsage(random: Random): Uint8Array {
  const bits = 1 + random.below(511)
  const bytes = bits % 2 === 0 ? Buffer.of(bits >> 1) : Buffer.of(bits >> 1, 0x80)
  const last = bytes.at(-1) as number
  return encodeElement(0x03, Buffer.of(31 - Math.clz32(last & -last)), bytes)
}

function basicConstraints(random: Random): Uint8Array {
  const length = encodeElement(0x02, Buffer.of(random.below(4)))
  return random.pick([sequence(), sequence(TRUE), sequence(TRUE, length)])
}

export function randomExtensions(random: Random): Map<string, ReturnType<typeof encodeElement>> {
  const names = [generalName(random), ...several(random, 5, () => generalName(random))]
  const purposes = [...new Set([random.pick(PURPOSES), ...several(random, 2, () => random.pick(PURPOSES))])]
  const all: readonly [string, () => Uint8Array][] = [
    ['2.5.29.15', () => keyUsage(random)],
    ['2.5.29.37', () => sequence(...purposes.map(oid))],
    ['2.5.29.19', () => basicConstraints(random)],
    ['2.5.29.17', () => sequence(...names)],
    ['2.5.29.14', () => octets(random.bytes(20))],
    ['1.3.6.1.4.1.99999.2', () => octets(random.bytes(8))],
  ]
  const chosen = all.filter(() => !random.isOneIn(4))
  return new Map(chosen.map(([type, value]) => [type, Uint8Array.from(extension(type, value(), random))]))
}

export function randomName(random: Random) {
  return Uint8Array.from(name(random))
}

/** For a key, by SubjectPublicKeyInfo. */
export function randomCertificate(
  seed: string,
  publicKeyInfos: readonly Uint8Array[],
): Uint8Array<ArrayBuffer> {
  const random = randomFrom(seed)
  const algorithm = sequence(oid('1.2.840.10045.4.3.2'))
  const extensions = [...randomExtensions(random).values()]
  const tbs = sequence(
    encodeElement(0xa0, encodeElement(0x02, Buffer.of(2))),
    serial(random),
    algorithm,
    name(random),
    sequence(time(random), time(random)),
    name(random),
    random.pick(publicKeyInfos),
    ...(extensions.length > 0 ? [encodeElement(0xa3, sequence(...extensions))] : []),
  )
  return sequence(tbs, algorithm, encodeElement(0x03, Buffer.of(0), random.bytes(70)))
}
