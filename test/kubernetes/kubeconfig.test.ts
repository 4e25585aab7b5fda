import { describe, expect, it } from 'vitest'
import {
  addEmbedded,
  type Kubeconfig,
  parseKubeconfig,
  parseWaitingKubeconfig,
  replaceEmbedded,
} from '../../src/kubernetes/kubeconfig.ts'
import { readFixture } from '../support/node.ts'

/** What kubectl 1.20.2 makes of each file is measured; see fixtures/README.md. */
const USABLE = [
  { file: 'wrapped-base64.conf', warns: undefined },
  { file: 'quoted.conf', warns: undefined },
  { file: 'json.conf', warns: undefined },
  { file: 'several-contexts.conf', warns: undefined },
  { file: 'anchors.conf', warns: undefined },
  { file: 'crlf.conf', warns: undefined },
  { file: 'folded-base64.conf', warns: 'Kubernetes will not read it' },
  { file: 'binary-tag.conf', warns: 'Kubernetes will not read it' },
]

const UNUSABLE = [
  { file: 'empty.conf', reason: 'EMPTY_FILE' },
  { file: 'not-yaml.conf', reason: 'YAML_MALFORMED' },
  { file: 'no-current-context.conf', reason: 'NO_CURRENT_CONTEXT' },
  { file: 'unknown-context.conf', reason: 'CONTEXT_MISSING' },
  { file: 'unknown-user.conf', reason: 'USER_MISSING' },
  { file: 'no-users.conf', reason: 'USER_MISSING' },
  { file: 'token-user.conf', reason: 'TOKEN_USER' },
  { file: 'exec-user.conf', reason: 'EXEC_USER' },
  { file: 'broken-base64.conf', reason: 'BASE64_MALFORMED' },
  { file: 'double-base64.conf', reason: 'BASE64_TWICE' },
]

function usable(text: string): Kubeconfig {
  const read = parseKubeconfig(text)
  if ('reason' in read) throw new Error(read.reason)
  return read
}

describe('parseKubeconfig', () => {
  it.each(USABLE)('reads the current user of $file', ({ file, warns }) => {
    const { clientCertificate, clientKey, warnings } = usable(readFixture('defects', file))
    expect(clientCertificate).toMatchObject({
      at: 'data',
      pem: expect.stringMatching(/^-----BEGIN CERTIFICATE-----\n/),
    })
    expect(clientKey).toMatchObject({
      at: 'data',
      pem: expect.stringMatching(/^-----BEGIN (RSA |EC )?PRIVATE KEY-----\n/),
    })
    expect(warnings.join()).toContain(warns ?? '')
    if (warns === undefined) expect(warnings).toEqual([])
  })

  it.each(UNUSABLE)('says why $file gives no certificate: $reason', ({ file, reason }) => {
    expect(parseKubeconfig(readFixture('defects', file))).toMatchObject({ reason })
  })

  it.each([
    ['a list', '- 1\n'],
    ['a scalar', 'hello\n'],
    ['another kind', 'apiVersion: v1\nkind: Pod\n'],
    ['users of the wrong shape', 'users: 7\n'],
    ['nested nulls', 'users:\n- null\ncontexts:\n- null\ncurrent-context: x\n'],
    ['prototype names', 'users: []\ncontexts: []\ncurrent-context: __proto__\n'],
  ])('survives %s', (_, text) => {
    expect(parseKubeconfig(text)).toHaveProperty('reason')
  })

  it('takes references to files as they are', () => {
    const { clientCertificate, clientKey, certificateAuthority } = usable(
      readFixture('defects', 'file-references.conf'),
    )
    expect([clientCertificate, clientKey, certificateAuthority].map(one => one?.at)).toEqual([
      'file',
      'file',
      'file',
    ])
  })
})

