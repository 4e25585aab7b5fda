/** `certs renew kubelet.crt --use-api` against an API server that a test holds in its hand; openssl signs what it is sent. */
import { X509Certificate } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { namesIn, type Signing, signed } from '../support/answers.ts'
import { makeAuthority, makeLeaf, openssl } from '../support/certificates.ts'
import {
  type FakeApi,
  makeFiles,
  reply,
  replyStatus,
  startFakeApi,
  writeKubeconfig,
} from '../support/fake-api-server.ts'
import { kubepki, NOW } from '../support/host.ts'
import { type Person, startLive } from '../support/live-desk.ts'
import { copyNode, fingerprint, fixture, readFixture } from '../support/node.ts'

const files = makeFiles()
afterAll(() => rmSync(files.directory, { recursive: true }))

const PKI = 'var/lib/kubelet/pki'
const DATED = 'kubelet-client-2026-11-21-00-00-00.pem'
const CSRS = 'etc/kubernetes/pki/csr'
const COLLECTION = '/apis/certificates.k8s.io/v1/certificatesigningrequests'
const CA = {
  certificate: readFixture('nodes/stock-1.20/etc/kubernetes/pki/ca.crt'),
  key: readFixture('nodes/stock-1.20/etc/kubernetes/pki/ca.key'),
}
const SERVING = 'kubernetes.io/kubelet-serving'

interface Stored {
  readonly metadata: { readonly name: string }
  readonly spec: Readonly<Record<string, unknown>>
}
type Status = Readonly<Record<string, unknown>>
/** PEM of the request -> what becomes of it. */
type Decide = (request: string, object: Stored) => Status

const APPROVED = [{ type: 'Approved', status: 'True', reason: 'R' }]
const issue =
  (signing: Signing = {}): Decide =>
  request => {
    const subjectAltName = namesIn(request)
    const pem = signed(request, { by: CA, extKeyUsage: 'serverAuth', subjectAltName, ...signing })
    return { conditions: APPROVED, certificate: Buffer.from(pem).toString('base64') }
  }
const PENDING: Decide = () => ({})

interface Cluster extends FakeApi {
  readonly objects: Readonly<Record<string, Stored>>
  /** From now on. */
  decide: Decide
}

/** Knows who asks by what the test says. */
async function cluster(decide: Decide, username = 'system:node:worker-1'): Promise<Cluster> {
  const objects: Record<string, Stored> = {}
  const held = { decide }
  const answered = (object: Stored, version: string) => ({
    ...object,
    metadata: { ...object.metadata, uid: `uid-${object.metadata.name}`, resourceVersion: version },
    status: held.decide(Buffer.from(String(object.spec.request), 'base64').toString(), object),
  })
  const api = await startFakeApi(files, ({ method, url, body }, response) => {
    if (method === 'POST') {
      const sent = JSON.parse(body) as Stored
      const { name } = sent.metadata
      if (objects[name]) return replyStatus(response, 409, { reason: 'AlreadyExists', message: 'exists' })
      objects[name] = { ...sent, spec: { ...sent.spec, username } }
      return reply(response, 201, { ...answered(objects[name], '1'), status: {} })
    }
    if (url.searchParams.has('watch')) return void response.writeHead(200).flushHeaders()
    const object = objects[decodeURIComponent(url.pathname.slice(COLLECTION.length + 1))]
    return object ? reply(response, 200, answered(object, '2')) : replyStatus(response, 404, {})
  })
  onTestFinished(() => api.close())
  return Object.assign(held, api, { objects })
}

interface Node {
  readonly root: string
  readonly at: (file: string) => string
  readonly read: (file: string) => string
}

/** A worker with the certificate that its kubelet made for itself, unless another is given. */
function worker(changes: Readonly<Record<string, string | null>> = {}): Node {
  const root = copyNode('worker', changes)
  const at = (file: string) => join(root, PKI, file)
  return { root, at, read: file => readFileSync(at(file), 'utf8') }
}

