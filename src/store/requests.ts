/** The directory of pending certificate requests: `<name>.csr` and its `<name>.key`, and what is said of them. Never where live keys are. */
import { statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describeUnusable, PkiError, type Unusable } from '../errors.ts'
import type { FileChange } from '../pki/file-change.ts'
import type { NodePath } from '../pki/locations.ts'
import { parseManifest } from '../pki/read-manifest.ts'
import { MANIFEST_FILE, type RequestManifest, SHEET_FILE } from '../pki/request-manifest.ts'
import type { Found, Snapshot } from '../pki/snapshot.ts'
import { type PrivateKey, readPrivateKey } from '../x509/key.ts'
import { locate, readDirectory, readText, shownPath, type TextFile, type Tree } from './files.ts'

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
  const place = requestPlace(snapshot, given)
  const path = shownPath(tree, place)
  const resolved = locate(tree, place)
  if (resolved.state === 'invalid') throw whyNot(path, resolved)
  const { realPath } = resolved
  const listing = readDirectory(tree, place)
  if ('reason' in listing) throw whyNot(path, listing)
  const isLive = liveDirectories(tree, snapshot).includes(realPath) || listing.names.some(isOfPki)
  if (isLive) throw unusable(path, 'holds live certificates and keys')
  return { path, realPath, isMissing: resolved.state === 'missing', tree, place }
}

export function requestPlace({ locations }: Snapshot, given: string | undefined): NodePath {
  const { value } = locations.certDir
  return given === undefined ? { ...value, path: `${value.path}/csr` } : { path: '', within: given }
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

function whyNot(path: string, found: Unusable): PkiError {
  if (found.reason !== 'PERMISSION_DENIED')
    return unusable(path, `cannot be used: ${describeUnusable(found)}`)
  return new PkiError('PERMISSION_DENIED', `${path}: permission denied`, {
    hint: 'run as root: sudo kubepki ..., or name a directory of your own with --csr-dir',
  })
}

function unusable(path: string, found: string): PkiError {
  return new PkiError('CSR_DIR_UNUSABLE', `--csr-dir ${path} ${found}`, {
    hint: 'name a directory of its own for requests and their keys, or leave --csr-dir out',
  })
}

export function requestFiles({ path }: Pick<RequestDirectory, 'path'>, name: string): RequestFiles {
  return { csrFile: join(path, `${name}.csr`), keyFile: join(path, `${name}.key`) }
}

export function readIn({ tree, place }: Pick<RequestDirectory, 'tree' | 'place'>, file: string): TextFile {
  return readText(tree, { value: { ...place, path: `${place.path}/${file}` }, source: '' })
}

export type PendingState =
  | { readonly state: 'none' }
  /** With a key that may be anything, a live one too. */
  | { readonly state: 'incomplete'; readonly found: string; readonly hasKey: boolean }
  | { readonly state: 'whole'; readonly request: string; readonly key: PrivateKey }

/** What is in the directory for a name: a request with its key, half of it, or nothing. */
export function readPending({ tree, place }: RequestDirectory, name: string): PendingState {
  const [csr, key] = [`${name}.csr`, `${name}.key`].map(file => readIn({ tree, place }, file).contents) as [
    TextFile['contents'],
    TextFile['contents'],
  ]
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

/** Sorted. */
export function namesIn({ tree, place }: RequestDirectory): readonly string[] {
  const listing = readDirectory(tree, place)
  return 'names' in listing ? listing.names : []
}

/** When a file was written last, for want of anybody who says when it was made. */
export function timeOf(realPath: string): Date | undefined {
  return statSync(realPath, { throwIfNoEntry: false })?.mtime
}

export interface PackageFiles {
  readonly manifestFile: string
  readonly sheetFile: string
}

export function packageFiles({ path }: Pick<RequestDirectory, 'path'>): PackageFiles {
  return { manifestFile: join(path, MANIFEST_FILE), sheetFile: join(path, SHEET_FILE) }
}

export interface StoredPackage {
  readonly manifest: Found<{ readonly manifest: RequestManifest; readonly text: string }>
  /** Of the sheet. */
  readonly sheet: string | undefined
}

/** What is said of the requests, as it lies there; `seen` is kept of both files. */
export function readPackage(directory: RequestDirectory, seen?: Map<string, string>): StoredPackage {
  const tree: Tree = { root: directory.tree.root, ...(seen && { seen }) }
  const [manifest, sheet] = [MANIFEST_FILE, SHEET_FILE].map(
    file => readIn({ ...directory, tree }, file).contents,
  ) as [TextFile['contents'], TextFile['contents']]
  return { manifest: manifestIn(manifest), sheet: sheet.state === 'present' ? sheet.text : undefined }
}

function manifestIn(contents: TextFile['contents']): StoredPackage['manifest'] {
  if (contents.state !== 'present') return contents
  const read = contents.isUtf8 ? parseManifest(contents.text) : ({ reason: 'NOT_UTF8' } as const)
  return 'reason' in read
    ? { state: 'invalid', ...read }
    : { state: 'present', manifest: read, text: contents.text }
}

/** Nothing in them is secret; the directory is its owner's alone all the same. */
export function packageChanges(
  directory: RequestDirectory,
  texts: { readonly manifest: string; readonly sheet: string },
): FileChange[] {
  const change = (file: string, contents: string): FileChange => ({
    path: join(directory.path, file),
    realPath: join(directory.realPath, file),
    contents,
    isSecret: false,
  })
  return [change(MANIFEST_FILE, texts.manifest), change(SHEET_FILE, texts.sheet)]
}
