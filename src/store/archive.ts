/** An archive that the user named: whole, and never in the place of another file. */
import { chmodSync, linkSync, renameSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { PkiError } from '../errors.ts'
import { randomToken } from './digest.ts'
import { isThere, on, removeFile, syncDirectory, writeNewFile } from './disk.ts'
import { checkWritable } from './preflight.ts'

/** Throws where it could not be written. */
export function checkArchive(path: string): void {
  const target = resolve(path)
  on(path, () => {
    if (isThere(target)) throw taken(path)
    if (!isThere(dirname(target))) throw trouble('ENOENT')
    if (!isThere(`${dirname(target)}/.`)) throw trouble('ENOTDIR')
  })
  checkWritable(path, target)
}

function trouble(code: string): Error {
  return Object.assign(new Error(code), { code })
}

function taken(path: string): PkiError {
  return new PkiError('WRITE_FAILED', `${path} is there already, and is not overwritten`, {
    hint: 'name another file for the archive, or move that one away',
  })
}

/** Complete beside its name first; it holds nothing secret. */
export function writeArchive(path: string, bytes: Uint8Array): void {
  const target = resolve(path)
  const staged = join(dirname(target), `.${basename(target)}.kubepki-${randomToken()}`)
  on(path, () => {
    try {
      writeNewFile(staged, bytes)
      chmodSync(staged, 0o644)
      publish(staged, target, path)
      syncDirectory(dirname(target))
    } finally {
      removeFile(staged)
    }
  })
}

/** A link fails when the name is taken; a memory stick may know no links. */
function publish(staged: string, target: string, path: string): void {
  try {
    linkSync(staged, target)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' || isThere(target)) throw taken(path)
    renameSync(staged, target)
  }
}
