/** The other requests and the nodes, by what rules ask for: each list is indexed once, however many requests are judged. */
import { type Cidr, type IpAddress, isInside, parseIpAddress } from '../../ip-address.ts'
import type { MachineObject } from '../../kubernetes/machine-object.ts'
import type { NodeObject } from '../../kubernetes/node-object.ts'
import type { CsrFacts, CsrPeer } from './rule.ts'

interface PeerIndex {
  /** Public key -> common names of the requests that have it; of nearly all keys it is one. */
  readonly byKey: ReadonlyMap<string, string | ReadonlySet<string>>
  /** Series -> the newest request of it that is neither denied nor refused. */
  readonly newest: ReadonlyMap<string, CsrPeer>
  /** Signer -> when its pending requests were made, in order. */
  readonly times: ReadonlyMap<string, readonly number[]>
}

const PEERS = new WeakMap<readonly CsrPeer[], PeerIndex>()

function peersOf(all: readonly CsrPeer[]): PeerIndex {
  const known = PEERS.get(all)
  if (known) return known
  const byKey = new Map<string, string | Set<string>>()
  const newest = new Map<string, CsrPeer>()
  const times = new Map<string, number[]>()
  for (const peer of all) {
    if (peer.publicKeySha256 !== undefined) addSharer(byKey, peer.publicKeySha256, peer.commonName)
    const before = newest.get(seriesOf(peer))
    const counts = peer.isPending || peer.isGranted
    if (counts && (!before || isNewer(peer, before))) newest.set(seriesOf(peer), peer)
    if (!peer.isPending) continue
    const made = times.get(peer.signerName) ?? []
    made.push(peer.creationTimestamp?.getTime() ?? 0)
    times.set(peer.signerName, made)
  }
  for (const made of times.values()) made.sort((a, b) => a - b)
  const index = { byKey, newest, times }
  PEERS.set(all, index)
  return index
}

function addSharer(map: Map<string, string | Set<string>>, key: string, name: string): void {
  const known = map.get(key)
  if (known === undefined) map.set(key, name)
  else if (known instanceof Set) known.add(name)
  else if (known !== name) map.set(key, new Set([known, name]))
}

function addTo(map: Map<string, Set<string>>, key: string, value: string): void {
  const set = map.get(key)
  if (set) set.add(value)
  else map.set(key, new Set([value]))
}

/** What a node, by the same user, asked of the same signer. */
function seriesOf({ signerName, commonName, username }: CsrPeer): string {
  return JSON.stringify([signerName, commonName, username])
}

function isNewer(one: CsrPeer, other: CsrPeer): boolean {
  const [a, b] = [one, other].map(peer => peer.creationTimestamp?.getTime() ?? 0) as [number, number]
  return a === b ? one.name > other.name : a > b
}

/** Enough to say who they are. */
const MOST_SHARERS = 6

/** Common names of other requests with the same key, the first few. */
export function keySharers({ all, request }: CsrFacts, commonName: string): string[] {
  const names = request ? peersOf(all).byKey.get(request.publicKeySha256) : undefined
  if (typeof names === 'string') return names === commonName ? [] : [names]
  const sharers: string[] = []
  for (const name of names ?? []) {
    if (name !== commonName) sharers.push(name)
    if (sharers.length === MOST_SHARERS) break
  }
  return sharers
}

/** The newest request of the same series that is pending or granted, when that is another. */
export function newerThan({ csr, all }: CsrFacts, commonName: string): CsrPeer | undefined {
  const { signerName, username } = csr.spec
  const key = JSON.stringify([signerName, commonName, username])
  const newest = peersOf(all).newest.get(key)
  return newest && newest.name !== csr.name ? newest : undefined
}

const HOUR = 3_600_000

/** Pending requests for the same signer, made in the hour before. */
export function madeLastHour({ csr, all, now }: CsrFacts): number {
  const made = peersOf(all).times.get(csr.spec.signerName) ?? []
  const [from, to] = [now.getTime() - HOUR, now.getTime()]
  return firstAbove(made, to) - firstAbove(made, from)
}

function firstAbove(sorted: readonly number[], limit: number): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle] as number) > limit) high = middle
    else low = middle + 1
  }
  return low
}

