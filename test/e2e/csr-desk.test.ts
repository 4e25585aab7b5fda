/** Requests of a real cluster, listed, judged and decided by kubepki; the controller-manager signs what is approved. */
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { dump, load } from 'js-yaml'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { made } from '../support/bootstrap.ts'
import {
  BOOTSTRAP_OBJECTS,
  BOOTSTRAP_TOKEN,
  startControllerManager,
  startWorkerKubelet,
} from '../support/components.ts'
import {
  controlPlaneConfiguration,
  freePort,
  kubectl,
  type Server,
  startApiServer,
  startEtcd,
} from '../support/control-plane.ts'
import type { Outcome } from '../support/host.ts'
import { configFile, fileDir } from '../support/kubeadm.ts'
import { live, type Person, startLive } from '../support/live-desk.ts'
import { newKey, requestPem, SERVING_USAGES } from '../support/pkcs10.ts'
import { expectRights, rightsIn } from '../support/rights.ts'

const root = fileDir()
const servers: Server[] = []
const PATIENCE = { timeout: 60_000, interval: 200 }
const SERVING = 'kubernetes.io/kubelet-serving'
let port = 0
let etcd: Server & { readonly port: number }
let apiServer: Server

beforeAll(async () => {
  port = await freePort()
  writeFileSync(configFile(root), controlPlaneConfiguration(port))
  await made(root, 'init', 'phase', 'certs', 'all', '--encryption-algorithm', 'ECDSA-P256')
  await made(root, 'init', 'phase', 'kubeconfig', 'all', '--encryption-algorithm', 'ECDSA-P256')
  etcd = await startEtcd(root, join(root, 'etcd'))
  apiServer = await startApiServer(root, port, etcd.port)
  servers.push(await startControllerManager(root, port, true))
  for (const object of BOOTSTRAP_OBJECTS) await asAdmin('create', ...object)
})

afterAll(async () => {
  for (const server of [etcd, apiServer, ...servers].toReversed()) await server?.stop()
})

async function asAdmin(...args: string[]): Promise<string> {
  const { stdout, stderr, exitCode } = await kubectl(root, 'admin.conf', port, ...args)
  expect(exitCode, stderr).toBe(0)
  return stdout
}

const conf = (user: string) => join(root, 'etc/kubernetes', `${user}.conf`)

async function userFile(user: string, ...argv: string[]): Promise<string> {
  const text = await made(root, 'kubeconfig', 'user', '--client-name', user, ...argv)
  writeFileSync(conf(user), text, { mode: 0o600 })
  return conf(user)
}

/** kubepki csr as a user of the cluster. */
function csr(
  argv: readonly string[],
  { user = 'admin', ...person }: Person & { user?: string } = {},
): Promise<Outcome> {
  return live(['csr', ...argv, '--kubeconfig', conf(user)], person)
}

async function apply(manifest: object): Promise<void> {
  const file = join(root, `object-${Math.random()}.json`)
  writeFileSync(file, JSON.stringify(manifest))
  await asAdmin('apply', '-f', file)
}

async function addNode(name: string, address: string): Promise<void> {
  const addresses = [
    { type: 'InternalIP', address },
    { type: 'Hostname', address: name },
  ]
  await apply({ apiVersion: 'v1', kind: 'Node', metadata: { name }, status: { addresses } })
}

interface Wanted {
  readonly node: string
  readonly names: readonly string[]
  readonly signerName?: string
  readonly usages?: readonly string[]
}

/** As the node itself sends it. */
async function ask(
  name: string,
  { node, names, signerName = SERVING, usages = SERVING_USAGES }: Wanted,
): Promise<void> {
  const user = `system:node:${node}`
  if (!existsSync(conf(user))) await userFile(user, '--org', 'system:nodes')
  const request = requestPem({
    subject: [
      ['O', 'system:nodes'],
      ['CN', user],
    ],
    names,
    key: newKey(),
  })
  const object = {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name },
    spec: {
      request: Buffer.from(request).toString('base64'),
      signerName,
      usages,
    },
  }
  const file = join(root, `${name}.json`)
  writeFileSync(file, JSON.stringify(object))
  const { stderr, exitCode } = await kubectl(root, `${user}.conf`, port, 'create', '-f', file)
  expect(exitCode, stderr).toBe(0)
}

