/**
 * The people at a CA, each with the tool they have. They get requests and never a key of them, say themselves what goes
 * into the certificates, and send back what their tool makes, in the form it likes.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { namesIn } from './answers.ts'
import type { Pair } from './control-plane.ts'
import { outputOf } from './kubeadm.ts'

export interface SigningOrder {
  /** A copy of their own. */
  readonly request: string
  readonly by: Pair
  /** `serverAuth,clientAuth` */
  readonly extKeyUsage: string
  /** Where the answer goes, without suffix. */
  readonly answer: string
}

/** The file that holds the answer. */
export type Sign = (order: SigningOrder) => Promise<string>

export interface Signer {
  readonly sign: Sign
  /** What has to be installed, and the Debian package it is in. */
  readonly tool: readonly [command: string, debianPackage: string]
}

/** What all of them give. */
export const DAYS = 90

/** Names and usages are written down by whoever signs. PEM. */
async function signByX509({ request, by, extKeyUsage, answer }: SigningOrder): Promise<string> {
  const names = namesIn(readFileSync(request, 'utf8'))
  const san = names === '' ? '' : `subjectAltName = ${names}\n`
  const extensions = write(`${request}.ext`, `${extensionsFor(extKeyUsage)}${san}`)
  await outputOf('openssl', [
    ...['x509', '-req', '-in', request, '-CA', by.certificate, '-CAkey', by.key, '-days', `${DAYS}`],
    ...['-extfile', extensions, '-out', `${answer}.pem`],
  ])
  return `${answer}.pem`
}

const CA_CONFIG = `[ca]
default_ca = own
[own]
database = FOLDER/index
new_certs_dir = FOLDER
rand_serial = yes
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = supplied
organizationName = optional
`

/** With its database, and a policy that turns the name round; names come from the request. Text, and PEM below it. */
async function signByCa({ request, by, extKeyUsage, answer }: SigningOrder): Promise<string> {
  const folder = dirname(by.key)
  if (!existsSync(`${folder}/index`)) write(`${folder}/index`, '')
  await outputOf('openssl', [
    ...['ca', '-batch', '-config', write(`${folder}/ca.cnf`, CA_CONFIG.replaceAll('FOLDER', folder))],
    ...['-cert', by.certificate, '-keyfile', by.key, '-in', request, '-days', `${DAYS}`],
    ...['-extfile', write(`${request}.ext`, extensionsFor(extKeyUsage)), '-out', `${answer}.txt`],
  ])
  return `${answer}.txt`
}

function extensionsFor(extKeyUsage: string): string {
  return `basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature,keyEncipherment
extendedKeyUsage = ${extKeyUsage}
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
`
}

const CFSSL_USAGES: Readonly<Record<string, string>> = {
  serverAuth: 'server auth',
  clientAuth: 'client auth',
}

/** A profile for each kind; names come from the request. Out of its JSON, PEM. */
async function signByCfssl({ request, by, extKeyUsage, answer }: SigningOrder): Promise<string> {
  const kind = extKeyUsage.split(',').map(usage => CFSSL_USAGES[usage])
  const usages = ['digital signature', 'key encipherment', ...kind]
  const config = { signing: { default: { expiry: `${DAYS * 24}h`, usages } } }
  const authority = ['-ca', by.certificate, '-ca-key', by.key]
  const settings = ['-config', write(`${request}.json`, JSON.stringify(config))]
  const signed = await outputOf('cfssl', ['sign', ...authority, ...settings, request])
  await outputOf('cfssljson', ['-bare', answer], signed)
  return `${answer}.pem`
}

const CERTTOOL_USAGES: Readonly<Record<string, string>> = {
  serverAuth: 'tls_www_server',
  clientAuth: 'tls_www_client',
}
const SUBJECT_ALT_NAME = '2.5.29.17'

/** With a template for each kind; names come from the request. DER. */
async function signByCerttool({ request, by, extKeyUsage, answer }: SigningOrder): Promise<string> {
  const kind = extKeyUsage.split(',').map(usage => CERTTOOL_USAGES[usage])
  const dates = `expiration_days = ${DAYS}`
  const template = ['signing_key', 'encryption_key', ...kind, dates, `honor_crq_ext = ${SUBJECT_ALT_NAME}`]
  await outputOf('certtool', [
    ...['--generate-certificate', '--load-request', request],
    ...['--load-ca-certificate', by.certificate, '--load-ca-privkey', by.key],
    ...['--template', write(`${request}.cfg`, `${template.join('\n')}\n`)],
    ...['--outder', '--outfile', `${answer}.der`],
  ])
  return `${answer}.der`
}

function write(path: string, text: string): string {
  writeFileSync(path, text)
  return path
}

export const SIGNERS = {
  'openssl x509 -req': { sign: signByX509, tool: ['openssl', 'openssl'] },
  'openssl ca': { sign: signByCa, tool: ['openssl', 'openssl'] },
  cfssl: { sign: signByCfssl, tool: ['cfssl', 'golang-cfssl'] },
  'GnuTLS certtool': { sign: signByCerttool, tool: ['certtool', 'gnutls-bin'] },
} as const satisfies Record<string, Signer>

/** Whether it is installed; if not, that is printed and the test is skipped. In CI it is an error. */
export function isInstalled([command, debianPackage]: Signer['tool']): boolean {
  if (spawnSync(command, ['--help'], { stdio: 'ignore' }).error === undefined) return true
  const missing = `${command} is missing; on Debian: apt-get install ${debianPackage}`
  if (process.env.CI) throw new Error(missing)
  console.log(`skipped: ${missing}`)
  return false
}
