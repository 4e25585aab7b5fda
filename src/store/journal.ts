/**
 * What a transaction is about to do, written and synced before it does it. The file's name is the phase, so that a step
 * from one to the next is a rename, which works on a full disk too. Whoever finds it after a crash knows what to do:
 * `staging`: nothing was replaced, remove what was prepared; `committing`: all is prepared, go on; `undoing`: put back.
 */
import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { PkiError } from '../errors.ts'
import { isMapping, listAt, parseJson, stringAt } from '../kubernetes/yaml.ts'
import { BACKUP_ID } from '../pki/backup.ts'
import { isThere, on, readIfThere, removeFile, syncDirectory, writeNewFile } from './disk.ts'
import { type Move, stagingOf } from './move.ts'
import { realPathOf, type Store, type StoredPath, storedPath } from './state.ts'

export const PHASES = ['staging', 'committing', 'undoing'] as const
export type Phase = (typeof PHASES)[number]

export interface Journal {
  /** Also the backup's. */
  readonly id: string
  readonly token: string
  readonly command: string
  readonly moves: readonly Move[]
  /** Directories made for it, parents first. */
  readonly directories: readonly string[]
}

function fileOf({ realPath }: Store, phase: Phase): string {
  return join(realPath, `journal.${phase}`)
}

function draftOf({ realPath }: Store): string {
  return join(realPath, 'journal.draft')
}

export function openJournal(store: Store, { id, token, command, moves, directories }: Journal): void {
  const files = moves.map(({ realPath, before, after }) => ({
    ...storedPath(store, realPath),
    before,
    after,
  }))
  const stored = { id, token, command, files, directories: directories.map(path => storedPath(store, path)) }
  on(store.path, () => {
    removeFile(reserveOf(store))
    writeNewFile(reserveOf(store), Buffer.alloc(RESERVE))
    const draft = draftOf(store)
    removeFile(draft)
    writeNewFile(draft, JSON.stringify(stored))
    renameSync(draft, fileOf(store, 'staging'))
    syncDirectory(store.realPath)
  })
}

/** Bytes that a recovery can have on a disk that has become full: the lock takes some. */
const RESERVE = 32 * 1024

function reserveOf({ realPath }: Store): string {
  return join(realPath, RESERVE_FILE)
}

const RESERVE_FILE = 'journal.reserve'

/** True when there was something to give up, for a job that was interrupted. */
export function giveUpReserve(store: Store): boolean {
  if (openPhase(store) === undefined || !isThere(reserveOf(store))) return false
  removeFile(reserveOf(store))
  return true
}

export function advanceJournal(store: Store, from: Phase, to: Phase): void {
  on(store.path, () => {
    renameSync(fileOf(store, from), fileOf(store, to))
    syncDirectory(store.realPath)
  })
}

export function closeJournal(store: Store): void {
  on(store.path, () => {
    for (const phase of PHASES) removeFile(fileOf(store, phase))
    removeFile(draftOf(store))
    removeFile(reserveOf(store))
    syncDirectory(store.realPath)
  })
}

export function openPhase(store: Store): Phase | undefined {
  return PHASES.find(phase => isThere(fileOf(store, phase)))
}

/** Of an interrupted job. It was synced before it had its name: one that is not whole was tampered with. */
export function readJournal(store: Store, phase: Phase): Journal {
  const found = parseJson(readIfThere(fileOf(store, phase))?.toString('utf8') ?? '')
  const field = (name: string) => (isMapping(found) ? (stringAt(found, name) ?? '') : '')
  const [id, token] = [field('id'), field('token')]
  const files = isMapping(found) && BACKUP_ID.test(id) && TOKEN.test(token) ? listAt(found, 'files') : []
  const moves = files.map(file => moveIn(store, token, file))
  if (moves.length === 0) throw notWhole(store, phase)
  return {
    ...{ id, token, command: field('command') },
    moves: moves.map(move => move ?? raise(notWhole(store, phase))),
    directories: listAt(found, 'directories').map(path => realPathOf(store, storedPathIn(path))),
  }
}

const TOKEN = /^[0-9a-f]{16}$/

/** Neither the file nor what lies beside it may lead elsewhere. */
function moveIn(store: Store, token: string, file: unknown): Move | undefined {
  const [before, after] = [hashIn(file, 'before'), hashIn(file, 'after')]
  if (before === 'invalid' || after === 'invalid') return undefined
  const move = { token, realPath: realPathOf(store, storedPathIn(file)), before, after }
  realPathOf(store, storedPath(store, stagingOf(move)))
  return move
}

function notWhole(store: Store, phase: Phase): PkiError {
  const file = fileOf(store, phase)
  return new PkiError(
    'BACKUP_INVALID',
    `${file} is not whole: the job it was written for cannot be completed`,
    {
      hint: `compare the certificates with the newest backup in ${store.path}, then remove that file and the directories .kubepki-* beside them`,
    },
  )
}

function raise(error: Error): never {
  throw error
}

export function storedPathIn(value: unknown): StoredPath {
  const path = isMapping(value) ? (stringAt(value, 'path') ?? '') : ''
  return isMapping(value) && value.isOutsideRoot === true ? { path, isOutsideRoot: true } : { path }
}

/** Undefined: there is, or was, no file. */
export function hashIn(value: unknown, key: string): string | undefined {
  const hash = isMapping(value) ? value[key] : undefined
  if (hash === undefined || hash === null) return undefined
  return typeof hash === 'string' && /^[0-9a-f]{64}$/.test(hash) ? hash : 'invalid'
}
