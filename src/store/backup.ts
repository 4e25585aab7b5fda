/**
 * The backups: a directory each, its owner's alone, that mirrors the files replaced, and has its name once it is whole.
 * What lies there comes from a disk: it is checked.
 */
import { chmodSync, chownSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { PkiError } from '../errors.ts'
import { isMapping, listAt, parseJson, stringAt } from '../kubernetes/yaml.ts'
import { BACKUP_ID, type Backup, type BackupFile } from '../pki/backup.ts'
import { sha256 } from './digest.ts'
import {
  isThere,
  makeDirectory,
  on,
  readIfThere,
  reading,
  removeFile,
  syncDirectory,
  writeNewFile,
} from './disk.ts'
import { hashIn, storedPathIn } from './journal.ts'
import { type Move, oldFileOf, stagingOf } from './move.ts'
import { pathBelow, resolveInside } from './paths.ts'
import { realPathOf, type Store } from './state.ts'

const MANIFEST = 'manifest.json'

function backupDirectory({ realPath }: Store, id: string): string {
  return join(realPath, id)
}

/** Where a file's old contents are: its own path, below the backup. */
function copyOf(
  store: Store,
  id: string,
  { path, isOutsideRoot }: Pick<BackupFile, 'path' | 'isOutsideRoot'>,
) {
  return join(backupDirectory(store, id), isOutsideRoot ? 'outside-root' : '', path)
}

/** `contents` in the order of the files; undefined where there was none. */
export function writeBackup(
  store: Store,
  backup: Backup,
  contents: readonly (Uint8Array | undefined)[],
): void {
  const whole = backupDirectory(store, backup.id)
  const directory = `${whole}.new`
  const made = new Set([directory, store.realPath])
  on(directory, () => mkdirSync(directory, { mode: 0o700 }))
  for (const [index, file] of backup.files.entries()) {
    const bytes = contents[index]
    if (bytes === undefined) continue
    const copy = copyOf(store, `${backup.id}.new`, file)
    on(copy, () => {
      for (const parent of missingParents(copy, made)) mkdirSync(parent, { mode: 0o700 })
      writeNewFile(copy, bytes)
    })
  }
  const manifest = { apiVersion: 'kubepki/v1', kind: 'Backup', ...backup }
  on(directory, () => {
    writeNewFile(join(directory, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`)
    for (const one of made) syncDirectory(one)
    renameSync(directory, whole)
    syncDirectory(store.realPath)
  })
}

/** From the top down, each once. */
function missingParents(path: string, made: Set<string>): string[] {
  const parent = dirname(path)
  if (made.has(parent)) return []
  const above = missingParents(parent, made)
  made.add(parent)
  return [...above, parent]
}

/** Renamed first: what is half removed is known by its name, and so is what was only begun. */
export function removeBackup(store: Store, id: string): void {
  const directory = backupDirectory(store, id)
  on(directory, () => {
    if (backupIds(store).includes(id)) renameSync(directory, `${directory}.old`)
  })
  removeLeftovers(store, id)
}

export function removeLeftovers(store: Store, id: string): void {
  const directory = backupDirectory(store, id)
  on(directory, () => {
    const leftovers = ['new', 'old'].map(rest => `${directory}.${rest}`).filter(isThere)
    for (const leftover of leftovers) rmSync(leftover, { recursive: true, force: true })
  })
}

/** Of backups that were begun, or half removed. Everything else there is somebody's. */
export function leftoverIds({ path, realPath }: Store): string[] {
  const names = reading(path, () => readdirSync(realPath))
  return names.flatMap(name => /^(.*)\.(new|old)$/.exec(name)?.[1] ?? []).filter(id => BACKUP_ID.test(id))
}

export function backupIds({ path, realPath }: Store): string[] {
  if (!isThere(realPath)) return []
  const entries = reading(path, () => readdirSync(realPath, { withFileTypes: true }))
  return entries.filter(entry => entry.isDirectory() && BACKUP_ID.test(entry.name)).map(({ name }) => name)
}

export interface DamagedBackup {
  readonly id: string
  readonly found: string
}

export interface Backups {
  /** The newest first. */
  readonly backups: readonly Backup[]
  readonly damaged: readonly DamagedBackup[]
}

export function listBackups(store: Store): Backups {
  const read = backupIds(store).map(id => readBackup(store, id))
  const backups = read.filter(one => 'sequence' in one)
  return {
    backups: backups.toSorted((a, b) => b.sequence - a.sequence),
    damaged: read.filter(one => 'found' in one),
  }
}

function readBackup(store: Store, id: string): Backup | DamagedBackup {
  const manifest = join(backupDirectory(store, id), MANIFEST)
  const text = reading(manifest, () => readIfThere(manifest))?.toString('utf8')
  if (text === undefined) return { id, found: 'it has no manifest' }
  const found = parseJson(text)
  if (!isMapping(found) || typeof found.sequence !== 'number')
    return { id, found: 'its manifest is not whole' }
  const { sequence } = found
  const field = (name: string) => stringAt(found, name) ?? ''
  const files = listAt(found, 'files').map(fileIn)
  if (files.some(file => file === undefined)) return { id, found: 'its manifest is not whole' }
  return {
    id,
    sequence,
    time: field('time'),
    command: field('command'),
    version: field('version'),
    files: files.filter(file => file !== undefined),
    directories: listAt(found, 'directories').map(storedPathIn),
  }
}

function fileIn(value: unknown): BackupFile | undefined {
  if (!isMapping(value)) return undefined
  const { path } = storedPathIn(value)
  const [before, after] = [hashIn(value, 'sha256Before'), hashIn(value, 'sha256After')]
  if (before === 'invalid' || after === 'invalid') return undefined
  const mode = stringAt(value, 'mode')
  const isOwned =
    Number.isInteger(value.uid) && Number.isInteger(value.gid) && /^0[0-7]{3,4}$/.test(mode ?? '')
  if (!isPlain(path) || (before === undefined && after === undefined) || (before && !isOwned))
    return undefined
  return {
    ...storedPathIn(value),
    ...(before && mode && { mode, uid: value.uid as number, gid: value.gid as number }),
    isSecret: value.isSecret !== false,
    sha256Before: before ?? null,
    sha256After: after ?? null,
  }
}

/** The old file again, from its copy, where a move looks for it. Throws when there is none: then nothing may be thrown away. */
export function stageCopy(store: Store, id: string, move: Move): void {
  const backup = readBackup(store, id)
  const file =
    backup && 'files' in backup ? backup.files.find(one => isAt(store, one, move.realPath)) : undefined
  if (!('files' in backup) || !file) {
    throw new PkiError('BACKUP_INVALID', `the old ${move.realPath} is lost: backup ${id} does not have it`)
  }
  const bytes = readCopy(store, backup, file)
  const [path, staging] = [oldFileOf(move), stagingOf(move)]
  makeDirectory(staging)
  removeFile(path)
  writeNewFile(path, bytes)
  const { mode = '0600', uid = 0, gid = 0 } = file
  chownSync(path, uid, gid)
  chmodSync(path, Number.parseInt(mode, 8))
}

function isAt(store: Store, file: BackupFile, realPath: string): boolean {
  return realPathOf(store, file) === realPath
}

/** From the top, and never back up. */
function isPlain(path: string): boolean {
  return path.startsWith('/') && !path.split('/').includes('..')
}

/** The old contents, as they were. */
export function readCopy(store: Store, { id }: Backup, file: BackupFile): Uint8Array {
  const copy = copyOf(store, id, file)
  const place = resolveInside(store.realPath, pathBelow(store.realPath, copy))
  const isPlace = place.state === 'present' && place.realPath === copy
  const bytes = isPlace ? reading(copy, () => readIfThere(copy)) : undefined
  if (bytes && sha256(bytes) === file.sha256Before) return bytes
  const found = bytes ? 'is not what was put there (SHA-256 differs)' : 'does not exist'
  throw new PkiError('BACKUP_INVALID', `${copy} ${found}`, { hint: 'see the others: kubepki certs history' })
}

/** Of a key that a job took away, as undoing a bootstrap does: the CA's may be nowhere else. */
export function holdsLastCopy(store: Store, { files }: Backup): boolean {
  return files.some(file => {
    const isTaken = file.isSecret && file.sha256Before !== null && file.sha256After === null
    return isTaken && !isStillThere(store, file)
  })
}

/** What is out of reach by these flags is nobody's last copy as far as can be told. */
function isStillThere(store: Store, file: BackupFile): boolean {
  try {
    return isThere(realPathOf(store, file))
  } catch {
    return true
  }
}
