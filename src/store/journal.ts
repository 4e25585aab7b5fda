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

export function openJournal(store: Store, { id, command, moves, directories }: Journal): void {
  const files = moves.map(({ realPath, before, after }) => ({
    ...storedPath(store, realPath),
    before,
    after,
  }))
  const stored = { id, command, files, directories: directories.map(path => storedPath(store, path)) }
  on(store.path, () => {
    const draft = draftOf(store)
    removeFile(draft)
    writeNewFile(draft, JSON.stringify(stored))
    renameSync(draft, fileOf(store, 'staging'))
    syncDirectory(store.realPath)
  })
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
    syncDirectory(store.realPath)
  })
}

export function openPhase(store: Store): Phase | undefined {
  return PHASES.find(phase => isThere(fileOf(store, phase)))
}

/** Of an interrupted job. It was synced before it had its name: one that is not whole was tampered with. */
export function readJournal(store: Store, phase: Phase): Journal {
  const found = parseJson(readIfThere(fileOf(store, phase))?.toString('utf8') ?? '')
  const id = isMapping(found) ? (stringAt(found, 'id') ?? '') : ''
  const moves = isMapping(found) ? listAt(found, 'files').map(file => moveIn(store, id, file)) : []
  if (!isMapping(found) || !BACKUP_ID.test(id) || moves.length === 0) throw notWhole(store, phase)
  return {
    id,
    command: stringAt(found, 'command') ?? '',
    moves: moves.map(move => move ?? raise(notWhole(store, phase))),
    directories: listAt(found, 'directories').map(path => realPathOf(store, storedPathIn(path))),
  }
}

/** Neither the file nor what lies beside it may lead elsewhere. */
function moveIn(store: Store, id: string, file: unknown): Move | undefined {
  const [before, after] = [hashIn(file, 'before'), hashIn(file, 'after')]
  if (before === 'invalid' || after === 'invalid' || !BACKUP_ID.test(id)) return undefined
  const move = { id, realPath: realPathOf(store, storedPathIn(file)), before, after }
  realPathOf(store, storedPath(store, stagingOf(move)))
  return move
}

function notWhole(store: Store, phase: Phase): PkiError {
  const file = fileOf(store, phase)
  return new PkiError(
    'BACKUP_INVALID',
    `${file} is not whole: the job it was written for cannot be completed`,
    {
      hint: `compare the certificates with the newest backup in ${store.path}, then remove that file`,
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
