/** What an interrupted job left: completed where all was prepared, else undone. Nobody has to understand it. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { leftoverIds, removeBackup, removeLeftovers, stageCopy } from './backup.ts'
import { isThere, on, orUnchanged, reading, removeEmptyDirectory, removeFile } from './disk.ts'
import { advanceJournal, closeJournal, type Journal, openPhase, type Phase, readJournal } from './journal.ts'
import { lockHolder } from './lock.ts'
import { hasManifestAway, putManifestBack } from './manifests.ts'
import { canFinish, clear, finish, putBack, stateOf, syncAround } from './move.ts'
import { findStore, type Store, type StoreOptions } from './state.ts'

export function lockFileOf({ realPath }: Store): string {
  return join(realPath, 'lock')
}

export interface Recovered {
  /** What it did, a sentence each. */
  readonly notes: readonly string[]
  /** Real paths of files that are new because of it: somebody may hold the old ones. */
  readonly completed: readonly string[]
}

/** Under the lock. */
export function recover(store: Store): Recovered {
  const isAtRest = on(store.path, () => !hasManifestAway(store) && openPhase(store) === undefined)
  const work = () =>
    on(store.path, () => {
      const manifests = putManifestBack(store)
      const { notes, completed } = settleJournal(store)
      sweep(store)
      return { notes: [...manifests, ...notes], completed }
    })
  return isAtRest ? orUnchanged(work) : work()
}

function settleJournal(store: Store): Recovered {
  const phase = openPhase(store)
  if (!phase) return { notes: [], completed: [] }
  const journal = readJournal(store, phase)
  const what = `"${journal.command}" was interrupted (${journal.id})`
  if (phase === 'committing' && journal.moves.every(canFinish)) {
    for (const move of journal.moves) finish(move)
    syncAround(journal.moves)
    const others = changedByOthers(journal)
    const completed = journal.moves.filter(move => stateOf(move) === 'after').map(({ realPath }) => realPath)
    close(store, journal)
    return {
      notes: [`${what}: it is completed now, all ${completed.length} files are new`, ...others],
      completed,
    }
  }
  if (phase === 'committing') advanceJournal(store, 'committing', 'undoing')
  const others = changedByOthers(journal)
  undo(store, journal, { phase: phase === 'staging' ? 'staging' : 'undoing', isOurs: false })
  const undone = `${what}: it is undone now, all ${journal.moves.length - others.length} files are as before`
  return { notes: [undone, ...others], completed: [] }
}

function changedByOthers({ id, moves }: Journal): string[] {
  const files = moves.filter(move => stateOf(move) === 'other')
  return files.map(
    ({ realPath }) => `another program changed ${realPath} since: it is left alone, and backup ${id} is kept`,
  )
}

/** Puts everything back and leaves nothing of the job. */
export function undo(
  store: Store,
  journal: Journal,
  { phase, isOurs }: { readonly phase: 'staging' | 'undoing'; readonly isOurs: boolean },
): void {
  if (phase === 'undoing') {
    for (const move of journal.moves.toReversed())
      putBack(move, lost => stageCopy(store, journal.id, lost), isOurs)
  }
  syncAround(journal.moves)
  clear(journal.moves)
  for (const directory of journal.directories.toReversed())
    on(directory, () => removeEmptyDirectory(directory))
  if (changedByOthers(journal).length === 0) removeBackup(store, journal.id)
  closeJournal(store)
}

/** After all is new: removes what was prepared. */
export function close(store: Store, journal: Journal): void {
  clear(journal.moves)
  syncAround(journal.moves)
  closeJournal(store)
}

/** What died before it had a journal, or after: drafts, and backups begun or half removed. */
function sweep(store: Store): void {
  for (const id of leftoverIds(store)) removeLeftovers(store, id)
  for (const name of on(store.path, () => readdirSync(store.realPath))) {
    const isDraft =
      /^(lock(\.stale)*\.[0-9a-z]{6,}|journal\.draft|journal\.reserve)$/.test(name) &&
      !name.endsWith('.stale')
    if (isDraft) on(store.path, () => removeFile(join(store.realPath, name)))
  }
}

/** For a job that only reads: what is going on, or has stopped half-way, as far as it may be looked at. */
export function unfinishedBusiness(options: StoreOptions): string[] {
  try {
    return lookForUnfinished(options)
  } catch {
    return []
  }
}

export function lookForUnfinished(options: StoreOptions): string[] {
  const store = findStore(options)
  return reading(store.path, () => {
    const holder = lockHolder(lockFileOf(store))
    if (holder) return [`kubepki is changing files right now: ${describeHolder(holder)}`]
    if (isThere(store.realPath)) readdirSync(store.realPath)
    if (hasManifestAway(store)) return [`a restart was interrupted while a manifest was away: ${REMEDY}`]
    const phase = openPhase(store)
    return phase ? [`${jobOf(store, phase)} was interrupted: ${REMEDY}`] : []
  })
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
