/** Steps on the file system that last (synced), and what their failures are called. */
import {
  type BigIntStats,
  chmodSync,
  closeSync,
  constants,
  fstatSync,
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

/** What tells whether anybody has touched a file since. Empty: there is none. */
export function signatureOf(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false, bigint: true })
  return stat ? signature(stat) : ''
}

export function signature({ dev, ino, size, mtimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs].join(' ')
}

const LARGEST_FILE = 1024 * 1024

/** A regular file of at most 1 MiB, and no link: what lies in a directory of ours may have been put there by anybody. */
export function readIfThere(path: string): Buffer | undefined {
  const descriptor = unless('ENOENT', () => openSync(path, READ_PLAIN))
  if (descriptor === undefined) return undefined
  try {
    const stat = fstatSync(descriptor)
    if (stat.isDirectory()) throw trouble('EISDIR')
    if (!stat.isFile()) throw trouble('ENOTFILE')
    if (stat.size > LARGEST_FILE) throw trouble('EFBIG')
    return readFileSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

const READ_PLAIN = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

export function trouble(code: string): Error {
  return Object.assign(new Error(code), { code })
}

export function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined
}

export function removeFile(path: string): void {
  unless('ENOENT', () => unlinkSync(path))
}

/** Its owner's alone; one that is there already stays as it is. */
export function makeDirectory(path: string, mode = 0o700): void {
  unless('EEXIST', () => {
    mkdirSync(path, { mode: 0o700 })
    if (mode !== 0o700) chmodSync(path, mode)
  })
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
  EEXIST: 'it exists already',
  ENAMETOOLONG: 'its name is too long',
  EIO: 'the disk failed (EIO)',
  EXDEV: 'it is on another file system',
  ELOOP: 'it is a symbolic link',
  ENOTFILE: 'it is not a regular file',
  EFBIG: 'it is too large',
  EBUSY: 'it is in use, perhaps as a mount point',
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

/** As `on`, for what is only read. */
export function reading<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof PkiError) throw error
    const hint = HINTS[(error as NodeJS.ErrnoException).code ?? '']
    throw new PkiError('FILE_UNREADABLE', `cannot read ${path}: ${describeTrouble(error)}`, {
      hint,
      cause: error,
    })
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
