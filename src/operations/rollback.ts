/** Backups: which there are, and putting one back. */
import { dirname } from 'node:path'
import { messageOf, PkiError } from '../errors.ts'
import type { Backup } from '../pki/backup.ts'
import type { DirectoryChange, FileChange } from '../pki/file-change.ts'
import { instant } from '../pki/instant.ts'
import { namesOfFiles, planRestart, type RestartPlan } from '../pki/restart.ts'
import { type FileOutcome, planRollback } from '../pki/rollback.ts'
import type { BackupEntry, BackupList, RollbackResult } from '../pki/rollback-result.ts'
import type { Snapshot } from '../pki/snapshot.ts'
import { type DamagedBackup, listBackups, readCopy } from '../store/backup.ts'
import { isThere, reading, removeEmptyDirectory } from '../store/disk.ts'
import { hashOf } from '../store/move.ts'
import { checkStore, checkWritable } from '../store/preflight.ts'
import { type ReadOptions, readSnapshot } from '../store/read.ts'
import { unfinishedBusiness } from '../store/recovery.ts'
import { underLock } from '../store/session.ts'
import { findStore, realPathOf, type Store } from '../store/state.ts'
import { commit } from '../store/transaction.ts'
import { isKeyOf } from '../x509/key.ts'
import { type ChangeOptions, DEFAULT_KEEP_BACKUPS, storeFor } from './change.ts'
import { keyOf } from './entry-key.ts'
import { checkRestart, type RestartOptions, restartPods } from './restart.ts'

export interface HistoryOptions extends ReadOptions {
  readonly now: Date
  /** Where requests were written, when that was outside of the root. */
  readonly csrDir?: string | undefined
}

export interface RollbackOptions extends HistoryOptions, ChangeOptions, RestartOptions {
  /** By default the newest. */
  readonly id?: string | undefined
  /** Also where files have changed since. */
  readonly force: boolean
}

/** The backups, the newest first, and whether each could be put back as things are. */
export function listHistory(options: HistoryOptions): BackupList {
  const store = findStore(options)
  const { backups, damaged } = listBackups(store)
  const rows = backups.map(backup => rowOf(store, backup))
  return {
    directory: store.path,
    backups: rows.filter(row => 'isUndone' in row),
    damaged: [...damaged, ...rows.filter(row => 'found' in row)],
    warnings: unfinishedBusiness(options),
  }
}

/** One whose files are out of reach, by the flags given, is no reason to hide the others. */
function rowOf(store: Store, backup: Backup): BackupEntry | DamagedBackup {
  const { id, time, command, version, files } = backup
  try {
    for (const file of files) if (file.sha256Before !== null) readCopy(store, backup, file)
    const outcomes = outcomesOf(store, backup)
    const changedSince = outcomes.filter(({ isChangedSince }) => isChangedSince).map(({ path }) => path)
    const isUndone = outcomes.every(({ action }) => action === 'none')
    return { id, time, command, version, files, changedSince, isUndone }
  } catch (error) {
    return { id, found: messageOf(error) }
  }
}

/** Puts the files of a backup back, as a job of its own that can be undone too. */
export function rollBack(options: RollbackOptions): Promise<RollbackResult> {
  const store = storeFor(options)
  const session = {
    command: commandOf(options),
    lockTimeout: options.lockTimeout ?? 0,
    interruption: options.interruption,
  }
  return underLock(store, session, async ({ notes }) => {
    if (options.id === undefined && notes.length > 0) throw recoveredFirst(notes)
    const { backup, outcomes } = choose(store, options)
    const changes = changesOf(store, backup, outcomes)
    const directories = backup.directories.map(directory => realPathOf(store, directory))
    const result = resultOf(backup, outcomes, options)
    const before = snapshotOf(options)
    if (options.restart && before) checkRestart(store, before, result)
    const { backup: undo, warnings } = commit(store, {
      changes,
      directories: missingDirectories(changes),
      command: `certs rollback ${backup.id}`,
      now: options.now,
      keepBackups: options.keepBackups ?? DEFAULT_KEEP_BACKUPS,
    })
    const leftovers = removeDirectories(directories)
    const all = [...notes, ...warnings, ...leftovers, ...troubleWith(options, result.restored)]
    const plan = restartOf(options, [...result.restored, ...result.removed])
    const done = { ...result, ...plan, directory: store.path, backup: undo, warnings: all }
    return options.restart ? { ...done, ...(await restartPods(store, plan, options)) } : done
  })
}

/** "The last job" is not what it was a moment ago. */
function recoveredFirst(notes: readonly string[]): PkiError {
  return new PkiError('RECOVERED_FIRST', `${notes.join('; ')}; nothing else was done`, {
    hint: 'see where the node is now (kubepki certs check-expiration), then name the backup: kubepki certs history',
  })
}

function removeDirectories(directories: readonly string[]): string[] {
  return directories.toReversed().flatMap(directory => {
    try {
      removeEmptyDirectory(directory)
      return []
    } catch (error) {
      return `${directory} is empty and could not be removed: ${messageOf(error)}`
    }
  })
}

/** What was put back may be what a renewal was needed for; and a part of a pair alone does not fit the rest. */
function troubleWith(options: RollbackOptions, restored: readonly string[]): string[] {
  const snapshot = snapshotOf(options)
  const names = snapshot ? namesOfFiles(snapshot, restored) : []
  return (snapshot?.entries ?? []).flatMap(entry => {
    const [leaf] = entry.certificate.state === 'present' ? entry.certificate.certificates : []
    if (!leaf || !names.includes(entry.name)) return []
    const key = keyOf(entry)
    return [
      ...(leaf.notAfter <= options.now ? [`${entry.name} expired on ${instant(leaf.notAfter)}`] : []),
      ...(key.state === 'present' && !isKeyOf(key, leaf)
        ? [`${entry.name}: its key is not the certificate's now: put both back, or renew it`]
        : []),
    ]
  })
}

