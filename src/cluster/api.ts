/** The Kubernetes API as far as certificate signing requests need it. The client library and the network are loaded with the first connection. */

import { PkiError } from '../errors.ts'
import { withoutSecrets } from '../foreign-text.ts'
import {
  type CertificateSigningRequest,
  CSR_API_VERSION,
  CSR_KIND,
  parseSigningRequest,
} from '../kubernetes/certificate-signing-request.ts'
import { type NodeObject, parseNodeObject } from '../kubernetes/node-object.ts'
import { isMapping, mappingAt, stringAt } from '../kubernetes/yaml.ts'
import { type AccessQuestion, onRequests, REQUESTS_RESOURCE } from '../pki/csr/access.ts'
import type { Certificate } from '../x509/certificate.ts'
import type { Client } from './client.ts'
import { pagesOf } from './listing.ts'
import { missingAccess } from './rights.ts'
import type { ClusterTarget } from './target.ts'
import { eventsAfter, repeated, versionOf } from './watching.ts'

/** Between `listing` and `synced` comes all there is: what is not in it is gone. */
export type RequestEvent =
  | { readonly type: 'present' | 'gone'; readonly request: CertificateSigningRequest }
  | { readonly type: 'listing' }
  | { readonly type: 'synced' }

export interface ClusterApi {
  readonly listRequests: (options?: {
    readonly signerName?: string | undefined
    readonly pageSize?: number
  }) => AsyncIterable<CertificateSigningRequest>
  readonly readRequest: (name: string) => Promise<CertificateSigningRequest | undefined>
  readonly createRequest: (object: object) => Promise<CertificateSigningRequest>
  /** Through /approval: the object as `change` makes it of the newest one, also when somebody else was faster. */
  readonly updateApproval: (name: string, change: Change) => Promise<CertificateSigningRequest>
  /** The same through /status. */
  readonly updateStatus: (name: string, change: Change) => Promise<CertificateSigningRequest>
  /** That very object, when there is a `uid`; false: it was gone. */
  readonly deleteRequest: (name: string, uid: string | undefined) => Promise<boolean>
  /** The object as it is, and as it changes. Ends when the object is gone or the signal is aborted; reconnects. */
  readonly watchRequest: (
    name: string,
    uid: string,
    signal: AbortSignal,
  ) => AsyncIterable<CertificateSigningRequest | 'gone'>
  /** All there are, and then what becomes of them, until the signal is aborted; reconnects. */
  readonly watchRequests: (signal: AbortSignal) => AsyncIterable<RequestEvent>
  readonly nodes: () => Promise<readonly NodeObject[]>
  /** The rights that are missing, with the objects that give them; undefined: there are none. */
  readonly missingAccess: (questions: readonly AccessQuestion[]) => Promise<PkiError | undefined>
  readonly server: string
  /** Of the kubeconfig. */
  readonly user: string
  /** The CAs of the kubeconfig. */
  readonly authorities: readonly Certificate[]
}

/** Returns the object to write; undefined: it is right as it is. Whatever it throws ends the update. */
export type Change = (current: CertificateSigningRequest) => object | undefined

const COLLECTION = `/apis/${CSR_API_VERSION}/${REQUESTS_RESOURCE}`
const PAGE_SIZE = 500

export async function connect(target: ClusterTarget): Promise<ClusterApi> {
  const { makeClient } = await import('./client.ts')
  const { openAccess, weaknessesOf } = await import('./access.ts')
  const client = makeClient(target, openAccess)
  const access = await client.access()
  const { authorities } = access
  for (const weakness of weaknessesOf(target, access)) target.onNote(`warning: ${weakness}`)
  return {
    listRequests: options => listRequests(client, options),
    readRequest: name => readRequest(client, name),
    createRequest: async object =>
      requestIn(
        await client.call({ method: 'POST', path: COLLECTION, body: object, question: onRequests('create') }),
      ),
    updateApproval: (name, change) => update(client, { name, subresource: 'approval', change }),
    updateStatus: (name, change) => update(client, { name, subresource: 'status', change }),
    deleteRequest: (name, uid) => deleteRequest(client, name, uid),
    watchRequest: (name, uid, signal) => watchRequest(client, { name, uid, signal }),
    watchRequests: signal => watchRequests(client, signal),
    nodes: () => listNodes(client),
    missingAccess: questions => missingAccess(client, questions),
    server: withoutSecrets(target.context.server),
    user: target.context.userName,
    authorities,
  }
}

function pathOf(name: string): string {
  return `${COLLECTION}/${encodeURIComponent(name)}`
}

/** The API server leaves kind and version out of a list's items. */
function requestIn(value: unknown): CertificateSigningRequest {
  const object = isMapping(value) ? { ...value, apiVersion: CSR_API_VERSION, kind: CSR_KIND } : value
  const request = parseSigningRequest(object)
  if (!('found' in request)) return request
  throw new PkiError('CLUSTER_REFUSED', `wanted a ${CSR_KIND} from the API server, found ${request.found}`)
}

