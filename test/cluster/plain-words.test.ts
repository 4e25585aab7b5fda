/** Words of whoever answers in the place of an API server. */
import { expect, it } from 'vitest'
import { connecting, failureOf, serving } from '../support/api-client.ts'

it('plain words of a server are its reason, and http:// in the place of https:// is named', async () => {
  const { url } = await serving(
    (_, response) =>
      void response
        .writeHead(400, { 'content-type': 'text/plain' })
        .end('Client sent an HTTP request to an HTTPS server.\n'),
  )
  const { message, hint } = await failureOf((await connecting(url)).readRequest('one'))
  expect(message).toMatch(/: Client sent an HTTP request to an HTTPS server\. \(HTTP 400\)$/)
  expect(hint).toContain('wants https://')
})
