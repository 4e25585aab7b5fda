/**
 * A private key that waits beside its request until that is answered. The request has its name first and loses it last:
 * where it is, a job has begun, and the next run goes on with it whenever this one was killed. A key without a request
 * is somebody else's.
 */
import { statSync } from 'node:fs'
import type { Unusable } from '../errors.ts'
import { readCertificateRequest } from '../x509/certificate-request.ts'
import { type PrivateKey, publicKeySha256OfKey, readPrivateKey } from '../x509/key.ts'
import { on, readIfThere, reading, removeFile } from './disk.ts'
import { draftOf, placeDraft, removeDrafts, writeDraft, writeWholeFile } from './new-file.ts'

export interface WaitingFiles {
  readonly keyFile: string
  /** The request made for it: its being there says that the key is one that waits. */
  readonly csrFile: string
}

export type WaitingKey =
  | { readonly state: 'none' }
  | {
      readonly state: 'waiting'
      readonly key: PrivateKey
      readonly csr: string
      /** Where the key lies, when it has not its name yet. */
      readonly draft?: string
    }
  /** A key alone: nobody said that it was made for this. */
  | { readonly state: 'strange'; readonly file: string }
  /** A request whose key is not beside it. */
  | { readonly state: 'keyless'; readonly file: string; readonly csr: string }
  | ({ readonly state: 'unusable'; readonly file: string } & Unusable)
  /** Others than its owner may have read the key. */
  | { readonly state: 'exposed'; readonly file: string; readonly mode: string }

/** Whatever they may do with it. */
const OTHERS = 0o077

export function readWaitingKey({ keyFile, csrFile }: WaitingFiles): WaitingKey {
  const [key, csr] = [textOf(keyFile), textOf(csrFile)]
  if (key === undefined) return csr === undefined ? { state: 'none' } : begun({ keyFile, csrFile }, csr)
  if (csr === undefined) return { state: 'strange', file: keyFile }
  const mode = on(keyFile, () => statSync(keyFile)).mode & 0o777
  if ((mode & OTHERS) !== 0)
    return { state: 'exposed', file: keyFile, mode: mode.toString(8).padStart(4, '0') }
  const read = readPrivateKey(key)
  return 'key' in read ? { state: 'waiting', key: read, csr } : { state: 'unusable', file: keyFile, ...read }
}

function textOf(file: string): string | undefined {
  return reading(file, () => readIfThere(file))?.toString('utf8')
}

/** By the request: its key's draft is called by the key. */
function begun({ keyFile, csrFile }: WaitingFiles, csr: string): WaitingKey {
  const keyless = { state: 'keyless', file: csrFile, csr } as const
  const request = readCertificateRequest(csr)
  if ('reason' in request) return keyless
  const draft = keyDraft(keyFile, request.publicKeySha256)
  const key = readPrivateKey(textOf(draft) ?? '')
  const isIts = 'key' in key && publicKeySha256OfKey(key) === request.publicKeySha256
  return isIts ? { state: 'waiting', key, csr, draft } : keyless
}

function keyDraft(keyFile: string, publicKeySha256: string): string {
  return draftOf(keyFile, publicKeySha256.slice(0, 16))
}

export interface NewPair {
  readonly key: string
  readonly csr: string
  /** Of both. */
  readonly publicKeySha256: string
}

/** Both or neither; what is there already stays as it is. */
export function writeWaitingKey(
  { keyFile, csrFile }: WaitingFiles,
  { key, csr, publicKeySha256 }: NewPair,
): void {
  const draft = keyDraft(keyFile, publicKeySha256)
  on(keyFile, () => writeDraft(draft, key, 0o600))
  try {
    writeWholeFile(csrFile, csr, 0o600)
  } catch (error) {
    removeFile(draft)
    throw error
  }
  try {
    on(keyFile, () => placeDraft(draft, keyFile))
  } catch (error) {
    removeFile(csrFile)
    throw error
  }
}

/** Does what a run that was killed has left undone. */
export function settleWaitingKey({ keyFile, csrFile }: WaitingFiles, draft: string | undefined): void {
  if (draft !== undefined) on(keyFile, () => placeDraft(draft, keyFile))
  for (const path of [keyFile, csrFile]) removeDrafts(path)
}
