/** The controller-manager, and a kubelet as far as its certificates, as processes on 127.0.0.1. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Flags, freePort, kubectl, pairOf, pkiFile, type Server, start } from './control-plane.ts'

export async function leaseHolder(root: string, port: number): Promise<string> {
  const lease = ['lease', 'kube-controller-manager', '--namespace=kube-system']
  const { stdout } = await kubectl(
    ...[root, 'admin.conf', port, 'get', ...lease, '--output=jsonpath={.spec.holderIdentity}'],
  )
  return stdout
}

const CONTROLLERS = [
  'clusterrole-aggregation',
  'csrsigning',
  'csrapproving',
  'csrcleaner',
  'root-ca-cert-publisher',
  'serviceaccount',
  'serviceaccount-token',
]

/** With the flags that kubeadm gives it; without the CA's key it signs nothing, as kubeadm has it for an external CA. */
export async function startControllerManager(
  root: string,
  port: number,
  signs: boolean,
  more: Flags = {},
): Promise<Server> {
  const kubeconfig = pointedHere(root, 'controller-manager.conf', port)
  const own = controllerManagerFlags(root, { kubeconfig, securePort: await freePort(), signs })
  const flags = { ...own, ...more }
  const isReady = async () => (await leaseHolder(root, port)) !== ''
  return start({ name: 'kube-controller-manager', flags, isReady })
}

interface ControllerManager {
  readonly kubeconfig: string
  readonly securePort: number
  readonly signs: boolean
}

export function controllerManagerFlags(
  root: string,
  { kubeconfig, securePort, signs }: ControllerManager,
): Flags {
  const { certificate, key } = pairOf(root, 'ca')
  return {
    kubeconfig,
    'authentication-kubeconfig': kubeconfig,
    'authorization-kubeconfig': kubeconfig,
    'client-ca-file': certificate,
    'requestheader-client-ca-file': pkiFile(root, 'front-proxy-ca.crt'),
    'root-ca-file': certificate,
    'service-account-private-key-file': pkiFile(root, 'sa.key'),
    ...(signs && { 'cluster-signing-cert-file': certificate, 'cluster-signing-key-file': key }),
    controllers: CONTROLLERS.join(),
    'use-service-account-credentials': 'true',
    'leader-elect': 'true',
    'bind-address': '127.0.0.1',
    'secure-port': securePort,
    port: 0,
  }
}

/** A copy for the server on localhost: what a node's own components use has the address it advertises. */
function pointedHere(root: string, file: string, port: number): string {
  const copy = join(root, file)
  const text = readFileSync(join(root, 'etc/kubernetes', file), 'utf8')
  writeFileSync(copy, withServer(text, port), { mode: 0o600 })
  return copy
}

/** A kubeconfig for the server on localhost. */
export function withServer(kubeconfig: string, port: number): string {
  return kubeconfig.replace(/(?<=^ *server: ).*$/m, `https://localhost:${port}`)
}

const [TOKEN_ID, TOKEN_SECRET] = ['abcdef', '0123456789abcdef']
export const BOOTSTRAP_TOKEN = `${TOKEN_ID}.${TOKEN_SECRET}`
const BOOTSTRAPPERS = 'system:bootstrappers:kubeadm:default-node-token'
const TOKEN_FIELDS = {
  'token-id': TOKEN_ID,
  'token-secret': TOKEN_SECRET,
  'usage-bootstrap-authentication': 'true',
  'auth-extra-groups': BOOTSTRAPPERS,
}

/** What `kubectl create` makes so that who has the token may ask for a node's certificate; nothing approves it by itself. */
export const BOOTSTRAP_OBJECTS: readonly (readonly string[])[] = [
  [
    ...['secret', 'generic', `bootstrap-token-${TOKEN_ID}`, '--namespace=kube-system'],
    '--type=bootstrap.kubernetes.io/token',
    ...Object.entries(TOKEN_FIELDS).map(([key, value]) => `--from-literal=${key}=${value}`),
  ],
  [
    ...['clusterrolebinding', 'kubelet-bootstrap', '--clusterrole=system:node-bootstrapper'],
    `--group=${BOOTSTRAPPERS}`,
  ],
]

export interface Worker {
  readonly root: string
  readonly nodeName: string
  /** Its bootstrap-kubelet.conf. */
  readonly bootstrap: string
  /** Whether it has got as far as the test wants it. */
  readonly isReady: (port: number) => Promise<boolean>
  /** The socket of its container runtime; by default there is none. */
  readonly runtime?: string
}

export interface WorkerKubelet extends Server {
  /** Where it serves, when it has a container runtime. */
  readonly port: number
  readonly kubeconfig: string
  readonly clientCertificate: string
}

/**
 * It asks for a client certificate, makes a serving one, and without a container runtime does no more. It makes folders in /var/lib/kubelet
 * whatever its flags say: what it sees there is the worker's.
 */
export async function startWorkerKubelet(worker: Worker): Promise<WorkerKubelet> {
  const at = (path: string) => join(worker.root, path)
  for (const directory of ['etc/kubernetes', 'var/lib/kubelet']) mkdirSync(at(directory), { recursive: true })
  const kubeconfig = at('etc/kubernetes/kubelet.conf')
  const config = at('var/lib/kubelet/config.yaml')
  const port = await freePort()
  writeFileSync(config, kubeletConfiguration(port))
  const flags = {
    'bootstrap-kubeconfig': worker.bootstrap,
    kubeconfig,
    config,
    'cert-dir': at('var/lib/kubelet/pki'),
    'root-dir': at('var/lib/kubelet'),
    'volume-plugin-dir': at('volume-plugins'),
    'container-runtime': 'remote',
    'container-runtime-endpoint': `unix://${worker.runtime ?? '/nonexistent.sock'}`,
    'hostname-override': worker.nodeName,
  }
  const through = ['unshare', '-m', 'sh', '-c', 'mount --bind "$0" /var/lib && exec "$@"', at('var/lib')]
  const isReady = () => worker.isReady(port)
  const server = await start({ name: 'kubelet', flags, through, isReady })
  return {
    ...{ port, kubeconfig },
    clientCertificate: at('var/lib/kubelet/pki/kubelet-client-current.pem'),
    ...server,
  }
}

function kubeletConfiguration(port: number): string {
  return `
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: 127.0.0.1
port: ${port}
healthzPort: 0
rotateCertificates: true
failSwapOn: false
cgroupsPerQOS: false
enforceNodeAllocatable: []
makeIPTablesUtilChains: false
`
}
