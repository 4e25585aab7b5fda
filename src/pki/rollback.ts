/** What putting a backup back means for each file, told by hashes. Pure. */
import type { Backup, BackupFile } from './backup.ts'

export interface FileOutcome {
  readonly file: BackupFile
  /** On this machine. */
  readonly path: string
  /** `none`: it is as it was before. */
  readonly action: 'restore' | 'remove' | 'none'
  /** Neither what the job found nor what it left: somebody changed it afterwards. */
  readonly isChangedSince: boolean
}

/** `hashes`: of what is there now, in the order of the backup's files; undefined where there is no file. */
export function planRollback(
  { files }: Backup,
  now: readonly { readonly path: string; readonly hash: string | undefined }[],
): FileOutcome[] {
  return files.map((file, index) => {
    const { path = file.path, hash } = now[index] ?? {}
    const found = hash ?? null
    if (found === file.sha256Before) return { file, path, action: 'none', isChangedSince: false }
    const action = file.sha256Before === null ? 'remove' : 'restore'
    return { file, path, action, isChangedSince: found !== file.sha256After }
  })
}
