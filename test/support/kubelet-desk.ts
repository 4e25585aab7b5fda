/** A worker whose kubelet's certificate is asked for, and an API server that signs with openssl or does as a test says. */
import { X509Certificate } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, onTestFinished } from 'vitest'
import { namesIn, type Signing, signed } from './answers.ts'
import { makeLeaf, openssl } from './certificates.ts'
import {
  type FakeApi,
  makeFiles,
  reply,
  replyStatus,
  startFakeApi,
  writeKubeconfig,
} from './fake-api-server.ts'
import { NOW } from './host.ts'
import { type Person, startLive } from './live-desk.ts'
import { copyNode, readFixture } from './node.ts'

export const files = makeFiles()
afterAll(() => rmSync(files.directory, { recursive: true }))

export const PKI = 'var/lib/kubelet/pki'
export const DATED = 'kubelet-client-2026-11-21-00-00-00.pem'
export const CSRS = 'etc/kubernetes/pki/csr'
const COLLECTION = '/apis/certificates.k8s.io/v1/certificatesigningrequests'
export const CA = {
  certificate: readFixture('nodes/stock-1.20/etc/kubernetes/pki/ca.crt'),
  key: readFixture('nodes/stock-1.20/etc/kubernetes/pki/ca.key'),
}
export const SERVING = 'kubernetes.io/kubelet-serving'

export interface Stored {
  readonly metadata: { readonly name: string }
  readonly spec: Readonly<Record<string, unknown>>
}
type Status = Readonly<Record<string, unknown>>
/** PEM of the request -> what becomes of it. */
export type Decide = (request: string, object: Stored) => Status

export const APPROVED = [{ type: 'Approved', status: 'True', reason: 'R' }]
export const issue =
  (signing: Signing = {}): Decide =>
  request => {
    const subjectAltName = namesIn(request)
    const pem = signed(request, { by: CA, extKeyUsage: 'serverAuth', subjectAltName, ...signing })
    return { conditions: APPROVED, certificate: Buffer.from(pem).toString('base64') }
  }
export const PENDING: Decide = () => ({})

export interface Cluster extends FakeApi {
  readonly objects: Readonly<Record<string, Stored>>
  /** From now on. */
  decide: Decide
}

/** Knows who asks by what the test says. */
export async function cluster(decide: Decide, username = 'system:node:worker-1'): Promise<Cluster> {
  const objects: Record<string, Stored> = {}
  const held = { decide }
  const answered = (object: Stored, version: string) => ({
    ...object,
    metadata: { ...object.metadata, uid: `uid-${object.metadata.name}`, resourceVersion: version },
    status: held.decide(Buffer.from(String(object.spec.request), 'base64').toString(), object),
  })
  const api = await startFakeApi(files, ({ method, url, body }, response) => {
    if (method === 'POST') {
      const sent = JSON.parse(body) as Stored
      const { name } = sent.metadata
      if (objects[name]) return replyStatus(response, 409, { reason: 'AlreadyExists', message: 'exists' })
      objects[name] = { ...sent, spec: { ...sent.spec, username } }
      return reply(response, 201, { ...answered(objects[name], '1'), status: {} })
    }
    if (url.searchParams.has('watch')) return void response.writeHead(200).flushHeaders()
    const object = objects[decodeURIComponent(url.pathname.slice(COLLECTION.length + 1))]
    return object ? reply(response, 200, answered(object, '2')) : replyStatus(response, 404, {})
  })
  onTestFinished(() => api.close())
  return Object.assign(held, api, { objects })
}

export interface Node {
  readonly root: string
  readonly at: (file: string) => string
  readonly read: (file: string) => string
}

/** A worker with the certificate that its kubelet made for itself, unless another is given. */
export function worker(changes: Readonly<Record<string, string | null>> = {}): Node {
  const root = copyNode('worker', changes)
  const at = (file: string) => join(root, PKI, file)
  return { root, at, read: file => readFileSync(at(file), 'utf8') }
}

export interface Old {
  readonly subject?: string
  readonly usages?: string
  readonly names?: string
  readonly by?: typeof CA
}

/** A worker that somebody gave a certificate of the cluster. */
export function given({ by = CA, ...old }: Old = {}): Node {
  const { subject = '/O=system:nodes/CN=system:node:worker-1', usages = 'serverAuth' } = old
  const { names = 'DNS:worker-1, IP:10.0.0.11' } = old
  const key = openssl(['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'])
  const extensions = [
    'basicConstraints=critical,CA:FALSE',
    `extendedKeyUsage=${usages}`,
    ...(names === '' ? [] : [`subjectAltName=${names}`]),
  ].join('\n')
  const pem = makeLeaf(by, key, { subject, extensions, days: 30 })
  return worker({ [`${PKI}/kubelet.crt`]: pem, [`${PKI}/kubelet.key`]: key })
}

/** The user of a kubeconfig: the node, by the certificate that its kubelet rotates. */
export const asNode = ({ at }: Node) => ({ 'client-certificate': at(DATED), 'client-key': at(DATED) })

export interface Asking extends Person {
  readonly user?: object
  readonly args?: readonly string[]
}

export function start(
  node: Node,
  { url }: FakeApi,
  { user = asNode(node), args = [], ...person }: Asking = {},
) {
  const kubeconfig = writeKubeconfig(files, { server: url, user })
  const argv = ['certs', 'renew', 'kubelet.crt', '--use-api', '--kubeconfig', kubeconfig, ...args]
  return startLive([...argv, '--root', node.root, '--now', NOW.toISOString()], person)
}
export const renew = (node: Node, api: FakeApi, asking?: Asking) => start(node, api, asking).ended

export function lookAt(pem: string) {
  const certificate = new X509Certificate(pem)
  const { subject, subjectAltName, keyUsage } = certificate
  return { subject, subjectAltName, usages: keyUsage }
}
export const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'
export const NODES = 'O=system:nodes\nCN=system:node:worker-1'

export const isPair = ({ read, at }: Node) =>
  openssl(['x509', '-noout', '-pubkey'], read('kubelet.crt')) ===
  openssl(['pkey', '-in', at('kubelet.key'), '-pubout'])

export const sentTo = ({ objects }: Cluster) => Object.values(objects)
export const pendingFiles = ({ root }: Node) =>
  existsSync(join(root, CSRS)) ? readdirSync(join(root, CSRS)).filter(file => /\.(csr|key)$/.test(file)) : []
