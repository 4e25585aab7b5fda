/** What an interrupted job left: completed where all was prepared, else undone. Nobody has to understand it. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { backupIds, listBackups, removeBackup, stageCopy } from './backup.ts'
import { on, orUnchanged, removeEmptyDirectory, removeFile } from './disk.ts'
import { advanceJournal, closeJournal, type Journal, openPhase, type Phase, readJournal } from './journal.ts'
import { lockHolder } from './lock.ts'
import { hasManifestAway, putManifestBack } from './manifests.ts'
import { canFinish, clear, finish, putBack, stateOf, syncAround } from './move.ts'
import { findStore, type Store, type StoreOptions } from './state.ts'

export function lockFileOf({ realPath }: Store): string {
  return join(realPath, 'lock')
}

/** Under the lock. Says what it did. */
export function recover(store: Store): string[] {
  const isAtRest = on(store.path, () => !hasManifestAway(store) && openPhase(store) === undefined)
  const work = () =>
    on(store.path, () => {
      const notes = [...putManifestBack(store), ...settleJournal(store)]
      sweep(store)
      return notes
    })
  return isAtRest ? orUnchanged(work) : work()
}

function settleJournal(store: Store): string[] {
  const phase = openPhase(store)
  if (!phase) return []
  const journal = readJournal(store, phase)
  const what = `"${journal.command}" was interrupted (${journal.id})`
  if (phase === 'committing' && journal.moves.every(canFinish)) {
    for (const move of journal.moves) finish(move)
    syncAround(journal.moves)
    const others = changedByOthers(journal)
    close(store, journal)
    return [
      `${what}: it is completed now, all ${journal.moves.length - others.length} files are new`,
      ...others,
    ]
  }
  if (phase === 'committing') advanceJournal(store, 'committing', 'undoing')
  const others = changedByOthers(journal)
  undo(store, journal, phase === 'staging' ? 'staging' : 'undoing')
  return [
    `${what}: it is undone now, all ${journal.moves.length - others.length} files are as before`,
    ...others,
  ]
}

function changedByOthers({ moves }: Journal): string[] {
  const files = moves.filter(move => stateOf(move) === 'other')
  return files.map(({ realPath }) => `another program changed ${realPath} since: it is left alone`)
}

/** Puts everything back and leaves nothing of the job. */
export function undo(store: Store, journal: Journal, phase: 'staging' | 'undoing'): void {
  if (phase === 'undoing') {
    for (const move of journal.moves.toReversed()) putBack(move, lost => stageCopy(store, journal.id, lost))
  }
  syncAround(journal.moves)
  clear(journal.moves)
  for (const directory of journal.directories.toReversed())
    on(directory, () => removeEmptyDirectory(directory))
  removeBackup(store, journal.id)
  closeJournal(store)
}

/** After all is new: removes what was prepared. */
export function close(store: Store, journal: Journal): void {
  clear(journal.moves)
  syncAround(journal.moves)
  closeJournal(store)
}

/** What died before it had a journal: drafts, and backups without a manifest. */
function sweep(store: Store): void {
  const whole = new Set([...listBackups(store).backups, ...listBackups(store).damaged].map(({ id }) => id))
  for (const id of backupIds(store)) if (!whole.has(id)) removeBackup(store, id)
  for (const name of on(store.path, () => readdirSync(store.realPath))) {
    const isDraft =
      /^(lock(\.stale)*\.[0-9a-z]{6,}|journal\.draft|journal\.reserve)$/.test(name) &&
      !name.endsWith('.stale')
    if (isDraft) on(store.path, () => removeFile(join(store.realPath, name)))
  }
}

/** For a job that only reads: what is going on, or has stopped half-way. */
export function unfinishedBusiness(options: StoreOptions): string[] {
  try {
    const store = findStore(options)
    const holder = lockHolder(lockFileOf(store))
    if (holder) return [`kubepki is changing files right now: ${describeHolder(holder)}`]
    if (hasManifestAway(store)) return [`a restart was interrupted while a manifest was away: ${REMEDY}`]
    const phase = openPhase(store)
    return phase ? [`${jobOf(store, phase)} was interrupted: ${REMEDY}`] : []
  } catch {
    return []
  }
}

function jobOf(store: Store, phase: Phase): string {
  const { command, id } = readJournal(store, phase)
  return `"${command}" (${id})`
}

const REMEDY =
  'the next kubepki command that changes files completes or undoes it first; kubepki certs recover does that alone'

export function describeHolder({
  command,
  pid,
  since,
}: {
  command: string
  pid: number
  since: Date
}): string {
  return `"${command}", process ${pid}, since ${since.toISOString().replace(/\.\d+Z$/, 'Z')}`
}
