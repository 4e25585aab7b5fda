/**
 * What a real kubelet made to serve with becomes a certificate of the cluster: asked for as the node, approved by kubepki's
 * policy, signed by the controller-manager, and served after a restart.
 */
import { X509Certificate } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect, type PeerCertificate } from 'node:tls'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { made } from '../support/bootstrap.ts'
import { openssl } from '../support/certificates.ts'
import {
  BOOTSTRAP_OBJECTS,
  BOOTSTRAP_TOKEN,
  startWorkerKubelet,
  type WorkerKubelet,
} from '../support/components.ts'
import { startContainerRuntime } from '../support/container-runtime.ts'
import { pkiFile } from '../support/control-plane.ts'
import type { Outcome } from '../support/host.ts'
import { fileDir } from '../support/kubeadm.ts'
import { live, type Person, type Running, startLive } from '../support/live-desk.ts'
import { type SigningCluster, startSigningCluster } from '../support/signing-cluster.ts'

const folder = fileDir()
const worker = join(folder, 'worker')
const at = (path: string) => join(worker, path)
const CRT = 'var/lib/kubelet/pki/kubelet.crt'
const PATIENCE = { timeout: 60_000, interval: 200 }
const ends: (() => Promise<void>)[] = []
let cluster: SigningCluster
let kubelet: WorkerKubelet

const names = () => cluster.asAdmin('get', 'csr', '--output=jsonpath={.items[*].metadata.name}')
const admin = () => ['--kubeconfig', cluster.kubeconfig('admin.conf')]
const csr = (...argv: string[]): Promise<Outcome> => live(['csr', ...argv, ...admin()])

async function bootstrapFile(): Promise<string> {
  const file = join(folder, 'bootstrap.conf')
  const argv = ['kubeconfig', 'user', '--client-name', 'bootstrap', '--token', BOOTSTRAP_TOKEN]
  writeFileSync(file, await made(cluster.root, ...argv), { mode: 0o600 })
  return file
}

beforeAll(async () => {
  cluster = await startSigningCluster(join(folder, 'cluster'), {})
  for (const object of BOOTSTRAP_OBJECTS) await cluster.asAdmin('create', ...object)
  ends.push(await startContainerRuntime(join(folder, 'runtime.sock')))
  await startWorker(async () => (await names()) !== '')
  const approved = await csr('approve', await names(), '--yes')
  expect(approved.exitCode, approved.stdout + approved.stderr).toBe(0)
  mkdirSync(at('etc/kubernetes/pki'))
  cpSync(pkiFile(cluster.root, 'ca.crt'), at('etc/kubernetes/pki/ca.crt'))
})

afterAll(async () => {
  await kubelet?.stop()
  for (const end of ends) await end()
  await cluster?.stop()
})

async function startWorker(isReady: (port: number) => Promise<boolean>): Promise<void> {
  const bootstrap = join(folder, 'bootstrap.conf')
  kubelet = await startWorkerKubelet({
    ...{ root: worker, nodeName: 'worker-1', runtime: join(folder, 'runtime.sock') },
    ...{ bootstrap: existsSync(bootstrap) ? bootstrap : await bootstrapFile(), isReady },
  })
}

interface Served {
  readonly subject: string
  /** Signed by the cluster, for worker-1: as metrics-server and `--kubelet-certificate-authority` want it. */
  readonly isAccepted: boolean
}

function served(port: number): Promise<Served | undefined> {
  const ca = readFileSync(pkiFile(cluster.root, 'ca.crt'))
  return new Promise(resolve => {
    const socket = connect({ host: '127.0.0.1', port, ca, servername: 'worker-1', rejectUnauthorized: false })
    socket.on('error', () => resolve(undefined))
    socket.on('secureConnect', () => {
      const { subject }: Pick<PeerCertificate, 'subject'> = socket.getPeerCertificate()
      resolve({ subject: `${subject.CN}`, isAccepted: socket.authorized })
      socket.destroy()
    })
  })
}

/** The machine's clock is the cluster's. */
function renew(kubeconfig: string, person?: Person): Running {
  const argv = ['certs', 'renew', 'kubelet.crt', '--use-api', '--kubeconfig', kubeconfig, '--root', worker]
  return startLive(argv, person)
}

