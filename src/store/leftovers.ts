/** What lies beside a node's live files and belongs to no row: backups made by hand, keys that nobody asked for. */
import { type Dirent, readdirSync, type Stats, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { FileStatus, LiveDirectory, OtherFile } from '../pki/file-evidence.ts'
import type { Snapshot } from '../pki/snapshot.ts'
import { locate, type Tree, textOf } from './files.ts'
import { isBelow } from './paths.ts'

type Statuses = readonly FileStatus[]

/** kubeadm's, kubepki's and the kubelet's own. */
const KNOWN = ['kubepki-backups', 'tmp', 'manifests', 'csr']
const KUBELETS = /^kubelet-(client|server)-(current|updated|\d{4}(-\d\d){5})\.pem$/

/** The node's own directories, and those in them that hold live files. By names alone: a row's file may be a link to elsewhere, in a directory that is one. */
export function readLiveDirectories(
  tree: Tree,
  { locations }: Snapshot,
  statuses: Statuses,
): readonly LiveDirectory[] {
  const own = statuses.filter(({ isCopy }) => !isCopy)
  const live = own.flatMap(({ file: { realPath }, status }) =>
    realPath !== undefined && status.state === 'present' ? [realPath] : [],
  )
  const named = [locations.certDir, locations.kubeconfigDir, locations.kubeletDir].flatMap(({ value }) => {
    const place = locate(tree, value)
    return place.state === 'present' ? [place.realPath] : []
  })
  const below = live.map(path => dirname(path)).filter(path => named.some(one => isBelow(one, path)))
  const directories = [...new Set([...named, ...below])]
  const rows = own.map(({ file }) => basename(file.path))
  const known = new Set([...KNOWN, ...directories.map(path => basename(path)), ...rows])
  return directories.map(path => ({ path, others: othersIn(path, statuses, known) }))
}

function othersIn(directory: string, statuses: Statuses, known: ReadonlySet<string>): readonly OtherFile[] {
  const isShut = isShutTo(directory, statuses)
  return entriesOf(directory)
    .filter(({ name }) => !known.has(name) && !KUBELETS.test(name))
    .map(entry => ({
      name: entry.name,
      isDirectory: entry.isDirectory(),
      openKeys: isShut ? [] : openKeysIn(join(directory, entry.name), entry).slice(0, MOST),
    }))
}

/** Some directory above keeps others out of it. */
function isShutTo(directory: string, statuses: Statuses): boolean {
  const parents = statuses.find(({ parents }) => parents[0]?.path === directory)?.parents ?? []
  return parents.some(({ mode }) => (mode & 0o001) === 0)
}

function entriesOf(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1))
  } catch {
    return []
  }
}

const DEEPEST = 3
const MOST = 20
/** Larger ones hold no single key. */
const LARGEST = 256 * 1024

function openKeysIn(path: string, entry: Dirent, depth = 0): string[] {
  if (entry.isSymbolicLink()) return []
  const stat = statOf(path)
  if (!stat) return []
  if (entry.isFile()) {
    const isOpen = (stat.mode & 0o004) !== 0 && stat.size <= LARGEST
    return isOpen && HOLDS_KEY.test(textOf(path)) ? [path] : []
  }
  const isOpen = (stat.mode & 0o001) !== 0
  if (!entry.isDirectory() || !isOpen || depth === DEEPEST) return []
  return entriesOf(path)
    .slice(0, MOST)
    .flatMap(inner => openKeysIn(join(path, inner.name), inner, depth + 1))
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path)
  } catch {
    return undefined
  }
}

/** PEM, or its base64 in a kubeconfig. */
const HOLDS_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----|client-key-data:\s*\S/