interface NodeIndex {
  readonly byName: ReadonlyMap<string, NodeObject>
  /** Of several Nodes: they cannot be of one cluster, and nobody knows which is meant. */
  readonly repeated: ReadonlySet<string>
  /** Name of a Node, as `nameKey` has it -> as it is. */
  readonly names: ReadonlyMap<string, string>
  /** Host name in lower case, or address in its one form -> names of the nodes that have it. */
  readonly owners: ReadonlyMap<string, ReadonlySet<string>>
  readonly hasInventory: boolean
}

const NODES = new WeakMap<readonly NodeObject[], NodeIndex>()

function nodesOf(nodes: readonly NodeObject[]): NodeIndex {
  const known = NODES.get(nodes)
  if (known) return known
  const owners = new Map<string, Set<string>>()
  for (const node of nodes)
    for (const { address } of [{ address: node.name }, ...node.addresses])
      addTo(owners, nameKey(address), node.name)
  const byName = new Map<string, NodeObject>()
  const repeated = new Set<string>()
  for (const node of nodes) {
    if (byName.has(node.name)) repeated.add(node.name)
    byName.set(node.name, node)
  }
  const names = new Map(nodes.map(({ name }) => [nameKey(name), name]))
  const hasInventory = nodes.some(({ isExpected }) => isExpected)
  const index = { byName, repeated, names, owners, hasInventory }
  NODES.set(nodes, index)
  return index
}

/** Equal for two ways to write one name or address. */
export function nameKey(name: string): string {
  return parseIpAddress(name)?.text ?? name.toLowerCase().replace(/\.$/, '')
}

export function nodeNamed({ nodes }: CsrFacts, name: string): NodeObject | undefined {
  return nodes && nodesOf(nodes).byName.get(name)
}

export function isRepeated({ nodes }: CsrFacts, name: string): boolean {
  return nodes !== undefined && nodesOf(nodes).repeated.has(name)
}

/** The node whose own name it is: the API server has seen to that, whereas addresses are what kubelets say. */
export function namesake({ nodes }: CsrFacts, name: string): string | undefined {
  return nodes && nodesOf(nodes).names.get(nameKey(name))
}

/** Nodes that have the name or address. */
export function ownersOf({ nodes }: CsrFacts, name: string): ReadonlySet<string> {
  return (nodes && nodesOf(nodes).owners.get(nameKey(name))) ?? NOBODY
}

const NOBODY: ReadonlySet<string> = new Set()

export function hasInventory({ nodes }: CsrFacts): boolean {
  return nodes !== undefined && nodesOf(nodes).hasInventory
}

const MACHINES = new WeakMap<readonly MachineObject[], ReadonlyMap<string, readonly MachineObject[]>>()

/** Machines whose node is to have the name, by their addresses. */
export function machinesNamed({ machines = [] }: CsrFacts, name: string): readonly MachineObject[] {
  const index = MACHINES.get(machines) ?? machinesByName(machines)
  MACHINES.set(machines, index)
  return index.get(nameKey(name)) ?? []
}

function machinesByName(machines: readonly MachineObject[]): Map<string, MachineObject[]> {
  const index = new Map<string, MachineObject[]>()
  for (const machine of machines) {
    const names = machine.addresses.filter(({ type }) => type === 'InternalDNS' || type === 'Hostname')
    for (const key of new Set(names.map(({ address }) => nameKey(address))))
      index.set(key, [...(index.get(key) ?? []), machine])
  }
  return index
}

const ADDRESS_TYPES: ReadonlySet<string> = new Set(['InternalIP', 'ExternalIP', 'Hostname'])
const NAME_TYPES: ReadonlySet<string> = new Set(['Hostname', 'InternalDNS', 'ExternalDNS'])

export function hasAddress(node: NodeObject, address: string): boolean {
  return node.addresses.some(one => ADDRESS_TYPES.has(one.type) && nameKey(one.address) === nameKey(address))
}

export function hasName(node: NodeObject, name: string): boolean {
  return node.addresses.some(one => NAME_TYPES.has(one.type) && nameKey(one.address) === nameKey(name))
}

export function isIn(cidrs: readonly Cidr[], address: IpAddress): boolean {
  return cidrs.some(cidr => isInside(cidr, address))
}
