/** CFSSL's commands that make each certificate what its request asks for, and which requests are none of CFSSL's. */
import { shellWord } from '../pki/command-flags.ts'
import type { ManifestRequest } from '../pki/request-manifest.ts'
import { fileByShell, script } from './markdown.ts'
import type { Signing, SigningCa } from './signing.ts'
import { caVariables, command } from './signing-openssl.ts'

const CONFIG_FILE = 'kubepki-cfssl.json'

const USAGES: Readonly<Record<string, string>> = {
  digitalSignature: 'digital signature',
  nonRepudiation: 'content commitment',
  keyEncipherment: 'key encipherment',
  dataEncipherment: 'data encipherment',
  keyAgreement: 'key agreement',
  encipherOnly: 'encipher only',
  decipherOnly: 'decipher only',
  serverAuth: 'server auth',
  clientAuth: 'client auth',
}

/** A common name, and before it organizations in one place: of any other subject Go would change the order. */
const VALUE = String.raw`(?:[^,+\\]|\\.)*`
const GO_NAME = new RegExp(`^CN=${VALUE}(,O=${VALUE}(\\+O=${VALUE})*)?$`)

/** It takes subject and names from the request, and knows no others. */
export function isForCfssl({ request }: Signing): boolean {
  const { subject, subjectAltNames, keyUsage, extKeyUsage } = request
  const usages = [...keyUsage, ...extKeyUsage]
  return (
    GO_NAME.test(subject) &&
    subjectAltNames.every(name => /^(DNS|IP|email):/.test(name)) &&
    usages.length > 0 &&
    usages.every(usage => Object.hasOwn(USAGES, usage))
  )
}

const KINDS: Readonly<Record<string, string>> = {
  'digitalSignature keyEncipherment serverAuth': 'server',
  'digitalSignature keyEncipherment clientAuth': 'client',
  'digitalSignature keyEncipherment serverAuth clientAuth': 'peer',
}

/** A profile is one for all requests that ask for the same. */
export function profileOf({ label, request }: Signing): string {
  const { keyUsage, extKeyUsage, longestValidityDays } = request
  const kind = KINDS[[...keyUsage, ...extKeyUsage].join(' ')] ?? label
  return longestValidityDays === 365 ? kind : `${kind}-${longestValidityDays}d`
}

export function cfsslConfigScript(signings: readonly Signing[]): string {
  const profiles = Object.fromEntries(signings.map(one => [profileOf(one), profile(one.request)]))
  const config = { signing: { default: { expiry: '1h', usages: ['digital signature'] }, profiles } }
  return script(...fileByShell(CONFIG_FILE, JSON.stringify(config, null, 2).split('\n')))
}

function profile({ keyUsage, extKeyUsage, longestValidityDays }: ManifestRequest) {
  return {
    usages: [...keyUsage, ...extKeyUsage].map(usage => USAGES[usage]),
    expiry: `${longestValidityDays * 24}h`,
    ca_constraint: { is_ca: false },
  }
}

/** cfssljson writes NAME.pem; what it calls NAME.csr is the request again. */
export function cfsslScript(ca: SigningCa): string {
  return script(
    ...caVariables(ca),
    'mkdir -p cfssl',
    ...ca.signings.map(one =>
      command(
        `cfssl sign -ca "$CA_CERT" -ca-key "$CA_KEY" -config ${CONFIG_FILE} -profile ${profileOf(one)}`,
        [
          `${shellWord(one.request.file)} | cfssljson -bare cfssl/${one.label} && mv cfssl/${one.label}.pem ${one.label}.crt`,
        ],
      ),
    ),
  )
}
