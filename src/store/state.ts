/** Where kubepki keeps what it needs on a node: its lock, its journal, the backups. One directory, its owner's alone. */
import { accessSync, constants } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { describeUnusable, PkiError } from '../errors.ts'
import { commandFlags } from '../pki/command-flags.ts'
import { DEFAULT_KUBECONFIG_DIR, type LocationFlags, type NodePath } from '../pki/locations.ts'
import { isThere, makeDirectory, on, removeEmptyDirectory, syncDirectory } from './disk.ts'
import { forbiddenDirectory, locate, shownPath, type Tree } from './files.ts'
import { isBelow, pathBelow, resolveInside } from './paths.ts'

export interface Store {
  readonly root: string
  /** Directories outside the root that the user named. */
  readonly directories: readonly string[]
  /** As shown, and where it is. */
  readonly path: string
  readonly realPath: string
  /** In the one directory that the job is about: no rollback looks there. */
  readonly isElsewhere: boolean
  /** Of directories above it that are missing: that of requests is its owner's alone. */
  readonly parentMode: number
  /** For commands that are printed: what they need to find it again. */
  readonly commandFlags: string
}

export interface StoreOptions extends LocationFlags {
  readonly root: string
  readonly csrDir?: string | undefined
  /** The job changes nothing outside of this directory: who may not write to the node has the state in there. */
  readonly only?: string | undefined
}

const NAME = 'kubepki-backups'
/** In it: a manifest that a restart has taken away. */
export const AWAY_DIRECTORY = 'away'
export const AWAY = `${NAME}/${AWAY_DIRECTORY}`

/** Throws when its place cannot be told; makes nothing. */
export function findStore(options: StoreOptions): Store {
  const tree: Tree = { root: resolve(options.root) }
  const place = placeOf(tree, options)
  const resolved = locate(tree, place)
  const path = shownPath(tree, place)
  if (resolved.state === 'invalid') {
    throw new PkiError('WRITE_FAILED', `${path}: cannot be used: ${describeUnusable(resolved)}`)
  }
  const { certDir, kubeconfigDir, kubeletDir, csrDir } = options
  const named = [certDir, kubeconfigDir, kubeletDir, csrDir].flatMap(within => {
    const real = within === undefined ? undefined : locate(tree, { path: '', within })
    return real && real.state !== 'invalid' ? [real.realPath] : []
  })
  return {
    root: tree.root,
    directories: named,
    path,
    realPath: resolved.realPath,
    isElsewhere: isElsewhere(tree, options),
    parentMode: place.within !== undefined && place.within === csrDir ? 0o700 : 0o755,
    commandFlags: commandFlags(options),
  }
}

function placeOf(tree: Tree, options: StoreOptions): NodePath {
  const above = stateOf(tree, options)
  return { ...above, path: `${above.path}/${NAME}` }
}

/** Its path, where it may not be looked into. */
export function forbiddenStore(options: StoreOptions): string | undefined {
  const tree: Tree = { root: resolve(options.root) }
  return forbiddenDirectory(tree, placeOf(tree, options))
}

/** Beside the kubeconfigs; where there are none, in the certificate directory that was named. */
function stateOf(tree: Tree, options: StoreOptions): NodePath {
  const { kubeconfigDir, certDir, only } = options
  const usual = besideKubeconfigs(options)
  if (isElsewhere(tree, options)) return named(only as string)
  const isHere = kubeconfigDir !== undefined || locate(tree, usual).state === 'present'
  return isHere || certDir === undefined ? usual : named(certDir)
}

function named(within: string): NodePath {
  return { path: '', within }
}

function besideKubeconfigs({ kubeconfigDir }: StoreOptions): NodePath {
  return kubeconfigDir === undefined ? { path: DEFAULT_KUBECONFIG_DIR } : named(kubeconfigDir)
}

/** Not where the certificate directory is the usual place, for want of another. */
function isElsewhere(tree: Tree, options: StoreOptions): boolean {
  const { only, certDir } = options
  const usual = besideKubeconfigs(options)
  if (only === undefined || isWritable(tree, usual)) return false
  return only !== certDir || locate(tree, usual).state === 'present'
}

function isWritable(tree: Tree, place: NodePath): boolean {
  const resolved = locate(tree, place)
  try {
    if (resolved.state === 'present') accessSync(resolved.realPath, constants.W_OK | constants.X_OK)
    return resolved.state === 'present'
  } catch {
    return false
  }
}

/** Answers with the topmost directory that had to be made. Synced: a journal in it must outlive a power loss. */
export function makeStore(store: Store): string | undefined {
  const { path, realPath } = store
  return on(path, () => {
    const missing = missingDownTo(realPath)
    try {
      for (const directory of missing) {
        makeDirectory(directory, directory === realPath ? 0o700 : store.parentMode)
        syncDirectory(dirname(directory))
      }
    } catch (error) {
      removeStore(store, missing[0])
      throw error
    }
    return missing[0]
  })
}

/** From the top. Node's own recursion calls a read-only file system a missing directory. */
function missingDownTo(directory: string): string[] {
  return isThere(directory) ? [] : [...missingDownTo(dirname(directory)), directory]
}

/** What is empty of it, up to what was made. */
export function removeStore({ realPath }: Store, made: string | undefined): void {
  const top = made ?? realPath
  for (let directory = realPath; isBelow(top, directory); directory = dirname(directory)) {
    try {
      removeEmptyDirectory(directory)
    } catch {}
  }
}

/** A file as the journal and a backup name it: below the root, so that a moved tree still fits. */
export interface StoredPath {
  readonly path: string
  readonly isOutsideRoot?: true
}

export function storedPath({ root }: Store, realPath: string): StoredPath {
  return isBelow(root, realPath)
    ? { path: pathBelow(root, realPath) }
    : { path: realPath, isOutsideRoot: true }
}

/** Where that is on this machine. Read from a file: its directory must not lead out of the root or what the user named. */
export function realPathOf(
  { root, directories, path: shown }: Store,
  { path, isOutsideRoot }: StoredPath,
): string {
  const base = isOutsideRoot ? directories.find(directory => isBelow(directory, path)) : root
  const below = base === undefined ? undefined : isOutsideRoot ? pathBelow(base, path) : path
  const place = base === undefined || below === undefined ? undefined : resolveInside(base, dirname(below))
  if (base !== undefined && below !== undefined && place?.state !== 'invalid') {
    const plain = join(base, below)
    if (place?.realPath === dirname(plain)) return plain
  }
  throw new PkiError('BACKUP_INVALID', `${shown}: ${path} leads out of the root`, {
    hint: 'use the same --root, --cert-dir, --kubeconfig-dir and --csr-dir as then',
  })
}