/** The lines of `after` that are not in `before`, and the reverse. */
function changedLines(before: string, after: string) {
  const [old, now] = [before.split('\n'), after.split('\n')]
  return { gone: old.filter(line => !now.includes(line)), come: now.filter(line => !old.includes(line)) }
}

describe('a name in a message', () => {
  const config = (name: string) => `{current-context: ${name}, contexts: [], users: []}`

  it.each([
    ['"\\e[31mred"', '\\u001b[31mred'],
    ['"\\ud800"', '\\ud800'],
    ['"a\\u2028b\\x9b"', 'a\\u2028b\\u009b'],
    ['"-----BEGIN PRIVATE KEY-----"', 'text of 27 characters'],
    ['LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0tCg==', 'text of 40 characters'],
    [`a${'bC3/'.repeat(16)}`, 'text of 65 characters'],
    ['x'.repeat(400), 'text of 400 characters'],
    [
      'arn:aws:eks:eu-west-1:123456789012:cluster/Prod-1',
      'arn:aws:eks:eu-west-1:123456789012:cluster/Prod-1',
    ],
    ['Zürich', 'Zürich'],
  ])('%s', (name, found) => {
    expect(parseKubeconfig(config(name))).toEqual({ reason: 'CONTEXT_MISSING', found })
  })
})

describe('replaceEmbedded', () => {
  it('refuses an empty block', () => {
    const start = readFixture('defects', 'binary-tag.conf').replace(
      /(client-key-data: .*\n)( {6}.*\n)*/,
      '$1',
    )
    const text = `${start}    username: x\n`
    const key = usable(text).clientKey
    const replace = () => replaceEmbedded(text, key?.at === 'data' ? [{ path: key.path, pem: 'x' }] : [])
    expect(replace).toThrow(expect.objectContaining({ code: 'KUBECONFIG_UNUSABLE' }))
  })

  const files = USABLE.map(({ file }) => file).filter(file => file !== 'anchors.conf')

  it.each(files)('changes the two values of %s and no other byte', file => {
    const before = readFixture('defects', file)
    const { clientCertificate, clientKey } = usable(before)
    if (clientCertificate.at !== 'data' || clientKey?.at !== 'data') throw new Error('not embedded')
    const after = replaceEmbedded(before, [
      { path: clientCertificate.path, pem: '-----BEGIN CERTIFICATE-----\nNEW\n-----END CERTIFICATE-----\n' },
      { path: clientKey.path, pem: '-----BEGIN RSA PRIVATE KEY-----\nNEW\n-----END RSA PRIVATE KEY-----\n' },
    ])
    const now = usable(after)
    expect(now.clientCertificate).toMatchObject({ pem: expect.stringContaining('NEW') })
    expect(now.clientKey).toMatchObject({ pem: expect.stringContaining('NEW') })
    expect(now.certificateAuthority).toEqual(usable(before).certificateAuthority)
    const { gone, come } = changedLines(before, after)
    expect(come.length).toBeLessThanOrEqual(2)
    for (const line of gone) expect(line, 'only base64, or its key').toMatch(/[A-Za-z0-9+/=]{16}|\*|client-/)
  })

  it('keeps every comment, order and other user', () => {
    const before = readFixture('defects', 'several-contexts.conf')
    const { clientCertificate } = usable(before)
    if (clientCertificate.at !== 'data') throw new Error('not embedded')
    const after = replaceEmbedded(before, [{ path: clientCertificate.path, pem: 'X' }])
    expect(changedLines(before, after)).toMatchObject({ gone: { length: 1 }, come: { length: 1 } })
  })

  it('refuses the user that is another by alias', () => {
    const text = readFixture('defects', 'anchors.conf')
    const { clientCertificate } = usable(text)
    if (clientCertificate.at !== 'data') throw new Error('not embedded')
    const replace = () => replaceEmbedded(text, [{ path: clientCertificate.path, pem: 'X' }])
    expect(replace).toThrow(expect.objectContaining({ code: 'KUBECONFIG_UNUSABLE' }))
  })

  it('refuses to change a value that another user shares', () => {
    const shared = 'users:\n- name: a\n  user: &u\n    client-certificate-data: QQ==\n- name: b\n  user: *u\n'
    expect(() =>
      replaceEmbedded(shared, [{ path: ['users', 0, 'user', 'client-certificate-data'], pem: 'B' }]),
    ).toThrow(expect.objectContaining({ code: 'KUBECONFIG_UNUSABLE' }))
  })
})

