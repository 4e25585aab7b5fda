/** The client against a server that does everything wrong that one can. */
import { chmodSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { ClusterApi } from '../../src/cluster/api.ts'
import { repeated } from '../../src/cluster/watching.ts'
import { clusterTarget } from '../../src/commands/cluster-target.ts'
import { PkiError } from '../../src/errors.ts'
import type { CertificateSigningRequest } from '../../src/kubernetes/certificate-signing-request.ts'
import {
  allOf,
  COLLECTION,
  connecting,
  failureOf,
  files,
  type Given,
  notes,
  serving,
  TOKEN,
} from '../support/api-client.ts'
import {
  type Handler,
  makeFiles,
  reply,
  replyStatus,
  requestObject,
  startFakeApi,
  writeKubeconfig,
} from '../support/fake-api-server.ts'
import { NOW } from '../support/host.ts'

const read = async (api: Promise<ClusterApi>) => (await api).readRequest('one')
const list = async (api: Promise<ClusterApi>) => allOf((await api).listRequests())

describe('trouble is one line that says what it is', () => {
  it('nobody listens', async () => {
    const { code, message, hint } = await failureOf(read(connecting('https://127.0.0.1:1')))
    expect({ code, message }).toEqual({
      code: 'CLUSTER_UNREACHABLE',
      message: 'https://127.0.0.1:1: nobody listens there (ECONNREFUSED)',
    })
    expect(hint).toContain('firewall')
  })

  it('no such host', async () => {
    const { message } = await failureOf(read(connecting('https://no-such-host.invalid:6443')))
    expect(message).toMatch(
      /no-such-host\.invalid:6443: (its name (is not known|cannot be looked up)|no answer within 20 s)/,
    )
  })

  it('a black hole, within the time given', async () => {
    const server = createServer(socket => onTestFinished(() => void socket.destroy()))
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const { port } = server.address() as { port: number }
    const started = performance.now()
    const { code, message } = await failureOf(read(connecting(`https://127.0.0.1:${port}`, { timeout: 300 })))
    expect(performance.now() - started).toBeLessThan(5_000)
    expect({ code, message }).toEqual({
      code: 'CLUSTER_UNREACHABLE',
      message: `https://127.0.0.1:${port}: no answer within 0.3 s`,
    })
  })

  it('an answer that begins and does not end', async () => {
    const { url } = await serving((_, response) => void response.writeHead(200).write('{"kind":'))
    const { message } = await failureOf(read(connecting(url, { timeout: 300 })))
    expect(message).toBe(`${url}: no answer within 0.3 s`)
  })

  it('no TLS', async () => {
    const server = createServer(socket => socket.on('error', () => undefined).end('HTTP/1.1 400 Bad\r\n\r\n'))
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const { port } = server.address() as { port: number }
    const { code, message } = await failureOf(read(connecting(`https://127.0.0.1:${port}`)))
    expect(code).toBe('CLUSTER_UNREACHABLE')
    expect(message).toContain('speaks no TLS')
  })

  it('another CA', async () => {
    const { url } = await serving((_, response) => reply(response, 200, {}))
    const other = makeFiles()
    onTestFinished(() => rmSync(other.directory, { recursive: true }))
    const cluster = { 'certificate-authority': other.ca }
    const { code, message } = await failureOf(read(connecting(url, { cluster })))
    expect(code).toBe('CLUSTER_UNTRUSTED')
    expect(message).toContain(
      `the certificate it shows is signed by none of the CAs of ${other.ca} (CN=fake-ca, SHA-256 `,
    )
  })

  it('another name', async () => {
    const { url } = await serving((_, response) => reply(response, 200, {}))
    const { code, message } = await failureOf(read(connecting(url.replace('127.0.0.1', 'localhost'))))
    expect(code).toBe('CLUSTER_UNTRUSTED')
    expect(message).toContain('is for other names')
  })

  it('401 with a token, whose text is nowhere', async () => {
    const { url } = await serving((_, response) => replyStatus(response, 401, { message: 'Unauthorized' }))
    const { code, message } = await failureOf(read(connecting(url)))
    expect({ code, message }).toEqual({
      code: 'UNAUTHORIZED',
      message: `${url} does not know who user "someone" is (401): its token is not accepted: it may have expired`,
    })
  })

  it('401 with a certificate that has expired says since when', async () => {
    const { url } = await serving((_, response) => replyStatus(response, 401, {}))
    const user = { 'client-certificate': 'server.crt', 'client-key': 'server.key' }
    const later = new Date('2036-01-01T00:00:00Z')
    const { message } = await failureOf(read(connecting(url, { user, now: () => later })))
    expect(message).toMatch(/its client certificate \(CN=fake-api\) expired at 202\d-/)
  })

  it('403 names the user, the verb and the resource, and gives the rule', async () => {
    const said =
      'certificatesigningrequests.certificates.k8s.io is forbidden: User "jane" cannot list resource "certificatesigningrequests" in API group "certificates.k8s.io" at the cluster scope'
    const { url } = await serving((_, response) => replyStatus(response, 403, { message: said }))
    const { code, message, manifest } = await failureOf(list(connecting(url)))
    expect({ code, message }).toEqual({
      code: 'FORBIDDEN',
      message: `${url}: user "jane" may not list certificatesigningrequests`,
    })
    expect(manifest).toContain('kind: ClusterRole\n')
    expect(manifest).toContain('  name: jane\n')
  })

  it('403 of the admission plug-in asks for the signer', async () => {
    const said =
      'certificatesigningrequests.certificates.k8s.io "one" is forbidden: user not permitted to approve requests with signerName "example.com/mine"'
    const { url } = await serving(({ method }, response) =>
      method === 'GET'
        ? reply(response, 200, requestObject({ name: 'one' }))
        : replyStatus(response, 403, { message: said }),
    )
    const api = await connecting(url)
    const { message, manifest } = await failureOf(api.updateApproval('one', ({ object }) => object))
    expect(message).toContain('may not approve signers "example.com/mine"')
    expect(manifest).toContain('- example.com/mine\n')
  })

  it('403 for another reason is in the words of the server, harmless ones', async () => {
    const said = 'forbidden: no system:masters here \u001b[31m\nred'
    const { url } = await serving((_, response) => replyStatus(response, 403, { message: said }))
    const { message, manifest } = await failureOf(list(connecting(url)))
    expect(message).toBe(`${url}: forbidden: no system:masters here \\u001b[31m\\u000ared (403)`)
    expect(manifest).toBeUndefined()
  })

  it('422 has the server’s causes', async () => {
    const details = { causes: [{ field: 'spec.usages', message: 'Unsupported value: "fly"' }] }
    const { url } = await serving((_, response) => replyStatus(response, 422, { message: 'long', details }))
    const api = await connecting(url)
    const { code, message } = await failureOf(api.createRequest({}))
    expect({ code, message }).toEqual({
      code: 'REQUEST_INVALID',
      message:
        'create certificatesigningrequests: the API server refuses it: spec.usages: Unsupported value: "fly"',
    })
  })

  it('404 is no trouble when one is read, and 500 is', async () => {
    const { url } = await serving(({ method }, response) =>
      replyStatus(response, method === 'GET' ? 404 : 500, {}),
    )
    const api = await connecting(url)
    expect(await api.readRequest('one')).toBeUndefined()
    expect((await failureOf(api.createRequest({}))).message).toContain('no reason given (HTTP 500)')
  })

  it('an answer that is no JSON', async () => {
    const { url } = await serving((_, response) => void response.writeHead(200).end('<html>'))
    expect((await failureOf(read(connecting(url)))).message).toContain('wanted JSON')
  })

  it('a kubeconfig without that context, with the names there are', async () => {
    const { message } = await failureOf(connecting('https://127.0.0.1:1', { context: 'there' }))
    expect(message).toContain('wanted the context "there", found here')
  })

  it('no kubeconfig at all', async () => {
    const { code, hint } = await failureOf(connecting('', { kubeconfig: undefined, environment: {} }))
    expect(code).toBe('KUBECONFIG_UNUSABLE')
    expect(hint).toContain('--kubeconfig')
  })
})

describe('who asks', () => {
  const echo: Handler = (_, response) => reply(response, 200, requestObject({ name: 'one' }))
  const authorizationOf = async (user: object, options: Given = {}) => {
    const { url, seen } = await serving(echo)
    await read(connecting(url, { user, ...options }))
    return seen[0]?.headers.authorization
  }

  it('a token, and one from a file without its line’s end', async () => {
    expect(await authorizationOf({ token: TOKEN })).toBe(`Bearer ${TOKEN}`)
    writeFileSync(join(files.directory, 'token'), `${TOKEN}\n`)
    expect(await authorizationOf({ tokenFile: 'token' })).toBe(`Bearer ${TOKEN}`)
  })

  it('a plugin beside the kubeconfig, started without a shell, with what client-go gives it', async () => {
    const plugin = join(files.directory, 'plugin')
    writeFileSync(
      plugin,
      `#!/bin/sh\necho "asking \${KUBERNETES_EXEC_INFO}" >&2\nprintf '{"status":{"token":"%s"}}' "$1-$EXTRA"\n`,
    )
    chmodSync(plugin, 0o755)
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: './plugin',
      args: ['$(id)'],
      env: [{ name: 'EXTRA', value: 'more' }],
    }
    notes.length = 0
    expect(await authorizationOf({ exec })).toBe('Bearer $(id)-more')
    expect(notes.join()).toContain('"kind":"ExecCredential"')
  })

  it.each([
    ['sleep 60', 'printed nothing within 0.5 s', 500],
    ['exit 3', 'ended with exit code 3', 30_000],
    ['echo secret-token-0123456789abcdef', 'printed no ExecCredential', 30_000],
  ])('a plugin that does “%s”', async (script, found, timeout) => {
    const exec = { command: 'sh', args: ['-c', script] }
    const { code, message } = await failureOf(connecting('https://127.0.0.1:1', { user: { exec }, timeout }))
    expect({ code, message }).toMatchObject({
      code: 'CREDENTIAL_PLUGIN_FAILED',
      message: expect.stringContaining(found),
    })
  })

  it('a plugin that is not there, with its hint', async () => {
    const exec = { command: 'no-such-plugin', installHint: 'get it from the shop' }
    const { message, hint } = await failureOf(connecting('https://127.0.0.1:1', { user: { exec } }))
    expect({ message, hint }).toEqual({
      message: 'the credential plugin no-such-plugin cannot be started: there is no such program',
      hint: 'get it from the shop',
    })
  })

  it('a plugin is asked again when its token is no longer taken', async () => {
    const counter = join(files.directory, 'counter')
    const exec = {
      command: 'sh',
      args: ['-c', `echo x >> ${counter}; printf '{"status":{"token":"t%s"}}' $(wc -l < ${counter})`],
    }
    const { url } = await serving(({ headers }, response) =>
      headers.authorization === 'Bearer t2'
        ? reply(response, 200, requestObject({ name: 'one' }))
        : replyStatus(response, 401, {}),
    )
    expect(await read(connecting(url, { user: { exec } }))).toMatchObject({ name: 'one' })
  })

  it('somebody else’s name, with groups', async () => {
    const { url, seen } = await serving(echo)
    await read(connecting(url, { user: { token: TOKEN, as: 'bob', 'as-groups': ['devs'] } }))
    expect(seen[0]?.headers).toMatchObject({ 'impersonate-user': 'bob', 'impersonate-group': 'devs' })
  })

  it('of several kubeconfigs the first that names something wins', async () => {
    const { url, seen } = await serving(echo)
    const one = writeKubeconfig(files, { name: 'one', server: url, user: { token: 'first' } })
    const two = writeKubeconfig(files, {
      name: 'two',
      server: 'https://127.0.0.1:1',
      user: { token: 'second' },
    })
    const environment = { KUBECONFIG: `${join(files.directory, 'absent')}:${one}:${two}` }
    await read(connecting('', { kubeconfig: undefined, environment }))
    expect(seen[0]?.headers.authorization).toBe('Bearer first')
  })
})

