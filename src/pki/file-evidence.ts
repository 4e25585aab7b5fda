/** What the file system says of a node's files, and what lies beside them. Nothing in it is decided yet. */
import type { Entry, Found, PlacedFile, Snapshot } from './snapshot.ts'

export interface FileEvidence {
  readonly statuses: readonly FileStatus[]
  /** Directories with live files in them. */
  readonly directories: readonly LiveDirectory[]
  readonly manifests: readonly ManifestFile[]
  /** Where kubepki keeps its backups, where there is one. */
  readonly backups?: DirectoryStatus | undefined
}

/** A file of the inventory: the first row that has it. */
export interface WatchedFile {
  /** The row. */
  readonly name: string
  readonly use: 'certificate' | 'key' | 'kubeconfig' | 'publicKey'
  /** A private key or a token is in it, or may be. */
  readonly isSecret: boolean
  readonly file: Pick<PlacedFile, 'path' | 'realPath'>
  /** Somebody's copy, not the node's own. */
  readonly isCopy: boolean
  /** A kubeconfig names it. */
  readonly isReference: boolean
}

export interface FileStatus extends WatchedFile {
  readonly status: Found<FileAttributes>
  /** From its own directory up to the root, the root itself left out. */
  readonly parents: readonly DirectoryStatus[]
}

export interface FileAttributes extends Attributes {
  /** No directory, no pipe. */
  readonly isFile: boolean
  readonly size: number
  /** Names that it has. */
  readonly links: number
}

export interface Attributes {
  /** Permission bits, with the sticky one. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

export interface DirectoryStatus extends Attributes {
  readonly path: string
}

export interface LiveDirectory {
  readonly path: string
  /** What no row has, and no kubelet put there, by name. */
  readonly others: readonly OtherFile[]
}

export interface OtherFile {
  readonly name: string
  readonly isDirectory: boolean
  /** Files with a private key, in it or itself, that anybody on the machine can read. */
  readonly openKeys: readonly string[]
}

/** A file that the kubelet takes for a static pod. */
export interface ManifestFile {
  readonly path: string
  readonly name: string
  /** Of its metadata. */
  readonly podName: string
}

/** Every file of the inventory once, and bootstrap and copied kubeconfigs. */
export function watchedFiles(
  { entries, serviceAccount }: Snapshot,
  copies: readonly Entry[],
): readonly WatchedFile[] {
  const [publicKey, privateKey] = serviceAccount
  const all = [
    ...[...entries, ...copies].flatMap(entry => filesOf(entry, copies.includes(entry))),
    ...(publicKey ? [watched('sa', 'publicKey', { file: publicKey })] : []),
    ...(privateKey ? [watched('sa', 'key', { file: privateKey, isSecret: true })] : []),
  ]
  const files = new Map<string, WatchedFile>()
  // A file that a kubeconfig refers to is its own row's, where it has one.
  for (const one of all.toSorted((a, b) => Number(a.isReference) - Number(b.isReference))) {
    const key = one.file.realPath ?? one.file.path
    const known = files.get(key)
    files.set(key, known ? { ...known, isSecret: known.isSecret || one.isSecret } : one)
  }
  return [...files.values()]
}

type Options = Pick<WatchedFile, 'file'> & Partial<WatchedFile>

function watched(name: string, use: WatchedFile['use'], options: Options): WatchedFile {
  return { name, use, isSecret: false, isCopy: false, isReference: false, ...options }
}

function filesOf({ name, kind, ...entry }: Entry, isCopy: boolean): WatchedFile[] {
  const { certificate, certificateFile, key, file, kubeconfig } = entry
  const isReference = kind === 'kubeconfig'
  const keys = key ? [watched(name, 'key', { file: key, isSecret: true, isCopy, isReference })] : []
  if (!isReference) {
    const holdsKey = certificate.state === 'present' && certificate.holdsKey
    return [watched(name, 'certificate', { file, isSecret: kind === 'kubelet' && holdsKey }), ...keys]
  }
  const isSecret = kubeconfig?.config.clientKey?.at !== 'file'
  const referred = certificateFile
    ? [watched(name, 'certificate', { file: certificateFile, isCopy, isReference })]
    : []
  return [watched(name, 'kubeconfig', { file, isSecret, isCopy }), ...referred, ...keys]
}
