import type { RestartPlan } from '../pki/restart.ts'
import { isThere } from '../store/disk.ts'
import type { ReadOptions } from '../store/read.ts'
import { lookForUnfinished } from '../store/recovery.ts'
import { underLock } from '../store/session.ts'
import { findStore } from '../store/state.ts'
import { type ChangeOptions, storeFor } from './change.ts'
import { restartOf } from './rollback.ts'

export interface RecoverOptions extends ReadOptions, ChangeOptions {
  /** Where requests were written, when that was outside of the root. */
  readonly csrDir?: string | undefined
}

export interface RecoveryResult extends RestartPlan {
  readonly notes: readonly string[]
  /** Files that are new because of it. */
  readonly completed: readonly string[]
}

/** Completes or undoes what an interrupted job left, and says which; every job that changes files does this first. */
export async function recoverInterrupted(options: RecoverOptions): Promise<RecoveryResult> {
  const { csrDir, lockTimeout = 0 } = options
  const session = { command: 'certs recover', lockTimeout }
  const stores = [storeFor(options)]
  const ofRequests = csrDir === undefined ? undefined : findStore({ ...options, kubeconfigDir: csrDir })
  if (ofRequests && isThere(ofRequests.realPath)) stores.push(ofRequests)
  const found = []
  for (const store of stores) found.push(await underLock(store, session, async recovered => recovered))
  const completed = found.flatMap(one => one.completed)
  return { notes: found.flatMap(({ notes }) => notes), completed, ...restartOf(options, completed) }
}

/** What is interrupted, or going on; changes nothing. */
export function findInterrupted(options: RecoverOptions): RecoveryResult {
  return { notes: lookForUnfinished(options), completed: [], restart: [], reloads: [] }
}
