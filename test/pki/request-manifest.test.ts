import { describe, expect, it } from 'vitest'
import { parseManifest } from '../../src/pki/read-manifest.ts'
import {
  encodeManifest,
  labelsOf,
  type ManifestRequest,
  manifestRequest,
  markInstalled,
  markSigners,
  mergeManifest,
  newManifest,
} from '../../src/pki/request-manifest.ts'
import { certificateIn } from '../support/certificates.ts'
import { manifestRow } from '../support/requests.ts'

const HASH = '01'.repeat(32)

describe('a row', () => {
  const requested = {
    subject: 'CN=kube-apiserver',
    subjectAltNames: ['DNS:cp-1', 'IP:10.0.0.1'],
    keyUsage: ['digitalSignature'],
    extKeyUsage: ['serverAuth'],
    keyAlgorithm: 'RSA-2048',
    publicKeySha256: HASH,
    pem: '',
  }
  const authority = certificateIn('nodes/external-ca/etc/kubernetes/pki/ca.crt')
  const rowOf = (validity: number, created: Date, ca?: typeof authority) =>
    manifestRequest({
      ...{ name: 'apiserver', file: 'apiserver.csr', created, requested, caName: 'ca', validity },
      ...{ authority: ca, certificateFile: '/etc/kubernetes/pki/apiserver.crt' },
    })
  const NOW = new Date('2026-12-01T00:00:00Z')
  const DAY = 86_400_000

  it('says what is asked for, of whom, and where the answer goes', () => {
    const { pem: _, keyAlgorithm: __, ...asked } = requested
    expect(rowOf(365 * DAY, NOW, authority)).toEqual({
      name: 'apiserver',
      file: 'apiserver.csr',
      created: '2026-12-01T00:00:00Z',
      ...asked,
      caName: 'ca',
      caSubject: authority.subject,
      caFingerprintSha256: authority.fingerprintSha256,
      longestValidityDays: 365,
      certificateFile: '/etc/kubernetes/pki/apiserver.crt',
    })
  })

  it('says nothing of a CA that is not here', () => {
    const row = rowOf(365 * DAY, NOW)
    expect(row).not.toHaveProperty('caSubject')
    expect(row).not.toHaveProperty('caFingerprintSha256')
  })

  it('asks for whole days, at least one, none after the end of a CA that has not ended', () => {
    const days = (validity: number, created = NOW) => rowOf(validity, created, authority).longestValidityDays
    const endsIn = (days: number) => new Date(authority.notAfter.getTime() - days * DAY)
    expect(days(90.9 * DAY)).toBe(90)
    expect(days(DAY / 2)).toBe(1)
    expect(days(365 * DAY, endsIn(100.5))).toBe(100)
    expect(days(365 * DAY, endsIn(-1))).toBe(365)
  })
})

describe('the manifest after a job', () => {
  const merge = (old: ManifestRequest[], rows: ManifestRequest[], pending: readonly string[] = []) =>
    mergeManifest(old, rows, ({ name }) => pending.includes(name))
  const [admin, apiserver] = [manifestRow('admin.conf'), manifestRow('apiserver')]

  it('has the new rows, by name', () => {
    expect(merge([], [apiserver, admin])).toEqual([admin, apiserver])
  })

  it('keeps what waits and drops what is no longer there', () => {
    expect(merge([admin], [apiserver], ['admin.conf'])).toEqual([admin, apiserver])
    expect(merge([admin], [apiserver])).toEqual([apiserver])
  })

  it('marks what another request took the place of', () => {
    const next = manifestRow('apiserver', { created: '2026-12-02T00:00:00Z' })
    const replaced = { ...apiserver, replaced: '2026-12-02T00:00:00Z' }
    expect(merge([apiserver], [next])).toEqual([replaced, next])
    expect(merge([replaced, next], [], ['apiserver'])).toEqual([replaced, next])
  })

  it('keeps what was installed, with its time', () => {
    const installed = { ...apiserver, installed: '2026-12-03T00:00:00Z' }
    const next = manifestRow('apiserver', { created: '2027-11-01T00:00:00Z' })
    expect(merge([installed], [next])).toEqual([installed, next])
  })

  it('says what is installed since when, once', () => {
    const at = new Date('2026-12-03T00:00:00Z')
    const first = markInstalled([admin, apiserver], new Set([apiserver.publicKeySha256]), at)
    expect(first).toEqual([admin, { ...apiserver, installed: '2026-12-03T00:00:00Z' }])
    expect(markInstalled(first, new Set([apiserver.publicKeySha256]), new Date(0))).toEqual(first)
  })

  it('says who signs in a cluster, as it was asked last, of what is still out', () => {
    const signers = (signerName?: string) => new Map([['admin.conf.csr', signerName]])
    const sent = { ...admin, signerName: 'example.com/a' }
    expect(markSigners([admin, apiserver], signers('example.com/a'))).toEqual([sent, apiserver])
    expect(markSigners([sent], signers('example.com/b'))).toEqual([{ ...sent, signerName: 'example.com/b' }])
    expect(markSigners([sent], signers())).toEqual([admin])
    const over = { ...sent, installed: '2026-12-03T00:00:00Z' }
    expect(markSigners([over], signers())).toEqual([over])
    expect(parseManifest(encodeManifest(newManifest('cp-1', [over])))).toMatchObject({ requests: [over] })
  })

  it('has a key once: what is asked for again takes the place of what was', () => {
    const installed = { ...apiserver, installed: '2026-12-03T00:00:00Z' }
    expect(merge([installed], [apiserver])).toEqual([apiserver])
  })

  it('forgets the oldest of what is over', () => {
    const month = (index: number) =>
      `20${String(27 + Math.floor(index / 12))}-${String((index % 12) + 1).padStart(2, '0')}-01T00:00:00Z`
    const old = Array.from({ length: 100 }, (_, index) =>
      manifestRow('apiserver', { created: month(index), installed: month(index) }),
    )
    const merged = merge(old, [admin])
    expect(merged).toHaveLength(65)
    expect(merged).toContainEqual(old.at(-1))
    expect(merged).not.toContainEqual(old[0])
  })
})

