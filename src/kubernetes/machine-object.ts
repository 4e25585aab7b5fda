/** Machine objects of OpenShift and of Cluster API: what a cloud says of the machines that are nodes, or will be. */
import { addressesIn, createdAt, type NodeAddress } from './node-object.ts'
import { mappingAt, stringAt } from './yaml.ts'

export const MACHINE_API_VERSION = 'machine.openshift.io/v1beta1'

export interface MachineObject {
  readonly name: string
  readonly creationTimestamp?: Date
  /** Of `status.nodeRef`; absent: it has not joined yet. */
  readonly nodeName?: string
  /** Of `status.addresses`. */
  readonly addresses: readonly NodeAddress[]
}

const GROUPS = ['machine.openshift.io/', 'cluster.x-k8s.io/']

/** `isTyped`: an item of the API's own list, which says no kind of its own. */
export function parseMachineObject(value: unknown, isTyped = false): MachineObject | undefined {
  const name = stringAt(mappingAt(value, 'metadata'), 'name')
  if (name === undefined || !(isTyped || isMachine(value))) return undefined
  const creationTimestamp = createdAt(value)
  const nodeName = stringAt(mappingAt(mappingAt(value, 'status'), 'nodeRef'), 'name')
  return {
    name,
    ...(creationTimestamp && { creationTimestamp }),
    ...(nodeName !== undefined && nodeName !== '' && { nodeName }),
    addresses: addressesIn(value),
  }
}

function isMachine(value: unknown): boolean {
  const apiVersion = stringAt(value, 'apiVersion') ?? ''
  return stringAt(value, 'kind') === 'Machine' && GROUPS.some(group => apiVersion.startsWith(group))
}
