/** `csr sign` beside the signer of the real kube-controller-manager: the same requests, the same certificates. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CSR_USAGE_NAMES } from '../../src/kubernetes/key-usages.ts'
import { type Certificate, readCertificates } from '../../src/x509/certificate.ts'
import { publicKeyInfoOf, tbsPartsOf } from '../../src/x509/der.ts'
import { P256, P384, P521, RSA_2048 } from '../support/certificates.ts'
import { pairOf } from '../support/control-plane.ts'
import { kubepki } from '../support/host.ts'
import { fileDir } from '../support/kubeadm.ts'
import { expectRights, rightsIn } from '../support/rights.ts'
import { type Asked, ED25519, request } from '../support/signing.ts'
import { type SigningCluster, startSigningCluster } from '../support/signing-cluster.ts'

const folder = fileDir()
const PATIENCE = { timeout: 90_000, interval: 500 }

interface Case extends Asked {
  readonly name: string
  readonly signer: string
  readonly usages: readonly string[]
  /** The real signer of 1.20.2 refuses it, and why ours need not. */
  readonly fails?: true
  readonly newerTakesIt?: true
}

const LEGACY = 'kubernetes.io/legacy-unknown'
const CLIENT = 'kubernetes.io/kube-apiserver-client'
const KUBELET = 'kubernetes.io/kube-apiserver-client-kubelet'
const SERVING = 'kubernetes.io/kubelet-serving'
const TRIPLE = (auth: string) => ['digital signature', 'key encipherment', auth]
const NODE = '/O=system:nodes/CN=system:node:worker-1'

const san = (...names: string[]) => [`subjectAltName=${names.join(',')}`]
const any = (name: string, asked: Asked = {}, usages: readonly string[] = TRIPLE('client auth')): Case => ({
  ...{ name, signer: LEGACY, usages, subject: `/CN=${name}`, extensions: [], algorithm: P256 },
  ...asked,
})

