/**
 * Changes files together, for every job that changes any: all of them or none, also after a crash at any point.
 * Preflight, backup, new files complete beside their targets, journal, renames, and a look at what is then on the disk.
 * A private key is readable by its owner alone from its first byte.
 */
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { messageOf, PkiError } from '../errors.ts'
import { type Backup, type BackupFile, backupId } from '../pki/backup.ts'
import type { DirectoryChange, FileChange } from '../pki/file-change.ts'
import { instant } from '../pki/instant.ts'
import { VERSION } from '../version.ts'
import { copyAttributes, settleAttributes } from './attributes.ts'
import { backupIds, listBackups, removeBackup, writeBackup } from './backup.ts'
import { sha256 } from './digest.ts'
import { isThere, on, orUnchanged, readIfThere, syncDirectory, withAddition } from './disk.ts'
import { advanceJournal, type Journal, openJournal } from './journal.ts'
import {
  isReplaced,
  type Move,
  newFileOf,
  oldFileOf,
  replace,
  signatureOf,
  stagingOf,
  syncAround,
} from './move.ts'
import { preflight } from './preflight.ts'
import { close, undo } from './recovery.ts'
import { type Store, storedPath } from './state.ts'

export interface Job {
  readonly changes: readonly FileChange[]
  readonly directories?: readonly DirectoryChange[]
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

interface Prepared {
  readonly change: FileChange
  readonly old: { readonly bytes: Uint8Array; readonly stat: Stats } | undefined
  readonly signature: string
  readonly move: Move
}

/** Under the lock. Throws when nothing was changed, or says what could not be put back. */
export function commit(store: Store, job: Job): Committed {
  const { changes, directories = [], command, now } = job
  if (changes.length === 0) return { backup: undefined, warnings: [] }
  const id = backupId(now, backupIds(store))
  const prepared = orUnchanged(() => changes.map(change => prepare(change, id)))
  const newDirectories = directories.filter(({ realPath }) => !isThere(realPath))
  orUnchanged(() => preflightAll(store, prepared, newDirectories))
  const journal: Journal = {
    id,
    command,
    moves: prepared.map(({ move }) => move),
    directories: newDirectories.map(({ realPath }) => realPath),
  }
  const warnings = [...stageAll(store, { job, journal, prepared, newDirectories })]
  replaceAll(store, journal)
  return { backup: id, warnings: [...warnings, ...tidy(store, journal, job.keepBackups)] }
}

function prepare(change: FileChange, id: string): Prepared {
  const { path, realPath, contents } = change
  return on(path, () => {
    const signature = signatureOf(realPath)
    const bytes = readIfThere(realPath)
    const old = bytes && { bytes, stat: statSync(realPath) }
    const move = {
      id,
      realPath,
      before: bytes && sha256(bytes),
      after: contents === null ? undefined : sha256(contents),
    }
    return { change, old, signature, move }
  })
}

function preflightAll(
  store: Store,
  prepared: readonly Prepared[],
  newDirectories: readonly DirectoryChange[],
): void {
  const isComing = (directory: string) => newDirectories.some(({ realPath }) => realPath === directory)
  for (const { path, realPath } of prepared.map(({ change }) => change)) {
    const directory = dirname(realPath)
    if (isThere(directory) || isComing(directory)) continue
    throw new PkiError('WRITE_FAILED', `cannot write ${path}: its directory does not exist`)
  }
  const intentions = prepared.map(({ change: { path, realPath, contents } }) => {
    return { path, realPath, size: contents === null ? 0 : Buffer.byteLength(contents) }
  })
  const size = prepared.reduce(
    (sum, { old }) => sum + (old ? Math.ceil(old.bytes.length / 4096) * 4096 : 0),
    0,
  )
  preflight(intentions, { directory: store.realPath, size })
}

interface Staging {
  readonly job: Job
  readonly journal: Journal
  readonly prepared: readonly Prepared[]
  readonly newDirectories: readonly DirectoryChange[]
}

/** Nothing is replaced yet: any failure leaves all as before. */
function stageAll(store: Store, staging: Staging): string[] {
  const { journal, prepared, newDirectories } = staging
  try {
    openJournal(store, journal)
    for (const { path, realPath, mode } of newDirectories) on(path, () => mkdirSync(realPath, { mode }))
    writeBackup(
      store,
      backupOf(store, staging),
      prepared.map(({ old }) => old?.bytes),
    )
    const warnings = [...new Set(journal.moves.map(stagingOf))].flatMap(directory =>
      stageDirectory(
        directory,
        prepared.filter(({ move }) => stagingOf(move) === directory),
      ),
    )
    syncAround(journal.moves)
    checkUntouched(prepared)
    advanceJournal(store, 'staging', 'committing')
    return warnings
  } catch (error) {
    throw undone(error, () => undo(store, journal, 'staging'))
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

/** The new files of one directory, complete, and second links to the old ones. */
function stageDirectory(staging: string, prepared: readonly Prepared[]): string[] {
  const written = prepared.filter(({ change }) => change.contents !== null)
  const replaced = written.filter(({ old }) => old !== undefined).map(({ move }) => move.realPath)
  const open: { descriptor: number; one: Prepared }[] = []
  const warnings: string[] = []
  const shown = prepared[0]?.change.path ?? staging
  on(shown, () => mkdirSync(staging, { mode: 0o700 }))
  try {
    for (const one of written) {
      on(one.change.path, () => open.push({ descriptor: openSync(newFileOf(one.move), 'wx', 0o600), one }))
    }
    if (replaced.length > 0 && !copyAttributes(replaced, staging)) warnings.push(attributesLost(replaced))
    for (const { descriptor, one } of open) warnings.push(...on(one.change.path, () => fill(descriptor, one)))
  } finally {
    for (const { descriptor, one } of open) on(one.change.path, () => closeSync(descriptor))
  }
  for (const { change, old, move } of prepared) {
    if (old) on(change.path, () => linkSync(move.realPath, oldFileOf(move)))
  }
  on(shown, () => syncDirectory(staging))
  return warnings
}

function attributesLost(files: readonly string[]): string {
  return `extended attributes (SELinux label, ACL) of ${files.join(', ')} could not be copied: GNU cp is not here`
}

function fill(descriptor: number, { change, old }: Prepared): string[] {
  const warnings = settleAttributes(descriptor, change, old?.stat)
  writeFileSync(descriptor, change.contents ?? '')
  fsyncSync(descriptor)
  return warnings
}

/** By a program that knows nothing of our lock: kubeadm, an editor. */
function checkUntouched(prepared: readonly Prepared[]): void {
  const touched = prepared.find(({ move, signature }) => signatureOf(move.realPath) !== signature)
  if (!touched) return
  throw new PkiError('WRITE_FAILED', `another program changed ${touched.change.path} meanwhile`, {
    hint: 'see that nothing else renews certificates here, then run it again',
  })
}

function replaceAll(store: Store, journal: Journal): void {
  try {
    for (const move of journal.moves) replace(move)
    syncAround(journal.moves)
    for (const move of journal.moves) {
      if (!isReplaced(move))
        throw new PkiError('WRITE_FAILED', `${move.realPath} is not what was written to it`)
    }
  } catch (error) {
    throw undone(error, () => {
      advanceJournal(store, 'committing', 'undoing')
      undo(store, journal, 'undoing')
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
  if (!(error instanceof PkiError)) return error
  const found = `${error.message}; putting everything back failed too: ${messageOf(second)}`
  return new PkiError(error.code, found, {
    hint: 'once the disk works: kubepki certs recover; any job that changes files does it first',
    cause: error,
  })
}

/** The job is done: what cannot be tidied up now, the next one does. */
function tidy(store: Store, journal: Journal, keepBackups: number): string[] {
  try {
    close(store, journal)
    const { backups } = listBackups(store)
    for (const { id } of backups.slice(Math.max(1, keepBackups))) removeBackup(store, id)
    return []
  } catch (error) {
    return [
      `all files are changed, but cleaning up failed: ${messageOf(error)}; the next change of files does it`,
    ]
  }
}
