/** Looks at what a node's processes serve, all at once, and at since when they run. Sends nothing but handshakes. */
import { dirname } from 'node:path'
import { lookAtEndpoint } from '../cluster/endpoint.ts'
import { SERVICE_ACCOUNT_KEY } from '../inventory/catalog.ts'
import { LONGEST_TIMER } from '../kubernetes/duration.ts'
import type { EndpointAddress } from '../kubernetes/endpoint-address.ts'
import {
  DEFAULT_KUBELET_SERVING,
  type KubeletServing,
  parseKubeletServing,
} from '../kubernetes/kubelet-serving.ts'
import { listenersOf } from '../pki/listeners.ts'
import type { Listener, LiveEndpoint, LiveEvidence, ServedFile } from '../pki/live-evidence.ts'
import type { NodePath } from '../pki/locations.ts'
import { processesOfNode } from '../pki/running.ts'
import type { Snapshot } from '../pki/snapshot.ts'
import { readText, type Tree } from '../store/files.ts'
import { changedAt, readProcesses } from '../store/processes.ts'
import { certificatesIn } from '../store/read.ts'
import { type Certificate, parseCertificate } from '../x509/certificate.ts'

export interface LiveOptions {
  /** Looks at what is served; by default no connection is made. */
  readonly live?: boolean | undefined
  /** Further addresses of the API server, such as a load balancer's. */
  readonly endpoints?: readonly Required<EndpointAddress>[] | undefined
  /** Milliseconds for all of it; by default 10 s. */
  readonly timeout?: number | undefined
}

const DEFAULT_TIMEOUT = 10_000

export async function gatherLive(
  snapshot: Snapshot,
  { root, endpoints = [], timeout = DEFAULT_TIMEOUT }: LiveOptions & { readonly root: string },
): Promise<LiveEvidence> {
  const tree: Tree = { root }
  const listeners = listenersOf({
    snapshot,
    kubelet: readKubelet(tree, snapshot),
    readServed: (name, path) => readServed(tree, name, path),
    further: endpoints,
  })
  const patience = Math.min(timeout, LONGEST_TIMER)
  const all = readProcesses()
  return {
    endpoints: await Promise.all(listeners.map(listener => look(listener, patience))),
    processes: all && processesOfNode(all, snapshot, root),
    changedAt: changesOf(snapshot, listeners),
    isOtherRoot: root !== '/',
  }
}

/** Undefined where nothing of a kubelet is there. */
function readKubelet(tree: Tree, snapshot: Snapshot): KubeletServing | undefined {
  const { source, value } = snapshot.locations.kubeletDir
  const { contents } = readText(tree, { source, value: configurationBeside(value) })
  if (contents.state === 'present') {
    const read = parseKubeletServing(contents.text)
    return 'reason' in read ? DEFAULT_KUBELET_SERVING : read
  }
  const isHere = snapshot.entries.some(
    ({ name, kind, certificate }) =>
      (kind === 'kubelet' || name === 'kubelet.conf') && certificate.state !== 'missing',
  )
  return isHere ? DEFAULT_KUBELET_SERVING : undefined
}

/** `/var/lib/kubelet/config.yaml` for `/var/lib/kubelet/pki`. */
function configurationBeside({ path, within }: NodePath): NodePath {
  return within === undefined
    ? { path: `${dirname(path)}/config.yaml` }
    : { path: 'config.yaml', within: dirname(within) }
}

function readServed(tree: Tree, name: string, path: string): ServedFile {
  const { contents, file } = readText(tree, { value: { path }, source: 'default' })
  return { name, file: file.path, realPath: file.realPath, certificate: certificatesIn(contents) }
}

async function look(listener: Listener, timeout: number): Promise<LiveEndpoint> {
  const { host, port, serverName } = listener
  const { state, chain, isConnected, errorCode } = await lookAtEndpoint({ host, port, timeout, serverName })
  const seen = { state, chain: readable(chain), isConnected }
  return { ...listener, ...seen, ...(errorCode !== undefined && { errorCode }) }
}

/** Nothing behind the first that no one else could read either. */
function readable(chain: readonly Uint8Array[]): readonly Certificate[] {
  const read: Certificate[] = []
  try {
    for (const der of chain) read.push(parseCertificate(new Uint8Array(der)))
  } catch {}
  return read
}

function changesOf(
  { entries, serviceAccount }: Snapshot,
  listeners: readonly Listener[],
): ReadonlyMap<string, Date> {
  const files = [
    ...listeners.flatMap(({ expected }) => expected ?? []),
    ...entries.map(({ name, file, certificateFile }) => ({ name, ...(certificateFile ?? file) })),
    ...serviceAccount.map(file => ({ name: SERVICE_ACCOUNT_KEY.name, ...file })),
  ]
  return new Map(
    files.flatMap(file => {
      const at = changedAt(file)
      return at ? [[file.name, at] as const] : []
    }),
  )
}
