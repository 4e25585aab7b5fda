/**
 * New files in a directory that is no node's: no lock, no backup, for nothing that exists is ever changed. All of them
 * or none: what was made is removed when one fails.
 */
import {
  closeSync,
  fchmodSync,
  fsyncSync,
  lstatSync,
  openSync,
  rmdirSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { missingDirectoriesOf } from './directories.ts'
import { makeDirectory, on, syncDirectory, withAddition } from './disk.ts'

export interface PlainFile {
  readonly path: string
  readonly contents: string
}

/** Also a link that leads nowhere is something. */
export function isTaken(path: string): boolean {
  return on(path, () => lstatSync(path, { throwIfNoEntry: false })) !== undefined
}

/** Readable by all, and none that exists is touched; a directory that is missing is made. */
export function writePlainFiles(files: readonly PlainFile[]): void {
  const undo: (() => void)[] = []
  try {
    const places = files.map(({ path }) => ({ path, realPath: path }))
    for (const { path, mode } of missingDirectoriesOf(places, 0o755)) {
      on(path, () => makeDirectory(path, mode))
      undo.unshift(() => rmdirSync(path))
    }
    for (const { path, contents } of files) {
      const descriptor = on(path, () => openSync(path, 'wx', 0o644))
      undo.unshift(() => unlinkSync(path))
      on(path, () => fill(descriptor, contents))
    }
    for (const directory of new Set(files.map(({ path }) => dirname(path))))
      on(directory, () => syncDirectory(directory))
  } catch (error) {
    for (const step of undo) quietly(step)
    throw withAddition(error, 'nothing was written')
  }
}

function fill(descriptor: number, contents: string): void {
  try {
    // A stick's file system has no modes, and the umask takes none away from what is public.
    quietly(() => fchmodSync(descriptor, 0o644))
    writeFileSync(descriptor, contents)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

function quietly(work: () => void): void {
  try {
    work()
  } catch {}
}