async function* listRequests(
  client: Client,
  {
    signerName,
    pageSize = PAGE_SIZE,
  }: { readonly signerName?: string | undefined; readonly pageSize?: number } = {},
): AsyncGenerator<CertificateSigningRequest> {
  const fieldSelector = signerName === undefined ? undefined : `spec.signerName=${signerName}`
  const listing = { path: COLLECTION, question: onRequests('list'), pageSize, fieldSelector }
  for await (const { items } of pagesOf(client, listing)) for (const item of items) yield requestIn(item)
}

async function readRequest(client: Client, name: string): Promise<CertificateSigningRequest | undefined> {
  const question = { ...onRequests('get'), name }
  try {
    return requestIn(await client.call({ method: 'GET', path: pathOf(name), question }))
  } catch (error) {
    if (error instanceof PkiError && error.code === 'NOT_FOUND') return undefined
    throw error
  }
}

interface Update {
  readonly name: string
  readonly subresource: 'approval' | 'status'
  readonly change: Change
}

/** As kubectl. */
const MOST_TRIES = 10

async function update(
  client: Client,
  { name, subresource, change }: Update,
): Promise<CertificateSigningRequest> {
  const path = `${pathOf(name)}/${subresource}`
  const question = { ...onRequests('update', subresource), name }
  for (let tries = 1; ; tries += 1) {
    const current = await readRequest(client, name)
    if (!current) throw new PkiError('NOT_FOUND', `${name}: there is no such request, or no longer`)
    const body = change(current)
    if (!body) return current
    try {
      return requestIn(await client.call({ method: 'PUT', path, body, question }))
    } catch (error) {
      const isConflict = error instanceof PkiError && error.code === 'CONFLICT'
      if (!isConflict || tries === MOST_TRIES) throw error
    }
  }
}

async function deleteRequest(client: Client, name: string, uid: string | undefined): Promise<boolean> {
  const body = {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    ...(uid !== undefined && { preconditions: { uid } }),
  }
  try {
    const question = { ...onRequests('delete'), name }
    await client.call({ method: 'DELETE', path: pathOf(name), body, question })
    return true
  } catch (error) {
    const isGone = error instanceof PkiError && (error.code === 'NOT_FOUND' || error.code === 'CONFLICT')
    if (isGone) return false
    throw error
  }
}

interface Watched {
  readonly name: string
  readonly uid: string
  readonly signal: AbortSignal
}

function watchRequest(client: Client, { name, uid, signal }: Watched) {
  const question = { ...onRequests('watch'), name }
  const watching = { path: COLLECTION, question, fieldSelector: `metadata.name=${name}`, signal }
  let known: string | undefined
  async function* round(): AsyncGenerator<CertificateSigningRequest | 'gone', boolean> {
    const current = await readRequest(client, name)
    if (current?.uid !== uid) return yield* gone()
    if (current.resourceVersion !== known) yield current
    known = current.resourceVersion
    for await (const { type, object } of eventsAfter(client, known ?? '', watching)) {
      if (type === 'BOOKMARK') continue
      if (stringAt(mappingAt(object, 'metadata'), 'uid') !== uid) return yield* gone()
      if (type === 'DELETED') return yield* gone()
      known = versionOf(object)
      yield requestIn(object)
    }
    return false
  }
  return repeated(round, { signal, onNote: client.target.onNote })
}

async function* gone(): AsyncGenerator<'gone', boolean> {
  yield 'gone'
  return true
}

function watchRequests(client: Client, signal: AbortSignal): AsyncGenerator<RequestEvent> {
  const listing = { path: COLLECTION, question: onRequests('list'), pageSize: PAGE_SIZE }
  const watching = { path: COLLECTION, question: onRequests('watch'), signal }
  let known: string | undefined
  async function* round(): AsyncGenerator<RequestEvent, boolean> {
    if (known === undefined) {
      yield { type: 'listing' }
      for await (const { items, resourceVersion } of pagesOf(client, listing)) {
        for (const item of items) yield { type: 'present', request: requestIn(item) }
        known = resourceVersion
      }
      yield { type: 'synced' }
    }
    try {
      for await (const { type, object } of eventsAfter(client, known ?? '', watching)) {
        known = versionOf(object)
        if (type === 'BOOKMARK') continue
        yield { type: type === 'DELETED' ? 'gone' : 'present', request: requestIn(object) }
      }
    } catch (error) {
      if (error instanceof PkiError && error.code === 'LIST_EXPIRED') known = undefined
      else throw error
    }
    return false
  }
  return repeated(round, { signal, onNote: client.target.onNote })
}

async function listNodes(client: Client): Promise<readonly NodeObject[]> {
  const question = { verb: 'list', group: '', resource: 'nodes' }
  const nodes: NodeObject[] = []
  for await (const { items } of pagesOf(client, { path: '/api/v1/nodes', question, pageSize: PAGE_SIZE }))
    nodes.push(...items.flatMap(item => parseNodeObject(item, true) ?? []))
  return nodes
}
