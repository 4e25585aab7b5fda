/** What an external CA returned: files and directories that the user named. From outside: nothing in it is trusted. */
import { readdirSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describeUnusable, PkiError, type Unusable } from '../errors.ts'
import { readAnswer } from '../x509/answer.ts'
import type { Certificate } from '../x509/certificate.ts'
import { reading } from './disk.ts'
import { readUserBytes } from './files.ts'

export interface AnswerFile {
  readonly path: string
  readonly certificates: readonly Certificate[]
}

export interface Answers {
  readonly files: readonly AnswerFile[]
  /** Files of a directory that hold no certificate, each with the reason. */
  readonly passedOver: readonly string[]
}

/** Bounds for a directory that was mistyped: `/` is one too. */
const MOST_FILES = 1000
const DEEPEST = 3

/** A file that was named must hold certificates; one of a directory may be something else. */
export function readAnswers(paths: readonly string[]): Answers {
  const read = paths.map(path =>
    isDirectory(path) ? readAll(path) : { files: [readNamed(path)], passedOver: [] },
  )
  return {
    files: read.flatMap(({ files }) => files),
    passedOver: read.flatMap(({ passedOver }) => passedOver),
  }
}

function isDirectory(path: string): boolean {
  return (
    path !== '-' && (reading(path, () => statSync(path, { throwIfNoEntry: false }))?.isDirectory() ?? false)
  )
}

function readNamed(path: string): AnswerFile {
  const answer = readAnswer(readUserBytes(path))
  if ('certificates' in answer) return { path, ...answer }
  throw new PkiError('FILE_UNREADABLE', `${path}: wanted certificates, found: ${describeUnusable(answer)}`)
}

function readAll(directory: string): Answers {
  const read = filesBelow(directory).map(path => ({ path, answer: tryToRead(path) }))
  return {
    files: read.flatMap(({ path, answer }) => ('certificates' in answer ? { path, ...answer } : [])),
    passedOver: read.flatMap(({ path, answer }) =>
      'reason' in answer ? `${path}: ${describeUnusable(answer)}` : [],
    ),
  }
}

/** Also in folders of it: some CAs return one a request. No link is followed: it may lead anywhere. */
function filesBelow(directory: string): string[] {
  const files: string[] = []
  const look = (folder: string, depth: number) => {
    const entries = reading(folder, () => readdirSync(folder, { withFileTypes: true }))
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(folder, entry.name)
      if (entry.isDirectory() && depth < DEEPEST) look(path, depth + 1)
      else if (entry.isFile() && !isOurs(entry.name)) files.push(path)
      if (files.length > MOST_FILES)
        throw new PkiError('FILE_UNREADABLE', `${directory}: wanted at most ${MOST_FILES} files, found more`)
    }
  }
  look(directory, 1)
  return files
}

/** What lies in a directory of requests anyway. */
function isOurs(name: string): boolean {
  return name.startsWith('.') || /\.(csr|key|json|md|tar)$/.test(basename(name))
}

function tryToRead(path: string): { readonly certificates: readonly Certificate[] } | Unusable {
  try {
    return readAnswer(readUserBytes(path))
  } catch (error) {
    if (error instanceof PkiError) return { reason: 'IO_ERROR', found: error.message }
    throw error
  }
}
