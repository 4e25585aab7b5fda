/** Owner, group, mode, ACL, SELinux label and other extended attributes of a file that replaces another. */
import { spawnSync } from 'node:child_process'
import { fchmodSync, fchownSync, fstatSync, type Stats } from 'node:fs'
import type { FileChange } from '../pki/file-change.ts'

/**
 * Gives the (still empty) files of the same names in `directory` what the old ones have. Node has no call for extended
 * attributes: GNU cp has. False when it is not there.
 */
export function copyAttributes(oldFiles: readonly string[], directory: string): boolean {
  const what = ['--attributes-only', '--preserve=all', '--no-preserve=links,timestamps']
  const { status } = spawnSync('cp', [...what, '-t', directory, '--', ...oldFiles], { stdio: 'ignore' })
  return status === 0
}

/** The last word on owner and mode, before the first byte is written. Says when a key had to be tightened. */
export function settleAttributes(descriptor: number, change: FileChange, old: Stats | undefined): string[] {
  const made = fstatSync(descriptor)
  const owner = change.owner ?? old
  if (owner && (owner.uid !== made.uid || owner.gid !== made.gid)) {
    fchownSync(descriptor, owner.uid, owner.gid)
  }
  const wanted = change.mode ?? (old ? old.mode & 0o7777 : change.isSecret ? 0o600 : 0o644)
  const mode = change.isSecret ? wanted & readersOf(change, old, owner?.gid) : wanted
  if (mode !== (made.mode & 0o7777)) fchmodSync(descriptor, mode)
  return mode === wanted ? [] : [`${change.path} had mode ${octal(wanted)}: it is ${octal(mode)} now`]
}

const octal = (mode: number) => `0${(mode & 0o777).toString(8)}`

/** A private key is its owner's, and a group's or a named reader's that was let in on purpose. */
function readersOf({ realPath }: FileChange, old: Stats | undefined, gid = 0): number {
  if (gid !== 0) return 0o640
  const isOpenToGroup = old !== undefined && (old.mode & 0o070) !== 0
  return isOpenToGroup && hasAcl(realPath) ? 0o640 : 0o600
}

/** `ls` marks an ACL with a plus behind the mode. */
function hasAcl(path: string): boolean {
  const { stdout } = spawnSync('ls', ['-ldn', '--', path], { encoding: 'utf8' })
  return /^\S{10}\+/.test(stdout ?? '')
}
