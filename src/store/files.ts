/** One file of a node: found, read and explained. */
import { isUtf8 } from 'node:buffer'
import {
  accessSync,
  closeSync,
  constants,
  fstatSync,
  openSync,
  readdirSync,
  readSync,
  realpathSync,
  statSync,
} from 'node:fs'
import { isAbsolute, join, resolve } from 'node:path'
import { describeUnusable, PkiError, type Reason, type Unusable } from '../errors.ts'
import type { NodePath, Sourced } from '../pki/locations.ts'
import type { Found, KeyFile, PlacedFile } from '../pki/snapshot.ts'
import { type PrivateKey, readPrivateKey } from '../x509/key.ts'
import { signature } from './disk.ts'
import { isBelow, pathBelow, type Resolved, resolveInside } from './paths.ts'

const LARGEST_FILE = 1024 * 1024

/** Finds and reads files below one root. */
export interface Tree {
  readonly root: string
  /** Where it is kept what each file was when it was read: its real path -> its signature. */
  readonly seen?: Map<string, string>
}

/** The directory that confines a path, and the path from there. One the user gave outside the root confines itself. */
function anchor(tree: Tree, { path, within }: NodePath): { base: string; below: string } {
  const root = resolve(tree.root)
  if (within === undefined) return { base: root, below: path }
  const directory = isBelow(root, resolve(within)) ? resolve(within) : realDirectory(resolve(within))
  if (!isBelow(root, directory)) return { base: directory, below: path }
  const inside = pathBelow(root, directory)
  return { base: root, below: path === '' ? inside : `${inside}/${path}` }
}

/** Where a directory outside the root really is, so that no link hides that it is one of the root's. */
function realDirectory(path: string): string {
  try {
    return realpathSync.native(path)
  } catch {
    return path
  }
}

/** The path as people see it. */
export function shownPath(tree: Tree, path: NodePath): string {
  const { base, below } = anchor(tree, path)
  return join(base, below)
}

export function locate(tree: Tree, path: NodePath): Resolved {
  const { base, below } = anchor(tree, path)
  return resolveInside(base, below)
}

export interface TextFile {
  readonly file: PlacedFile
  readonly contents: Found<{ readonly text: string; readonly isUtf8: boolean }>
}

/** Reads the text of a file of at most 1 MiB; every trouble with it is a state. */
export function readText(tree: Tree, { value, source }: Sourced<NodePath>): TextFile {
  const path = shownPath(tree, value)
  const place = locate(tree, value)
  if (place.state === 'invalid') return { file: { path, source }, contents: place }
  const file = { path, source, realPath: place.realPath }
  return {
    file,
    contents: place.state === 'missing' ? { state: 'missing' } : readBounded(place.realPath, tree.seen),
  }
}

/** Where a key is, and whether it is there; it is not opened. */
export function findKey(tree: Tree, { value, source }: Sourced<NodePath>): KeyFile {
  return { path: shownPath(tree, value), source, ...locate(tree, value) }
}

/** Opens a private key, for a job that signs with it. */
export function readKey(key: KeyFile, seen?: Map<string, string>): Found<PrivateKey> {
  const contents = readFound(key, seen)
  if (contents.state !== 'present') return contents
  const read = readPrivateKey(contents.text)
  return 'key' in read ? { state: 'present', ...read } : { state: 'invalid', ...read }
}

/** The text of a file that was found before. */
export function readFound(file: KeyFile, seen?: Map<string, string>): Found<{ readonly text: string }> {
  return file.state === 'present' ? readBounded(file.realPath, seen) : file
}

/** A path that a file of the node refers to: from the root, or from that file's directory. */
export function referencedPath({ value, source }: Sourced<NodePath>, file: string): Sourced<NodePath> {
  const directory = value.path.slice(0, value.path.lastIndexOf('/'))
  return { value: isAbsolute(file) ? { path: file } : { ...value, path: `${directory}/${file}` }, source }
}

/** Reads a file of at most 1 MiB; every trouble with it is a state. */
export function readBounded(
  path: string,
  seen?: Map<string, string>,
): Found<{ text: string; isUtf8: boolean }> {
  let descriptor: number | undefined
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const stat = fstatSync(descriptor, { bigint: true })
    seen?.set(path, signature(stat))
    if (!stat.isFile()) return { state: 'invalid', reason: 'NOT_A_FILE' }
    if (stat.size > LARGEST_FILE)
      return { state: 'invalid', reason: 'FILE_TOO_LARGE', found: `${stat.size} bytes` }
    const room = Buffer.alloc(Number(stat.size))
    const bytes = stat.size === 0n ? room : room.subarray(0, readSync(descriptor, room))
    return { state: 'present', text: bytes.toString('utf8'), isUtf8: isUtf8(bytes) }
  } catch (error) {
    return { state: 'invalid', ...explain(error) }
  } finally {
    if (descriptor !== undefined) closeRead(descriptor)
  }
}

