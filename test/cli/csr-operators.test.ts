/** What operators meet at a cluster: the wrong kubeconfig, requests that are gone, approvals that nobody signs. */
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { makeFiles, reply, replyStatus, type Seen, writeKubeconfig } from '../support/fake-api-server.ts'
import { COMMAND, NOW, type Outcome } from '../support/host.ts'
import { live, type Person } from '../support/live-desk.ts'
import { tempDir } from '../support/node.ts'
import { clientRequest, newKey, objectOf, requestPem, servingRequest } from '../support/pkcs10.ts'
import { startProcess } from '../support/process.ts'
import {
  approved,
  denied,
  type RequestServer,
  requestIn,
  type ServerOptions,
  signedForClient,
  startRequestServer,
} from '../support/request-server.ts'
import { authority } from '../support/signing.ts'

const files = makeFiles()
afterAll(() => rmSync(files.directory, { recursive: true }))

const PATIENCE = { timeout: 40_000, interval: 50 }
const HOUR = 3_600_000
const ago = (milliseconds: number) => new Date(Date.now() - milliseconds).toISOString()
const NODE = {
  metadata: { name: 'n1', creationTimestamp: '2026-01-01T00:00:00Z' },
  status: { addresses: [{ type: 'InternalIP', address: '10.0.0.1' }] },
}

async function serve(options: ServerOptions = {}): Promise<RequestServer> {
  const server = await startRequestServer(files, { nodes: [NODE], ...options })
  onTestFinished(() => server.stop())
  return server
}

function serving(name: string, made = ago(60_000), fields: object = {}): object {
  const subject = [
    ['O', 'system:nodes'],
    ['CN', 'system:node:n1'],
  ] as const
  const pem = requestPem({ subject, names: ['IP:10.0.0.1'], key: newKey() })
  return objectOf(servingRequest({ name, node: 'n1', made, pem, ...fields }))
}

const configOf = (server: RequestServer) =>
  writeKubeconfig(files, { server: server.url, user: { token: 'x' } })
const csr = (server: RequestServer, argv: readonly string[], person: Person = {}): Promise<Outcome> =>
  live(['csr', ...argv, '--kubeconfig', configOf(server)], person)

describe('C8 the wrong kubeconfig', () => {
  const forbids =
    (user: string) =>
    ({ url, method }: Seen, response: Parameters<typeof replyStatus>[0]): boolean => {
      if (method === 'POST' && url.pathname.endsWith('selfsubjectaccessreviews')) return false
      const message = `certificatesigningrequests.certificates.k8s.io is forbidden: User "${user}" cannot get resource "certificatesigningrequests"`
      replyStatus(response, 403, { message })
      return true
    }

  it.each([
    'system:serviceaccount:openshift-machine-config-operator:node-bootstrapper',
    'system:bootstrap:abcdef',
    'system:node:n1',
    'system:anonymous',
  ])('C8 %s is named, and is given no right', async user => {
    const server = await serve({ before: forbids(user) })
    const { exitCode, stdout, stderr } = await csr(server, ['approve', 'n1', '--yes'])
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
    expect(stderr).toMatch(/^kubepki: error: .*\n(kubepki: hint: .*\n)?$/)
    expect(stderr).toContain(
      user === 'system:anonymous' ? 'without credentials' : `user "${user}" may not get`,
    )
    expect(stderr).not.toContain('ClusterRole')
    if (user === 'system:anonymous') return
    expect(stderr).toContain(
      `hint: asked as context "here", user "someone", of ${join(files.directory, 'config')}: --kubeconfig and --context name another; this one is of a machine`,
    )
  })

  it('C8 a person is told who they are there, and what would give the right', async () => {
    const server = await serve({ before: forbids('jane') })
    const { stderr } = await csr(server, ['deny', 'n1', '--yes'])
    expect(stderr).toMatch(/error: .*: user "jane" may not get certificatesigningrequests "n1"/)
    expect(stderr).toMatch(/hint: asked as context "here", .*; or an administrator applies this/)
    expect(stderr).toContain('kind: ClusterRoleBinding')
  })
})

