/** Files that the kubelet takes for static pods: whatever is not hidden, by any name (kubernetes#136962). */
import { podNameOf } from '../kubernetes/pod-name.ts'
import type { ManifestFile } from '../pki/file-evidence.ts'
import type { NodePath, Sourced } from '../pki/locations.ts'
import { readDirectory, readText, type Tree } from './files.ts'

export function readManifestFiles(tree: Tree, { value, source }: Sourced<NodePath>): readonly ManifestFile[] {
  const directory = { ...value, path: `${value.path}/manifests` }
  const listing = readDirectory(tree, directory)
  const names = 'names' in listing ? listing.names.filter(name => !name.startsWith('.')) : []
  return names.flatMap(name => {
    const place = { value: { ...directory, path: `${directory.path}/${name}` }, source }
    const { contents, file } = readText(tree, place)
    const podName = contents.state === 'present' ? podNameOf(contents.text) : undefined
    return podName === undefined ? [] : [{ path: file.path, name, podName }]
  })
}
