/** A static pod's manifest, away from the directory that the kubelet watches and back. Written down first, for a crash. */
import { renameSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { PkiError } from '../errors.ts'
import { isMapping, parseJson } from '../kubernetes/yaml.ts'
import { isThere, on, readIfThere, removeFile, syncDirectory, writeNewFile } from './disk.ts'
import { storedPathIn } from './journal.ts'
import { checkWritable } from './preflight.ts'
import { realPathOf, type Store, storedPath } from './state.ts'

/** Where manifest it is, and the manifest. */
const JOURNAL = 'manifest.away'

/** Throws where a manifest cannot be moved to kubepki's own directory by a rename. */
export function checkRestartable(store: Store, realPath: string): void {
  checkWritable(realPath, realPath)
  const directory = dirname(realPath)
  if (on(directory, () => statSync(directory)).dev !== on(store.path, () => statSync(store.realPath)).dev) {
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
    writeNewFile(`${journal}.draft`, JSON.stringify(storedPath(store, realPath)))
    renameSync(`${journal}.draft`, journal)
    syncDirectory(store.realPath)
  })
  on(realPath, () => {
    renameSync(realPath, awayFile(store, realPath))
    syncDirectory(dirname(realPath))
  })
}

function awayFile({ realPath }: Store, manifest: string): string {
  return join(realPath, basename(manifest))
}

export function hasManifestAway({ realPath }: Store): boolean {
  return isThere(join(realPath, JOURNAL))
}

/** Says what it did, if there was anything to do. One that somebody else put there meanwhile stays. */
export function putManifestBack(store: Store): string[] {
  const journal = join(store.realPath, JOURNAL)
  removeFile(`${journal}.draft`)
  const stored = parseJson(readIfThere(journal)?.toString('utf8') ?? '')
  if (!isMapping(stored)) return []
  const realPath = realPathOf(store, storedPathIn(stored))
  const away = awayFile(store, realPath)
  const isAway = isThere(away)
  on(realPath, () => {
    if (isAway && isThere(realPath)) renameSync(away, `${away}.replaced`)
    else if (isAway) renameSync(away, realPath)
    syncDirectory(dirname(realPath))
  })
  removeFile(journal)
  return isAway ? [`a restart was interrupted: ${realPath} is back in its place`] : []
}
