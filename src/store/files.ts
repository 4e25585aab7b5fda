/** One file of a node: found, read and explained. */
import {
  accessSync,
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
} from 'node:fs'
import { isAbsolute, join, resolve } from 'node:path'
import { PkiError, type Reason, type Unusable } from '../errors.ts'
import type { NodePath, Sourced } from '../pki/locations.ts'
import type { Found, KeyFile, PlacedFile } from '../pki/snapshot.ts'
import { type PrivateKey, readPrivateKey } from '../x509/key.ts'
import { isBelow, resolveInside } from './paths.ts'

const LARGEST_FILE = 1024 * 1024

/** Finds and reads files below one root. */
export interface Tree {
  readonly root: string
}

/** The path as people see it: one found in a file of the node starts at the root, one they gave is theirs. */
export function shownPath(tree: Tree, { path, inNode }: NodePath): string {
  return inNode ? join(resolve(tree.root), path) : resolve(path)
}

export type TextFile = PlacedFile & { readonly contents: Found<{ readonly text: string }> }

/** Reads the text of a file of at most 1 MiB; every trouble with it is a state. */
export function readText(tree: Tree, { value, source }: Sourced<NodePath>): TextFile {
  const path = shownPath(tree, value)
  const place = locate(tree, path)
  if ('missing' in place) return { path, source, contents: { state: 'missing' } }
  if ('reason' in place) return { path, source, contents: { state: 'invalid', ...place } }
  const { realPath } = place
  const contents = readBounded(realPath)
  return { path, realPath, source, contents }
}

/** Where a key is, and whether it is there; it is not opened. */
export function findKey(tree: Tree, { value, source }: Sourced<NodePath>): KeyFile {
  const path = shownPath(tree, value)
  const place = locate(tree, path)
  if ('realPath' in place) return { path, source, realPath: place.realPath, exists: true }
  return { path, source, exists: !('missing' in place) }
}

/** A path a file of the node refers to, relative to that file's directory. */
export function referencedPath(tree: Tree, from: PlacedFile, file: string): Sourced<NodePath> {
  if (isAbsolute(file)) return { value: { path: file, inNode: true }, source: from.path }
  const beside = join(from.path, '..', file)
  const root = resolve(tree.root)
  const isInNode = isBelow(root, beside)
  return {
    value: { path: isInNode ? beside.slice(root === '/' ? 0 : root.length) : beside, inNode: isInNode },
    source: from.path,
  }
}

/** A directory the user gave outside the root confines its own links. */
function locate(tree: Tree, path: string) {
  const root = resolve(tree.root)
  return resolveInside(isBelow(root, path) ? root : join(path, '..'), path)
}

function readBounded(path: string): Found<{ text: string }> {
  let descriptor: number | undefined
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const stat = fstatSync(descriptor)
    if (!stat.isFile()) return { state: 'invalid', reason: 'NOT_A_FILE' }
    if (stat.size > LARGEST_FILE)
      return { state: 'invalid', reason: 'FILE_TOO_LARGE', found: `${stat.size} bytes` }
    const bytes = Buffer.alloc(stat.size)
    const length = stat.size === 0 ? 0 : readSync(descriptor, bytes)
    return { state: 'present', text: bytes.toString('utf8', 0, length) }
  } catch (error) {
    return { state: 'invalid', ...explain(error) }
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}

function explain(error: unknown): Unusable {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown'
  const known: Readonly<Record<string, Reason>> = {
    EACCES: 'PERMISSION_DENIED',
    EPERM: 'PERMISSION_DENIED',
    EISDIR: 'NOT_A_FILE',
  }
  const reason = known[code]
  return reason ? { reason } : { reason: 'IO_ERROR', found: code }
}

/** Throws when a directory is there but cannot be looked into; an absent one is fine. */
export function checkDirectory(path: string): void {
  try {
    if (!statSync(path).isDirectory()) {
      throw new PkiError('NOT_A_DIRECTORY', `${path}: wanted a directory, found a file`)
    }
    accessSync(path, constants.R_OK | constants.X_OK)
  } catch (error) {
    if (error instanceof PkiError) throw error
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EACCES' || code === 'EPERM') deny(path)
    if (code === 'ENOTDIR') throw new PkiError('NOT_A_DIRECTORY', `${path}: a part of this path is a file`)
  }
}

function deny(path: string): never {
  throw new PkiError('PERMISSION_DENIED', `${path}: permission denied`, {
    hint: 'run as root: sudo kubepki ...',
  })
}

/** Text of a file the user named on the command line. */
export function readUserFile(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? ''
    const found: Readonly<Record<string, string>> = {
      ENOENT: 'no such file',
      EISDIR: 'is a directory, wanted a file',
      EACCES: 'permission denied',
    }
    throw new PkiError('FILE_UNREADABLE', `${path}: ${found[code] ?? code}`, { cause: error })
  }
}

/** Opens a private key, for a job that signs with it. */
export function readKey(key: KeyFile): Found<PrivateKey> {
  if (!key.exists || key.realPath === undefined) return { state: 'missing' }
  const contents = readBounded(key.realPath)
  if (contents.state !== 'present') return contents
  const read = readPrivateKey(contents.text)
  return 'key' in read ? { state: 'present', ...read } : { state: 'invalid', ...read }
}
