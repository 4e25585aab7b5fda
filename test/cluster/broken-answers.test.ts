/** Servers that break off, and answers that are none: each call ends in its time, with one line. */
import { Agent } from 'node:http'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { send } from '../../src/cluster/transport.ts'

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
