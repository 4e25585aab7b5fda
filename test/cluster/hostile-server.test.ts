/** API servers and kubeconfigs of people who mean harm: what they get, and what whoever asks them sees. */
import { existsSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { type AddressInfo, connect as connectSocket, type Socket } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { describe, expect, it, onTestFinished } from 'vitest'
import { firstToAbort } from '../../src/abort.ts'
import type { ClusterApi } from '../../src/cluster/api.ts'
import { linesOf } from '../../src/cluster/transport.ts'
import {
  allOf,
  COLLECTION,
  connecting,
  failureOf,
  files,
  notes,
  serving,
  TOKEN,
} from '../support/api-client.ts'
import { type Handler, makeFiles, reply, requestObject } from '../support/fake-api-server.ts'

describe('an object that is another one', () => {
  const NAME = '$(id)\u001b[31m'

  it('read by its name', async () => {
    const { url } = await serving((_, response) => reply(response, 200, requestObject({ name: NAME })))
    const { code, message } = await failureOf((await connecting(url)).readRequest('one'))
    expect({ code, message }).toMatchObject({
      code: 'CLUSTER_REFUSED',
      message: expect.stringContaining('found one of the name "$(id)'),
    })
  })

  it('made', async () => {
    const { url } = await serving((_, response) => reply(response, 201, requestObject({ name: NAME })))
    const api = await connecting(url)
    expect((await failureOf(api.createRequest({ metadata: { name: 'one' } }))).code).toBe('CLUSTER_REFUSED')
  })

  it('changed', async () => {
    const { url } = await serving(({ method }, response) =>
      reply(response, 200, requestObject({ name: method === 'GET' ? 'one' : NAME })),
    )
    const api = await connecting(url)
    expect((await failureOf(api.updateApproval('one', ({ object }) => object))).code).toBe('CLUSTER_REFUSED')
  })

  it('of another kind', async () => {
    const { url } = await serving((_, response) =>
      reply(response, 200, { ...requestObject({ name: 'one' }), kind: 'Secret', apiVersion: 'v1' }),
    )
    const { message } = await failureOf((await connecting(url)).readRequest('one'))
    expect(message).toContain('found Secret')
  })

  it('watched', async () => {
    const line = `${JSON.stringify({ type: 'MODIFIED', object: requestObject({ name: NAME, uid: 'uid-one' }) })}\n`
    const ended = new AbortController()
    let watches = 0
    const { url } = await serving(({ url }, response) => {
      if (!url.searchParams.has('watch')) return reply(response, 200, requestObject({ name: 'one' }))
      watches += 1
      if (watches > 1) ended.abort()
      response.writeHead(200).end(line)
    })
    const api = await connecting(url)
    const seen: string[] = []
    for await (const one of api.watchRequest('one', 'uid-one', ended.signal))
      seen.push(one === 'gone' ? one : one.name)
    expect(new Set(seen)).toEqual(new Set(['one']))
  })

  it.each(['', '.', '..', 'a/b', '../../../api/v1/nodes', 'a%2e'])('listed as %j', async name => {
    const { url } = await serving((_, response) =>
      reply(response, 200, { items: [requestObject({ name })], metadata: {} }),
    )
    expect((await failureOf(allOf((await connecting(url)).listRequests()))).code).toBe('CLUSTER_REFUSED')
  })
})

it.each(['', '.', '..', 'a/../..'])('nothing is asked or deleted under the name %j', async name => {
  const { url, seen } = await serving((_, response) => reply(response, 200, requestObject({ name: 'x' })))
  const api = await connecting(url)
  expect((await failureOf(api.readRequest(name))).code).toBe('USAGE')
  expect((await failureOf(api.deleteRequest(name, 'uid'))).code).toBe('USAGE')
  expect((await failureOf(api.updateApproval(name, ({ object }) => object))).code).toBe('USAGE')
  expect(seen).toEqual([])
})

describe('an answer that does not end', () => {
  it('pages with nothing new', async () => {
    const { url, seen } = await serving((_, response) =>
      reply(response, 200, { items: [requestObject({ name: 'one' })], metadata: { continue: 'more' } }),
    )
    const { message } = await failureOf(allOf((await connecting(url)).listRequests()))
    expect(message).toContain('goes on and on')
    expect(seen.length).toBeLessThan(30)
  })

  it('why a watch is refused, without an end', async () => {
    const filler = `${'x'.repeat(1023)}\n`.repeat(512)
    const ended = new AbortController()
    let sent = 0
    const { url } = await serving(async ({ url }, response) => {
      if (!url.searchParams.has('watch')) return reply(response, 200, { items: [], metadata: {} })
      response.on('error', () => undefined).writeHead(500)
      for (; sent < 64 && !response.destroyed; sent += 1) {
        response.write(filler)
        await new Promise(resolve => setTimeout(resolve, 5))
      }
      response.end()
      ended.abort()
    })
    await allOfEvents(await connecting(url), ended.signal)
    expect(sent).toBeGreaterThan(0)
    expect(sent).toBeLessThan(32)
  })

  it('why a watch is refused, a letter at a time', async () => {
    const ended = new AbortController()
    let tries = 0
    const { url } = await serving(async ({ url }, response) => {
      if (!url.searchParams.has('watch')) return reply(response, 200, { items: [], metadata: {} })
      tries += 1
      if (tries > 1) ended.abort()
      response.on('error', () => undefined).writeHead(500)
      for (; !response.destroyed; ) {
        response.write('x')
        await new Promise(resolve => setTimeout(resolve, 20))
      }
    })
    await allOfEvents(await connecting(url, { timeout: 3_000 }), ended.signal)
    expect(tries).toBe(2)
  })

  it('a line of megabytes in small pieces takes no longer than its length', async () => {
    const pieces = [...new Array(5000).fill('x'.repeat(4096)), '\none\ntwo', '\n']
    const before = performance.now()
    const lines: number[] = []
    for await (const { length } of linesOf(Readable.from(pieces) as IncomingMessage)) lines.push(length)
    expect(lines).toEqual([5000 * 4096, 3, 3])
    expect(performance.now() - before).toBeLessThan(5_000)
  })
})

/** Until the signal, or until no server would be waited for any longer. */
async function allOfEvents(api: ClusterApi, signal: AbortSignal): Promise<void> {
  const limit = AbortSignal.timeout(45_000)
  for await (const event of api.watchRequests(firstToAbort([signal, limit])))
    expect(event.type).toMatch(/listing|synced/)
  expect(limit.aborted).toBe(false)
}

describe('credentials', () => {
  async function plainly(user: object): Promise<{ readonly headers: object; readonly count: number }> {
    const seen: object[] = []
    const server = createServer((request, response) => {
      seen.push(request.headers)
      reply(response, 200, requestObject({ name: 'one' }))
    })
    const url = `http://127.0.0.1:${await listening(server)}`
    const api = await connecting(url, { user, cluster: { 'certificate-authority': undefined } })
    await api.readRequest('one')
    return { headers: seen[0] ?? {}, count: seen.length }
  }

  const mark = join(files.directory, 'started')
  it.each<[string, object]>([
    ['a token', { token: TOKEN }],
    ['a password', { username: 'jane', password: TOKEN }],
    ['a plugin', { exec: { command: 'touch', args: [mark] } }],
    ['an auth-provider', { 'auth-provider': { name: 'oidc', config: { 'id-token': TOKEN } } }],
  ])('are not sent without TLS, as by kubectl: %s', async (_, user) => {
    notes.length = 0
    const { headers, count } = await plainly(user)
    expect(count).toBe(1)
    expect(headers).not.toHaveProperty('authorization')
    expect(existsSync(mark)).toBe(false)
    expect(notes).toEqual([
      expect.stringContaining('without TLS the credentials of user "someone" are not sent'),
    ])
  })

  it('do not follow a redirection', async () => {
    const other = await serving((_, response) => reply(response, 200, requestObject({ name: 'one' })))
    const { url } = await serving(
      (_, response) => void response.writeHead(307, { location: `${other.url}${COLLECTION}/one` }).end(),
    )
    expect((await failureOf((await connecting(url)).readRequest('one'))).message).toContain('HTTP 307')
    expect(other.seen).toEqual([])
  })

  it.each<[string, object]>([
    ['gcp', { name: 'gcp', config: { 'cmd-path': 'touch', 'cmd-args': mark } }],
    ['azure', { name: 'azure', config: {} }],
    ['exec', { name: 'exec', config: { exec: { command: 'touch', args: [mark] } } }],
    ['no name', { config: { exec: { command: 'touch', args: [mark] } } }],
  ])('come from no auth-provider that kubectl has not: %s', async (_, provider) => {
    const { code, message } = await failureOf(
      connecting('https://127.0.0.1:1', { user: { 'auth-provider': provider } }),
    )
    expect({ code, message }).toMatchObject({
      code: 'KUBECONFIG_UNUSABLE',
      message: expect.stringContaining('wanted the auth-provider oidc'),
    })
    expect(existsSync(mark)).toBe(false)
  })

  it('nor from anything else below the name oidc', async () => {
    const config = { exec: { command: 'touch', args: [mark] }, tokenFile: files.key, 'id-token': 'a.b.c' }
    await failureOf(
      connecting('https://127.0.0.1:1', { user: { 'auth-provider': { name: 'oidc', config } } }),
    )
    expect(existsSync(mark)).toBe(false)
  })

  it('in a URL are nowhere in a message', async () => {
    const { message } = await failureOf(
      (await connecting('https://jane:pass@word@127.0.0.1:1')).readRequest('one'),
    )
    expect(message).toMatch(/^https:\/\/\.\.\.@127\.0\.0\.1:1: /)
  })
})

async function listening(server: Server): Promise<number> {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

describe('a proxy', () => {
  /** `to`: where it leads, whatever was asked for. */
  async function proxying(to: number) {
    const asked: { readonly url: string; readonly headers: string }[] = []
    const sockets = new Set<Socket>()
    const proxy = createServer().on('connect', (request, client: Socket) => {
      asked.push({ url: request.url ?? '', headers: JSON.stringify(request.headers) })
      const server = connectSocket(to, '127.0.0.1', () => {
        client.write('HTTP/1.1 200 OK\r\n\r\n')
        server.pipe(client).pipe(server)
      })
      for (const one of [client, server]) sockets.add(one.on('error', () => undefined) as Socket)
    })
    const url = `http://127.0.0.1:${await listening(proxy)}`
    onTestFinished(() => {
      for (const one of sockets) one.destroy()
    })
    return { url, asked }
  }

  const named = { 'tls-server-name': '127.0.0.1' }
  const echo: Handler = (_, response) => reply(response, 200, requestObject({ name: 'one' }))

  it.each([
    ['HTTPS_PROXY', (url: string) => ({ environment: { HTTPS_PROXY: url } })],
    ['https_proxy without http://', (url: string) => ({ environment: { https_proxy: url.slice(7) } })],
    [
      'proxy-url, before that',
      (url: string) => ({
        cluster: { ...named, 'proxy-url': url },
        environment: { HTTPS_PROXY: 'http://127.0.0.1:1', NO_PROXY: '*' },
      }),
    ],
  ])('of %s is used, and sees no credentials', async (_, given) => {
    const server = await serving(echo)
    const { url, asked } = await proxying(server.port)
    const api = await connecting('https://api.cluster.example:6443', { cluster: named, ...given(url) })
    expect((await api.readRequest('one'))?.name).toBe('one')
    expect(asked.map(one => one.url)).toEqual(['api.cluster.example:6443'])
    expect(asked[0]?.headers).not.toContain(TOKEN)
    expect(server.seen[0]?.headers.authorization).toBe(`Bearer ${TOKEN}`)
  })

  it('that leads to another server is found out', async () => {
    const server = await serving(echo)
    const { url } = await proxying(server.port)
    const environment = { HTTPS_PROXY: url }
    const api = await connecting('https://api.cluster.example:6443', { environment })
    expect((await failureOf(api.readRequest('one'))).code).toBe('CLUSTER_UNTRUSTED')
    const other = makeFiles()
    onTestFinished(() => rmSync(other.directory, { recursive: true }))
    const cluster = { ...named, 'certificate-authority': other.ca }
    const second = await connecting('https://api.cluster.example:6443', { environment, cluster })
    expect((await failureOf(second.readRequest('one'))).code).toBe('CLUSTER_UNTRUSTED')
    expect(server.seen).toEqual([])
  })

  it('that is not there is named, without its password', async () => {
    const environment = { HTTPS_PROXY: 'http://jane:pass@127.0.0.1:1' }
    const api = await connecting('https://api.cluster.example:6443', { environment })
    const { code, message, hint } = await failureOf(api.readRequest('one'))
    expect({ code, hint }).toEqual({
      code: 'CLUSTER_UNREACHABLE',
      hint: expect.stringContaining('through the proxy http://...@127.0.0.1:1, of HTTPS_PROXY'),
    })
    expect(message).not.toContain('pass')
  })

  it('is never used for this machine', async () => {
    const { url } = await serving(echo)
    const api = await connecting(url, { environment: { HTTPS_PROXY: 'http://127.0.0.1:1' } })
    expect((await api.readRequest('one'))?.name).toBe('one')
  })
})
