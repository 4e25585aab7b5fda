/** Servers that break off, and answers that are none: each call ends in its time, with one line. */
import { Agent } from 'node:http'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { open, send } from '../../src/cluster/transport.ts'
import { connecting, failureOf } from '../support/api-client.ts'

interface RawServer {
  readonly url: string
  /** Of each request, in the order they came, over however many connections. */
  readonly asked: string[]
}

/** `answer` has the number of the request, from 0. */
async function answering(answer: (socket: Socket, index: number) => void): Promise<RawServer> {
  const asked: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('data', data => {
      const [line = ''] = data.toString('latin1').split('\r\n')
      answer(socket, asked.push(line) - 1)
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}

const GOOD = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}'
const BEGUN = 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"items":['

function asking(url: string) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  onTestFinished(() => agent.destroy())
  return () => send({ agent }, { method: 'GET', url: new URL(url), signal: AbortSignal.timeout(5_000) })
}

it('a connection that was closed meanwhile is made again, once', async () => {
  const { url, asked } = await answering((socket, index) => {
    if (index === 1) socket.resetAndDestroy()
    else socket.write(GOOD)
  })
  const ask = asking(url)
  await ask()
  expect(await ask()).toEqual({ status: 200, text: '{}' })
  expect(asked).toHaveLength(3)
})

it('an answer that breaks off is not asked for again', async () => {
  const { url, asked } = await answering((socket, index) => {
    if (index !== 1) return void socket.write(GOOD)
    socket.write(BEGUN)
    setTimeout(() => socket.resetAndDestroy(), 200)
  })
  const ask = asking(url)
  await ask()
  await expect(ask()).rejects.toMatchObject({ code: 'ECONNRESET' })
  // Over a connection of its own: whatever was sent before it is there by now.
  await asking(url)()
  expect(asked).toHaveLength(3)
})

const UPGRADE = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
const refused = 'CLUSTER_REFUSED'
const unreachable = 'CLUSTER_UNREACHABLE'
const LATE = /no answer within 1 s$/

/** Until the other side has had enough. */
function forEver(socket: Socket, text: string): void {
  const timer = setInterval(() => (socket.destroyed ? clearInterval(timer) : socket.write(text)), 10)
  socket.on('close', () => clearInterval(timer))
}

it.each<[string, (socket: Socket) => void, { readonly code: string; readonly says: RegExp }]>([
  ['other protocols', s => s.write(UPGRADE), { code: refused, says: /this looks like no API server$/ }],
  [
    'other protocols, and an end',
    s => s.end(`${UPGRADE}hello`),
    { code: refused, says: /this looks like no API server$/ },
  ],
  [
    'other protocols, not named',
    s => s.write('HTTP/1.1 101 Switching Protocols\r\n\r\n'),
    { code: refused, says: /HTTP 101/ },
  ],
  ['an end', s => s.end(), { code: unreachable, says: /the connection was reset \(ECONNRESET\)$/ }],
  ['half a head', s => s.end('HTTP/1.1 200 OK\r\nCont'), { code: unreachable, says: /./ }],
  ['nothing', () => undefined, { code: unreachable, says: LATE }],
  [
    'what it will answer soon, for ever',
    s => forEver(s, 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(100)),
    { code: unreachable, says: LATE },
  ],
  [
    'that it may go on, for ever',
    s => forEver(s, 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(100)),
    { code: unreachable, says: LATE },
  ],
  [
    'a head without end',
    s => {
      s.write('HTTP/1.1 200 OK\r\n')
      forEver(s, `X-More: ${'x'.repeat(100)}\r\n`)
    },
    { code: unreachable, says: /HPE_HEADER_OVERFLOW/ },
  ],
  [
    'a head without end, a letter at a time',
    s => {
      s.write('HTTP/1.1 200 OK\r\nX-More: ')
      forEver(s, 'x')
    },
    { code: unreachable, says: LATE },
  ],
  [
    'a body without end, a letter at a time',
    s => {
      s.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
      forEver(s, '1\r\nx\r\n')
    },
    { code: unreachable, says: LATE },
  ],
  ['a body that is cut off', s => s.end(BEGUN), { code: unreachable, says: /./ }],
])('a server that answers with %s', async (_, answer, { code, says }) => {
  const { url } = await answering(answer)
  const cluster = { 'certificate-authority': undefined }
  const api = await connecting(url, { user: {}, cluster, timeout: says === LATE ? 1_000 : 20_000 })
  const error = await failureOf(api.readRequest('one'))
  expect(error.code, error.message).toBe(code)
  expect(error.message).toMatch(says)
})

it('a watch that is answered with other protocols is asked for again', async () => {
  const list = JSON.stringify({ metadata: { resourceVersion: '1' }, items: [] })
  const page = `HTTP/1.1 200 OK\r\nContent-Length: ${list.length}\r\n\r\n${list}`
  const { url, asked } = await answering((socket, index) => socket.write(index === 0 ? page : UPGRADE))
  const api = await connecting(url, { user: {}, cluster: { 'certificate-authority': undefined } })
  const ended = new AbortController()
  const watching = (async () => {
    for await (const { type } of api.watchRequests(ended.signal)) expect(type).toMatch(/listing|synced/)
  })()
  await expect.poll(() => asked.length, { timeout: 20_000 }).toBeGreaterThan(2)
  ended.abort()
  await watching
})

it('an answer that is whole, and not read to its end, can be ended', async () => {
  const stray: unknown[] = []
  const keep = (error: unknown) => void stray.push(error)
  process.on('uncaughtExceptionMonitor', keep)
  onTestFinished(() => void process.off('uncaughtExceptionMonitor', keep))
  const { url } = await answering(socket => void socket.write(GOOD))
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  onTestFinished(() => agent.destroy())
  for (let round = 0; round < 3; round += 1) {
    const stop = new AbortController()
    const response = await open({ agent }, { method: 'GET', url: new URL(url), signal: stop.signal })
    const read = (async () => {
      for await (const _ of response) stop.abort()
    })()
    await expect(read).rejects.toThrow('aborted')
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  expect(stray).toEqual([])
})
