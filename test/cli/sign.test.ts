/** `certs sign`, the CA's side: what it makes is judged by openssl. */
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  makeAuthority,
  makeLeaf,
  openssl,
  P256,
  P384,
  P521,
  RSA_2048,
  signRequest,
} from '../support/certificates.ts'
import { kubepki, NOW } from '../support/host.ts'
import { documentIn, expectVerified, look, said } from '../support/made.ts'
import { copyNode, fingerprint, tempDir } from '../support/node.ts'
import {
  authority,
  ED25519,
  manifestRow,
  request,
  SERVER_NAMES,
  show,
  textOf,
  workplace,
  writeManifest,
} from '../support/signing.ts'

const sign = (...args: string[]) => kubepki('certs', 'sign', ...args)

describe.each([
  ['RSA-2048', RSA_2048, 'sha256WithRSAEncryption'],
  ['ECDSA-P256', P256, 'ecdsa-with-SHA256'],
  ['ECDSA-P384', P384, 'ecdsa-with-SHA384'],
  ['ECDSA-P521', P521, 'ecdsa-with-SHA512'],
])('a CA with a key %s', (_, algorithm, signature) => {
  it('signs what openssl finds to be a leaf of kubeadm, with subject and names of the request', async () => {
    const directory = tempDir()
    const ca = authority(directory, makeAuthority('kubernetes', algorithm))
    const csr = request(directory, 'apiserver')
    const { exitCode, stderr, stdout } = await sign(csr, ...ca.flags, '--yes')
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    const file = join(directory, 'apiserver.crt')
    expect(stdout).toContain(`${csr}\n  profile         apiserver (by the inventory)\n`)
    expect(stdout).toContain(`certificate     ${file}`)

    const pem = textOf(file)
    expectVerified(pem, { authority: ca.certificate, purpose: 'sslserver' })
    expect(look(pem)).toEqual({
      subject: 'CN=kube-apiserver',
      names: [
        'DNS:lb.example.com',
        'DNS:*.svc.example.com',
        'IP Address:192.0.2.10',
        'IP Address:2001:DB8:0:0:0:0:0:1',
      ],
      usages: ['serverAuth'],
      isCa: false,
      validity: ['2026-11-30T23:55:00', '2027-12-01T00:00:00'],
      keyType: 'ec',
    })
    const text = show(file, '-text')
    expect(text).toContain(`Signature Algorithm: ${signature}`)
    expect(text).toMatch(/Key Usage: critical\n\s+Digital Signature, Key Encipherment\n/)
    expect(text).toMatch(/Basic Constraints: critical\n\s+CA:FALSE\n/)
    expect(text).toMatch(/Authority Key Identifier/)
    expect(statSync(file).mode & 0o777).toBe(0o644)
  })
})

