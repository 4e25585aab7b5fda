/** etcd and the API server as processes on 127.0.0.1, with the certificates of a tree. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type EndpointAnswer, probeEndpoint } from '../../src/cluster/endpoint.ts'
import { readCertificates } from '../../src/x509/certificate.ts'
import { type Binary, binary } from './assets.ts'
import { configuration, execute, makeTree, type Ran } from './kubeadm.ts'

/** Below those that the system gives to whoever asks for any, or connects: nobody takes one while its server is away. */
const [FIRST_PORT, PORTS] = [12_000, 18_000]

/** A port nobody listens on now. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST_PORT + Math.floor(Math.random() * PORTS)
    if (await isFree(port)) return port
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const server = createServer()
    server.on('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

export interface Server {
  readonly stop: () => Promise<void>
}

interface Start {
  readonly name: Binary
  readonly flags: Flags
  /** What runs it, when it does not run by itself; it must become it, so that its pid is the same. */
  readonly through?: readonly string[]
  /** Asked again and again until it answers yes. */
  readonly isReady: () => Promise<boolean>
}

const PATIENCE = 120_000

export async function start({ name, flags, through = [], isReady }: Start): Promise<Server> {
  const given = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`)
  const [command = '', ...args] = [...through, binary(name), ...given]
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const log: string[] = []
  for (const stream of [child.stdout, child.stderr])
    stream
      .setEncoding('utf8')
      .on('data', (text: string) => log.push(...text.split('\n').filter(line => line !== '')))
  const server = { stop: () => stop(child) }
  for (const end = Date.now() + PATIENCE; Date.now() < end && isRunning(child); await sleep(200))
    if (await isReady()) return server
  const state = isRunning(child) ? 'not ready in time' : `ended with ${child.exitCode ?? child.signalCode}`
  await server.stop()
  throw new Error(`${name}: ${state}; its log ends:\n${log.slice(-15).join('\n')}`)
}

export function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null
}

/** By its own pid; by force when it does not go in five seconds. */
export async function stop(child: ChildProcess): Promise<void> {
  if (!isRunning(child)) return
  const ended = new Promise(resolve => child.once('exit', resolve))
  child.kill('SIGTERM')
  const force = setTimeout(() => child.kill('SIGKILL'), 5_000)
  await ended
  clearTimeout(force)
}

export interface Pair {
  readonly certificate: string
  readonly key: string
}

function pairFlags(root: string, base: string, [certificateFlag, keyFlag]: readonly [string, string]) {
  const { certificate, key } = pairOf(root, base)
  return { [certificateFlag]: certificate, [keyFlag]: key }
}

export function pairOf(root: string, base: string): Pair {
  return { certificate: pkiFile(root, `${base}.crt`), key: pkiFile(root, `${base}.key`) }
}

export function pkiFile(root: string, file: string): string {
  return join(root, 'etc/kubernetes/pki', file)
}

/** `etcdctl`, as the client with this pair, or as nobody. */
export function etcdctl(
  root: string,
  port: number,
  client: Pair | undefined,
  ...args: string[]
): Promise<Ran> {
  const credentials = client ? ['--cert', client.certificate, '--key', client.key] : []
  return execute(binary('etcdctl'), [
    ...[`--endpoints=https://127.0.0.1:${port}`, '--cacert', pkiFile(root, 'etcd/ca.crt'), ...credentials],
    ...['--command-timeout=10s', '--dial-timeout=10s', ...args],
  ])
}

export type Flags = Readonly<Record<string, string | number | true>>

export interface EtcdPorts {
  readonly client: number
  readonly peer: number
}

/** One member, with client-cert-auth on both of its ports. */
export function etcdFlags(root: string, dataDir: string, ports: EtcdPorts): Flags {
  const client = `https://127.0.0.1:${ports.client}`
  const peer = `https://127.0.0.1:${ports.peer}`
  return {
    name: 'cp',
    'data-dir': dataDir,
    'listen-client-urls': client,
    'advertise-client-urls': client,
    'listen-peer-urls': peer,
    'initial-advertise-peer-urls': peer,
    'initial-cluster': `cp=${peer}`,
    ...pairFlags(root, 'etcd/server', ['cert-file', 'key-file']),
    'trusted-ca-file': pkiFile(root, 'etcd/ca.crt'),
    'client-cert-auth': true,
    ...pairFlags(root, 'etcd/peer', ['peer-cert-file', 'peer-key-file']),
    'peer-trusted-ca-file': pkiFile(root, 'etcd/ca.crt'),
    'peer-client-cert-auth': true,
  }
}

export async function startEtcd(root: string, dataDir: string): Promise<Server & { readonly port: number }> {
  const ports = { client: await freePort(), peer: await freePort() }
  const healthcheck = pairOf(root, 'etcd/healthcheck-client')
  const isReady = async () =>
    (await etcdctl(root, ports.client, healthcheck, 'endpoint', 'health')).exitCode === 0
  const started = await start({ name: 'etcd', flags: etcdFlags(root, dataDir, ports), isReady })
  return { port: ports.client, ...started }
}

/** kubeadm will not advertise a loopback address; nothing listens on this one. */
export function ownAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap(list => list ?? [])
  const own = addresses.find(({ family, internal }) => family === 'IPv4' && !internal)
  if (!own) throw new Error('this machine has no IPv4 address of its own')
  return own.address
}

