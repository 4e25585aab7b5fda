/** `certs renew kubelet.crt --use-api` against an API server that a test holds in its hand; openssl signs what it is sent. */
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { namesIn, signed } from '../support/answers.ts'
import { makeAuthority, makeLeaf, openssl } from '../support/certificates.ts'
import { kubepki } from '../support/host.ts'
import {
  APPROVED,
  CA,
  CSRS,
  cluster,
  files,
  given,
  isPair,
  issue,
  lookAt,
  NODES,
  PENDING,
  PKI,
  pendingFiles,
  renew,
  SERVER_AUTH,
  SERVING,
  sentTo,
  start,
  worker,
} from '../support/kubelet-desk.ts'
import { fingerprint } from '../support/node.ts'

describe('what the kubelet made for itself', () => {
  it('becomes the node’s, signed by the cluster, with a key of its own', async () => {
    const node = worker()
    const before = { crt: node.read('kubelet.crt'), key: node.read('kubelet.key') }
    const api = await cluster(issue())
    const { stdout, stderr, exitCode } = await renew(node, api, {
      args: ['--add-san', '10.0.0.11', '--add-san', 'worker-1.example.com'],
    })
    expect(exitCode, stderr).toBe(0)
    expect(stdout).toContain('certificate for serving the kubelet API renewed')
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

describe('while it waits', () => {
  it('changes nothing of the kubelet’s, and goes on with the same key when run again', async () => {
    const node = worker()
    const api = await cluster(PENDING)
    const before = fingerprint(join(node.root, PKI))
    const end = new AbortController()
    const running = start(node, api, { interruption: end.signal })
    await expect.poll(() => running.stderr(), { timeout: 40_000 }).toContain('whoever may approves')
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

  it('sends nobody to approve it as the node, which cannot', async () => {
    const [node, api] = [worker(), await cluster(PENDING)]
    const args = ['--wait-timeout', '1s']
    expect((await renew(node, api, { args })).stderr).not.toMatch(/csr approve .*--kubeconfig/)
    const other = await renew(node, api, { args, user: { token: 'x' } })
    expect(other.stderr.match(/csr approve \S+ --kubeconfig \S+/g)).toHaveLength(2)
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
