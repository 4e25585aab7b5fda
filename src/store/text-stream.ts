/** Files that the user named, of any length, chunk by chunk: also a pipe, `-` for the standard input, and directories. */
import { closeSync, fstatSync, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { PkiError } from '../errors.ts'
import { reading } from './disk.ts'

const CHUNK = 64 * 1024

/** The descriptor is closed when nobody wants more. Each chunk is valid until the next is asked for. */
export function* streamUserFile(path: string): Generator<Uint8Array> {
  const descriptor = path === '-' ? 0 : reading(path, () => openSync(path, 'r'))
  try {
    if (reading(path, () => fstatSync(descriptor)).isDirectory())
      throw new PkiError('FILE_UNREADABLE', `${path}: wanted a file, found a directory`)
    const buffer = Buffer.alloc(CHUNK)
    for (;;) {
      const length = readSome(path, descriptor, buffer)
      if (length === 0) return
      yield buffer.subarray(0, length)
    }
  } finally {
    if (descriptor > 0) closeSync(descriptor)
  }
}

/** A pipe may be set not to block; then it is asked again. */
function readSome(path: string, descriptor: number, buffer: Buffer): number {
  for (;;) {
    try {
      return readSync(descriptor, buffer, 0, CHUNK, null)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EOF') return 0
      if (code !== 'EAGAIN')
        return reading(path, () => {
          throw error
        })
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)
    }
  }
}

/** Bounds for a directory that was mistyped: `/` is one too. */
const MOST_FILES = 200_000
const DEEPEST = 3

/** The file itself, or those of a directory that Kubernetes objects are kept in. No link is followed. */
export function objectFiles(path: string): readonly string[] {
  if (path === '-') return [path]
  const stat = reading(path, () => statSync(path, { throwIfNoEntry: false }))
  if (!stat) throw new PkiError('FILE_UNREADABLE', `${path}: no such file or directory`)
  return stat.isDirectory() ? filesBelow(path) : [path]
}

function filesBelow(directory: string): string[] {
  const files: string[] = []
  const look = (folder: string, depth: number) => {
    const entries = reading(folder, () => readdirSync(folder, { withFileTypes: true }))
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(folder, entry.name)
      if (entry.isDirectory() && depth < DEEPEST && !entry.name.startsWith('.')) look(path, depth + 1)
      else if (entry.isFile() && /^[^.].*\.(ya?ml|json)$/.test(entry.name)) files.push(path)
      if (files.length > MOST_FILES)
        throw new PkiError('FILE_UNREADABLE', `${directory}: wanted at most ${MOST_FILES} files, found more`)
    }
  }
  look(directory, 1)
  return files
}
