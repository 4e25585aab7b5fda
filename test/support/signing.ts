/** Requests and CAs in a directory of their own, made by openssl: what `certs sign` is tried on. */
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type MadeAuthority, makeAuthority, openssl, P256 } from './certificates.ts'
import { tempDir } from './node.ts'

export interface Asked {
  readonly subject?: string
  /** Lines of an extension section of openssl's. */
  readonly extensions?: readonly string[]
  /** As `openssl genpkey` takes it. */
  readonly algorithm?: readonly string[]
  /** More for `openssl req`. */
  readonly args?: readonly string[]
}

export const SERVER_NAMES =
  'subjectAltName=DNS:lb.example.com,DNS:*.svc.example.com,IP:192.0.2.10,IP:2001:db8::1'
export const ED25519 = ['-algorithm', 'ED25519']

/** `<name>.csr` and `<name>.key`; the path of the request. */
export function request(directory: string, name: string, asked: Asked = {}): string {
  const { subject = '/CN=kube-apiserver', extensions = [SERVER_NAMES], algorithm = P256, args = [] } = asked
  const [key, csr] = [join(directory, `${name}.key`), join(directory, `${name}.csr`)]
  writeFileSync(key, openssl(['genpkey', ...algorithm]), { mode: 0o600 })
  const added = extensions.flatMap(line => ['-addext', line])
  const subjectArgs = ['-utf8', '-subj', subject]
  openssl(['req', '-new', '-key', key, ...subjectArgs, ...added, ...args, '-out', csr])
  return csr
}

export interface AuthorityFiles extends MadeAuthority {
  readonly certificateFile: string
  readonly keyFile: string
  readonly flags: readonly string[]
}

/** `ca.crt` and `ca.key`, or under another name. */
export function authority(
  directory: string,
  made: MadeAuthority = makeAuthority('kubernetes', P256),
  name = 'ca',
) {
  const [certificateFile, keyFile] = [join(directory, `${name}.crt`), join(directory, `${name}.key`)]
  writeFileSync(certificateFile, made.certificate)
  writeFileSync(keyFile, made.key, { mode: 0o600 })
  const flags = ['--ca-cert', certificateFile, '--ca-key', keyFile]
  return { ...made, certificateFile, keyFile, flags } satisfies AuthorityFiles
}

/** A CA and the request of an API server in one directory. */
export function workplace(asked: Asked = {}, name = 'apiserver') {
  const directory = tempDir()
  const ca = authority(directory)
  const csr = request(directory, name, asked)
  return { directory, ca, csr, certificate: csr.replace(/csr$/, 'crt') }
}

/** Of the first certificate in a file, by openssl. */
export function show(file: string, ...args: readonly string[]): string {
  return openssl(['x509', '-noout', '-in', file, ...args]).trim()
}

export function publicKeySha256(csr: string): string {
  const pem = openssl(['req', '-noout', '-pubkey', '-in', csr])
  const der = pem.replace(/-----[^-]+-----/g, '')
  return createHash('sha256').update(Buffer.from(der, 'base64')).digest('hex')
}

export const textOf = (file: string) => readFileSync(file, 'utf8')

/** Of a requests.json, as `certs generate-csr` writes it. */
export function manifestRow(csr: string, changes: Readonly<Record<string, unknown>> = {}) {
  return {
    name: 'apiserver',
    file: 'apiserver.csr',
    created: '2026-11-30T00:00:00Z',
    publicKeySha256: publicKeySha256(csr),
    subject: 'CN=kube-apiserver',
    subjectAltNames: ['DNS:lb.example.com', 'DNS:*.svc.example.com', 'IP:192.0.2.10', 'IP:2001:db8::1'],
    keyUsage: ['digitalSignature', 'keyEncipherment'],
    extKeyUsage: ['serverAuth'],
    caName: 'ca',
    caSubject: 'CN=kubernetes',
    longestValidityDays: 365,
    certificateFile: '/etc/kubernetes/pki/apiserver.crt',
    ...changes,
  }
}

export function writeManifest(directory: string, ...requests: readonly object[]): void {
  const manifest = {
    ...{ apiVersion: 'kubepki/v1', kind: 'CertificateRequests', version: '0.1.0', node: 'cp-1' },
    requests,
  }
  writeFileSync(join(directory, 'requests.json'), JSON.stringify(manifest))
}
