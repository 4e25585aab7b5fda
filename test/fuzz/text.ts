/** Mutations of PEM, YAML and JSON: line by line, token by token, and what is inside base64. */
import { BYTE_MUTATIONS, type Mutate, type Mutation } from './bytes.ts'
import { mutateDer } from './der.ts'
import type { Random } from './random.ts'

const PEM_TOKENS = [
  ...[
    '-----BEGIN CERTIFICATE-----\n',
    '-----END CERTIFICATE-----\n',
    '-----BEGIN ',
    '-----',
    '\r\n',
    '\ufeff',
  ],
  ...[
    '-----BEGIN \u001b[31m-----\n',
    '-----BEGIN X-----\nAAAA\n-----END X-----\n',
    '    ',
    '=',
    ':',
    '\u0000',
    '\u2028',
  ],
  ...[
    'Proc-Type: 4,ENCRYPTED\n',
    'DEK-Info: AES-256-CBC,00112233445566778899AABBCCDDEEFF\n\n',
    'DEK-Info: X,Y\n\n',
  ],
  ...[
    '-----BEGIN ENCRYPTED PRIVATE KEY-----\n',
    '-----END ENCRYPTED PRIVATE KEY-----\n',
    '-----BEGIN PRIVATE KEY-----\n',
  ],
  ...['-----BEGIN PKCS7-----\n', '-----END PKCS7-----\n', '-----BEGIN TRUSTED CERTIFICATE-----\n', '\ud800'],
]

const VALUES = [
  ...[
    'null',
    '~',
    '[]',
    '{}',
    '""',
    "''",
    '1',
    '-1',
    '1e999',
    '.nan',
    'true',
    '0o7',
    '0x7fffffffffffffff',
    '2026-01-01',
  ],
  ...[
    '*a',
    '&a x',
    '&a [*a, *a]',
    '!!binary AAAA',
    '!!js/function x',
    '!!set {a}',
    '!x y',
    '!<tag:\u0001> y',
    '<<: *a',
  ],
  ...[
    '{toString: 1, valueOf: 1}',
    '{__proto__: {a: b}}',
    '{constructor: x}',
    '[{toString: 1}]',
    '{length: 1e9}',
  ],
  ...[
    '"\\ud800"',
    '"\\udfff x"',
    '"\\e[31m"',
    '"\\x7f\\x9b"',
    '"\\u2028"',
    '"\\0"',
    '"a\\nb"',
    '"\\U00110000"',
    '|\n    a',
    '>-\n    b',
  ],
  ...[
    '-----BEGIN PRIVATE KEY-----',
    '"-----BEGIN PRIVATE KEY-----\\nAAAA"',
    'LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0tCg==',
    '/',
  ],
  ...['../../../../etc/shadow', '/dev/zero', '?', ':', '- -', '%YAML 9.9', '---', '...', '\t', '#', '@', '`'],
]

/** Keys of the documents read, and of every object of JavaScript. */
const KEYS = [
  ...[
    '__proto__',
    'toString',
    'constructor',
    'hasOwnProperty',
    '<<',
    'apiVersion',
    'kind',
    'users',
    'clusters',
    'contexts',
  ],
  ...[
    'current-context',
    'user',
    'cluster',
    'client-certificate-data',
    'client-key',
    'certificate-authority-data',
    'exec',
  ],
  ...[
    'certSANs',
    'etcd',
    'local',
    'external',
    'networking',
    'spec',
    'containers',
    'command',
    'hostPath',
    'volumeMounts',
  ],
  ...[
    '? [a]',
    '"\\u001b"',
    '"\\ud800"',
    '&a a',
    '*a',
    '!!str a',
    '{a: b}',
    'path',
    'requests',
    'files',
    'sha256After',
  ],
]

/** Characters that are looked through: the rest stays as it is. */
const ENOUGH = 100_000

function long(random: Random): string {
  const length = random.pick([10, 99, 100, 101, 1000, random.isOneIn(10) ? 200_000 : 5000])
  return random.pick([
    () => '['.repeat(length),
    () => '{a: '.repeat(Math.ceil(length / 4)),
    () => '- '.repeat(Math.ceil(length / 2)),
    () => `${'['.repeat(length)}${']'.repeat(length)}`,
    () => 'x'.repeat(length),
    () => '/'.repeat(length),
    () => `${'/'.repeat(length)}x`,
    () => ' '.repeat(length),
    () => `${'1.'.repeat(length / 2)}x`,
    () => `&a [${'*a, '.repeat(length / 4)}]`,
    () => `"${'\\n'.repeat(length / 2)}"`,
    () =>
      `&a0 [x]\n${Array.from({ length: Math.min(length, 40) }, (_, i) => `k${i}: &a${i + 1} [*a${i}, *a${i}]`).join('\n')}`,
  ])()
}

