/** A stand-in for the kubelet: what has a manifest runs, what loses it is stopped. The containers are the real binaries. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { dump, load } from 'js-yaml'
import { type Binary, binary } from './assets.ts'
import { controllerManagerFlags, withServer } from './components.ts'
import {
  apiServerFlags,
  etcdFlags,
  type Flags,
  freePort,
  isRunning,
  makeControlPlaneTree,
  stop,
} from './control-plane.ts'
import { outputOf } from './kubeadm.ts'

export interface Kubelet {
  /** Of what runs now: component -> process id. */
  readonly running: () => Readonly<Record<string, number>>
  /** The end of a component's log, of all its runs. */
  readonly log: (component: string) => string
  /** Stops it and all that it started. */
  readonly stop: () => Promise<void>
}

interface Container {
  readonly manifest: string
  readonly child: ChildProcess
  readonly startedAt: number
}

const POLL = 100
/** What ended by itself comes back after so long. */
const BACK_OFF = 1_000

export function startKubelet(directory: string): Kubelet {
  const containers = new Map<string, Container>()
  const logs = new Map<string, string[]>()
  const end = new AbortController()
  const killAll = () => {
    for (const { child } of containers.values()) child.kill('SIGKILL')
  }
  process.once('exit', killAll)
  const loop = watch(directory, { containers, logs, end: end.signal })
  return {
    running: () =>
      Object.fromEntries(
        [...containers].flatMap(([name, { child }]) => (isRunning(child) ? [[name, child.pid ?? 0]] : [])),
      ),
    log: component => (logs.get(component) ?? []).slice(-15).join('\n'),
    stop: async () => {
      end.abort()
      await loop
      await Promise.all([...containers.values()].map(({ child }) => stop(child)))
      process.off('exit', killAll)
    },
  }
}

interface State {
  readonly containers: Map<string, Container>
  readonly logs: Map<string, string[]>
  readonly end: AbortSignal
}

async function watch(directory: string, state: State): Promise<void> {
  while (!state.end.aborted) {
    const wanted = manifestsIn(directory)
    const stale = [...state.containers].filter(([name, { manifest }]) => wanted.get(name) !== manifest)
    await Promise.all(stale.map(([, { child }]) => stop(child)))
    for (const [name] of stale) state.containers.delete(name)
    for (const [name, manifest] of wanted) keepRunning(name, manifest, state)
    await sleep(POLL)
  }
}

/** As the kubelet: no hidden files, and none that is away between two looks. */
function manifestsIn(directory: string): Map<string, string> {
  const names = existsSync(directory) ? readdirSync(directory) : []
  const manifests = names.filter(name => /^[^.].*\.yaml$/.test(name))
  return new Map(manifests.flatMap(name => contentsOf(join(directory, name), name.replace(/\.yaml$/, ''))))
}

function contentsOf(file: string, name: string): [string, string][] {
  try {
    return [[name, readFileSync(file, 'utf8')]]
  } catch {
    return []
  }
}

function keepRunning(name: string, manifest: string, { containers, logs }: State): void {
  const before = containers.get(name)
  if (before && (isRunning(before.child) || Date.now() - before.startedAt < BACK_OFF)) return
  const [program = '', ...args] = commandOf(manifest)
  const child = spawn(binary(program as Binary), args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const log = logs.get(name) ?? []
  logs.set(name, log)
  child.on('error', error => log.push(error.message))
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => log.push(...text.trim().split('\n')))
  containers.set(name, { manifest, child, startedAt: Date.now() })
}

interface Pod {
  readonly spec: { readonly containers: readonly { readonly command: readonly string[] }[] }
}

function commandOf(manifest: string): readonly string[] {
  return (load(manifest) as Pod).spec.containers[0]?.command ?? []
}

export function manifestsOf(root: string): string {
  return join(root, 'etc/kubernetes/manifests')
}

/**
 * The manifest of a component that really runs here, on the files of a tree. In the container, so to say, they have
 * their real paths; on the host the paths below the root, where `--root` looks.
 */
async function writeManifest(root: string, component: Binary, flags: Flags): Promise<void> {
  const volume = { name: 'k8s', hostPath: { path: '/etc/kubernetes', type: 'DirectoryOrCreate' } }
  const container = {
    name: component,
    command: [component, ...Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`)],
    image: `registry.example.test/${component}:${await versionOf(component)}`,
    volumeMounts: [{ name: volume.name, mountPath: join(root, 'etc/kubernetes'), readOnly: true }],
  }
  const metadata = { name: component, namespace: 'kube-system', labels: { component, tier: 'control-plane' } }
  const spec = { containers: [container], hostNetwork: true, volumes: [volume] }
  mkdirSync(manifestsOf(root), { recursive: true })
  const text = dump({ apiVersion: 'v1', kind: 'Pod', metadata, spec }, { lineWidth: -1 })
  writeFileSync(join(manifestsOf(root), `${component}.yaml`), text, { mode: 0o600 })
}

/** `v1.20.2`, or etcd's `3.4.23`. */
async function versionOf(component: Binary): Promise<string> {
  const said = await outputOf(binary(component), ['--version'])
  const version = /v?\d+\.\d+\.\d+/.exec(said)?.[0]
  if (version === undefined) throw new Error(`${component} --version: ${said}`)
  return version
}

/** Answers the port that clients ask. */
export async function writeEtcdManifest(root: string): Promise<number> {
  const ports = { client: await freePort(), peer: await freePort() }
  await writeManifest(root, 'etcd', etcdFlags(root, join(root, 'var/lib/etcd'), ports))
  return ports.client
}

export function writeApiServerManifest(root: string, port: number, etcdPort: number): Promise<void> {
  return writeManifest(root, 'kube-apiserver', apiServerFlags(root, port, etcdPort))
}

/** On the kubeconfig of the tree, which is pointed to this API server. */
export async function writeControllerManagerManifest(root: string, port: number): Promise<number> {
  const kubeconfig = join(root, 'etc/kubernetes/controller-manager.conf')
  writeFileSync(kubeconfig, withServer(readFileSync(kubeconfig, 'utf8'), port))
  const securePort = await freePort()
  const flags = controllerManagerFlags(root, { kubeconfig, securePort, signs: true })
  await writeManifest(root, 'kube-controller-manager', flags)
  return securePort
}

export interface ControlPlanePorts {
  readonly etcd: number
  readonly 'kube-apiserver': number
}

/** A tree by kubeadm, with the manifests of both; nothing runs yet. */
export async function makeNode(root: string): Promise<ControlPlanePorts> {
  const port = await freePort()
  await makeControlPlaneTree(root, port)
  const etcd = await writeEtcdManifest(root)
  await writeApiServerManifest(root, port, etcd)
  return { etcd, 'kube-apiserver': port }
}
