/** Lists as data: all of a document on standard output, or none of it. */
import { load } from 'js-yaml'
import { describe, expect, it } from 'vitest'
import { files, serving } from '../support/api-client.ts'
import { reply, replyStatus, requestObject, writeKubeconfig } from '../support/fake-api-server.ts'
import { live } from '../support/live-desk.ts'

const VERBS = [['list'], ['vet'], ['clean'], ['clean', '--yes']]
const ALL = VERBS.flatMap(words => ['json', 'yaml'].map(format => [...words, '-o', format]))

const csr = (server: string, words: readonly string[]) =>
  live(['csr', ...words, '--kubeconfig', writeKubeconfig(files, { server, user: { token: 'x' } })])

describe.each(ALL)('csr %s %s %s %s', (...given) => {
  const words = given.filter(word => typeof word === 'string')

  it('a server that nobody reaches: nothing', async () => {
    const { exitCode, stdout, stderr } = await csr('https://127.0.0.1:1', words)
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
    expect(stderr).toContain('nobody listens there')
  })

  it('no right to list: nothing', async () => {
    const { url } = await serving(({ url }, response) =>
      url.pathname.endsWith('reviews')
        ? reply(response, 201, { status: { allowed: true } })
        : replyStatus(response, 403, { message: 'User "jane" cannot list resource "x"' }),
    )
    const { exitCode, stdout, stderr } = await csr(url, words)
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
    expect(stderr).toContain('may not list')
  })

  it.each([0, 1, 3])('%i requests: a whole document', async count => {
    const made = { creationTimestamp: '2020-01-01T00:00:00Z' }
    const items = Array.from({ length: count }, (_, index) => requestObject({ name: `r${index}`, ...made }))
    const { url } = await serving(({ url, method }, response) => {
      if (url.pathname.endsWith('reviews')) reply(response, 201, { status: { allowed: true } })
      else if (method === 'DELETE') reply(response, 200, { kind: 'Status', status: 'Success' })
      else reply(response, 200, { metadata: {}, items: url.pathname.endsWith('requests') ? items : [] })
    })
    const { stdout, stderr } = await csr(url, words)
    const document = (words.includes('json') ? JSON.parse : load)(stdout) as { items: { name: string }[] }
    expect(
      document.items.map(({ name }) => name),
      stderr,
    ).toEqual(items.map((_, index) => `r${index}`))
    expect(Object.keys(document).slice(0, 2).toSorted()).toEqual([
      'apiVersion',
      expect.stringMatching(/kind|items/),
    ])
  })
})
