/** Long lists, a page at a time: what has been handed on is not kept. */
import { PkiError } from '../errors.ts'
import { withoutSecrets } from '../foreign-text.ts'
import { isMapping, listAt, type Mapping, mappingAt, stringAt } from '../kubernetes/yaml.ts'
import { type AccessQuestion, describeAccess } from '../pki/csr/access.ts'
import type { Client } from './client.ts'

const PAGE_SIZE = 500

export interface Listing {
  readonly path: string
  readonly question: AccessQuestion
  readonly pageSize?: number | undefined
  /** All of one state: what expires is begun again, and what was read before that comes once more. */
  readonly isOneState?: boolean
  readonly fieldSelector?: string | undefined
}

export interface Page {
  readonly items: readonly Mapping[]
  /** Of a list, or of one that is begun again. */
  readonly isFirst: boolean
  /** Of the whole list: where a watch goes on. */
  readonly resourceVersion: string
}

/** A list that expires again and again, with nothing new meanwhile, is one that nobody can read. */
const MOST_RESTARTS = 5

/** With filters and large objects pages may be empty, but not for ever. */
const MOST_EMPTY = 20

/**
 * Each object once, unless all are to be of one state. A page that comes too late (410 Gone: the server has forgotten that
 * state of the list) is asked for as the server says, or from the start.
 */
export async function* pagesOf(client: Client, listing: Listing): AsyncGenerator<Page> {
  const seen: Seen = { ever: new Set(), sinceRestart: undefined }
  const { isOneState = false } = listing
  for (let restarts = 0, empty = 0, from: string | undefined, isFirst = true; ; ) {
    const page = await pageFrom(client, listing, from)
    if ('expired' in page) {
      restarts += 1
      if (restarts > MOST_RESTARTS) throw page.expired
      seen.sinceRestart = new Set()
      empty = 0
      if (isOneState) seen.ever.clear()
      isFirst ||= isOneState
      from = isOneState ? undefined : page.from
      continue
    }
    const { items, leadsOn } = look(page.items, seen)
    yield { items, isFirst, resourceVersion: page.resourceVersion }
    isFirst = false
    if (page.next === '') return
    if (items.length > 0 && !isOneState) restarts = 0
    empty = leadsOn ? 0 : empty + 1
    if (empty > MOST_EMPTY) throw endless(client, listing)
    from = page.next
  }
}

function endless({ target }: Client, { question }: Listing): PkiError {
  const server = withoutSecrets(target.context.server)
  const found = `the list goes on and on, with nothing new in it for ${MOST_EMPTY} pages`
  return new PkiError('CLUSTER_REFUSED', `${server}: ${describeAccess(question)}: ${found}`)
}

interface Seen {
  readonly ever: Set<string>
  /** Undefined: there was none. */
  sinceRestart: Set<string> | undefined
}

/** After a restart the pages before it come once more: they have nothing new, and lead on. */
function look(page: readonly Mapping[], { ever, sinceRestart }: Seen) {
  const before = sinceRestart?.size ?? 0
  const items = page.filter(item => {
    const id = idOf(item)
    const isNew = !ever.has(id)
    ever.add(id)
    sinceRestart?.add(id)
    return isNew
  })
  return { items, leadsOn: sinceRestart ? sinceRestart.size > before : items.length > 0 }
}

function idOf(item: Mapping): string {
  const metadata = mappingAt(item, 'metadata')
  return stringAt(metadata, 'uid') ?? stringAt(metadata, 'name') ?? ''
}

async function pageFrom(
  client: Client,
  { path, question, pageSize = PAGE_SIZE, fieldSelector }: Listing,
  from?: string,
) {
  const query = { limit: pageSize, continue: from, fieldSelector }
  try {
    const list = await client.call({ method: 'GET', path, query, question })
    const metadata = mappingAt(list, 'metadata')
    return {
      items: listAt(list, 'items').filter(isMapping),
      resourceVersion: stringAt(metadata, 'resourceVersion') ?? '',
      next: stringAt(metadata, 'continue') ?? '',
    }
  } catch (error) {
    if (!(error instanceof PkiError) || error.code !== 'LIST_EXPIRED') throw error
    return { expired: error, from: (error.cause as { readonly continue?: string }).continue }
  }
}
