/** The static pods of a node, from the directory that the kubelet watches. */
import { describeUnusable } from '../errors.ts'
import { isComponent, parseStaticPod } from '../kubernetes/static-pod.ts'
import type { NodePath } from '../pki/locations.ts'
import type { PlacedPod } from '../pki/snapshot.ts'
import { readDirectory, readText, shownPath, type Tree } from './files.ts'

export interface StaticPods {
  readonly pods: readonly PlacedPod[]
  readonly warnings: readonly string[]
}

/** What the kubelet runs: not hidden files, and `.yaml`, `.yml` or `.json` only, so no backups. */
const MANIFEST = /^[^.].*\.(ya?ml|json)$/

export function readStaticPods(tree: Tree, directory: NodePath): StaticPods {
  const listing = readDirectory(tree, directory)
  if ('reason' in listing) {
    return { pods: [], warnings: [`${shownPath(tree, directory)}: ${describeUnusable(listing)}; ${UNKNOWN}`] }
  }
  const read = listing.names
    .filter(name => MANIFEST.test(name))
    .map(name => readManifest(tree, directory, name))
  return {
    pods: read.flatMap(({ pod }) => pod ?? []),
    warnings: read.flatMap(({ warning }) => warning ?? []),
  }
}

const UNKNOWN = 'the paths in its flags are not known, defaults are used'

interface Manifest {
  readonly pod?: PlacedPod
  readonly warning?: string
}

function readManifest(tree: Tree, directory: NodePath, name: string): Manifest {
  const source = `manifests/${name}`
  const { contents, file } = readText(tree, {
    value: { ...directory, path: `${directory.path}/${name}` },
    source,
  })
  if (contents.state === 'missing') return {}
  const pod = contents.state === 'present' ? parseStaticPod(contents.text) : contents
  if ('reason' in pod) return { warning: `${file.path}: ${describeUnusable(pod)}; ${UNKNOWN}` }
  const isNamedAfterOne = isComponent(name.replace(/\.\w+$/, ''))
  if (isNamedAfterOne && !isComponent(pod.component))
    return { warning: `${file.path}: no such command in it; ${UNKNOWN}` }
  return { pod: { value: pod, source, file } }
}