describe('changes', () => {
  it('are made again of the newest object when somebody was faster, ten times', async () => {
    let version = 0
    const { url, seen } = await serving(({ method }, response) => {
      version += 1
      if (method === 'GET')
        reply(response, 200, requestObject({ name: 'one', resourceVersion: `${version}` }))
      else if (version < 10) replyStatus(response, 409, {})
      else reply(response, 200, requestObject({ name: 'one' }))
    })
    const api = await connecting(url)
    const versions: (string | undefined)[] = []
    await api.updateApproval('one', ({ object, resourceVersion }) => {
      versions.push(resourceVersion)
      return object
    })
    expect(versions).toEqual(['1', '3', '5', '7', '9'])
    const [, put] = seen
    expect(put).toMatchObject({ method: 'PUT', url: { pathname: `${COLLECTION}/one/approval` } })
    // What this version knows nothing of is written back as it was.
    expect(JSON.parse(put?.body ?? '')).toMatchObject({ spec: { futureField: { kept: true } } })
    version = -1000
    expect((await failureOf(api.updateApproval('one', ({ object }) => object))).code).toBe('CONFLICT')
    expect(version).toBe(-980)
  })

  it('delete that very object', async () => {
    const { url, seen } = await serving((_, response) => replyStatus(response, 409, {}))
    const api = await connecting(url)
    expect(await api.deleteRequest('one', 'uid-1')).toBe(false)
    expect(JSON.parse(seen[0]?.body ?? '')).toMatchObject({ preconditions: { uid: 'uid-1' } })
  })
})

