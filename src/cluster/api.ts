/** The Kubernetes API as far as certificate signing requests need it. The client library and the network are loaded with the first connection. */

import { PkiError } from '../errors.ts'
import { named, shown, withoutSecrets } from '../foreign-text.ts'
import {
  type CertificateSigningRequest,
  CSR_API_VERSION,
  CSR_KIND,
  parseSigningRequest,
} from '../kubernetes/certificate-signing-request.ts'
import { MACHINE_API_VERSION, type MachineObject, parseMachineObject } from '../kubernetes/machine-object.ts'
import { type NodeObject, parseNodeObject } from '../kubernetes/node-object.ts'
import { isMapping, mappingAt, stringAt } from '../kubernetes/yaml.ts'
import { type AccessQuestion, onRequests, REQUESTS_RESOURCE } from '../pki/csr/access.ts'
import type { Certificate } from '../x509/certificate.ts'
import type { Client } from './client.ts'
import { pagesOf } from './listing.ts'
import { missingAccess } from './rights.ts'
import { serverNamesOf } from './server-names.ts'
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
  /** The object that was just seen, as it is and as it changes. Ends when it is gone or the signal is aborted; reconnects. */
  readonly watchRequest: (
    name: string,
    uid: string,
    signal: AbortSignal,
  ) => AsyncIterable<CertificateSigningRequest | 'gone'>
  /** All there are, and then what becomes of them, until the signal is aborted; reconnects. */
  readonly watchRequests: (signal: AbortSignal) => AsyncIterable<RequestEvent>
  readonly nodes: () => Promise<readonly NodeObject[]>
  /** Empty where the cluster knows no Machines. */
  readonly machines: () => Promise<readonly MachineObject[]>
  /** The host in its address, and the names in the certificate that it shows. */
  readonly serverNames: () => Promise<readonly string[]>
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
  for (const weakness of weaknessesOf(target)) target.onNote(`warning: ${weakness}`)
  return {
    listRequests: options => listRequests(client, options),
    readRequest: name => readRequest(client, name),
    createRequest: async object =>
      requestIn(
        await client.call({ method: 'POST', path: COLLECTION, body: object, question: onRequests('create') }),
        stringAt(mappingAt(object, 'metadata'), 'name'),
      ),
    updateApproval: (name, change) => update(client, { name, subresource: 'approval', change }),
    updateStatus: (name, change) => update(client, { name, subresource: 'status', change }),
    deleteRequest: (name, uid) => deleteRequest(client, name, uid),
    watchRequest: (name, uid, signal) => watchRequest(client, { name, uid, signal }),
    watchRequests: signal => watchRequests(client, signal),
    nodes: () => listNodes(client),
    machines: () => listMachines(client),
    serverNames: () => serverNamesOf(target),
    missingAccess: questions => missingAccess(client, questions),
    server: withoutSecrets(target.context.server),
    user: target.context.userName,
    authorities,
  }
}

function pathOf(name: string): string {
  if (isSegment(name)) return `${COLLECTION}/${encodeURIComponent(name)}`
  throw new PkiError('USAGE', `wanted the name of a request, found ${shown(name)}`)
}

/** As the API server has it: else a path would lead to something else. */
function isSegment(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !/[/%]/.test(name)
}

/** The API server leaves kind and version out of a list's items. `wanted`: its name; absent: any. */
function requestIn(value: unknown, wanted?: string): CertificateSigningRequest {
  const kind = stringAt(value, 'kind') ?? CSR_KIND
  const object = isMapping(value) ? { ...value, apiVersion: CSR_API_VERSION, kind: CSR_KIND } : value
  const request = parseSigningRequest(object)
  const found = kind === CSR_KIND && !('found' in request) ? request : undefined
  if (found && isSegment(found.name) && (wanted === undefined || found.name === wanted)) return found
  const other = found ? `one of the name ${shown(found.name)}` : named(kind)
  const which = wanted === undefined ? '' : ` ${shown(wanted)}`
  throw new PkiError(
    'CLUSTER_REFUSED',
    `wanted the ${CSR_KIND}${which} from the API server, found ${'found' in request ? request.found : other}`,
  )
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
    return requestIn(await client.call({ method: 'GET', path: pathOf(name), question }), name)
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
      return requestIn(await client.call({ method: 'PUT', path, body, question }), name)
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
      yield requestIn(object, name)
    }
    return false
  }
  return repeated(round, { signal, onNote: client.target.onNote, wasThere: true })
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
  return repeated(round, { signal, onNote: client.target.onNote, wasThere: false })
}

async function listNodes(client: Client): Promise<readonly NodeObject[]> {
  const question = { verb: 'list', group: '', resource: 'nodes' }
  const nodes: NodeObject[] = []
  for await (const { items } of pagesOf(client, { path: '/api/v1/nodes', question, pageSize: PAGE_SIZE }))
    nodes.push(...items.flatMap(item => parseNodeObject(item, true) ?? []))
  return nodes
}

async function listMachines(client: Client): Promise<readonly MachineObject[]> {
  const [group = ''] = MACHINE_API_VERSION.split('/')
  const question = { verb: 'list', group, resource: 'machines' }
  const listing = { path: `/apis/${MACHINE_API_VERSION}/machines`, question, pageSize: PAGE_SIZE }
  const machines: MachineObject[] = []
  try {
    for await (const { items } of pagesOf(client, listing))
      machines.push(...items.flatMap(item => parseMachineObject(item, true) ?? []))
    return machines
  } catch (error) {
    if (error instanceof PkiError && error.code === 'NOT_FOUND') return []
    throw error
  }
}
