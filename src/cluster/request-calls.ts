/** CertificateSigningRequests of an API server, one call at a time. */
import { PkiError } from '../errors.ts'
import { named, shown } from '../foreign-text.ts'
import {
  type CertificateSigningRequest,
  CSR_API_VERSION,
  CSR_KIND,
  parseSigningRequest,
} from '../kubernetes/certificate-signing-request.ts'
import { isMapping, mappingAt, stringAt } from '../kubernetes/yaml.ts'
import { onRequests, REQUESTS_RESOURCE } from '../pki/csr/access.ts'
import { transitionFlaws } from '../pki/csr/transition-rules.ts'
import type { Client } from './client.ts'
import { pagesOf } from './listing.ts'

/** Returns the object to write; undefined: it is right as it is. Whatever it throws ends the update. */
export type Change = (current: CertificateSigningRequest) => object | undefined

export const COLLECTION = `/apis/${CSR_API_VERSION}/${REQUESTS_RESOURCE}`

export async function createRequest(client: Client, object: object): Promise<CertificateSigningRequest> {
  const made = await client.call({
    method: 'POST',
    path: COLLECTION,
    body: object,
    question: onRequests('create'),
  })
  return requestIn(made, stringAt(mappingAt(object, 'metadata'), 'name'))
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
export function requestIn(value: unknown, wanted?: string): CertificateSigningRequest {
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

export async function* listRequests(
  client: Client,
  { signerName, pageSize }: { readonly signerName?: string | undefined; readonly pageSize?: number } = {},
): AsyncGenerator<CertificateSigningRequest> {
  const fieldSelector = signerName === undefined ? undefined : `spec.signerName=${signerName}`
  const listing = { path: COLLECTION, question: onRequests('list'), pageSize, fieldSelector }
  for await (const { items } of pagesOf(client, listing)) for (const item of items) yield requestIn(item)
}

export async function readRequest(
  client: Client,
  name: string,
): Promise<CertificateSigningRequest | undefined> {
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

export async function update(
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
    checkTransition(current, body, subresource)
    try {
      return requestIn(await client.call({ method: 'PUT', path, body, question }), name)
    } catch (error) {
      const isConflict = error instanceof PkiError && error.code === 'CONFLICT'
      if (!isConflict || tries === MOST_TRIES) throw error
    }
  }
}

/** What the API server would drop in silence is an error too. */
function checkTransition(
  before: CertificateSigningRequest,
  body: object,
  subresource: Update['subresource'],
): void {
  const after = parseSigningRequest({ apiVersion: CSR_API_VERSION, kind: CSR_KIND, ...body })
  const flaws = 'found' in after ? [] : transitionFlaws({ before, after, subresource })
  if (flaws.length === 0) return
  const why = flaws.map(({ code, reason }) => `${code}: ${reason}`).join('; ')
  throw new PkiError('CONFLICT', `${shown(before.name)} cannot become that: ${why}`)
}

export async function deleteRequest(client: Client, name: string, uid: string | undefined): Promise<boolean> {
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
