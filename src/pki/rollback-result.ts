import type { Backup } from './backup.ts'
import type { RestartOutcome } from './restart.ts'

export interface BackupEntry extends Pick<Backup, 'id' | 'time' | 'command' | 'version' | 'files'> {
  /** Files that somebody changed afterwards: a rollback wants `force` for them. */
  readonly changedSince: readonly string[]
  /** Everything is as it was before the job. */
  readonly isUndone: boolean
}

export interface BackupList {
  readonly directory: string
  /** The newest first. */
  readonly backups: readonly BackupEntry[]
  readonly damaged: readonly { readonly id: string; readonly found: string }[]
  readonly warnings: readonly string[]
}

export interface RollbackResult extends RestartOutcome {
  /** Of the backups. */
  readonly directory: string
  readonly dryRun: boolean
  readonly changed: boolean
  /** Of the backup that was put back, and what it undoes. */
  readonly id: string
  readonly command: string
  readonly restored: readonly string[]
  /** Files that were not there before. */
  readonly removed: readonly string[]
  /** Files that were as before already. */
  readonly unchanged: readonly string[]
  /** Of these, files that somebody had changed since: `force` was given. */
  readonly overwritten: readonly string[]
  /** What undoes the rollback. */
  readonly backup: string | undefined
  readonly warnings: readonly string[]
}
