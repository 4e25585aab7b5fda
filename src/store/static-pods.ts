/** The static pods of a node, from the directory that the kubelet watches. */
import { describeUnusable } from '../errors.ts'
import { isComponent, parseStaticPod } from '../kubernetes/static-pod.ts'
import type { UnreadableManifest } from '../pki/evidence.ts'
import type { NodePath } from '../pki/locations.ts'
import type { PlacedPod } from '../pki/snapshot.ts'
import { readDirectory, readText, shownPath, type Tree } from './files.ts'

export interface StaticPods {
  readonly pods: readonly PlacedPod[]
  readonly warnings: readonly string[]
}

/** What the flags are taken from. The kubelet runs any file that is not hidden: of a backup that is said by a check. */
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

/** Manifests that cannot be read, or run nothing; their directory, where that cannot be looked into. */
export function readUnreadableManifests(tree: Tree, directory: NodePath): readonly UnreadableManifest[] {
  const listing = readDirectory(tree, directory)
  if ('reason' in listing) {
    const file = { path: shownPath(tree, directory), source: 'manifests' }
    return [{ file, reason: listing.reason, why: describeUnusable(listing) }]
  }
  const names = listing.names.filter(name => MANIFEST.test(name))
  return names.flatMap(name => readManifest(tree, directory, name).unreadable ?? [])
}

const UNKNOWN = 'the paths in its flags are not known, defaults are used'

interface Manifest {
  readonly pod?: PlacedPod
  readonly warning?: string
  readonly unreadable?: UnreadableManifest
}

function readManifest(tree: Tree, directory: NodePath, name: string): Manifest {
  const source = `manifests/${name}`
  const { contents, file } = readText(tree, {
    value: { ...directory, path: `${directory.path}/${name}` },
    source,
  })
  if (contents.state === 'missing') return {}
  const pod = contents.state === 'present' ? parseStaticPod(contents.text) : contents
  if ('reason' in pod) {
    const warning = `${file.path}: ${describeUnusable(pod)}; ${UNKNOWN}`
    return { warning, unreadable: { file, reason: pod.reason, why: describeUnusable(pod) } }
  }
  const isNamedAfterOne = isComponent(name.replace(/\.\w+$/, ''))
  if (isNamedAfterOne && !isComponent(pod.component)) {
    const why = 'no such command in it'
    return { warning: `${file.path}: ${why}; ${UNKNOWN}`, unreadable: { file, why } }
  }
  return { pod: { value: pod, source, file } }
}
