/** A static pod's manifest, away from the directory that the kubelet watches and back. Written down first, for a crash. */
import { lstatSync, readdirSync, renameSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { PkiError } from '../errors.ts'
import { isMapping, parseJson } from '../kubernetes/yaml.ts'
import { randomToken } from './digest.ts'
import {
  isThere,
  makeDirectory,
  on,
  readIfThere,
  removeEmptyDirectory,
  removeFile,
  syncDirectory,
  writeNewFile,
} from './disk.ts'
import { storedPathIn } from './journal.ts'
import { checkWritable } from './preflight.ts'
import { AWAY_DIRECTORY, realPathOf, type Store, storedPath } from './state.ts'

/** Where manifest it is, and the manifest. */
const JOURNAL = 'manifest.away'

/** Throws where a manifest cannot be moved to kubepki's own directory by a rename. */
export function checkRestartable(store: Store, realPath: string): void {
  checkWritable(realPath, realPath)
  const directory = dirname(realPath)
  const own = isThere(store.realPath) ? store.realPath : dirname(store.realPath)
  if (on(directory, () => statSync(directory)).dev !== on(store.path, () => statSync(own)).dev) {
    throw elsewhere(store, realPath)
  }
}

function elsewhere({ path }: Store, realPath: string): PkiError {
  return new PkiError('RESTART_FAILED', `${realPath} is on another file system than ${path}`, {
    hint: `leave --restart out, and afterwards: mv ${realPath} /root/, wait 20 s, mv it back`,
  })
}

/** Renamed out of its directory: not even a hidden name there is safe from the kubelet. */
export function takeManifestAway(store: Store, realPath: string): void {
  const journal = join(store.realPath, JOURNAL)
  on(journal, () => {
    makeDirectory(awayDirectory(store))
    removeFile(`${journal}.draft`)
    writeNewFile(`${journal}.draft`, JSON.stringify(storedPath(store, realPath)))
    renameSync(`${journal}.draft`, journal)
    syncDirectory(store.realPath)
  })
  on(realPath, () => {
    renameSync(realPath, awayFile(store, realPath))
    syncDirectory(awayDirectory(store))
    syncDirectory(dirname(realPath))
  })
}

/** Where a manifest is while it is away; it is read there too. */
function awayDirectory({ realPath }: Store): string {
  return join(realPath, AWAY_DIRECTORY)
}

function awayFile(store: Store, manifest: string): string {
  return join(awayDirectory(store), basename(manifest))
}

export function hasManifestAway({ realPath }: Store): boolean {
  return isThere(join(realPath, JOURNAL))
}

/** Says what it did, if there was anything to do. Throws while a manifest is away that it cannot put back. */
export function putManifestBack(store: Store): string[] {
  const journal = join(store.realPath, JOURNAL)
  const stored = on(journal, () => parseJson(readIfThere(journal)?.toString('utf8') ?? ''))
  const notes = isMapping(stored) ? moveBack(store, realPathOf(store, storedPathIn(stored))) : []
  checkNoneAway(store)
  on(journal, () => {
    removeFile(`${journal}.draft`)
    removeFile(journal)
    removeEmptyDirectory(awayDirectory(store))
  })
  return notes
}

function checkNoneAway(store: Store): void {
  const directory = awayDirectory(store)
  const [left] = on(directory, () => (isThere(directory) ? readdirSync(directory) : []))
  if (left === undefined) return
  const place = join(dirname(store.realPath), 'manifests', left)
  throw new PkiError(
    'RESTART_FAILED',
    `${join(directory, left)} was taken away by a restart, and its place is not known`,
    {
      hint: `put it back: mv ${join(directory, left)} ${place}`,
    },
  )
}

/** One that somebody else put there meanwhile stays; ours is kept. */
function moveBack(store: Store, realPath: string): string[] {
  const away = awayFile(store, realPath)
  return on(realPath, () => {
    if (!lstatSync(away, { throwIfNoEntry: false })?.isFile()) return []
    const isTaken = isThere(realPath)
    const kept = `${join(store.realPath, basename(realPath))}.${randomToken()}.replaced`
    renameSync(away, isTaken ? kept : realPath)
    syncDirectory(dirname(isTaken ? kept : realPath))
    syncDirectory(dirname(away))
    return [
      isTaken
        ? `another manifest has taken the place of ${realPath}: it stays, and the one that was away is ${kept}`
        : `a restart was interrupted: ${realPath} is back in its place`,
    ]
  })
}
