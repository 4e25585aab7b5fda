/** The fake API server as a place where requests live: created, listed, watched, decided by a test, signed by openssl. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { freePort } from './control-plane.ts'
import { type FakeApi, type Files, reply, replyStatus, type Seen, startFakeApi } from './fake-api-server.ts'
import { tempDir } from './node.ts'

export interface Held {
  readonly metadata: Record<string, string>
  readonly spec: Record<string, unknown>
  readonly status: Record<string, unknown>
}

export interface RequestServer {
  readonly url: string
  readonly seen: readonly Seen[]
  readonly objects: ReadonlyMap<string, Held>
  /** As somebody with the right to it does; whoever watches is told. */
  readonly change: (name: string, status: object) => void
  readonly add: (object: object) => void
  readonly remove: (name: string) => void
  readonly stop: () => Promise<void>
  /** At the same address, with the same objects. */
  readonly start: () => Promise<void>
}

export interface ServerOptions {
  readonly nodes?: readonly object[]
  /** The status of what has just been created. */
  readonly onCreate?: (held: Held) => object | undefined
  /** Sees every call first, and answers it when it returns true. */
  readonly before?: (seen: Seen, response: ServerResponse) => boolean
}

interface Event {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly object: Held
  readonly version: number
}

const COLLECTION = '/apis/certificates.k8s.io/v1/certificatesigningrequests'

export async function startRequestServer(files: Files, options: ServerOptions = {}): Promise<RequestServer> {
  const objects = new Map<string, Held>()
  const events: Event[] = []
  const watches = new Map<ServerResponse, (event: Event) => boolean>()
  const tell = (response: ServerResponse, { type, object }: Event) =>
    response.write(`${JSON.stringify({ type, object })}\n`)

  function put(type: Event['type'], held: Held): Held {
    const version = events.length + 2
    const object = { ...held, metadata: { ...held.metadata, resourceVersion: String(version) } }
    if (type === 'DELETED') objects.delete(String(held.metadata.name))
    else objects.set(String(held.metadata.name), object)
    const event = { type, object, version }
    events.push(event)
    for (const [response, isMeant] of watches) if (isMeant(event)) tell(response, event)
    return object
  }

  function create(body: string, response: ServerResponse): void {
    const sent = JSON.parse(body) as Held
    const name = String(sent.metadata.name)
    if (objects.has(name)) {
      replyStatus(response, 409, { reason: 'AlreadyExists' })
      return
    }
    const made = { uid: `uid-${events.length}`, creationTimestamp: '2026-11-30T23:00:00Z' }
    const held = put('ADDED', { ...sent, metadata: { ...sent.metadata, ...made }, status: {} })
    const status = options.onCreate?.(held)
    reply(response, 201, held)
    if (status) put('MODIFIED', { ...held, status: { ...status } })
  }

  function watch(url: URL, response: ServerResponse): void {
    const since = Number(url.searchParams.get('resourceVersion'))
    const selector = url.searchParams.get('fieldSelector')
    const isMeant = ({ object }: Event) =>
      selector === null || selector === `metadata.name=${object.metadata.name}`
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
    for (const event of events) if (event.version > since && isMeant(event)) tell(response, event)
    watches.set(response, isMeant)
    response.on('close', () => watches.delete(response))
  }

  function handle(seen: Seen, response: ServerResponse): void {
    const { method, url, body } = seen
    const list = (items: readonly object[]) =>
      reply(response, 200, { metadata: { resourceVersion: String(events.length + 1) }, items })
    if (options.before?.(seen, response)) return
    if (url.pathname.endsWith('selfsubjectaccessreviews')) reply(response, 201, { status: { allowed: true } })
    else if (url.pathname.endsWith('selfsubjectreviews')) replyStatus(response, 404, { reason: 'NotFound' })
    else if (url.pathname === '/api/v1/nodes') list(options.nodes ?? [])
    else if (url.searchParams.has('watch')) watch(url, response)
    else if (method === 'POST') create(body, response)
    else if (url.pathname === COLLECTION) list(selected(url))
    else one(seen, response)
  }

  function selected(url: URL): Held[] {
    const signerName = /^spec\.signerName=(.*)$/.exec(url.searchParams.get('fieldSelector') ?? '')?.[1]
    return [...objects.values()].filter(({ spec }) => (signerName ?? spec.signerName) === spec.signerName)
  }

  function one({ method, url, body }: Seen, response: ServerResponse): void {
    const held = objects.get(url.pathname.split('/')[5] ?? '')
    if (!held) replyStatus(response, 404, { reason: 'NotFound' })
    else if (method === 'DELETE') reply(response, 200, put('DELETED', held))
    else reply(response, 200, method === 'PUT' ? put('MODIFIED', JSON.parse(body)) : held)
  }

  const port = await freePort()
  let api: FakeApi = await startFakeApi(files, handle, port)
  const { url, seen } = api
  return {
    ...{ url, seen, objects },
    change: (name, status) => void put('MODIFIED', { ...(objects.get(name) as Held), status: { ...status } }),
    add: object => void put('ADDED', object as Held),
    remove: name => void put('DELETED', objects.get(name) as Held),
    stop: () => api.close(),
    start: async () => {
      api = await startFakeApi(files, handle, port)
    },
  }
}

const APPROVED = { type: 'Approved', status: 'True', reason: 'ByTest', message: '' }
export const approved = (certificate?: string) => ({
  conditions: [APPROVED],
  ...(certificate !== undefined && { certificate: Buffer.from(certificate).toString('base64') }),
})
export const denied = (reason: string) => ({ conditions: [{ type: 'Denied', status: 'True', reason }] })

export const requestIn = ({ spec }: Held) => Buffer.from(String(spec.request), 'base64').toString('utf8')

/** A certificate for the API server's clients, signed by the CA of the fake server. */
export function signedForClient({ directory }: Files, request: string): string {
  const work = tempDir()
  const extensions = join(work, 'ext')
  const csr = join(work, 'asked.csr')
  writeFileSync(csr, request)
  writeFileSync(extensions, 'keyUsage=digitalSignature,keyEncipherment\nextendedKeyUsage=clientAuth\n')
  const ca = ['-CA', join(directory, 'ca.crt'), '-CAkey', join(directory, 'ca.key')]
  const more = ['-set_serial', '7', '-days', '10', '-extfile', extensions]
  return execFileSync('openssl', ['x509', '-req', '-in', csr, ...ca, ...more], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
}
