/** csr approve --watch as a process: requests come, nodes appear, the server goes away, Ctrl-C. */
import { rmSync } from 'node:fs'
import { afterAll, beforeEach, expect, it, onTestFinished } from 'vitest'
import { makeFiles, writeKubeconfig } from '../support/fake-api-server.ts'
import { COMMAND } from '../support/host.ts'
import { clientRequest, newKey, objectOf, requestPem, servingRequest } from '../support/pkcs10.ts'
import { type Started, startProcess } from '../support/process.ts'
import { denied, type RequestServer, startRequestServer } from '../support/request-server.ts'

const files = makeFiles()
afterAll(() => rmSync(files.directory, { recursive: true }))

const PATIENCE = { timeout: 40_000, interval: 50 }
const RESOURCE = 'certificatesigningrequest.certificates.k8s.io'
const NODES: object[] = []
let server: RequestServer
let kubeconfig: string

beforeEach(async () => {
  NODES.splice(0, NODES.length, nodeOf('n1', '10.0.0.1'))
  server = await startRequestServer(files, { nodes: NODES })
  onTestFinished(() => server.stop())
  kubeconfig = writeKubeconfig(files, { server: server.url, user: { token: 'x' } })
})

function nodeOf(name: string, address: string): object {
  const addresses = [
    { type: 'InternalIP', address },
    { type: 'Hostname', address: name },
  ]
  return { metadata: { name, creationTimestamp: '2026-01-01T00:00:00Z' }, status: { addresses } }
}

const made = () => new Date(Date.now() - 5_000).toISOString()
const subject = (node: string) =>
  [
    ['O', 'system:nodes'],
    ['CN', `system:node:${node}`],
  ] as const

function client(node: string): object {
  const pem = requestPem({ subject: subject(node), key: newKey() })
  return objectOf(clientRequest({ name: `${node}-client`, node, made: made(), pem }))
}

function serving(node: string, address: string): object {
  const pem = requestPem({ subject: subject(node), names: [`DNS:${node}`, `IP:${address}`], key: newKey() })
  return objectOf(servingRequest({ name: `${node}-serving`, node, made: made(), pem }))
}

async function watch(...args: string[]): Promise<Started> {
  const argv = ['csr', 'approve', '--watch', '--policy', 'kubelet', '--yes', ...args]
  const started = startProcess([...COMMAND, ...argv, '--kubeconfig', kubeconfig])
  onTestFinished(() => started.kill('SIGKILL'))
  await expect.poll(started.stderr, PATIENCE).toContain('until Ctrl-C')
  return started
}

const typeOf = (name: string) =>
  (server.objects.get(name)?.status.conditions as readonly { type: string }[] | undefined)?.[0]?.type
const isApproved = (name: string) => expect.poll(() => typeOf(name), PATIENCE).toBe('Approved')

it('C42 approves what comes later, the client request first, and Ctrl-C is its end', async () => {
  server.add(serving('n1', '10.0.0.1'))
  server.add(client('n3'))
  const watching = await watch()
  await isApproved('n1-serving')
  server.add(client('n2'))
  await isApproved('n2-client')
  NODES.push(nodeOf('n2', '10.0.0.2'))
  server.add(serving('n2', '10.0.0.2'))
  await isApproved('n2-serving')
  watching.kill('SIGINT')
  const { exitCode, signal, stdout, stderr } = await watching.ended
  expect({ exitCode, signal }, stderr).toEqual({ exitCode: 0, signal: null })
  const names = ['n3-client', 'n1-serving', 'n2-client', 'n2-serving']
  expect(stdout).toBe(names.map(name => `${RESOURCE}/${name} approved\n`).join(''))
  expect(stderr).toMatch(/kubepki: 4 requests: 4 approved\n$/)
})

it.each(['SIGINT', 'SIGTERM'] as const)(
  '%s with something left: exit code 3, and it is named',
  async signal => {
    const watching = await watch()
    server.add(serving('n9', '10.0.0.9'))
    server.add(client('n3'))
    await isApproved('n3-client')
    await expect.poll(watching.stdout, PATIENCE).toContain('n9-serving left as it is')
    watching.kill(signal)
    const { exitCode, stderr } = await watching.ended
    expect(exitCode).toBe(3)
    expect(stderr).toMatch(/kubepki: 2 requests: 1 approved, 1 left\n$/)
  },
)

it('--for is its end too, and with nothing to do it is well', async () => {
  const watching = await watch('--for', '1s')
  const { exitCode, stdout, stderr } = await watching.ended
  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' })
  expect(stderr).toMatch(/kubepki: 0 requests\n$/)
})

it('-o json: one document, at the end', async () => {
  const watching = await watch('-o', 'json')
  server.add(client('n3'))
  server.add(serving('n9', '10.0.0.9'))
  await isApproved('n3-client')
  await expect.poll(watching.stderr, PATIENCE).toContain('n9-serving')
  await new Promise(resolve => setTimeout(resolve, 700))
  expect(watching.stdout()).toBe('')
  watching.kill('SIGINT')
  const { exitCode, stdout } = await watching.ended
  expect(exitCode).toBe(3)
  expect(JSON.parse(stdout)).toMatchObject({
    kind: 'CsrDecisionResult',
    dryRun: false,
    changed: true,
    items: [
      { name: 'n3-client', outcome: 'approved', changed: true },
      { name: 'n9-serving', outcome: 'left', changed: false },
    ],
  })
})

it('goes on when the server was away, with what has come meanwhile', async () => {
  const watching = await watch()
  server.add(client('n3'))
  await isApproved('n3-client')
  await server.stop()
  await expect.poll(watching.stderr, PATIENCE).toContain('asking again')
  server.add(serving('n1', '10.0.0.1'))
  await server.start()
  await isApproved('n1-serving')
  watching.kill('SIGINT')
  const { exitCode, stderr } = await watching.ended
  expect(exitCode, stderr).toBe(0)
  expect(stderr).toContain('the API server answers again')
  expect(stderr).toMatch(/kubepki: 2 requests: 2 approved\n$/)
})

it('Ctrl-C ends it also while the server is away', async () => {
  const watching = await watch()
  server.add(client('n3'))
  await isApproved('n3-client')
  await server.stop()
  await expect.poll(watching.stderr, PATIENCE).toContain('asking again')
  watching.kill('SIGINT')
  const { exitCode, stderr } = await watching.ended
  expect(exitCode, stderr).toBe(0)
})

it('C40 what was left and is gone, or was decided by somebody else, is not left', async () => {
  const watching = await watch('-o', 'json')
  for (const one of ['n7', 'n8', 'n9'].map(node => serving(node, '10.0.0.9'))) server.add(one)
  await expect.poll(watching.stderr, PATIENCE).toContain('n9-serving')
  await new Promise(resolve => setTimeout(resolve, 700))
  server.remove('n7-serving')
  server.change('n8-serving', denied('ByHand'))
  server.add(client('n3'))
  await isApproved('n3-client')
  watching.kill('SIGINT')
  const { exitCode, stdout } = await watching.ended
  expect(exitCode).toBe(3)
  const items = JSON.parse(stdout).items as readonly { name: string }[]
  expect(items.map(({ name }) => name).toSorted()).toEqual(['n3-client', 'n9-serving'])
})

it('a server that is not there at the start is no reason to wait', async () => {
  await server.stop()
  const watching = await watch()
  const { exitCode, stderr } = await watching.ended
  expect(exitCode).toBe(1)
  expect(stderr).toContain('nobody listens there')
})
