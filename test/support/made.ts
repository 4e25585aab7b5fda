/** Nodes that are being made, and what was made: read by openssl and node:crypto, kubepki is not asked about its own work. */
import { X509Certificate } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { parseYaml } from '../../src/kubernetes/yaml.ts'
import { openssl } from './certificates.ts'
import { kubepki, NOW, type Outcome } from './host.ts'
import { copyNode, fingerprint, tempDir } from './node.ts'

export const K = 'etc/kubernetes'

/** What an empty tree cannot tell, as the node of the fixtures has it. RSA keys would take seconds. */
export const NODE = [
  ...['--encryption-algorithm', 'ECDSA-P256', '--node-name', 'cp-1'],
  ...['--apiserver-advertise-address', '192.0.2.10'],
]

/** A flag of `args` wins. */
export const initCerts = (root: string, ...args: string[]) =>
  kubepki('init', 'phase', 'certs', ...NODE, ...args, '--root', root)
export const initKubeconfigs = (root: string, ...args: string[]) =>
  kubepki('init', 'phase', 'kubeconfig', ...NODE, ...args, '--root', root)

/** What kubeadm made with ECDSA keys, of no version: there are no manifests. `changes` are below `etc/kubernetes`. */
export function wholeNode(changes: Readonly<Record<string, string | null>> = {}): string {
  const below = Object.entries(changes).map(([file, text]) => [join(K, file), text] as const)
  return copyNode('ecdsa', { [`${K}/manifests`]: null, ...Object.fromEntries(below) })
}

export const absent = (...files: string[]) => Object.fromEntries(files.map(file => [file, null]))

/** Below `etc/kubernetes`. */
export const read = (root: string, file: string) => readFileSync(join(root, K, file), 'utf8')
export const isThere = (root: string, file: string) => existsSync(join(root, K, file))

/** Regular files with their modes, backups aside. */
export function modesIn(root: string, directory: string): Record<string, string> {
  const names = readdirSync(join(root, K, directory), { recursive: true, encoding: 'utf8' }).toSorted()
  const files = names.filter(name => !name.startsWith('kubepki-backups'))
  const stats = files.map(name => [name, statSync(join(root, K, directory, name))] as const)
  return Object.fromEntries(
    stats.flatMap(([name, stat]) => (stat.isFile() ? [[name, (stat.mode & 0o777).toString(8)]] : [])),
  )
}

/** What kubeadm has none of: what was asked for, and how to sign it. */
export const PAPERWORK = ['csr/SIGNING.md', 'csr/requests.json']

/** A configuration file beside the tree. */
export function configFile(...lines: string[]): string {
  const path = join(tempDir(), 'kubeadm.yaml')
  const head = ['apiVersion: kubeadm.k8s.io/v1beta4', 'kind: ClusterConfiguration']
  writeFileSync(path, `${[...head, ...lines].join('\n')}\n`)
  return path
}

export const EXTERNAL_ETCD = 'etcd: {external: {endpoints: ["https://192.0.2.99:2379"]}}'

const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'
const USAGES = new Map([
  [SERVER_AUTH, 'serverAuth'],
  [CLIENT_AUTH, 'clientAuth'],
])

export interface Look {
  /** `O=system:masters CN=kubernetes-admin`, in the certificate's order. */
  readonly subject: string
  readonly names: readonly string[]
  readonly usages: readonly string[]
  readonly isCa: boolean
  readonly validity: readonly [from: string, to: string]
  readonly keyType: string | undefined
}

export function look(pem: string): Look {
  const certificate = new X509Certificate(pem)
  const instant = (text: string) => new Date(text).toISOString().slice(0, 19)
  // The types have it as absent never.
  const usages: readonly string[] = certificate.keyUsage ?? []
  return {
    subject: certificate.subject.replaceAll('\n', ' '),
    names: certificate.subjectAltName?.split(', ') ?? [],
    usages: usages.map(usage => USAGES.get(usage) ?? usage),
    isCa: certificate.ca,
    validity: [instant(certificate.validFrom), instant(certificate.validTo)],
    keyType: certificate.publicKey.asymmetricKeyType,
  }
}

