/** Two readers of certificates, OpenSSL by node:crypto and @peculiar/x509, say the same of every one. */
import 'reflect-metadata'
import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import {
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  type GeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  type Name,
  SubjectAlternativeNameExtension,
  X509Certificate,
} from '@peculiar/x509'
import { describe, expect, it } from 'vitest'
import { parseIpAddress } from '../../src/ip-address.ts'
import {
  type Certificate,
  parseCertificate,
  publicKeySha256Of,
  readCertificates,
} from '../../src/x509/certificate.ts'
import { tbsPartsOf } from '../../src/x509/der.ts'
import { issueCertificate } from '../../src/x509/issue.ts'
import { subjectAltNamesOf } from '../../src/x509/subject-alt-name.ts'
import { extKeyUsageIn, isCaIn, keyUsageIn } from '../../src/x509/usage.ts'
import { openssl, P256, P384, P521, RSA_2048 } from '../support/certificates.ts'
import { fixture, tempDir } from '../support/node.ts'
import { randomFrom } from './random.ts'
import { randomCertificate, randomExtensions, randomName } from './random-certificates.ts'

/** What @peculiar/x509 calls attributes, as OpenSSL calls them. */
const ATTRIBUTES: Readonly<Record<string, string>> = {
  E: 'emailAddress',
  G: 'GN',
  I: 'initials',
  T: 'title',
  '2.5.4.5': 'serialNumber',
  '2.5.4.46': 'dnQualifier',
  '2.5.4.65': 'pseudonym',
  '0.9.2342.19200300.100.1.1': 'UID',
}

/** RFC 4514: most specific first, escaped as OpenSSL does. */
function nameText(name: Name): string {
  const relative = (one: Record<string, string[]>) =>
    Object.entries(one).flatMap(([type, values]) =>
      values.map(value => `${ATTRIBUTES[type] ?? type}=${escaped(value)}`),
    )
  return name
    .toJSON()
    .map(one => relative(one).join('+'))
    .toReversed()
    .join(',')
}

