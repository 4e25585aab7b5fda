/** What the machine says of itself: its name, and the address that others reach it at. */
import { readFileSync } from 'node:fs'
import { hostname, networkInterfaces } from 'node:os'
import { isSubdomain } from '../dns-name.ts'
import { isGlobalUnicast, parseIpAddress } from '../ip-address.ts'
import type { Machine } from '../pki/cluster-facts.ts'
import type { Sourced } from '../pki/locations.ts'
import { readText, type Tree } from './files.ts'

/** Of a tree below another root only what lies in it: this machine is not that node. */
export function readMachine(tree: Tree): Machine {
  if (tree.root === '/') return { hostname: nodeName(hostname(), 'host name'), address: defaultAddress() }
  const path = '/etc/hostname'
  const { contents } = readText(tree, { value: { path }, source: path })
  return { hostname: contents.state === 'present' ? nodeName(contents.text, path) : undefined }
}

/** kubeadm trims it and makes its letters small. */
function nodeName(text: string, source: string): Sourced<string> | undefined {
  const value = text.trim().toLowerCase()
  return isSubdomain(value) ? { value, source } : undefined
}

interface RouteTable {
  readonly file: string
  readonly family: 'IPv4' | 'IPv6'
  /** The interface, when the line is that of a default route through a gateway. */
  readonly read: (fields: readonly string[]) => string | undefined
}

const ROUTE_TABLES: readonly RouteTable[] = [
  {
    file: '/proc/net/route',
    family: 'IPv4',
    read: ([name, destination, gateway, , , , , mask]) =>
      destination === '00000000' && mask === '00000000' && gateway !== '00000000' ? name : undefined,
  },
  {
    file: '/proc/net/ipv6_route',
    family: 'IPv6',
    read: fields => {
      const [destination = '', prefix, , , gateway = ''] = fields
      const isDefault = /^0+$/.test(destination) && prefix === '00' && !/^0+$/.test(gateway)
      return isDefault ? fields.at(-1) : undefined
    },
  },
]

/** As kubeadm chooses it: the first address of the interface of the default route, IPv4 before IPv6. */
function defaultAddress(): Sourced<string> | undefined {
  for (const { file, family, read } of ROUTE_TABLES) {
    for (const line of linesOf(file)) {
      const name = read(line.trim().split(/\s+/))
      const value = name && addressOf(name, family)
      if (value) return { value, source: `default route, ${name}` }
    }
  }
  return undefined
}

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n')
  } catch {
    return []
  }
}

function addressOf(name: string, family: 'IPv4' | 'IPv6'): string | undefined {
  const own = (networkInterfaces()[name] ?? []).filter(one => one.family === family)
  const addresses = own.flatMap(({ address }) => parseIpAddress(address) ?? [])
  return addresses.find(isGlobalUnicast)?.text
}
