/** A new file of the user's, whole or not there; what a run that was killed has left of it goes away with the next. */
import {
  closeSync,
  fchmodSync,
  fsyncSync,
  linkSync,
  openSync,
  readdirSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { PkiError } from '../errors.ts'
import { randomToken } from './digest.ts'
import { on, readIfThere, removeFile, syncDirectory } from './disk.ts'
import { isTaken, quietly } from './plain-files.ts'
import { checkWritable } from './preflight.ts'

/** Throws where no new file could be made. */
export function checkNewFile(path: string): void {
  if (on(path, () => isTaken(path)))
    throw new PkiError('WRITE_FAILED', `cannot write ${path}: it exists already`, {
      hint: 'move it away, or name another file: nothing that exists is overwritten',
    })
  checkWritable(path, resolve(path))
}

export function isDirectory(path: string): boolean {
  return on(path, () => statSync(path, { throwIfNoEntry: false }))?.isDirectory() ?? false
}

/** With its mode from the first byte, under its name only when it is whole. */
export function writeWholeFile(path: string, contents: string, mode: 0o600 | 0o644): void {
  const draft = draftOf(path, randomToken())
  on(path, () => {
    writeDraft(draft, contents, mode)
    placeDraft(draft, path)
  })
}

/** The same; one that is there with these very contents is done already. */
export function finishWholeFile(path: string, contents: string, mode: 0o600 | 0o644): void {
  if (textIfThere(path) === contents) removeDrafts(path)
  else writeWholeFile(path, contents, mode)
}

/** Undefined also for what cannot be read: it is none that was written here. */
export function textIfThere(path: string): string | undefined {
  try {
    return readIfThere(path)?.toString('utf8')
  } catch {
    return undefined
  }
}

/** Where a file lies until it is whole; `token`: sixteen hexadecimal digits. */
export function draftOf(path: string, token: string): string {
  return join(dirname(path), `${draftPrefix(path)}${token}`)
}

const draftPrefix = (path: string) => `.kubepki-${basename(path)}.`
const TOKEN = /^[0-9a-f]{16}$/

export function writeDraft(draft: string, contents: string, mode: number): void {
  const descriptor = openSync(draft, 'wx', mode)
  try {
    fchmodSync(descriptor, mode)
    writeFileSync(descriptor, contents)
    fsyncSync(descriptor)
  } catch (error) {
    quietly(() => unlinkSync(draft))
    throw error
  } finally {
    closeSync(descriptor)
  }
}

/** A link does not replace what came there meanwhile. Some file systems have none. */
export function placeDraft(draft: string, path: string): void {
  try {
    linkSync(draft, path)
    unlinkSync(draft)
  } catch (error) {
    if (LINKLESS.has((error as NodeJS.ErrnoException).code ?? '')) renameSync(draft, path)
    else {
      removeFile(draft)
      throw error
    }
  }
  syncDirectory(dirname(path))
  removeDrafts(path)
}

const LINKLESS: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'ENOSYS'])

/** Of runs that were killed: the file has its name now. */
export function removeDrafts(path: string): void {
  const [directory, prefix] = [dirname(path), draftPrefix(path)]
  quietly(() => {
    for (const name of readdirSync(directory))
      if (name.startsWith(prefix) && TOKEN.test(name.slice(prefix.length))) removeFile(join(directory, name))
  })
}

/** Of files that have done their work. */
export function removeFiles(paths: readonly string[]): void {
  for (const path of paths) on(path, () => removeFile(path))
}