describe('what a certificate is for', () => {
  it.each([
    ['server', ['serverAuth']],
    ['peer', ['serverAuth', 'clientAuth']],
    ['apiserver', ['serverAuth']],
  ])('--profile %s', async (profile, usages) => {
    const { csr, ca, certificate } = workplace({}, 'whatever')
    expect(await sign(csr, ...ca.flags, '--yes', '--profile', profile)).toMatchObject({ exitCode: 0 })
    expect(look(textOf(certificate))).toMatchObject({ usages, names: { length: 4 } })
  })

  it('--profile client: without names, which is said', async () => {
    const { csr, ca, certificate } = workplace({}, 'whatever')
    const outcome = await sign(csr, ...ca.flags, '--yes', '--profile', 'client')
    expect(outcome.exitCode).toBe(0)
    expect(said(outcome, 'warning')).toEqual([expect.stringContaining('DNS:lb.example.com, DNS:*.svc')])
    expect(look(textOf(certificate))).toMatchObject({ usages: ['clientAuth'], names: [] })
    expectVerified(textOf(certificate), { authority: ca.certificate, purpose: 'sslclient' })
  })

  it.each([
    ['apiserver-kubelet-client', '/O=system:masters/CN=kube-apiserver-kubelet-client', ['clientAuth'], 1],
    ['admin.conf', '/O=kubeadm:cluster-admins/CN=kubernetes-admin', ['clientAuth'], 0],
    ['scheduler.conf', '/CN=system:kube-scheduler', ['clientAuth'], 0],
    ['kubelet.conf', '/O=system:nodes/CN=system:node:cp-1', ['clientAuth'], 0],
    ['etcd-peer', '/CN=cp-1', ['serverAuth', 'clientAuth'], 0],
  ])(
    'C29 a request without usages: by the name %s and its subject',
    async (name, subject, usages, warnings) => {
      const extensions = name === 'etcd-peer' ? [SERVER_NAMES] : []
      const { csr, ca, certificate } = workplace({ subject, extensions }, name)
      const outcome = await sign(csr, ...ca.flags, '--yes')
      expect(outcome.exitCode).toBe(0)
      expect(said(outcome, 'warning')).toHaveLength(warnings)
      expect(look(textOf(certificate))).toMatchObject({ usages })
    },
  )

  it('by the place that kubeadm gives a request', async () => {
    const { directory, ca } = workplace()
    mkdirSync(join(directory, 'etcd'))
    const csr = request(join(directory, 'etcd'), 'server', { subject: '/CN=cp-1' })
    const { stdout } = await sign(csr, ...ca.flags, '--yes', '-o', 'json')
    expect(JSON.parse(stdout).certificates[0]).toMatchObject({ profile: 'etcd-server' })
  })

  it('by requests.json, whatever the file is called', async () => {
    const { directory, csr, ca, certificate } = workplace({}, '4711')
    writeManifest(
      directory,
      manifestRow(csr, { longestValidityDays: 90, extKeyUsage: ['serverAuth', 'clientAuth'] }),
    )
    const outcome = await sign(csr, ...ca.flags, '--yes')
    expect(outcome.exitCode).toBe(0)
    expect(said(outcome, 'warning')).toEqual([
      expect.stringContaining('requests.json asks for clientAuth, which no apiserver has'),
    ])
    expect(outcome.stdout).toContain('profile         apiserver (by requests.json)')
    expect(look(textOf(certificate))).toMatchObject({
      usages: ['serverAuth', 'clientAuth'],
      validity: ['2026-11-30T23:55:00', '2027-03-01T00:00:00'],
    })
  })

  it('says when requests.json calls a request by the name of another', async () => {
    const { directory, csr, ca } = workplace()
    writeManifest(directory, manifestRow(csr, { name: 'admin.conf', extKeyUsage: ['clientAuth'] }))
    const warnings = said(await sign(csr, ...ca.flags, '--yes'), 'warning')
    expect(warnings).toContainEqual(
      expect.stringContaining('requests.json calls it admin.conf, whose subject is another'),
    )
  })

  it('leaves what another CA has to sign, and signs its own', async () => {
    const { directory, csr, ca } = workplace()
    const other = request(directory, 'etcd-server', { subject: '/CN=cp-1' })
    writeManifest(
      directory,
      manifestRow(csr, { caSubject: 'CN=kubernetes' }),
      manifestRow(other, { name: 'etcd-server', caName: 'etcd-ca', caSubject: 'CN=etcd-ca' }),
    )
    const outcome = await sign(csr, other, ...ca.flags, '--yes')
    expect(outcome.exitCode, outcome.stderr).toBe(0)
    expect(outcome.stderr).toContain(`left out, for etcd-ca (CN=etcd-ca) to sign: ${other}`)
    expect(existsSync(join(directory, 'etcd-server.crt'))).toBe(false)
    const alone = await sign(other, ...ca.flags, '--yes')
    expect(alone).toMatchObject({ exitCode: 1, stdout: '' })
    expect(said(alone, 'error')).toEqual([
      expect.stringContaining(
        'wanted the CA that the cluster trusts for it, CN=etcd-ca (etcd-ca), found CN=kubernetes',
      ),
    ])
  })

  it('says when the CA is another of the same name than the cluster trusts, or the request is over', async () => {
    const { directory, csr, ca } = workplace()
    const trusted = { caSubject: 'CN=kubernetes', caFingerprintSha256: '0'.repeat(64) }
    const changes = { ...trusted, installed: '2026-11-30T12:00:00Z', longestValidityDays: 30 }
    writeManifest(directory, manifestRow(csr, changes))
    const warnings = said(await sign(csr, ...ca.flags, '--yes', '--validity', '60d'), 'warning')
    expect(warnings).toEqual([
      expect.stringContaining(
        `the cluster trusts the CN=kubernetes with the SHA-256 fingerprint ${'0'.repeat(64)}`,
      ),
      expect.stringContaining('installed on 2026-11-30T12:00:00Z'),
      expect.stringContaining('longer than the 30 d'),
    ])
  })
})

