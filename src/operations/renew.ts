/** Renewal: read, plan, issue, check, then write everything or nothing. */
import type { Component } from '../inventory/catalog.ts'
import { CERTIFICATES, KUBECONFIGS } from '../inventory/catalog.ts'
import { type AuthorityState, assessAuthority } from '../pki/authority.ts'
import { verifyIssued, verifyWritten } from '../pki/issued.ts'
import {
  planRenewal,
  type RenewalOrder,
  type RequestStep,
  type SignStep,
  type SkipStep,
} from '../pki/renewal.ts'
import type {
  PendingRequest,
  RenewalResult,
  RenewedCertificate,
  SkippedCertificate,
} from '../pki/renewal-result.ts'
import { certificateText, type FileChange, renewedFiles } from '../pki/renewed-files.ts'
import { type Snapshot, shownFile } from '../pki/snapshot.ts'
import { renewalSources } from '../pki/sources.ts'
import { readKey, type Tree } from '../store/files.ts'
import { type ReadOptions, readSnapshot } from '../store/read.ts'
import {
  makeRequestDirectory,
  type RequestDirectory,
  readPending,
  requestChanges,
  requestDirectory,
  requestFiles,
} from '../store/requests.ts'
import { commit } from '../store/transaction.ts'
import { encodePrivateKey, generateKey } from '../x509/key.ts'

/** What issues is loaded while the first keys are being made. */
const issuing = () => import('../x509/issue.ts')
const requesting = () => import('../x509/request.ts')

export interface RenewOptions extends ReadOptions, RenewalOrder {
  readonly now: Date
  /** Where requests and their keys go; by default `csr` in the certificate directory. */
  readonly csrDir?: string | undefined
  /** Replaces a request that is already pending. */
  readonly force: boolean
}

interface Outcome {
  readonly changes: readonly FileChange[]
  readonly warnings: readonly string[]
}
type Renewed = Outcome & { readonly renewed: RenewedCertificate }
type Requested = Outcome & ({ readonly pending: PendingRequest } | { readonly skipped: SkippedCertificate })

export async function renewCertificates(options: RenewOptions): Promise<RenewalResult> {
  const tree: Tree = { root: options.root }
  const snapshot = readSnapshot(options)
  const authorities = readAuthorities(snapshot, options)
  const { steps } = planRenewal({ snapshot, authorities, now: options.now }, options)
  const requests = steps.filter(step => step.action === 'request')
  const needsDirectory = requests.length > 0 || options.csrDir !== undefined
  const directory = needsDirectory ? requestDirectory(tree, snapshot, options.csrDir) : undefined
  const [renewed, requested] = await Promise.all([
    Promise.all(steps.filter(step => step.action === 'sign').map(sign)),
    Promise.all(directory ? requests.map(step => request(step, directory, options.force)) : []),
  ])
  const changes = [...renewed, ...requested].flatMap(outcome => outcome.changes)
  if (directory && requested.some(outcome => outcome.changes.length > 0)) makeRequestDirectory(directory)
  commit(changes)
  const refused = requested.flatMap(outcome => ('skipped' in outcome ? [outcome.skipped] : []))
  const skips = steps.filter(step => step.action === 'skip').map(skipped)
  return {
    changed: changes.length > 0,
    renewed: renewed.map(outcome => outcome.renewed),
    pending: requested.flatMap(outcome => ('pending' in outcome ? [outcome.pending] : [])),
    skipped: [...skips, ...refused],
    restart: componentsOf(renewed.map(outcome => outcome.renewed.name)),
    sources: renewalSources(snapshot, options),
    warnings: [...snapshot.warnings, ...[...renewed, ...requested].flatMap(outcome => outcome.warnings)],
  }
}

/** Opens the keys of those CAs alone that sign what was named. */
function readAuthorities(snapshot: Snapshot, { names, now }: RenewOptions): Map<string, AuthorityState> {
  const needed = new Set(
    snapshot.entries.filter(({ name }) => names.includes(name)).map(({ caName }) => caName),
  )
  const entries = snapshot.entries.filter(({ name }) => needed.has(name))
  return new Map(
    entries.map(entry => [
      entry.name,
      assessAuthority(entry, entry.key ? readKey(entry.key) : { state: 'missing' }, now),
    ]),
  )
}

async function sign(step: SignStep): Promise<Renewed> {
  const making = generateKey(step.algorithm)
  const [{ reissueLeaf }, key] = await Promise.all([issuing(), making])
  const { old, authority, notBefore, notAfter, name, longName, caName, entry } = step
  const certificate = await reissueLeaf({ like: old, key, authority, notBefore, notAfter })
  verifyIssued(step, { certificate, key })
  const pem = { certificate: certificateText(certificate, step), key: encodePrivateKey(key.key) }
  verifyWritten(step, { certificate, key }, pem)
  const { changes, warnings } = renewedFiles(step, pem)
  const renewed: RenewedCertificate = {
    name,
    longName,
    caName,
    file: shownFile(entry),
    expirationDate: instant(certificate.notAfter),
    previousExpirationDate: instant(old.notAfter),
    serialNumber: certificate.serialNumber,
    keyAlgorithm: certificate.keyAlgorithm,
  }
  return { changes, renewed, warnings: [...step.warnings, ...warnings].map(warning => `${name}: ${warning}`) }
}

/** A request that is pending is kept: its answer may be on its way. */
async function request(step: RequestStep, directory: RequestDirectory, force: boolean): Promise<Requested> {
  const { name, longName, caName, entry, old, algorithm, isCaExternal } = step
  const { isRequestFor, requestLike } = await requesting()
  const before = force ? ({ state: 'none' } as const) : readPending(directory, name)
  const isWhole = before.state === 'complete' && isRequestFor(before.request, before.key) === true
  if (before.state !== 'none' && !isWhole) {
    const found = before.state === 'incomplete' ? before.found : `${name}.csr was not made for ${name}.key`
    const message = `the pending request in ${directory.path} is not whole: ${found}`
    const hint = 'replace it with --force'
    return {
      changes: [],
      warnings: [],
      skipped: { name, longName, reason: 'REQUEST_INCOMPLETE', message, hint },
    }
  }
  const pending: PendingRequest = {
    name,
    longName,
    caName,
    externallyManaged: isCaExternal,
    created: !isWhole,
    ...requestFiles(directory, name),
    certificateFile: shownFile(entry),
    ...(entry.kubeconfig && !entry.certificateFile && { kubeconfigUser: entry.kubeconfig.config.userName }),
  }
  const warnings = step.warnings.map(warning => `${name}: ${warning}`)
  if (isWhole) return { changes: [], warnings, pending }
  const key = await generateKey(algorithm)
  const csr = await requestLike(old, key)
  return {
    changes: requestChanges(directory, name, { csr, key: encodePrivateKey(key.key) }),
    warnings,
    pending,
  }
}

function skipped({ name, longName, reason, message, hint }: SkipStep): SkippedCertificate {
  return { name, longName, reason, message, hint }
}

/** In the order they are best restarted. */
const RESTART_ORDER: readonly Component[] = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
]

function componentsOf(names: readonly string[]): Component[] {
  const users = new Set<Component>([
    ...CERTIFICATES.filter(spec => names.includes(spec.name)).flatMap(spec => spec.usedBy),
    ...KUBECONFIGS.flatMap(spec => (names.includes(spec.name) && 'component' in spec ? spec.component : [])),
  ])
  return RESTART_ORDER.filter(component => users.has(component))
}

function instant(date: Date): string {
  return date.toISOString().replace(/\.\d{3}Z$/, 'Z')
}
