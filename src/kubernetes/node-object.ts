/** Node objects (v1): who a node is, and where it is reached. */
import { listAt, mappingAt, stringAt } from './yaml.ts'

export interface NodeObject {
  readonly name: string
  readonly uid?: string
  readonly creationTimestamp?: Date
  /** Of `status.addresses`; `type`: Hostname, InternalIP, ExternalIP, InternalDNS, ExternalDNS. */
  readonly addresses: readonly { readonly type: string; readonly address: string }[]
}

/** `isTyped`: an item of a NodeList, which says no kind of its own. */
export function parseNodeObject(value: unknown, isTyped = false): NodeObject | undefined {
  const metadata = mappingAt(value, 'metadata')
  const name = stringAt(metadata, 'name')
  if (name === undefined || (!isTyped && stringAt(value, 'kind') !== 'Node')) return undefined
  const uid = stringAt(metadata, 'uid')
  const created = new Date(stringAt(metadata, 'creationTimestamp') ?? '')
  const addresses = listAt(mappingAt(value, 'status'), 'addresses').flatMap(one => {
    const [type, address] = [stringAt(one, 'type'), stringAt(one, 'address')]
    return type !== undefined && address !== undefined ? { type, address } : []
  })
  return {
    name,
    ...(uid !== undefined && { uid }),
    ...(!Number.isNaN(created.getTime()) && { creationTimestamp: created }),
    addresses,
  }
}