describe('what a request asks for and does not get', () => {
  it.each([
    ['basicConstraints=critical,CA:TRUE', 'asks to be a CA'],
    ['keyUsage=digitalSignature,keyCertSign,cRLSign', 'key usage keyCertSign, cRLSign: left out'],
    [
      'extendedKeyUsage=serverAuth,clientAuth,codeSigning',
      'extended key usage clientAuth, codeSigning: left out',
    ],
    ['extendedKeyUsage=anyExtendedKeyUsage', 'anyExtendedKeyUsage: left out'],
    ['nsComment=hello', 'the extension 2.16.840.1.113730.1.13: left out'],
    ['certificatePolicies=1.2.3', 'the extension 2.5.29.32: left out'],
  ])('%s', async (extension, warning) => {
    const { csr, ca, certificate } = workplace({ extensions: [SERVER_NAMES, extension] })
    const outcome = await sign(csr, ...ca.flags, '--yes')
    expect(outcome.exitCode).toBe(0)
    expect(outcome.stderr).toContain(warning)
    expect(look(textOf(certificate))).toMatchObject({ usages: ['serverAuth'], isCa: false })
    const text = show(certificate, '-text')
    expect(text).toMatch(/Digital Signature, Key Encipherment\n/)
    const names = text.match(/X509v3 [A-Z][^:\n]*:|Netscape/g)
    expect(names).toHaveLength(5)
  })

  it('serverAuth, of a row that is a client', async () => {
    const asked = {
      subject: '/CN=system:kube-scheduler',
      extensions: [SERVER_NAMES, 'extendedKeyUsage=serverAuth'],
    }
    const { csr, ca, certificate } = workplace(asked, 'scheduler.conf')
    const outcome = await sign(csr, ...ca.flags, '--yes')
    expect(said(outcome, 'warning')).toHaveLength(3)
    expect(look(textOf(certificate))).toMatchObject({ usages: ['clientAuth'], names: [] })
  })

  it('keeps a critical list of names and an unusual subject as they are', async () => {
    const subject = '/DC=org/O=Zo\u00eb, b+OU=x/CN=lb'
    const asked = {
      subject,
      extensions: [SERVER_NAMES.replace('=', '=critical,')],
      args: ['-multivalue-rdn'],
    }
    const { csr, ca, certificate } = workplace(asked, 'lb')
    expect(await sign(csr, ...ca.flags, '--yes', '--profile', 'server')).toMatchObject({ exitCode: 0 })
    const ofRequest = openssl(['req', '-noout', '-subject', '-nameopt', 'RFC2253', '-in', csr])
    expect(show(certificate, '-subject', '-nameopt', 'RFC2253')).toBe(ofRequest.trim())
    expect(show(certificate, '-text')).toContain('Subject Alternative Name: critical')
  })
})

describe('validity', () => {
  const ends = (file: string) => new Date(show(file, '-enddate').replace('notAfter=', ''))

  it('as --validity says', async () => {
    const { csr, ca, certificate } = workplace()
    await sign(csr, ...ca.flags, '--yes', '--validity', '48h')
    expect(ends(certificate)).toEqual(new Date(NOW.getTime() + 48 * 3_600_000))
  })

  it('is cut to the end of the CA, which is said', async () => {
    const directory = tempDir()
    const ca = authority(directory, makeAuthority('kubernetes', P256, 40))
    const outcome = await sign(request(directory, 'apiserver'), ...ca.flags, '--yes')
    expect(said(outcome, 'warning')).toEqual([expect.stringContaining('notAfter cut to')])
    expect(ends(join(directory, 'apiserver.crt'))).toEqual(ends(ca.certificateFile))
  })
})

describe('where certificates go', () => {
  it('several, all forms of requests, into a directory that is made', async () => {
    const { directory, csr, ca } = workplace()
    const der = join(directory, 'scheduler.conf.der')
    const plain = request(directory, 'scheduler.conf', {
      subject: '/CN=system:kube-scheduler',
      extensions: [],
    })
    openssl(['req', '-in', plain, '-outform', 'DER', '-out', der])
    const text = join(directory, 'apiserver-etcd-client.csr')
    const asked = { subject: '/CN=kube-apiserver-etcd-client', extensions: [] }
    writeFileSync(text, openssl(['req', '-text', '-in', request(directory, 'apiserver-etcd-client', asked)]))
    const out = join(directory, 'answers')
    const { stdout, exitCode } = await sign(csr, der, text, ...ca.flags, '--yes', '--out', out, '-o', 'json')
    expect(exitCode).toBe(0)
    const { certificates, kind, changed } = JSON.parse(stdout)
    expect({ kind, changed }).toEqual({ kind: 'SigningResult', changed: true })
    expect(Object.keys(fingerprint(out))).toEqual(
      expect.arrayContaining(['apiserver.crt', 'scheduler.conf.crt', 'apiserver-etcd-client.crt']),
    )
    for (const { certificateFile, serialNumber, fingerprintSha256 } of certificates) {
      expect(show(certificateFile, '-serial')).toBe(`serial=${serialNumber}`)
      expect(show(certificateFile, '-fingerprint', '-sha256').replace(/.*=|:/g, '').toLowerCase()).toBe(
        fingerprintSha256,
      )
    }
  })

  it('of an intermediate CA: behind the leaf what a server has to send, but not the root', async () => {
    const directory = tempDir()
    const root = makeAuthority('root', P256)
    const key = openssl(['genpkey', ...P256])
    const extensions =
      'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\nsubjectKeyIdentifier=hash'
    const middle = makeLeaf(root, key, { subject: '/CN=issuing', extensions, days: 1000 })
    const ca = authority(directory, { certificate: root.certificate + middle, key })
    const { exitCode, stderr } = await sign(request(directory, 'apiserver'), ...ca.flags, '--yes')
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    const pem = textOf(join(directory, 'apiserver.crt'))
    expect(pem.match(/BEGIN CERTIFICATE/g)).toHaveLength(2)
    expect(pem.endsWith(middle)).toBe(true)
    const chain = join(directory, 'chain.pem')
    writeFileSync(chain, middle)
    expectVerified(pem, { authority: root.certificate, purpose: 'sslserver', more: ['-untrusted', chain] })
  })

  it('--dry-run writes nothing and says so', async () => {
    const { directory, csr, ca } = workplace()
    const before = fingerprint(directory)
    const { stdout, stderr, exitCode } = await sign(
      csr,
      ...ca.flags,
      '--dry-run',
      '--out',
      join(directory, 'x'),
    )
    expect({ stderr, exitCode }).toEqual({
      stderr: 'kubepki: nothing was signed: this is the plan\n',
      exitCode: 0,
    })
    expect(stdout).toContain('ext. key usage  serverAuth\n')
    expect(fingerprint(directory)).toEqual(before)
  })

  it('-v says where it is from', async () => {
    const { csr, ca } = workplace()
    const { stderr } = await sign(csr, ...ca.flags, '--yes', '-v')
    expect(stderr).toBe(
      `kubepki: CA: ${ca.certificateFile} (--ca-cert)\nkubepki: profile of ${csr}: apiserver (the inventory)\n`,
    )
  })

  it('says the same in yaml', async () => {
    const { csr, ca } = workplace()
    const plan = async (format: string) => documentIn(await sign(csr, ...ca.flags, '--dry-run', '-o', format))
    expect(await plan('yaml')).toEqual(await plan('json'))
  })
})

