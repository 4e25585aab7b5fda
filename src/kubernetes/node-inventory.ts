/** A list of nodes by hand, where no cluster says who they are: `kind: NodeInventory`, names with their addresses. */
import { isSubdomain } from '../dns-name.ts'
import { parseIpAddress } from '../ip-address.ts'
import type { NodeAddress, NodeObject } from './node-object.ts'
import { isMapping, mappingAt } from './yaml.ts'

const [API_VERSION, KIND] = ['kubepki/v1', 'NodeInventory']

const KEYS = ['apiVersion', 'kind', 'nodes']

/** Undefined: it is none. */
export function parseNodeInventory(
  value: unknown,
): readonly NodeObject[] | { readonly problem: string } | undefined {
  if (!isMapping(value) || value.kind !== KIND) return undefined
  if (value.apiVersion !== API_VERSION)
    return { problem: `wanted apiVersion: ${API_VERSION} of a ${KIND}, found ${String(value.apiVersion)}` }
  const unknown = Object.keys(value).find(key => !KEYS.includes(key))
  if (unknown !== undefined) return { problem: `unknown key ${unknown}; known: ${KEYS.join(', ')}` }
  const nodes: NodeObject[] = []
  for (const [name, addresses] of Object.entries(mappingAt(value, 'nodes'))) {
    const read = Array.isArray(addresses) ? addresses.map(addressOf) : [undefined]
    const known = read.filter(one => one !== undefined)
    if (!isSubdomain(name) || known.length < read.length)
      return { problem: `nodes.${name}: wanted the name of a node with a list of addresses and host names` }
    nodes.push({ name, addresses: [{ type: 'Hostname', address: name }, ...known], isExpected: true })
  }
  return nodes.length > 0 ? nodes : { problem: 'nodes: wanted names with their addresses, found none' }
}

function addressOf(value: unknown): NodeAddress | undefined {
  const address = String(value)
  if (parseIpAddress(address)) return { type: 'InternalIP', address }
  const isMistyped = /^[\d.:/]+$/.test(address)
  return !isMistyped && isSubdomain(address.toLowerCase()) ? { type: 'InternalDNS', address } : undefined
}
