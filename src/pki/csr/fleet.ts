/** What is known of a cluster's nodes beside what they ask for, whoever has said it. Pure. */
import type { MachineObject } from '../../kubernetes/machine-object.ts'
import type { NodeAddress, NodeObject } from '../../kubernetes/node-object.ts'
import type { Certificate } from '../../x509/certificate.ts'

export interface Fleet {
  /** Absent: nobody gave any, and no cluster was asked. */
  readonly nodes?: readonly NodeObject[] | undefined
  /** Which nodes are there nobody has said, only which are expected. */
  readonly lacksNodes?: boolean
  /** Empty: none are kept, or nobody asked for them. */
  readonly machines?: readonly MachineObject[]
  /** Names and addresses that the API server is reached by; absent: it was not asked. */
  readonly apiServerNames?: readonly string[]
  /** By node. Absent: no kubelet was asked. */
  readonly served?: ReadonlyMap<string, KubeletAnswer>
}

/** Of a kubelet that was asked for what it serves. */
export interface KubeletAnswer {
  /** `10.0.0.1:10250`. */
  readonly at: string
  /** The server's own first; empty: it shows none yet. */
  readonly chain: readonly Certificate[]
  /** Why there is nothing to compare with. */
  readonly problem?: string
}

export interface FleetSources {
  readonly nodes?: readonly NodeObject[] | undefined
  readonly machines?: readonly MachineObject[]
  readonly inventory?: readonly NodeObject[]
}

/** Each node once, with the addresses that a Machine or an inventory has for it too. */
export function fleetOf({ nodes, machines = [], inventory = [] }: FleetSources): Fleet {
  const further = new Map<string, NodeObject>()
  for (const node of [...machines.flatMap(nodeOf), ...inventory])
    further.set(node.name, grown(further.get(node.name) ?? node, node))
  if (further.size === 0) return { nodes, machines }
  const own = nodes?.map(node => grown(node, further.get(node.name))) ?? []
  const names = new Set(own.map(({ name }) => name))
  const others = [...further.values()].filter(({ name }) => !names.has(name))
  const lacksNodes = nodes === undefined && machines.length === 0
  return { nodes: [...own, ...others], machines, ...(lacksNodes && { lacksNodes }) }
}

function nodeOf({ nodeName, addresses }: MachineObject): NodeObject[] {
  return nodeName === undefined ? [] : [{ name: nodeName, addresses }]
}

function grown(node: NodeObject, further: NodeObject | undefined): NodeObject {
  const known = new Set(node.addresses.map(addressKey))
  const more = further?.addresses.filter(one => !known.has(addressKey(one))) ?? []
  return more.length === 0 ? node : { ...node, addresses: [...node.addresses, ...more] }
}

function addressKey({ type, address }: NodeAddress): string {
  return `${type} ${address}`
}
