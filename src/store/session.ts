/** The time in which a job has the node's files for itself: the lock, and first of all what a crash left. */
import { setTimeout as sleep } from 'node:timers/promises'
import { PkiError } from '../errors.ts'
import { on, orUnchanged } from './disk.ts'
import { giveUpReserve } from './journal.ts'
import { type Lock, tryLock } from './lock.ts'
import { describeHolder, lockFileOf, type Recovered, recover } from './recovery.ts'
import { makeStore, removeStore, type Store } from './state.ts'

export interface SessionOptions {
  /** For whoever finds the lock. */
  readonly command: string
  /** Milliseconds to wait for another job to end. */
  readonly lockTimeout: number
  readonly interruption?: AbortSignal | undefined
}

/** `recovered`: what was completed or undone before. */
export async function underLock<T>(
  store: Store,
  options: SessionOptions,
  work: (recovered: Recovered) => Promise<T>,
): Promise<T> {
  const made = orUnchanged(() => makeStore(store))
  try {
    const lock = await waitForLock(store, options)
    const heartbeat = setInterval(() => quietly(lock.beat), 5_000).unref()
    try {
      return await afterwards(recover(store), work)
    } finally {
      clearInterval(heartbeat)
      quietly(lock.release)
    }
  } finally {
    removeStore(store, made)
  }
}

/** What was recovered is told, also when the job that came for something else fails. */
async function afterwards<T>(recovered: Recovered, work: (recovered: Recovered) => Promise<T>): Promise<T> {
  const { notes } = recovered
  try {
    return await work(recovered)
  } catch (error) {
    if (notes.length === 0 || !(error instanceof PkiError) || error.code === 'RECOVERED_FIRST') throw error
    const { code, message, hint } = error
    throw new PkiError(code, `${notes.join('; ')}; then: ${message}`, { hint, cause: error })
  }
}

/** A lock that cannot be removed is that of a dead process soon. */
function quietly(work: () => void): void {
  try {
    work()
  } catch {}
}

/** For the moments in which nothing has been changed yet. */
export function checkInterruption(interruption: AbortSignal | undefined): void {
  if (interruption?.aborted) throw new PkiError('INTERRUPTED', 'interrupted; nothing was changed')
}

const PAUSE = 100

async function waitForLock(
  store: Store,
  { command, lockTimeout, interruption }: SessionOptions,
): Promise<Lock> {
  for (let waited = 0; ; waited += PAUSE) {
    const attempt = attemptLock(store, command)
    if ('release' in attempt) return attempt
    if (waited >= lockTimeout) throw locked(store, describeHolder(attempt.holder), lockTimeout)
    await sleep(Math.min(PAUSE, lockTimeout - waited))
    checkInterruption(interruption)
  }
}

/** Whoever ends a job removes an empty directory, perhaps just after it was made here. */
function attemptLock(store: Store, command: string) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      makeStore(store)
      return tryLock(lockFileOf(store), command)
    } catch (error) {
      const code = ((error instanceof PkiError ? error.cause : error) as NodeJS.ErrnoException | undefined)
        ?.code
      const isGone = code === 'ENOENT' && attempt < 20
      const isFull = (code === 'ENOSPC' || code === 'EDQUOT') && giveUpReserve(store)
      if (!isGone && !isFull) orUnchanged(() => on(store.path, () => raise(error)))
    }
  }
}

function raise(error: unknown): never {
  throw error
}

function locked(store: Store, holder: string, waited: number): PkiError {
  const after = waited === 0 ? '' : ` (waited ${waited / 1000} s)`
  return new PkiError('LOCKED', `another kubepki is changing files here: ${holder}${after}`, {
    hint: `wait for it, or use --lock-timeout 1m; if no such process runs anywhere: rm ${lockFileOf(store)}`,
  })
}