export const lookAt = (root: string, name: string) => look(read(root, `pki/${name}.crt`))

/** The public keys are the same, says openssl. */
export function expectPair(certificate: string, key: string): void {
  const own = openssl(['pkey', '-pubout'], key)
  expect(openssl(['x509', '-noout', '-pubkey'], certificate)).toBe(own)
}

interface Verified {
  readonly authority: string
  readonly purpose: 'sslserver' | 'sslclient'
  readonly more?: readonly string[]
}

/** The certification path holds for the purpose at the tests' time, says openssl. */
export function expectVerified(certificate: string, { authority, purpose, more = [] }: Verified): void {
  const directory = tempDir()
  const [leaf, ca] = [join(directory, 'leaf.crt'), join(directory, 'ca.crt')]
  writeFileSync(leaf, certificate)
  writeFileSync(ca, authority)
  const at = ['-attime', String(NOW.getTime() / 1000)]
  const says = openssl(['verify', '-CAfile', ca, '-purpose', purpose, ...at, ...more, leaf])
  expect(says).toBe(`${leaf}: OK\n`)
}

export interface Kubeconfig {
  readonly cluster: string | undefined
  readonly server: string | undefined
  readonly user: string | undefined
  readonly context: string | undefined
  readonly authority: string | undefined
  readonly certificate: string | undefined
  readonly key: string | undefined
  readonly token: string | undefined
}

/** Of the layout that client-go writes; what else a file has, is not looked at. */
export function kubeconfigIn(text: string): Kubeconfig {
  const value = (name: string) => new RegExp(`^ +${name}: (\\S+)$`, 'm').exec(text)?.[1]
  const decoded = (name: string) => {
    const data = value(`${name}-data`)
    return data === undefined ? undefined : Buffer.from(data, 'base64').toString('utf8')
  }
  return {
    ...{ cluster: value('cluster'), server: value('server'), user: value('user'), token: value('token') },
    context: /^current-context: (\S+)$/m.exec(text)?.[1],
    authority: decoded('certificate-authority'),
    certificate: decoded('client-certificate'),
    key: decoded('client-key'),
  }
}

export const conf = (root: string, name: string) => kubeconfigIn(read(root, `${name}.conf`))

export const linesOf = ({ stdout }: Outcome) => stdout.trimEnd().split('\n')

/** Of `-o json` and `-o yaml`. */
export function documentIn({ stdout }: Outcome): Record<string, unknown> {
  if (stdout.startsWith('{')) return JSON.parse(stdout)
  const read = parseYaml(stdout)
  if ('reason' in read) throw new Error(read.reason)
  return read.documents[0] as Record<string, unknown>
}

/** What stands on stderr under `error`, `warning` or `hint`. */
export function said({ stderr }: Outcome, kind: 'error' | 'warning' | 'hint'): string[] {
  const prefix = `kubepki: ${kind}: `
  return stderr.split('\n').flatMap(line => (line.startsWith(prefix) ? line.slice(prefix.length) : []))
}

/** One line on stderr for each error, in this order, exit 1, and not one byte written. */
export async function expectRefused(
  root: string,
  work: (root: string) => Promise<Outcome>,
  ...errors: readonly (string | RegExp)[]
): Promise<Outcome> {
  const before = fingerprint(root)
  const outcome = await work(root)
  expect(fingerprint(root)).toEqual(before)
  const { stdout, stderr, exitCode } = outcome
  expect({ stdout, exitCode, stderr }).toMatchObject({ stdout: '', exitCode: 1 })
  const found = said(outcome, 'error')
  expect(found).toHaveLength(errors.length)
  errors.forEach((error, index) => {
    expect(found[index]).toMatch(error)
  })
  expect(stderr).toMatch(/^kubepki: nothing was changed$/m)
  return outcome
}

/** Exit 0 without a warning, and not one byte written. */
export async function expectKept(root: string, work: (root: string) => Promise<Outcome>): Promise<string[]> {
  const before = fingerprint(root)
  const outcome = await work(root)
  expect(fingerprint(root)).toEqual(before)
  expect(outcome).toMatchObject({ stderr: '', exitCode: 0 })
  return linesOf(outcome).slice(1)
}
