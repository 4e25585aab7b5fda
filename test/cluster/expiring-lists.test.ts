/** Long lists whose pages expire while they are read: gone on with for as long as there is something new. */
import { expect, it } from 'vitest'
import { allOf, connecting, failureOf, serving } from '../support/api-client.ts'
import { type Handler, reply, replyStatus, requestObject } from '../support/fake-api-server.ts'

const PAGES = 40
const names = (count: number) => Array.from({ length: count }, (_, index) => `r${index}`)

type Response = Parameters<Handler>[1]

/** One object on each page, and the number of the next for a token. */
function page(response: Response, index: number, next: number | undefined = index + 1): void {
  const metadata = { resourceVersion: '7', ...(next < PAGES && { continue: String(next) }) }
  reply(response, 200, { metadata, items: [requestObject({ name: `r${index}` })] })
}

const expired = (response: Response) => replyStatus(response, 410, { reason: 'Expired' })

/** `answer` has the number of the page that is asked for. */
async function listing(answer: (response: Response, index: number) => void) {
  const { url, seen } = await serving(({ url }, response) =>
    answer(response, Number(url.searchParams.get('continue') ?? 0)),
  )
  return { list: allOf((await connecting(url, { timeout: 20_000 })).listRequests()), seen }
}

it('each page expires once, and the server says where it goes on', async () => {
  const late = new Set<number>()
  const { list } = await listing((response, index) => {
    if (late.has(index) || index === 0) return page(response, index)
    late.add(index)
    replyStatus(response, 410, { reason: 'Expired', metadata: { continue: String(index) } })
  })
  expect(await list).toEqual(names(PAGES))
})

it('it expires every few pages, and is read from its start', async () => {
  let reach = 4
  const { list } = await listing((response, index) => {
    if (index < reach) return page(response, index)
    reach += 4
    expired(response)
  })
  expect(await list).toEqual(names(PAGES))
})

it('it expires near its end: what was seen comes again, and is no list without end', async () => {
  let isExpired = false
  const { list } = await listing((response, index) => {
    if (index !== PAGES - 1 || isExpired) return page(response, index)
    isExpired = true
    expired(response)
  })
  expect(await list).toEqual(names(PAGES))
})

it.each<
  [string, (response: Response, index: number) => void, { readonly code: string; readonly most: number }]
>([
  [
    'expires at the same page',
    (response, index) => (index < 30 ? page(response, index) : expired(response)),
    { code: 'LIST_EXPIRED', most: 6 * 31 },
  ],
  [
    'expires at the same page, which it names',
    (response, index) =>
      index < 30
        ? page(response, index)
        : replyStatus(response, 410, { reason: 'Expired', metadata: { continue: String(index) } }),
    { code: 'LIST_EXPIRED', most: 36 },
  ],
  [
    'goes back',
    (response, index) => page(response, index, index < 30 ? index + 1 : 0),
    { code: 'CLUSTER_REFUSED', most: 60 },
  ],
  [
    'has nothing on its pages',
    (response, index) => reply(response, 200, { metadata: { continue: String(index + 1) }, items: [] }),
    { code: 'CLUSTER_REFUSED', most: 30 },
  ],
])('a list that always %s is given up', async (_, answer, { code, most }) => {
  const { list, seen } = await listing(answer)
  expect((await failureOf(list)).code).toBe(code)
  expect(seen.length).toBeLessThanOrEqual(most)
})

it('a list that has the same after each end of its time is given up', async () => {
  let asked = 0
  const { list, seen } = await listing(response => {
    asked += 1
    if (asked % 10 === 0) expired(response)
    else page(response, 0)
  })
  expect((await failureOf(list)).code).toBe('LIST_EXPIRED')
  expect(seen.length).toBeLessThanOrEqual(60)
})
