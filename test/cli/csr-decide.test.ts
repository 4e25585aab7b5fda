/** csr approve, deny, clean against an API server that a test holds in its hand. */
import { rmSync } from 'node:fs'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import {
  type FakeApi,
  makeFiles,
  reply,
  replyStatus,
  requestObject,
  type Seen,
  startFakeApi,
  writeKubeconfig,
} from '../support/fake-api-server.ts'
import type { Outcome } from '../support/host.ts'
import { live, type Person, startLive } from '../support/live-desk.ts'
import {
  CLIENT_USAGES,
  newKey,
  OPENSHIFT_BOOTSTRAPPER,
  requestPem,
  SERVING_USAGES,
} from '../support/pkcs10.ts'

const files = makeFiles()
afterAll(() => rmSync(files.directory, { recursive: true }))

type Stored = Record<string, Record<string, unknown>>

interface Cluster extends FakeApi {
  readonly objects: Stored
  readonly kubeconfig: string
}

const COLLECTION = '/apis/certificates.k8s.io/v1/certificatesigningrequests'

function serving(
  node: string,
  names: readonly string[],
  fields: Partial<Parameters<typeof requestObject>[0]> = {},
) {
  const subject = [
    ['O', 'system:nodes'],
    ['CN', `system:node:${node}`],
  ] as const
  const creationTimestamp = new Date(Date.now() - 60_000).toISOString()
  return requestObject({
    ...{ name: node, username: `system:node:${node}`, usages: SERVING_USAGES, creationTimestamp },
    request: requestPem({ subject, names, key: newKey() }),
    ...fields,
  }) as Record<string, unknown>
}

const NODE = (name: string, address: string) => ({
  metadata: { name, creationTimestamp: '2026-01-01T00:00:00Z' },
  status: {
    addresses: [
      { type: 'InternalIP', address },
      { type: 'Hostname', address: name },
    ],
  },
})

/** `before` sees every call first, and answers it when it returns true. */
async function cluster(
  objects: Stored,
  before: (seen: Seen, respond: Parameters<typeof reply>[0]) => boolean = () => false,
): Promise<Cluster> {
  const api = await startFakeApi(files, (seen, response) => {
    const { method, url, body } = seen
    if (before(seen, response)) return
    if (url.pathname.endsWith('selfsubjectaccessreviews'))
      return reply(response, 201, { status: { allowed: true } })
    if (url.pathname === '/api/v1/nodes')
      return reply(response, 200, { metadata: {}, items: [NODE('n1', '10.0.0.1'), NODE('n2', '10.0.0.2')] })
    if (url.searchParams.has('watch')) return void response.writeHead(200).flushHeaders()
    if (url.pathname === COLLECTION)
      return reply(response, 200, { metadata: { resourceVersion: '1' }, items: Object.values(objects) })
    const name = url.pathname.split('/')[5] ?? ''
    if (!objects[name]) return replyStatus(response, 404, {})
    if (method === 'PUT') objects[name] = JSON.parse(body)
    const object = objects[name] ?? {}
    if (method === 'DELETE') delete objects[name]
    reply(response, 200, object)
  })
  onTestFinished(() => api.close())
  const kubeconfig = writeKubeconfig(files, { server: api.url, user: { token: 'secret-token' } })
  return { ...api, objects, kubeconfig }
}

const csr = ({ kubeconfig }: Cluster, argv: readonly string[], person?: Person): Promise<Outcome> =>
  live(['csr', ...argv, '--kubeconfig', kubeconfig], person)

const statusOf = ({ objects }: Cluster, name: string) => objects[name]?.status
const writes = ({ seen }: Cluster) => seen.filter(({ method }) => method === 'PUT' || method === 'DELETE')

