/**
 * Changes files together, for every job that changes any: all of them or none, also after a crash at any point.
 * Preflight, backup, new files complete beside their targets, journal, renames, and a look at what is then on the disk.
 * A private key is readable by its owner alone from its first byte.
 */
import { messageOf, PkiError } from '../errors.ts'
import { type Backup, type BackupFile, backupId } from '../pki/backup.ts'
import type { DirectoryChange, FileChange } from '../pki/file-change.ts'
import { instant } from '../pki/instant.ts'
import { VERSION } from '../version.ts'
import { backupIds, holdsLastCopy, listBackups, removeBackup, writeBackup } from './backup.ts'
import { randomToken } from './digest.ts'
import { isThere, named, orUnchanged, withAddition } from './disk.ts'
import { advanceJournal, type Journal, openJournal } from './journal.ts'
import { replace, stateOf, syncAround } from './move.ts'
import { close, undo } from './recovery.ts'
import { checkUntouched, makeDirectory, type Prepared, preflightAll, prepare, stage } from './staging.ts'
import { type Store, storedPath } from './state.ts'

export interface Job {
  readonly changes: readonly FileChange[]
  readonly directories?: readonly DirectoryChange[]
  /** What it was decided on: real path -> signature when it was read. */
  readonly seen?: ReadonlyMap<string, string>
  /** For the history: `certs renew all`. */
  readonly command: string
  readonly now: Date
  /** How many backups stay, this one's included. */
  readonly keepBackups: number
}

export interface Committed {
  /** Undefined: there was nothing to change. */
  readonly backup: string | undefined
  readonly warnings: readonly string[]
}

/** Under the lock. Throws when nothing was changed, or says what could not be put back. */
export function commit(store: Store, job: Job): Committed {
  const { changes, directories = [], command, now } = job
  if (changes.length === 0) return { backup: undefined, warnings: [] }
  const token = randomToken()
  const { id, prepared, newDirectories } = orUnchanged(() => {
    const id = backupId(now, backupIds(store))
    const prepared = changes.map(change => prepare(change, token))
    const newDirectories = directories.filter(({ realPath }) => !isThere(realPath))
    preflightAll(store, prepared, newDirectories)
    return { id, prepared, newDirectories }
  })
  const journal: Journal = {
    id,
    token,
    command,
    moves: prepared.map(({ move }) => move),
    directories: newDirectories.map(({ realPath }) => realPath),
  }
  const warnings = [...stageAll(store, { job, journal, prepared, newDirectories })]
  replaceAll(store, journal)
  return { backup: id, warnings: [...warnings, ...tidy(store, journal, job.keepBackups)] }
}

interface Staging {
  readonly job: Job
  readonly journal: Journal
  readonly prepared: readonly Prepared[]
  readonly newDirectories: readonly DirectoryChange[]
}

/** Nothing is replaced yet: any failure leaves all as before. */
function stageAll(store: Store, staging: Staging): string[] {
  const { job, journal, prepared, newDirectories } = staging
  try {
    openJournal(store, journal)
    for (const directory of newDirectories) makeDirectory(directory)
    writeBackup(
      store,
      backupOf(store, staging),
      prepared.map(({ old }) => old?.bytes),
    )
    const warnings = stage(prepared)
    syncAround(journal.moves)
    checkUntouched(prepared, job.seen ?? new Map())
    advanceJournal(store, 'staging', 'committing')
    return warnings
  } catch (error) {
    throw undone(error, () => undo(store, journal, { phase: 'staging', isOurs: true }))
  }
}

function backupOf(store: Store, { job, journal, prepared, newDirectories }: Staging): Backup {
  const { backups } = listBackups(store)
  const files = prepared.map(({ change, old, move }): BackupFile => {
    return {
      ...storedPath(store, change.realPath),
      ...(old && {
        mode: `0${(old.stat.mode & 0o7777).toString(8)}`,
        uid: old.stat.uid,
        gid: old.stat.gid,
      }),
      isSecret: change.isSecret,
      sha256Before: move.before ?? null,
      sha256After: move.after ?? null,
    }
  })
  return {
    id: journal.id,
    sequence: (backups[0]?.sequence ?? 0) + 1,
    time: instant(job.now),
    command: job.command,
    version: VERSION,
    files,
    directories: newDirectories.map(({ realPath }) => storedPath(store, realPath)),
  }
}

function replaceAll(store: Store, journal: Journal): void {
  try {
    for (const move of journal.moves) replace(move)
    syncAround(journal.moves)
    for (const move of journal.moves) {
      if (stateOf(move) !== 'after')
        throw new PkiError('WRITE_FAILED', `${move.realPath} is not what was written to it`)
    }
  } catch (error) {
    throw undone(error, () => {
      advanceJournal(store, 'committing', 'undoing')
      undo(store, journal, { phase: 'undoing', isOurs: true })
    })
  }
}

/** Does the undo, and says how the failed job ended. */
function undone(error: unknown, work: () => void): unknown {
  try {
    work()
  } catch (second) {
    return stillToUndo(error, second)
  }
  return withAddition(error, 'nothing was changed')
}

function stillToUndo(error: unknown, second: unknown): unknown {
  const first = named(error)
  if (!(first instanceof PkiError)) return first
  const found = `${first.message}; putting everything back failed too: ${messageOf(named(second))}`
  return new PkiError(first.code, found, {
    hint: 'once the disk works: kubepki certs recover; any job that changes files does it first',
    cause: first,
  })
}

/** The job is done: what cannot be tidied up now, the next one does. */
function tidy(store: Store, journal: Journal, keepBackups: number): string[] {
  try {
    close(store, journal)
    const { backups } = listBackups(store)
    const old = backups.slice(Math.max(1, keepBackups))
    for (const backup of old) if (!holdsLastCopy(store, backup)) removeBackup(store, backup.id)
    return []
  } catch (error) {
    return [
      `all files are changed, but cleaning up failed: ${messageOf(named(error))}; the next change of files does it`,
    ]
  }
}
