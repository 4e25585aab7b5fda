/** A CA of two tiers: the root, whose key is offline and which the cluster trusts, and an intermediate that signs. */
import { X509Certificate } from 'node:crypto'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { der, pkcs7 } from './answers.ts'
import { type Pair, pairOf } from './control-plane.ts'
import { CA_OF, makeAuthority } from './external-ca.ts'
import { outputOf } from './kubeadm.ts'

/** Name of a CA -> its pair, elsewhere. */
export type Authorities = Readonly<Record<string, Pair>>

/** Roots in the places of the cluster's CAs, before anything is signed: one for each, or one for all. */
export async function placeRoots(root: string, isOneForAll: boolean): Promise<void> {
  const pairs = Object.entries(CA_OF).map(([caName, base]) => [caName, pairOf(root, base)] as const)
  const first = pairs[0]?.[1] as Pair
  for (const [caName, pair] of pairs) {
    mkdirSync(dirname(pair.key), { recursive: true })
    if (!isOneForAll || pair === first)
      await makeAuthority(pair, isOneForAll ? 'Root CA' : `Root of ${caName}`)
    else for (const kind of ['certificate', 'key'] as const) cpSync(first[kind], pair[kind])
  }
}

/** One below each root, all of the same name; or one for all. */
export async function makeIntermediates(
  roots: Authorities,
  folder: string,
  isOneForAll: boolean,
): Promise<Authorities> {
  const made: Record<string, Pair> = {}
  for (const [caName, root] of Object.entries(roots)) {
    const [first] = Object.values(made)
    made[caName] = isOneForAll && first ? first : await makeIntermediate(root, join(folder, caName))
  }
  return made
}

const EXTENSIONS = `basicConstraints = critical,CA:TRUE,pathlen:0
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
`

async function makeIntermediate(root: Pair, folder: string): Promise<Pair> {
  mkdirSync(folder, { recursive: true })
  const at = (name: string) => join(folder, name)
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', at('ca.key')]
  await outputOf('openssl', [
    'req',
    '-new',
    ...newKey,
    '-subj',
    '/O=Example/CN=Issuing CA',
    '-out',
    at('csr'),
  ])
  writeFileSync(at('extensions'), EXTENSIONS)
  await outputOf('openssl', [
    ...['x509', '-req', '-in', at('csr'), '-CA', root.certificate, '-CAkey', root.key, '-days', '1000'],
    ...['-extfile', at('extensions'), '-out', at('ca.crt')],
  ])
  return { certificate: at('ca.crt'), key: at('ca.key') }
}

/** What a file holds, in whatever form, as openssl writes it. */
export const pemOf = (file: string) => new X509Certificate(readFileSync(file)).toString()

export function certificatesOf(authorities: Authorities): Readonly<Record<string, string>> {
  const pairs = Object.entries(authorities)
  return Object.fromEntries(pairs.map(([caName, { certificate }]) => [caName, pemOf(certificate)]))
}

/** What came, and what may come with it. PEM. */
export interface Came {
  /** Row -> its certificate. */
  readonly leaves: ReadonlyMap<string, string>
  /** Name of a CA -> the intermediate that signs for it; none, where the CA signs itself. */
  readonly intermediates: Readonly<Record<string, string>>
  readonly roots: Readonly<Record<string, string>>
  /** Intermediates of the same name, with other keys. */
  readonly older: Readonly<Record<string, string>>
}

/** PKCS#7 with the certificate and the intermediates, one for each request. */
export function bundledSingly({ leaves, intermediates }: Came): Record<string, string | Uint8Array> {
  const below = Object.values(intermediates)
  return Object.fromEntries(
    [...leaves.values()].map((leaf, index) => [`${index}.p7b`, pkcs7([...below, leaf], 'DER')]),
  )
}

/** Other ways in which a CA of two tiers returns the same. */
export const BUNDLES: Readonly<Record<string, (came: Came) => Record<string, string | Uint8Array>>> = {
  'one PKCS#7, with the roots': came => ({ 'all.p7b': pkcs7(allOf(came), 'PEM') }),
  'one PEM file, certificates first, without the roots': ({ leaves, intermediates }) => ({
    'all.pem': [...leaves.values(), ...Object.values(intermediates)].join(''),
  }),
  'one PEM file, roots first': came => ({ 'all.pem': allOf(came).toReversed().join('') }),
  'one PEM file, with intermediates of before, which have the same name': came => ({
    'all.pem': [...Object.values(came.older), ...allOf(came)].join(''),
  }),
  'a file for each certificate, the roots too': came =>
    Object.fromEntries(allOf(came).map((pem, index) => [`${index}.cer`, der(pem)])),
}

function allOf({ leaves, intermediates, roots }: Came): string[] {
  return [...leaves.values(), ...Object.values(intermediates), ...Object.values(roots)]
}