const PEM = '-----BEGIN CERTIFICATE-----\nNEW\n-----END CERTIFICATE-----\n'
const WAITING = readFixture('defects', USABLE[0]?.file ?? '')

describe('parseWaitingKubeconfig and addEmbedded', () => {
  const KEY = Buffer.from('-----BEGIN EC PRIVATE KEY-----\n-----END EC PRIVATE KEY-----\n').toString('base64')
  const head =
    'apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts:\n- {name: c, context: {user: u, cluster: k}}\n'
  const cluster = 'clusters:\n- cluster:\n    server: https://192.0.2.10:6443 # mine\n  name: k\n'
  const forms: Readonly<Record<string, string>> = {
    block: `${head}${cluster}users:\n- name: u\n  user:\n    client-key-data: ${KEY}\n`,
    'indented lists': `${head}${cluster}users:\n  - name: u\n    user:\n        client-key-data: ${KEY}\n`,
    flow: `${head}${cluster}users: [{name: u, user: {client-key-data: ${KEY}}}]\n`,
    'Windows line ends':
      `${head}${cluster}users:\n- name: u\n  user:\n    client-key-data: ${KEY}\n`.replaceAll('\n', '\r\n'),
    JSON: JSON.stringify({
      ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'c' },
      contexts: [{ name: 'c', context: { user: 'u', cluster: 'k' } }],
      clusters: [{ cluster: { server: 'https://192.0.2.10:6443' }, name: 'k' }],
      users: [{ name: 'u', user: { 'client-key-data': KEY } }],
    }),
  }

  it.each(Object.keys(forms))('%s', form => {
    const text = forms[form] ?? ''
    const waiting = parseWaitingKubeconfig(text)
    if (waiting?.clientKey.at !== 'data') throw new Error('not waiting')
    expect(waiting.userName).toBe('u')
    const one = addEmbedded(text, waiting.clientKey.path, 'client-certificate-data', PEM)
    const both = addEmbedded(one, [...waiting.clusterPath, 'server'], 'certificate-authority-data', PEM)
    expect(usable(both).clientCertificate).toMatchObject({ at: 'data', pem: PEM })
    expect(usable(both).certificateAuthority).toMatchObject({ at: 'data', pem: PEM })
    const added = /"?(client-certificate|certificate-authority)-data"?: "?[A-Za-z0-9+/=]+"?(, |\n *)/g
    expect(both.replaceAll(added, '')).toBe(text)
    expect(parseWaitingKubeconfig(both)).toBeUndefined()
  })

  it('knows what does not wait', () => {
    expect(parseWaitingKubeconfig(WAITING)).toBeUndefined()
    expect(parseWaitingKubeconfig('')).toBeUndefined()
    expect(parseWaitingKubeconfig(`${head}${cluster}users:\n- {name: u, user: {token: t}}\n`)).toBeUndefined()
  })

  it('refuses a user that another shares', () => {
    const shared = `${head}${cluster}users:\n- name: u\n  user: &u\n    client-key-data: ${KEY}\n- name: b\n  user: *u\n`
    const path = parseWaitingKubeconfig(shared)?.userPath ?? []
    const add = () => addEmbedded(shared, [...path, 'client-key-data'], 'client-certificate-data', PEM)
    expect(add).toThrow(expect.objectContaining({ code: 'KUBECONFIG_UNUSABLE' }))
  })
})
