/** CertificateSigningRequests of an API server as they change: one, or all. */
import { PkiError } from '../errors.ts'
import type { CertificateSigningRequest } from '../kubernetes/certificate-signing-request.ts'
import { mappingAt, stringAt } from '../kubernetes/yaml.ts'
import { onRequests } from '../pki/csr/access.ts'
import type { Client } from './client.ts'
import { pagesOf } from './listing.ts'
import { COLLECTION, readRequest, requestIn } from './request-calls.ts'
import { eventsAfter, repeated, versionOf } from './watching.ts'

/** Between `listing` and `synced` comes all there is: what is not in it is gone. */
export type RequestEvent =
  | { readonly type: 'present' | 'gone'; readonly request: CertificateSigningRequest }
  | { readonly type: 'listing' }
  | { readonly type: 'synced' }

interface Watched {
  readonly name: string
  readonly uid: string
  readonly signal: AbortSignal
}

export function watchRequest(client: Client, { name, uid, signal }: Watched) {
  const question = { ...onRequests('watch'), name }
  const watching = { path: COLLECTION, question, fieldSelector: `metadata.name=${name}`, signal }
  let known: string | undefined
  // A server that has started anew knows no state as old as an object that nobody changes.
  let isForgotten = false
  async function* round(): AsyncGenerator<CertificateSigningRequest | 'gone', boolean> {
    const current = await readRequest(client, name)
    if (current?.uid !== uid) return yield* gone()
    if (current.resourceVersion !== known) yield current
    known = current.resourceVersion
    try {
      for await (const { type, object } of eventsAfter(client, isForgotten ? undefined : known, watching)) {
        if (type === 'BOOKMARK') continue
        if (stringAt(mappingAt(object, 'metadata'), 'uid') !== uid) return yield* gone()
        if (type === 'DELETED') return yield* gone()
        known = versionOf(object)
        yield requestIn(object, name)
      }
    } catch (error) {
      if (isForgotten || !isExpired(error)) throw error
      isForgotten = true
    }
    return false
  }
  return repeated(round, { signal, onNote: client.target.onNote, wasThere: true })
}

function isExpired(error: unknown): boolean {
  return error instanceof PkiError && error.code === 'LIST_EXPIRED'
}

async function* gone(): AsyncGenerator<'gone', boolean> {
  yield 'gone'
  return true
}

export function watchRequests(client: Client, signal: AbortSignal): AsyncGenerator<RequestEvent> {
  const watching = { path: COLLECTION, question: onRequests('watch'), signal }
  let known: string | undefined
  async function* round(): AsyncGenerator<RequestEvent, boolean> {
    known ??= yield* all(client)
    try {
      for await (const { type, object } of eventsAfter(client, known, watching)) {
        known = versionOf(object)
        if (type === 'BOOKMARK') continue
        yield { type: type === 'DELETED' ? 'gone' : 'present', request: requestIn(object) }
      }
    } catch (error) {
      if (!isExpired(error)) throw error
      known = undefined
    }
    return false
  }
  return repeated(round, { signal, onNote: client.target.onNote, wasThere: false })
}

/** Returns the state that it is of, when it is whole. */
async function* all(client: Client): AsyncGenerator<RequestEvent, string> {
  const listing = { path: COLLECTION, question: onRequests('list'), isOneState: true }
  let version = ''
  for await (const { items, isFirst, resourceVersion } of pagesOf(client, listing)) {
    if (isFirst) yield { type: 'listing' }
    for (const item of items) yield { type: 'present', request: requestIn(item) }
    version = resourceVersion
  }
  yield { type: 'synced' }
  return version
}
