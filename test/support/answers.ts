/** What a CA elsewhere returns, made by openssl: right, or wrong in the one way that a test is about. */
import { cpSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect } from 'vitest'
import { type MadeAuthority, openssl } from './certificates.ts'
import { kubepki } from './host.ts'
import { copyNode, tempDir } from './node.ts'

export const K = 'etc/kubernetes'

/** Row -> base name of its CA, extended key usages. */
export const ROWS: Readonly<Record<string, readonly [ca: string, extKeyUsage: string]>> = {
  apiserver: ['ca', 'serverAuth'],
  'apiserver-kubelet-client': ['ca', 'clientAuth'],
  'front-proxy-client': ['front-proxy-ca', 'clientAuth'],
  'etcd-server': ['etcd/ca', 'serverAuth,clientAuth'],
  'etcd-peer': ['etcd/ca', 'serverAuth,clientAuth'],
  'etcd-healthcheck-client': ['etcd/ca', 'clientAuth'],
  'apiserver-etcd-client': ['etcd/ca', 'clientAuth'],
  'admin.conf': ['ca', 'clientAuth'],
  'controller-manager.conf': ['ca', 'clientAuth'],
  'scheduler.conf': ['ca', 'clientAuth'],
}
export const NAMES = Object.keys(ROWS)

export interface WaitingNode {
  readonly root: string
  /** Of its three CAs, by base name. */
  readonly authorities: Readonly<Record<string, MadeAuthority>>
}

/** A node whose CAs' keys are elsewhere, and that has asked for certificates. */
export async function waitingNode(fixture: string, names: readonly string[] = ['all']): Promise<WaitingNode> {
  const root = copyNode(fixture)
  const away = tempDir()
  const authorities = Object.fromEntries(
    ['ca', 'front-proxy-ca', 'etcd/ca'].map(base => {
      const file = join(root, K, 'pki', base)
      const key = join(away, `${base.replace('/', '-')}.key`)
      mkdirSync(dirname(key), { recursive: true })
      const text = readFileSync(`${file}.key`, 'utf8')
      renameSync(`${file}.key`, key)
      return [base, { certificate: readFileSync(`${file}.crt`, 'utf8'), key: text }]
    }),
  )
  const { exitCode, stderr } = await kubepki('certs', 'renew', ...names, '--csr-only', '--root', root)
  expect(exitCode, stderr).toBe(0)
  return { root, authorities }
}

/** The same node again, for a test of its own. */
export function copyOf({ root, authorities }: WaitingNode): WaitingNode {
  const copy = tempDir()
  cpSync(root, copy, { recursive: true, verbatimSymlinks: true })
  return { root: copy, authorities }
}

export function requestOf({ root }: WaitingNode, name: string): string {
  return readFileSync(join(root, K, 'pki/csr', `${name}.csr`), 'utf8')
}

export interface Signing {
  readonly by?: MadeAuthority
  /** In place of the request's: `/O=a/CN=b`. */
  readonly subject?: string
  /** In place of the request's, or beside them; empty: none. */
  readonly subjectAltName?: string
  readonly keyUsage?: string
  readonly extKeyUsage?: string
  readonly basicConstraints?: string
  /** Any others: `nsComment = hello`. */
  readonly extensions?: readonly string[]
  readonly digest?: string
  readonly start?: string
  readonly end?: string
}

const CONFIG = `[ca]
default_ca = made
[made]
rand_serial = yes
policy = any
copy_extensions = none
unique_subject = no
[any]
commonName = optional
organizationName = optional
organizationalUnitName = optional
`

/** What the request asks for, as `openssl ca` signs it, but for what is given. */
export function answerTo(node: WaitingNode, name: string, signing: Signing = {}): string {
  const [ca, extKeyUsage] = ROWS[name] as [string, string]
  const request = requestOf(node, name)
  return signed(request, {
    by: node.authorities[ca] as MadeAuthority,
    extKeyUsage,
    subjectAltName: namesIn(request),
    ...signing,
  })
}

/** `DNS:a, IP:10.0.0.1`; empty: none. */
export function namesIn(request: string): string {
  const text = openssl(['req', '-noout', '-text'], request)
  const [, names = ''] = /Subject Alternative Name: *\n *(.+)/.exec(text) ?? []
  return names.trim().replaceAll('IP Address:', 'IP:')
}

export function signed(request: string, signing: Signing): string {
  const directory = tempDir()
  const file = (name: string, text: string) => {
    writeFileSync(join(directory, name), text, { mode: 0o600 })
    return join(directory, name)
  }
  const { by, subject, subjectAltName = '', extKeyUsage = '' } = signing
  const { keyUsage = 'critical,digitalSignature,keyEncipherment', basicConstraints = 'critical,CA:FALSE' } =
    signing
  const extensions = { basicConstraints, keyUsage, extendedKeyUsage: extKeyUsage, subjectAltName }
  const lines = Object.entries(extensions).flatMap(([key, value]) =>
    value === '' ? [] : `${key} = ${value}`,
  )
  const database = `${CONFIG.replace('[made]', `[made]\ndatabase = ${file('index', '')}\nnew_certs_dir = ${directory}`)}`
  return openssl([
    ...['ca', '-batch', '-notext', '-preserveDN', '-config', file('config', database)],
    ...['-cert', file('ca.crt', by?.certificate ?? ''), '-keyfile', file('ca.key', by?.key ?? '')],
    ...['-md', signing.digest ?? 'sha256', ...(subject === undefined ? [] : ['-subj', subject])],
    ...['-startdate', signing.start ?? '20261121000000Z', '-enddate', signing.end ?? '20271121000000Z'],
    ...['-extfile', file('extensions', `${[...lines, ...(signing.extensions ?? [])].join('\n')}\n`)],
    ...['-in', file('csr', request)],
  ])
}

/** Where the answers lie, a file each. */
export function answersIn(files: Readonly<Record<string, string | Uint8Array>>): string {
  const directory = tempDir()
  for (const [name, contents] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true })
    writeFileSync(join(directory, name), contents)
  }
  return directory
}

export function der(pem: string): Buffer {
  return Buffer.from(pem.replace(/-----[^-]+-----/g, ''), 'base64')
}

export function pkcs7(pems: readonly string[], form: 'PEM' | 'DER'): string | Buffer {
  const pem = openssl(['crl2pkcs7', '-nocrl', '-certfile', join(answersIn({ all: pems.join('') }), 'all')])
  return form === 'PEM' ? pem : der(pem)
}
