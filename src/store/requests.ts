/** The directory of pending certificate requests: `<name>.csr` and its `<name>.key`. Never where live keys are. */
import { dirname, join } from 'node:path'
import { describeUnusable, PkiError } from '../errors.ts'
import type { FileChange } from '../pki/file-change.ts'
import type { NodePath } from '../pki/locations.ts'
import type { Snapshot } from '../pki/snapshot.ts'
import { type PrivateKey, readPrivateKey } from '../x509/key.ts'
import { locate, readDirectory, readText, shownPath, type Tree } from './files.ts'

export interface RequestDirectory {
  readonly path: string
  readonly realPath: string
  readonly isMissing: boolean
  readonly tree: Tree
  readonly place: NodePath
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
  const place: NodePath =
    given === undefined ? { ...value, path: `${value.path}/csr` } : { path: '', within: given }
  const path = shownPath(tree, place)
  const resolved = locate(tree, place)
  if (resolved.state === 'invalid') throw unusable(path, `cannot be used: ${describeUnusable(resolved)}`)
  const { realPath } = resolved
  const listing = readDirectory(tree, place)
  if ('reason' in listing) throw unusable(path, `cannot be used: ${describeUnusable(listing)}`)
  const isLive = liveDirectories(tree, snapshot).includes(realPath) || listing.names.some(isOfPki)
  if (isLive) throw unusable(path, 'holds live certificates and keys')
  return { path, realPath, isMissing: resolved.state === 'missing', tree, place }
}

/** Those of this node, by every name they have. */
function liveDirectories(tree: Tree, { entries, locations }: Snapshot): string[] {
  const files = entries.flatMap(({ file, certificateFile, key }) => [file, certificateFile, key])
  const holders = files.flatMap(file =>
    file ? [dirname(file.realPath ?? file.path), dirname(file.path)] : [],
  )
  const named = [locations.certDir, locations.kubeconfigDir, locations.kubeletDir].map(({ value }) => value)
  const real = named.flatMap(value => {
    const place = locate(tree, value)
    return place.state === 'invalid' ? [] : [place.realPath]
  })
  return [...holders, ...real]
}

/** Also of another node, while this one's is looked at. */
function isOfPki(name: string): boolean {
  return ['ca.crt', 'ca.key', 'sa.key', 'admin.conf'].includes(name)
}

function unusable(path: string, found: string): PkiError {
  return new PkiError('CSR_DIR_UNUSABLE', `--csr-dir ${path} ${found}`, {
    hint: 'name a directory of its own for requests and their keys, or leave --csr-dir out',
  })
}

export function requestFiles({ path }: Pick<RequestDirectory, 'path'>, name: string): RequestFiles {
  return { csrFile: join(path, `${name}.csr`), keyFile: join(path, `${name}.key`) }
}

export type PendingState =
  | { readonly state: 'none' }
  /** With a key that may be anything, a live one too. */
  | { readonly state: 'incomplete'; readonly found: string; readonly hasKey: boolean }
  | { readonly state: 'whole'; readonly request: string; readonly key: PrivateKey }

/** What is in the directory for a name: a request with its key, half of it, or nothing. */
export function readPending({ tree, place }: RequestDirectory, name: string): PendingState {
  const read = (kind: string) =>
    readText(tree, { value: { ...place, path: `${place.path}/${name}.${kind}` }, source: '' }).contents
  const [csr, key] = [read('csr'), read('key')]
  const hasKey = key.state !== 'missing'
  if (csr.state === 'missing' && !hasKey) return { state: 'none' }
  if (csr.state !== 'present')
    return { state: 'incomplete', found: `${name}.key is there, ${name}.csr is not usable`, hasKey }
  const privateKey = key.state === 'present' ? readPrivateKey(key.text) : undefined
  if (privateKey && 'key' in privateKey) return { state: 'whole', request: csr.text, key: privateKey }
  return { state: 'incomplete', found: `${name}.csr is there, ${name}.key is not usable`, hasKey }
}

export function requestChanges(
  directory: RequestDirectory,
  name: string,
  pem: { csr: string; key: string },
): FileChange[] {
  const change = (kind: 'csr' | 'key'): FileChange => ({
    path: join(directory.path, `${name}.${kind}`),
    realPath: join(directory.realPath, `${name}.${kind}`),
    contents: pem[kind],
    isSecret: true,
  })
  return [change('key'), change('csr')]
}
