/** Files that the user named, of any length, chunk by chunk: also a pipe, `-` for the standard input, and directories. */
import { closeSync, fstatSync, openSync, readdirSync, readSync, realpathSync, statSync } from 'node:fs'
import { join, sep } from 'node:path'
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

/**
 * The file itself, or those of a directory that Kubernetes objects are kept in. Links to files are followed when they stay
 * in it, as those of a mounted ConfigMap do; of others `onLink` is told.
 */
export function objectFiles(
  path: string,
  onLink: (link: string) => void = () => undefined,
): readonly string[] {
  if (path === '-') return [path]
  const stat = reading(path, () => statSync(path, { throwIfNoEntry: false }))
  if (!stat) throw new PkiError('FILE_UNREADABLE', `${path}: no such file or directory`)
  return stat.isDirectory() ? filesBelow(path, onLink) : [path]
}

const OBJECT_FILE = /^[^.].*\.(ya?ml|json)$/

function filesBelow(directory: string, onLink: (link: string) => void): string[] {
  const files: string[] = []
  const links: string[] = []
  const look = (folder: string, depth: number) => {
    const entries = reading(folder, () => readdirSync(folder, { withFileTypes: true }))
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(folder, entry.name)
      if (entry.isDirectory() && depth < DEEPEST && !entry.name.startsWith('.')) look(path, depth + 1)
      else if (entry.isFile() && OBJECT_FILE.test(entry.name)) files.push(path)
      else if (entry.isSymbolicLink() && OBJECT_FILE.test(entry.name)) links.push(path)
      if (files.length + links.length > MOST_FILES)
        throw new PkiError('FILE_UNREADABLE', `${directory}: wanted at most ${MOST_FILES} files, found more`)
    }
  }
  look(directory, 1)
  return links.length === 0 ? files : [...files, ...followed(directory, { files, links, onLink })]
}

interface Links {
  readonly files: readonly string[]
  readonly links: readonly string[]
  readonly onLink: (link: string) => void
}

/** Each file once. */
function followed(directory: string, { files, links, onLink }: Links): string[] {
  const root = reading(directory, () => realpathSync(directory))
  const known = new Set(files.map(file => reading(file, () => realpathSync(file))))
  return links.filter(link => {
    const real = targetOf(link)
    if (real === undefined || !real.startsWith(root === sep ? sep : `${root}${sep}`)) {
      onLink(link)
      return false
    }
    if (known.has(real)) return false
    known.add(real)
    return true
  })
}

/** Undefined: it leads to no file. */
function targetOf(link: string): string | undefined {
  try {
    const real = realpathSync(link)
    return statSync(real).isFile() ? real : undefined
  } catch {
    return undefined
  }
}
