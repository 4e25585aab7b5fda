/**
 * One file of a transaction on its way: the new contents lie complete in a directory beside the target, with a second
 * link to the old; one rename makes it new, another old again. Each step may be done twice, as after a crash.
 */
import { renameSync, statSync, unlinkSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { sha256 } from './digest.ts'
import { isThere, on, readIfThere, removeEmptyDirectory, removeFile, syncDirectory } from './disk.ts'

export interface Move {
  /** Of the transaction. */
  readonly id: string
  readonly realPath: string
  /** SHA-256 of what was there, and of what is to be; undefined: no file. */
  readonly before: string | undefined
  readonly after: string | undefined
}

/** Beside the target: the same file system, and its owner's alone, so no key is ever seen in it. */
export function stagingOf({ id, realPath }: Pick<Move, 'id' | 'realPath'>): string {
  return join(dirname(realPath), `.kubepki-${id}`)
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
  const hash = on(realPath, () => hashOf(realPath))
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

/** Puts the old file back: the very file, with all that belongs to it. */
export function putBack(move: Move): void {
  const { realPath, before } = move
  if (stateOf(move) !== 'after') return
  on(realPath, () => {
    if (isThere(oldFileOf(move))) renameSync(oldFileOf(move), realPath)
    else if (before === undefined) removeFile(realPath)
  })
}

/** Removes what was prepared. */
export function clear(moves: readonly Move[]): void {
  for (const move of moves) {
    on(move.realPath, () => {
      removeFile(newFileOf(move))
      removeFile(oldFileOf(move))
    })
  }
  for (const staging of new Set(moves.map(stagingOf))) on(staging, () => removeEmptyDirectory(staging))
}

export function syncAround(moves: readonly Move[]): void {
  for (const directory of new Set(moves.map(({ realPath }) => dirname(realPath)))) {
    on(directory, () => isThere(directory) && syncDirectory(directory))
  }
}

/** Undefined: no file. */
export function hashOf(path: string): string | undefined {
  const bytes = readIfThere(path)
  return bytes && sha256(bytes)
}

/** What tells whether anybody else touched a file meanwhile. */
export function signatureOf(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false, bigint: true })
  return stat ? [stat.dev, stat.ino, stat.size, stat.mtimeNs].join(' ') : ''
}