describe('long lists', () => {
  const page = (from: number, count: number, next?: string) => ({
    kind: 'CertificateSigningRequestList',
    metadata: { resourceVersion: '7', ...(next !== undefined && { continue: next }) },
    items: Array.from({ length: count }, (_, index) => requestObject({ name: `r${from + index}` })),
  })

  it('come in pages, of one signer', async () => {
    const { url, seen } = await serving(({ url }, response) =>
      reply(response, 200, url.searchParams.get('continue') === 'two' ? page(2, 1) : page(0, 2, 'two')),
    )
    const api = await connecting(url)
    expect(await allOf(api.listRequests({ signerName: 'a.b/c', pageSize: 2 }))).toEqual(['r0', 'r1', 'r2'])
    expect(seen.map(({ url }) => url.search)).toEqual([
      '?limit=2&fieldSelector=spec.signerName%3Da.b%2Fc',
      '?limit=2&continue=two&fieldSelector=spec.signerName%3Da.b%2Fc',
    ])
  })

  it.each([
    ['from the start', {}],
    ['as the server says', { metadata: { continue: 'inconsistent' } }],
  ])('that expire are gone on with %s, and nothing comes twice', async (_name, body) => {
    let isExpired = false
    const { url } = await serving(({ url }, response) => {
      const from = url.searchParams.get('continue')
      if (from === 'two' && !isExpired) {
        isExpired = true
        replyStatus(response, 410, { reason: 'Expired', ...body })
      } else if (from === null) reply(response, 200, page(0, 2, 'two'))
      else reply(response, 200, page(1, 2))
    })
    expect(await list(connecting(url))).toEqual(['r0', 'r1', 'r2'])
  })

  it('that always expire are given up', async () => {
    const { url } = await serving((_, response) => replyStatus(response, 410, {}))
    expect((await failureOf(list(connecting(url)))).code).toBe('LIST_EXPIRED')
  })
})

