/** A backup: what one job replaced, and what it left, told by hashes. */
import { instant } from './instant.ts'

export interface BackupFile {
  /** Below the root; from the top of this machine when `isOutsideRoot`. */
  readonly path: string
  readonly isOutsideRoot?: true
  /** Octal, such as `0600`. Absent with `uid` and `gid` when there was no file. */
  readonly mode?: string
  readonly uid?: number
  readonly gid?: number
  readonly isSecret: boolean
  /** Null: there was no file. */
  readonly sha256Before: string | null
  /** Null: the file went away. */
  readonly sha256After: string | null
}

export interface Backup {
  /** UTC time, `20261201T000000Z`, with a number behind it for a second one in that second. */
  readonly id: string
  /** Of this directory of backups, whatever clocks said. */
  readonly sequence: number
  readonly time: string
  readonly command: string
  /** Of kubepki. */
  readonly version: string
  readonly files: readonly BackupFile[]
  /** Made by the job, parents first. */
  readonly directories: readonly Pick<BackupFile, 'path' | 'isOutsideRoot'>[]
}

export const BACKUP_ID = /^\d{8}T\d{6}Z(-\d+)?$/

export function backupId(now: Date, taken: (id: string) => boolean): string {
  const stem = instant(now).replace(/[-:]/g, '')
  let id = stem
  for (let number = 2; taken(id); number += 1) id = `${stem}-${number}`
  return id
}
