/** What the inventory says of who takes renewed files up by itself, held against real processes. */
import { cpSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { isApiServerReady, pairOf, probe, servedFrom } from '../support/control-plane.ts'
import { kubepki } from '../support/host.ts'
import { fileDir, provideMountPoint } from '../support/kubeadm.ts'
import {
  type ControlPlanePorts,
  type Kubelet,
  makeNode,
  manifestsOf,
  startKubelet,
} from '../support/kubelet.ts'

provideMountPoint()
const root = join(fileDir(), 'node')
let ports: ControlPlanePorts
let kubelet: Kubelet

beforeAll(async () => {
  ports = await makeNode(root)
  kubelet = startKubelet(manifestsOf(root))
})

afterAll(() => kubelet?.stop())

const PATIENCE = { timeout: 60_000, interval: 200 }

async function expectReady(isReady: boolean): Promise<void> {
  await expect.poll(() => isApiServerReady(root, ports['kube-apiserver']), PATIENCE).toBe(isReady)
}

test('the serving certificates are taken up in the time that is said', async () => {
  await expectReady(true)
  const { stdout, exitCode } = await kubepki(
    ...['certs', 'renew', 'apiserver', 'etcd-server', '--root', root],
    ...['--now', new Date().toISOString(), '-o', 'json'],
  )
  expect(exitCode).toBe(0)
  const before = kubelet.running()
  const { restart, reloads } = JSON.parse(stdout)
  expect({ restart, reloads }).toMatchObject({
    restart: [],
    reloads: [
      { component: 'etcd', certificates: ['etcd-server'], within: 0 },
      { component: 'kube-apiserver', certificates: ['apiserver'], within: 60 },
    ],
  })
  expect(await probe(ports.etcd)).toEqual(servedFrom(root, 'etcd/server'))
  // A minute, and what a slow machine takes to notice.
  const inTime = { timeout: 75_000, interval: 500 }
  await expect.poll(() => probe(ports['kube-apiserver']), inTime).toEqual(servedFrom(root, 'apiserver'))
  expect(kubelet.running()).toEqual(before)
})

/** As the kubelet stops it, and not before it is gone. */
async function restartEtcd(): Promise<void> {
  const [manifest, away] = [join(manifestsOf(root), 'etcd.yaml'), join(root, 'etcd.yaml')]
  renameSync(manifest, away)
  await expect.poll(() => kubelet.running(), PATIENCE).not.toHaveProperty('etcd')
  renameSync(away, manifest)
  await expect.poll(async () => (await probe(ports.etcd)).state, PATIENCE).toBe('tls')
}

function copyPair(from: string, to: string): void {
  cpSync(pairOf(root, from).certificate, pairOf(root, to).certificate)
  cpSync(pairOf(root, from).key, pairOf(root, to).key)
}

test('the API server reads its pair for etcd at every new connection', async () => {
  const pid = kubelet.running()['kube-apiserver']
  copyPair('apiserver-etcd-client', 'aside')
  copyPair('apiserver-kubelet-client', 'apiserver-etcd-client')
  await sleep(1_000)
  await expectReady(true)
  await restartEtcd()
  await sleep(3_000)
  await expectReady(false)
  copyPair('aside', 'apiserver-etcd-client')
  await expectReady(true)
  expect(kubelet.running()['kube-apiserver']).toBe(pid)
})
