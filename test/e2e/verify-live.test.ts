/** `certs verify --live` against real etcd, kube-apiserver and kube-controller-manager, whose files are renewed under them. */
import { mkdirSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Finding } from '../../src/pki/finding.ts'
import type { ServedRow } from '../../src/pki/served-report.ts'
import { isApiServerReady, pairOf, probe } from '../support/control-plane.ts'
import { kubepkiNow } from '../support/host.ts'
import { fileDir, outputOf, provideMountPoint } from '../support/kubeadm.ts'
import {
  type ControlPlanePorts,
  type Kubelet,
  makeNode,
  manifestsOf,
  startKubelet,
  writeControllerManagerManifest,
} from '../support/kubelet.ts'

provideMountPoint()
const root = join(fileDir(), 'node')
const PATIENCE = { timeout: 90_000, interval: 500 }
let ports: ControlPlanePorts
let controllerManager: number
let kubelet: Kubelet | undefined

beforeAll(async () => {
  ports = await makeNode(root)
  controllerManager = await writeControllerManagerManifest(root, ports['kube-apiserver'])
  kubelet = startKubelet(manifestsOf(root))
})

afterAll(() => kubelet?.stop())

interface Looked {
  readonly findings: readonly Finding[]
  readonly endpoints: readonly ServedRow[]
}

const LIVE = /^(STALE|SERVED|SELF_MADE|LOOPBACK|PROCESS)_/

/** But for the kubelet and the scheduler, which are not there. */
async function look(): Promise<Looked> {
  const { stdout } = await kubepkiNow('certs', 'verify', '--live', '--root', root, '-o', 'json')
  const { findings, endpoints } = JSON.parse(stdout) as Looked
  return { findings: findings.filter(({ code }) => LIVE.test(code)), endpoints }
}

async function outlines(): Promise<string[]> {
  const { findings } = await look()
  return findings.map(({ code, certificate, severity }) => `${severity} ${code} ${certificate}`)
}

async function isUp(): Promise<boolean> {
  const isReady = await isApiServerReady(root, ports['kube-apiserver'])
  return isReady && (await probe(controllerManager)).state === 'tls'
}

async function renew(...names: string[]): Promise<void> {
  const { exitCode, stderr } = await kubepkiNow('certs', 'renew', ...names, '--root', root)
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 })
}

/** As if it had been written so long ago. */
function backDate(base: string, seconds: number): void {
  const at = new Date(Date.now() - seconds * 1000)
  utimesSync(pairOf(root, base).certificate, at, at)
}

test('what was just started serves what the files have', async () => {
  await expect.poll(isUp, PATIENCE).toBe(true)
  const { findings, endpoints } = await look()
  expect(findings).toEqual([])
  const seen = endpoints.filter(({ state }) => state === 'tls')
  expect(seen.map(({ component, role, matches }) => [component, role, matches])).toEqual([
    ['etcd', 'serving', true],
    ['etcd', 'peer', true],
    ['kube-apiserver', 'serving', true],
    ['kube-apiserver', 'loopback', undefined],
    ['kube-controller-manager', 'serving', undefined],
  ])
})

// Minutes of them are the API server's, and the pauses of the restarts that are said.
const LONG = { timeout: 400_000 }

test(
  'files renewed under them: who takes them up, who does not, and the restart that is said',
  LONG,
  async () => {
    await renew('all')
    const before = await look()
    // etcd serves the new pairs at once; the API server within a minute, or just now.
    expect(before.endpoints.filter(({ component }) => component === 'etcd')).toMatchObject([
      { row: 'etcd-server', matches: true },
      { row: 'etcd-peer', matches: true },
    ])
    const processes = [
      'warning PROCESS_OLDER_THAN_FILE apiserver-kubelet-client',
      'warning PROCESS_OLDER_THAN_FILE controller-manager.conf',
    ]
    expect(await outlines()).toEqual(expect.arrayContaining(processes))
    await expect.poll(outlines, PATIENCE).toEqual(processes)

    // It looks once a minute: now it has just looked.
    await renew('apiserver')
    const [stale] = (await look()).findings.filter(({ code }) => code === 'STALE_IN_MEMORY')
    expect(stale).toMatchObject({ severity: 'info', certificate: 'apiserver' })
    expect(stale?.remedy).toContain('kube-apiserver takes the file up by itself within 60 s')
    backDate('apiserver', 120)
    expect(await outlines()).toEqual(['warning STALE_IN_MEMORY apiserver', ...processes])

    const { findings } = await look()
    const aside = join(root, 'aside')
    mkdirSync(aside)
    for (const remedy of new Set(findings.map(({ remedy }) => remedy)))
      await outputOf('sh', ['-c', remedy.replaceAll('/root/', `${aside}/`)])
    await expect.poll(isUp, PATIENCE).toBe(true)
    expect(await outlines()).toEqual([])
  },
)
