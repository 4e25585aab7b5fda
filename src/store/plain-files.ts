/** Files that are no node's, readable by all: no lock, no backup. */
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

/** All of them or none, and nothing that exists is touched; a directory that is missing is made. */
export function writePlainFiles(files: readonly PlainFile[]): void {
  const undo: (() => void)[] = []
  try {
    const places = files.map(({ path }) => ({ path, realPath: path }))
    for (const { path, mode } of missingDirectoriesOf(places, 0o755)) {
      on(path, () => makeDirectory(path, mode))
      undo.unshift(() => rmdirSync(path))
    }
    for (const { path, contents } of files) {
      const descriptor = on(path, () => open(path))
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

/** One, whole on the disk; what is left of it when that fails is the caller's to remove. */
export function writePlainFile(path: string, contents: string): void {
  fill(open(path), contents)
}

function open(path: string): number {
  return openSync(path, 'wx', 0o644)
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

export function quietly(work: () => void): void {
  try {
    work()
  } catch {}
}