interface Old {
  readonly subject?: string
  readonly usages?: string
  readonly names?: string
  readonly by?: typeof CA
}

/** A worker that somebody gave a certificate of the cluster. */
function given({ by = CA, ...old }: Old = {}): Node {
  const { subject = '/O=system:nodes/CN=system:node:worker-1', usages = 'serverAuth' } = old
  const { names = 'DNS:worker-1, IP:10.0.0.11' } = old
  const key = openssl(['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'])
  const extensions = [
    'basicConstraints=critical,CA:FALSE',
    `extendedKeyUsage=${usages}`,
    ...(names === '' ? [] : [`subjectAltName=${names}`]),
  ].join('\n')
  const pem = makeLeaf(by, key, { subject, extensions, days: 30 })
  return worker({ [`${PKI}/kubelet.crt`]: pem, [`${PKI}/kubelet.key`]: key })
}

/** The user of a kubeconfig: the node, by the certificate that its kubelet rotates. */
const asNode = ({ at }: Node) => ({ 'client-certificate': at(DATED), 'client-key': at(DATED) })

interface Asking extends Person {
  readonly user?: object
  readonly args?: readonly string[]
}

function start(node: Node, { url }: FakeApi, { user = asNode(node), args = [], ...person }: Asking = {}) {
  const kubeconfig = writeKubeconfig(files, { server: url, user })
  const argv = ['certs', 'renew', 'kubelet.crt', '--use-api', '--kubeconfig', kubeconfig, ...args]
  return startLive([...argv, '--root', node.root, '--now', NOW.toISOString()], person)
}
const renew = (node: Node, api: FakeApi, asking?: Asking) => start(node, api, asking).ended

function lookAt(pem: string) {
  const certificate = new X509Certificate(pem)
  const { subject, subjectAltName, keyUsage } = certificate
  return { subject, subjectAltName, usages: keyUsage }
}
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'
const NODES = 'O=system:nodes\nCN=system:node:worker-1'

const isPair = ({ read, at }: Node) =>
  openssl(['x509', '-noout', '-pubkey'], read('kubelet.crt')) ===
  openssl(['pkey', '-in', at('kubelet.key'), '-pubout'])

const sentTo = ({ objects }: Cluster) => Object.values(objects)
const pendingFiles = ({ root }: Node) =>
  existsSync(join(root, CSRS)) ? readdirSync(join(root, CSRS)).filter(file => /\.(csr|key)$/.test(file)) : []

