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

/** One that was never used here while another of that second is known. */
export function backupId(now: Date, known: readonly string[]): string {
  const stem = instant(now).replace(/[-:]/g, '')
  const numbers = known.flatMap(id =>
    id === stem ? 1 : id.startsWith(`${stem}-`) ? Number(id.slice(stem.length + 1)) : [],
  )
  return numbers.length === 0 ? stem : `${stem}-${Math.max(...numbers) + 1}`
}