/** One byte is another, and the DER is whole. */
function tampered(csr: string): void {
  const der = Buffer.from(textOf(csr).replace(/-----[^-]+-----/g, ''), 'base64')
  der[der.indexOf('lb.example.com')] = 0x78
  writeFileSync(csr, der)
}

type Place = ReturnType<typeof workplace>
interface Refusal {
  readonly name: string
  readonly code: string
  readonly says: string | RegExp
  readonly make: () => Place
  readonly args?: readonly string[]
}

const RSA_1024 = ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:1024']
const withManifest = (changes: Readonly<Record<string, unknown>>, asked = {}) => {
  const place = workplace(asked)
  writeManifest(place.directory, manifestRow(place.csr, changes))
  return place
}

const REFUSALS: readonly Refusal[] = [
  {
    name: 'a tampered request',
    code: 'POSSESSION_NOT_PROVED',
    says: 'its signature is not by its own key',
    make: () => {
      const place = workplace()
      tampered(place.csr)
      return place
    },
  },
  {
    name: 'a signature with SHA-1',
    code: 'SIGNATURE_WEAK',
    says: 'wanted a signature with SHA-256 or better, found SHA-1',
    make: () => workplace({ args: ['-sha1'] }),
  },
  {
    name: 'an RSA key of 1024 bits',
    code: 'KEY_WEAK',
    says: 'an RSA key of 1024 bits: at least 2048 are wanted',
    make: () => workplace({ algorithm: RSA_1024 }),
  },
  {
    name: 'a key on another curve',
    code: 'KEY_WEAK',
    says: /a key of (the kind ECDSA-secp256k1|an unknown kind): RSA, ECDSA on P-256/,
    make: () => workplace({ algorithm: ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:secp256k1'] }),
  },
  {
    name: 'a curve by its numbers',
    code: 'KEY_WEAK',
    says: 'a key of the kind ECDSA-explicit',
    make: () => workplace({ algorithm: [...P256, '-pkeyopt', 'ec_param_enc:explicit'] }),
  },
  {
    name: "the CA's own key",
    code: 'KEY_OF_THE_CA',
    says: "its key is the CA's own",
    make: () => {
      const place = workplace()
      const asked = ['-subj', '/CN=kube-apiserver', '-addext', SERVER_NAMES]
      openssl(['req', '-new', '-key', place.ca.keyFile, ...asked, '-out', place.csr])
      return place
    },
  },
  {
    name: 'what is a certificate',
    code: 'REQUEST_UNREADABLE',
    says: 'holds a certificate, wanted a certificate request',
    make: () => {
      const place = workplace()
      writeFileSync(place.csr, place.ca.certificate)
      return place
    },
  },
  {
    name: 'an empty file',
    code: 'REQUEST_UNREADABLE',
    says: 'the file is empty',
    make: () => {
      const place = workplace()
      writeFileSync(place.csr, '')
      return place
    },
  },
  {
    name: 'a file name that says nothing',
    code: 'NO_PROFILE',
    says: 'nothing says what it is for',
    make: () => workplace({}, 'lb'),
  },
  {
    name: 'a file name that the subject contradicts',
    code: 'NO_PROFILE',
    says: 'nothing says what it is for',
    make: () => workplace({ subject: '/O=system:masters/CN=kube-apiserver' }),
  },
  {
    name: "a row's name with another subject",
    code: 'WRONG_SUBJECT',
    says: 'subject: wanted CN=kubernetes-admin,O=system:masters or CN=kubernetes-admin,O=kubeadm:cluster-admins, found CN=kube-apiserver',
    make: workplace,
    args: ['--profile', 'admin.conf'],
  },
  {
    name: 'another subject than in requests.json',
    code: 'WRONG_SUBJECT',
    says: 'subject: wanted CN=kube-apiserver as requests.json says, found CN=kubernetes-admin,O=system:masters',
    make: () => withManifest({}, { subject: '/O=system:masters/CN=kubernetes-admin' }),
  },
  {
    name: 'a name more than in requests.json',
    code: 'WRONG_SUBJECT_ALT_NAME',
    says: 'found them with DNS:evil.example',
    make: () => withManifest({}, { extensions: [`${SERVER_NAMES},DNS:evil.example`] }),
  },
  {
    name: 'a name less than in requests.json',
    code: 'WRONG_SUBJECT_ALT_NAME',
    says: 'found them without IP:192.0.2.10, IP:2001:db8::1',
    make: () => withManifest({}, { extensions: ['subjectAltName=DNS:LB.example.com,DNS:*.svc.example.com'] }),
  },
  {
    name: 'usages in requests.json that no leaf has',
    code: 'WRONG_EXT_KEY_USAGE',
    says: 'found serverAuth, codeSigning',
    make: () => withManifest({ extKeyUsage: ['serverAuth', 'codeSigning'] }),
  },
  {
    name: 'no usage in requests.json',
    code: 'WRONG_EXT_KEY_USAGE',
    says: 'found nothing',
    make: () => withManifest({ extKeyUsage: [] }),
  },
  {
    name: 'a server without names',
    code: 'WRONG_SUBJECT_ALT_NAME',
    says: 'wanted some, found none',
    make: () => workplace({ extensions: [] }),
  },
  {
    name: 'a name of an unknown kind',
    code: 'WRONG_SUBJECT_ALT_NAME',
    says: 'wanted DNS names and IP addresses, found other:',
    make: () => workplace({ extensions: ['subjectAltName=DNS:a.example,otherName:1.2.3.4;UTF8:x'] }),
  },
  {
    name: 'a DNS name that is none',
    code: 'WRONG_SUBJECT_ALT_NAME',
    says: 'DNS:a.example,DNS:b.example is no DNS name',
    make: () => workplace({ extensions: ['subjectAltName=@names\n[names]\nDNS=a.example\\,DNS:b.example'] }),
  },
  {
    name: 'neither subject nor names',
    code: 'WRONG_SUBJECT',
    says: 'neither a subject nor subject alternative names',
    make: () => workplace({ subject: '/', extensions: [] }),
    args: ['--profile', 'client'],
  },
  {
    name: 'an answer that exists',
    code: 'FILE_EXISTS',
    says: /apiserver\.crt exists: no certificate is overwritten/,
    make: () => {
      const place = workplace()
      writeFileSync(place.certificate, 'old')
      return place
    },
  },
  {
    name: 'a link where the answer would be',
    code: 'FILE_EXISTS',
    says: /apiserver\.crt exists/,
    make: () => {
      const place = workplace()
      symlinkSync('/nowhere', place.certificate)
      return place
    },
  },
]

describe('refuses, names the field, and writes nothing', () => {
  it.each(REFUSALS)('$name: $code', async ({ code, says, make, args = [] }) => {
    const { directory, csr, ca } = make()
    const good = request(directory, 'scheduler.conf', {
      subject: '/CN=system:kube-scheduler',
      extensions: [],
    })
    const before = fingerprint(directory)
    const profile = args.length > 0 ? [csr] : [good, csr]
    const outcome = await sign(...profile, ...ca.flags, '--yes', '-o', 'json', ...args)
    expect(fingerprint(directory)).toEqual(before)
    expect(outcome.exitCode).toBe(1)
    const { failures, changed } = JSON.parse(outcome.stdout)
    expect(changed).toBe(false)
    expect(failures).toMatchObject([{ csrFile: csr, code }])
    expect(said(outcome, 'error')).toEqual([
      expect.stringMatching(says instanceof RegExp ? says : literally(says)),
    ])
    expect(outcome.stderr).toMatch(/\nkubepki: nothing was changed\n$/)
    const text = await sign(...profile, ...ca.flags, '--yes', ...args)
    expect(text.stdout).toBe('')
  })

  const literally = (text: string) => new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))

  it('two requests with one answer', async () => {
    const { directory, csr, ca } = workplace()
    const twin = join(directory, 'apiserver.pem')
    writeFileSync(twin, readFileSync(csr))
    const outcome = await sign(csr, twin, ...ca.flags, '--yes', '--profile', 'server')
    expect(said(outcome, 'error')).toEqual([expect.stringContaining('would be the answer to')])
    expect(outcome.exitCode).toBe(1)
  })

  it('a place where nothing can be written, before it is asked for or planned', async () => {
    const { directory, csr, ca } = workplace()
    const before = fingerprint(directory)
    for (const flag of ['--yes', '--dry-run']) {
      for (const out of [ca.keyFile, join(ca.keyFile, 'answers')]) {
        const outcome = await sign(csr, ...ca.flags, flag, '--out', out)
        expect(outcome).toMatchObject({ stdout: '', exitCode: 1 })
        expect(said(outcome, 'error')).toEqual([
          expect.stringMatching(/^cannot write .*: a part of this path is a file$/),
        ])
      }
    }
    expect(fingerprint(directory)).toEqual(before)
  })

  it('a requests.json that is none', async () => {
    const { directory, csr, ca } = workplace()
    for (const text of ['', '{}', '[]', '{"kind":"CertificateRequests","requests":[null]}']) {
      writeFileSync(join(directory, 'requests.json'), text)
      const before = fingerprint(directory)
      const outcome = await sign(csr, ...ca.flags, '--yes')
      expect(said(outcome, 'error')).toEqual([
        expect.stringContaining('requests.json: not the requests.json that kubepki writes'),
      ])
      expect(fingerprint(directory)).toEqual(before)
    }
  })
})

