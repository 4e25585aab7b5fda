import { X509Certificate } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Certificate, readCertificates } from '../../src/x509/certificate.ts'
import { contentsOf, elementsOf, tbsPartsOf } from '../../src/x509/der.ts'
import {
  describeSubjectAltName,
  isSameSubjectAltName,
  isSubjectAltNameCritical,
  parseSubjectAltName,
  SUBJECT_ALT_NAME,
  type SubjectAltName,
  subjectAltNameExtension,
  subjectAltNamesOf,
} from '../../src/x509/subject-alt-name.ts'
import { certificateIn, openssl } from '../support/certificates.ts'
import { fixture, tempDir } from '../support/node.ts'

/** A certificate that openssl makes with the extension as its configuration has it. */
function certificateWith(extension: string, sections = ''): Certificate {
  const configFile = join(tempDir(), 'config')
  const head = '[req]\ndistinguished_name=dn\nx509_extensions=ext\n[dn]\n[ext]\n'
  writeFileSync(configFile, `${head}${extension}\n${sections}`)
  const read = readCertificates(
    openssl([
      'req',
      '-x509',
      '-new',
      '-key',
      fixture('defects', 'good.key'),
      '-subj',
      '/CN=any',
      '-config',
      configFile,
    ]),
  )
  if (!('certificates' in read)) throw new Error(read.reason)
  return read.certificates[0]
}

const withValue = (hex: string) => certificateWith(`2.5.29.17=DER:${hex}`)
const extensionOf = ({ der }: Certificate) => tbsPartsOf(der).extensions.get(SUBJECT_ALT_NAME)
const described = (names: readonly SubjectAltName[]) => names.map(describeSubjectAltName)

function parsed(text: string): SubjectAltName {
  const name = parseSubjectAltName(text)
  if (!name) throw new Error(`${text} is none`)
  return name
}

const KUBEADM = [
  'DNS:cp-1',
  'DNS:kubernetes.default.svc',
  'DNS:*.apps.example.test',
  'IP:10.96.0.1',
  'IP:2001:db8::a',
]
const MANY = Array.from({ length: 300 }, (_, index) => `DNS:host-${index}.example.test`)

describe('subjectAltNameExtension', () => {
  it.each([
    ['one name', ['DNS:a']],
    ['names and addresses', KUBEADM],
    ['contents of more than 127 bytes', MANY.slice(0, 6)],
    ['contents of more than 255 bytes', MANY.slice(0, 20)],
    ['contents of more than 65535 bytes', Array.from({ length: 9 }, () => MANY).flat()],
  ])('encodes %s as openssl does', (_, names) => {
    for (const critical of [false, true]) {
      const theirs = certificateWith(`subjectAltName=${critical ? 'critical,' : ''}${names.join(',')}`)
      expect(Buffer.from(subjectAltNameExtension(names.map(parsed), { critical }))).toEqual(
        Buffer.from(extensionOf(theirs) ?? []),
      )
      expect(isSubjectAltNameCritical(theirs)).toBe(critical)
    }
  })

  it('makes what node:crypto reads', () => {
    const [, value = new Uint8Array()] = elementsOf(subjectAltNameExtension(KUBEADM.map(parsed)))
    const { der } = withValue(Buffer.from(contentsOf(value)).toString('hex'))
    const native = new X509Certificate(der)
    expect(native.subjectAltName).toBe(
      'DNS:cp-1, DNS:kubernetes.default.svc, DNS:*.apps.example.test, IP Address:10.96.0.1, IP Address:2001:DB8:0:0:0:0:0:A',
    )
    expect(native.checkHost('kubernetes.default.svc')).toBeDefined()
    expect(native.checkHost('shop.apps.example.test')).toBeDefined()
    expect(native.checkHost('kubernetes')).toBeUndefined()
    expect(native.checkIP('10.96.0.1')).toBeDefined()
    expect(native.checkIP('2001:db8::a')).toBeDefined()
    expect(native.checkIP('10.96.0.2')).toBeUndefined()
  })

  it('has to have a name', () => {
    expect(() => subjectAltNameExtension([])).toThrow(RangeError)
  })
})

