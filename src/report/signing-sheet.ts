/** `SIGNING.md`: what the people of a CA have to know who do not know Kubernetes, with commands to copy. Pure. */
import { shellWord } from '../pki/command-flags.ts'
import type { RequestManifest } from '../pki/request-manifest.ts'
import { code, codes, list, script, table } from './markdown.ts'
import { authoritiesOf, type Signing, type SigningCa, signingsOf } from './signing.ts'
import { cfsslConfigScript, cfsslScript, isForCfssl } from './signing-cfssl.ts'
import { caDatabaseScript, caScript, extensionsScript, x509Script } from './signing-openssl.ts'

export function renderSigningSheet(manifest: RequestManifest): string {
  const signings = signingsOf(manifest)
  const parts = signings.length === 0 ? ['Nothing is waiting to be signed.'] : sheet(manifest, signings)
  return `${['# Certificates to be signed', ...parts].join('\n\n')}\n`
}

function sheet(manifest: RequestManifest, signings: readonly Signing[]): string[] {
  const authorities = authoritiesOf(signings)
  return [
    introduction(manifest, signings),
    '## What each certificate must contain',
    contents(signings),
    list(OF_ALL),
    '## Which CA signs',
    ...signers(authorities),
    '## Before signing',
    'The requests have not been changed on their way when each says that it verifies, and the digests are those of the table:',
    checks(signings),
    '## With kubepki',
    WITH_KUBEPKI,
    script(
      ...authorities.map(
        ({ caName }) =>
          `kubepki certs sign *.csr --ca-cert /path/to/${caName}.crt --ca-key /path/to/${caName}.key --out answers`,
      ),
    ),
    '## With openssl x509',
    ENCRYPTED_KEY,
    `What each certificate is to have in it, as the table says; it is needed once:`,
    extensionsScript(signings),
    ...authorities.flatMap(ca => [heading(ca), x509Script(ca)]),
    '## With openssl ca',
    'The same, and every certificate is kept in a database. `kubepki.cnf` is that of the section above; a CA that has its own database and configuration takes them in place of these, with `-preserveDN`, which keeps the subject as it is.',
    caDatabaseScript(),
    ...authorities.flatMap(ca => [heading(ca), caScript(ca)]),
    ...withCfssl(signings),
    '## What to send back',
    list(ANSWERS),
    '## What not to do',
    list(MISTAKES),
  ]
}

function introduction({ node, version }: RequestManifest, signings: readonly Signing[]): string {
  const days = signings.map(({ request }) => request.created.slice(0, 10)).toSorted()
  const whose = node === undefined ? 'a Kubernetes node' : `the Kubernetes node ${code(node)}`
  const count = signings.length === 1 ? 'One request' : `${signings.length} requests`
  const when = days[0] === days.at(-1) ? `on ${days[0]}` : `from ${days[0]} to ${days.at(-1)}`
  return [
    `${count} of ${whose}, made ${when} by kubepki ${version}. The node keeps the private keys:`,
    'neither a request nor this sheet is secret, and nobody needs a key but that of the CA. A program can read the same in `requests.json`.',
  ].join('\n')
}

const HEADER = [
  ...['Request', 'Subject', 'Subject alternative names', 'Key usage', 'Extended key usage', 'Signed by'],
  ...['Valid for at most', 'SHA-256 of the public key', 'Goes to'],
]

function contents(signings: readonly Signing[]): string {
  const rows = signings.map(({ request }) => [
    ...[request.file, request.subject].map(code),
    ...[request.subjectAltNames, request.keyUsage, request.extKeyUsage].map(codes),
    code(request.caName),
    `${request.longestValidityDays} days`,
    ...[request.publicKeySha256, request.certificateFile].map(code),
  ])
  return table(HEADER, rows)
}

