/**
 * Changes files together: every new file is written whole beside its target and synced before the first rename,
 * so a full disk or a read-only directory changes nothing. A rename that fails puts back what was renamed before it.
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
  readonly existed: boolean
}

/** All of the changes, or an error and none of them. */
export function commit(changes: readonly FileChange[]): void {
  const staged: Staged[] = []
  try {
    for (const change of changes) staged.push(stage(change))
    replaceAll(staged)
    for (const directory of new Set(changes.map(({ realPath }) => dirname(realPath))))
      syncDirectory(directory)
  } finally {
    for (const { newFile, oldFile } of staged)
      for (const file of [newFile, oldFile]) rmSync(file, { force: true })
  }
}

/** Makes a directory for private keys; what is there stays as it is. */
export function makePrivateDirectory(path: string): void {
  attempt(path, () => mkdirSync(path, { recursive: true, mode: 0o700 }))
}

function stage(change: FileChange): Staged {
  const { realPath, path, text, isSecret } = change
  const newFile = `${realPath}.kubepki-new`
  return attempt(path, () => {
    const old = statSync(realPath, { throwIfNoEntry: false })
    rmSync(newFile, { force: true })
    try {
      writeWhole(newFile, text, { old, isSecret })
    } catch (error) {
      rmSync(newFile, { force: true })
      throw error
    }
    return { change, newFile, oldFile: `${realPath}.kubepki-old`, existed: old !== undefined }
  })
}

function writeWhole(
  file: string,
  text: string,
  { old, isSecret }: { old: Stats | undefined; isSecret: boolean },
): void {
  const descriptor = openSync(file, 'wx', 0o600)
  try {
    writeFileSync(descriptor, text)
    const made = fstatSync(descriptor)
    if (old && (old.uid !== made.uid || old.gid !== made.gid)) fchownSync(descriptor, old.uid, old.gid)
    const mode = modeFor(old, isSecret)
    if (mode !== (made.mode & 0o7777)) fchmodSync(descriptor, mode)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** The old file's mode; of a key never more than its owner and a group given on purpose may read. */
function modeFor(old: Stats | undefined, isSecret: boolean): number {
  if (!isSecret) return old ? old.mode & 0o7777 : 0o644
  const hasOwnGroup = old !== undefined && old.gid !== 0
  return old ? old.mode & (hasOwnGroup ? 0o640 : 0o600) : 0o600
}

function replaceAll(staged: readonly Staged[]): void {
  const done: Staged[] = []
  try {
    for (const one of staged) {
      attempt(one.change.path, () => {
        if (one.existed) keepOld(one)
        renameSync(one.newFile, one.change.realPath)
      })
      done.push(one)
    }
  } catch (error) {
    for (const { change, oldFile, existed } of done.toReversed()) {
      if (existed) renameSync(oldFile, change.realPath)
      else rmSync(change.realPath)
    }
    throw error
  }
}

function keepOld({ oldFile, change }: Staged): void {
  rmSync(oldFile, { force: true })
  linkSync(change.realPath, oldFile)
}

function syncDirectory(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
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
}

function attempt<T>(path: string, act: () => T): T {
  try {
    return act()
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? ''
    throw new PkiError('WRITE_FAILED', `cannot write ${path}: ${FOUND[code] ?? code}; nothing was changed`, {
      cause: error,
    })
  }
}