describe('keys that are signed for', () => {
  it.each([
    ['RSA-2048', RSA_2048],
    ['ECDSA-P384', P384],
    ['ECDSA-P521', P521],
    ['Ed25519', ED25519],
    ['RSA-2048', RSA_2048, ['-sigopt', 'rsa_padding_mode:pss', '-sha384']],
  ])('%s', async (keyAlgorithm, algorithm, args: string[] = []) => {
    const { csr, ca, certificate } = workplace({ algorithm, args })
    const { stdout, exitCode } = await sign(csr, ...ca.flags, '--yes', '-o', 'json')
    expect(exitCode).toBe(0)
    expect(JSON.parse(stdout).certificates).toMatchObject([{ keyAlgorithm }])
    expect(openssl(['x509', '-noout', '-pubkey', '-in', certificate])).toBe(
      openssl(['req', '-noout', '-pubkey', '-in', csr]),
    )
    expectVerified(textOf(certificate), { authority: ca.certificate, purpose: 'sslserver' })
  })
})

interface BadAuthority {
  readonly name: string
  readonly says: string
  readonly make: (directory: string) => { readonly flags: readonly string[] }
}

const CA_EXTENSIONS = 'basicConstraints=critical,CA:TRUE\nsubjectKeyIdentifier=hash'
const selfSigned = (extensions: string, days = 365) => {
  const key = openssl(['genpkey', ...P256])
  const file = join(tempDir(), 'key')
  writeFileSync(file, key)
  const csr = openssl(['req', '-new', '-key', file, '-subj', '/CN=kubernetes'])
  return { certificate: signRequest(csr, file, { extensions, days }), key }
}

