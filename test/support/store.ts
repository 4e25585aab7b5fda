/** The transaction over a directory of its own, as an operation uses it: under the lock, with a backup. */
import { join } from 'node:path'
import type { FileChange } from '../../src/pki/file-change.ts'
import { underLock } from '../../src/store/session.ts'
import type { Store } from '../../src/store/state.ts'
import { type Committed, commit } from '../../src/store/transaction.ts'
import { NOW } from './host.ts'

export function storeIn(root: string): Store {
  const path = join(root, 'kubepki-backups')
  return {
    root,
    directories: [],
    path,
    realPath: path,
    isElsewhere: false,
    parentMode: 0o755,
    commandFlags: '',
  }
}

export function change(path: string, contents: string | null, isSecret = false): FileChange {
  return { path, realPath: path, contents, isSecret }
}

export function commitIn(root: string, changes: readonly FileChange[]): Promise<Committed> {
  const store = storeIn(root)
  return underLock(store, { command: 'test', lockTimeout: 0 }, async () =>
    commit(store, { changes, command: 'test', now: NOW, keepBackups: 10 }),
  )
}

/** What a fingerprint holds besides the backups. */
export function exceptBackups(fingerprint: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(fingerprint).filter(([path]) => !path.includes('kubepki-backups')))
}
