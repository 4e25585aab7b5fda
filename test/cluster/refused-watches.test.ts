/** Whoever may read a request and not watch it is told so in the end, with the right that is missing. */
import { expect, it, vi } from 'vitest'
import { connecting, failureOf, notes, serving } from '../support/api-client.ts'
import { reply, replyStatus, requestObject } from '../support/fake-api-server.ts'

/** Pauses grow to seconds: here they are short. */
vi.mock('node:timers/promises', async original => {
  const timers = await original<typeof import('node:timers/promises')>()
  const setTimeout: typeof timers.setTimeout = (delay, ...rest) =>
    timers.setTimeout(Math.min(delay ?? 0, 1), ...rest)
  return { ...timers, setTimeout }
})

it.each([
  ['the words of Kubernetes', { message: 'User "jane" cannot watch resource "certificatesigningrequests"' }],
  ['no words', {}],
])('a watch that is refused with %s', async (_name, status) => {
  const { url, seen } = await serving(({ url }, response) => {
    if (url.searchParams.has('watch')) replyStatus(response, 403, status)
    // Somebody changes it meanwhile.
    else reply(response, 200, requestObject({ name: 'one', resourceVersion: `${seen.length}` }))
  })
  const api = await connecting(url)
  notes.length = 0
  const versions: string[] = []
  const { code, message, manifest } = await failureOf(
    (async () => {
      for await (const one of api.watchRequest('one', 'uid-one', AbortSignal.timeout(60_000)))
        versions.push(one === 'gone' ? one : (one.resourceVersion ?? ''))
    })(),
  )
  expect({ code, message }).toEqual({
    code: 'FORBIDDEN',
    message: expect.stringContaining('may not watch certificatesigningrequests "one"'),
  })
  expect(manifest).toContain('- watch\n')
  expect(manifest).toContain('resourceNames:\n  - one\n')
  expect(notes[0]).toContain('asking again')
})