const BAD_AUTHORITIES: readonly BadAuthority[] = [
  {
    name: 'a certificate that is no CA',
    says: 'CN=kubernetes is not a CA certificate',
    make: directory => authority(directory, selfSigned('basicConstraints=critical,CA:FALSE')),
  },
  {
    name: 'an expired CA',
    says: 'expired on 2026-11-23',
    make: directory => authority(directory, selfSigned(CA_EXTENSIONS, 2)),
  },
  {
    name: 'a CA that may not sign certificates',
    says: 'wanted key usage keyCertSign, found cRLSign',
    make: directory => authority(directory, selfSigned(`${CA_EXTENSIONS}\nkeyUsage=critical,cRLSign`)),
  },
  {
    name: 'the key of another',
    says: 'is not the key of',
    make: directory =>
      authority(directory, { ...selfSigned(CA_EXTENSIONS), key: openssl(['genpkey', ...P256]) }),
  },
  {
    name: 'certificate and key the wrong way round',
    says: 'holds a private key, wanted a certificate',
    make: directory => {
      const { certificate, key } = selfSigned(CA_EXTENSIONS)
      return authority(directory, { certificate: key, key: certificate })
    },
  },
  {
    name: 'a key that is none',
    says: 'holds a certificate, wanted a private key',
    make: directory => {
      const { certificate } = selfSigned(CA_EXTENSIONS)
      return authority(directory, { certificate, key: certificate })
    },
  },
]

