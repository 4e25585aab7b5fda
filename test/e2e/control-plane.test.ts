/** A real API server and etcd that start on certificates kubepki renewed or requested, and everybody gets in as who they are. */
import { cpSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Answer, listSecrets } from '../support/api-server.ts'
import {
  freePort,
  kubectl,
  makeControlPlaneTree,
  pairOf,
  type Server,
  startApiServer,
  startEtcd,
} from '../support/control-plane.ts'
import { CA_OF, signElsewhere } from '../support/external-ca.ts'
import { exceptAdvice, kubepki, type Outcome } from '../support/host.ts'
import { EXPIRED, embed, fileDir, leavesOf, provideMountPoint, redate } from '../support/kubeadm.ts'

provideMountPoint()
const folder = fileDir()

function renewAll(root: string, ...flags: string[]): Promise<Outcome> {
  return kubepki('certs', 'renew', 'all', '--root', root, '--now', new Date().toISOString(), ...flags)
}

async function renew(root: string): Promise<void> {
  const { stdout, stderr, exitCode } = exceptAdvice(await renewAll(root))
  expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 })
  expect(stdout.match(/ renewed$/gm)).toHaveLength(10)
}

async function expireAndRenew(root: string): Promise<void> {
  for (const { file, ca } of leavesOf(root)) await redate(root, file, ca, EXPIRED)
  const { stdout } = await kubepki(
    'certs',
    'check-expiration',
    '--root',
    root,
    '--now',
    new Date().toISOString(),
  )
  expect(stdout.match(/<invalid>/g)).toHaveLength(10)
  await renew(root)
}

interface Pending {
  readonly name: string
  readonly csrFile: string
  readonly keyFile: string
  readonly certificateFile: string
}

/** No CA key on the node: kubepki writes requests, openssl answers elsewhere, a person puts the answers in place. */
async function requestAndInstall(root: string): Promise<void> {
  const offline = join(root, 'offline')
  mkdirSync(join(offline, 'etcd'), { recursive: true })
  for (const ca of Object.values(CA_OF)) renameSync(pairOf(root, ca).key, join(offline, `${ca}.key`))
  const { stdout, exitCode } = await renewAll(root, '--output', 'json')
  expect(exitCode).toBe(0)
  const { pending } = JSON.parse(stdout) as { pending: readonly (Pending & { caName: string })[] }
  expect(pending).toHaveLength(10)
  for (const one of pending) {
    const ca = CA_OF[one.caName] ?? ''
    const authority = { certificate: pairOf(root, ca).certificate, key: join(offline, `${ca}.key`) }
    install(one, await signElsewhere(one.csrFile, authority))
  }
}

function install({ certificateFile, keyFile }: Pending, certificate: string): void {
  if (certificateFile.endsWith('.conf')) {
    const before = readFileSync(certificateFile, 'utf8')
    const withCertificate = embed(before, 'client-certificate-data', certificate)
    writeFileSync(certificateFile, embed(withCertificate, 'client-key-data', readFileSync(keyFile, 'utf8')))
  } else {
    writeFileSync(certificateFile, certificate)
    cpSync(keyFile, certificateFile.replace(/crt$/, 'key'))
  }
}

const SCENARIOS: Readonly<Record<string, (root: string) => Promise<void>>> = {
  renewed: renew,
  'renewed after everything had expired': expireAndRenew,
  'requested from an external CA, and installed by hand': requestAndInstall,
}

/** Asked with the kubeconfig: what its user may do, and how the API server calls that user. */
const USERS: readonly (readonly [file: string, user: string, may: readonly string[]])[] = [
  ['controller-manager.conf', 'system:kube-controller-manager', ['create', 'serviceaccounts']],
  ['scheduler.conf', 'system:kube-scheduler', ['create', 'pods', '--subresource=binding']],
]

describe.each(Object.entries(SCENARIOS))('%s', (name, prepare) => {
  const root = join(folder, name.replaceAll(' ', '-'))
  const servers: Server[] = []
  let port = 0

  beforeAll(async () => {
    port = await freePort()
    await makeControlPlaneTree(root, port)
    await prepare(root)
    const etcd = await startEtcd(root, join(root, 'etcd'))
    servers.push(etcd)
    servers.push(await startApiServer(root, port, etcd.port))
  })

  afterAll(async () => {
    for (const server of servers.toReversed()) await server.stop()
  })

  test('admin.conf is the administrator', async () => {
    const { stdout, stderr } = await kubectl(root, 'admin.conf', port, 'auth', 'can-i', '*', '*')
    expect({ stdout, stderr: stderr.replace(/^Warning: .*\n/gm, '') }).toEqual({
      stdout: 'yes\n',
      stderr: '',
    })
    const { stdout: namespaces } = await kubectl(root, 'admin.conf', port, 'get', 'namespaces', '-o', 'name')
    expect(namespaces).toContain('namespace/kube-system\n')
  })

  test.each(USERS)('%s is %s', async (file, user, may) => {
    const allowed = () => kubectl(root, file, port, 'auth', 'can-i', ...may)
    await expect.poll(async () => (await allowed()).stdout, { timeout: 30_000 }).toBe('yes\n')
    const { stderr } = await kubectl(root, file, port, 'delete', 'namespace', 'kube-public')
    expect(stderr).toContain(`User "${user}" cannot delete resource "namespaces"`)
  })

  test('the API server’s kubelet client is accepted as a client of the cluster CA', async () => {
    const { status } = await ask('apiserver-kubelet-client', {})
    expect(status).toBe(200)
  })

  test('the front proxy is believed whom it speaks for', async () => {
    const { status, body } = await ask('front-proxy-client', { 'X-Remote-User': 'alice' })
    expect({ status, body }).toEqual({
      status: 403,
      body: expect.stringContaining('User \\"alice\\" cannot list'),
    })
  })

  test('without a certificate nobody is let in', async () => {
    const { status, body } = await ask(undefined, { 'X-Remote-User': 'alice' })
    expect({ status, body }).toEqual({
      status: 403,
      body: expect.stringContaining('User \\"system:anonymous\\"'),
    })
  })

  function ask(base: string | undefined, headers: Readonly<Record<string, string>>): Promise<Answer> {
    return listSecrets({ root, port, base, headers })
  }
})