function escaped(value: string): string {
  return value
    .replace(/[,+"\\<>;]/g, '\\$&')
    .replace(/^[ #]|(?<=.) $/, '\\$&')
    .replace(/\p{Cc}/gu, one => `\\${one.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)
}

const PURPOSES: Readonly<Record<string, string>> = {
  '2.5.29.37.0': 'anyExtendedKeyUsage',
  '1.3.6.1.5.5.7.3.1': 'serverAuth',
  '1.3.6.1.5.5.7.3.2': 'clientAuth',
  '1.3.6.1.5.5.7.3.3': 'codeSigning',
  '1.3.6.1.5.5.7.3.4': 'emailProtection',
  '1.3.6.1.5.5.7.3.8': 'timeStamping',
  '1.3.6.1.5.5.7.3.9': 'OCSPSigning',
}

/** OpenSSL has no zeros before a number. */
function hexadecimal(serialNumber: string): string {
  return serialNumber
    .toUpperCase()
    .replace(/^0+(?=(..)+$)/, '')
    .replace(/^00$/, '0')
}

/** As a subject, which is compared as such. */
const DIRECTORY_NAME = 'other: a Name'

const TYPES: Readonly<Record<string, string>> = { dns: 'DNS', email: 'email', url: 'URI', ip: 'IP' }

/** What is no printable ASCII, and of a type that kubepki does not look into, as bytes. */
function nameOf({ type, value, rawData }: GeneralName): string {
  if (type === 'dn') return DIRECTORY_NAME
  const known = TYPES[type]
  const text = known === 'IP' ? parseIpAddress(value)?.text : value
  return known && text && /^[\x21-\x7e]+$/.test(text)
    ? `${known}:${text}`
    : `other:${Buffer.from(rawData).toString('hex')}`
}

interface Field {
  readonly ours: (certificate: Certificate) => unknown
  readonly theirs: (certificate: X509Certificate) => unknown
}

const FIELDS = {
  subject: { ours: one => one.subject, theirs: one => nameText(one.subjectName) },
  issuer: { ours: one => one.issuer, theirs: one => nameText(one.issuerName) },
  serialNumber: { ours: one => one.serialNumber, theirs: one => hexadecimal(one.serialNumber) },
  notBefore: { ours: one => one.notBefore.toISOString(), theirs: one => one.notBefore.toISOString() },
  notAfter: { ours: one => one.notAfter.toISOString(), theirs: one => one.notAfter.toISOString() },
  isCa: { ours: one => one.isCa, theirs: one => one.getExtension(BasicConstraintsExtension)?.ca ?? false },
  basicConstraints: {
    ours: one => isCaIn(tbsPartsOf(one.der).extensions),
    theirs: one => one.getExtension(BasicConstraintsExtension)?.ca ?? false,
  },
  subjectAltName: {
    ours: one =>
      subjectAltNamesOf(one).map(({ type, value }) =>
        type === 'other' && value.startsWith('a4') ? DIRECTORY_NAME : `${type}:${value}`,
      ),
    theirs: one => one.getExtension(SubjectAlternativeNameExtension)?.names.items.map(nameOf) ?? [],
  },
  keyUsage: {
    ours: one => keyUsageIn(tbsPartsOf(one.der).extensions),
    theirs: one => {
      const usages = one.getExtension(KeyUsagesExtension)?.usages
      const names = Object.keys(KeyUsageFlags).filter(name => Number.isNaN(Number(name)))
      return usages === undefined
        ? undefined
        : names.filter(name => usages & KeyUsageFlags[name as 'cRLSign'])
    },
  },
  extKeyUsage: {
    ours: one => extKeyUsageIn(tbsPartsOf(one.der).extensions),
    theirs: one =>
      one.getExtension(ExtendedKeyUsageExtension)?.usages.map(usage => PURPOSES[usage as string] ?? usage),
  },
  publicKey: {
    ours: publicKeySha256Of,
    theirs: one => createHash('sha256').update(new Uint8Array(one.publicKey.rawData)).digest('hex'),
  },
} as const satisfies Record<string, Field>

type FieldName = keyof typeof FIELDS

interface Difference {
  readonly fields: readonly FieldName[]
  readonly why: string
  readonly isRight: (ours: unknown, theirs: unknown, certificate: Certificate) => boolean
}

/** 16 bits of each character. */
function shortened(text: unknown): string {
  return [...String(text)].map(one => String.fromCharCode(one.codePointAt(0) as number)).join('')
}

/** Where they may differ, and nowhere else. */
const DIFFERENCES: readonly Difference[] = [
  {
    fields: ['subject', 'issuer'],
    why: 'asn1js takes 16 bits of each character of a UniversalString',
    isRight: (ours, theirs) => shortened(ours) === shortened(theirs),
  },
  {
    fields: ['notBefore', 'notAfter'],
    why: 'asn1js takes a year below 100 for one of the twentieth century',
    isRight: (ours, theirs) => String(ours).replace(/^00/, '19') === theirs,
  },
  {
    fields: ['isCa'],
    why: 'OpenSSL takes nobody for a CA whose keyUsage does not let it sign certificates',
    isRight: (ours, theirs, { der }) =>
      ours === false && theirs === true && !keyUsageIn(tbsPartsOf(der).extensions)?.includes('keyCertSign'),
  },
  {
    fields: ['serialNumber'],
    why: 'OpenSSL says of a negative number what it is, the other its two’s complement',
    isRight: (ours, theirs) => {
      const bits = BigInt(String(theirs).length * 4)
      return BigInt.asIntN(Number(bits), BigInt(`0x${theirs}`)) === -BigInt(`0x${String(ours).slice(1)}`)
    },
  },
]

/** Of those that are not right, a sentence each; what is right is counted. */
function disagreements(certificate: Certificate, seen = new Set<string>()): string[] {
  const other = new X509Certificate(certificate.der)
  return (Object.keys(FIELDS) as FieldName[]).flatMap(name => {
    const [ours, theirs] = [FIELDS[name].ours(certificate), FIELDS[name].theirs(other)]
    if (JSON.stringify(ours) === JSON.stringify(theirs)) return []
    const right = DIFFERENCES.find(row => row.fields.includes(name) && row.isRight(ours, theirs, certificate))
    if (right) seen.add(right.why)
    return right ? [] : [`${name}: ours ${JSON.stringify(ours)}, theirs ${JSON.stringify(theirs)}`]
  })
}

/** Also those inside kubeconfigs. */
function certificatesBelow(
  directory: string,
): { readonly file: string; readonly certificates: readonly Certificate[] }[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && statSync(join(entry.parentPath, entry.name)).size < 100_000)
    .flatMap(({ parentPath, name }) => {
      const file = join(parentPath, name)
      const text = readFileSync(file, 'utf8')
      const embedded = [...text.matchAll(/-data: *([A-Za-z0-9+/=]{100,})/g)].map(([, data = '']) =>
        Buffer.from(data, 'base64').toString(),
      )
      const certificates = [text, ...embedded]
        .map(readCertificates)
        .flatMap(read => ('certificates' in read ? read.certificates : []))
      return certificates.length > 0 ? [{ file: relative(directory, file), certificates }] : []
    })
}

const FILES = certificatesBelow(fixture())

describe('certificates of the fixtures', () => {
  it.each(FILES)('$file', ({ certificates }) => {
    expect(certificates.flatMap(one => disagreements(one))).toEqual([])
  })

  it('are many', () => {
    expect(FILES.length).toBeGreaterThan(100)
  })
})

const spkiOf = (key: { readonly publicKey: KeyObject }) =>
  key.publicKey.export({ type: 'spki', format: 'der' })
const curve = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve })

/** One of each kind, for all certificates. */
const KEYS = {
  rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  p256: curve('P-256'),
  p384: curve('P-384'),
  p521: curve('P-521'),
  ed25519: generateKeyPairSync('ed25519'),
}
const SIGNERS = [KEYS.p256, KEYS.p384, KEYS.p521, KEYS.rsa]

const SEED = process.env.FUZZ_SEED ?? '1'

/** With the names and extensions of a generated one, signed as kubepki signs. */
function issued(index: number): Promise<Certificate> {
  const random = randomFrom(`${SEED}/issued/${index}`)
  const like = (year: number) =>
    new Date(Date.UTC(year, random.below(12), 1 + random.below(28), 23, 59, random.below(60)))
  return issueCertificate({
    subject: randomName(random),
    extensions: randomExtensions(random),
    key: { publicKeyInfo: new Uint8Array(spkiOf(random.pick(Object.values(KEYS)))) },
    authority: { certificate: AUTHORITY, key: { key: random.pick(SIGNERS).privateKey } },
    notBefore: like(random.pick([1950, 2000, 2026, 2049])),
    notAfter: like(random.pick([2049, 2050, 2051, 9999])),
  })
}

const AUTHORITY = parseCertificate(randomCertificate('authority', [spkiOf(KEYS.p256)]))

describe(`generated certificates, seed ${SEED}`, { timeout: 60_000 }, () => {
  const infos = Object.values(KEYS).map(spkiOf)

  it('1600 of every form', () => {
    const seen = new Set<string>()
    for (let index = 0; index < 1600; index += 1) {
      const certificate = parseCertificate(randomCertificate(`${SEED}/${index}`, infos))
      expect(disagreements(certificate, seen), `certificate ${index}`).toEqual([])
    }
    // A row that nothing needs any more has to go.
    expect(DIFFERENCES.map(({ why }) => why).filter(why => !seen.has(why))).toEqual([])
  })

  it('360 signed as kubepki signs', async () => {
    for (let index = 0; index < 360; index += 1)
      expect(disagreements(await issued(index)), `certificate ${index}`).toEqual([])
  })

  it.each([RSA_2048, P256, P384, P521, ['-algorithm', 'ED25519']])(
    '8 made by openssl: %s %s %s',
    (...algorithm) => {
      const key = openssl(['genpkey', ...algorithm.filter(Boolean)])
      const file = join(tempDir(), 'key')
      writeFileSync(file, key, { mode: 0o600 })
      for (const mask of ['utf8only', 'nombstr', 'pkix', 'default'])
        for (const days of ['1', '36500']) {
          const text = madeByOpenssl(file, { mask, days })
          const read = readCertificates(text)
          if ('reason' in read) throw new Error(read.reason)
          expect(disagreements(read.certificates[0]), mask + days).toEqual([])
        }
    },
  )
})

const CONFIG = (mask: string) => `[req]
distinguished_name = name
x509_extensions = extensions
string_mask = ${mask}
utf8 = yes
prompt = no
[name]
countryName = DE
0.organizationName = Müller, Söhne + Co
1.organizationName = "# second"
commonName = kube-apiserver
emailAddress = a@example.test
[extensions]
basicConstraints = critical,CA:TRUE,pathlen:1
keyUsage = digitalSignature,keyCertSign,cRLSign
extendedKeyUsage = serverAuth,clientAuth,1.3.6.1.4.1.99999.1
subjectAltName = DNS:*.example.test,IP:192.0.2.1,IP:2001:db8::1,email:a@example.test,URI:https://example.test/,RID:1.2.3.4
`

function madeByOpenssl(
  key: string,
  { mask, days }: { readonly mask: string; readonly days: string },
): string {
  const config = join(tempDir(), 'config')
  writeFileSync(config, CONFIG(mask))
  return openssl(['req', '-new', '-x509', '-key', key, '-days', days, '-config', config])
}