describe('the server is the one that is meant', () => {
  const ok: Handler = (_, response) => reply(response, 200, requestObject({ name: 'one' }))
  const WITHOUT_CA = { 'certificate-authority': undefined }

  it('also when the environment would have it otherwise', async () => {
    const { url } = await serving(ok)
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
    onTestFinished(() => {
      delete process.env.NODE_TLS_REJECT_UNAUTHORIZED
    })
    const { code } = await failureOf(read(connecting(url, { cluster: WITHOUT_CA })))
    expect(code).toBe('CLUSTER_UNTRUSTED')
  })

  it('unless the kubeconfig says so, which is told', async () => {
    const { url } = await serving(ok)
    notes.length = 0
    const cluster = { ...WITHOUT_CA, 'insecure-skip-tls-verify': true }
    expect((await read(connecting(url, { cluster })))?.name).toBe('one')
    expect(notes).toEqual([expect.stringContaining('insecure-skip-tls-verify')])
  })

  it('with a CA or without verification, never both', async () => {
    const { url } = await serving(ok)
    const both = connecting(url, { cluster: { 'insecure-skip-tls-verify': true } })
    expect((await failureOf(both)).message).toContain('found both')
  })

  it('and credentials go to nobody without TLS, which is told', async () => {
    notes.length = 0
    await connecting('http://127.0.0.1:9', { cluster: WITHOUT_CA })
    expect(notes).toEqual([
      expect.stringContaining('without TLS the credentials of user "someone" are not sent'),
    ])
    notes.length = 0
    await connecting('http://127.0.0.1:9', { cluster: WITHOUT_CA, user: {} })
    expect(notes).toEqual([])
  })
})