it('gives each request a name of its own', () => {
  const rows = [
    manifestRow('apiserver'),
    manifestRow('admin.conf'),
    manifestRow('apiserver', { file: '../apiserver.csr' }),
  ]
  expect(labelsOf(rows)).toEqual(['apiserver', 'admin.conf', 'apiserver-2'])
})

describe('requests.json', () => {
  const manifest = newManifest('cp-1', [
    manifestRow('admin.conf', { subjectAltNames: ['DNS:*.a.example', 'IP:::1'], extKeyUsage: ['1.2.3.4'] }),
    manifestRow('apiserver', { installed: '2026-12-03T00:00:00Z', file: '../apiserver.csr' }),
  ])

  it('is read back as it was written, to the byte', () => {
    const text = encodeManifest(manifest)
    expect(text.startsWith('{\n  "apiVersion": "kubepki/v1",\n')).toBe(true)
    expect(text.endsWith('}\n')).toBe(true)
    const read = parseManifest(text)
    expect(read).toEqual(manifest)
    expect(encodeManifest(read as typeof manifest)).toBe(text)
  })

  it('loses what kubepki does not know', () => {
    const text = encodeManifest(manifest).replace('"name": "admin.conf"', '"__proto__": {"a": 1}, "x": 1, $&')
    expect(parseManifest(text)).toEqual(manifest)
  })

  /** A field of the first request -> what is wrong with it. */
  const BROKEN: readonly [string, unknown][] = [
    ['name', undefined],
    ['name', '../x'],
    ['name', 'a b'],
    ['name', ['admin.conf']],
    ['file', '/etc/shadow.csr'],
    ['file', 'a.key'],
    ['file', 'a\n.csr'],
    ['created', 'yesterday'],
    ['created', '2026-13-01T00:00:00Z'],
    ['publicKeySha256', 'AB'.repeat(32)],
    ['publicKeySha256', 'ab'],
    ['subject', 1],
    ['subject', 'CN=a\u0007'],
    ['subject', 'x'.repeat(5000)],
    ['subjectAltNames', 'DNS:a'],
    ['subjectAltNames', ['a']],
    ['subjectAltNames', Array(513).fill('DNS:a')],
    ['keyUsage', [null]],
    ['keyUsage', ['a, CA:TRUE']],
    ['extKeyUsage', ['serverAuth\n']],
    ['extKeyUsage', ['1..2']],
    ['caName', ''],
    ['caSubject', {}],
    ['caFingerprintSha256', 'x'],
    ['longestValidityDays', 0],
    ['longestValidityDays', 1.5],
    ['longestValidityDays', '365'],
    ['longestValidityDays', 1e9],
    ['certificateFile', null],
    ['signerName', 'a; rm -rf'],
    ['signerName', ['example.com/a']],
    ['installed', true],
    ['replaced', '2026'],
  ]

  it.each(BROKEN)('with %s %j is refused, and the field named', (field, value) => {
    const [first, ...rest] = manifest.requests
    const broken = { ...manifest, requests: [{ ...first, [field]: value }, ...rest] }
    const found = `requests[0].${field}`
    expect(parseManifest(JSON.stringify(broken))).toEqual({ reason: 'MANIFEST_MALFORMED', found })
  })

  it.each([
    ['', 'no JSON object'],
    ['[]', 'no JSON object'],
    ['null', 'no JSON object'],
    ['{}', 'apiVersion'],
    [JSON.stringify({ ...manifest, kind: 'List' }), 'kind'],
    [JSON.stringify({ ...manifest, version: 1 }), 'version'],
    [JSON.stringify({ ...manifest, node: '\u202e\n' }), 'node'],
    [JSON.stringify({ ...manifest, requests: {} }), 'requests'],
    [JSON.stringify({ ...manifest, requests: [null] }), 'requests[0]'],
    [JSON.stringify({ ...manifest, requests: Array(257).fill(manifest.requests[0]) }), 'requests'],
    [
      JSON.stringify({ ...manifest, requests: Array(2).fill(manifest.requests[0]) }),
      'requests[1].publicKeySha256 is there twice',
    ],
  ])('%.40s is none', (text, found) => {
    expect(parseManifest(text)).toEqual({ reason: 'MANIFEST_MALFORMED', found })
  })
})
