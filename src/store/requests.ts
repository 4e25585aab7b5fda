/** The directory of pending certificate requests: `<name>.csr` and its `<name>.key`. Never where live keys are. */
import { statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { PkiError } from '../errors.ts'
import type { FileChange } from '../pki/renewed-files.ts'
import type { Snapshot } from '../pki/snapshot.ts'
import { type PrivateKey, readPrivateKey } from '../x509/key.ts'
import { readText, shownPath, type Tree } from './files.ts'
import { isBelow, resolveInside } from './paths.ts'
import { makePrivateDirectory } from './transaction.ts'

export interface RequestDirectory {
  readonly path: string
  readonly realPath: string
}

export interface RequestFiles {
  readonly csrFile: string
  readonly keyFile: string
}

/** Decides the directory and refuses one that holds live files; makes nothing. */
export function requestDirectory(
  tree: Tree,
  snapshot: Snapshot,
  given: string | undefined,
): RequestDirectory {
  const { value } = snapshot.locations.certDir
  const path = given === undefined ? join(shownPath(tree, value), 'csr') : resolve(given)
  const root = resolve(tree.root)
  const place = resolveInside(isBelow(root, path) ? root : '/', path)
  if ('reason' in place) throw unusable(path, 'cannot be followed')
  const realPath = 'realPath' in place ? place.realPath : place.missing
  if ('realPath' in place && !statSync(realPath).isDirectory())
    throw unusable(path, 'is a file, wanted a directory')
  const live = liveDirectories(tree, snapshot).find(directory => directory === realPath)
  if (live) throw unusable(path, 'holds the live certificates and keys')
  return { path, realPath }
}

function liveDirectories(tree: Tree, { entries, locations }: Snapshot): string[] {
  const files = entries.flatMap(({ file, certificateFile, key }) => [file, certificateFile, key])
  const directories = files.flatMap(file =>
    file ? [dirname(file.realPath ?? file.path), dirname(file.path)] : [],
  )
  const named = [locations.certDir, locations.kubeconfigDir, locations.kubeletDir]
  return [...directories, ...named.map(({ value }) => shownPath(tree, value))]
}

function unusable(path: string, found: string): PkiError {
  return new PkiError('CSR_DIR_UNUSABLE', `--csr-dir ${path} ${found}`, {
    hint: 'name a directory of its own for requests and their keys, or leave --csr-dir out',
  })
}

export function requestFiles({ path }: RequestDirectory, name: string): RequestFiles {
  return { csrFile: join(path, `${name}.csr`), keyFile: join(path, `${name}.key`) }
}

export type PendingState =
  | { readonly state: 'none' }
  | { readonly state: 'incomplete'; readonly found: string }
  | { readonly state: 'complete'; readonly request: string; readonly key: PrivateKey }

/** What is in the directory for a name: a request with its key, half of it, or nothing. */
export function readPending(directory: RequestDirectory, name: string): PendingState {
  const [csr, key] = ['csr', 'key'].map(
    kind =>
      readText(
        { root: '/' },
        { value: { path: join(directory.realPath, `${name}.${kind}`), inNode: false }, source: '' },
      ).contents,
  )
  if (csr?.state === 'missing' && key?.state === 'missing') return { state: 'none' }
  if (csr?.state !== 'present')
    return { state: 'incomplete', found: `${name}.key is there, ${name}.csr is not usable` }
  const read = key?.state === 'present' ? readPrivateKey(key.text) : undefined
  if (!read || !('key' in read))
    return { state: 'incomplete', found: `${name}.csr is there, ${name}.key is not usable` }
  return { state: 'complete', request: csr.text, key: read }
}

export function requestChanges(
  directory: RequestDirectory,
  name: string,
  pem: { csr: string; key: string },
): FileChange[] {
  const change = (kind: 'csr' | 'key'): FileChange => ({
    path: join(directory.path, `${name}.${kind}`),
    realPath: join(directory.realPath, `${name}.${kind}`),
    text: pem[kind],
    isSecret: true,
  })
  return [change('key'), change('csr')]
}

export function makeRequestDirectory({ realPath }: RequestDirectory): void {
  makePrivateDirectory(realPath)
}