const CASES: readonly Case[] = [
  ...CSR_USAGE_NAMES.map((usage, index) => any(`usage-${index}`, {}, [usage])),
  any('usages-all', {}, [...CSR_USAGE_NAMES]),
  any('usages-reversed', {}, [...CSR_USAGE_NAMES].toReversed()),
  any('usages-double', {}, ['signing', 'digital signature', 's/mime', 'email protection']),
  any('usages-ca', {}, ['cert sign', 'crl sign', 'any']),
  any('rsa-2048', { algorithm: RSA_2048 }),
  any('rsa-3072', { algorithm: ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:3072'] }),
  any('p-384', { algorithm: P384 }),
  any('p-521', { algorithm: P521 }),
  any('ed25519', { algorithm: ED25519 }),
  any('subject-groups', { subject: '/O=dev/O=ops/O=a b/CN=jane' }),
  any('subject-groups-one-name', { subject: '/O=ops+O=dev/CN=jane' }),
  any('subject-full', {
    subject: '/CN=jane/serialNumber=7/postalCode=1/street=S/ST=B/L=L/OU=u2/OU=u1/O=o/C=DE',
  }),
  any('subject-unknown', { subject: '/CN=jane/emailAddress=jane@example.com/UID=7/DC=example' }),
  any('subject-two-names', { subject: '/CN=first/CN=second' }),
  any('subject-unicode', { subject: '/O=Bäckerei/CN=Zoë' }),
  any('subject-symbols', { subject: '/O=a*b/CN=user@example.com_&' }),
  any('subject-no-name', { subject: '/O=nobody' }),
  any('subject-empty', { subject: '/', extensions: san('DNS:a.example.com') }),
  any('sans-dns', { extensions: san('DNS:b.example.com', 'DNS:*.example.com', 'DNS:A.example.com') }),
  any('sans-ip', { extensions: san('IP:192.0.2.1', 'IP:2001:db8::1', 'IP:::ffff:192.0.2.2') }),
  any('sans-email', { extensions: san('email:jane@example.com') }),
  any('sans-uri', { extensions: san('URI:spiffe://example.com/jane') }),
  any('sans-mixed', {
    extensions: san('URI:https://x.example', 'IP:192.0.2.1', 'email:j@example.com', 'DNS:d.example'),
  }),
  any('sans-critical', { extensions: ['subjectAltName=critical,DNS:c.example.com'] }),
  any('sans-other', { extensions: san('DNS:d.example', 'otherName:1.2.3.4;UTF8:x', 'RID:1.2.3.4') }),
  any('hostile-ca', { extensions: ['basicConstraints=critical,CA:TRUE,pathlen:3', 'keyUsage=keyCertSign'] }),
  any('hostile-usages', { extensions: ['extendedKeyUsage=serverAuth,codeSigning', 'keyUsage=cRLSign'] }),
  any('hostile-constraints', { extensions: ['nameConstraints=critical,permitted;DNS:example.com'] }),
  any('hostile-unknown', { extensions: ['1.2.3.4.5=critical,ASN1:UTF8:x', '2.5.29.14=ASN1:UTF8:x'] }),
  any('client', { subject: '/O=dev/CN=jane' }, TRIPLE('client auth')),
  { ...any('client-plain'), signer: CLIENT, usages: ['client auth'] },
  { ...any('client-names', { extensions: san('DNS:d.example') }), signer: CLIENT },
  { ...any('client-server'), signer: CLIENT, usages: TRIPLE('server auth'), fails: true },
  { ...any('client-more'), signer: CLIENT, usages: [...TRIPLE('client auth'), 'code signing'], fails: true },
  { ...any('kubelet', { subject: NODE }), signer: KUBELET },
  { ...any('kubelet-group', { subject: `/O=x${NODE}` }), signer: KUBELET, fails: true },
  { ...any('kubelet-user', { subject: '/O=system:nodes/CN=jane' }), signer: KUBELET, fails: true },
  { ...any('kubelet-name', { subject: NODE, extensions: san('DNS:x') }), signer: KUBELET, fails: true },
  {
    ...any('kubelet-few', { subject: NODE }),
    signer: KUBELET,
    usages: ['digital signature', 'client auth'],
    fails: true,
    newerTakesIt: true,
  },
  {
    ...any('serving', { subject: NODE, extensions: san('DNS:worker-1', 'IP:10.0.0.1') }),
    signer: SERVING,
    usages: TRIPLE('server auth'),
  },
  {
    ...any('serving-nameless', { subject: NODE }),
    signer: SERVING,
    usages: TRIPLE('server auth'),
    fails: true,
  },
  {
    ...any('serving-mail', { subject: NODE, extensions: san('DNS:worker-1', 'email:a@b.c') }),
    signer: SERVING,
    usages: TRIPLE('server auth'),
    fails: true,
  },
  {
    ...any('serving-client', { subject: NODE, extensions: san('DNS:worker-1') }),
    signer: SERVING,
    fails: true,
  },
]

/** v1 lets nobody create requests for legacy-unknown; v1beta1, which 1.20 has too, does. */
function objectOf(one: Case, directory: string, prefix: string): object {
  return {
    apiVersion: 'certificates.k8s.io/v1beta1',
    kind: 'CertificateSigningRequest',
    metadata: { name: prefix + one.name },
    spec: {
      request: readFileSync(request(directory, one.name, one)).toString('base64'),
      signerName: one.signer,
      usages: one.usages,
    },
  }
}

interface Answered {
  readonly metadata: { readonly name: string }
  readonly status: {
    readonly certificate?: string
    readonly conditions: readonly { readonly type: string }[]
  }
}

let cluster: SigningCluster

/** Sent, approved, and answered by the real signer. */
async function answered(cases: readonly Case[], prefix: string): Promise<readonly Answered[]> {
  const directory = join(folder, `requests-${prefix}`)
  mkdirSync(directory)
  const file = join(directory, 'all.json')
  const items = cases.map(one => objectOf(one, directory, prefix))
  writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))
  await cluster.asAdmin('create', '--filename', file)
  const names = cases.map(({ name }) => prefix + name)
  await cluster.asAdmin('certificate', 'approve', ...names)
  const read = async (): Promise<readonly Answered[]> => {
    const kind = 'certificatesigningrequests.v1.certificates.k8s.io'
    // All at once: by their names they would come one by one.
    const found: readonly Answered[] = JSON.parse(await cluster.asAdmin('get', kind, '-o', 'json')).items
    return found.filter(({ metadata }) => names.includes(metadata.name))
  }
  const isAnswered = ({ status }: Answered) =>
    status.certificate !== undefined || status.conditions.some(({ type }) => type === 'Failed')
  await expect
    .poll(async () => (await read()).filter(isAnswered).map(one => one.metadata.name), PATIENCE)
    .toEqual(names.toSorted())
  return read()
}

