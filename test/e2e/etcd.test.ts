/** A real etcd that wants client certificates, on certificates kubepki renewed. */
import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { etcdctl, type Pair, pairOf, startEtcd } from '../support/control-plane.ts'
import { exceptAdvice, kubepki } from '../support/host.ts'
import {
  CONFIGURATIONS,
  EXPIRED,
  fileDir,
  makeTree,
  outputOf,
  provideMountPoint,
  redate,
} from '../support/kubeadm.ts'

const root = fileDir()
provideMountPoint()
let etcd: Awaited<ReturnType<typeof startEtcd>>

beforeAll(async () => {
  await makeTree(root, CONFIGURATIONS.plain)
  await renew('all')
  etcd = await startEtcd(root, join(root, 'etcd'))
})

afterAll(() => etcd?.stop())

async function renew(...names: string[]): Promise<void> {
  const outcome = await kubepki('certs', 'renew', ...names, '--root', root, '--now', now())
  const { exitCode, stderr } = exceptAdvice(outcome)
  expect({ exitCode, stderr }).toEqual({
    exitCode: 0,
    stderr: '',
  })
}

function now(): string {
  return new Date().toISOString()
}

const CLIENTS = ['etcd/healthcheck-client', 'apiserver-etcd-client', 'etcd/server', 'etcd/peer']

async function expectHealthy(client: Pair): Promise<void> {
  const { stdout, stderr } = await etcdctl(root, etcd.port, client, 'endpoint', 'health')
  expect(`${stdout}${stderr}`).toContain('is healthy')
}

async function expectRefused(client: Pair | undefined): Promise<void> {
  const shortly = ['--command-timeout=2s', '--dial-timeout=2s']
  const { exitCode, stdout, stderr } = await etcdctl(
    ...[root, etcd.port, client, 'endpoint', 'health', ...shortly],
  )
  expect(exitCode).toBe(1)
  expect(`${stdout}${stderr}`).toContain('is unhealthy')
}

test.each(CLIENTS)('%s gets an answer', async client => {
  await expectHealthy(pairOf(root, client))
})

test('the API server’s client writes and reads', async () => {
  const client = pairOf(root, 'apiserver-etcd-client')
  await etcdctl(root, etcd.port, client, 'put', 'greeting', 'hello')
  const { stdout } = await etcdctl(root, etcd.port, client, 'get', 'greeting')
  expect(stdout).toBe('greeting\nhello\n')
})

test('refused: no certificate', async () => {
  await expectRefused(undefined)
})

test('refused: a client of the cluster’s CA', async () => {
  await expectRefused(pairOf(root, 'apiserver-kubelet-client'))
})

test('refused: an expired client; accepted again once it is renewed', async () => {
  const client = pairOf(root, 'etcd/healthcheck-client')
  await redate(root, 'pki/etcd/healthcheck-client.crt', 'etcd/ca', EXPIRED)
  await expectRefused(client)
  await renew('etcd-healthcheck-client')
  await expectHealthy(client)
})

/** The certificate etcd shows at a new handshake. */
function served(): Promise<string | undefined> {
  const { certificate, key } = pairOf(root, 'etcd/healthcheck-client')
  const ca = readFileSync(pairOf(root, 'etcd/ca').certificate)
  const files = { ca, cert: readFileSync(certificate), key: readFileSync(key) }
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port: etcd.port, ...files }, () => {
      resolve(socket.getPeerX509Certificate()?.fingerprint256)
      socket.destroy()
    })
    socket.on('error', reject)
  })
}

async function onDisk(): Promise<string> {
  const { certificate } = pairOf(root, 'etcd/server')
  const text = await outputOf('openssl', ['x509', '-noout', '-fingerprint', '-sha256', '-in', certificate])
  return text.replace(/^.*=/, '').trim()
}

test('renewed while etcd runs: new connections see the new certificate, old clients still get in', async () => {
  const healthcheck = pairOf(root, 'etcd/healthcheck-client')
  const old = { certificate: join(root, 'old.crt'), key: join(root, 'old.key') }
  cpSync(healthcheck.certificate, old.certificate)
  cpSync(healthcheck.key, old.key)
  const shown = await served()
  expect(shown).toBe(await onDisk())
  await renew('etcd-server', 'etcd-peer', 'etcd-healthcheck-client', 'apiserver-etcd-client')
  expect(await served()).toBe(await onDisk())
  expect(await served()).not.toBe(shown)
  for (const client of [old, ...CLIENTS.map(base => pairOf(root, base))]) await expectHealthy(client)
})
