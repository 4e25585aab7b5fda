/** Directories that have to be made before files can be written. */
import { dirname } from 'node:path'
import type { DirectoryChange } from '../pki/file-change.ts'
import { isThere } from './disk.ts'

type Place = Pick<DirectoryChange, 'path' | 'realPath'>

/** The directory, and above it whatever is missing too. */
export function directoryWithParents({ path, realPath }: Place, mode: number): DirectoryChange[] {
  const above = dirname(realPath)
  const isTop = above === realPath
  const place = { path: dirname(path), realPath: above }
  const parents = isTop || isThere(above) ? [] : directoryWithParents(place, mode)
  return [...parents, { path, realPath, mode }]
}

/** Those of the files that are missing, each once, from the top. */
export function missingDirectoriesOf(files: readonly Place[], mode: number): DirectoryChange[] {
  const missing = files
    .map(({ path, realPath }) => ({ path: dirname(path), realPath: dirname(realPath) }))
    .filter(({ realPath }) => !isThere(realPath))
    .flatMap(place => directoryWithParents(place, mode))
  return [...new Map(missing.map(one => [one.realPath, one])).values()]
}
