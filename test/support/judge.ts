/** What is wrong with a tree, judged by node:crypto and plain reading: kubepki is not asked about its own work. */
import { createHash, createPrivateKey, X509Certificate } from 'node:crypto'
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'

export type Files = ReadonlyMap<string, string>

const KUBERNETES = 'etc/kubernetes'
const BACKUPS = `${KUBERNETES}/kubepki-backups`

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

/** Every entry -> what it is: content, mode, owner; with `times`, also inode and time of a file's last change. */
export function filesOf(root: string, times = false): Files {
  const entries = readdirSync(root, { recursive: true, encoding: 'utf8' }).toSorted()
  return new Map(entries.map(path => [path, describe(join(root, path), times)]))
}

function describe(path: string, times: boolean): string {
  const stat = lstatSync(path, { bigint: true })
  const rights = `${(stat.mode & 0o7777n).toString(8)} ${stat.uid}:${stat.gid}`
  if (stat.isSymbolicLink()) return `-> ${readlinkSync(path)}`
  if (!stat.isFile()) return `directory ${rights}`
  return `${sha256(readFileSync(path))} ${rights}${times ? ` ${stat.ino} ${stat.mtimeNs}` : ''}`
}

const isOfBackups = (path: string) => path === BACKUPS || path.startsWith(`${BACKUPS}/`)

/** Paths whose entry is not the same in both; what lies with the backups is not looked at. */
export function changedBetween(before: Files, after: Files): string[] {
  const paths = new Set([...before.keys(), ...after.keys()])
  return [...paths].filter(path => !isOfBackups(path) && before.get(path) !== after.get(path)).toSorted()
}

/** A tree at rest: every pair fits and chains, nothing of kubepki lies about, every backup is whole. */
export function troublesAtRest(root: string): string[] {
  const left = [...filesOf(root).keys()].filter(path => /\.kubepki-|backups\/[^\d][^/]*$/.test(path))
  return [
    ...pairsOf(root).flatMap(pair => pairTroubles(root, pair)),
    ...left.map(path => `${path}: left behind`),
    ...backupTroubles(root, true),
  ]
}

/** A tree at any instant: no file is half written, and a backup that has a manifest is whole. */
export function troublesAtAnyTime(root: string, before: Files): string[] {
  const now = filesOf(root)
  const torn = [...before].flatMap(([path, was]) => {
    if (now.get(path) === was || was.startsWith('directory') || isOfBackups(path)) return []
    return now.has(path) ? tornTroubles(root, path) : [`${path}: lost`]
  })
  return [...torn, ...backupTroubles(root, false)]
}

/** A file that is not as it was must be whole in itself. */
function tornTroubles(root: string, path: string): string[] {
  const text = readFileSync(join(root, path), 'utf8')
  if (path.endsWith('.conf')) return pairTroubles(root, { name: path, ...embedded(text), authority: 'ca' })
  if (/\/(requests\.json|SIGNING\.md)$/.test(path)) return paperTroubles(path, text)
  return tried(path, () => {
    if (!text.endsWith('-----\n')) throw new Error('its end is missing')
    if (path.endsWith('.key')) createPrivateKey(text)
    else new X509Certificate(text)
  })
}

function paperTroubles(path: string, text: string): string[] {
  return tried(path, () => {
    if (!text.endsWith('\n')) throw new Error('its end is missing')
    if (path.endsWith('.json')) JSON.parse(text)
  })
}

function tried(name: string, work: () => void): string[] {
  try {
    work()
    return []
  } catch (error) {
    return [`${name}: ${(error as Error).message}`]
  }
}

export interface Pair {
  readonly name: string
  readonly certificate: string
  readonly key: string
  /** Below the PKI directory, without `.crt`; undefined: not of this PKI. */
  readonly authority: string | undefined
}

