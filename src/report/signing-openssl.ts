/** OpenSSL's commands that make each certificate what its request asks for. Names from files reach neither a shell nor OpenSSL's syntax. */
import { parseIpAddress } from '../ip-address.ts'
import { shellWord } from '../pki/command-flags.ts'
import { encodeElement } from '../x509/der.ts'
import { dnsName, ipName } from '../x509/subject-alt-name.ts'
import { fileByShell, script } from './markdown.ts'
import type { Signing, SigningCa } from './signing.ts'

const EXTENSIONS_FILE = 'kubepki.cnf'
const CA_FILE = 'kubepki-ca.cnf'

/** Works with OpenSSL 1.1.1 too, and with LibreSSL: nothing is copied from a request but subject and key. */
export function extensionsScript(signings: readonly Signing[]): string {
  return script(...fileByShell(EXTENSIONS_FILE, signings.flatMap(sectionOf)))
}

function sectionOf({ label, request }: Signing): string[] {
  const { keyUsage, extKeyUsage, subjectAltNames } = request
  return [
    `[ ${label} ]`,
    'basicConstraints = critical, CA:FALSE',
    ...(keyUsage.length > 0 ? [`keyUsage = critical, ${keyUsage.join(', ')}`] : []),
    ...(extKeyUsage.length > 0 ? [`extendedKeyUsage = ${extKeyUsage.join(', ')}`] : []),
    ...(subjectAltNames.length > 0 ? [`subjectAltName = ${namesOf(subjectAltNames)}`] : []),
    'subjectKeyIdentifier = hash',
    'authorityKeyIdentifier = keyid',
    '',
  ]
}

/** What the syntax has no other meaning for; all else as bytes. */
function namesOf(names: readonly string[]): string {
  const isPlain = names.every(name => /^(DNS:[\w.*-]+|IP:[\da-fA-F.:]+)$/.test(name))
  if (isPlain) return names.join(', ')
  const der = encodeElement(0x30, ...names.map(generalName))
  return `DER:${Buffer.from(der).toString('hex')}`
}

const TEXT_TAGS: Readonly<Record<string, number>> = { email: 0x81, URI: 0x86 }

function generalName(name: string): Uint8Array {
  const type = name.slice(0, name.indexOf(':'))
  const value = name.slice(type.length + 1)
  const address = type === 'IP' ? parseIpAddress(value) : undefined
  if (address) return ipName(address).der
  if (type === 'other') return Buffer.from(value, 'hex')
  const tag = TEXT_TAGS[type]
  return tag === undefined ? dnsName(value).der : encodeElement(tag, Buffer.from(value, 'ascii'))
}

export function x509Script(ca: SigningCa): string {
  return script(
    ...caVariables(ca),
    ...ca.signings.map(({ label, request: { file, longestValidityDays } }) =>
      command(`openssl x509 -req -in ${shellWord(file)} -out ${label}.crt`, [
        `-CA "$CA_CERT" -CAkey "$CA_KEY" -set_serial "0x$(openssl rand -hex 16)" -sha256`,
        `-days ${longestValidityDays} -extfile ${EXTENSIONS_FILE} -extensions ${label}`,
      ]),
    ),
    ...ca.signings.map(({ label }) => `openssl verify -partial_chain -CAfile "$CA_CERT" ${label}.crt`),
  )
}

/** A database of its own: who has one takes its own configuration, and these extensions. */
export function caDatabaseScript(): string {
  return script(
    'mkdir -p kubepki-ca && touch kubepki-ca/index.txt',
    ...fileByShell(CA_FILE, [
      '[ kubepki ]',
      'database = kubepki-ca/index.txt',
      'new_certs_dir = kubepki-ca',
      'rand_serial = yes',
      '# two certificates of a node have the same subject',
      'unique_subject = no',
      'default_md = sha256',
      'policy = any',
      'copy_extensions = none',
      '',
      '[ any ]',
      'commonName = optional',
    ]),
  )
}

export function caScript(ca: SigningCa): string {
  return script(
    ...caVariables(ca),
    ...ca.signings.map(({ label, request: { file, longestValidityDays } }) =>
      command(`openssl ca -config ${CA_FILE} -name kubepki -batch -notext -preserveDN`, [
        `-in ${shellWord(file)} -out ${label}.crt -cert "$CA_CERT" -keyfile "$CA_KEY"`,
        `-days ${longestValidityDays} -extfile ${EXTENSIONS_FILE} -extensions ${label}`,
      ]),
    ),
  )
}

/** Where they are is for the reader to fill in. */
export function caVariables({ caName }: SigningCa): string[] {
  return [`CA_CERT=/path/to/${caName}.crt`, `CA_KEY=/path/to/${caName}.key`]
}

export function command(first: string, rest: readonly string[]): string {
  return [first, ...rest].join(' \\\n  ')
}