function leafOf({ status }: Answered): Certificate | undefined {
  const read = readCertificates(Buffer.from(status.certificate ?? '', 'base64').toString('utf8'))
  return 'certificates' in read ? read.certificates[0] : undefined
}

const FIVE_MINUTES = 300_000

/** The same object as before it was answered, signed by us, as if it were then. */
async function signedByUs(
  object: Answered,
  ...flags: string[]
): Promise<{ ours: Answered; exitCode: number }> {
  const real = leafOf(object)
  const now = new Date((real?.notBefore.getTime() ?? Date.now()) + FIVE_MINUTES)
  const conditions = object.status.conditions.filter(({ type }) => type !== 'Failed')
  const file = join(folder, 'one.json')
  writeFileSync(file, JSON.stringify({ ...object, status: { conditions } }))
  const { certificate, key } = pairOf(cluster.root, 'ca')
  const ca = ['--ca-cert', certificate, '--ca-key', key]
  const { stdout, exitCode } = await kubepki(
    'csr',
    'sign',
    '--from',
    file,
    ...ca,
    ...flags,
    '-o',
    'json',
    '--now',
    now.toISOString(),
  )
  return { ours: JSON.parse(stdout), exitCode }
}

/** All of a certificate but for the serial number and the signature. */
function described(certificate: Certificate | undefined) {
  if (!certificate) return undefined
  const { subject, extensions } = tbsPartsOf(certificate.der)
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
  return {
    subject: hex(subject),
    extensions: Object.fromEntries([...extensions].map(([oid, der]) => [oid, hex(der)])),
    publicKey: hex(publicKeyInfoOf(certificate.der)),
    lifetime: [certificate.notBefore.toISOString(), certificate.notAfter.toISOString()],
    issuer: certificate.issuer,
  }
}

beforeAll(async () => {
  cluster = await startSigningCluster(join(folder, 'cluster'), {})
})
afterAll(() => cluster?.stop())

describe('the signer of kube-controller-manager 1.20.2', () => {
  test(`has the same answers to ${CASES.length} requests`, async () => {
    const wrong: unknown[] = []
    for (const object of await answered(CASES, 'all-')) {
      const one = CASES.find(({ name }) => `all-${name}` === object.metadata.name) as Case
      const real = leafOf(object)
      expect(real === undefined, one.name).toBe(one.fails === true)
      const { ours, exitCode } = await signedByUs(object)
      if (one.newerTakesIt) expect(exitCode, one.name).toBe(0)
      else {
        const [a, b] = [described(real), described(leafOf(ours))]
        if (JSON.stringify(a) !== JSON.stringify(b)) wrong.push({ name: one.name, real: a, ours: b })
        expect(
          ours.status.conditions.some(({ type }) => type === 'Failed'),
          one.name,
        ).toBe(one.fails === true)
        expect(exitCode, one.name).toBe(one.fails ? 3 : 0)
      }
    }
    expect(wrong).toEqual([])
  })

  // 1.20 takes the five minutes that a certificate begins earlier from a short one too; newer ones do not below 8 h.
  test.each([
    ['1h', '1h', FIVE_MINUTES],
    ['720h', '30d', 0],
    ['200000h', '200000h', 0],
  ])(
    'gives certificates the same lifetime with --cluster-signing-duration=%s',
    async (duration, ours, later) => {
      await cluster.signWith({ 'cluster-signing-duration': duration })
      const [object] = await answered([any('lifetime')], `${duration}-`)
      if (!object) throw new Error('no answer')
      const [theirs, made] = [leafOf(object), leafOf((await signedByUs(object, '--duration', ours)).ours)]
      expect({ ...described(made), lifetime: undefined }).toEqual({
        ...described(theirs),
        lifetime: undefined,
      })
      expect(made?.notBefore).toEqual(theirs?.notBefore)
      expect((made?.notAfter.getTime() ?? 0) - (theirs?.notAfter.getTime() ?? 0)).toBe(later)
    },
  )
})

