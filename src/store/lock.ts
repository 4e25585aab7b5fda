/**
 * One job at a time: a lock file, whole from its first instant, that names the process that holds it. A lock whose
 * process is gone is taken over; two that try take it in turn, because the right to replace a stale lock is itself
 * such a lock.
 */
import {
  linkSync,
  readFileSync,
  readlinkSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { kill, pid } from 'node:process'
import { isMapping, parseJson, stringAt } from '../kubernetes/yaml.ts'
import { randomToken } from './digest.ts'
import { isThere, readIfThere, removeFile, writeNewFile } from './disk.ts'

export interface Holder {
  readonly pid: number
  readonly command: string
  readonly since: Date
}

export interface Lock {
  /** To be called now and then: what counts where a process of another container cannot be seen. */
  readonly beat: () => void
  readonly release: () => void
}

export type Attempt = Lock | { readonly holder: Holder }

interface Identity {
  readonly pid: number
  /** Clock ticks after the machine's start; a number used again is another process. */
  readonly startTime: string
  readonly bootId: string
  readonly pidNamespace: string
  readonly command: string
  readonly token: string
}

/** Takes the lock, or says who has it. */
export function tryLock(path: string, command: string): Attempt {
  const own = { ...identify(), command, token: randomToken() }
  return take(path, own)
}

const MOST_STALE = 3

function take(path: string, own: Identity, depth = 0): Attempt {
  const attempt = withDraft(path, own, draft => {
    const now = statSync(draft).mtimeMs
    return isLinked(draft, path) ? held(path, own) : now
  })
  if (typeof attempt !== 'number') return attempt
  const found = read(path)
  if (!found) return take(path, own, depth)
  if (isAlive(found.identity, attempt - found.lastBeat) || depth === MOST_STALE)
    return { holder: found.holder }
  return takeOver(path, { own, stale: found.identity.token, depth })
}

/** One that cannot be removed is swept away by whoever has the lock. */
function withDraft<T>(path: string, own: Identity, use: (draft: string) => T): T {
  const draft = `${path}.${own.token}`
  try {
    writeNewFile(draft, JSON.stringify(own))
    return use(draft)
  } finally {
    quietly(() => removeFile(draft))
  }
}

function quietly(work: () => void): void {
  try {
    work()
  } catch {}
}

function isLinked(draft: string, path: string): boolean {
  try {
    linkSync(draft, path)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EEXIST' && code !== 'ENOENT') throw error
    return false
  }
}

interface TakeOver {
  readonly own: Identity
  readonly stale: string
  readonly depth: number
}

function takeOver(path: string, { own, stale, depth }: TakeOver): Attempt {
  const right = take(`${path}.stale`, own, depth + 1)
  if ('holder' in right) return right
  const isSame = read(path)?.identity.token === stale
  try {
    if (isSame) replace(path, own)
  } finally {
    right.release()
  }
  return isSame ? held(path, own) : take(path, own, depth)
}

function replace(path: string, own: Identity): void {
  withDraft(path, own, draft => renameSync(draft, path))
}

function held(path: string, own: Identity): Lock {
  const isOurs = () => read(path)?.identity.token === own.token
  return {
    beat: () => {
      if (isOurs()) writeFileSync(path, JSON.stringify(own), { flag: 'r+' })
    },
    release: () => {
      if (isOurs()) unlinkSync(path)
    },
  }
}

/** Who holds it, when somebody who lives does. */
export function lockHolder(path: string): Holder | undefined {
  const found = isThere(path) ? read(path) : undefined
  return found && isAlive(found.identity, instant() - found.lastBeat) ? found.holder : undefined
}

/** The kernel's time, for a job that writes nothing: it makes the inodes of proc when they are looked at. */
function instant(): number {
  return statSync('/proc/self/status', { throwIfNoEntry: false })?.mtimeMs ?? 0
}

interface FoundLock {
  readonly identity: Identity
  readonly holder: Holder
  /** Milliseconds, by the clock of the file system. */
  readonly lastBeat: number
}

function read(path: string): FoundLock | undefined {
  const text = readIfThere(path)?.toString('utf8')
  const stat = statSync(path, { throwIfNoEntry: false })
  if (text === undefined || stat === undefined) return undefined
  const found = parseJson(text)
  const field = (name: string) => (isMapping(found) ? (stringAt(found, name) ?? '') : '')
  const identity = {
    pid: isMapping(found) && typeof found.pid === 'number' ? found.pid : 0,
    startTime: field('startTime'),
    bootId: field('bootId'),
    pidNamespace: field('pidNamespace'),
    command: field('command'),
    token: field('token'),
  }
  const holder = { pid: identity.pid, command: identity.command, since: stat.birthtime }
  return { identity, holder, lastBeat: stat.mtimeMs }
}

function identify() {
  return {
    pid,
    startTime: statusOf(pid)?.startTime ?? '',
    bootId: fact(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    pidNamespace: fact(() => readlinkSync('/proc/self/ns/pid')),
  }
}

function fact(read: () => string): string {
  try {
    return read()
  } catch {
    return ''
  }
}

/** A process of another container cannot be seen: it lives while it beats. */
const LONGEST_SILENCE = 5 * 60_000

function isAlive({ pid: other, startTime, bootId, pidNamespace }: Identity, silence: number): boolean {
  const here = identify()
  if (other === 0 || bootId !== here.bootId) return false
  if (pidNamespace !== here.pidNamespace) return silence < LONGEST_SILENCE
  const status = statusOf(other)
  return status ? !status.isEnded && status.startTime === startTime : answers(other)
}

/** proc(5): the name may hold spaces and parentheses; state is the third field, start time the 22nd. */
function statusOf(process: number): { isEnded: boolean; startTime: string } | undefined {
  const text = fact(() => readFileSync(`/proc/${process}/stat`, 'utf8'))
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return text === '' ? undefined : { isEnded: /^[ZX]/.test(fields[0] ?? ''), startTime: fields[19] ?? '' }
}

function answers(process: number): boolean {
  try {
    return kill(process, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