describe('csr approve', () => {
  it('changes the very object that was shown: another one of its name is nobody’s', async () => {
    const objects: Stored = { n1: serving('n1', ['DNS:n1', 'IP:10.0.0.1']) }
    const own = await cluster(objects)
    const answers = () => {
      objects.n1 = serving('n1', ['DNS:evil'], { uid: 'another' })
      return 'y'
    }
    const { exitCode, stdout } = await csr(own, ['approve', 'n1'], { answers })
    expect({ exitCode, stdout }).toEqual({
      exitCode: 1,
      stdout: expect.stringContaining('another request has its name now, which nobody has looked at'),
    })
    expect(writes(own)).toEqual([])
  })

  it('says no more than the result on stdout, and as JSON nothing else', async () => {
    const own = await cluster({ n1: serving('n1', ['DNS:n1', 'IP:10.0.0.1']) })
    const { exitCode, stdout, stderr } = await csr(own, ['approve', 'n1', '--yes', '-o', 'json'])
    expect(exitCode, stderr).toBe(0)
    expect(JSON.parse(stdout)).toEqual({
      kind: 'CsrDecisionResult',
      apiVersion: 'kubepki/v1',
      dryRun: false,
      changed: true,
      items: [{ name: 'n1', outcome: 'approved', changed: true, reason: 'by the policy kubelet' }],
    })
    expect(statusOf(own, 'n1')).toEqual({
      conditions: [
        {
          type: 'Approved',
          status: 'True',
          reason: 'KubepkiApprove',
          message: 'approved with kubepki csr approve by the policy kubelet',
        },
      ],
    })
    expect(stderr).not.toContain('secret-token')
  })

  it('leaves the others alone when one fails, and asks nothing where nothing is to be done', async () => {
    const own = await cluster(
      { n1: serving('n1', ['DNS:n1', 'IP:10.0.0.1']), n2: serving('n2', ['DNS:n2', 'IP:10.0.0.2']) },
      ({ method, url }, response) => {
        if (method !== 'PUT' || !url.pathname.includes('/n1/')) return false
        replyStatus(response, 500, { message: 'etcd is unwell' })
        return true
      },
    )
    const { exitCode, stdout } = await csr(own, ['approve', 'n1', 'n2', '--yes'])
    expect(exitCode).toBe(1)
    expect(stdout).toMatch(/n1 FAILED \(.*etcd is unwell/)
    expect(stdout).toContain('/n2 approved\n')
    expect(await csr(own, ['approve', 'n2'])).toMatchObject({ exitCode: 0 })
  })

  it('looks at no more than the names when it may not list, and says so', async () => {
    const own = await cluster({ n1: serving('n1', ['DNS:n1', 'IP:10.0.0.1']) }, ({ url }, response) => {
      if (url.pathname !== COLLECTION) return false
      replyStatus(response, 403, { message: 'User "jane" cannot list resource "certificatesigningrequests"' })
      return true
    })
    const { exitCode, stderr } = await csr(own, ['approve', 'n1', '--yes'])
    expect(exitCode).toBe(0)
    expect(stderr).toContain('warning: other requests were not looked at, for duplicates and shared keys')
  })

  it.each([
    [['approve'], 'wanted NAME... or --all-pending'],
    [['approve', '--all-pending'], 'wanted --policy'],
    [['approve', 'n1', '--all-pending', '--policy', 'kubelet'], 'exclude each other'],
    [['approve', '--watch', '--policy', 'kubelet', '--force'], '--force is for requests that are named'],
    [['approve', 'n1', '--for', '5m'], '--for wants --watch'],
    [['deny', 'n1', '--message', 'a\nb'], '--message wants text'],
    [['clean', '--from', '-', '--yes'], '--yes deletes from a cluster'],
    [['list', '--from', '-', '--context', 'x'], '--context is for a cluster'],
  ])('wrong use: csr %j', async (argv, message) => {
    const { exitCode, stderr } = await live(['csr', ...argv])
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 2, stderr: expect.stringContaining(message) })
  })

  it('--watch --for ends by itself, with what is left', async () => {
    const own = await cluster({ n9: serving('n9', ['DNS:n9', 'IP:10.0.0.9']) })
    const watch = ['approve', '--watch', '--for', '8s', '--policy', 'kubelet', '--yes', '-o', 'json']
    const { stdout, exitCode } = await startLive(['csr', ...watch, '--kubeconfig', own.kubeconfig]).ended
    expect(exitCode).toBe(3)
    expect(JSON.parse(stdout)).toMatchObject({ changed: false, items: [{ name: 'n9', outcome: 'left' }] })
  })
})

