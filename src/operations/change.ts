/** What every operation that changes files has in common. */
import { dirname } from 'node:path'
import { PkiError } from '../errors.ts'
import { isThere, on } from '../store/disk.ts'
import { type ReadOptions, readSnapshot } from '../store/read.ts'
import { findStore, type Store, type StoreOptions } from '../store/state.ts'

export interface ChangeOptions {
  /** Milliseconds to wait for another job that changes files; by default none. */
  readonly lockTimeout?: number | undefined
  /** How many backups stay; by default 10. */
  readonly keepBackups?: number | undefined
}

export const DEFAULT_KEEP_BACKUPS = 10

/** Throws where there is no PKI at all: nothing is made in a place that was only mistyped. */
export function storeFor(options: ReadOptions & StoreOptions): Store {
  const store = findStore(options)
  const isPlaceThere = on(store.path, () => isThere(dirname(store.realPath)))
  if (!isPlaceThere) readSnapshot(options)
  return store
}

/** A node is made below a root that is there: a mistyped one is not. */
export function checkRoot({ root }: Pick<ReadOptions, 'root'>): void {
  if (!on(root, () => isThere(root))) throw new PkiError('NOT_A_DIRECTORY', `${root}: no such directory`)
}
