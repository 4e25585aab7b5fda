/** Renewal: read, plan, issue, check, then write everything or nothing. */
import { messageOf, PkiError } from '../errors.ts'
import { type AuthorityState, assessAuthority } from '../pki/authority.ts'
import { instant } from '../pki/instant.ts'
import { verifyIssued, verifyRequest, verifyWritten } from '../pki/issued.ts'
import {
  planRenewal,
  type RenewalOrder,
  type RequestStep,
  type SignStep,
  type SkipStep,
  type Step,
} from '../pki/renewal.ts'
import type {
  PendingRequest,
  RenewalResult,
  RenewedCertificate,
  SkippedCertificate,
} from '../pki/renewal-result.ts'
import { certificateText, type FileChange, renewedFiles } from '../pki/renewed-files.ts'
import { planRestart } from '../pki/restart.ts'
import { type Entry, type Snapshot, shownFile } from '../pki/snapshot.ts'
import { renewalSources } from '../pki/sources.ts'
import { readKey, type Tree } from '../store/files.ts'
import { type ReadOptions, readSnapshot } from '../store/read.ts'
import {
  makeRequestDirectory,
  type PendingState,
  type RequestDirectory,
  readPending,
  requestChanges,
  requestDirectory,
  requestFiles,
} from '../store/requests.ts'
import { commit } from '../store/transaction.ts'
import { encodePrivateKey, generateKey, isKeyOf } from '../x509/key.ts'
import { isIssuable, KEY_ALGORITHMS } from '../x509/key-algorithm.ts'

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
  readonly renewed?: RenewedCertificate
  readonly pending?: PendingRequest
  readonly skipped?: SkippedCertificate
}

export async function renewCertificates(options: RenewOptions): Promise<RenewalResult> {
  const tree: Tree = { root: options.root }
  const snapshot = readSnapshot(options)
  checkConfiguration(snapshot)
  const authorities = readAuthorities(snapshot, options)
  const { steps } = planRenewal({ snapshot, authorities, now: options.now }, options)
  const needsDirectory = steps.some(step => step.action === 'request') || options.csrDir !== undefined
  const directory = needsDirectory ? requestDirectory(tree, snapshot, options.csrDir) : undefined
  const outcomes = await Promise.all(
    steps.map(step => settle(step, () => carryOut(step, directory, options.force))),
  )
  const changes = outcomes.flatMap(outcome => outcome.changes)
  if (directory && outcomes.some(({ pending }) => pending?.created)) makeRequestDirectory(directory)
  commit(changes)
  const renewed = outcomes.flatMap(outcome => outcome.renewed ?? [])
  return {
    changed: changes.length > 0,
    renewed,
    pending: outcomes.flatMap(outcome => outcome.pending ?? []),
    skipped: outcomes.flatMap(outcome => outcome.skipped ?? []),
    ...planRestart(
      snapshot,
      renewed.map(({ name }) => name),
    ),
    sources: renewalSources(snapshot, options),
    warnings: [...snapshot.warnings, ...outcomes.flatMap(outcome => outcome.warnings)],
  }
}

function checkConfiguration({ configuration }: Snapshot): void {
  const algorithm = configuration?.value.encryptionAlgorithm
  if (algorithm === undefined || isIssuable(algorithm)) return
  const wanted = Object.keys(KEY_ALGORITHMS).join(', ')
  const found = `${configuration?.source}: encryptionAlgorithm: wanted one of ${wanted}, found ${algorithm}`
  throw new PkiError('CONFIG_INVALID', found)
}

/** Opens the keys of those CAs alone that sign what was named. */
function readAuthorities(snapshot: Snapshot, { names, now }: RenewOptions): Map<string, AuthorityState> {
  const named = snapshot.entries.filter(({ name }) => names === 'all' || names.includes(name))
  const needed = new Set(named.map(({ caName }) => caName))
  const entries = snapshot.entries.filter(({ name }) => needed.has(name))
  const assess = (entry: Entry) =>
    assessAuthority(entry, entry.key ? readKey(entry.key) : { state: 'missing' }, now)
  return new Map(entries.map(entry => [entry.name, assess(entry)]))
}

/** What cannot be made anew, by our own checks or the library's, stops itself alone: nothing has been written yet. */
async function settle({ name, longName }: Step, work: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await work()
  } catch (error) {
    const skipped = { name, longName, reason: 'NOT_MADE', message: messageOf(error) } as const
    return { changes: [], warnings: [], skipped }
  }
}

async function carryOut(
  step: Step,
  directory: RequestDirectory | undefined,
  force: boolean,
): Promise<Outcome> {
  if (step.action === 'sign') return sign(step)
  if (step.action === 'request' && directory) return request(step, directory, force)
  const { name, longName, reason, message, hint } = step as SkipStep
  return { changes: [], warnings: [], skipped: { name, longName, reason, message, hint } }
}

async function sign(step: SignStep): Promise<Outcome> {
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

/** A request that is pending is kept: its answer may be on its way. One whose answer is installed makes room for a new one. */
async function request(step: RequestStep, directory: RequestDirectory, force: boolean): Promise<Outcome> {
  const { name, longName, caName, entry, isCaExternal } = step
  const { isRequestFor, requestLike } = await requesting()
  const before = readPending(directory, name)
  const isWhole = before.state === 'whole' && isRequestFor(before.request, before.key) === true
  const obstacle = isWhole ? undefined : obstacleOf(before, directory, { name, force })
  if (obstacle)
    return {
      changes: [],
      warnings: [],
      skipped: { name, longName, reason: 'REQUEST_INCOMPLETE', ...obstacle },
    }
  const isInstalled = before.state === 'whole' && isKeyOf(before.key, step.old)
  const isKept = isWhole && !force && !isInstalled
  const pending: PendingRequest = {
    name,
    longName,
    caName,
    externallyManaged: isCaExternal,
    created: !isKept,
    ...requestFiles(directory, name),
    certificateFile: shownFile(entry),
    certificateKeyFile: entry.key?.path ?? shownFile(entry),
    ...(entry.kubeconfig && !entry.certificateFile && { kubeconfigUser: entry.kubeconfig.config.userName }),
  }
  const warnings = step.warnings.map(warning => `${name}: ${warning}`)
  if (isKept) return { changes: [], warnings, pending }
  const key = await generateKey(step.algorithm)
  const csr = await requestLike(step.old, key)
  verifyRequest(step, csr, key)
  return {
    changes: requestChanges(directory, name, { csr, key: encodePrivateKey(key.key) }),
    warnings,
    pending,
  }
}

/** A key without the request made for it may be a live one: not even force replaces it. */
function obstacleOf(
  before: PendingState,
  { path }: RequestDirectory,
  { name, force }: { name: string; force: boolean },
) {
  if (before.state === 'none') return undefined
  const hasStrangeKey = before.state === 'whole' || before.hasKey
  if (force && !hasStrangeKey) return undefined
  const found = before.state === 'whole' ? `${name}.csr was not made for ${name}.key` : before.found
  const hint = hasStrangeKey ? `move ${path}/${name}.key away if it is not in use` : 'replace it with --force'
  return { message: `the pending request in ${path} is not whole: ${found}`, hint }
}