/** For an API server on this port of 127.0.0.1. */
export function controlPlaneConfiguration(port: number, certSans: readonly string[] = []): string {
  const names = JSON.stringify(['127.0.0.1', ...certSans])
  const cluster = `controlPlaneEndpoint: localhost:${port}\napiServer: {certSANs: ${names}}`
  return configuration({ address: ownAddress(), port, cluster })
}

export async function makeControlPlaneTree(root: string, port: number): Promise<void> {
  await makeTree(root, controlPlaneConfiguration(port))
}

/** As the user of a kubeconfig. kubeadm points some to the address it advertises; the server is on localhost. */
export function kubectl(root: string, kubeconfig: string, port: number, ...args: string[]): Promise<Ran> {
  return execute(binary('kubectl'), [
    ...['--kubeconfig', join(root, 'etc/kubernetes', kubeconfig), `--server=https://localhost:${port}`],
    ...['--cache-dir', join(root, 'kubectl-cache'), '--request-timeout=20s', ...args],
  ])
}

/** How the API server calls the user of a kubeconfig that may not do this. */
export async function refusedUser(
  root: string,
  kubeconfig: string,
  port: number,
): Promise<string | undefined> {
  const { stderr } = await kubectl(root, kubeconfig, port, 'delete', 'namespace', 'kube-public')
  return /User "(.*)" cannot delete resource "namespaces"/.exec(stderr)?.[1]
}

export interface Requester {
  readonly username: string
  readonly groups: readonly string[]
}

/** How the API server calls the user of a kubeconfig that may ask for certificates: it notes who asks. */
export async function requesterOf(
  root: string,
  kubeconfig: string,
  { port, csrFile }: { readonly port: number; readonly csrFile: string },
): Promise<Requester> {
  const object = {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { generateName: 'who-asks-' },
    spec: {
      request: readFileSync(csrFile).toString('base64'),
      signerName: 'example.test/nobody',
      usages: ['client auth'],
    },
  }
  const file = join(root, 'request.json')
  writeFileSync(file, JSON.stringify(object))
  const create = ['create', '--filename', file, '--output=json']
  const { stdout, stderr, exitCode } = await kubectl(root, kubeconfig, port, ...create)
  if (exitCode !== 0) throw new Error(stderr)
  const { username, groups } = JSON.parse(stdout).spec
  return { username, groups }
}

export function apiServerFlags(root: string, port: number, etcdPort: number): Flags {
  return {
    'advertise-address': ownAddress(),
    'bind-address': '127.0.0.1',
    'secure-port': port,
    'etcd-servers': `https://127.0.0.1:${etcdPort}`,
    'etcd-cafile': pkiFile(root, 'etcd/ca.crt'),
    ...pairFlags(root, 'apiserver-etcd-client', ['etcd-certfile', 'etcd-keyfile']),
    'client-ca-file': pkiFile(root, 'ca.crt'),
    ...pairFlags(root, 'apiserver', ['tls-cert-file', 'tls-private-key-file']),
    ...pairFlags(root, 'apiserver-kubelet-client', ['kubelet-client-certificate', 'kubelet-client-key']),
    ...pairFlags(root, 'front-proxy-client', ['proxy-client-cert-file', 'proxy-client-key-file']),
    'requestheader-client-ca-file': pkiFile(root, 'front-proxy-ca.crt'),
    'requestheader-allowed-names': 'front-proxy-client',
    'requestheader-username-headers': 'X-Remote-User',
    'requestheader-group-headers': 'X-Remote-Group',
    'requestheader-extra-headers-prefix': 'X-Remote-Extra-',
    'service-account-issuer': 'https://kubernetes.default.svc.cluster.local',
    'service-account-key-file': pkiFile(root, 'sa.pub'),
    'service-account-signing-key-file': pkiFile(root, 'sa.key'),
    'service-cluster-ip-range': '10.96.0.0/12',
    'authorization-mode': 'Node,RBAC',
    'enable-bootstrap-token-auth': true,
  }
}

const ANYBODY = ['--as=anybody', '--as-group=system:authenticated']

/**
 * Whether the administrator gets an answer, and anybody: who is no administrator has rights only once the API server has
 * made the roles that it begins with, and has seen them.
 */
export async function isApiServerReady(root: string, port: number): Promise<boolean> {
  const ask = async (...args: string[]) => (await kubectl(root, 'admin.conf', port, 'get', ...args)).stdout
  if (!(await ask('namespaces', '-o', 'name')).includes('namespace/kube-system\n')) return false
  return (await ask('--raw=/readyz', ...ANYBODY)) === 'ok'
}

export async function startApiServer(root: string, port: number, etcdPort: number): Promise<Server> {
  const flags = apiServerFlags(root, port, etcdPort)
  return start({ name: 'kube-apiserver', flags, isReady: () => isApiServerReady(root, port) })
}

/** What a probe of a listener with this pair answers. */
export function servedFrom(root: string, base: string): EndpointAnswer {
  const read = readCertificates(readFileSync(pairOf(root, base).certificate, 'utf8'))
  if (!('certificates' in read)) throw new Error(read.reason)
  return { state: 'tls', fingerprintSha256: read.certificates[0].fingerprintSha256 }
}

export function probe(port: number): Promise<EndpointAnswer> {
  return probeEndpoint({ host: '127.0.0.1', port, timeout: 5_000 })
}
