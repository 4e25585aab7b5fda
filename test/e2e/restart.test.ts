/** `--restart` against real etcd and kube-apiserver, which a stand-in for the kubelet runs from their manifests. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { isApiServerReady, probe, servedFrom } from '../support/control-plane.ts'
import { kubepki } from '../support/host.ts'
import { fileDir, provideMountPoint } from '../support/kubeadm.ts'
import {
  type ControlPlanePorts,
  type Kubelet,
  makeNode,
  manifestsOf,
  startKubelet,
} from '../support/kubelet.ts'
import { startLive } from '../support/live-desk.ts'

provideMountPoint()
const root = join(fileDir(), 'node')
const COMPONENTS = ['etcd', 'kube-apiserver'] as const
const PATIENCE = { timeout: 60_000, interval: 200 }
let ports: ControlPlanePorts
let kubelet: Kubelet | undefined

/** Without a version in its image a component is one that has to be restarted. */
beforeAll(async () => {
  ports = await makeNode(root)
  for (const component of COMPONENTS) {
    const file = join(manifestsOf(root), `${component}.yaml`)
    const text = readFileSync(file, 'utf8').replace(/image: .*/, `image: registry.example.test/${component}`)
    writeFileSync(file, text)
  }
  kubelet = startKubelet(manifestsOf(root))
})

afterAll(() => kubelet?.stop())

const now = () => ['--root', root, '--now', new Date().toISOString()]
const manifests = () =>
  readdirSync(manifestsOf(root)).map(name => [name, readFileSync(join(manifestsOf(root), name), 'utf8')])

async function expectReady(): Promise<void> {
  await expect.poll(() => isApiServerReady(root, ports['kube-apiserver']), PATIENCE).toBe(true)
}

test('renew all --restart: one after the other they come back with their new certificates', async () => {
  await expectReady()
  const before = { pids: kubelet?.running(), manifests: manifests() }
  const { stdout, stderr, exitCode } = await kubepki('certs', 'renew', 'all', '--restart', ...now())
  expect(stderr).toMatch(/etcd: is up again\n[\s\S]*kube-apiserver: stopping/)
  expect(stderr).toContain('kubepki: restarted: etcd, kube-apiserver\n')
  expect(stderr).toContain('changed here: restart kube-controller-manager, kube-scheduler\n')
  expect({ exitCode, isDone: stdout.includes('Done renewing') }).toEqual({ exitCode: 0, isDone: true })
  expect(manifests()).toEqual(before.manifests)
  expect(await probe(ports.etcd)).toEqual(servedFrom(root, 'etcd/server'))
  expect(await probe(ports['kube-apiserver'])).toEqual(servedFrom(root, 'apiserver'))
  for (const component of COMPONENTS) expect(kubelet?.running()[component]).not.toBe(before.pids?.[component])
  await expectReady()
})

test('rollback --restart: they serve the old certificates again', async () => {
  const renewed = await probe(ports['kube-apiserver'])
  const { stderr, exitCode } = await kubepki('certs', 'rollback', '--restart', ...now())
  expect(exitCode).toBe(0)
  expect(stderr).toContain('kubepki: restarted: etcd, kube-apiserver\n')
  const served = await probe(ports['kube-apiserver'])
  expect(served).toEqual(servedFrom(root, 'apiserver'))
  expect(served).not.toEqual(renewed)
  await expectReady()
})

test('a restart of what was down gives it the whole wait, and brings it up', async () => {
  await kubelet?.stop()
  await expect.poll(() => probe(ports.etcd), PATIENCE).toEqual({ state: 'refused' })
  kubelet = undefined
  const renewing = startLive([
    ...['certs', 'renew', 'etcd-server', '--restart', '--restart-wait', '1s', ...now()],
  ])
  await expect.poll(renewing.stderr, PATIENCE).toContain('etcd: stopping')
  kubelet = startKubelet(manifestsOf(root))
  const { stderr, exitCode } = await renewing.ended
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 })
  expect(stderr).toContain('kubepki: restarted: etcd\n')
  expect(await probe(ports.etcd)).toEqual(servedFrom(root, 'etcd/server'))
})
