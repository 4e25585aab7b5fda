/** Static pod manifests: the flags a control-plane component is really started with. */
import type { Unusable } from '../errors.ts'
import { listAt, mappingAt, parseYaml, stringAt } from './yaml.ts'

export interface StaticPod {
  /** `kube-apiserver`, `etcd`, ...: what the first container runs. */
  readonly component: string
  /** Flag name without dashes -> value, as on the command line. The last one wins. */
  readonly flags: ReadonlyMap<string, string>
  /** Path inside the container -> path on the host. */
  readonly mounts: readonly { readonly mountPath: string; readonly hostPath: string }[]
}

export function parseStaticPod(text: string): StaticPod | Unusable {
  const parsed = parseYaml(text)
  if ('reason' in parsed) return parsed
  const pod = parsed.documents[0]
  const [container] = listAt(mappingAt(pod, 'spec'), 'containers')
  const [executable = '', ...words] = [...listAt(container, 'command'), ...listAt(container, 'args')].map(
    String,
  )
  const hostPaths = new Map(
    listAt(mappingAt(pod, 'spec'), 'volumes').map(volume => [
      stringAt(volume, 'name'),
      stringAt(mappingAt(volume, 'hostPath'), 'path'),
    ]),
  )
  const mounts = listAt(container, 'volumeMounts').flatMap(mount => {
    const hostPath = hostPaths.get(stringAt(mount, 'name'))
    const mountPath = stringAt(mount, 'mountPath')
    return hostPath && mountPath ? [{ mountPath, hostPath }] : []
  })
  return { component: executable.split('/').at(-1) as string, flags: parseFlags(words), mounts }
}

/** Where a path named in a flag is on the host: the longest mount that holds it says so. */
export function hostPathOf(pod: StaticPod, path: string): string {
  const holders = pod.mounts.filter(({ mountPath }) => path === mountPath || path.startsWith(`${mountPath}/`))
  const [mount] = holders.toSorted((a, b) => b.mountPath.length - a.mountPath.length)
  return mount ? mount.hostPath + path.slice(mount.mountPath.length) : path
}

function parseFlags(words: readonly string[]): Map<string, string> {
  const flags = new Map<string, string>()
  for (const [index, word] of words.entries()) {
    const [, name, value] = /^--?([A-Za-z][\w.-]*)(?:=([\s\S]*))?$/.exec(word) ?? []
    const next = words[index + 1]
    if (name) flags.set(name, value ?? (next?.startsWith('-') ? undefined : next) ?? 'true')
  }
  return flags
}
