/** Steps on the file system that last (synced), and what their failures are called. */
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmdirSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { messageOf, PkiError } from '../errors.ts'

/** A new file that its owner alone can read, whole on the disk. */
export function writeNewFile(path: string, contents: string | Uint8Array): void {
  const descriptor = openSync(path, 'wx', 0o600)
  try {
    writeFileSync(descriptor, contents)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** So that a power loss keeps the names in it too. Some file systems cannot, and say EINVAL. */
export function syncDirectory(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    unless('EINVAL', () => fsyncSync(descriptor))
  } finally {
    closeSync(descriptor)
  }
}

export function readIfThere(path: string): Buffer | undefined {
  return unless('ENOENT', () => readFileSync(path))
}

export function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined
}

export function removeFile(path: string): void {
  unless('ENOENT', () => unlinkSync(path))
}

/** Its owner's alone; one that is there already stays as it is. */
export function makeDirectory(path: string): void {
  unless('EEXIST', () => mkdirSync(path, { mode: 0o700 }))
}

/** What holds something else stays. */
export function removeEmptyDirectory(path: string): void {
  unless('ENOENT', () => unless('ENOTEMPTY', () => rmdirSync(path)))
}

function unless<T>(code: string, work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === code) return undefined
    throw error
  }
}

const FOUND: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space left on the device',
  EDQUOT: 'the disk quota is used up',
  ENOENT: 'its directory does not exist',
  ENOTDIR: 'a part of this path is a file',
  EISDIR: 'it is a directory',
  EIO: 'the disk failed (EIO)',
}

export function describeTrouble(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException
  return code === undefined ? messageOf(error) : (FOUND[code] ?? code)
}

const HINTS: Readonly<Record<string, string>> = {
  EACCES: 'run as root: sudo kubepki ...',
  ENOSPC: 'free some space, then run it again',
  EROFS: 'mount it writable, then run it again',
}

/** Does one step; its failure names the file that a user knows. */
export function on<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw error instanceof PkiError ? error : writeFailed(path, error)
  }
}

function writeFailed(path: string, error: unknown): PkiError {
  const hint = HINTS[(error as NodeJS.ErrnoException).code ?? '']
  return new PkiError('WRITE_FAILED', `cannot write ${path}: ${describeTrouble(error)}`, {
    hint,
    cause: error,
  })
}

/** A failed call that no step has named, by the file that Node names; anything else as it is. */
export function named(error: unknown): unknown {
  const { syscall, path } = error as NodeJS.ErrnoException
  return error instanceof PkiError || syscall === undefined || path === undefined
    ? error
    : writeFailed(path, error)
}

/** For work that comes before the first change: its failure says so. */
export function orUnchanged<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw withAddition(error, 'nothing was changed')
  }
}

/** The same error, and how the job ended. */
export function withAddition(error: unknown, addition: string): unknown {
  const known = named(error)
  if (!(known instanceof PkiError)) return known
  const { code, message, hint } = known
  return new PkiError(code, `${message}; ${addition}`, { hint, cause: known })
}
