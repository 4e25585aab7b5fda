/** By which names a node's servers are reached, and who does so. */
import { firstAddressOf, parseIpAddress } from '../../ip-address.ts'
import { parseEndpointAddress } from '../../kubernetes/endpoint-address.ts'
import { parseSubjectAltName, type SubjectAltName } from '../../x509/subject-alt-name.ts'
import type { Evidence } from '../evidence.ts'
import { podOf, type Snapshot } from '../snapshot.ts'

export function flagOf(snapshot: Snapshot, component: string, flag: string): string | undefined {
  return podOf(snapshot, component)?.value.flags.get(flag)
}

/** `https://[::1]:2379/` -> `::1`. Other schemes and what is no URL have none. */
export function hostOfUrl(url: string): string | undefined {
  const [, address = ''] = /^https?:\/\/([^/]+)(?:\/.*)?$/.exec(url.trim()) ?? []
  const [, inBrackets] = /^\[([^\]]*)\]$/.exec(address) ?? []
  return parseEndpointAddress(inBrackets ?? address)?.host
}

/** The hosts of a list with commas, in https alone. */
export function hostsOfUrls(text: string | undefined): readonly string[] {
  const urls = (text ?? '').split(',').filter(url => url.trim().startsWith('https://'))
  return [...new Set(urls.flatMap(url => hostOfUrl(url) ?? []))]
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.')
}

const ETCD_URLS = ['advertise-client-urls', 'initial-advertise-peer-urls'] as const

/** Addresses that are surely this node's: its manifests or its configuration say so, the machine's routes do not. */
export function ownAddresses({ snapshot, facts }: Evidence): readonly string[] {
  const { advertiseAddress } = facts
  const isSaid = advertiseAddress !== undefined && !advertiseAddress.source.startsWith('default route')
  const urls = ETCD_URLS.flatMap(flag => hostsOfUrls(flagOf(snapshot, 'etcd', flag)))
  const texts = [...(isSaid ? [advertiseAddress.value] : []), ...urls.filter(host => !isLoopback(host))]
  return [...new Set(texts.map(text => parseIpAddress(text)?.text ?? text))]
}

/** None where only a certificate tells that is itself in question. */
export function ownNames({ facts, snapshot }: Evidence): readonly string[] {
  const { nodeName } = facts
  const doubted = snapshot.entries.filter(({ name }) => name === 'etcd-server')
  const isDoubted = doubted.some(({ file }) => nodeName?.source.startsWith(file.path))
  return nodeName === undefined || isDoubted ? [] : [nodeName.value]
}

export function isSaid({ source }: { readonly source: string }): boolean {
  return source !== 'default'
}

/** Of the services' first subnets, one for each family. */
export function serviceAddresses({ facts }: Evidence): readonly string[] {
  return facts.serviceSubnet.value.split(',').flatMap(subnet => firstAddressOf(subnet.trim())?.text ?? [])
}

/** Hosts that kubeconfigs of this node go to. */
export function kubeconfigHosts({ snapshot }: Evidence): readonly string[] {
  const servers = snapshot.entries.flatMap(({ kubeconfig }) => kubeconfig?.config.server ?? [])
  return [...new Set(servers.flatMap(server => hostOfUrl(server) ?? []))]
}

/** Undefined: it can be no name of a certificate. */
export function nameOf(host: string): SubjectAltName | undefined {
  return parseSubjectAltName(host)
}

/** It serves other certificates for other names: what one of them lacks another may have. */
export function servesByName(snapshot: Snapshot): boolean {
  return flagOf(snapshot, 'kube-apiserver', 'tls-sni-cert-key') !== undefined
}
