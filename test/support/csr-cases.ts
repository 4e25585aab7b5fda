/** Objects that a real API server and a real signer judge: right ones, and such that are wrong in one thing. */
import { execFileSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CSR_USAGE_NAMES } from '../../src/kubernetes/key-usages.ts'
import { encodePem } from '../../src/x509/pem.ts'
import { REFUSED_BY_GO, UNDISPUTED } from './disputed-requests.ts'
import { CLIENT_USAGES, newKey, requestDer, requestPem, SERVING_USAGES } from './pkcs10.ts'

export interface Made {
  readonly what: string
  readonly object: Record<string, unknown>
}

const NODES: readonly (readonly [string, string])[] = [
  ['O', 'system:nodes'],
  ['CN', 'system:node:n1'],
]
const CUSTOM = 'example.com/signer'

export interface OpensslRequest {
  readonly subject: readonly (readonly [string, string])[]
  readonly names?: readonly string[]
  readonly newkey?: readonly string[]
  readonly digest?: string
}

/** By openssl, P-256 unless said otherwise. */
export function opensslRequest({
  subject,
  names = [],
  newkey = ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  digest = 'sha256',
}: OpensslRequest): string {
  const folder = mkdtempSync(join(tmpdir(), 'kubepki-test-csr-'))
  try {
    const lines = subject.map(([type, value], index) => `${index}.${type} = ${value}`)
    const config = `[req]\nprompt=no\nstring_mask=utf8only\ndistinguished_name=dn\n[dn]\n${lines.join('\n')}\n${names.length > 0 ? `[ext]\nsubjectAltName=${names.join(',')}\n` : ''}`
    const file = join(folder, 'c.cnf')
    writeFileSync(file, config)
    const extensions = names.length > 0 ? ['-reqexts', 'ext'] : []
    return execFileSync(
      'openssl',
      [
        'req',
        '-new',
        '-nodes',
        '-newkey',
        ...newkey,
        '-keyout',
        join(folder, 'k'),
        `-${digest}`,
        '-config',
        file,
        ...extensions,
      ],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
}

let count = 0

interface Wanted {
  readonly request?: string
  readonly raw?: unknown
  readonly signerName?: unknown
  readonly usages?: unknown
  readonly metadata?: object
  readonly expirationSeconds?: number
}

function made(
  what: string,
  { request = PLAIN, raw, signerName = CUSTOM, usages = CLIENT_USAGES, metadata, expirationSeconds }: Wanted,
): Made {
  count += 1
  return {
    what,
    object: {
      apiVersion: 'certificates.k8s.io/v1',
      kind: 'CertificateSigningRequest',
      metadata: metadata ?? { name: `case-${count}` },
      spec: {
        request: raw ?? Buffer.from(request, 'latin1').toString('base64'),
        ...(signerName !== undefined && { signerName }),
        ...(usages !== undefined && { usages }),
        ...(expirationSeconds !== undefined && { expirationSeconds }),
      },
    },
  }
}

const PLAIN = requestPem({ subject: [['CN', 'jane']] })
const BODY = PLAIN.split('\n').slice(1, -2).join('\n')
const block = (label: string, body = BODY) => `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`
const CR = 'CERTIFICATE REQUEST'

const SIGNER_NAMES: readonly string[] = [
  'example.com/signer',
  'a.b/c',
  'a.b.c.d/e.f-g.h',
  'kubernetes.io/mine',
  'k8s.example.com/x',
  'example.com/a1',
  '1.2/3',
  `example.com/${'a'.repeat(63)}`,
  `example.com/${'a'.repeat(64)}`,
  `${'a'.repeat(63)}.com/x`,
  `${'a'.repeat(64)}.com/x`,
  `${'a.'.repeat(126)}b/x`,
  `${'a.'.repeat(127)}b/x`,
  `a.b/${'a.'.repeat(158)}b`,
  `a.b/${'a.'.repeat(200)}b`,
  `a.b/${'a.'.repeat(283)}b`,
  `a.b/${'a.'.repeat(290)}b`,
  '',
  'signer',
  '/',
  'example.com/',
  '/signer',
  'example.com//signer',
  'example.com/a/b',
  'com/signer',
  'example.com./signer',
  '.com/x',
  'example..com/x',
  'Example.com/signer',
  'example.com/Signer',
  'exa_mple.com/x',
  'example.com/a_b',
  'example.com/-a',
  'example.com/a-',
  'example.com/.a',
  'example.com/a.',
  'example.com/a..b',
  'example.com/a b',
  ' example.com/a',
  'example.com/a ',
  'exämple.com/a',
  'example.com/a\n',
  '*.example.com/a',
  'example.com/*',
  'https://example.com/a',
  'kubernetes.io/legacy-unknown',
  'kubernetes.io/kubelet-serving',
  '-a.com/x',
  'a-.com/x',
]

const REQUESTS: Readonly<Record<string, string>> = {
  'text before it': `Certificate Request:\n  Data\n${PLAIN}`,
  'text behind it': `${PLAIN}more`,
  'an empty line before it': `\n${PLAIN}`,
  'a blank before it': ` ${PLAIN}`,
  'a byte order mark before it': `\u00ef\u00bb\u00bf${PLAIN}`,
  'lines that end with CR LF': PLAIN.replaceAll('\n', '\r\n'),
  'lines that end with blanks': PLAIN.replaceAll('\n', ' \t\n'),
  'indented lines': PLAIN.replace(/^/gm, '  '),
  'an indented body': `-----BEGIN ${CR}-----\n${BODY.replace(/^/gm, '   ')}\n-----END ${CR}-----\n`,
  'no line end at its end': PLAIN.trimEnd(),
  'a body of one line': block(CR, BODY.replaceAll('\n', '')),
  'no line end before END': `-----BEGIN ${CR}-----\n${BODY}-----END ${CR}-----\n`,
  'all in one line': PLAIN.replaceAll('\n', ''),
  'four dashes': PLAIN.replace('-----BEGIN', '----BEGIN'),
  'six dashes': PLAIN.replace('-----BEGIN', '------BEGIN'),
  'six dashes at the end': PLAIN.trimEnd().concat('-\n'),
  'no END': PLAIN.replace(/-----END.*/, ''),
  'another END': PLAIN.replace('END CERTIFICATE REQUEST', 'END CERTIFICATE'),
  'a broken block before it': `-----BEGIN ${CR}-----\n!!!!\n-----END ${CR}-----\n${PLAIN}`,
  'an endless block before it': `-----BEGIN ${CR}-----\n${PLAIN}`,
  'an endless block of another type before it': `-----BEGIN CERTIFICATE-----\nAAAA\n${PLAIN}`,
  'the label NEW CERTIFICATE REQUEST': block('NEW CERTIFICATE REQUEST'),
  'the label in lower case': block('certificate request'),
  'the label CERTIFICATE': block('CERTIFICATE'),
  'no label': block(''),
  'a blank behind the label': block(`${CR} `),
  'another block before it': `${block('CERTIFICATE')}${PLAIN}`,
  'another block behind it': `${PLAIN}${block('CERTIFICATE')}`,
  'two of them': `${PLAIN}${requestPem({ subject: [['CN', 'joe']] })}`,
  'a header': `-----BEGIN ${CR}-----\nX-Y: z\n\n${BODY}\n-----END ${CR}-----\n`,
  'a header and no empty line': `-----BEGIN ${CR}-----\nX-Y: z\n${BODY}\n-----END ${CR}-----\n`,
  'an empty body': `-----BEGIN ${CR}-----\n-----END ${CR}-----\n`,
  'a body that is no base64': block(CR, `${BODY}!`),
  'a body cut off': block(CR, BODY.slice(0, -8)),
  'base64 without its padding': block(
    CR,
    Buffer.from(requestDer({ subject: [['CN', 'janes']] }))
      .toString('base64')
      .replace(/=+$/, ''),
  ),
  'the body twice': block(CR, `${BODY}\n${BODY}`),
  'bytes behind the request': encodePem(
    CR,
    new Uint8Array(Buffer.concat([requestDer({ subject: [['CN', 'j']] }), Buffer.from([0])])),
  ),
  DER: Buffer.from(requestDer({ subject: [['CN', 'jane']] })).toString('latin1'),
  'base64 of it': Buffer.from(PLAIN).toString('base64'),
  nothing: '',
  'a word': 'jane',
  'not ASN.1': block(CR, Buffer.from('hello').toString('base64')),
  'an empty sequence': block(CR, Buffer.from([0x30, 0]).toString('base64')),
  'a signature of another key': requestPem({ subject: [['CN', 'jane']], signingKey: newKey() }),
  'another name than was signed': encodePem(
    CR,
    new Uint8Array(
      Buffer.from(
        Buffer.from(requestDer({ subject: [['CN', 'jane']] }))
          .toString('latin1')
          .replace('jane', 'joan'),
        'latin1',
      ),
    ),
  ),
  'no subject': requestPem({ subject: [] }),
  'two CNs': requestPem({
    subject: [
      ['CN', 'a'],
      ['CN', 'b'],
    ],
  }),
  'a subject with a NUL': requestPem({ subject: [['CN', 'a\u0000b']] }),
  'an IP address of five bytes': requestPem({ subject: [['CN', 'a']], names: ['IP:abcde'] }),
  otherName: requestPem({ subject: [['CN', 'a']], names: ['other:x'] }),
  'CA:TRUE': requestPem({ subject: [['CN', 'a']], isCa: true }),
  'P-384': requestPem({ subject: [['CN', 'a']], key: newKey('P-384') }),
  'P-521': requestPem({ subject: [['CN', 'a']], key: newKey('P-521') }),
  'P-224': requestPem({ subject: [['CN', 'a']], key: newKey('secp224r1') }),
  secp256k1: requestPem({ subject: [['CN', 'a']], key: newKey('secp256k1') }),
  brainpool: requestPem({ subject: [['CN', 'a']], key: newKey('brainpoolP256r1') }),
  Ed25519: requestPem({ subject: [['CN', 'a']], key: generateKeyPairSync('ed25519').privateKey }),
}

const OPENSSL_KEYS: Readonly<Record<string, Partial<OpensslRequest>>> = {
  'RSA of 2048 bits': { newkey: ['rsa:2048'] },
  'RSA of 1024 bits': { newkey: ['rsa:1024'] },
  'RSA of 4096 bits': { newkey: ['rsa:4096'] },
  'RSA, SHA-1': { newkey: ['rsa:2048'], digest: 'sha1' },
  'RSA, SHA-512': { newkey: ['rsa:2048'], digest: 'sha512' },
  'RSA, SHA-384': { newkey: ['rsa:2048'], digest: 'sha384' },
  'RSA, MD5': { newkey: ['rsa:2048'], digest: 'md5' },
  'RSA, SHA-224': { newkey: ['rsa:2048'], digest: 'sha224' },
  'ECDSA, SHA-1': { digest: 'sha1' },
  'ECDSA, SHA-224': { digest: 'sha224' },
  'ECDSA, SHA-384': { digest: 'sha384' },
  'ECDSA, SHA-512': { digest: 'sha512' },
  'explicit curve parameters': {
    newkey: ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-pkeyopt', 'ec_param_enc:explicit'],
  },
  'RSA-PSS': { newkey: ['rsa-pss', '-pkeyopt', 'rsa_keygen_bits:2048'] },
}

const USAGES: Readonly<Record<string, unknown>> = {
  none: [],
  'all that are known': [...CSR_USAGE_NAMES],
  'one twice': ['client auth', 'client auth'],
  'one unknown': ['client auth', 'fly'],
  'in upper case': ['Client Auth'],
  'as in X.509': ['clientAuth'],
  'with an underscore': ['digital_signature'],
  'an empty one': [''],
  absent: null,
}

const NAMES: Readonly<Record<string, object>> = {
  'a name in upper case': { name: 'CSR-1' },
  'a name with a colon': { name: 'system:node:a' },
  'a name with a blank': { name: 'a b' },
  'a name with a slash': { name: 'a/b' },
  'a name with a percent sign': { name: 'a%b' },
  'the name .': { name: '.' },
  'the name ..': { name: '..' },
  'the name ...': { name: '...' },
  'a name of 300 characters': { name: 'a'.repeat(300) },
  'a name that is not ASCII': { name: 'jäne' },
  'a name that begins with a dash': { name: '-a' },
  'no name': {},
  generateName: { generateName: 'csr-' },
  'generateName with a slash': { generateName: 'csr/' },
  'generateName with a percent sign': { generateName: 'csr%' },
  'generateName of a dot': { generateName: '.' },
  'generateName in upper case': { generateName: 'CSR-' },
}

/** For `create`: what the API server says at once. */
export function createCases(): Made[] {
  return [
    made('a plain one', {}),
    ...SIGNER_NAMES.map(signerName =>
      made(`signer ${JSON.stringify(signerName.slice(0, 40))} of ${signerName.length}`, { signerName }),
    ),
    made('no signer', { signerName: null }),
    ...Object.entries(REQUESTS).map(([what, request]) => made(what, { request })),
    ...Object.entries({ ...REFUSED_BY_GO, ...UNDISPUTED }).map(([what, request]) => made(what, { request })),
    ...Object.entries(OPENSSL_KEYS).map(([what, key]) =>
      made(what, { request: opensslRequest({ subject: [['CN', 'jane']], ...key }) }),
    ),
    made('a request that is no base64', { raw: '!!' }),
    made('base64 in lines', {
      raw: Buffer.from(PLAIN)
        .toString('base64')
        .replace(/(.{64})/g, '$1\n'),
    }),
    made('base64 for URLs', {
      raw: Buffer.from(`${PLAIN}\u00fb\u00ff\u00fe`, 'latin1').toString('base64url'),
    }),
    made('no request', { raw: null }),
    ...CSR_USAGE_NAMES.map(usage => made(`the usage ${usage}`, { usages: [usage] })),
    ...Object.entries(USAGES).map(([what, usages]) => made(`usages: ${what}`, { usages })),
    ...Object.entries(NAMES).map(([what, metadata]) => made(what, { metadata })),
    ...[600, 599, 0, -1, 3600, 2 ** 31 - 1, 2 ** 31].map(expirationSeconds =>
      made(`for ${expirationSeconds} s`, { expirationSeconds }),
    ),
    made('system:masters of the API server', {
      signerName: 'kubernetes.io/kube-apiserver-client',
      request: opensslRequest({
        subject: [
          ['O', 'system:masters'],
          ['CN', 'jane'],
        ],
      }),
    }),
    made('system:masters among others', {
      signerName: 'kubernetes.io/kube-apiserver-client',
      request: opensslRequest({
        subject: [
          ['O', 'dev'],
          ['O', 'system:masters'],
          ['CN', 'jane'],
        ],
      }),
    }),
    made('system:masters of another signer', {
      request: opensslRequest({
        subject: [
          ['O', 'system:masters'],
          ['CN', 'jane'],
        ],
      }),
    }),
  ]
}

const condition = (type: string, status: string | undefined = 'True', reason = 'Test') => ({
  type,
  reason,
  message: 'm',
  ...(status !== '' && { status }),
})

const CONDITIONS: Readonly<Record<string, readonly object[]>> = {
  Approved: [condition('Approved')],
  Denied: [condition('Denied')],
  Failed: [condition('Failed')],
  'a type of ones own': [condition('Mine')],
  'a type of ones own, False': [condition('Mine', 'False')],
  'a type of ones own, Unknown': [condition('Mine', 'Unknown')],
  'a type of ones own, Maybe': [condition('Mine', 'Maybe')],
  'Approved, False': [condition('Approved', 'False')],
  'Approved, Unknown': [condition('Approved', 'Unknown')],
  'Approved, true': [condition('Approved', 'true')],
  'Denied, False': [condition('Denied', 'False')],
  'Failed, False': [condition('Failed', 'False')],
  'Failed, Unknown': [condition('Failed', 'Unknown')],
  'Approved without a status': [condition('Approved', '')],
  'Denied without a status': [condition('Denied', '')],
  'one without a status': [condition('Mine', '')],
  'one without a type': [condition('')],
  'Approved and Denied': [condition('Approved'), condition('Denied')],
  'Denied and Approved': [condition('Denied'), condition('Approved')],
  'Approved twice': [condition('Approved'), condition('Approved')],
  'Denied twice': [condition('Denied'), condition('Denied')],
  'Failed twice': [condition('Failed'), condition('Failed')],
  'one of ones own twice': [condition('Mine'), condition('Mine', 'False')],
  'Approved and one of ones own': [condition('Approved'), condition('Mine')],
  'Failed and one of ones own': [condition('Failed'), condition('Mine', 'Unknown')],
  'the case of a type': [condition('approved', 'False')],
}

export interface StatusCase {
  readonly what: string
  readonly status: object
  readonly subresource: 'approval' | 'status'
}

/** `certificate`: PEM of one. */
export function statusCases(certificate: string): StatusCase[] {
  const body = certificate.split('\n').slice(1, -2).join('\n')
  const pem = (label: string, inside = body) =>
    `-----BEGIN ${label}-----\n${inside}\n-----END ${label}-----\n`
  const certificates: Readonly<Record<string, string>> = {
    'a certificate': certificate,
    'two certificates': certificate + certificate,
    'text around it': `before\n${certificate}\nbehind\n`,
    'no PEM': 'jane',
    'an empty block': '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n',
    'a request': PLAIN,
    'a certificate and a request': certificate + PLAIN,
    'a header': pem('CERTIFICATE', `X-Y: z\n\n${body}`),
    'a header in the second block': certificate + pem('CERTIFICATE', `X-Y: z\n\n${body}`),
    'the label X509 CERTIFICATE': pem('X509 CERTIFICATE'),
    'the label TRUSTED CERTIFICATE': pem('TRUSTED CERTIFICATE'),
    'lower case': pem('certificate'),
    'no certificate in it': pem('CERTIFICATE', 'AAAA'),
    'no certificate in the second': certificate + pem('CERTIFICATE', 'AAAA'),
    'cut off': pem('CERTIFICATE', body.slice(0, -8)),
    'no END': certificate.replace(/-----END.*/, ''),
    'a broken block and a certificate': `${pem('CERTIFICATE', '!!')}${certificate}`,
    'CR LF': certificate.replaceAll('\n', '\r\n'),
    indented: certificate.replace(/^/gm, ' '),
    'a byte order mark': `\ufeff${certificate}`,
    'bytes behind it': pem(
      'CERTIFICATE',
      Buffer.concat([Buffer.from(body, 'base64'), Buffer.from([0])]).toString('base64'),
    ),
    'the certificate twice in a block': pem('CERTIFICATE', `${body}\n${body}`),
  }
  return [
    ...Object.entries(CONDITIONS).map(
      ([what, conditions]): StatusCase => ({
        what,
        status: { conditions },
        subresource: what.includes('Failed') ? 'status' : 'approval',
      }),
    ),
    ...Object.entries(certificates).map(
      ([what, text]): StatusCase => ({
        what: `certificate: ${what}`,
        status: { certificate: Buffer.from(text).toString('base64') },
        subresource: 'status',
      }),
    ),
  ]
}

const [CLIENT, KUBELET_CLIENT, SERVING] = [
  'kube-apiserver-client',
  'kube-apiserver-client-kubelet',
  'kubelet-serving',
].map(one => `kubernetes.io/${one}`) as [string, string, string]
const HOSTS = ['DNS:n1', 'IP:10.0.0.1']

const SUBJECTS: Readonly<Record<string, OpensslRequest['subject']>> = {
  'a node': NODES,
  'another organisation': [
    ['O', 'system:masters2'],
    ['CN', 'system:node:n1'],
  ],
  'two organisations': [
    ['O', 'system:nodes'],
    ['O', 'dev'],
    ['CN', 'system:node:n1'],
  ],
  'system:nodes twice': [
    ['O', 'system:nodes'],
    ['O', 'system:nodes'],
    ['CN', 'system:node:n1'],
  ],
  'no organisation': [['CN', 'system:node:n1']],
  'no node': [
    ['O', 'system:nodes'],
    ['CN', 'n1'],
  ],
  'an empty node name': [
    ['O', 'system:nodes'],
    ['CN', 'system:node:'],
  ],
  'upper case': [
    ['O', 'system:nodes'],
    ['CN', 'System:node:n1'],
  ],
  'no CN': [['O', 'system:nodes']],
  'an OU too': [
    ['O', 'system:nodes'],
    ['OU', 'x'],
    ['CN', 'system:node:n1'],
  ],
  'two CNs, the node last': [
    ['O', 'system:nodes'],
    ['CN', 'x'],
    ['CN', 'system:node:n1'],
  ],
  'two CNs, the node first': [
    ['O', 'system:nodes'],
    ['CN', 'system:node:n1'],
    ['CN', 'x'],
  ],
  jane: [
    ['O', 'dev'],
    ['CN', 'jane'],
  ],
}

const SANS: Readonly<Record<string, readonly string[]>> = {
  'no SAN': [],
  'DNS and IP': HOSTS,
  'DNS alone': ['DNS:n1'],
  'IP alone': ['IP:10.0.0.1'],
  'a wildcard': ['DNS:*.example.com'],
  'an e-mail address': [...HOSTS, 'email:a@b.example'],
  'a URI': [...HOSTS, 'URI:spiffe://a/b'],
  'a URI alone': ['URI:spiffe://a/b'],
  'an e-mail address alone': ['email:a@b.example'],
  'otherName alone': ['otherName:1.3.6.1.4.1.311.20.2.3;UTF8:x'],
}

const SETS: Readonly<Record<string, readonly string[]>> = {
  'those of a client': CLIENT_USAGES,
  'those of a server': SERVING_USAGES,
  'a client, short': ['digital signature', 'client auth'],
  'a server, short': ['digital signature', 'server auth'],
  'in another order': [...CLIENT_USAGES].reverse(),
  'a server in another order': [...SERVING_USAGES].reverse(),
  'client auth alone': ['client auth'],
  'server auth alone': ['server auth'],
  both: [...CLIENT_USAGES, 'server auth'],
  'any too': [...CLIENT_USAGES, 'any'],
  'cert sign too': [...SERVING_USAGES, 'cert sign'],
  'no signature': ['key encipherment', 'client auth'],
}

/** For the signers: each is right for the API server. */
export function signerCases(): Made[] {
  const right: Readonly<
    Record<string, { readonly names: readonly string[]; readonly usages: readonly string[] }>
  > = {
    [CLIENT]: { names: [], usages: CLIENT_USAGES },
    [KUBELET_CLIENT]: { names: [], usages: CLIENT_USAGES },
    [SERVING]: { names: HOSTS, usages: SERVING_USAGES },
  }
  return Object.entries(right).flatMap(([signerName, { names, usages }]) => {
    const short = signerName.replace('kubernetes.io/', '')
    return [
      ...Object.entries(SUBJECTS).map(([what, subject]) =>
        made(`${short}: ${what}`, { signerName, usages, request: opensslRequest({ subject, names }) }),
      ),
      ...Object.entries(SANS).map(([what, sans]) =>
        made(`${short}: ${what}`, {
          signerName,
          usages,
          request: opensslRequest({ subject: NODES, names: sans }),
        }),
      ),
      ...Object.entries(SETS).map(([what, set]) =>
        made(`${short}: usages ${what}`, {
          signerName,
          usages: set,
          request: opensslRequest({ subject: NODES, names }),
        }),
      ),
    ]
  })
}