describe('what the kubelet made for itself', () => {
  it('becomes the node’s, signed by the cluster, with a key of its own', async () => {
    const node = worker()
    const before = { crt: node.read('kubelet.crt'), key: node.read('kubelet.key') }
    const api = await cluster(issue())
    const { stdout, stderr, exitCode } = await renew(node, api, {
      args: ['--add-san', '10.0.0.11', '--add-san', 'worker-1.example.com'],
    })
    expect(exitCode, stderr).toBe(0)
    expect(stdout).toContain('serving certificate of the kubelet renewed')
    expect(stderr).toContain(
      'kubelet.crt: subject: +CN=system:node:worker-1,O=system:nodes -CN=worker-1@1795219200',
    )
    expect(stderr).toContain('hint: changed here: restart kubelet (systemctl restart kubelet)\n')
    expect(stderr).not.toMatch(/warning|error/)
    const [object] = sentTo(api)
    expect(object?.spec).toMatchObject({
      signerName: SERVING,
      usages: ['digital signature', 'key encipherment', 'server auth'],
    })
    expect(lookAt(node.read('kubelet.crt'))).toEqual({
      subject: NODES,
      subjectAltName: 'DNS:worker-1, IP Address:10.0.0.11, DNS:worker-1.example.com',
      usages: [SERVER_AUTH],
    })
    expect(node.read('kubelet.crt').match(/BEGIN/g)).toHaveLength(1)
    expect(isPair(node)).toBe(true)
    expect(node.read('kubelet.key')).not.toBe(before.key)
    expect(statSync(node.at('kubelet.key')).mode & 0o777).toBe(0o600)
    expect(pendingFiles(node)).toEqual([])

    const undone = await kubepki('certs', 'rollback', '--root', node.root)
    expect(undone.exitCode, undone.stderr).toBe(0)
    expect({ crt: node.read('kubelet.crt'), key: node.read('kubelet.key') }).toEqual(before)
    expect(undone.stdout + undone.stderr).toContain('kubelet')
  })

  it('is named after the node, which a cloud calls otherwise than the host', async () => {
    const key = openssl(['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'])
    const extensions = 'extendedKeyUsage=serverAuth\nsubjectAltName=DNS:ip-10-0-0-11'
    const by = makeAuthority('ip-10-0-0-11-ca@1795219199', [
      '-algorithm',
      'EC',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
    ])
    const crt = makeLeaf(by, key, { subject: '/CN=ip-10-0-0-11@1795219200', extensions })
    const node = worker({ [`${PKI}/kubelet.crt`]: crt, [`${PKI}/kubelet.key`]: key })
    const { exitCode, stderr } = await renew(node, await cluster(issue()))
    expect(exitCode, stderr).toBe(0)
    expect(lookAt(node.read('kubelet.crt'))).toMatchObject({
      subject: NODES,
      subjectAltName: 'DNS:ip-10-0-0-11',
    })
  })

  it('is named after the host where nothing says what the node is called', async () => {
    const node = worker({ 'etc/kubernetes/kubelet.conf': null, [`${PKI}/kubelet-client-current.pem`]: null })
    const { exitCode, stderr } = await renew(node, await cluster(issue()))
    expect(exitCode, stderr).toBe(0)
    expect(lookAt(node.read('kubelet.crt')).subject).toBe(NODES)
  })
})

describe('what is of the cluster', () => {
  it('keeps its subject, its names and the algorithm of its key', async () => {
    const node = given()
    const api = await cluster(issue())
    const { stderr, exitCode } = await renew(node, api)
    expect(exitCode, stderr).toBe(0)
    expect(stderr).not.toContain('subject:')
    expect(lookAt(node.read('kubelet.crt'))).toMatchObject({
      subject: NODES,
      subjectAltName: 'DNS:worker-1, IP Address:10.0.0.11',
    })
    expect(openssl(['pkey', '-in', node.at('kubelet.key'), '-noout', '-text'])).toContain('prime256v1')
    expect(isPair(node)).toBe(true)
    const history = await kubepki('certs', 'history', '--root', node.root)
    expect(history.stdout).toContain('certs renew kubelet.crt --use-api')
  })

  it('loses and gains names', async () => {
    const node = given()
    const args = ['--remove-san', '10.0.0.11', '--add-san', '10.0.0.12']
    const { exitCode, stderr } = await renew(node, await cluster(issue()), { args })
    expect(exitCode, stderr).toBe(0)
    expect(stderr).toContain('kubelet.crt: SANs: +IP:10.0.0.12 -IP:10.0.0.11')
    expect(lookAt(node.read('kubelet.crt')).subjectAltName).toBe('DNS:worker-1, IP Address:10.0.0.12')
  })

  it('is left alone when it is not due', async () => {
    const node = given()
    const api = await cluster(issue())
    const before = fingerprint(node.root)
    const { exitCode, stderr } = await renew(node, api, { args: ['--within', '1d'] })
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.stringContaining('nothing to do') })
    expect(fingerprint(node.root)).toEqual(before)
    expect(sentTo(api)).toEqual([])
  })
})

