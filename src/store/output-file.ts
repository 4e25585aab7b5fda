/** The file that a report goes to instead of the standard output. */
import { realpathSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { PkiError } from '../errors.ts'
import type { Snapshot } from '../pki/snapshot.ts'

/** Throws when one of the node's own files is named, also one that is missing, and a link to one. */
export function checkOutputFile(file: string, snapshot: Snapshot): void {
  const own = ownPathsOf(snapshot)
  const path = resolve(file)
  const isOwn = [realPathOf(path), placeOf(path)].some(one => own.has(one))
  if (!isOwn) return
  throw new PkiError('USAGE', `--output-file names one of the node's own files: ${file}`, {
    hint: 'name a file that is only for this report',
  })
}

function ownPathsOf({ entries, serviceAccount, pods, seen }: Snapshot): ReadonlySet<string> {
  const ofEntries = entries.flatMap(entry => [entry.file, entry.certificateFile, entry.key])
  const files = [...ofEntries, ...serviceAccount, ...pods.map(pod => pod.file)]
  const paths = files.flatMap(one => (one ? [one.realPath ?? one.path, placeOf(one.path)] : []))
  return new Set([...paths, ...seen.keys()])
}

/** Of a link the link itself. */
function placeOf(path: string): string {
  return join(realPathOf(dirname(path)), basename(path))
}

/** Where a file is or would be, as far as that can be told. */
function realPathOf(path: string): string {
  try {
    return realpathSync.native(path)
  } catch {
    return dirname(path) === path ? path : placeOf(path)
  }
}
