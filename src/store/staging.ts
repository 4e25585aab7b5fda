/** The new files of a transaction, complete beside their targets, before any of them is replaced. */
import {
  chmodSync,
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { PkiError } from '../errors.ts'
import type { DirectoryChange, FileChange } from '../pki/file-change.ts'
import { copyAttributes, settleAttributes } from './attributes.ts'
import { sha256 } from './digest.ts'
import { isThere, on, readIfThere, signatureOf, syncDirectory } from './disk.ts'
import { type Move, newFileOf, oldFileOf, STAGING_PREFIX, stagingOf } from './move.ts'
import { checkWritable, preflight } from './preflight.ts'
import type { Store } from './state.ts'

export interface Prepared {
  readonly change: FileChange
  readonly old: { readonly bytes: Uint8Array; readonly stat: Stats } | undefined
  readonly signature: string
  readonly move: Move
}

export function prepare(change: FileChange, token: string): Prepared {
  const { path, realPath, contents } = change
  return on(path, () => {
    const signature = signatureOf(realPath)
    const bytes = readIfThere(realPath)
    const old = bytes && { bytes, stat: statSync(realPath) }
    const move = {
      token,
      realPath,
      before: bytes && sha256(bytes),
      after: contents === null ? undefined : sha256(contents),
    }
    return { change, old, signature, move }
  })
}

export function preflightAll(
  store: Store,
  prepared: readonly Prepared[],
  newDirectories: readonly DirectoryChange[],
): void {
  const isComing = (directory: string) => newDirectories.some(({ realPath }) => realPath === directory)
  for (const { path, realPath } of prepared.map(({ change }) => change)) {
    const directory = dirname(realPath)
    if (isThere(directory) || isComing(directory)) continue
    throw new PkiError('WRITE_FAILED', `cannot write ${path}: its directory does not exist`)
  }
  for (const { path, realPath } of newDirectories) checkWritable(path, realPath)
  for (const directory of new Set(prepared.map(({ move }) => dirname(move.realPath)))) checkAlone(directory)
  const intentions = prepared.map(({ change: { path, realPath, contents } }) => {
    return { path, realPath, size: contents === null ? 0 : Buffer.byteLength(contents) }
  })
  const size = prepared.reduce(
    (sum, { old }) => sum + (old ? Math.ceil(old.bytes.length / 4096) * 4096 : 0),
    0,
  )
  preflight(intentions, { directory: store.realPath, size })
}

/** The umask has no say, and a power loss leaves it there. */
export function makeDirectory({ path, realPath, mode }: DirectoryChange): void {
  on(path, () => {
    mkdirSync(realPath, { mode: 0o700 })
    if (mode !== 0o700) chmodSync(realPath, mode)
    syncDirectory(dirname(realPath))
  })
}

/** Says what could not be kept as it was. */
export function stage(prepared: readonly Prepared[]): string[] {
  const directories = [...new Set(prepared.map(({ move }) => stagingOf(move)))]
  return directories.flatMap(directory =>
    stageDirectory(
      directory,
      prepared.filter(({ move }) => stagingOf(move) === directory),
    ),
  )
}

/** The new files of one directory, complete, and second links to the old ones. */
function stageDirectory(staging: string, prepared: readonly Prepared[]): string[] {
  const written = prepared.filter(({ change }) => change.contents !== null)
  const replaced = written.filter(({ old }) => old !== undefined).map(({ move }) => move.realPath)
  const open: { descriptor: number; one: Prepared }[] = []
  const warnings: string[] = []
  const shown = prepared[0]?.change.path ?? staging
  on(shown, () => mkdirSync(staging, { mode: 0o700 }))
  checkAlone(dirname(staging), basename(staging))
  try {
    for (const one of written) {
      on(one.change.path, () => open.push({ descriptor: openSync(newFileOf(one.move), 'wx', 0o600), one }))
    }
    if (replaced.length > 0 && !copyAttributes(replaced, staging)) warnings.push(attributesLost(replaced))
    for (const { descriptor, one } of open) warnings.push(...on(one.change.path, () => fill(descriptor, one)))
  } finally {
    for (const { descriptor, one } of open) on(one.change.path, () => closeSync(descriptor))
  }
  for (const { change, old, move } of prepared) {
    if (old) on(change.path, () => linkSync(move.realPath, oldFileOf(move)))
  }
  on(shown, () => syncDirectory(staging))
  return warnings
}

/** The lock knows nothing of a job whose lock is elsewhere, with other directories: what it prepared gives it away. */
function checkAlone(directory: string, own?: string): void {
  if (!isThere(directory)) return
  const others = on(directory, () => readdirSync(directory)).filter(name => name.startsWith(STAGING_PREFIX))
  const other = others.find(name => name !== own)
  if (other === undefined) return
  const path = join(directory, other)
  throw new PkiError('LOCKED', `another job of kubepki has its files in ${path}`, {
    hint: `it runs, or was interrupted, with other directories: kubepki certs recover with the same; if there is no such job: rm -r ${path}`,
  })
}

function attributesLost(files: readonly string[]): string {
  return `extended attributes (SELinux label, ACL) of ${files.join(', ')} could not be copied: GNU cp is not here, or failed`
}

function fill(descriptor: number, { change, old }: Prepared): string[] {
  const warnings = settleAttributes(descriptor, change, old?.stat)
  writeFileSync(descriptor, change.contents ?? '')
  fsyncSync(descriptor)
  return warnings
}

/** By a program that knows nothing of our lock (kubeadm, an editor), since it was read: what is to be written is out of date. */
export function checkUntouched(prepared: readonly Prepared[], seen: ReadonlyMap<string, string>): void {
  const known = new Map([
    ...prepared.map(({ move, signature }) => [move.realPath, signature] as const),
    ...seen,
  ])
  const touched = [...known].find(([path, signature]) => signatureOf(path) !== signature)
  if (!touched) return
  throw new PkiError('WRITE_FAILED', `another program changed ${touched[0]} meanwhile`, {
    hint: 'see that nothing else renews certificates here, then run it again',
  })
}
