/** Refusals in plain text: by what stands in between, and by a port that wants TLS. */
import { createServer } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { connecting, failureOf, serving, TOKEN } from '../support/api-client.ts'
import type { Handler } from '../support/fake-api-server.ts'

type Response = Parameters<Handler>[1]
const text =
  (status: number, body: string, type = 'text/plain') =>
  (_: unknown, response: Response) =>
    void response.writeHead(status, { 'content-type': type }).end(body)

async function refusedWith(handle: Handler) {
  const { url } = await serving(handle)
  const api = await connecting(url)
  return {
    url,
    ...(await failureOf(api.nodes()).then(({ code, message, hint, manifest }) => ({
      code,
      message,
      hint,
      manifest,
    }))),
  }
}

it.each([
  ['its first line', 'no healthy upstream\nmore', 'no healthy upstream'],
  ['behind empty lines', '\r\n  upstream connect error \r\n', 'upstream connect error'],
  ['what steers a terminal', 'red \u001b[31m', 'red \\u001b[31m'],
  ['a token', `Bearer ${TOKEN} is bad`, 'Bearer ... is bad'],
  ['far too much', 'long '.repeat(10_000), `${'long '.repeat(58)}`],
  ['a page', '<html><body>502 Bad Gateway</body></html>', 'no reason given'],
  ['nothing', '', 'no reason given'],
])('an answer has the words of whoever gives it: %s', async (_name, body, said) => {
  const { url, code, message } = await refusedWith(text(502, body))
  expect({ code, message }).toEqual({
    code: 'CLUSTER_REFUSED',
    message: `${url}: list nodes: ${said.trimEnd()} (HTTP 502)`,
  })
})

it('403 of a proxy is no missing right', async () => {
  const { url, code, message, manifest } = await refusedWith(text(403, 'Blocked by policy 17'))
  expect({ code, message, manifest }).toEqual({
    code: 'FORBIDDEN',
    message: `${url}: Blocked by policy 17 (403)`,
    manifest: undefined,
  })
})

/** Answers in the clear what Go and nginx answer who speaks no TLS to their port. */
async function plainly(body: string): Promise<string> {
  const server = createServer(socket => {
    socket.on('error', () => undefined)
    socket.once('data', () => socket.end(`HTTP/1.0 400 Bad Request\r\n\r\n${body}`))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
}

it.each([
  ['Client sent an HTTP request to an HTTPS server.\n', 'Client sent an HTTP request to an HTTPS server.'],
  [
    '<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head></html>',
    'no reason given',
  ],
])('http:// to a port of TLS: %#', async (body, said) => {
  const url = await plainly(body)
  const api = await connecting(url, { cluster: { 'certificate-authority': undefined } })
  const { code, message, hint } = await failureOf(api.nodes())
  expect({ code, message, hint }).toEqual({
    code: 'CLUSTER_REFUSED',
    message: `${url}: list nodes: ${said} (HTTP 400)`,
    hint: `it wants https: the server of cluster "fake" in the kubeconfig is ${url.replace('http:', 'https:')}`,
  })
})

it('what is asked over TLS is told nothing of https', async () => {
  const { hint } = await refusedWith(text(400, 'Client sent an HTTP request to an HTTPS server.'))
  expect(hint).toBeUndefined()
})