describe('a CA that cannot sign', () => {
  it.each(BAD_AUTHORITIES)('$name', async ({ says, make }) => {
    const directory = tempDir()
    const ca = make(directory)
    const csr = request(directory, 'apiserver')
    const before = fingerprint(directory)
    const outcome = await sign(csr, ...ca.flags, '--yes')
    expect(outcome).toMatchObject({ stdout: '', exitCode: 1 })
    expect(said(outcome, 'error')).toEqual([expect.stringContaining(says)])
    expect(fingerprint(directory)).toEqual(before)
  })

  it('one that is limited to another purpose', async () => {
    const directory = tempDir()
    const ca = authority(directory, selfSigned(`${CA_EXTENSIONS}\nextendedKeyUsage=clientAuth`))
    const { stdout, exitCode } = await sign(
      request(directory, 'apiserver'),
      ...ca.flags,
      '--yes',
      '-o',
      'json',
    )
    expect(exitCode).toBe(1)
    expect(JSON.parse(stdout).failures).toMatchObject([{ code: 'WRONG_CA' }])
  })

  it('files that are not there', async () => {
    const { csr, ca } = workplace()
    const absent = join(tempDir(), 'absent')
    for (const args of [
      [absent, ...ca.flags],
      [csr, '--ca-cert', absent, '--ca-key', ca.keyFile],
      [csr, '--ca-cert', ca.certificateFile, '--ca-key', absent],
    ])
      expect(await sign(...args, '--yes')).toMatchObject({
        stderr: `kubepki: error: ${absent}: no such file\n`,
        exitCode: 1,
      })
  })
})

describe('a CA of this node', () => {
  const PKI = 'etc/kubernetes/pki'

  it.each([
    ['ca', 'apiserver', '/CN=kube-apiserver'],
    ['front-proxy-ca', 'front-proxy-client', '/CN=front-proxy-client'],
    ['etcd-ca', 'etcd-server', '/CN=cp-1'],
  ])('--ca %s', async (name, row, subject) => {
    const root = copyNode('ecdsa')
    const extensions = row.endsWith('client') ? [] : [SERVER_NAMES]
    const csr = request(tempDir(), row, { subject, extensions })
    const before = fingerprint(root)
    const outcome = await sign(csr, '--ca', name, '--root', root, '--yes')
    expect({ exitCode: outcome.exitCode, stderr: outcome.stderr }).toEqual({ exitCode: 0, stderr: '' })
    const certificate = textOf(csr.replace(/csr$/, 'crt'))
    const file = name === 'etcd-ca' ? 'etcd/ca.crt' : `${name}.crt`
    const purpose = row.endsWith('client') ? 'sslclient' : 'sslserver'
    expectVerified(certificate, { authority: textOf(join(root, PKI, file)), purpose })
    expect(fingerprint(root)).toEqual(before)
  })

  it('is not asked for what another CA signs', async () => {
    const root = copyNode('ecdsa')
    const csr = request(tempDir(), 'front-proxy-client', {
      subject: '/CN=front-proxy-client',
      extensions: [],
    })
    const outcome = await sign(csr, '--ca', 'ca', '--root', root, '--yes')
    expect(said(outcome, 'error')).toEqual([
      expect.stringContaining('is signed by front-proxy-ca, found --ca ca'),
    ])
    expect(said(outcome, 'hint')).toEqual(['sign it with --ca front-proxy-ca'])
  })

  it('whose key is elsewhere, or that is not there at all', async () => {
    const root = copyNode('ecdsa', { [`${PKI}/ca.key`]: null })
    const { csr } = workplace()
    const outcome = await sign(csr, '--ca', 'ca', '--root', root, '--yes')
    expect(outcome.exitCode).toBe(1)
    expect(said(outcome, 'error')).toEqual([`the key of ${join(root, PKI, 'ca.crt')} is not here`])
    expect(await sign(csr, '--ca', 'ca', '--root', tempDir(), '--yes')).toMatchObject({
      stderr: expect.stringContaining('no certificate found in'),
      exitCode: 1,
    })
  })
})

