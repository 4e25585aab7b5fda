/** Node objects (v1): who a node is, and where it is reached. */
import { isMapping, listAt, mappingAt, stringAt } from './yaml.ts'

export interface NodeAddress {
  /** Hostname, InternalIP, ExternalIP, InternalDNS, ExternalDNS. */
  readonly type: string
  readonly address: string
}

export interface NodeObject {
  readonly name: string
  readonly uid?: string
  readonly creationTimestamp?: Date
  /** Of `status.addresses`. */
  readonly addresses: readonly NodeAddress[]
  /** By its label, which no kubelet may give itself. */
  readonly isControlPlane?: true
  /** Where its kubelet serves. */
  readonly kubeletPort?: number
  /** An inventory names it: nobody has said that it is there. */
  readonly isExpected?: true
}

const CONTROL_PLANE_LABELS = ['node-role.kubernetes.io/control-plane', 'node-role.kubernetes.io/master']

/** `isTyped`: an item of a NodeList, which says no kind of its own. */
export function parseNodeObject(value: unknown, isTyped = false): NodeObject | undefined {
  const metadata = mappingAt(value, 'metadata')
  const name = stringAt(metadata, 'name')
  if (name === undefined || (!isTyped && stringAt(value, 'kind') !== 'Node')) return undefined
  const uid = stringAt(metadata, 'uid')
  const creationTimestamp = createdAt(value)
  const labels = mappingAt(metadata, 'labels')
  const kubeletPort = kubeletPortOf(value)
  return {
    name,
    ...(uid !== undefined && { uid }),
    ...(creationTimestamp && { creationTimestamp }),
    addresses: addressesIn(value),
    ...(CONTROL_PLANE_LABELS.some(label => Object.hasOwn(labels, label)) && {
      isControlPlane: true as const,
    }),
    ...(kubeletPort !== undefined && { kubeletPort }),
  }
}

/** Undefined: it does not say, or no time. */
export function createdAt(value: unknown): Date | undefined {
  const created = new Date(stringAt(mappingAt(value, 'metadata'), 'creationTimestamp') ?? '')
  return Number.isNaN(created.getTime()) ? undefined : created
}

/** Of `status.addresses`. */
export function addressesIn(value: unknown): readonly NodeAddress[] {
  return listAt(mappingAt(value, 'status'), 'addresses').flatMap(one => {
    const [type, address] = [stringAt(one, 'type'), stringAt(one, 'address')]
    return type !== undefined && address !== undefined ? { type, address } : []
  })
}

function kubeletPortOf(value: unknown): number | undefined {
  const endpoint = mappingAt(mappingAt(mappingAt(value, 'status'), 'daemonEndpoints'), 'kubeletEndpoint')
  const port = isMapping(endpoint) ? endpoint.Port : undefined
  return typeof port === 'number' && Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined
}