/** What was only read cannot be spoilt by closing it. */
function closeRead(descriptor: number): void {
  try {
    closeSync(descriptor)
  } catch {}
}

const REASON_OF: Readonly<Record<string, Reason>> = {
  EACCES: 'PERMISSION_DENIED',
  EPERM: 'PERMISSION_DENIED',
  EISDIR: 'NOT_A_FILE',
  ENOTDIR: 'NOT_A_DIRECTORY',
}

export function explain(error: unknown): Unusable {
  const { code = 'unknown' } = error as NodeJS.ErrnoException
  const reason = REASON_OF[code]
  return reason ? { reason } : { reason: 'IO_ERROR', found: code }
}

/** The names in a directory, sorted; an absent directory has none. */
export function readDirectory(tree: Tree, path: NodePath): { readonly names: readonly string[] } | Unusable {
  const place = locate(tree, path)
  if (place.state === 'missing') return { names: [] }
  if (place.state === 'invalid') return place
  try {
    return { names: readdirSync(place.realPath).toSorted() }
  } catch (error) {
    return explain(error)
  }
}

/** The path of a directory that may not be looked into; undefined: it may, or is not there. */
export function forbiddenDirectory(tree: Tree, path: NodePath): string | undefined {
  const listing = readDirectory(tree, path)
  return 'reason' in listing && listing.reason === 'PERMISSION_DENIED' ? shownPath(tree, path) : undefined
}

/** Throws when a directory is there but cannot be looked into; an absent one is fine. */
export function checkDirectory(tree: Tree, path: NodePath): void {
  const shown = shownPath(tree, path)
  const place = locate(tree, path)
  if (place.state === 'missing') return
  const unusable = place.state === 'invalid' ? place : whyNotListable(place.realPath)
  if (!unusable) return
  if (unusable.reason === 'PERMISSION_DENIED') {
    throw new PkiError('PERMISSION_DENIED', `${shown}: permission denied`, {
      hint: 'run as root: sudo kubepki ...',
    })
  }
  throw new PkiError('NOT_A_DIRECTORY', `${shown}: ${describeUnusable(unusable)}`)
}

function whyNotListable(path: string): Unusable | undefined {
  try {
    if (!statSync(path).isDirectory()) return { reason: 'NOT_A_DIRECTORY' }
    accessSync(path, constants.R_OK | constants.X_OK)
    return undefined
  } catch (error) {
    return explain(error)
  }
}

/** Text of a file the user named on the command line: also a pipe, and `-` for the standard input. */
export function readUserFile(path: string): string {
  return readUserBytes(path).toString('utf8')
}

export function readUserBytes(path: string): Buffer {
  const contents = readAsIs(path)
  if (contents.state === 'present') return contents.bytes
  const found = contents.state === 'missing' ? 'no such file' : describeUnusable(contents)
  throw new PkiError('FILE_UNREADABLE', `${path}: ${found}`)
}

function readAsIs(path: string): Found<{ readonly bytes: Buffer }> {
  let descriptor: number | undefined
  try {
    descriptor = path === '-' ? 0 : openSync(path, constants.O_RDONLY)
    if (fstatSync(descriptor).isDirectory()) return { state: 'invalid', reason: 'NOT_A_FILE' }
    const bytes = readUpTo(descriptor, LARGEST_FILE + 1)
    if (bytes.length > LARGEST_FILE) return { state: 'invalid', reason: 'FILE_TOO_LARGE' }
    return { state: 'present', bytes }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code === 'ENOENT' ? { state: 'missing' } : { state: 'invalid', ...explain(error) }
  } finally {
    if (descriptor !== undefined && descriptor > 0) closeRead(descriptor)
  }
}

/** A pipe hands on what it has; the end is when that is nothing. */
function readUpTo(descriptor: number, limit: number): Buffer {
  const bytes = Buffer.alloc(limit)
  let length = 0
  for (let read = -1; read !== 0 && length < limit; length += read)
    read = readSync(descriptor, bytes, length, limit - length, null)
  return bytes.subarray(0, length)
}

/** Of a file found in a directory; nothing where it cannot be read. */
export function textOf(realPath: string): string {
  const contents = readBounded(realPath)
  return contents.state === 'present' ? contents.text : ''
}
