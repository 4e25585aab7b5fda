/** What goes with requests: `requests.json` and the sheet for the CA's people, brought up to date with what lies there. */
import { relative } from 'node:path'
import { describeUnusable } from '../errors.ts'
import { decideClusterFacts } from '../pki/cluster-facts.ts'
import type { FileChange } from '../pki/file-change.ts'
import {
  encodeManifest,
  isOutstanding,
  type ManifestRequest,
  manifestRequest,
  markInstalled,
  markSigners,
  mergeManifest,
  newManifest,
  type RequestManifest,
} from '../pki/request-manifest.ts'
import { answeringCa, entryNamed, type Snapshot, shownFile } from '../pki/snapshot.ts'
import { renderSigningSheet } from '../report/signing-sheet.ts'
import {
  type PackageFiles,
  packageChanges,
  packageFiles,
  type RequestDirectory,
  readPackage,
} from '../store/requests.ts'
import { readRequested } from '../x509/requested.ts'
import { findRequests, type LocatedRequest, liveCertificates } from './found-requests.ts'

interface PackageOrder {
  readonly snapshot: Snapshot
  readonly directory: RequestDirectory
  /** Milliseconds: the longest validity that is asked for. */
  readonly validity: number
  readonly now: Date
  /** Where it is known better than the snapshot knows it. */
  readonly node?: string | undefined
}

/** A request that the job makes. */
export interface MadeRequest {
  readonly name: string
  readonly csr: FileChange
}

export interface RequestPackage {
  readonly files: PackageFiles
  readonly warnings: readonly string[]
  /** Both files, as they were read. */
  readonly seen: ReadonlyMap<string, string>
  /** As it was. */
  readonly known: readonly ManifestRequest[]
  /** Of requests by now replaced, that nothing waits for any more: public key -> row. */
  readonly replacedKeys: ReadonlyMap<string, string>
  /** Of requests whose answers were installed. */
  readonly installedKeys: ReadonlyMap<string, string>
  /** Nothing when there is nothing new to say. */
  readonly changesWith: (work: Work) => FileChange[]
}

export function openPackage(order: PackageOrder): RequestPackage {
  const seen = new Map<string, string>()
  const { manifest, sheet } = readPackage(order.directory, seen)
  const old = manifest.state === 'present' ? manifest.manifest : undefined
  const changesWith = (work: Work) => {
    const next = manifestWith(order, old, work)
    const text = encodeManifest(next)
    const isSame = manifest.state === 'present' && manifest.text === text && sheet !== undefined
    return isSame ? [] : packageChanges(order.directory, { manifest: text, sheet: renderSigningSheet(next) })
  }
  const files = packageFiles(order.directory)
  const found = manifest.state === 'invalid' ? describeUnusable(manifest) : undefined
  const warnings = found === undefined ? [] : [`${files.manifestFile}: ${found}: a new one takes its place`]
  const keysOf = (isWanted: (row: ManifestRequest) => boolean) =>
    new Map(old?.requests.filter(isWanted).map(({ publicKeySha256, name }) => [publicKeySha256, name]))
  const replacedKeys = keysOf(({ replaced }) => replaced !== undefined)
  const installedKeys = keysOf(({ installed }) => installed !== undefined)
  const known = old?.requests ?? []
  return { files, warnings, seen, known, replacedKeys, installedKeys, changesWith }
}

/** With what lies there without being in it: of an older kubepki, or of a manifest that was lost. */
function manifestWith(
  order: PackageOrder,
  old: RequestManifest | undefined,
  { made = [], installed = new Set(), signers = new Map() }: Work = {},
): RequestManifest {
  const replaced = new Set(made.map(({ csr }) => csr.realPath))
  const pending = pendingOf(order, installed).filter(({ realPath }) => !replaced.has(realPath))
  const rows = manifestRows(order, { known: old?.requests ?? [], pending, made })
  const requests = markInstalled(markSigners(rows, signers), installed, order.now)
  const next = newManifest(order.node ?? nodeNameOf(order.snapshot) ?? old?.node, requests)
  return old && isSameButVersion(old, next) ? old : next
}

function isSameButVersion(old: RequestManifest, next: RequestManifest): boolean {
  return encodeManifest({ ...next, version: old.version }) === encodeManifest(old)
}

interface Work {
  readonly made?: readonly MadeRequest[]
  /** Public keys of requests whose answers the job puts into their places. */
  readonly installed?: ReadonlySet<string>
  /** By file, of those asked for now: who signs in a cluster; undefined: the CA's people. */
  readonly signers?: ReadonlyMap<string, string | undefined>
}

interface Rows {
  readonly known: readonly ManifestRequest[]
  readonly pending: readonly LocatedRequest[]
  readonly made: readonly MadeRequest[]
}

function manifestRows(order: PackageOrder, { known, pending, made }: Rows): ManifestRequest[] {
  const keys = new Set(pending.map(({ requested }) => requested?.publicKeySha256))
  const knownKeys = new Set(known.filter(isOutstanding).map(({ publicKeySha256 }) => publicKeySha256))
  const unknown = pending.filter(({ requested }) => requested && !knownKeys.has(requested.publicKeySha256))
  const rows = [
    ...made.map(({ name, csr }) => ({ name, realPath: csr.realPath, pem: String(csr.contents) })),
    ...unknown.map(({ name, realPath, pem = '', modified }) => ({ name, realPath, pem, modified })),
  ]
  return mergeManifest(
    known,
    rows.flatMap(row => rowOf(order, row)),
    ({ publicKeySha256 }) => keys.has(publicKeySha256),
  )
}

interface Row {
  readonly name: string
  readonly realPath: string
  readonly pem: string
  readonly modified?: Date | undefined
}

function rowOf(order: PackageOrder, { name, realPath, pem, modified }: Row): ManifestRequest[] {
  const { snapshot, directory, validity, now } = order
  const requested = readRequested(pem)
  const entry = entryNamed(snapshot, name)
  if ('reason' in requested || !entry) return []
  const caName = answeringCa(entry) ?? ''
  const authority = entryNamed(snapshot, caName)?.certificate
  return [
    manifestRequest({
      ...{ name, caName, requested, validity, created: modified ?? now },
      file: relative(directory.realPath, realPath),
      authority: authority?.state === 'present' ? authority.certificates[0] : undefined,
      certificateFile: shownFile(entry),
    }),
  ]
}

/** Whole, and not in use already. */
function pendingOf(
  { snapshot, directory }: PackageOrder,
  installed: ReadonlySet<string> = new Set(),
): LocatedRequest[] {
  const live = new Set(liveCertificates(snapshot).map(({ publicKeySha256 }) => publicKeySha256))
  const isOver = (key: string) => live.has(key) && !installed.has(key)
  return findRequests(snapshot, directory).filter(
    ({ requested, flaw }) => requested && flaw === undefined && !isOver(requested.publicKeySha256),
  )
}

function nodeNameOf(snapshot: Snapshot): string | undefined {
  return decideClusterFacts(snapshot).nodeName?.value
}

/** Every request that waits, with its text, as `requests.json` says it or would. */
export function outstandingRequests(order: PackageOrder) {
  const { manifest } = readPackage(order.directory)
  const old = manifest.state === 'present' ? manifest.manifest : undefined
  const next = manifestWith(order, old)
  const texts = new Map(pendingOf(order).map(({ requested, pem }) => [requested?.publicKeySha256, pem]))
  const requests = next.requests.filter(isOutstanding)
  return { manifest: { ...next, requests }, texts }
}
