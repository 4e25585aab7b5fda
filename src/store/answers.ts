/** What an external CA returned: files and directories that the user named. From outside: nothing in it is trusted. */
import { readdirSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describeUnusable, PkiError, type Unusable } from '../errors.ts'
import { readAnswer } from '../x509/answer.ts'
import type { Certificate } from '../x509/certificate.ts'
import { on } from './disk.ts'
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

const MOST_FILES = 1000

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
  return path !== '-' && (statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false)
}

function readNamed(path: string): AnswerFile {
  const answer = readAnswer(readUserBytes(path))
  if ('certificates' in answer) return { path, ...answer }
  throw new PkiError('FILE_UNREADABLE', `${path}: wanted certificates, found: ${describeUnusable(answer)}`)
}

/** Also below it: some CAs return a folder a request. */
function readAll(directory: string): Answers {
  const entries = on(directory, () => readdirSync(directory, { recursive: true, withFileTypes: true }))
  const paths = entries
    .filter(entry => entry.isFile() && !isOurs(entry.name))
    .map(entry => join(entry.parentPath, entry.name))
  if (paths.length > MOST_FILES)
    throw new PkiError(
      'FILE_UNREADABLE',
      `${directory}: wanted at most ${MOST_FILES} files, found ${paths.length}`,
    )
  const read = paths.toSorted().map(path => ({ path, answer: tryToRead(path) }))
  return {
    files: read.flatMap(({ path, answer }) => ('certificates' in answer ? { path, ...answer } : [])),
    passedOver: read.flatMap(({ path, answer }) =>
      'reason' in answer ? `${path}: ${describeUnusable(answer)}` : [],
    ),
  }
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