describe('subjectAltNamesOf', () => {
  it('reads every kind in order, and gives back the same bytes', () => {
    const kinds = [
      'email:admin@example.test',
      'DNS:Api.Example.test',
      'URI:spiffe://cluster.local/ns/default',
      'IP:192.0.2.1',
      'IP:::ffff:192.0.2.2',
      'RID:1.2.3.4',
      'otherName:1.2.3.4;UTF8:me',
      'dirName:place',
    ]
    const certificate = certificateWith(`subjectAltName=${kinds.join(',')}`, '[place]\nCN=somewhere\n')
    const names = subjectAltNamesOf(certificate)
    expect(described(names.slice(0, 5))).toEqual([
      'email:admin@example.test',
      'DNS:Api.Example.test',
      'URI:spiffe://cluster.local/ns/default',
      'IP:192.0.2.1',
      'IP:192.0.2.2',
    ])
    expect(names.slice(5).map(({ type }) => type)).toEqual(['other', 'other', 'other'])
    expect(names.map(({ der }) => der[0])).toEqual([0x81, 0x82, 0x86, 0x87, 0x87, 0x88, 0xa0, 0xa4])
    expect(Buffer.from(subjectAltNameExtension(names))).toEqual(Buffer.from(extensionOf(certificate) ?? []))
    expect(names[5]).toMatchObject({ value: '88032a0304' })
  })

  it('is empty without the extension', () => {
    expect(subjectAltNamesOf(certificateWith('keyUsage=digitalSignature'))).toEqual([])
    expect(isSubjectAltNameCritical(certificateWith('keyUsage=digitalSignature'))).toBe(false)
  })

  it.each([
    ['a name with a line break', '30058203610a62', '8203610a62'],
    ['a name with a zero byte', '3005820361002e', '820361002e'],
    ['a name with a blank', '30058203612062', '8203612062'],
    ['a name beyond ASCII', '30048202c3bc', '8202c3bc'],
    ['a name of no length', '30028200', '8200'],
    ['an address of five bytes', '300787050a00000001', '87050a00000001'],
    ['an address with its mask', '300a87080a000000ff000000', '87080a000000ff000000'],
  ])('does not decode %s', (_, hex, value) => {
    expect(subjectAltNamesOf(withValue(hex))).toMatchObject([{ type: 'other', value }])
  })

  it.each([
    ['no sequence', '820161'],
    ['something after the sequence', '3003820161820162'],
    ['a name that is longer than it is', '30038205610a62'],
    ['a sequence that is longer than it is', '3084ffffffff820161'],
    ['a length without end', '30ff82'],
  ])('refuses %s', (_, hex) => {
    expect(() => subjectAltNamesOf(withValue(hex))).toThrow(RangeError)
  })

  it('ends on any bytes, with names or a RangeError', () => {
    const { der } = certificateIn('defects', 'rich.crt')
    for (let index = 0; index < der.length; index += 1) {
      for (const byte of [0x00, 0x80, 0xff]) {
        const certificate = { der: der.with(index, byte) } as Certificate
        try {
          expect(Array.isArray(subjectAltNamesOf(certificate))).toBe(true)
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError)
        }
      }
    }
  })
})

describe('parseSubjectAltName', () => {
  it.each([
    ['lb.example.com', 'DNS:lb.example.com'],
    ['LB.Example.com', 'DNS:lb.example.com'],
    ['*.apps.example.com', 'DNS:*.apps.example.com'],
    ['DNS:cp-1', 'DNS:cp-1'],
    ['dns:cp-1', 'DNS:cp-1'],
    ['DNS:10.0.0.1', 'DNS:10.0.0.1'],
    ['10.0.0.256', 'DNS:10.0.0.256'],
    ['10.0.0.1', 'IP:10.0.0.1'],
    ['IP:10.0.0.1', 'IP:10.0.0.1'],
    ['2001:DB8:0::1', 'IP:2001:db8::1'],
    ['ip:::1', 'IP:::1'],
    ['::ffff:10.0.0.1', 'IP:10.0.0.1'],
  ])('%s is %s', (text, description) => {
    expect(describeSubjectAltName(parsed(text))).toBe(description)
  })

  it.each([
    '',
    ' ',
    'a b',
    'a_b',
    'a.',
    '*',
    '*.',
    'a.*.b',
    'DNS:',
    'DNS:DNS:a',
    'IP:lb.example.com',
    'URI:spiffe://a',
    'email:a@b',
    '010.0.0.1',
    'IP:010.0.0.1',
    '10.0.0.0/8',
    '[::1]',
    'fe80::1%eth0',
    'lb.example.com:6443',
    'https://lb.example.com',
    'a\n',
  ])('%j is none', text => {
    expect(parseSubjectAltName(text)).toBeUndefined()
  })
})

describe('isSameSubjectAltName', () => {
  const same = (one: SubjectAltName | undefined, other: SubjectAltName | undefined) =>
    isSameSubjectAltName(one as SubjectAltName, other as SubjectAltName)

  it('passes over the case of DNS names and the length of addresses, and nothing else', () => {
    // OpenSSL writes the mapped address with sixteen bytes.
    const list = 'DNS:API.example.test,IP:::ffff:10.0.0.1,email:API.example.test,email:api.example.test'
    const [name, mapped, email, lower] = subjectAltNamesOf(certificateWith(`subjectAltName=${list}`))
    expect(mapped?.der).toHaveLength(18)
    expect(parsed('10.0.0.1').der).toHaveLength(6)
    expect(same(name, parsed('api.example.test'))).toBe(true)
    expect(same(mapped, parsed('10.0.0.1'))).toBe(true)
    expect(same(mapped, parsed('10.0.0.2'))).toBe(false)
    expect(same(name, parsed('api.example.tes'))).toBe(false)
    expect(same(email, lower)).toBe(false)
    expect(same(name, email)).toBe(false)
    expect(same(parsed('DNS:10.0.0.1'), parsed('IP:10.0.0.1'))).toBe(false)
  })
})
