/**
 * Changes files together: every new file is written whole beside its target and synced before the first rename, so a
 * full disk or a read-only directory changes nothing. When a rename fails, what was renamed before it is put back; an
 * old file that cannot be put back stays beside its target under a name that the error tells.
 * A private key is readable by its owner alone from its first byte.
 */
import {
  closeSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { PkiError } from '../errors.ts'
import type { FileChange } from '../pki/renewed-files.ts'

interface Staged {
  readonly change: FileChange
  readonly newFile: string
  readonly oldFile: string
  readonly old: Stats | undefined
}

/** All of the changes, or an error that says what was not put back (nothing, as a rule). */
export function commit(changes: readonly FileChange[]): void {
  const suffix = Math.random().toString(36).slice(2)
  const staged = changes.map(change => prepare(change, suffix))
  const renamed: Staged[] = []
  let current: FileChange | undefined
  try {
    for (const one of staged) {
      current = one.change
      writeWhole(one)
    }
    for (const one of staged) {
      current = one.change
      if (one.old) linkSync(one.change.realPath, one.oldFile)
      renameSync(one.newFile, one.change.realPath)
      renamed.push(one)
    }
  } catch (error) {
    const lost = putBack(renamed)
    discard(staged.filter(one => !lost.includes(one)))
    throw writeError(current, error, lost)
  }
  discard(staged)
  syncDirectories(changes)
}

/** Makes a directory for private keys; what is there stays as it is. */
export function makePrivateDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw writeError({ path }, error, [])
  }
}

function prepare(change: FileChange, suffix: string): Staged {
  const { realPath } = change
  const [newFile, oldFile] = [`${realPath}.kubepki-new-${suffix}`, `${realPath}.kubepki-old-${suffix}`]
  try {
    return { change, newFile, oldFile, old: statSync(realPath, { throwIfNoEntry: false }) }
  } catch (error) {
    throw writeError(change, error, [])
  }
}

function writeWhole({ change, newFile, old }: Staged): void {
  const descriptor = openSync(newFile, 'wx', 0o600)
  try {
    writeFileSync(descriptor, change.text)
    const made = fstatSync(descriptor)
    if (old && (old.uid !== made.uid || old.gid !== made.gid)) fchownSync(descriptor, old.uid, old.gid)
    const mode = modeFor(old, change.isSecret)
    if (mode !== (made.mode & 0o7777)) fchmodSync(descriptor, mode)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** The old file's mode; of a key never more than its owner, and a group given on purpose, may read. */
function modeFor(old: Stats | undefined, isSecret: boolean): number {
  if (!isSecret) return old ? old.mode & 0o7777 : 0o644
  const hasOwnGroup = old !== undefined && old.gid !== 0
  return old ? old.mode & (hasOwnGroup ? 0o640 : 0o600) : 0o600
}

/** Undoes the renames, the last first; answers with those that could not be undone. */
function putBack(renamed: readonly Staged[]): Staged[] {
  return renamed.toReversed().filter(({ change, oldFile, old }) => {
    try {
      if (old) renameSync(oldFile, change.realPath)
      else rmSync(change.realPath)
      return false
    } catch {
      return true
    }
  })
}

/** Leftovers are removed as far as that is possible; they are no reason to fail. */
function discard(staged: readonly Staged[]): void {
  for (const file of staged.flatMap(({ newFile, oldFile }) => [newFile, oldFile])) {
    try {
      rmSync(file, { force: true })
    } catch {}
  }
}

function syncDirectories(changes: readonly FileChange[]): void {
  for (const directory of new Set(changes.map(({ realPath }) => dirname(realPath)))) {
    let descriptor: number | undefined
    try {
      descriptor = openSync(directory, 'r')
      fsyncSync(descriptor)
    } catch (error) {
      const found = 'all files are changed, but a power loss now might undo some of it'
      throw new PkiError('WRITE_FAILED', `cannot sync ${directory}: ${describe(error)}; ${found}`, {
        cause: error,
      })
    } finally {
      if (descriptor !== undefined) closeSync(descriptor)
    }
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
}

function describe(error: unknown): string {
  const { code = 'unknown trouble' } = error as NodeJS.ErrnoException
  return FOUND[code] ?? code
}

function writeError(at: { path: string } | undefined, error: unknown, lost: readonly Staged[]): PkiError {
  const failed = `cannot write ${at?.path}: ${describe(error)}`
  if (lost.length === 0)
    return new PkiError('WRITE_FAILED', `${failed}; nothing was changed`, { cause: error })
  const hint = lost.map(({ change, oldFile, old }) =>
    old ? `mv ${oldFile} ${change.realPath}` : `rm ${change.realPath}`,
  )
  return new PkiError('WRITE_FAILED', `${failed}; ${lost.length} files could not be put back`, {
    hint: `put them back: ${hint.join(' && ')}`,
    cause: error,
  })
}
