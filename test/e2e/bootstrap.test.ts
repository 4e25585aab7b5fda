/** A real control plane that starts on nothing but what kubepki made, and does its work: no kubeadm comes near it. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { listSecrets } from '../support/api-server.ts'
import { BOOTSTRAPS, made } from '../support/bootstrap.ts'
import {
  BOOTSTRAP_OBJECTS,
  BOOTSTRAP_TOKEN,
  leaseHolder,
  startControllerManager,
  startWorkerKubelet,
} from '../support/components.ts'
import {
  controlPlaneConfiguration,
  freePort,
  kubectl,
  ownAddress,
  pairOf,
  type Server,
  startApiServer,
  startEtcd,
} from '../support/control-plane.ts'
import { kubepkiNow } from '../support/host.ts'
import { configFile, fileDir, outputOf, type Ran } from '../support/kubeadm.ts'

const folder = fileDir()
const PATIENCE = { timeout: 60_000, interval: 200 }

const ASKED_SANS = ['api.example.test', '*.apps.example.test', '203.0.113.10', '2001:db8::10']
const CLUSTER_SANS = [
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
  'kubernetes.default.svc.cluster.local',
  '10.96.0.1',
]
const NODE_SANS = ['cp-1', ownAddress(), 'localhost', '127.0.0.1']

const USERS = [
  ['controller-manager.conf', 'system:kube-controller-manager'],
  ['scheduler.conf', 'system:kube-scheduler'],
  ['kubelet.conf', 'system:node:cp-1'],
] as const

describe.each(BOOTSTRAPS)('$name', ({ name, alg, make, hasCaKey }) => {
  const root = join(folder, name.replaceAll(' ', '-'))
  const servers: Server[] = []
  let port = 0

  beforeAll(async () => {
    port = await freePort()
    mkdirSync(root)
    writeFileSync(configFile(root), controlPlaneConfiguration(port, ASKED_SANS))
    await make(root)
    const etcd = await startEtcd(root, join(root, 'etcd'))
    servers.push(etcd)
    servers.push(await startApiServer(root, port, etcd.port))
    servers.push(await startControllerManager(root, port, hasCaKey))
  })

  afterAll(async () => {
    for (const server of servers.toReversed()) await server.stop()
  })

  function as(kubeconfig: string, ...args: string[]): Promise<Ran> {
    return kubectl(root, kubeconfig, port, ...args)
  }

  /** The output of a call that must succeed. */
  async function asAdmin(...args: string[]): Promise<string> {
    const { stdout, stderr, exitCode } = await as('admin.conf', ...args)
    expect(exitCode, stderr).toBe(0)
    return stdout
  }

  async function may(kubeconfig: string, ...action: string[]): Promise<string> {
    return (await as(kubeconfig, 'auth', 'can-i', ...action)).stdout.trim()
  }

  async function expectUser(kubeconfig: string, user: string): Promise<void> {
    const { stderr } = await as(kubeconfig, 'delete', 'namespace', 'kube-public')
    expect(stderr).toContain(`User "${user}" cannot delete resource "namespaces"`)
  }

  function bindGroup(group: string, role: string): Promise<string> {
    return asAdmin('create', 'clusterrolebinding', group, `--clusterrole=${role}`, `--group=${group}`)
  }

  async function userFile(clientName: string, ...argv: string[]): Promise<string> {
    const text = await made(root, 'kubeconfig', 'user', '--client-name', clientName, ...argv)
    writeFileSync(join(root, 'etc/kubernetes', `${clientName}.conf`), text, { mode: 0o600 })
    return `${clientName}.conf`
  }

  test('admin.conf is the administrator', async () => {
    expect(await may('admin.conf', '*', '*')).toBe('yes')
  })

  test.each(USERS)('%s is %s', (file, user) => expectUser(file, user))

  test('scheduler.conf may do what a scheduler does', async () => {
    const bind = () => may('scheduler.conf', 'create', 'pods', '--subresource=binding')
    await expect.poll(bind, PATIENCE).toBe('yes')
  })

  test('the API server is believed under every name that was asked for, and under no other', async () => {
    const names = [...ASKED_SANS, ...CLUSTER_SANS, ...NODE_SANS]
    for (const asked of [...names, 'other.example.test', '203.0.113.11']) {
      const serverName = `--tls-server-name=${asked.replace('*', 'one')}`
      const { stderr } = await as('admin.conf', 'get', '--raw=/version', serverName)
      const refused = expect.stringContaining('x509: certificate is valid for')
      expect({ asked, stderr }).toEqual({ asked, stderr: names.includes(asked) ? '' : refused })
    }
  })

  test('the API server’s own clients are who they are', async () => {
    const ask = (base: string) => listSecrets({ root, port, base, headers: { 'X-Remote-User': 'alice' } })
    expect(await ask('apiserver-kubelet-client')).toMatchObject({ status: 200 })
    expect(await ask('front-proxy-client')).toEqual({
      status: 403,
      body: expect.stringContaining('User \\"alice\\" cannot list'),
    })
  })

  test('the controller-manager leads, and publishes the CA', async () => {
    expect(await leaseHolder(root, port)).not.toBe('')
    const caIn = '--output=jsonpath={.data.ca\\.crt}'
    const published = async () => (await as('admin.conf', 'get', 'cm', 'kube-root-ca.crt', caIn)).stdout
    await expect.poll(published, PATIENCE).toBe(readFileSync(pairOf(root, 'ca').certificate, 'utf8'))
  })

  test('a service account’s token, which the controller-manager signed, is believed', async () => {
    const tokenIn = '{.items[?(@.type=="kubernetes.io/service-account-token")].data.token}'
    const secret = () => asAdmin('get', 'secrets', '--namespace=default', `--output=jsonpath=${tokenIn}`)
    await expect.poll(secret, PATIENCE).not.toBe('')
    const token = Buffer.from(await secret(), 'base64').toString()
    const [header = ''] = token.split('.')
    expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toMatchObject({ alg })
    await expectUser(await userFile('robot', '--token', token), 'system:serviceaccount:default:default')
  })

  if (!hasCaKey) {
    test('nobody is made a user without the CA’s key', async () => {
      const argv = ['kubeconfig', 'user', '--client-name', 'alice', '--root', root]
      const { stdout, stderr, exitCode } = await kubepkiNow(...argv)
      expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 1 })
      expect(stderr).toContain(pairOf(root, 'ca').key)
    })
    return
  }

  test('alice is a developer, and may what developers may', async () => {
    const file = await userFile('alice', '--org', 'developers')
    await expectUser(file, 'alice')
    const mayList = () => may(file, 'list', 'services')
    expect(await mayList()).toBe('no')
    await bindGroup('developers', 'view')
    await expect.poll(mayList, PATIENCE).toBe('yes')
  })

  test('as of 1.29 super-admin.conf is an administrator, and admin.conf by its group', async () => {
    const newer = ['--kubernetes-version', 'v1.29.0', '--kubeconfig-dir', join(root, 'etc/kubernetes/newer')]
    await made(root, 'init', 'phase', 'kubeconfig', 'admin', 'super-admin', ...newer)
    expect(await may('newer/super-admin.conf', '*', '*')).toBe('yes')
    await expectUser('newer/admin.conf', 'kubernetes-admin')
    await bindGroup('kubeadm:cluster-admins', 'cluster-admin')
    await expect.poll(() => may('newer/admin.conf', '*', '*'), PATIENCE).toBe('yes')
  })

  test('a kubelet bootstraps: the controller-manager signs its certificate with the CA’s key', async () => {
    for (const object of BOOTSTRAP_OBJECTS) await asAdmin('create', ...object)
    const requestIn = '{range .items[*]}{.metadata.name} {.spec.username} {.status}{end}'
    const requests = () => asAdmin('get', 'csr', `--output=jsonpath=${requestIn}`)
    const kubelet = await startWorkerKubelet({
      root: join(root, 'worker'),
      nodeName: 'worker-1',
      bootstrap: join(root, 'etc/kubernetes', await userFile('bootstrap', '--token', BOOTSTRAP_TOKEN)),
      isReady: async () => (await requests()) !== '',
    })
    servers.push(kubelet)
    const [request = '', ...rest] = (await requests()).split(' ')
    expect(rest).toEqual(['system:bootstrap:abcdef', '{}'])
    expect(existsSync(kubelet.clientCertificate)).toBe(false)
    await asAdmin('certificate', 'approve', request)
    for (const file of [kubelet.clientCertificate, kubelet.kubeconfig])
      await expect.poll(() => existsSync(file), PATIENCE).toBe(true)
    const ca = pairOf(root, 'ca').certificate
    await outputOf('openssl', ['verify', '-CAfile', ca, kubelet.clientCertificate])
    await expectUser('../../worker/etc/kubernetes/kubelet.conf', 'system:node:worker-1')
  })
})
