/** Certificates for the rows of the `ecdsa` tree, made by openssl with its own CAs or others, as changes for `copyNode`. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type MadeAuthority, makeLeaf, openssl, P256, signRequest } from './certificates.ts'
import { readFixture, tempDir } from './node.ts'

export const TREE = 'ecdsa'
export const PKI = 'etc/kubernetes/pki'

/** As kubeadm writes keys; Ed25519 has no such form. */
export function newKey(algorithm: readonly string[] = P256): string {
  const key = openssl(['genpkey', ...algorithm])
  return algorithm.includes('ED25519') ? key : openssl(['pkey', '-traditional'], key)
}

const SERVER = 'extendedKeyUsage=serverAuth'
const CLIENT = 'extendedKeyUsage=clientAuth'
const BOTH = 'extendedKeyUsage=serverAuth,clientAuth'
const NAMES =
  'DNS:cp-1,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local,IP:10.96.0.1,IP:192.0.2.10'
const ETCD_NAMES = 'DNS:cp-1,DNS:localhost,IP:192.0.2.10,IP:127.0.0.1,IP:::1'

/** Row -> file, CA's file, subject, what its role asks for. */
const ROWS = {
  apiserver: ['apiserver', 'ca', '/CN=kube-apiserver', `${SERVER}\nsubjectAltName=${NAMES}`],
  'apiserver-kubelet-client': [
    'apiserver-kubelet-client',
    'ca',
    '/O=system:masters/CN=kube-apiserver-kubelet-client',
    CLIENT,
  ],
  'front-proxy-client': ['front-proxy-client', 'front-proxy-ca', '/CN=front-proxy-client', CLIENT],
  'etcd-server': ['etcd/server', 'etcd/ca', '/CN=cp-1', `${BOTH}\nsubjectAltName=${ETCD_NAMES}`],
  'etcd-peer': ['etcd/peer', 'etcd/ca', '/CN=cp-1', `${BOTH}\nsubjectAltName=${ETCD_NAMES}`],
  'apiserver-etcd-client': [
    'apiserver-etcd-client',
    'etcd/ca',
    '/O=system:masters/CN=kube-apiserver-etcd-client',
    CLIENT,
  ],
} as const
export type Row = keyof typeof ROWS

export const fileOf = (row: Row) => `${PKI}/${ROWS[row][0]}`

export function authorityOf(base: string, tree = TREE): MadeAuthority {
  const path = (extension: string) => readFixture('nodes', tree, PKI, `${base}.${extension}`)
  return { certificate: path('crt'), key: path('key') }
}

export interface RowOptions {
  readonly by?: MadeAuthority
  readonly key?: string
  readonly days?: number
  readonly start?: number
  /** In place of what the role asks for. */
  readonly extensions?: string
  /** Besides. */
  readonly more?: string
  readonly subject?: string
}

/** The certificate alone. */
export function certificateFor(row: Row, key: string, options: RowOptions = {}): string {
  const [, ca, subject, extensions] = ROWS[row]
  const { by = authorityOf(ca), days = 365, more = '', start } = options
  return makeLeaf(by, key, {
    subject: options.subject ?? subject,
    extensions: [options.extensions ?? `keyUsage=critical,digitalSignature\n${extensions}`, more].join('\n'),
    days,
    ...(start !== undefined && { start }),
  })
}

/** Certificate and key. `behind`: what stands behind it in its file. */
export function pairFor(row: Row, options: RowOptions & { readonly behind?: string } = {}) {
  const key = options.key ?? newKey()
  const file = fileOf(row)
  return { [`${file}.crt`]: certificateFor(row, key, options) + (options.behind ?? ''), [`${file}.key`]: key }
}

/** A CA's files, below the certificate directory. */
export const filesOfCa = (base: string, { certificate, key }: MadeAuthority) => ({
  [`${PKI}/${base}.crt`]: certificate,
  [`${PKI}/${base}.key`]: key,
})

export const CA_EXTENSIONS =
  'subjectKeyIdentifier=hash\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,digitalSignature,keyEncipherment,keyCertSign'

export interface RootOptions {
  readonly key?: string
  readonly extensions?: string
  readonly days?: number
  readonly start?: number
}

export function makeRoot(subject: string, options: RootOptions = {}): MadeAuthority {
  const { extensions = CA_EXTENSIONS, days = 3650, start } = options
  const key = options.key ?? newKey()
  const keyFile = inFile(key)
  const request = openssl(['req', '-new', '-key', keyFile, '-subj', subject])
  return { certificate: signRequest(request, keyFile, { extensions, days, ...(start && { start }) }), key }
}

/** A CA's certificate once more, for the same key and under the very bytes of its name. */
export function reissued({ certificate, key }: MadeAuthority, options: RootOptions = {}): MadeAuthority {
  const { extensions = CA_EXTENSIONS, days = 3650 } = options
  const keyFile = inFile(key)
  const request = openssl(['x509', '-x509toreq', '-signkey', keyFile], certificate)
  return { certificate: signRequest(request, keyFile, { extensions, days }), key }
}

export function makeIntermediate(
  by: MadeAuthority,
  subject: string,
  options: RootOptions = {},
): MadeAuthority {
  const { extensions = CA_EXTENSIONS, days = 3000, start } = options
  const key = options.key ?? newKey()
  return { certificate: makeLeaf(by, key, { subject, extensions, days, ...(start && { start }) }), key }
}

/** The row's pair, signed with flags that `openssl x509` has and `openssl ca` has not. */
export function signedOtherwise(row: Row, ...flags: string[]): Readonly<Record<string, string>> {
  const [, ca, subject, extensions] = ROWS[row]
  const own = makeRoot(subject, { extensions, days: 365 })
  const certificate = resigned(own.certificate, authorityOf(ca), ...flags)
  return { [`${fileOf(row)}.crt`]: certificate, [`${fileOf(row)}.key`]: own.key }
}

/** Of a self-signed one: its dates, name and extensions stay. */
export function resigned(certificate: string, by: MadeAuthority, ...flags: string[]): string {
  const signer = ['-CA', inFile(by.certificate), '-CAkey', inFile(by.key), '-preserve_dates']
  const serial = flags.includes('-set_serial') ? [] : ['-set_serial', '77']
  return openssl(['x509', ...signer, ...serial, ...flags], certificate)
}

export function inFile(text: string): string {
  const path = join(tempDir(), 'file')
  writeFileSync(path, text, { mode: 0o600 })
  return path
}

/** The kubeconfig with another client certificate, and another key where there is one. */
export function embedding(kubeconfig: string, certificate: string, key?: string): string {
  const encoded = (text: string) => Buffer.from(text).toString('base64')
  const replaced = kubeconfig.replace(/(client-certificate-data: ).*/, `$1${encoded(certificate)}`)
  return key === undefined ? replaced : replaced.replace(/(client-key-data: ).*/, `$1${encoded(key)}`)
}

export const kubeconfigOf = (name: string, tree = TREE) => readFixture('nodes', tree, 'etc/kubernetes', name)