async function csrField(name: string, path: string): Promise<string> {
  return asAdmin('get', 'csr', name, `--output=jsonpath={${path}}`)
}

const certificateOf = (name: string) => csrField(name, '.status.certificate')
const conditionsOf = (name: string) => csrField(name, '.status.conditions[*].type')

test('an empty cluster has nothing to list', async () => {
  const { stdout, stderr, exitCode } = await csr(['list'])
  expect({ stdout, stderr, exitCode }).toEqual({ stdout: '', stderr: 'kubepki: no requests\n', exitCode: 0 })
})

test('a kubelet bootstraps: its request is vetted, shown, asked about, approved; its kubelet.conf appears', async () => {
  const names = () => asAdmin('get', 'csr', '--output=jsonpath={.items[*].metadata.name}')
  const kubelet = await startWorkerKubelet({
    root: join(root, 'worker'),
    nodeName: 'worker-1',
    bootstrap: await userFile('bootstrap', '--token', BOOTSTRAP_TOKEN),
    isReady: async () => (await names()) !== '',
  })
  servers.push(kubelet)
  const name = await names()
  const vetted = await csr(['vet', '--policy', 'kubelet-client', '-o', 'json'])
  expect(vetted.exitCode).toBe(0)
  expect(JSON.parse(vetted.stdout)).toMatchObject({ items: [{ name, outcome: 'approve' }] })
  const listed = await csr(['list', '-o', 'wide'])
  expect(listed.stdout).toContain(name)
  const shown = await csr(['show', name])
  expect(shown.stdout).toContain('CN=system:node:worker-1')
  expect(await csr(['approve', name])).toMatchObject({
    exitCode: 2,
    stdout: '',
    stderr: expect.stringContaining('there is no terminal to ask at: nothing was changed'),
  })
  const refused = await csr(['approve', name], { answers: 'n' })
  expect(refused).toMatchObject({ exitCode: 3, stdout: expect.stringContaining('the answer was not yes') })
  expect(await conditionsOf(name)).toBe('')
  const approved = await csr(['approve', name], { answers: 'y' })
  expect(approved).toMatchObject({
    exitCode: 0,
    stdout: `certificatesigningrequest.certificates.k8s.io/${name} approved\n`,
    stderr: expect.stringContaining('CN=system:node:worker-1'),
  })
  for (const file of [kubelet.clientCertificate, kubelet.kubeconfig])
    await expect.poll(() => existsSync(file), PATIENCE).toBe(true)
  expect(await csrField(name, '.status.conditions[0].reason')).toBe('KubepkiApprove')
  const again = await csr(['approve', name, '-o', 'json'])
  expect(again.exitCode).toBe(0)
  expect(JSON.parse(again.stdout)).toMatchObject({
    kind: 'CsrDecisionResult',
    changed: false,
    items: [{ name, outcome: 'approved', changed: false }],
  })
})

test('serving requests: approved, denied and left by the policy', async () => {
  await addNode('n1', '10.0.0.1')
  await addNode('n2', '10.0.0.2')
  await ask('good', { node: 'n1', names: ['DNS:n1', 'IP:10.0.0.1'] })
  await ask('evil', { node: 'n2', names: ['DNS:kubernetes.default.svc', 'IP:10.0.0.2'] })
  await ask('early', { node: 'n3', names: ['DNS:n3', 'IP:10.0.0.3'] })
  const all = ['approve', '--all-pending', '--policy', 'kubelet', '--yes', '-o', 'json']
  const planned = await csr([...all, '--dry-run'])
  expect(JSON.parse(planned.stdout)).toMatchObject({ dryRun: true, changed: true })
  expect(await conditionsOf('good')).toBe('')
  const { stdout, exitCode } = await csr(all)
  expect(exitCode).toBe(3)
  const items = JSON.parse(stdout).items as readonly { name: string; outcome: string; changed: boolean }[]
  expect(Object.fromEntries(items.map(one => [one.name, [one.outcome, one.changed]]))).toEqual({
    good: ['approved', true],
    evil: ['refused', false],
    early: ['left', false],
  })
  await expect.poll(() => certificateOf('good'), PATIENCE).not.toBe('')
  const denied = await csr([...all, '--deny-refused'])
  expect(denied.exitCode).toBe(3)
  expect(await conditionsOf('evil')).toBe('Denied')
  expect(await csrField('evil', '.status.conditions[0].message')).toContain('CLUSTER_SERVICE')
  expect(await conditionsOf('early')).toBe('')
})

