import type { ReadOptions } from '../store/read.ts'
import { unfinishedBusiness } from '../store/recovery.ts'
import { underLock } from '../store/session.ts'
import { type ChangeOptions, storeFor } from './change.ts'

export type RecoverOptions = ReadOptions & ChangeOptions

/** Completes or undoes what an interrupted job left, and says which; every job that changes files does this first. */
export function recoverInterrupted(options: RecoverOptions): Promise<readonly string[]> {
  const session = { command: 'certs recover', lockTimeout: options.lockTimeout ?? 0 }
  return underLock(storeFor(options), session, async notes => notes)
}

/** What is interrupted, or going on; changes nothing. */
export function findInterrupted(options: RecoverOptions): readonly string[] {
  return unfinishedBusiness(options)
}
