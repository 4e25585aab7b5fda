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
  /** Path inside the container -> path on the host. */
  readonly mounts: readonly { readonly mountPath: string; readonly hostPath: string }[]
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
    flags: parseFlags(words.slice(1)),
    mounts: mountsOf(spec, container),
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

function mountsOf(spec: Mapping, container: unknown): StaticPod['mounts'] {
  const hostPaths = new Map(
    listAt(spec, 'volumes').map(volume => [
      stringAt(volume, 'name'),
      stringAt(mappingAt(volume, 'hostPath'), 'path'),
    ]),
  )
  return listAt(container, 'volumeMounts').flatMap(mount => {
    const hostPath = hostPaths.get(stringAt(mount, 'name'))
    const mountPath = stringAt(mount, 'mountPath')
    return hostPath && mountPath
      ? [{ mountPath: withoutSlash(mountPath), hostPath: withoutSlash(hostPath) }]
      : []
  })
}

function withoutSlash(path: string): string {
  let end = path.length
  while (path[end - 1] === '/') end -= 1
  return path.slice(0, end)
}

/** Where a path named in a flag is on the host: the longest mount that holds it says so. */
export function hostPathOf(pod: StaticPod, path: string): string {
  const holders = pod.mounts.filter(({ mountPath }) => path === mountPath || path.startsWith(`${mountPath}/`))
  const [mount] = holders.toSorted((a, b) => b.mountPath.length - a.mountPath.length)
  return mount ? mount.hostPath + path.slice(mount.mountPath.length) : path
}

/** Flag name without dashes -> value; the last one wins. */
export function parseFlags(words: readonly string[]): Map<string, string> {
  const flags = new Map<string, string>()
  for (const [index, word] of words.entries()) {
    const [, name, value] = /^--?([A-Za-z][\w.-]*)(?:=([\s\S]*))?$/.exec(word) ?? []
    const next = words[index + 1]
    if (name) flags.set(name, value ?? (next?.startsWith('-') ? undefined : next) ?? 'true')
  }
  return flags
}