test('what the rules refuse is approved by force alone, and that is put on record', async () => {
  await ask('forced', { node: 'n2', names: ['DNS:n2', 'IP:10.0.0.99'] })
  expect(await csr(['approve', 'forced', '--yes'])).toMatchObject({ exitCode: 3 })
  expect(await conditionsOf('forced')).toBe('')
  expect(await csr(['approve', 'forced', '--yes', '--force', '--message', 'as told by ops'])).toMatchObject({
    exitCode: 0,
  })
  expect(await csrField('forced', '.status.conditions[0].message')).toMatch(
    /^as told by ops; forced against ADDRESSES_KNOWN: /,
  )
  await expect.poll(() => certificateOf('forced'), PATIENCE).not.toBe('')
})

test('denied is denied: with reason and message, once, and never approved', async () => {
  await ask('unwanted', { node: 'n1', names: ['DNS:n1', 'IP:10.0.0.1'] })
  const deny = ['deny', 'unwanted', '--reason', 'NodeRetired', '--message', 'n1 is going', '--yes']
  expect(await csr(deny)).toMatchObject({
    exitCode: 0,
    stdout: 'certificatesigningrequest.certificates.k8s.io/unwanted denied\n',
  })
  expect(await csrField('unwanted', '.status.conditions[0].reason')).toBe('NodeRetired')
  expect(await csrField('unwanted', '.status.conditions[0].message')).toBe('n1 is going')
  expect(await csr(deny)).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('already denied') })
  expect(await csr(['approve', 'unwanted', '--yes', '--force'])).toMatchObject({
    exitCode: 1,
    stdout: expect.stringContaining('it cannot be approved: already denied: "n1 is going"'),
  })
  expect(await csr(['deny', 'good', 'no-such', '--yes'])).toMatchObject({
    exitCode: 1,
    stdout: expect.stringMatching(/no-such gone .*no such request(.|\n)*good FAILED .*already approved/),
  })
})

test('three who approve the same at once: one does it, nobody fails', async () => {
  await ask('wanted-by-all', { node: 'n1', names: ['DNS:n1', 'IP:10.0.0.1'] })
  const argv = ['approve', 'wanted-by-all', '--yes', '-o', 'json']
  const outcomes = await Promise.all([csr(argv), csr(argv), csr(argv)])
  expect(outcomes.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0])
  const changed = outcomes.filter(({ stdout }) => JSON.parse(stdout).changed)
  expect(changed).toHaveLength(1)
})

test('whoever lacks a right is told which, as YAML that gives it', async () => {
  await ask('for-clerk', { node: 'n1', names: ['DNS:n1', 'IP:10.0.0.1'] })
  await userFile('clerk')
  const missing: string[] = []
  for (let round = 0; round < 6; round += 1) {
    const { stderr, exitCode } = await csr(['approve', 'for-clerk', '--yes'], { user: 'clerk' })
    if (exitCode === 0) break
    expect(exitCode, stderr).toBe(1)
    missing.push(/error: .*user "clerk" may not (.*)/.exec(stderr)?.[1] ?? stderr)
    const yaml = stderr.replace(/^kubepki:.*\n/gm, '')
    const file = join(root, 'rights.yaml')
    writeFileSync(file, yaml)
    await asAdmin('apply', '-f', file)
    await expectRights((...args) => kubectl(root, 'clerk.conf', port, ...args), rightsIn(yaml))
  }
  expect(missing).toEqual([
    'get certificatesigningrequests "for-clerk", nor list nodes, nor update certificatesigningrequests/approval',
    `approve signers "${SERVING}"`,
  ])
  expect(await conditionsOf('for-clerk')).toBe('Approved')
})

