import { describe, expect, it } from 'vitest'
import { newManifest } from '../../src/pki/request-manifest.ts'
import { renderSigningSheet } from '../../src/report/signing-sheet.ts'
import { manifestRow } from '../support/requests.ts'

const sheetOf = (...rows: Parameters<typeof manifestRow>[]) =>
  renderSigningSheet(
    newManifest(
      'cp-1',
      rows.map(row => manifestRow(...row)),
    ),
  )

const blocksOf = (sheet: string) =>
  [...sheet.matchAll(/^```sh\n([\s\S]*?)\n```$/gm)].map(([, text]) => text as string)

/** The one table of requests: cells of each row. A code span may have a bar in it, with a backslash. */
const rowsOf = (sheet: string) => {
  const lines = sheet.split('\n').filter(line => line.startsWith('|') && line.includes('days'))
  return lines.map(line => line.slice(2, -2).split(/ (?<!\\)\| /))
}

describe('the table', () => {
  it('says all of each request', () => {
    const names = {
      subjectAltNames: ['DNS:*.a.example', 'IP:::1'],
      extKeyUsage: ['serverAuth', 'clientAuth'],
    }
    expect(
      rowsOf(sheetOf(['etcd-server', { ...names, caName: 'etcd-ca', longestValidityDays: 90 }])),
    ).toEqual([
      [
        ...['`etcd-server.csr`', '`CN=etcd-server`', '`DNS:*.a.example`, `IP:::1`'],
        ...['`digitalSignature`, `keyEncipherment`', '`serverAuth`, `clientAuth`', '`etcd-ca`', '90 days'],
        ...[expect.stringMatching(/^`[0-9a-f]{64}`$/), '`/etc/kubernetes/pki/etcd-server.crt`'],
      ],
    ])
  })

  it('has what waits alone; nothing is a sentence', () => {
    const sheet = sheetOf(['admin.conf', { installed: '2026-12-02T00:00:00Z' }], ['apiserver'])
    expect(sheet).not.toContain('admin.conf')
    expect(rowsOf(sheet)).toHaveLength(1)
    expect(sheetOf(['apiserver', { replaced: '2026-12-02T00:00:00Z' }])).toContain('Nothing is waiting')
  })

  it('names each CA with its fingerprint, or that it is not known', () => {
    const {
      caSubject: _,
      caFingerprintSha256: __,
      ...unknown
    } = manifestRow('etcd-peer', { caName: 'etcd-ca' })
    const sheet = renderSigningSheet(newManifest(undefined, [manifestRow('apiserver'), unknown]))
    expect(sheet).toContain('| `ca` | `CN=kubernetes` | `AB:AB:')
    expect(sheet).toContain('| `etcd-ca` | not on the node yet | not on the node yet |')
    expect(sheet).toContain('of a Kubernetes node,')
  })
})

describe('what a file said is no Markdown, no shell and no configuration', () => {
  const EVIL = [
    'CN=a|b,O=`id`',
    'CN=</td><script>alert(1)</script>',
    'CN=$(touch /tmp/x),O=![x](http://evil.example)',
    'CN=a\\,b,O="quoted"',
    'CN=a\u202eb\u200bc\nd',
    '``',
    '',
  ]

  it.each(EVIL)('the subject %j', subject => {
    const [plain, evil] = [sheetOf(['apiserver']), sheetOf(['apiserver', { subject }])]
    const [row = []] = rowsOf(evil)
    expect(row).toHaveLength(9)
    expect(row[1]).toMatch(/^(`+)( ?).*\2\1$|^empty$/)
    expect(evil.match(/^#.*$/gm)).toEqual(plain.match(/^#.*$/gm))
    for (const block of blocksOf(evil)) if (subject !== '') expect(block).not.toContain(subject)
    expect(evil).not.toMatch(/[\u202e\u200b]/)
  })

  it.each([
    ['DNS:a,URI:http://evil.example'],
    ['DNS:$ENV::HOME'],
    ['DNS:a\\'],
    ['email:copy'],
    ['URI:http://a.example/?b#c'],
    ['DNS:@section'],
  ])('the name %s is bytes in the extensions', name => {
    const [, , extensions = ''] = blocksOf(sheetOf(['apiserver', { subjectAltNames: ['DNS:b', name] }]))
    expect(extensions).toMatch(/^subjectAltName = DER:30[0-9a-f]+$/m)
    expect(extensions).not.toContain(name)
  })

  it('a file is one word of the shell', () => {
    const file = "../$(id) 'a'; rm -rf x.csr"
    const [check = ''] = blocksOf(sheetOf(['apiserver', { file }]))
    expect(check).toContain(`for request in '../$(id) '\\''a'\\''; rm -rf x.csr'; do`)
  })
})

describe('CFSSL', () => {
  it.each([
    ['subject', { subject: 'UID=7+CN=a,O=b' }],
    ['order', { subject: 'O=b,CN=a' }],
    ['two places for organizations', { subject: 'CN=a,O=b,O=c' }],
    ['another kind of name', { subjectAltNames: ['URI:spiffe://a'] }],
    ['a usage it has no word for', { extKeyUsage: ['clientAuth', '1.2.3.4'] }],
  ])('is not offered for what it would change: %s', (_, changes) => {
    const sheet = sheetOf(['admin.conf', changes], ['apiserver'])
    expect(sheet).toContain('Not with CFSSL, which would change their names or usages: `admin.conf.csr`.')
    expect(sheet).toMatch(/cfssl sign .*\\\n {2}apiserver\.csr/)
    expect(sheet).not.toMatch(/cfssl sign .*\\\n {2}admin\.conf\.csr/)
  })

  it('has one profile for all that ask for the same', () => {
    const sheet = sheetOf(['admin.conf'], ['scheduler.conf'], ['apiserver', { longestValidityDays: 90 }])
    const json = /kubepki-cfssl\.json <<'END'\n([\s\S]*?)\nEND\n/.exec(sheet)?.[1] ?? ''
    const { signing } = JSON.parse(json) as { signing: { profiles: Record<string, { expiry: string }> } }
    expect(Object.keys(signing.profiles)).toEqual(['client', 'client-90d'])
    expect(signing.profiles['client-90d']?.expiry).toBe('2160h')
  })
})
