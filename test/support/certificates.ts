/** Certificates for tests, made by openssl so that our reading and issuing code is not judged by itself. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Certificate } from '../../src/x509/certificate.ts'
import { readCertificates } from '../../src/x509/certificate.ts'
import { type PrivateKey, readPrivateKey } from '../../src/x509/key.ts'
import { readFixture, tempDir } from './node.ts'

export function openssl(args: readonly string[], input?: string): string {
  return execFileSync('openssl', args, { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] })
}

export function certificateIn(...path: string[]): Certificate {
  const read = readCertificates(readFixture(...path))
  if (!('certificates' in read)) throw new Error(`${path.join('/')}: ${read.reason}`)
  return read.certificates[0]
}

export function keyIn(...path: string[]): PrivateKey {
  const read = readPrivateKey(readFixture(...path))
  if (!('key' in read)) throw new Error(`${path.join('/')}: ${read.reason}`)
  return read
}

export interface MadeAuthority {
  readonly certificate: string
  readonly key: string
}

/** As the fixtures' certificates: at the tests' time they are ten days old, whatever the clock says. */
const START = Date.UTC(2026, 10, 21)

/** A self-signed CA; `algorithm` as `openssl genpkey` takes it. */
export function makeAuthority(name: string, algorithm: readonly string[], days = 3650): MadeAuthority {
  const key = openssl(['pkey', '-traditional'], openssl(['genpkey', ...algorithm]))
  const extensions = [
    'subjectKeyIdentifier=hash',
    'basicConstraints=critical,CA:TRUE',
    'keyUsage=critical,digitalSignature,keyEncipherment,keyCertSign',
  ].join('\n')
  return { certificate: sign(key, { subject: `/CN=${name}`, extensions, days }), key }
}

export interface LeafRequest {
  readonly subject: string
  readonly extensions: string
  readonly days?: number
  /** Days from the usual start: -100 is a hundred days earlier. */
  readonly shift?: number
  /** Milliseconds since 1970. */
  readonly start?: number
}

/** A leaf for the key, signed by the authority. */
export function makeLeaf(authority: MadeAuthority, key: string, request: LeafRequest): string {
  return sign(key, request, authority)
}

/** `openssl ca` alone takes dates, in this version. */
const DATABASE = `[ca]
default_ca = made
[made]
database = index
new_certs_dir = .
rand_serial = yes
default_md = sha256
copy_extensions = copyall
policy = any
[any]
commonName = optional
organizationName = optional
`

function sign(key: string, { subject, ...rest }: LeafRequest, by?: MadeAuthority): string {
  const keyFile = join(tempDir(), 'own.key')
  writeFileSync(keyFile, key, { mode: 0o600 })
  const request = openssl(['req', '-new', '-key', keyFile, '-subj', subject])
  return signRequest(request, by ?? keyFile, rest)
}

/** What the request asks for is in the certificate, and `extensions`. `by`: the file of the key that signs for itself. */
export function signRequest(
  request: string,
  by: MadeAuthority | string,
  { extensions = '', days = 365, shift = 0, start = START + shift * 86_400_000 }: Partial<LeafRequest> = {},
): string {
  const directory = tempDir()
  const file = (name: string, text: string) => {
    const path = join(directory, name)
    writeFileSync(path, text, { mode: 0o600 })
    return path
  }
  file('index', '')
  const config = DATABASE.replaceAll(/= (index|\.)$/gm, (_, name) => `= ${join(directory, name)}`)
  const signer =
    typeof by === 'string'
      ? ['-selfsign', '-keyfile', by]
      : ['-cert', file('ca.crt', by.certificate), '-keyfile', file('ca.key', by.key)]
  const instant = (time: number) => `${new Date(time).toISOString().replaceAll(/[-:T]|\.000Z/g, '')}Z`
  const dates = ['-startdate', instant(start), '-enddate', instant(start + days * 86_400_000)]
  return openssl([
    ...['ca', '-batch', '-notext', '-preserveDN', '-config', file('config', config), ...signer, ...dates],
    ...['-extfile', file('extensions', extensions), '-in', file('csr', request)],
  ])
}

export const RSA_2048 = ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048']
export const P256 = ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256']
export const P384 = ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-384']
export const P521 = ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-521']