async function requestOf(running: Running): Promise<string> {
  await expect
    .poll(() => running.stderr(), PATIENCE)
    .toMatch(/kubepki csr approve kubepki-kubelet\.crt-\w+( --kubeconfig \S+)?\n/)
  return /kubepki csr approve (\S+)(?: --kubeconfig \S+)?\n/.exec(running.stderr())?.[1] ?? ''
}

test('the kubelet serves what it made for itself, which nobody can verify', async () => {
  await expect.poll(() => served(kubelet.port), PATIENCE).toBeDefined()
  await expect.poll(() => existsSync(kubelet.kubeconfig), PATIENCE).toBe(true)
  const node = () =>
    cluster.as('admin.conf', 'get', 'node', 'worker-1', '--output=jsonpath={.status.addresses}')
  await expect.poll(async () => (await node()).stdout, PATIENCE).toContain('worker-1')
  expect(await served(kubelet.port)).toMatchObject({
    subject: expect.stringMatching(/^worker-1@\d+$/),
    isAccepted: false,
  })
})

test('an administrator asks, is warned, and the policy refuses it', async () => {
  const end = new AbortController()
  const running = renew(cluster.kubeconfig('admin.conf'), { interruption: end.signal })
  const name = await requestOf(running)
  expect(running.stderr()).toContain(
    'warning: kubelet.crt: asked for by kubernetes-admin, not by system:node:worker-1: policies refuse that',
  )
  const refused = await csr('approve', name, '--yes')
  expect(refused.exitCode).toBe(3)
  expect(refused.stdout + refused.stderr).toContain('REQUESTER')
  end.abort()
  expect((await running.ended).stderr).toContain('interrupted')
  await cluster.asAdmin('delete', 'csr', name)
})

test('the node asks with the same key, is approved, and the kubelet serves it after a restart', async () => {
  const key = readFileSync(at('etc/kubernetes/pki/csr/kubelet.crt.key'), 'utf8')
  const running = renew(kubelet.kubeconfig)
  const name = await requestOf(running)
  expect(running.stderr()).not.toContain('warning')
  expect(await cluster.asAdmin('get', 'csr', name, '--output=jsonpath={.spec.username}')).toBe(
    'system:node:worker-1',
  )
  const approved = await csr('approve', name, '--yes')
  expect(approved.exitCode, approved.stdout + approved.stderr).toBe(0)
  const { exitCode, stderr } = await running.ended
  expect(exitCode, stderr).toBe(0)
  expect(stderr).toContain('restart kubelet (systemctl restart kubelet)')
  expect(readFileSync(at('var/lib/kubelet/pki/kubelet.key'), 'utf8')).toBe(key)
  const { subject, keyUsage } = new X509Certificate(readFileSync(at(CRT)))
  expect({ subject, keyUsage }).toEqual({
    subject: 'O=system:nodes\nCN=system:node:worker-1',
    keyUsage: ['1.3.6.1.5.5.7.3.1'],
  })
  expect(openssl(['verify', '-CAfile', pkiFile(cluster.root, 'ca.crt'), at(CRT)])).toContain('OK')
  await kubelet.stop()
  await startWorker(async port => (await served(port)) !== undefined)
  expect(await served(kubelet.port)).toEqual({ subject: 'system:node:worker-1', isAccepted: true })
})

test('and once more, with the same subject and names', async () => {
  const before = new X509Certificate(readFileSync(at(CRT)))
  const running = renew(kubelet.kubeconfig)
  const approved = await csr('approve', await requestOf(running), '--yes')
  expect(approved.exitCode, approved.stdout + approved.stderr).toBe(0)
  const { exitCode, stderr } = await running.ended
  expect(exitCode, stderr).toBe(0)
  const { subject, subjectAltName, serialNumber } = new X509Certificate(readFileSync(at(CRT)))
  expect({ subject, subjectAltName }).toEqual({
    subject: before.subject,
    subjectAltName: before.subjectAltName,
  })
  expect(serialNumber).not.toBe(before.serialNumber)
})