describe('who lacks rights is told of all at once', () => {
  const ALL =
    'may not list certificatesigningrequests, nor list nodes, nor update certificatesigningrequests/approval, nor approve signers "kubernetes.io/kubelet-serving"'
  const policy = ['--policy', 'kubelet-serving', '--yes']

  it.each([
    [['approve', '--all-pending', ...policy], ALL],
    [
      ['approve', '--watch', ...policy],
      ALL.replace('requests, nor', 'requests, nor watch certificatesigningrequests, nor'),
    ],
  ])('%j', async (argv, message) => {
    const server = await serve({
      before: ({ url }, response) => {
        if (url.pathname.endsWith('selfsubjectaccessreviews'))
          reply(response, 201, { status: { allowed: false } })
        else replyStatus(response, 403, { message: 'User "jane" cannot list resource "x"' })
        return true
      },
    })
    const { exitCode, stdout, stderr } = await csr(server, argv)
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
    expect(stderr).toContain(`${message}\n`)
    expect(stderr.match(/^kind: ClusterRole$/gm)).toHaveLength(message.split(', nor ').length)
  })
})

it('csr deny takes no right to look at nodes', async () => {
  const server = await serve({
    before: ({ url }, response) => {
      const isNodes = url.pathname === '/api/v1/nodes'
      if (isNodes) replyStatus(response, 403, { message: 'User "jane" cannot list resource "nodes"' })
      return isNodes
    },
  })
  server.add(serving('hostile'))
  const { exitCode, stdout, stderr } = await csr(server, ['deny', 'hostile', '--yes'])
  expect(exitCode).toBe(0)
  expect(stdout).toContain('hostile denied')
  expect(stderr).toContain('warning: nothing is compared with the nodes: ')
  expect((await csr(server, ['approve', 'hostile', '--yes'])).exitCode).toBe(1)
})

it('C32 a key that a request for another signer has too is no key to approve', async () => {
  const server = await serve()
  const key = newKey()
  const subject = [
    ['O', 'system:nodes'],
    ['CN', 'system:node:n2'],
  ] as const
  const pem = requestPem({ subject: [subject[0], ['CN', 'system:node:n1']], names: ['IP:10.0.0.1'], key })
  server.add(serving('n1-serving', ago(60_000), { pem }))
  const other = { name: 'n2-client', node: 'n2', made: ago(50_000), pem: requestPem({ subject, key }) }
  server.add(objectOf(clientRequest(other)))
  const { exitCode, stderr } = await csr(server, ['approve', 'n1-serving', '--yes'])
  expect(stderr).toMatch(/FAIL {2}KEY_REUSE/)
  expect(exitCode).toBe(3)
})

it('csr approve: a server that goes away in the middle is asked once, and the rest is said to be undone', async () => {
  const server = await serve({
    before: ({ method, url }) => {
      if (method === 'PUT' && url.pathname.includes('/b/')) void server.stop()
      return method === 'PUT' && url.pathname.includes('/b/')
    },
  })
  for (const name of ['a', 'b', 'c', 'd']) server.add(serving(name, ago(120_000)))
  const { exitCode, stdout } = await csr(server, [
    'approve',
    'a',
    'b',
    'c',
    'd',
    '--force',
    '--yes',
    '-o',
    'json',
  ])
  expect(exitCode).toBe(1)
  const { items } = JSON.parse(stdout) as { items: { outcome: string; reason: string }[] }
  expect(items.map(({ outcome }) => outcome)).toEqual(['approved', 'failed', 'failed', 'failed'])
  expect(items.slice(2).map(({ reason }) => reason)).toEqual(
    Array(2).fill('not tried: the API server is away'),
  )
})

