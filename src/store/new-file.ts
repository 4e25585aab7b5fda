/** A new file of the user's, whole or not there, and a private key that waits beside it until its request is answered. */
import {
  closeSync,
  fchmodSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, resolve } from 'node:path'
import { PkiError, type Unusable } from '../errors.ts'
import { type PrivateKey, readPrivateKey } from '../x509/key.ts'
import { randomToken } from './digest.ts'
import { on, readIfThere, reading, removeFile, syncDirectory, writeNewFile } from './disk.ts'
import { isTaken } from './plain-files.ts'
import { checkWritable } from './preflight.ts'

/** Throws where no new file could be made. */
export function checkNewFile(path: string): void {
  if (on(path, () => isTaken(path)))
    throw new PkiError('WRITE_FAILED', `cannot write ${path}: it exists already`, {
      hint: 'move it away, or name another file: nothing that exists is overwritten',
    })
  checkWritable(path, resolve(path))
}

export function isDirectory(path: string): boolean {
  return on(path, () => statSync(path, { throwIfNoEntry: false }))?.isDirectory() ?? false
}

/** With its mode from the first byte, under its name only when it is whole. */
export function writeWholeFile(path: string, contents: string, mode: 0o600 | 0o644): void {
  const beside = `${path}.${randomToken()}`
  on(path, () => {
    const descriptor = openSync(beside, 'wx', mode)
    try {
      fchmodSync(descriptor, mode)
      writeFileSync(descriptor, contents)
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
    place(beside, path)
    syncDirectory(dirname(path))
  })
}

/** A link does not replace what came there meanwhile. Some file systems have none. */
function place(beside: string, path: string): void {
  try {
    linkSync(beside, path)
    unlinkSync(beside)
  } catch (error) {
    if (LINKLESS.has((error as NodeJS.ErrnoException).code ?? '')) renameSync(beside, path)
    else {
      removeFile(beside)
      throw error
    }
  }
}

const LINKLESS: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'ENOSYS'])

export interface WaitingFiles {
  readonly keyFile: string
  /** The request made for it: its being there says that the key is one that waits. */
  readonly csrFile: string
}

export type WaitingKey =
  | { readonly state: 'none' }
  | { readonly state: 'waiting'; readonly key: PrivateKey; readonly csr: string }
  /** A key, or a request, alone: nobody said that it was made for this. */
  | { readonly state: 'strange'; readonly file: string }
  | ({ readonly state: 'unusable'; readonly file: string } & Unusable)
  /** Others than its owner may have read the key. */
  | { readonly state: 'exposed'; readonly file: string; readonly mode: string }

/** Whatever they may do with it. */
const OTHERS = 0o077

export function readWaitingKey({ keyFile, csrFile }: WaitingFiles): WaitingKey {
  const [key, csr] = [keyFile, csrFile].map(file => reading(file, () => readIfThere(file))?.toString('utf8'))
  if (key === undefined) return csr === undefined ? { state: 'none' } : { state: 'strange', file: csrFile }
  if (csr === undefined) return { state: 'strange', file: keyFile }
  const mode = on(keyFile, () => statSync(keyFile)).mode & 0o777
  if ((mode & OTHERS) !== 0)
    return { state: 'exposed', file: keyFile, mode: mode.toString(8).padStart(4, '0') }
  const read = readPrivateKey(key)
  return 'key' in read ? { state: 'waiting', key: read, csr } : { state: 'unusable', file: keyFile, ...read }
}

/** Both or neither; what is there already stays as it is. */
export function writeWaitingKey(files: WaitingFiles, { key, csr }: { key: string; csr: string }): void {
  on(files.csrFile, () => writeNewFile(files.csrFile, csr))
  try {
    on(files.keyFile, () => writeNewFile(files.keyFile, key))
  } catch (error) {
    removeFile(files.csrFile)
    throw error
  }
  for (const directory of new Set([files.csrFile, files.keyFile].map(dirname)))
    on(directory, () => syncDirectory(directory))
}

/** Of files that have done their work. */
export function removeFiles(paths: readonly string[]): void {
  for (const path of paths) on(path, () => removeFile(path))
}
