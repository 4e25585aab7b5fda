/** The file that a report goes to instead of the standard output. */
import { realpathSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { PkiError } from '../errors.ts'
import { DEFAULT_KUBELET_DIR, type NodePath } from '../pki/locations.ts'
import type { Snapshot } from '../pki/snapshot.ts'
import { locate, readBounded } from './files.ts'
import { isBelow } from './paths.ts'
import { manifestDirectory, type ReadOptions } from './read.ts'
import { findStore } from './state.ts'

export interface OutputFileOptions extends ReadOptions {
  readonly outputFile?: string | undefined
  readonly csrDir?: string | undefined
  readonly kubeconfigs?: readonly string[] | undefined
}

/**
 * Throws when a report would take the place of something that is needed: one of the node's own files, also one that is
 * missing or a link to one, anything in directories that are its own, what was named to be read, or any other key.
 */
export function checkOutputFile(options: OutputFileOptions, snapshot: Snapshot): void {
  const file = options.outputFile
  if (file === undefined) return
  const trouble = whyNot(bothPlacesOf(file), options, snapshot)
  if (trouble === undefined) return
  throw new PkiError('USAGE', `--output-file names ${trouble}: ${file}`, {
    hint: 'name a file that is only for this report',
  })
}

function whyNot(
  places: readonly string[],
  options: OutputFileOptions,
  snapshot: Snapshot,
): string | undefined {
  const own = ownPathsOf(snapshot)
  if (places.some(one => own.has(one))) return "one of the node's own files"
  const named = [options.config, ...(options.kubeconfigs ?? [])].flatMap(one =>
    one ? bothPlacesOf(one) : [],
  )
  if (places.some(one => named.includes(one))) return 'a file that this command reads'
  const directory = ownDirectoriesOf(options, snapshot).find(one => places.some(place => isBelow(one, place)))
  if (directory !== undefined) return `a file in ${directory}, one of the node's own directories`
  return places.some(holdsCredentials) ? 'a file that holds a key, a certificate or credentials' : undefined
}

function ownPathsOf({ entries, serviceAccount, pods, seen }: Snapshot): ReadonlySet<string> {
  const ofEntries = entries.flatMap(entry => [entry.file, entry.certificateFile, entry.key])
  const files = [...ofEntries, ...serviceAccount, ...pods.map(pod => pod.file)]
  const paths = files.flatMap(one => (one ? [one.realPath ?? one.path, placeOf(one.path)] : []))
  return new Set([...paths, ...seen.keys()])
}

/** The kubelet's whole directory, not that of its certificates alone: its configuration is in there. */
const KUBELET_HOME: NodePath = { path: dirname(DEFAULT_KUBELET_DIR) }

function ownDirectoriesOf(options: OutputFileOptions, { locations }: Snapshot): readonly string[] {
  const { certDir, kubeletDir } = locations
  const { csrDir } = options
  const places = [
    ...[certDir.value, manifestDirectory(options), kubeletDir.value, KUBELET_HOME],
    ...(csrDir === undefined ? [] : [{ path: '', within: csrDir }]),
  ]
  const found = places.map(place => locate({ root: options.root }, place))
  const paths = found.flatMap(one => (one.state === 'invalid' ? [] : realPathOf(one.realPath)))
  return [...paths, realPathOf(findStore(options).realPath)].filter(path => path !== '/')
}

const CREDENTIALS = /^-----BEGIN [A-Z0-9 ]+-----\s*$|^\s*"?client-key-data"?:\s*"?[A-Za-z0-9+/=]{40}/m

/** No report has such a line. */
function holdsCredentials(path: string): boolean {
  const contents = readBounded(path)
  return contents.state === 'present' && CREDENTIALS.test(contents.text)
}

function bothPlacesOf(file: string): readonly string[] {
  const path = resolve(file)
  return [realPathOf(path), placeOf(path)]
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