describe('the passphrase of an encrypted key', () => {
  const FORMS: readonly [string, readonly string[]][] = [
    ['PKCS#8, AES-256', ['pkcs8', '-topk8', '-v2', 'aes-256-cbc']],
    ['PKCS#8, scrypt', ['pkcs8', '-topk8', '-scrypt']],
    ['PKCS#8, HMAC-SHA512', ['pkcs8', '-topk8', '-v2', 'aes-128-cbc', '-v2prf', 'hmacWithSHA512']],
    ['PKCS#8, 3DES', ['pkcs8', '-topk8', '-v2', 'des3']],
    ['PKCS#1 or SEC1, AES-256', ['pkey', '-traditional', '-aes-256-cbc']],
    ['PKCS#1 or SEC1, 3DES', ['pkey', '-traditional', '-des3']],
  ]
  const encrypted = (algorithm: readonly string[], [command = '', ...args]: readonly string[]) => {
    const directory = tempDir()
    const ca = authority(directory, makeAuthority('kubernetes', algorithm))
    writeFileSync(ca.keyFile, openssl([command, ...args, '-passout', 'pass:se cret'], ca.key))
    const file = join(tempDir(), 'passphrase')
    writeFileSync(file, 'se cret\nsecond line\n')
    return { ca, csr: request(directory, 'apiserver'), file, directory }
  }

  it.each(FORMS)('from a file: %s', async (_, form) => {
    for (const algorithm of [RSA_2048, P256]) {
      const { ca, csr, file } = encrypted(algorithm, form)
      const outcome = await sign(csr, ...ca.flags, '--yes', '--passphrase-file', file)
      expect({ exitCode: outcome.exitCode, stderr: outcome.stderr }).toEqual({ exitCode: 0, stderr: '' })
      expectVerified(textOf(csr.replace(/csr$/, 'crt')), { authority: ca.certificate, purpose: 'sslserver' })
    }
  })

  it.each([
    ['wrong', 'the passphrase does not open the private key'],
    ['', 'wanted a passphrase in its first line, found nothing'],
  ])('%j is refused', async (passphrase, says) => {
    const { ca, csr, file, directory } = encrypted(P256, ['pkcs8', '-topk8'])
    writeFileSync(file, `${passphrase}\nse cret\n`)
    const before = fingerprint(directory)
    const outcome = await sign(csr, ...ca.flags, '--yes', '--passphrase-file', file)
    expect(outcome).toMatchObject({ stdout: '', exitCode: 1 })
    expect(said(outcome, 'error')).toEqual([expect.stringContaining(says)])
    expect(outcome.stderr).not.toMatch(/wrong\n|se cret/)
    expect(fingerprint(directory)).toEqual(before)
  })

  it('without one: says how to give it', async () => {
    const { ca, csr } = encrypted(P256, ['pkcs8', '-topk8'])
    const outcome = await sign(csr, ...ca.flags, '--yes')
    expect(said(outcome, 'error')).toEqual([`${ca.keyFile}: the private key is encrypted`])
    expect(said(outcome, 'hint')).toEqual([expect.stringContaining('--passphrase-fd 3 with 3< F')])
  })

  it('from a descriptor that is not open', async () => {
    const { ca, csr } = encrypted(P256, ['pkcs8', '-topk8'])
    const outcome = await sign(csr, ...ca.flags, '--yes', '--passphrase-fd', '987')
    expect(said(outcome, 'error')).toEqual(['--passphrase-fd 987: it is not open'])
    expect(outcome.exitCode).toBe(1)
  })
})

describe('wrong use', () => {
  const FILES = ['--ca-cert', 'c', '--ca-key', 'k']
  it.each<[string[], string]>([
    [[], 'wanted FILE..., found nothing'],
    [['a.csr'], 'wanted a CA, found none'],
    [['-', ...FILES], 'wanted files, found "-"'],
    [['a.csr', '--ca-key', 'k'], 'wanted a CA, found --ca-key alone'],
    [['a.csr', '--ca-cert', 'c'], '--ca-cert wants --ca-key F too'],
    [['a.csr', '--ca', 'ca', ...FILES], '--ca and --ca-cert exclude each other'],
    [['a.csr', '--ca', 'apiserver'], '--ca wants one of ca, front-proxy-ca, etcd-ca, found "apiserver"'],
    [['a.csr', ...FILES, '--signer-command', 'x'], '--ca-key and --signer-command exclude each other'],
    [
      ['a.csr', '--ca-cert', 'c', '--signer-command', " ''"],
      '--signer-command wants a program, found nothing',
    ],
    [['a.csr', '--ca-cert', 'c', '--signer-command', 'x "y'], '--signer-command has a quote'],
    [
      ['a.csr', ...FILES, '--signer-input', 'tbs'],
      '--signer-input and --signer-timeout want --signer-command',
    ],
    [['a.csr', ...FILES, '--signer-input', 'hash'], '--signer-input wants one of'],
    [['a.csr', ...FILES, '--passphrase-fd', 'x'], '--passphrase-fd wants the number'],
    [['a.csr', ...FILES, '--passphrase-fd', '3', '--passphrase-file', 'f'], 'exclude each other'],
    [['a.csr', ...FILES, '--validity', '0s'], '--validity wants a duration'],
    [['a.csr', ...FILES, '--profile', 'ca'], 'no profile is named "ca"'],
    [['a.csr', ...FILES, '--profile', 'clint'], 'no profile is named "clint"'],
  ])('%j', async (argv, error) => {
    const { stdout, stderr, exitCode } = await sign(...argv)
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 2 })
    expect(stderr).toContain(`kubepki: error: `)
    expect(stderr).toContain(error)
  })
})

it('takes nothing from a request that was moved in the meantime', async () => {
  const { directory, csr, ca } = workplace()
  renameSync(csr, join(directory, 'gone.csr'))
  expect(await sign(csr, ...ca.flags, '--yes')).toMatchObject({ stdout: '', exitCode: 1 })
})
