/**
 * One file of a transaction on its way: the new contents lie complete in a directory beside the target, with a second
 * link to the old; one rename makes it new, another old again. Each step may be done twice, as after a crash.
 */
import { lstatSync, renameSync, unlinkSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { sha256 } from './digest.ts'
import { isThere, on, readIfThere, removeEmptyDirectory, removeFile, syncDirectory } from './disk.ts'

export interface Move {
  /** Of the transaction: names its directories, and nobody can know it before. */
  readonly token: string
  readonly realPath: string
  /** SHA-256 of what was there, and of what is to be; undefined: no file. */
  readonly before: string | undefined
  readonly after: string | undefined
}

export const STAGING_PREFIX = '.kubepki-'

/** Beside the target: the same file system, and its owner's alone, so no key is ever seen in it. */
export function stagingOf({ token, realPath }: Move): string {
  return join(dirname(realPath), `${STAGING_PREFIX}${token}`)
}

/** The complete new file. */
export function newFileOf(move: Move): string {
  return join(stagingOf(move), basename(move.realPath))
}

/** A second link to the old file. */
export function oldFileOf(move: Move): string {
  return join(stagingOf(move), `old.${basename(move.realPath)}`)
}

/** The one instant at which a file changes. */
export function replace(move: Move): void {
  on(move.realPath, () => {
    if (move.after !== undefined) renameSync(newFileOf(move), move.realPath)
    else unlinkSync(move.realPath)
  })
}

/** `other`: somebody else has changed the file since; it is theirs, and left alone. */
export function stateOf({ realPath, before, after }: Move): 'before' | 'after' | 'other' {
  const hash = on(realPath, () => plainHashOf(realPath))
  if (hash === after) return 'after'
  return hash === before ? 'before' : 'other'
}

/** After a crash: there is nothing to do, or all that it takes is there. */
export function canFinish(move: Move): boolean {
  if (stateOf(move) !== 'before' || move.after === undefined) return true
  return on(move.realPath, () => hashOf(newFileOf(move))) === move.after
}

export function finish(move: Move): void {
  if (stateOf(move) === 'before') replace(move)
}

/**
 * Puts the old file back: the very file with all that belongs to it, or, where it is lost, what `copy` makes of it.
 * `isOurs`: no time has passed, so that whatever is there is our own doing.
 */
export function putBack(move: Move, copy: (move: Move) => void, isOurs: boolean): void {
  const { realPath, before } = move
  const state = stateOf(move)
  if (state === 'before' || before === move.after || (state === 'other' && !isOurs)) return
  on(realPath, () => {
    if (before === undefined) return removeFile(realPath)
    if (hashOf(oldFileOf(move)) !== before) copy(move)
    renameSync(oldFileOf(move), realPath)
  })
}

/** Removes what was prepared, in directories that are ours. */
export function clear(moves: readonly Move[]): void {
  const stagings = [...new Set(moves.map(stagingOf))].filter(isDirectory)
  for (const move of moves) {
    if (!stagings.includes(stagingOf(move))) continue
    on(move.realPath, () => {
      removeFile(newFileOf(move))
      removeFile(oldFileOf(move))
    })
  }
  for (const staging of stagings) on(staging, () => removeEmptyDirectory(staging))
}

function isDirectory(path: string): boolean {
  return on(path, () => lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false)
}

export function syncAround(moves: readonly Move[]): void {
  for (const directory of new Set(moves.map(({ realPath }) => dirname(realPath)))) {
    on(directory, () => isThere(directory) && syncDirectory(directory))
  }
}

/** What is no plain file of a size we know is certainly another's. */
function plainHashOf(path: string): string | undefined {
  try {
    return hashOf(path)
  } catch (error) {
    if (['ELOOP', 'EISDIR', 'EFBIG', 'ENOTFILE'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return 'other'
    throw error
  }
}

/** Undefined: no file. */
export function hashOf(path: string): string | undefined {
  const bytes = readIfThere(path)
  return bytes && sha256(bytes)
}