describe('C40 a request that is gone', () => {
  const GONE = /gone \(there is no such request, or no longer: decided ones are removed after an hour/

  it.each(['approve', 'deny'])('C40 csr %s: said so beside the others, exit code 3', async verb => {
    const server = await serve()
    server.add(serving('here'))
    const { exitCode, stdout } = await csr(server, [verb, 'here', 'cleaned', '--yes'])
    expect(exitCode).toBe(3)
    expect(stdout).toMatch(GONE)
    expect(stdout).toMatch(verb === 'approve' ? /here approved/ : /here denied/)
  })

  it.each(['approve', 'deny'])('C40 csr %s: a mistyped name is guessed at', async verb => {
    const server = await serve()
    server.add(serving('csr-8b2xk'))
    const { stdout } = await csr(server, [verb, 'csr-8b2kx', 'elsewhere', '--yes'])
    expect(stdout).toMatch(
      /csr-8b2kx gone \(there is no such request, or no longer: did you mean csr-8b2xk\?\)/,
    )
    expect(stdout).toMatch(/elsewhere gone \(.*others after a day\)/)
  })

  it('C40 it goes while it is looked at: -o json has it as gone', async () => {
    const server = await serve()
    for (const name of ['a', 'b']) server.add(serving(name))
    const answers = () => {
      server.remove('a')
      return 'y'
    }
    const argv = ['approve', 'a', 'b', '--force', '-o', 'json']
    const { exitCode, stdout } = await csr(server, argv, { answers })
    expect(exitCode).toBe(3)
    const { items } = JSON.parse(stdout) as { items: { name: string; outcome: string; changed: boolean }[] }
    expect(Object.fromEntries(items.map(one => [one.name, [one.outcome, one.changed]]))).toEqual({
      a: ['gone', false],
      b: ['approved', true],
    })
  })

  it('C40 csr show: nothing to show, and why', async () => {
    const server = await serve()
    const { exitCode, stdout, stderr } = await csr(server, ['show', 'cleaned'])
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
    expect(stderr).toContain('there is no request "cleaned"')
    expect(stderr).toContain(
      'an hour after they are decided, and after a day when nobody decides: that is no error',
    )
  })

  it('C40 csr clean: somebody else was faster, and all is well', async () => {
    let isFirst = true
    const server = await serve({
      before: ({ method }) => {
        if (method === 'DELETE' && isFirst) server.remove('a')
        isFirst &&= method !== 'DELETE'
        return false
      },
    })
    for (const name of ['a', 'b']) server.add(serving(name, ago(30 * HOUR)))
    const { exitCode, stdout, stderr } = await csr(server, ['clean', '--yes'])
    expect(exitCode, stderr).toBe(0)
    expect(stdout).toMatch(/^a .*: gone already, or another one has its name$/m)
    expect(stdout).toMatch(/^b .*: deleted$/m)
    expect(stderr).toContain('1 of 2 requests deleted')
  })
})

describe('csr sign in a cluster', () => {
  const condition = { type: 'Approved', status: 'True', reason: 'R', lastUpdateTime: ago(60_000) }
  const sign = (server: RequestServer, directory: string) =>
    csr(server, ['sign', '--all', '--now', NOW.toISOString(), ...authority(directory).flags])

  async function threeWhere(beforeSecond: (server: RequestServer) => void): Promise<RequestServer> {
    const server = await serve({
      before: ({ method, url }) => {
        if (method === 'GET' && url.pathname.endsWith('/b')) beforeSecond(server)
        return false
      },
    })
    for (const name of ['a', 'b', 'c']) server.add(serving(name, ago(120_000), { conditions: [condition] }))
    return server
  }
  const isSigned = (server: RequestServer, name: string) =>
    server.objects.get(name)?.status.certificate !== undefined

  it('C40 one that is gone by then: the others are signed, and it is named', async () => {
    const server = await threeWhere(one => one.remove('b'))
    const { exitCode, stdout, stderr } = await sign(server, tempDir())
    expect(exitCode).toBe(3)
    expect(stdout.match(/[ac] signed$/gm)).toHaveLength(2)
    expect(stderr).toContain('b: left alone: b: there is no such request, or no longer')
    expect(['a', 'c'].map(name => isSigned(server, name))).toEqual([true, true])
  })

  it('one that was denied meanwhile is left, and the others are signed', async () => {
    const server = await threeWhere(one => one.change('b', denied('No')))
    const { exitCode, stderr } = await sign(server, tempDir())
    expect(exitCode).toBe(3)
    expect(stderr).toContain('"b" was changed by somebody else meanwhile: it is denied')
    expect(['a', 'b', 'c'].map(name => isSigned(server, name))).toEqual([true, false, true])
  })

  it('a server that goes away: what was signed is told', async () => {
    const server = await threeWhere(one => void one.stop())
    const { exitCode, stdout, stderr } = await sign(server, tempDir())
    expect(exitCode).toBe(1)
    expect(stdout).toBe('certificatesigningrequest.certificates.k8s.io/a signed\n')
    expect(stderr).toContain('c: left alone: the API server is away')
  })
})

describe('csr create --wait, as a process', () => {
  function create(server: RequestServer, directory: string, ...args: string[]) {
    const asked = ['--user', 'jane', '--encryption-algorithm', 'ECDSA-P256', '--kubeconfig', configOf(server)]
    const argv = [...COMMAND, 'csr', 'create', 'jane', ...asked, ...args]
    const started = startProcess(argv, { cwd: directory })
    onTestFinished(() => started.kill('SIGKILL'))
    return started
  }
  const isSent = (server: RequestServer) => expect.poll(() => server.objects.has('jane'), PATIENCE).toBe(true)
  const keyIn = (directory: string) => readFileSync(join(directory, 'jane.key'), 'utf8')

  it('C40 removed while it waits: said so, and the next run sends the same key', async () => {
    const [server, directory] = [await serve(), tempDir()]
    const waiting = create(server, directory, '--wait')
    await isSent(server)
    await expect.poll(waiting.stderr, PATIENCE).toContain('waiting for an answer')
    const request = requestIn(server.objects.get('jane') as never)
    server.remove('jane')
    const { exitCode, stderr } = await waiting.ended
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/removed from the cluster before it was answered\n.*hint: run the same again/)
    const again = create(server, directory, '--wait')
    await isSent(server)
    expect(requestIn(server.objects.get('jane') as never)).toBe(request)
    server.change('jane', approved(signedForClient(files, request)))
    expect(await again.ended).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('BEGIN') })
  })

  it.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)(
    '%s while it waits: the next run goes on',
    async signal => {
      const [server, directory] = [await serve(), tempDir()]
      const waiting = create(server, directory, '--cert-out', 'jane.crt')
      await isSent(server)
      await expect.poll(waiting.stderr, PATIENCE).toContain('waiting for an answer')
      const key = keyIn(directory)
      waiting.kill(signal)
      const { exitCode, stderr } = await waiting.ended
      expect(exitCode).toBe(signal === 'SIGKILL' ? null : 1)
      if (signal !== 'SIGKILL') expect(stderr).toMatch(/error: interrupted; .*\n.*hint: run the same again/)
      const held = server.objects.get('jane')
      server.change('jane', approved(signedForClient(files, requestIn(held as never))))
      const again = await create(server, directory, '--cert-out', 'jane.crt').ended
      expect(again.exitCode, again.stderr).toBe(0)
      expect(again.stderr).toContain('is in the cluster already')
      expect(readdirSync(directory).toSorted()).toEqual(['jane.crt', 'jane.key'])
      expect(keyIn(directory)).toBe(key)
    },
  )

  it('a full disk behind its output loses nothing', async () => {
    const [server, directory] = [await serve(), tempDir()]
    const script = `"$0" "$@" > /dev/full`
    const signing = () => {
      const held = server.objects.get('jane')
      server.change('jane', approved(signedForClient(files, requestIn(held as never))))
    }
    const asked = ['--user', 'jane', '--encryption-algorithm', 'ECDSA-P256', '--kubeconfig', configOf(server)]
    const argv = ['bash', '-c', script, ...COMMAND, 'csr', 'create', 'jane', ...asked, '--wait']
    const waiting = startProcess(argv, { cwd: directory })
    await isSent(server)
    signing()
    expect(await waiting.ended).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('ENOSPC') })
    expect(readdirSync(directory).toSorted()).toEqual(['jane.csr', 'jane.key'])
    const again = await create(server, directory, '--wait').ended
    expect(again).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('BEGIN CERTIFICATE') })
  })

  it.each([
    [[], /approved, and not signed\n.*hint: .*kube-controller-manager: .*--cluster-signing-cert-file/],
    [
      ['--signer', 'example.com/own', '--usage', 'client auth'],
      /approved, and not signed\n.*hint: .*signer of your own for "example.com\/own"/,
    ],
  ])('C44 approved, and nobody signs: %j', async (args, says) => {
    const [server, directory] = [await serve({ onCreate: () => approved() }), tempDir()]
    const { exitCode, stderr } = await create(server, directory, '--wait', '--wait-timeout', '4s', ...args)
      .ended
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(says)
    expect(stderr).toContain('then run the same again: it goes on')
  })
})

describe('C44 approved, and never issued', () => {
  const condition = { type: 'Approved', status: 'True', reason: 'R', lastUpdateTime: ago(2 * HOUR) }

  it.each(['list', 'show'])('C44 csr %s leads to the flags of kube-controller-manager', async verb => {
    const server = await serve()
    server.add(serving('unsigned', ago(3 * HOUR), { conditions: [condition] }))
    const { exitCode, stdout, stderr } = await csr(server, [verb, ...(verb === 'show' ? ['unsigned'] : [])])
    expect(exitCode).toBe(0)
    expect(stdout).toContain('never issued: no signer for this name seems to run')
    expect(stderr).toContain('--cluster-signing-cert-file')
    expect(stderr).toContain('one certificate, no bundle, that has not expired')
  })

  it('C44 one that was approved just now has time', async () => {
    const server = await serve()
    const fresh = { ...condition, lastUpdateTime: ago(60_000) }
    server.add(serving('fresh', ago(3 * HOUR), { conditions: [fresh] }))
    const { stdout, stderr } = await csr(server, ['show', 'fresh'])
    expect(stdout).toContain('not issued yet')
    expect(stderr).not.toContain('--cluster-signing')
  })
})
