/** Every job that makes new files: planned under the lock, made in memory, then written together or not at all. */
import type { BootstrapFailure } from '../pki/bootstrap-result.ts'
import type { FileChange } from '../pki/file-change.ts'
import { missingDirectoriesOf } from '../store/directories.ts'
import { checkStore, checkWritable } from '../store/preflight.ts'
import { unfinishedBusiness } from '../store/recovery.ts'
import { checkInterruption, underLock } from '../store/session.ts'
import { findStore } from '../store/state.ts'
import { commit } from '../store/transaction.ts'
import type { BootstrapOptions } from './bootstrap-facts.ts'
import { checkRoot, DEFAULT_KEEP_BACKUPS } from './change.ts'
import type { Place } from './make-files.ts'

interface Outcome {
  /** Any of them: nothing is changed. */
  readonly failures: readonly BootstrapFailure[]
  readonly notes: readonly string[]
  readonly warnings: readonly string[]
}

export interface PlannedFiles<R extends Outcome> {
  /** With nothing done yet. */
  readonly result: R
  /** What it was decided on. */
  readonly seen: ReadonlyMap<string, string>
  readonly places: readonly Place[]
  /** Its owner's alone when it has to be made. */
  readonly privateDirectory?: Place | undefined
  readonly make: () => Promise<readonly FileChange[]>
}

interface NewFilesJob<R extends Outcome> {
  readonly command: string
  /** The directory that all files are in. */
  readonly only?: string | undefined
  readonly plan: () => PlannedFiles<R>
}

export async function writeNewFiles<R extends Outcome>(
  options: BootstrapOptions,
  { command, only, plan }: NewFilesJob<R>,
): Promise<R & { readonly backup?: string | undefined }> {
  checkRoot(options)
  const store = findStore({ ...options, only })
  if (options.dryRun) {
    const { result, places } = plan()
    checkStore(store)
    for (const { path, realPath } of places) checkWritable(path, realPath)
    return { ...result, warnings: [...unfinishedBusiness(options), ...result.warnings] }
  }
  const { lockTimeout = 0, interruption } = options
  return underLock(store, { command, lockTimeout, interruption }, async ({ notes }) => {
    const { result, seen, privateDirectory, make } = plan()
    if (result.failures.length > 0) return { ...result, warnings: [...notes, ...result.warnings] }
    const changes = await make()
    checkInterruption(interruption)
    const { backup, warnings } = commit(store, {
      changes,
      directories: missingDirectoriesOf(changes, 0o755).map(directory =>
        directory.realPath === privateDirectory?.realPath ? { ...directory, mode: 0o700 } : directory,
      ),
      seen: new Map([...absent(changes), ...seen]),
      command,
      now: options.now,
      keepBackups: options.keepBackups ?? DEFAULT_KEEP_BACKUPS,
    })
    return {
      ...result,
      backup: store.isElsewhere ? undefined : backup,
      notes: [...notes, ...result.notes],
      warnings: [...result.warnings, ...warnings],
    }
  })
}

/** None of the files that were not there may have come into being meanwhile. */
function absent(changes: readonly FileChange[]): [string, string][] {
  return changes.map(({ realPath }) => [realPath, ''])
}