/** Every certificate that has a key beside it, and every kubeconfig with both in it. */
export function pairsOf(root: string): Pair[] {
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' })
  const inTree = names.filter(name => !isOfBackups(name) && !name.includes('.kubepki-')).toSorted()
  const read = (name: string) => readFileSync(join(root, name), 'utf8')
  return inTree.flatMap((name): Pair[] => {
    if (/^etc\/kubernetes\/[\w-]+\.conf$/.test(name)) {
      return [{ name, ...embedded(read(name)), authority: 'ca' }]
    }
    const key = name.replace(/\.crt$/, '.key')
    if (key === name || !inTree.includes(key)) return []
    return [{ name, certificate: read(name), key: read(key), authority: authorityOf(name) }]
  })
}

function embedded(text: string) {
  const field = (name: string) =>
    Buffer.from(new RegExp(`${name}: (\\S+)`).exec(text)?.[1] ?? '', 'base64').toString('utf8')
  return { certificate: field('client-certificate-data'), key: field('client-key-data') }
}

function authorityOf(name: string): string | undefined {
  if (!name.startsWith(`${KUBERNETES}/pki/`)) return undefined
  if (name.includes('/etcd/') || name.includes('apiserver-etcd')) return 'etcd/ca'
  return name.includes('/front-proxy') ? 'front-proxy-ca' : 'ca'
}

const judged = new Map<string, string[]>()

function pairTroubles(root: string, { name, certificate, key, authority }: Pair): string[] {
  const signer = authority && readFileSync(join(root, KUBERNETES, 'pki', `${authority}.crt`), 'utf8')
  const id = JSON.stringify([name, certificate, key, signer])
  const known = judged.get(id)
  if (known) return known
  const found = tried(name, () => {
    const parsed = new X509Certificate(certificate)
    if (!parsed.checkPrivateKey(createPrivateKey(key))) throw new Error('the key is not its own')
    if (signer && !parsed.verify(new X509Certificate(signer).publicKey))
      throw new Error('not signed by its CA')
  })
  judged.set(id, found)
  return found
}

interface Manifest {
  readonly files: readonly {
    readonly path: string
    readonly sha256Before: string | null
    readonly sha256After: string | null
  }[]
}

/** Backups, by id: what has another name is begun, or half removed. */
export function backupsOf(root: string): ReadonlyMap<string, Manifest> {
  const directory = join(root, BACKUPS)
  const ids = existsSync(directory)
    ? readdirSync(directory).filter(name => /^\d{8}T\d{6}Z(-\d+)?$/.test(name))
    : []
  const manifests = ids.filter(id => existsSync(join(directory, id, 'manifest.json')))
  return new Map(
    manifests.map(id => [id, JSON.parse(readFileSync(join(directory, id, 'manifest.json'), 'utf8'))]),
  )
}

/** `isAtRest`: what is no backup is trouble too. */
function backupTroubles(root: string, isAtRest: boolean): string[] {
  const directory = join(root, BACKUPS)
  if (!existsSync(directory)) return []
  const backups = backupsOf(root)
  const wide = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter(name => {
    const stat = lstatSync(join(directory, name))
    return (stat.mode & 0o777) !== (stat.isDirectory() ? 0o700 : 0o600)
  })
  const begun = readdirSync(directory).filter(name => /^\d/.test(name) && !backups.has(name))
  return [
    ...[...backups].flatMap(([id, { files }]) => files.flatMap(file => copyTroubles(directory, id, file))),
    ...wide.map(name => `${name}: not its owner's alone`),
    ...(isAtRest ? begun.map(id => `backup ${id}: no manifest`) : []),
  ]
}

function copyTroubles(
  directory: string,
  id: string,
  { path, sha256Before }: Manifest['files'][number],
): string[] {
  if (sha256Before === null) return []
  const copy = join(directory, id, path)
  return tried(`backup ${id}: ${path}`, () => {
    if (sha256(readFileSync(copy)) !== sha256Before) throw new Error('not what was put there')
    if ((lstatSync(dirname(copy)).mode & 0o077) !== 0) throw new Error('open to others')
  })
}

/** The hashes that a backup brings back. */
export function keptBy(root: string): ReadonlySet<string> {
  const manifests = [...backupsOf(root).values()]
  return new Set(manifests.flatMap(({ files }) => files.flatMap(({ sha256Before }) => sha256Before ?? [])))
}
