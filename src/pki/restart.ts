/** Who holds what was changed: what must be restarted, and what takes it up by itself. Pure. */
import {
  CERTIFICATES,
  type Component,
  KUBECONFIGS,
  KUBELET_CERTIFICATES,
  type KubeletCertificateSpec,
  SERVICE_ACCOUNT_KEY,
  type Use,
} from '../inventory/catalog.ts'
import { isAtLeast } from '../kubernetes/version.ts'
import { type Entry, entryNamed, type PlacedPod, type Snapshot } from './snapshot.ts'

interface Holder {
  readonly component: Component
  /** Absent where no manifest tells it. */
  readonly version?: string
  /** Of what was changed, all that it holds. */
  readonly certificates: readonly string[]
}

export interface Restart extends Holder {
  /** As shown to people. */
  readonly manifest?: string
  /** False: a service of the host, or a container that something else starts. */
  readonly isStaticPod: boolean
}

export interface SelfReload extends Holder {
  readonly version: string
  /** In at most so many seconds; 0: for every new connection. */
  readonly within: number
}

/** Each process is in one of the two. */
export interface RestartPlan {
  /** In the order they are best restarted. */
  readonly restart: readonly Restart[]
  readonly reloads: readonly SelfReload[]
}

const RESTART_ORDER: readonly Component[] = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubelet',
]

interface NamedUse extends Use {
  readonly name: string
}

const KUBELETS: readonly KubeletCertificateSpec[] = KUBELET_CERTIFICATES
const ROWS = [...CERTIFICATES, ...KUBECONFIGS, ...KUBELETS, SERVICE_ACCOUNT_KEY]
const USES: readonly NamedUse[] = ROWS.flatMap(({ name, usedBy = [] }) =>
  usedBy.map((use: Use) => ({ ...use, name })),
)

/** `changedNames`: rows of the inventory. A version nobody knows reloads nothing. */
export function planRestart(snapshot: Snapshot, changedNames: readonly string[]): RestartPlan {
  const restart: Restart[] = []
  const reloads: SelfReload[] = []
  for (const component of RESTART_ORDER) {
    const uses = USES.filter(use => use.component === component && changedNames.includes(use.name))
    if (uses.length === 0) continue
    for (const pod of processesOf(component, snapshot)) {
      const isPinned = pod !== undefined && mountsSingleFile(pod, uses, snapshot)
      const reload = isPinned ? undefined : reloadOf(uses, component, pod?.value.version)
      if (reload) reloads.push(reload)
      else restart.push(restartOf(uses, pod, component))
    }
  }
  return { restart, reloads }
}

/** The static pods that run it; without one it runs outside of them, but for the control plane beside a lone etcd. */
function processesOf(component: Component, { pods, role }: Snapshot): (PlacedPod | undefined)[] {
  const found = pods.filter(({ value }) => value.component === component)
  const isElsewhere = role === 'etcd' && component !== 'etcd' && component !== 'kubelet'
  return found.length > 0 || isElsewhere ? found : [undefined]
}

/** A container keeps the very file that is mounted into it, whatever takes its name. */
function mountsSingleFile({ value }: PlacedPod, uses: readonly NamedUse[], { locations }: Snapshot): boolean {
  const files = uses.flatMap(({ name }) => {
    const pair = locations.pairs.get(name)
    return [pair?.certificate, pair?.key, locations.kubeconfigs.get(name)].map(file => file?.value.path)
  })
  return value.mounts.some(({ hostPath }) => files.includes(hostPath))
}

const namesOf = (uses: readonly NamedUse[]) => uses.map(({ name }) => name)

function restartOf(uses: readonly NamedUse[], pod: PlacedPod | undefined, component: Component): Restart {
  const version = pod?.value.version
  return {
    component,
    ...(version !== undefined && { version }),
    certificates: namesOf(uses),
    ...(pod && { manifest: pod.file.path }),
    isStaticPod: pod !== undefined,
  }
}

/** Only where this version takes up every one of them. */
function reloadOf(uses: readonly NamedUse[], component: Component, version?: string): SelfReload | undefined {
  const reloads = uses.flatMap(({ reloads }) => reloads ?? [])
  if (version === undefined || reloads.length < uses.length) return undefined
  if (!reloads.every(({ since }) => isAtLeast(version, since))) return undefined
  const within = Math.max(...reloads.map(reload => reload.within))
  return { component, version, certificates: namesOf(uses), within }
}

/** Rows whose files these are. */
export function namesOfFiles({ entries }: Snapshot, realPaths: readonly string[]): string[] {
  const isOf = ({ file, certificateFile, key }: Entry) =>
    [file, certificateFile, key].some(one => one?.realPath !== undefined && realPaths.includes(one.realPath))
  return entries.filter(isOf).map(({ name }) => name)
}

/** After a restart: `restart` is what is left to do. */
export interface RestartOutcome extends RestartPlan {
  /** Absent: nobody asked for it. */
  readonly restarted?: readonly Component[]
  readonly restartFailure?: string
}

/** What each shows whoever connects; the others make their own certificate at every start. */
const SERVED: Readonly<Partial<Record<Component, string>>> = {
  etcd: 'etcd-server',
  'kube-apiserver': 'apiserver',
}

/** SHA-256 of the certificate on the disk that a component is to show. */
export function servedFingerprint(snapshot: Snapshot, component: Component): string | undefined {
  const entry = entryNamed(snapshot, SERVED[component])
  return entry?.certificate.state === 'present'
    ? entry.certificate.certificates[0].fingerprintSha256
    : undefined
}
