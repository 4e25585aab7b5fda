/** The requests and the nodes of a cluster, as a source for whoever lists and judges; and what deletes them. */
import type { ClusterApi } from '../cluster/api.ts'
import { messageOf, PkiError } from '../errors.ts'
import type { CertificateSigningRequest } from '../kubernetes/certificate-signing-request.ts'
import type { NodeObject } from '../kubernetes/node-object.ts'
import { onRequests } from '../pki/csr/access.ts'
import { type Fleet, type FleetSources, fleetOf } from '../pki/csr/fleet.ts'
import { type CsrSource, readFleet } from './csr-source.ts'

export interface ClusterSourceOptions {
  /** A file: its Nodes stand in for the cluster's, its Machines and inventory are added. */
  readonly nodes?: string | undefined
  readonly onWarning: (message: string) => void
}

/** Page by page; whoever may not list nodes does without. */
export function clusterSource(api: ClusterApi, { nodes, onWarning }: ClusterSourceOptions): CsrSource {
  return {
    requests: () => api.listRequests(),
    fleet: wanted =>
      clusterFleet(api, { ...wanted, given: nodes === undefined ? {} : readFleet(nodes), onWarning }),
  }
}

export interface ClusterFleetOptions {
  readonly machines: boolean
  /** Its Nodes stand in for the cluster's, its Machines and inventory are added. */
  readonly given?: FleetSources | undefined
  /** Told when nodes may not be listed; absent: that is a failure. */
  readonly onWarning?: (message: string) => void
}

/** What a cluster says of its nodes, and what a file adds. */
export async function clusterFleet(
  api: ClusterApi,
  { machines, given = {}, onWarning }: ClusterFleetOptions,
): Promise<Fleet> {
  const nodes = given.nodes ?? (await nodesOf(api, onWarning))
  const known = [...(given.machines ?? []), ...(machines ? await api.machines() : [])]
  return { ...fleetOf({ ...given, nodes, machines: known }), apiServerNames: await api.serverNames() }
}

async function nodesOf(
  api: ClusterApi,
  onWarning: ClusterFleetOptions['onWarning'],
): Promise<readonly NodeObject[] | undefined> {
  try {
    return await api.nodes()
  } catch (error) {
    if (!onWarning || !(error instanceof PkiError) || error.code !== 'FORBIDDEN') throw error
    onWarning(`nothing is compared with the nodes: ${error.message}`)
    return undefined
  }
}

/** Before the first is deleted. */
export async function checkDeletion(api: ClusterApi): Promise<void> {
  const missing = await api.missingAccess([onRequests('list'), onRequests('delete')])
  if (missing) throw missing
}

export interface Deletion {
  readonly outcome: 'deleted' | 'gone' | 'kept'
  readonly message: string
}

/** The very object that was looked at. Trouble with one is no trouble with the others. */
export async function deleteCleaned(api: ClusterApi, csr: CertificateSigningRequest): Promise<Deletion> {
  try {
    return (await api.deleteRequest(csr.name, csr.uid))
      ? { outcome: 'deleted', message: 'deleted' }
      : { outcome: 'gone', message: 'gone already, or another one has its name' }
  } catch (error) {
    if (!(error instanceof PkiError) || error.code === 'CLUSTER_UNREACHABLE') throw error
    return { outcome: 'kept', message: messageOf(error) }
  }
}