const OF_ALL = [
  'The subject is the one in the request, with its parts in the same order, nothing added and nothing left out. The table writes it as RFC 4514 does, which begins at its end; so does `openssl x509 -noout -subject -nameopt RFC2253`.',
  'Basic constraints: critical, `CA:FALSE`.',
  'Key usage is critical. Extended key usage and the subject alternative names are exactly those of the table; `none` is no such extension.',
  'Signed with SHA-256 or stronger.',
  'The digest is that of the SubjectPublicKeyInfo, as DER.',
]

function signers(authorities: readonly SigningCa[]): string[] {
  const isUnknown = authorities.some(({ caSubject }) => caSubject === undefined)
  const rows = authorities.map(({ caName, caSubject, caFingerprintSha256 }) => [
    code(caName),
    ...[caSubject, caFingerprintSha256 && colons(caFingerprintSha256)].map(text =>
      text === undefined ? 'not on the node yet' : code(text),
    ),
  ])
  return [
    'The cluster trusts these and no others: each CA itself signs, or an intermediate CA below it.',
    table(['CA', 'Subject', 'SHA-256 fingerprint of its certificate'], rows),
    ...(isUnknown
      ? [
          'Where the CA is not on the node yet, send its certificate too: the node will trust whichever signs.',
        ]
      : []),
  ]
}

/** As openssl prints it. */
function colons(hexadecimal: string): string {
  return (hexadecimal.toUpperCase().match(/../g) ?? []).join(':')
}

function checks(signings: readonly Signing[]): string {
  const files = signings.map(({ request }) => shellWord(request.file)).join(' ')
  return script(
    `for request in ${files}; do`,
    '  echo "$request"',
    '  openssl req -in "$request" -noout -verify',
    '  openssl req -in "$request" -noout -pubkey | openssl pkey -pubin -outform DER | openssl dgst -sha256 -r',
    'done',
  )
}

function heading({ caName, caSubject }: SigningCa): string {
  return `By ${code(caName)}${caSubject === undefined ? '' : `, ${code(caSubject)}`}:`
}

function withCfssl(signings: readonly Signing[]): string[] {
  const able = signings.filter(isForCfssl)
  const unable = signings.filter(one => !isForCfssl(one)).map(({ request }) => request.file)
  const note = `Not with CFSSL, which would change their names or usages: ${codes(unable)}.`
  const notes = unable.length > 0 ? [note] : []
  if (able.length === 0) return ['## With CFSSL', ...notes]
  return [
    '## With CFSSL',
    ...notes,
    cfsslConfigScript(able),
    ...authoritiesOf(able).flatMap(ca => [heading(ca), cfsslScript(ca)]),
  ]
}

const WITH_KUBEPKI =
  'It checks each request, takes names and usages from `requests.json`, shows what it is about to sign and asks; each CA signs its own requests and leaves the others out. An encrypted key is asked for its passphrase; `--signer-command` is for a key in an HSM.'

const ENCRYPTED_KEY =
  'Where the key of a CA is encrypted, openssl asks for its passphrase at each command and would read the next lines of a paste as the answer: put `-passin file:/path/to/passphrase` behind `"$CA_KEY"` first, or paste one command at a time.'

const ANSWERS = [
  'One certificate for each request, in PEM, or all of them as PKCS#7 (`.p7b`, certificates only). File names do not matter: every certificate is matched to its request by its public key.',
  'When an intermediate CA signs, its certificate too, and those of all CAs between it and the one in the table: behind the certificate in the same file, or in a file of their own. The root may be among them.',
  'Some of the certificates now and the others later is fine.',
  'No private key, ever.',
]

const MISTAKES = [
  'Do not change, add or leave out a name: a subject or an alternative name is what Kubernetes knows the holder by, and `O=` in it is what the holder may do.',
  'Do not make any of them a CA (`CA:TRUE`, `keyCertSign`).',
  'Do not put `serverAuth` on a certificate that is for a client alone, or `clientAuth` on one that is for a server alone.',
  'Do not sign with another CA than the one in the table, however much more usual it is: no component would accept it.',
  'Do not make new keys: the answer to a request is for the key in the request.',
]
