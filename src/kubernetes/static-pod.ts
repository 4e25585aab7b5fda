/** Static pod manifests: the flags a control-plane component is really started with. */
import type { Unusable } from '../errors.ts'
import { listAt, type Mapping, mappingAt, parseYaml, stringAt } from './yaml.ts'

export interface StaticPod {
  /** `kube-apiserver`, `etcd`, ...: the program it runs. */
  readonly component: string
  /** Of the image's tag: `1.31.0`, or etcd's `3.5.15-0`; absent when the image is named by digest alone. */
  readonly version?: string
  /** Flag name without dashes -> value, as on the command line. The last one wins. */
  readonly flags: ReadonlyMap<string, string>
  /** Every value of a flag that is there more than once. */
  readonly repeated?: ReadonlyMap<string, readonly string[]>
  /** Path inside the container -> path on the host. */
  readonly mounts: readonly { readonly mountPath: string; readonly hostPath: string }[]
  /** Paths inside the container where something else is than a part of the host. */
  readonly otherMounts?: readonly string[]
}

const COMPONENTS: ReadonlySet<string> = new Set([
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'etcd',
])

export function isComponent(name: string): boolean {
  return COMPONENTS.has(name)
}

/** The container that runs a control-plane component, whatever else is in the pod; else the first. */
export function parseStaticPod(text: string): StaticPod | Unusable {
  const parsed = parseYaml(text)
  if ('reason' in parsed) return parsed
  const spec = mappingAt(parsed.documents[0], 'spec')
  const containers = listAt(spec, 'containers').map(container => ({ container, words: commandOf(container) }))
  const chosen = containers.find(({ words }) => isComponent(programOf(words))) ?? containers[0]
  if (!chosen) return { component: '', flags: new Map(), mounts: [] }
  const { container, words } = chosen
  const version = versionOf(stringAt(container, 'image') ?? '')
  return {
    component: programOf(words),
    ...(version !== undefined && { version }),
    ...parseFlags(words.slice(1)),
    ...mountsOf(spec, container),
  }
}

function versionOf(image: string): string | undefined {
  return /:v?(\d+\.\d+[\w.-]*)(@|$)/.exec(image)?.[1]
}

function commandOf(container: unknown): string[] {
  return [...listAt(container, 'command'), ...listAt(container, 'args')].map(word =>
    isWord(word) ? String(word) : '',
  )
}

/** Kubernetes takes text alone. */
function isWord(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}

function programOf([executable = '']: readonly string[]): string {
  return executable.split('/').at(-1) as string
}

function mountsOf(spec: Mapping, container: unknown): Pick<StaticPod, 'mounts' | 'otherMounts'> {
  const hostPaths = new Map(
    listAt(spec, 'volumes').map(volume => [
      stringAt(volume, 'name'),
      stringAt(mappingAt(volume, 'hostPath'), 'path'),
    ]),
  )
  const all = listAt(container, 'volumeMounts').flatMap(mount => {
    const hostPath = hostPaths.get(stringAt(mount, 'name'))
    const mountPath = withoutSlash(stringAt(mount, 'mountPath') ?? '')
    const subPath = stringAt(mount, 'subPath')
    const below = subPath ? `/${withoutSlash(subPath)}` : ''
    return mountPath ? [{ mountPath, hostPath: hostPath && withoutSlash(hostPath) + below }] : []
  })
  const otherMounts = all.flatMap(({ mountPath, hostPath }) => (hostPath ? [] : mountPath))
  return {
    mounts: all.flatMap(({ mountPath, hostPath }) => (hostPath ? [{ mountPath, hostPath }] : [])),
    ...(otherMounts.length > 0 && { otherMounts }),
  }
}

function withoutSlash(path: string): string {
  let end = path.length
  while (path[end - 1] === '/') end -= 1
  return path.slice(0, end)
}

/** What a container sees at a path: a part of the host, another volume, or nothing but its image. */
export type MountedPlace = 'host' | 'other' | 'nowhere'

/** The longest mount that holds it says so. Without any mount it is no container. */
export function placeOf({ mounts, otherMounts = [] }: StaticPod, path: string): MountedPlace {
  const all = [
    ...mounts.map(({ mountPath }) => ({ mountPath, place: 'host' }) as const),
    ...otherMounts.map(mountPath => ({ mountPath, place: 'other' }) as const),
  ]
  const holders = all.filter(({ mountPath }) => path === mountPath || path.startsWith(`${mountPath}/`))
  const [mount] = holders.toSorted((a, b) => b.mountPath.length - a.mountPath.length)
  return mount?.place ?? (all.length === 0 ? 'host' : 'nowhere')
}

/** Where a path named in a flag is on the host: the longest mount that holds it says so. */
export function hostPathOf(pod: StaticPod, path: string): string {
  const holders = pod.mounts.filter(({ mountPath }) => path === mountPath || path.startsWith(`${mountPath}/`))
  const [mount] = holders.toSorted((a, b) => b.mountPath.length - a.mountPath.length)
  return mount ? mount.hostPath + path.slice(mount.mountPath.length) : path
}

/** Flag name without dashes -> value; the last one wins. */
export function parseFlags(words: readonly string[]): Pick<StaticPod, 'flags' | 'repeated'> {
  const all = new Map<string, string[]>()
  for (const [index, word] of words.entries()) {
    const [, name, value] = /^--?([A-Za-z][\w.-]*)(?:=([\s\S]*))?$/.exec(word) ?? []
    const next = words[index + 1]
    if (!name) continue
    const given = value ?? (next?.startsWith('-') ? undefined : next) ?? 'true'
    all.set(name, [...(all.get(name) ?? []), given])
  }
  const repeated = new Map([...all].filter(([, values]) => values.length > 1))
  return {
    flags: new Map([...all].map(([name, values]) => [name, values.at(-1) as string])),
    ...(repeated.size > 0 && { repeated }),
  }
}
