/** What the file system says of a node's files: modes, owners, links, and what lies beside them. Needs no right to read them. */
import { lstatSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type {
  Attributes,
  DirectoryStatus,
  FileEvidence,
  FileStatus,
  WatchedFile,
} from '../pki/file-evidence.ts'
import { watchedFiles } from '../pki/file-evidence.ts'
import type { Entry, Found, Snapshot } from '../pki/snapshot.ts'
import { explain, readBounded, type Tree } from './files.ts'
import { readLiveDirectories } from './leftovers.ts'
import { readManifestFiles } from './manifest-files.ts'
import { isBelow } from './paths.ts'
import { findStore, type StoreOptions } from './state.ts'

export interface FileQuestion {
  readonly snapshot: Snapshot
  readonly copies: readonly Entry[]
  readonly store: StoreOptions
}

export function readFileEvidence(tree: Tree, { snapshot, copies, store }: FileQuestion): FileEvidence {
  const watched = watchedFiles(snapshot, copies).map(file => ({ ...file, isSecret: isSecret(file) }))
  const statuses = watched.map(file => statusOf(tree, file))
  return {
    statuses,
    directories: readLiveDirectories(tree, snapshot, statuses),
    manifests: readManifestFiles(tree, snapshot.locations.kubeconfigDir),
    backups: backupsOf(store),
  }
}

const SECRET =
  /PRIVATE KEY-----|\b(client-key-data|token|tokenFile|password|id-token)"?\s*:\s*\S|\bclient-key"?\s*:\s*"?LS0/

/** What is given as a copy may be anything: a file that can be read, and has nothing in it, is none. */
function isSecret({ isSecret, isCopy, use, file }: WatchedFile): boolean {
  if (!isSecret || !isCopy || use !== 'kubeconfig' || file.realPath === undefined) return isSecret
  const contents = readBounded(file.realPath)
  return contents.state !== 'present' || SECRET.test(contents.text)
}

/** Of where the bytes are: a link's own mode means nothing. */
function statusOf(tree: Tree, file: WatchedFile): FileStatus {
  const { realPath } = file.file
  if (realPath === undefined) return { ...file, status: withoutPlace(file), parents: [] }
  return { ...file, status: attributesOf(realPath), parents: parentsOf(tree, realPath) }
}

/** Its path could not be followed: a link that leads nowhere, or a directory that may not be looked into. */
function withoutPlace({ file }: WatchedFile): FileStatus['status'] {
  try {
    lstatSync(file.path, { throwIfNoEntry: false })
    return { state: 'missing' }
  } catch (error) {
    return { state: 'invalid', ...explain(error) }
  }
}

function attributesOf(path: string): FileStatus['status'] {
  try {
    const found = statSync(path, { throwIfNoEntry: false })
    if (!found) return { state: 'missing' }
    const { mode, uid, gid, size, nlink: links } = found
    return { state: 'present', mode: mode & 0o7777, uid, gid, size, links, isFile: found.isFile() }
  } catch (error) {
    return { state: 'invalid', ...explain(error) }
  }
}

/** Those of a file elsewhere up to the top: a home directory guards what is in it. */
function parentsOf({ root }: Tree, realPath: string): readonly DirectoryStatus[] {
  const top = isBelow(root, realPath) ? root : '/'
  const parents: DirectoryStatus[] = []
  for (let path = dirname(realPath); path !== top && path !== '/'; path = dirname(path)) {
    const found = directoryStatus(path)
    if (found) parents.push(found)
  }
  return parents
}

function directoryStatus(path: string): DirectoryStatus | undefined {
  const found: Found<Attributes> = attributesOf(path)
  if (found.state !== 'present') return undefined
  const { mode, uid, gid } = found
  return { path, mode, uid, gid }
}

function backupsOf(options: StoreOptions): DirectoryStatus | undefined {
  try {
    return directoryStatus(findStore(options).realPath)
  } catch {
    return undefined
  }
}
