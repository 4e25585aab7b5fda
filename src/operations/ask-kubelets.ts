/** What kubelets serve now, of nodes whose serving requests wait: one handshake each, and nothing is sent. */
import { lookAtEndpoint } from '../cluster/endpoint.ts'
import { named } from '../foreign-text.ts'
import { parseIpAddress } from '../ip-address.ts'
import type { NodeObject } from '../kubernetes/node-object.ts'
import { nodeNameOf } from '../pki/csr/facts.ts'
import type { Fleet, KubeletAnswer } from '../pki/csr/fleet.ts'
import type { CsrPeer } from '../pki/csr/rule.ts'
import { KUBELET_SERVING } from '../pki/csr/signer-name.ts'
import { type Certificate, parseCertificate } from '../x509/certificate.ts'

const KUBELET_PORT = 10_250

/** Milliseconds for one kubelet. */
const PATIENCE = 5_000
const AT_ONCE = 16

export async function withServed(fleet: Fleet, peers: readonly CsrPeer[]): Promise<Fleet> {
  const names = new Set(
    peers
      .filter(({ isPending, signerName }) => isPending && signerName === KUBELET_SERVING)
      .map(({ commonName }) => nodeNameOf(commonName)),
  )
  const nodes = (fleet.nodes ?? []).filter(({ name }) => names.has(name))
  const served = new Map<string, KubeletAnswer>()
  for (let start = 0; start < nodes.length; start += AT_ONCE) {
    const some = nodes.slice(start, start + AT_ONCE)
    const answers = await Promise.all(some.map(ask))
    for (const [index, { name }] of some.entries()) served.set(name, answers[index] as KubeletAnswer)
  }
  return { ...fleet, served }
}

const STATES = {
  refused: 'nobody listens there',
  silent: 'no answer',
  open: 'it speaks no TLS',
  tls: undefined,
} as const

async function ask({ name, addresses, kubeletPort = KUBELET_PORT }: NodeObject): Promise<KubeletAnswer> {
  const host = addresses.find(
    ({ type, address }) => type === 'InternalIP' && parseIpAddress(address),
  )?.address
  if (host === undefined)
    return { at: `the kubelet of ${named(name)}`, chain: [], problem: 'no InternalIP is known' }
  const at = `${host.includes(':') ? `[${host}]` : host}:${kubeletPort}`
  const { state, chain } = await lookAtEndpoint({ host, port: kubeletPort, timeout: PATIENCE })
  const problem = STATES[state]
  if (problem !== undefined) return { at, chain: [], problem }
  const read = chain.map(readable)
  return read.includes(undefined)
    ? { at, chain: [], problem: 'what it serves is no certificate that can be read' }
    : { at, chain: read.filter(one => one !== undefined) }
}

function readable(der: Uint8Array): Certificate | undefined {
  try {
    return parseCertificate(new Uint8Array(der))
  } catch {
    return undefined
  }
}