describe('csr sign in a cluster where nobody else signs', () => {
  const CUSTOM = 'example.com/internal'
  const sign = (kubeconfig: string, ...args: string[]) => {
    const { certificate, key } = pairOf(cluster.root, 'ca')
    const clock = ['--now', new Date().toISOString()]
    const who = ['--kubeconfig', cluster.kubeconfig(kubeconfig)]
    return kubepki('csr', 'sign', ...args, ...who, '--ca-cert', certificate, '--ca-key', key, ...clock)
  }

  async function approved(...cases: readonly Case[]): Promise<void> {
    const directory = join(folder, `live-${cases[0]?.name}`)
    mkdirSync(directory)
    const file = join(directory, 'all.json')
    const items = cases.map(one => objectOf(one, directory, ''))
    writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))
    await cluster.asAdmin('create', '--filename', file)
    await cluster.asAdmin('certificate', 'approve', ...cases.map(({ name }) => name))
  }

  const read = async (name: string): Promise<Answered> =>
    JSON.parse(
      await cluster.asAdmin('get', 'certificatesigningrequests.v1.certificates.k8s.io', name, '-o', 'json'),
    )

  beforeAll(() => cluster.signWith(undefined))

  test('signs what is approved, fails what the signer may not sign, and leaves the rest', async () => {
    await approved(
      { ...any('live-good'), signer: CLIENT },
      { ...any('live-bad'), signer: CLIENT, usages: TRIPLE('server auth') },
      { ...any('live-custom'), signer: CUSTOM },
    )
    const { stdout, stderr, exitCode } = await sign('admin.conf', '--all')
    expect(exitCode, stderr).toBe(3)
    expect(stdout).toContain('certificatesigningrequest.certificates.k8s.io/live-good signed\n')
    expect(stdout).toContain('certificatesigningrequest.certificates.k8s.io/live-bad failed\n')
    expect(stdout).not.toContain('live-custom')
    expect(leafOf(await read('live-good'))?.subject).toBe('CN=live-good')
    expect((await read('live-bad')).status.conditions.map(({ type }) => type)).toEqual(['Approved', 'Failed'])
    const again = await sign('admin.conf', 'live-good')
    expect(again).toMatchObject({ exitCode: 0, stdout: '' })
    expect(again.stderr).toContain('it has its certificate already')
    const other = await sign('admin.conf', 'live-custom')
    expect(other).toMatchObject({ exitCode: 3, stdout: '' })
    const custom = await sign('admin.conf', 'live-custom', '--signer', CUSTOM, '--duration', '30d')
    expect(custom.exitCode, custom.stderr).toBe(0)
    expect(leafOf(await read('live-custom'))?.subject).toBe('CN=live-custom')
    expect((await sign('admin.conf', 'nobody')).stderr).toContain('no CertificateSigningRequest named nobody')
  })

  test('says which right is missing, as objects to apply, and signs nothing', async () => {
    await approved({ ...any('live-forbidden'), signer: CUSTOM })
    const scheduler = readFileSync(cluster.kubeconfig('scheduler.conf'), 'utf8')
    const here = scheduler.replace(/(?<=^ *server: ).*$/m, `https://localhost:${cluster.port}`)
    writeFileSync(cluster.kubeconfig('here.conf'), here, { mode: 0o600 })
    const { exitCode, stdout, stderr } = await sign('here.conf', 'live-forbidden', '--signer', CUSTOM)
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
    expect(stderr).toContain('user "system:kube-scheduler" may not get certificatesigningrequests')
    expect((await read('live-forbidden')).status.certificate).toBeUndefined()
    await cluster.asAdmin(
      'create',
      'clusterrole',
      'csr-reader',
      '--verb=get',
      '--resource=certificatesigningrequests',
    )
    await cluster.asAdmin(
      'create',
      'clusterrolebinding',
      'csr-reader',
      '--clusterrole=csr-reader',
      '--user=system:kube-scheduler',
    )
    const scheduling = (...args: string[]) => cluster.as('here.conf', ...args)
    const reading = { verb: 'get', group: 'certificates.k8s.io', resource: 'certificatesigningrequests' }
    await expectRights(scheduling, [reading])
    const missing = await sign('here.conf', 'live-forbidden', '--signer', CUSTOM)
    expect(missing.exitCode).toBe(1)
    expect(missing.stderr).toContain('certificatesigningrequests/status')
    const manifest = missing.stderr.slice(missing.stderr.indexOf('---\n'))
    const file = join(folder, 'rights.yaml')
    writeFileSync(file, manifest)
    await cluster.asAdmin('apply', '--filename', file)
    await expectRights(scheduling, rightsIn(manifest))
    const signed = await sign('here.conf', 'live-forbidden', '--signer', CUSTOM)
    expect(signed.exitCode, signed.stderr).toBe(0)
    expect(leafOf(await read('live-forbidden'))?.subject).toBe('CN=live-forbidden')
  })
})