describe('refused before anything is sent', () => {
  const STRANGER = makeAuthority('corporate', ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'])
  it.each([
    [
      'another subject',
      () => given({ subject: '/O=example/CN=worker-1', by: STRANGER }),
      'its subject is CN=worker-1,O=example, and kubernetes.io/kubelet-serving signs for CN=system:node:NAME,O=system:nodes alone',
    ],
    [
      'one more group',
      () => given({ subject: '/O=system:nodes/O=dev/CN=system:node:worker-1' }),
      'its subject is CN=system:node:worker-1,O=dev,O=system:nodes',
    ],
    [
      'a client’s usage too',
      () => given({ usages: 'serverAuth,clientAuth' }),
      'it is for client auth and server auth, and kubernetes.io/kubelet-serving signs for server auth alone',
    ],
    [
      'a URI among its names',
      () => given({ names: 'DNS:worker-1, URI:spiffe://a/b' }),
      'its SANs are DNS:worker-1, URI:spiffe://a/b, and kubernetes.io/kubelet-serving signs for DNS names and IP addresses alone',
    ],
    ['no names', () => given({ names: '' }), 'its SANs are none'],
    [
      'what only looks as if a kubelet had made it',
      () => given({ subject: '/CN=worker-1@1795219200' }),
      'its subject is CN=worker-1@1795219200, and',
    ],
    [
      'no CA to check the answer by',
      () => worker({ 'etc/kubernetes/pki/ca.crt': null }),
      'CA_CERTIFICATE_MISSING: CA: wanted',
    ],
  ])('%s', async (_, make, message) => {
    const node = make()
    const api = await cluster(issue())
    const before = fingerprint(node.root)
    const { exitCode, stdout, stderr } = await renew(node, api)
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
    expect(stderr).toContain(`error: kubelet.crt not renewed: ${message}`)
    expect(fingerprint(node.root)).toEqual(before)
    expect(api.seen).toEqual([])
  })

  it('a directory of the kubelet that may not be read, or leads out of the root', async () => {
    const node = worker()
    renameSync(join(node.root, PKI), join(node.root, 'elsewhere'))
    mkdirSync(join(node.root, PKI, 'kubelet.crt'), { recursive: true })
    const { exitCode, stderr } = await renew(node, await cluster(issue()), { user: { token: 'x' } })
    expect(exitCode).toBe(1)
    expect(stderr).toContain(`error: kubelet.crt not renewed: ${node.at('kubelet.crt')}: not a regular file`)
    expect(stderr).toContain('restart the kubelet: it makes a new pair')
  })
})

describe('while it waits', () => {
  it('changes nothing of the kubelet’s, and goes on with the same key when run again', async () => {
    const node = worker()
    const api = await cluster(PENDING)
    const before = fingerprint(join(node.root, PKI))
    const end = new AbortController()
    const running = start(node, api, { interruption: end.signal })
    await expect.poll(() => running.stderr(), { timeout: 10_000 }).toContain('whoever may approves')
    expect(pendingFiles(node)).toEqual(['kubelet.crt.csr', 'kubelet.crt.key'])
    const pending = join(node.root, CSRS, 'kubelet.crt.key')
    expect(statSync(pending).mode & 0o777).toBe(0o600)
    const key = readFileSync(pending, 'utf8')
    end.abort()
    const { exitCode, stderr } = await running.ended
    expect(exitCode).toBe(1)
    expect(stderr).toContain('interrupted; the request kubepki-kubelet.crt-')
    expect(fingerprint(join(node.root, PKI))).toEqual(before)
    const listed = await kubepki('certs', 'requests', '--root', node.root)
    expect(listed.stdout).toContain('kubelet.crt')

    api.decide = issue()
    const again = await renew(node, api)
    expect(again.exitCode, again.stderr).toBe(0)
    expect(sentTo(api)).toHaveLength(1)
    expect(node.read('kubelet.key')).toBe(key)
    expect(isPair(node)).toBe(true)
  })

  it('sends no request that waits and asks for something else', async () => {
    const node = worker()
    const api = await cluster(PENDING)
    await renew(node, api, { args: ['--wait-timeout', '1s'] })
    const { exitCode, stderr } = await renew(node, api, { args: ['--add-san', '10.0.0.11'] })
    expect(exitCode).toBe(1)
    expect(stderr).toContain('kubelet.crt.csr waits, and asks for another list of SANs')
    expect(stderr).toContain('hint: nothing was sent; --force replaces it')
    expect(sentTo(api)).toHaveLength(1)
    api.decide = issue()
    const forced = await renew(node, api, { args: ['--add-san', '10.0.0.11', '--force'] })
    expect(forced.exitCode, forced.stderr).toBe(0)
    expect(lookAt(node.read('kubelet.crt')).subjectAltName).toBe('DNS:worker-1, IP Address:10.0.0.11')
  })

  it('takes an answer that somebody brings by hand', async () => {
    const node = worker()
    const late = await renew(node, await cluster(PENDING), { args: ['--wait-timeout', '1s'] })
    expect(late.stderr).toContain('is not approved yet')
    const request = readFileSync(join(node.root, CSRS, 'kubelet.crt.csr'), 'utf8')
    const answer = join(files.directory, 'answer.crt')
    openssl(
      ['x509', '-out', answer],
      signed(request, { by: CA, extKeyUsage: 'serverAuth', subjectAltName: namesIn(request) }),
    )
    const { exitCode, stderr } = await kubepki('certs', 'import', answer, '--root', node.root)
    expect(exitCode, stderr).toBe(0)
    expect(stderr).toContain('systemctl restart kubelet')
    expect(lookAt(node.read('kubelet.crt')).subject).toBe(NODES)
    expect(isPair(node)).toBe(true)
  })

  it.each([
    ['for another name', { subjectAltName: 'DNS:worker-2' }, 'SAN_DROPPED'],
    ['for clients', { extKeyUsage: 'clientAuth' }, 'EXT_KEY_USAGE_WRONG'],
    [
      'by another CA',
      { by: makeAuthority('kubernetes', ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256']) },
      'NOT_SIGNED_BY_CA',
    ],
    ['for another node', { subject: '/O=system:nodes/CN=system:node:worker-2' }, 'COMMON_NAME_CHANGED'],
  ])('installs no answer %s', async (_, signing, code) => {
    const node = worker()
    const before = fingerprint(join(node.root, PKI))
    const { exitCode, stderr } = await renew(node, await cluster(issue(signing)))
    expect(exitCode).toBe(1)
    expect(stderr).toContain(`kubelet.crt: ${code}: `)
    expect(stderr).toContain('nothing was installed')
    expect(fingerprint(join(node.root, PKI))).toEqual(before)
  })

  it('reads why the signer refused', async () => {
    const node = worker()
    const failed = [...APPROVED, { type: 'Failed', status: 'True', reason: 'SignerValidationFailure' }]
    const { exitCode, stderr } = await renew(node, await cluster(() => ({ conditions: failed })))
    expect(exitCode).toBe(1)
    expect(stderr).toContain(`the signer ${SERVING} refused the request kubepki-kubelet.crt-`)
  })
})

describe('who asks', () => {
  const OWN = (root: string) => `--kubeconfig ${root}/etc/kubernetes/kubelet.conf`

  it('is to be the node: an administrator is told so before anything is sent', async () => {
    const node = worker()
    const api = await cluster(PENDING, 'kubernetes-admin')
    const user = join(files.directory, 'admin.pem')
    openssl(['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', user])
    const admin = { by: CA, extKeyUsage: 'clientAuth' }
    const csr = openssl(['req', '-new', '-key', user, '-subj', '/O=ops/CN=kubernetes-admin'])
    const certificate = { 'client-certificate-data': Buffer.from(signed(csr, admin)).toString('base64') }
    const asked = { user: { ...certificate, 'client-key': user }, args: ['--wait-timeout', '1s'] }
    const { stderr } = await renew(node, api, asked)
    const said = `warning: kubelet.crt: asked for by kubernetes-admin, not by system:node:worker-1: policies refuse that: use ${OWN(node.root)}\n`
    expect(stderr.split('warning: ')).toHaveLength(2)
    expect(stderr.indexOf(said)).toBeGreaterThan(-1)
    expect(stderr.indexOf(said)).toBeLessThan(stderr.indexOf('kubelet.crt: sent'))

    const again = await renew(node, api, { args: ['--wait-timeout', '1s'] })
    const [name] = Object.keys(api.objects)
    expect(again.stderr).toContain(
      `warning: kubelet.crt: ${name} was asked for by kubernetes-admin, not by system:node:worker-1: policies refuse that: kubectl delete csr ${name}, then run the same again with ${OWN(node.root)}\n`,
    )
  })

  it('is known to the API server alone where a token signs in', async () => {
    const node = worker()
    const api = await cluster(issue(), 'ops')
    const { exitCode, stderr } = await renew(node, api, { user: { token: 'x' } })
    expect(exitCode).toBe(0)
    expect(stderr).toContain('was asked for by ops, not by system:node:worker-1')
  })
})

it('shows what it would ask for, and asks nobody', async () => {
  const node = worker()
  const api = await cluster(issue())
  const before = fingerprint(node.root)
  const { exitCode, stdout } = await renew(node, api, { args: ['--dry-run'] })
  expect({ exitCode, stdout }).toEqual({
    exitCode: 0,
    stdout: `kubelet.crt: to be requested of ${SERVING}, for CN=system:node:worker-1,O=system:nodes\n`,
  })
  expect(fingerprint(node.root)).toEqual(before)
  expect(api.seen).toEqual([])
})

it('says when the kubelet serves another one', async () => {
  const node = worker({ [`${PKI}/kubelet-server-current.pem`]: readFixture(`nodes/worker/${PKI}/${DATED}`) })
  const { stderr } = await renew(node, await cluster(issue()))
  expect(stderr).toContain(
    'warning: kubelet.crt: kubelet-server-current.pem is there too: with serverTLSBootstrap the kubelet serves that one',
  )
})

it('is asked of a signer of the user’s own whatever it is', async () => {
  const node = given({ subject: '/O=example/CN=worker-1' })
  const api = await cluster(issue())
  const { exitCode, stderr } = await renew(node, api, { args: ['--signer-name', 'example.com/own'] })
  expect(exitCode, stderr).toBe(0)
  expect(sentTo(api)[0]?.spec.signerName).toBe('example.com/own')
  expect(lookAt(node.read('kubelet.crt')).subject).toBe('O=example\nCN=worker-1')
})

it('is none of all: every other row is asked for without it', async () => {
  const root = copyNode('stock-1.20')
  const { stdout } = await kubepki('certs', 'renew', 'all', '--use-api', '--dry-run', '--root', root)
  expect(stdout).toContain('scheduler.conf: to be requested of')
  expect(stdout).not.toContain('kubelet')
})

it.each([
  [
    ['kubelet.crt'],
    'kubelet.crt belongs to the kubelet: no CA of this node signs it',
    'certs renew kubelet.crt --use-api',
  ],
  [['kubelet.crt', '--csr-only'], 'kubelet.crt belongs to the kubelet', '--use-api'],
  [
    ['kubelet-server-current.pem', '--use-api'],
    'kubelet-server-current.pem belongs to the kubelet, which renews it by itself',
    'kubepki csr list --node NAME',
  ],
  [
    ['kubelet-client-current.pem', '--use-api'],
    'kubelet-client-current.pem belongs to the kubelet, which renews it by itself',
    'kubepki certs verify kubelet.conf kubelet-client-current.pem',
  ],
  [
    ['kubelet.conf', '--use-api'],
    'kubelet.conf belongs to the kubelet, which renews it by itself',
    'kubepki certs verify kubelet.conf',
  ],
  [['constructor', '--use-api'], 'no certificate is named "constructor"', 'all of them'],
])('takes no %j', async (args, message, hint) => {
  const { exitCode, stdout, stderr } = await kubepki(
    'certs',
    'renew',
    ...args,
    '--root',
    fixture('nodes/worker'),
  )
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
  expect(stderr).toContain(`error: ${message}`)
  expect(stderr).toContain(hint)
  expect(stderr.trim().split('\n')).toHaveLength(2)
})