/** To a kubeconfig, with a context: a plugin beside it. */
function addExecUser(file: string): void {
  const config = load(readFileSync(file, 'utf8')) as Record<'users' | 'contexts' | 'clusters', unknown[]>
  const exec = { apiVersion: 'client.authentication.k8s.io/v1beta1', command: './plugin' }
  const [cluster] = config.clusters as readonly { readonly name: string }[]
  config.users.push({ name: 'bot', user: { exec } })
  config.contexts.push({ name: 'bot', context: { user: 'bot', cluster: cluster?.name } })
  writeFileSync(file, dump(config))
}

test('a token, a plugin that prints one, and a certificate that has expired', async () => {
  const token = await userFile('token', '--token', BOOTSTRAP_TOKEN)
  expect(await csr(['list'], { user: 'token' })).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining('system:bootstrap:abcdef'),
  })
  const plugin = join(root, 'etc/kubernetes/plugin')
  const credential = { apiVersion: 'client.authentication.k8s.io/v1beta1', kind: 'ExecCredential' }
  const printed = JSON.stringify({ ...credential, status: { token: BOOTSTRAP_TOKEN } })
  writeFileSync(plugin, `#!/bin/sh\necho '${printed}'\n`)
  chmodSync(plugin, 0o755)
  addExecUser(token)
  expect(await csr(['list', '--context', 'bot'], { user: 'token' })).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining('system:bootstrap:abcdef'),
  })
  await userFile('past', '--validity-period', '1s')
  await sleep(1_500)
  expect(await csr(['list'], { user: 'past' })).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(/401\): its client certificate \(CN=past\) expired at 20/),
  })
  expect((await csr(['list'], { user: 'past' })).stderr).not.toContain(BOOTSTRAP_TOKEN)
})

test('--watch goes on: as requests come, as nodes appear, and when the API server is restarted', async () => {
  const stop = new AbortController()
  const watch = ['csr', 'approve', '--watch', '--for', '5m', '--policy', 'kubelet', '--yes']
  const running = startLive([...watch, '--kubeconfig', conf('admin')], { interruption: stop.signal })
  await expect.poll(running.stdout, PATIENCE).toContain('early left as it is')
  await ask('during', { node: 'n1', names: ['DNS:n1', 'IP:10.0.0.1'] })
  await expect.poll(() => certificateOf('during'), PATIENCE).not.toBe('')
  await addNode('n3', '10.0.0.3')
  await expect.poll(() => certificateOf('early'), PATIENCE).not.toBe('')
  await apiServer.stop()
  await expect.poll(running.stderr, PATIENCE).toContain('asking again')
  await sleep(2_000)
  apiServer = await startApiServer(root, port, etcd.port)
  await ask('after', { node: 'n2', names: ['DNS:n2', 'IP:10.0.0.2'] })
  // Of the controller-manager no more is wanted: it ends when it cannot renew its lease.
  await expect.poll(() => conditionsOf('after'), PATIENCE).toContain('Approved')
  stop.abort()
  const { stdout, stderr, exitCode } = await running.ended
  expect(stdout).toContain('certificatesigningrequest.certificates.k8s.io/after approved\n')
  expect(stderr).toContain('the API server answers again')
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 })
})

test('clean deletes what the cleaner would, when it is told to', async () => {
  const later = new Date(Date.now() + 25 * 3_600_000).toISOString()
  const before = await csr(['clean', '--now', later])
  expect(before.stdout).toContain('good')
  expect(before.stderr).toContain('nothing was changed')
  expect(await certificateOf('good')).not.toBe('')
  const { stdout, exitCode } = await csr(['clean', '--now', later, '--yes', '-o', 'json'])
  expect(exitCode).toBe(0)
  const items = JSON.parse(stdout).items as readonly { deleted: boolean }[]
  expect(items.length).toBeGreaterThan(5)
  expect(items.every(({ deleted }) => deleted)).toBe(true)
  expect(await asAdmin('get', 'csr', '--output=name')).toBe('')
})
