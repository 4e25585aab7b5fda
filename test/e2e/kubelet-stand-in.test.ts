/** The stand-in for the kubelet does what the tests of restarts need: it follows the manifests of a real control plane. */
import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isApiServerReady, probe, servedFrom } from '../support/control-plane.ts'
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
let kubelet: Kubelet | undefined

beforeAll(async () => {
  ports = await makeNode(root)
  kubelet = startKubelet(manifestsOf(root))
})

afterAll(() => kubelet?.stop())

const PATIENCE = { timeout: 60_000, interval: 200 }

async function expectReady(): Promise<void> {
  await expect.poll(() => isApiServerReady(root, ports['kube-apiserver']), PATIENCE).toBe(true)
}

const COMPONENTS = [
  ['etcd', 'etcd/server'],
  ['kube-apiserver', 'apiserver'],
] as const

test('what has a manifest comes up, and serves the certificate of its file', async () => {
  await expectReady()
  for (const [component, base] of COMPONENTS)
    expect(await probe(ports[component])).toEqual(servedFrom(root, base))
})

describe.each(COMPONENTS)('%s', (component, base) => {
  const manifest = () => join(manifestsOf(root), `${component}.yaml`)
  const away = join(root, `${component}.yaml`)

  test('is stopped when its manifest goes, and comes back with it', async () => {
    const pid = kubelet?.running()[component]
    renameSync(manifest(), away)
    await expect.poll(() => probe(ports[component]), PATIENCE).toEqual({ state: 'refused' })
    await expect.poll(() => kubelet?.running(), PATIENCE).not.toHaveProperty(component)
    renameSync(away, manifest())
    await expect.poll(() => probe(ports[component]), PATIENCE).toEqual(servedFrom(root, base))
    expect(kubelet?.running()[component]).not.toBe(pid)
    await expectReady()
  })
})
