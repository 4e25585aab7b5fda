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

/** A self-signed CA; `algorithm` as `openssl genpkey` takes it. */
export function makeAuthority(name: string, algorithm: readonly string[], days = 3650): MadeAuthority {
  const directory = tempDir()
  const keyFile = join(directory, 'ca.key')
  openssl(['genpkey', ...algorithm, '-out', keyFile])
  const key = openssl(['pkey', '-in', keyFile, '-traditional'])
  const request = ['req', '-x509', '-new', '-key', keyFile, '-subj', `/CN=${name}`, '-days', String(days)]
  const extensions = ['-addext', 'keyUsage=critical,digitalSignature,keyEncipherment,keyCertSign']
  return { certificate: openssl([...request, ...extensions]), key }
}

export interface LeafRequest {
  readonly subject: string
  readonly extensions: string
  readonly days?: number
}

/** A leaf for the key, signed by the authority. */
export function makeLeaf(
  authority: MadeAuthority,
  key: string,
  { subject, extensions, days = 365 }: LeafRequest,
): string {
  const directory = tempDir()
  const file = (name: string, text: string) => {
    const path = join(directory, name)
    writeFileSync(path, text, { mode: 0o600 })
    return path
  }
  const keyFile = file('leaf.key', key)
  const csr = file('leaf.csr', openssl(['req', '-new', '-key', keyFile, '-subj', subject]))
  const ca = [
    '-CA',
    file('ca.crt', authority.certificate),
    '-CAkey',
    file('ca.key', authority.key),
    '-CAcreateserial',
  ]
  return openssl([
    'x509',
    '-req',
    '-in',
    csr,
    ...ca,
    '-days',
    String(days),
    '-extfile',
    file('ext', extensions),
  ])
}

export const RSA_2048 = ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048']
export const P256 = ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256']
export const P384 = ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-384']
export const P521 = ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-521']
