/** What `certs renew` does not ask a cluster for, and of which kubelet's files; and what it warns of. */
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { makeAuthority } from '../support/certificates.ts'
import { COMMAND, kubepki } from '../support/host.ts'
import { cluster, DATED, given, issue, lookAt, PKI, renew, sentTo, worker } from '../support/kubelet-desk.ts'
import { copyNode, fingerprint, fixture, readFixture } from '../support/node.ts'

/** Nobody: no capabilities, so that modes count. */
const NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
const canBecomeNobody = spawnSync('setpriv', [...NOBODY.slice(1), 'true']).status === 0
const asRoot = canBecomeNobody ? it : it.skip
if (!canBecomeNobody) console.log('a test of permissions skipped: it needs root and setpriv')

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

  it.each([
    ['a directory in its place', (crt: string) => mkdirSync(crt), 'not a regular file'],
    [
      'a link out of the root',
      (crt: string) => symlinkSync('../../../../../../../../../../../etc/passwd', crt),
      'leads out of the root',
    ],
  ])('%s', async (_, put, found) => {
    const node = worker({ [`${PKI}/kubelet.crt`]: null })
    put(node.at('kubelet.crt'))
    const { exitCode, stderr } = await renew(node, await cluster(issue()))
    expect(exitCode).toBe(1)
    expect(stderr).toContain(`error: kubelet.crt not renewed: ${node.at('kubelet.crt')}: ${found}`)
    expect(stderr).toContain('restart the kubelet: it makes a new pair')
  })

  asRoot('a directory of the kubelet that may not be read', () => {
    const node = worker()
    for (const directory of ['', 'var', 'var/lib', 'var/lib/kubelet', 'etc', 'etc/kubernetes'])
      chmodSync(join(node.root, directory), 0o755)
    chmodSync(join(node.root, PKI), 0o700)
    const [command = '', ...before] = [...NOBODY, ...COMMAND]
    const argv = ['certs', 'renew', 'kubelet.crt', '--use-api', '--dry-run', '--root', node.root]
    const { status, stdout, stderr } = spawnSync(command, [...before, ...argv], { encoding: 'utf8' })
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
    expect(stderr).toContain(
      `kubepki: error: kubelet.crt not renewed: ${node.at('kubelet.crt')}: permission denied\nkubepki: hint: run as root: sudo kubepki ...\n`,
    )
  })
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