/** Undefined: the node is too broken to be read, which a rollback may be there to mend. */
function snapshotOf(options: ReadOptions): Snapshot | undefined {
  try {
    return readSnapshot(options)
  } catch {
    return undefined
  }
}

/** What a rollback would do; the copies are verified. */
export function planRollBack(options: RollbackOptions): RollbackResult {
  const store = findStore(options)
  const unfinished = unfinishedBusiness(options)
  if (options.id === undefined && unfinished.length > 0) throw recoveredFirst(unfinished)
  checkStore(store)
  const { backup, outcomes } = choose(store, options)
  for (const { path, realPath } of changesOf(store, backup, outcomes)) checkWritable(path, realPath)
  const result = resultOf(backup, outcomes, options)
  const snapshot = snapshotOf(options)
  if (options.restart && snapshot) checkRestart(store, snapshot, result)
  return { ...result, directory: store.path, dryRun: true, backup: undefined, warnings: unfinished }
}

function commandOf({ id }: RollbackOptions): string {
  return ['certs rollback', ...(id === undefined ? [] : [id])].join(' ')
}

function choose(store: Store, { id, force }: RollbackOptions) {
  const { backups, damaged } = listBackups(store)
  const [broken] = damaged
  if (id === undefined && broken) throw notThere(store, broken.id, broken.found)
  const backup = id === undefined ? backups[0] : backups.find(one => one.id === id)
  if (!backup) throw notThere(store, id, damaged.find(one => one.id === id)?.found)
  const outcomes = outcomesOf(store, backup)
  const changed = outcomes.filter(({ isChangedSince }) => isChangedSince).map(({ path }) => path)
  if (changed.length > 0 && !force) throw changedSince(store, backup, changed)
  return { backup, outcomes }
}

function notThere(store: Store, id: string | undefined, damage: string | undefined): PkiError {
  const hint = `see what there is: kubepki certs history${store.commandFlags}`
  if (id === undefined) return new PkiError('BACKUP_MISSING', `no backup in ${store.path}`, { hint })
  if (damage === undefined)
    return new PkiError('BACKUP_MISSING', `no backup ${id} in ${store.path}`, { hint })
  return new PkiError('BACKUP_INVALID', `backup ${id} cannot be used: ${damage}`, { hint })
}

function changedSince(store: Store, { id }: Backup, files: readonly string[]): PkiError {
  const what = files.length === 1 ? 'a file has' : `${files.length} files have`
  return new PkiError('FILES_CHANGED_SINCE', `${what} changed since backup ${id}: ${files.join(', ')}`, {
    hint: `roll back newer jobs first (kubepki certs history${store.commandFlags}), or lose what changed with --force`,
  })
}

function outcomesOf(store: Store, backup: Backup): FileOutcome[] {
  const now = backup.files.map(file => {
    const path = realPathOf(store, file)
    return { path, hash: reading(path, () => hashOf(path)) }
  })
  return planRollback(backup, now)
}

function changesOf(store: Store, backup: Backup, outcomes: readonly FileOutcome[]): FileChange[] {
  return outcomes.flatMap(({ file, path, action }) => {
    if (action === 'none') return []
    const change = { path, realPath: path, isSecret: file.isSecret }
    if (action === 'remove') return { ...change, contents: null }
    const { mode = '0600', uid = 0, gid = 0 } = file
    const contents = readCopy(store, backup, file)
    return { ...change, contents, mode: Number.parseInt(mode, 8), owner: { uid, gid } }
  })
}

/** What is to be put back may have lost its directory. One that held secrets alone is its owner's alone. */
function missingDirectories(changes: readonly FileChange[]): DirectoryChange[] {
  const missing = new Map<string, DirectoryChange>()
  for (const { realPath, contents } of changes) {
    if (contents === null) continue
    for (const directory of missingParents(realPath)) {
      const isSecret = changes.every(one => dirname(one.realPath) !== directory || one.isSecret)
      missing.set(directory, { path: directory, realPath: directory, mode: isSecret ? 0o700 : 0o755 })
    }
  }
  return [...missing.values()]
}

/** From the top down. */
function missingParents(path: string): string[] {
  const parent = dirname(path)
  return parent === path || isThere(parent) ? [] : [...missingParents(parent), parent]
}

function resultOf({ id, command }: Backup, outcomes: readonly FileOutcome[], options: RollbackOptions) {
  const pathsOf = (wanted: FileOutcome['action']) =>
    outcomes.filter(({ action }) => action === wanted).map(({ path }) => path)
  const [restored, removed] = [pathsOf('restore'), pathsOf('remove')]
  const isChanged = restored.length + removed.length > 0
  const overwritten = outcomes.filter(({ isChangedSince }) => isChangedSince).map(({ path }) => path)
  const names = { restored, removed, unchanged: pathsOf('none'), overwritten }
  return {
    dryRun: false,
    changed: isChanged,
    id,
    command,
    ...names,
    ...restartOf(options, [...restored, ...removed]),
  }
}

/** A node too broken to be read has no components to name. */
export function restartOf(options: ReadOptions, paths: readonly string[]): RestartPlan {
  const snapshot = snapshotOf(options)
  if (!snapshot) return { restart: [], reloads: [] }
  return planRestart(snapshot, namesOfFiles(snapshot, paths))
}
