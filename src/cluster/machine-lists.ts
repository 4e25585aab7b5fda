/** The machines that a cluster knows: its Nodes, and what its cloud made for them. */
import { PkiError } from '../errors.ts'
import { MACHINE_API_VERSION, type MachineObject, parseMachineObject } from '../kubernetes/machine-object.ts'
import { type NodeObject, parseNodeObject } from '../kubernetes/node-object.ts'
import { LIST_MACHINES, LIST_NODES } from '../pki/csr/access.ts'
import type { Client } from './client.ts'
import { pagesOf } from './listing.ts'

export async function listNodes(client: Client): Promise<readonly NodeObject[]> {
  const nodes: NodeObject[] = []
  for await (const { items } of pagesOf(client, {
    path: '/api/v1/nodes',
    question: LIST_NODES,
  }))
    nodes.push(...items.flatMap(item => parseNodeObject(item, true) ?? []))
  return nodes
}

export async function listMachines(client: Client): Promise<readonly MachineObject[]> {
  const path = `/apis/${MACHINE_API_VERSION}/machines`
  const listing = { path, question: LIST_MACHINES }
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
