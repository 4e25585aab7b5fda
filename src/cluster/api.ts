/** The Kubernetes API as far as certificate signing requests need it. The client library and the network are loaded with the first connection. */

import type { PkiError } from '../errors.ts'
import { withoutSecrets } from '../foreign-text.ts'
import type { CertificateSigningRequest } from '../kubernetes/certificate-signing-request.ts'
import type { MachineObject } from '../kubernetes/machine-object.ts'
import type { NodeObject } from '../kubernetes/node-object.ts'
import type { AccessQuestion } from '../pki/csr/access.ts'
import type { Certificate } from '../x509/certificate.ts'
import { listMachines, listNodes } from './machine-lists.ts'
import {
  type Change,
  createRequest,
  deleteRequest,
  listRequests,
  readRequest,
  update,
} from './request-calls.ts'
import { type RequestEvent, watchRequest, watchRequests } from './request-watches.ts'
import { missingAccess } from './rights.ts'
import { serverNamesOf } from './server-names.ts'
import type { ClusterTarget } from './target.ts'

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
    createRequest: object => createRequest(client, object),
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
