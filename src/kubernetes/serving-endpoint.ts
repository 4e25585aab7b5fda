/** Where a control-plane component can be asked for its certificate, from this host. */
import type { StaticPod } from './static-pod.ts'

export interface ServingEndpoint {
  readonly host: string
  readonly port: number
}

const DEFAULT_PORTS: Readonly<Record<string, string>> = {
  'kube-apiserver': '6443',
  'kube-controller-manager': '10257',
  'kube-scheduler': '10259',
}
const DEFAULT_CLIENT_URLS = 'http://localhost:2379'

/** Undefined: it serves nothing, or is not of the control plane. */
export function servingEndpoint({ component, flags }: StaticPod): ServingEndpoint | undefined {
  if (component === 'etcd') return ofUrls(flags.get('listen-client-urls') ?? DEFAULT_CLIENT_URLS)
  const port = flags.get('secure-port') ?? DEFAULT_PORTS[component]
  return endpoint(flags.get('bind-address') ?? '', port)
}

/** Where etcd's other members ask; undefined: no flag says, or it is not etcd. */
export function peerEndpoint({ component, flags }: StaticPod): ServingEndpoint | undefined {
  return component === 'etcd' ? ofUrls(flags.get('listen-peer-urls') ?? '') : undefined
}

/** The first that serves TLS, else the first. */
function ofUrls(list: string): ServingEndpoint | undefined {
  const urls = list.split(',').map(url => /^(https?):\/\/(.*):(\d+)\/?$/.exec(url.trim()))
  const [, , host, port] = urls.find(url => url?.[1] === 'https') ?? urls.find(url => url) ?? []
  return endpoint(host ?? '', port)
}

/** Undefined: the port is none, or 0, for one that is closed. */
export function endpoint(address: string, port: string | undefined): ServingEndpoint | undefined {
  if (!port || !/^\d+$/.test(port) || Number(port) === 0 || Number(port) > 65_535) return undefined
  const host = address.replace(/^\[|\]$/g, '')
  return { host: isAny(host) ? LOOPBACK : host, port: Number(port) }
}

/** A listener on every address, of either family, is on this one. */
const LOOPBACK = '127.0.0.1'

function isAny(host: string): boolean {
  return host === '' || /^[0:.]+$/.test(host)
}