describe('what a cluster says beside its Nodes', () => {
  const MACHINES = '/apis/machine.openshift.io/v1beta1/machines'
  const made = new Date(Date.now() - 120_000).toISOString()
  const awaited = {
    metadata: { name: 'm', creationTimestamp: made },
    status: { addresses: [{ type: 'InternalDNS', address: 'n9' }] },
  }
  const joining = (node: string) =>
    requestObject({
      ...{ name: node, signerName: 'kubernetes.io/kube-apiserver-client-kubelet', usages: CLIENT_USAGES },
      ...OPENSHIFT_BOOTSTRAPPER,
      creationTimestamp: new Date(Date.now() - 60_000).toISOString(),
      request: requestPem({
        subject: [
          ['O', 'system:nodes'],
          ['CN', `system:node:${node}`],
        ],
        key: newKey(),
      }),
    }) as Record<string, unknown>
  const joins = () => cluster({ n8: joining('n8'), n9: joining('n9') }, answerMachines)
  const answerMachines: Parameters<typeof cluster>[1] = ({ url }, response) => {
    if (url.pathname !== MACHINES) return false
    reply(response, 200, { metadata: {}, items: [awaited] })
    return true
  }

  it('Machines decide who joins, by the policy of OpenShift', async () => {
    const { stdout, exitCode } = await csr(await joins(), ['vet', '--policy', 'openshift-node'])
    expect(exitCode).toBe(3)
    expect(stdout).toMatch(/^n9 {2}approve/m)
    expect(stdout).toMatch(/^n8 {2}leave/m)
    expect(stdout).toContain('EXPECTED')
    const own = await joins()
    const all = ['approve', '--all-pending', '--policy', 'openshift-node', '--yes']
    expect((await csr(own, all)).exitCode).toBe(3)
    expect(statusOf(own, 'n9')).toMatchObject({ conditions: [{ type: 'Approved' }] })
    expect(statusOf(own, 'n8')).toEqual({})
  })

  it('Machines are not asked for by another policy, and a cluster need not have any', async () => {
    const own = await joins()
    await csr(own, ['vet', '--policy', 'kubelet'])
    expect(own.seen.some(({ url }) => url.pathname === MACHINES)).toBe(false)
    const without = await cluster({ n8: joining('n8') }, ({ url }, response) => {
      if (url.pathname === MACHINES) replyStatus(response, 404, { reason: 'NotFound' })
      return url.pathname === MACHINES
    })
    expect((await csr(without, ['vet', '--policy', 'openshift-node'])).exitCode).toBe(0)
  })

  it('who may not list Machines is told which rule is missing, and nothing is approved', async () => {
    const message =
      'machines.machine.openshift.io is forbidden: User "jane" cannot list resource "machines" in API group "machine.openshift.io" at the cluster scope'
    const own = await cluster({ n9: joining('n9') }, ({ url }, response) => {
      if (url.pathname === MACHINES) replyStatus(response, 403, { reason: 'Forbidden', message })
      return url.pathname === MACHINES
    })
    const { exitCode, stderr } = await csr(own, [
      ...['approve', '--all-pending', '--policy', 'openshift-node', '--yes'],
    ])
    expect(exitCode).toBe(1)
    expect(stderr).toContain('list machines')
    expect(stderr).toContain('- machine.openshift.io')
    expect(writes(own)).toEqual([])
  })

  it('no node has a name that is in the certificate of the API server', async () => {
    const own = await cluster({ n1: serving('n1', ['DNS:n1', 'IP:10.0.0.1', 'DNS:api.example.com']) })
    const { stdout, exitCode } = await csr(own, ['vet', '-o', 'json'])
    expect(exitCode).toBe(3)
    const [{ outcome, rules }] = JSON.parse(stdout).items
    expect(outcome).toBe('deny')
    expect(rules).toContainEqual(expect.objectContaining({ code: 'API_SERVER', ok: false }))
  })
})

describe('csr clean', () => {
  const old = { creationTimestamp: '2020-01-01T00:00:00Z' }

  it('deletes by name and uid, and only when it is told to', async () => {
    const own = await cluster({ n1: serving('n1', ['DNS:n1'], old), n2: serving('n2', ['DNS:n2']) })
    const { stdout, stderr } = await csr(own, ['clean'])
    expect(stdout).toMatch(/^n1 .*\n$/)
    expect(stderr).toContain('1 of 2 requests would be deleted; nothing was changed')
    expect(writes(own)).toEqual([])
    const done = await csr(own, ['clean', '--yes'])
    expect(done.exitCode).toBe(0)
    expect(done.stderr).not.toContain('warning')
    expect(Object.keys(own.objects)).toEqual(['n2'])
    expect(JSON.parse(writes(own)[0]?.body ?? '')).toMatchObject({ preconditions: { uid: 'uid-n1' } })
    const later = await csr(own, ['clean', '--yes', '--now', '2099-01-01T00:00:00Z'])
    expect(later.stderr).toContain(
      'warning: deletes what the cleaner of Kubernetes would delete at 2099-01-01T00:00:00Z',
    )
  })
})
