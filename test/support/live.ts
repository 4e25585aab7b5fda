/** Listeners on 127.0.0.1, and a node whose manifests name their ports. */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import type { Server } from 'node:net'
import { join } from 'node:path'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import { onTestFinished } from 'vitest'
import { type LeafRequest, type MadeAuthority, makeLeaf, openssl, P256 } from './certificates.ts'
import { freePort } from './control-plane.ts'
import { copyNode, readFixture } from './node.ts'

/** On a free port of 127.0.0.1, until the test ends. */
export function listening(server: Server): Promise<number> {
  onTestFinished(() => {
    server.close()
  })
  server.on('error', () => undefined)
  return new Promise(resolve => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address ? address.port : 0)
    })
  })
}

export interface ServedPair {
  /** In PEM, what goes with it behind it. */
  readonly cert: string
  readonly key: string
}

export function serving(pair: ServedPair, options: TlsOptions = {}): Promise<number> {
  return listening(createTlsServer({ ...pair, ...options }).on('tlsClientError', () => undefined))
}

const FIXTURE = 'nodes/stock-1.31'
const MANIFESTS = 'etc/kubernetes/manifests'
const KUBELET_CONFIG = 'var/lib/kubelet/config.yaml'

/** What the node's files have. */
export function pairOf(base: string): ServedPair {
  const file = (suffix: string) => readFixture(FIXTURE, `etc/kubernetes/pki/${base}.${suffix}`)
  return { cert: file('crt'), key: file('key') }
}

export function kubeletPair(): ServedPair {
  const text = readFixture(FIXTURE, 'var/lib/kubelet/pki/kubelet-server-2026-11-21-00-00-00.pem')
  return { cert: text, key: text }
}

export function authorityOf(base: string): MadeAuthority {
  const { cert, key } = pairOf(base)
  return { certificate: cert, key }
}

/** Signed by that CA with a key of its own; `behind`: what is sent with it. */
export function made(authority: MadeAuthority, request: Partial<LeafRequest> = {}, behind = ''): ServedPair {
  const key = openssl(['genpkey', ...P256])
  const leaf = { subject: '/CN=kube-apiserver', extensions: 'extendedKeyUsage=serverAuth', ...request }
  return { cert: makeLeaf(authority, key, leaf) + behind, key }
}

export interface Ports {
  readonly 'kube-apiserver'?: number
  readonly etcd?: number
  readonly peers?: number
  readonly 'kube-controller-manager'?: number
  readonly 'kube-scheduler'?: number
  readonly kubelet?: number
}

/** Where no port is given, nobody listens. */
export async function liveNode(ports: Ports = {}, changes: Readonly<Record<string, string | null>> = {}) {
  const root = copyNode('stock-1.31', changes)
  const port = async (name: keyof Ports) => ports[name] ?? (await freePort())
  const urls = async (name: keyof Ports) => `https://127.0.0.1:${await port(name)}`
  setFlags(root, 'etcd', {
    'listen-client-urls': await urls('etcd'),
    'listen-peer-urls': await urls('peers'),
  })
  setFlags(root, 'kube-apiserver', { 'secure-port': await port('kube-apiserver') })
  for (const name of ['kube-controller-manager', 'kube-scheduler'] as const)
    setFlags(root, name, { 'secure-port': await port(name) })
  appendFileSync(join(root, KUBELET_CONFIG), `port: ${await port('kubelet')}\n`)
  return root
}

export function setFlags(root: string, component: string, flags: Readonly<Record<string, string | number>>) {
  const file = join(root, MANIFESTS, `${component}.yaml`)
  const added = Object.entries(flags).map(([flag, value]) => `    - --${flag}=${value}`)
  const text = readFileSync(file, 'utf8').replace(/^ {4}- (etcd|kube-\S+)$/m, line =>
    [line, ...added].join('\n'),
  )
  const kept = text
    .split('\n')
    .filter(
      line => added.includes(line) || !Object.keys(flags).some(flag => line.startsWith(`    - --${flag}=`)),
    )
  writeFileSync(file, kept.join('\n'))
}