function onText(change: (text: string, mutation: Mutation) => string): Mutate {
  return (bytes, mutation) => Buffer.from(change(bytes.toString('latin1'), mutation), 'latin1')
}

/** Characters outside of Latin-1 as UTF-8, as the rest of the text is. */
const utf8 = (text: string) => Buffer.from(text, 'utf8').toString('latin1')

const insertAt = (text: string, at: number, piece: string) => text.slice(0, at) + utf8(piece) + text.slice(at)

const token = (tokens: readonly string[]) =>
  onText((text, { random }) => insertAt(text, random.below(text.length + 1), random.pick(tokens)))

const lines = onText((text, { random, donor }) => {
  const head = text.slice(0, ENOUGH)
  const all = head.split('\n')
  const at = random.below(all.length)
  const others = donor.toString('latin1').split('\n')
  const start = random.below(others.length)
  random.pick([
    () => all.splice(at, 1 + random.below(3)),
    () => all.splice(at, 0, all[at] as string),
    () => all.splice(at, 0, ...all.splice(random.below(all.length), 1)),
    () => all.splice(at, 1, `${' '.repeat(random.below(5))}${(all[at] as string).trimStart()}`),
    () => all.splice(at, 0, ...others.slice(start, start + 1 + random.below(10))),
    () => all.splice(at, 1, `${all[at]}\r`),
  ])()
  return all.join('\n') + text.slice(ENOUGH)
})

const FIELD = /^([ \t-]{0,20})([^\s:#][^:\n]{0,80})(:[ \t]*)(.*)$/gm

function onField(change: (field: RegExpMatchArray, random: Random) => string): Mutate {
  return onText((text, { random }) => {
    const fields = [...text.slice(0, ENOUGH).matchAll(FIELD)]
    if (fields.length === 0) return text
    const field = random.pick(fields)
    const at = field.index as number
    return text.slice(0, at) + utf8(change(field, random)) + text.slice(at + field[0].length)
  })
}

const yamlValue = onField(
  ([, lead, key, colon], random) =>
    `${lead}${key}${colon}${random.isOneIn(3) ? long(random) : random.pick(VALUES)}`,
)
const yamlKey = onField(([, lead, , colon, rest], random) => `${lead}${random.pick(KEYS)}${colon}${rest}`)
/** What the field had is shared with others by an alias. */
const yamlAnchor = onField(
  ([, lead, key, colon, rest]) => `${lead}${key}${colon}&a ${rest}\n${lead}x${colon}*a`,
)

/** What is between BEGIN and END is changed as DER, or as bytes, and encoded again. */
const pemBody = onText((text, mutation) => {
  const blocks = [...text.matchAll(/(-----BEGIN [^-\n]*-----)([A-Za-z0-9+/=\s]*)(-----END)/g)]
  if (blocks.length === 0) return text
  const [whole, begin, body, end] = mutation.random.pick(blocks) as unknown as [
    string,
    string,
    string,
    string,
  ]
  const der = Buffer.from(body, 'base64')
  const donor = Buffer.from(
    /-----([A-Za-z0-9+/=\s]{100,})-----/.exec(mutation.donor.toString('latin1'))?.[1] ?? '',
    'base64',
  )
  const changed = innerMutation(mutation.random)(der, { ...mutation, donor })
  return text.replace(whole, () => `${begin}\n${wrapped(changed)}\n${end}`)
})

function wrapped(der: Buffer): string {
  return (der.toString('base64').match(/.{1,64}/g) ?? []).join('\n')
}

function innerMutation(random: Random): Mutate {
  return random.isOneIn(4) ? random.pick(BYTE_MUTATIONS) : mutateDer
}

/** PEM inside a kubeconfig's base64. */
const embedded = onText((text, mutation) => {
  const values = [...text.matchAll(/-data: ([A-Za-z0-9+/=]{40,})/g)].map(([, value]) => value as string)
  if (values.length === 0) return text
  const value = mutation.random.pick(values)
  const changed = mutation.random.pick([pemBody, pemBody, ...PEM_ONLY, ...BYTE_MUTATIONS])
  return text.replace(value, () => changed(Buffer.from(value, 'base64'), mutation).toString('base64'))
})

const PEM_ONLY: readonly Mutate[] = [lines, token(PEM_TOKENS)]
export const PEM_MUTATIONS: readonly Mutate[] = [...PEM_ONLY, ...Array.from({ length: 8 }, () => pemBody)]
export const YAML_MUTATIONS: readonly Mutate[] = [
  ...[lines, lines, token(VALUES), yamlValue, yamlValue, yamlValue, yamlKey, yamlAnchor, embedded],
]