describe('watches', () => {
  const line = (type: string, fields: Parameters<typeof requestObject>[0]) =>
    `${JSON.stringify({ type, object: requestObject(fields) })}\n`

  it('follow one object, through a server that ends them, until it is another one', async () => {
    let round = 0
    const { url } = await serving(({ url }, response) => {
      if (!url.searchParams.has('watch'))
        return reply(response, 200, requestObject({ name: 'one', resourceVersion: `${round + 1}` }))
      round += 1
      response.writeHead(200)
      if (round === 1) response.end(line('MODIFIED', { name: 'one', resourceVersion: '2' }))
      else if (round === 2) response.write('{', () => response.destroy())
      else response.write(line('ADDED', { name: 'one', uid: 'another', resourceVersion: '9' }))
    })
    const api = await connecting(url)
    const versions: (string | undefined)[] = []
    for await (const seen of api.watchRequest('one', 'uid-one', new AbortController().signal))
      versions.push(seen === 'gone' ? 'gone' : seen.resourceVersion)
    expect(versions).toEqual(['1', '2', '3', 'gone'])
  })

  it('of what was just there wait for a server that is away at once, through what it refuses when it starts', async () => {
    let refusals = 2
    const handle: Handler = ({ url }, response) => {
      if (refusals > 0) replyStatus(response, 403, { reason: 'Forbidden' })
      else if (url.searchParams.has('watch')) response.writeHead(200).end(line('DELETED', { name: 'one' }))
      else reply(response, 200, requestObject({ name: 'one', resourceVersion: '1' }))
      refusals -= 1
    }
    const { url, port, close } = await serving(handle)
    let back: ReturnType<typeof startFakeApi> | undefined
    const said: string[] = []
    const onNote = (note: string) => {
      said.push(note)
      back ??= startFakeApi(files, handle, port)
    }
    const api = await connecting(url, { onNote })
    await close()
    const seen: string[] = []
    for await (const one of api.watchRequest('one', 'uid-one', new AbortController().signal))
      seen.push(one === 'gone' ? one : one.name)
    await (await back)?.close()
    expect(seen).toEqual(['one', 'gone'])
    expect(said).toEqual([
      `${url}: nobody listens there (ECONNREFUSED); asking again`,
      'the API server answers again',
    ])
  })

  async function namesSeen(api: ClusterApi): Promise<string[]> {
    const seen: string[] = []
    for await (const one of api.watchRequest('one', 'uid-one', new AbortController().signal))
      seen.push(one === 'gone' ? one : (one.resourceVersion ?? ''))
    return seen
  }

  it('of one go on from now where the server knows no state so old', async () => {
    const since: (string | null)[] = []
    const { url } = await serving(({ url }, response) => {
      if (!url.searchParams.has('watch'))
        return reply(response, 200, requestObject({ name: 'one', resourceVersion: '7' }))
      since.push(url.searchParams.get('resourceVersion'))
      response.writeHead(200)
      if (since.length === 1)
        response.end(`${JSON.stringify({ type: 'ERROR', object: { code: 410, message: 'too old' } })}\n`)
      else if (since.length === 2) response.end(line('ADDED', { name: 'one', resourceVersion: '7' }))
      else response.end(line('DELETED', { name: 'one' }))
    })
    notes.length = 0
    expect(await namesSeen(await connecting(url))).toEqual(['7', '7', 'gone'])
    expect(since).toEqual(['7', null, null])
    expect(notes).toEqual([])
  })

  it('of what was just there wait for a server that only begins to answer', async () => {
    let isReady = false
    const { url } = await serving(({ url }, response) => {
      if (!isReady) replyStatus(response, 503, { message: 'apiserver is shutting down' })
      else if (url.searchParams.has('watch')) response.writeHead(200).end(line('DELETED', { name: 'one' }))
      else reply(response, 200, requestObject({ name: 'one', resourceVersion: '1' }))
      isReady = true
    })
    notes.length = 0
    expect(await namesSeen(await connecting(url))).toEqual(['1', 'gone'])
    expect(notes).toEqual([expect.stringContaining('asking again'), 'the API server answers again'])
  })

  /** Until one is gone. */
  async function eventsSeen(api: ClusterApi, say = ({ name }: CertificateSigningRequest) => name) {
    const events: string[] = []
    const stop = new AbortController()
    for await (const event of api.watchRequests(stop.signal)) {
      events.push('request' in event ? `${event.type} ${say(event.request)}` : event.type)
      if (event.type === 'gone') stop.abort()
    }
    return events
  }

  it('list anew what could not be listed to its end', async () => {
    let lists = 0
    const { url } = await serving(({ url }, response) => {
      if (url.searchParams.has('watch'))
        return void response.writeHead(200).end(line('DELETED', { name: 'two' }))
      const isSecond = url.searchParams.has('continue')
      lists += isSecond ? 0 : 1
      if (isSecond && lists === 1) return replyStatus(response, 500, { message: 'etcd is unwell' })
      const metadata = { resourceVersion: '5', ...(!isSecond && { continue: 'more' }) }
      reply(response, 200, { metadata, items: [requestObject({ name: isSecond ? 'two' : 'one' })] })
    })
    expect(await eventsSeen(await connecting(url))).toEqual([
      ...['listing', 'present one'],
      ...['listing', 'present one', 'present two', 'synced', 'gone two'],
    ])
  })

  it('list of one state: what expires in the middle is listed anew, as it is by then', async () => {
    let lists = 0
    const { url } = await serving(({ url }, response) => {
      if (url.searchParams.has('watch'))
        return void response.writeHead(200).write(line('DELETED', { name: 'two' }))
      const isSecond = url.searchParams.has('continue')
      lists += isSecond ? 0 : 1
      const anew = { metadata: { continue: 'inconsistent' } }
      if (isSecond && lists === 1) return replyStatus(response, 410, { reason: 'Expired', ...anew })
      const metadata = { resourceVersion: `${lists}`, ...(!isSecond && { continue: 'more' }) }
      const one = requestObject({ name: 'one', resourceVersion: `${lists}` })
      reply(response, 200, { metadata, items: [isSecond ? requestObject({ name: 'two' }) : one] })
    })
    const said = ({ name, resourceVersion }: CertificateSigningRequest) => `${name} ${resourceVersion}`
    const events = await eventsSeen(await connecting(url), said)
    expect(events.slice(0, 4)).toEqual(['listing', 'present one 1', 'listing', 'present one 2'])
    expect(events.slice(5, 6)).toEqual(['synced'])
  })

  it.each([
    ['CREDENTIAL_PLUGIN_FAILED', 'outlasted'],
    ['CLUSTER_UNREACHABLE', 'outlasted'],
    ['FORBIDDEN', 'outlasted'],
    ['USAGE', 'USAGE'],
  ] as const)('outlast what passes by itself: %s is %s', async (code, outcome) => {
    let count = 0
    async function* round(): AsyncGenerator<string, boolean> {
      count += 1
      if (count === 2) throw new PkiError(code, 'trouble')
      yield 'something'
      return count > 2
    }
    const rounds = repeated(round, {
      signal: new AbortController().signal,
      onNote: () => undefined,
      wasThere: false,
    })
    const ended = (async () => {
      for await (const _ of rounds);
      return 'outlasted'
    })()
    expect(await ended.catch((error: PkiError) => error.code)).toBe(outcome)
  })

  it('list anew what a server has forgotten', async () => {
    let round = 0
    const { url } = await serving(({ url }, response) => {
      if (!url.searchParams.has('watch')) {
        const items = [requestObject({ name: round === 0 ? 'old' : 'new' })]
        return reply(response, 200, { metadata: { resourceVersion: '5' }, items })
      }
      round += 1
      response.writeHead(200)
      if (round === 1)
        response.end(`${JSON.stringify({ type: 'ERROR', object: { code: 410, message: 'too old' } })}\n`)
      else response.write(line('DELETED', { name: 'new' }))
    })
    expect(await eventsSeen(await connecting(url))).toEqual([
      'listing',
      'present old',
      'synced',
      'listing',
      'present new',
      'synced',
      'gone new',
    ])
  })

  it('end at once when they are ended', async () => {
    const stop = new AbortController()
    let stoppedAt = Number.NaN
    const { url } = await serving(({ url }, response) => {
      if (!url.searchParams.has('watch'))
        return reply(response, 200, { metadata: { resourceVersion: '5' }, items: [] })
      response.writeHead(200).flushHeaders()
      setTimeout(() => {
        stoppedAt = performance.now()
        stop.abort()
      }, 200)
    })
    const api = await connecting(url)
    for await (const _ of api.watchRequests(stop.signal));
    // A watch that nobody ends goes on for a minute.
    expect(performance.now() - stoppedAt).toBeLessThan(4_000)
  })
})

it.each([
  [{}, NOW],
  [{ now: new Date('2027-01-01T00:00:00Z') }, new Date('2027-01-01T00:00:00Z')],
])('takes the time of --now, else of the clock: %j', (given, expected) => {
  const kubeconfig = writeKubeconfig(files, { server: 'https://127.0.0.1:6443', user: { token: TOKEN } })
  const host = { stdout: () => undefined, stderr: () => undefined, now: () => NOW }
  expect(clusterTarget({ kubeconfig, ...given }, host).now()).toEqual(expected)
})
