/** 404: by the API server an object is gone; by whatever answers in its place nothing is known. */
import { describe, expect, it } from 'vitest'
import { connecting, failureOf, serving } from '../support/api-client.ts'
import { type Handler, reply, replyStatus, requestObject } from '../support/fake-api-server.ts'

type Response = Parameters<Handler>[1]

const text = (body: string, type: string) => (response: Response) =>
  void response.writeHead(404, { 'content-type': type }).end(body)
const NO_SUCH_API = text('404 page not found\n', 'text/plain; charset=utf-8')
const HTML = text('<html><body><h1>404 Not Found</h1></body></html>', 'text/html')

const STRANGERS: [string, (response: Response) => void][] = [
  ['a page of an ingress', HTML],
  ['what an ingress says in a few words', text('default backend - 404', 'text/plain')],
  ['what any server says', NO_SUCH_API],
  ['nothing', text('', 'text/plain')],
  ['JSON of another', response => reply(response, 404, { message: 'no Route matched', kind: 'Error' })],
  ['JSON that is no object', text('[]', 'application/json')],
]

describe.each(STRANGERS)('404 with %s', (_, answer) => {
  it('is no word of the API server', async () => {
    const { url } = await serving((_, response) => answer(response))
    const api = await connecting(url)
    const request = requestObject({ name: 'one' })
    const works = [
      () => api.readRequest('one'),
      () => api.deleteRequest('one', 'uid-one'),
      () => api.createRequest(request),
      () => api.updateApproval('one', () => request),
      () => api.nodes(),
    ]
    for (const work of works) {
      const { code, message, hint } = await failureOf(work())
      expect(code).toBe('CLUSTER_REFUSED')
      expect(hint).toContain('is a proxy or another server in between?')
      expect(hint?.startsWith('certificates.k8s.io/v1 comes with Kubernetes 1.19; or ')).toBe(
        answer === NO_SUCH_API,
      )
      expect(message).toMatch(
        /^https:.*: \w+ \w+.*: HTTP 404, (not in the words of Kubernetes: this looks like no API server|page not found)$/,
      )
    }
  })

  it('ends no watch', async () => {
    let round = 0
    const { url } = await serving(({ url }, response) => {
      if (url.searchParams.has('watch')) return void response.writeHead(200).end()
      round += 1
      if (round === 2) return answer(response)
      reply(response, 200, requestObject({ name: 'one', resourceVersion: String(round) }))
    })
    const ended = new AbortController()
    const seen: string[] = []
    for await (const one of (await connecting(url)).watchRequest('one', 'uid-one', ended.signal)) {
      seen.push(one === 'gone' ? one : one.name)
      if (seen.length === 2) ended.abort()
    }
    expect(seen).toEqual(['one', 'one'])
    expect(round).toBe(3)
  })
})

it.each<[string, (response: Response) => void]>([
  ['Kubernetes', NO_SUCH_API],
  ['Kubernetes with an API of that name', response => replyStatus(response, 404, { reason: 'NotFound' })],
])('%s without Machines has none', async (_, answer) => {
  const { url } = await serving((_, response) => answer(response))
  expect(await (await connecting(url)).machines()).toEqual([])
})

it('Machines behind an ingress are not known to be none', async () => {
  const { url } = await serving((_, response) => HTML(response))
  expect((await failureOf((await connecting(url)).machines())).code).toBe('CLUSTER_REFUSED')
})

it('an object that is gone is gone', async () => {
  const { url } = await serving((_, response) => replyStatus(response, 404, { reason: 'NotFound' }))
  const api = await connecting(url)
  expect(await api.readRequest('one')).toBeUndefined()
  expect(await api.deleteRequest('one', 'uid-one')).toBe(false)
})
