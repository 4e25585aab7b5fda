/** What an external CA returned, back where it belongs: read, matched, checked, then installed together or not at all. */
import { PkiError } from '../errors.ts'
import { addEmbedded, parseWaitingKubeconfig } from '../kubernetes/kubeconfig.ts'
import type { AnswerCode } from '../pki/answer-checks.ts'
import type { FileChange } from '../pki/file-change.ts'
import { answerText, type ImportPlan, type InstallStep, planImport } from '../pki/import-plan.ts'
import {
  describeInstalled,
  describeUnanswered,
  type ImportResult,
  installedOf,
} from '../pki/import-result.ts'
import { changeOf, type Installation, renewedFiles } from '../pki/renewed-files.ts'
import { planRestart } from '../pki/restart.ts'
import { entryNamed, type PlacedFile, type Snapshot } from '../pki/snapshot.ts'
import { sourceFacts } from '../pki/sources.ts'
import { type Answers, readAnswers } from '../store/answers.ts'
import { readAwaited } from '../store/awaited.ts'
import { readFound, type Tree } from '../store/files.ts'
import { checkStore, checkWritable } from '../store/preflight.ts'
import { type ReadOptions, readNode } from '../store/read.ts'
import { type Recovered, unfinishedBusiness } from '../store/recovery.ts'
import { requestDirectory } from '../store/requests.ts'
import { checkInterruption, underLock } from '../store/session.ts'
import { findStore, type Store } from '../store/state.ts'
import { commit } from '../store/transaction.ts'
import {
  encodeCertificates,
  isSameCertificate,
  publicKeySha256Of,
  readCertificates,
} from '../x509/certificate.ts'
import { encodePrivateKey, isKeyOf } from '../x509/key.ts'
import { type ChangeOptions, DEFAULT_KEEP_BACKUPS, storeFor } from './change.ts'
import { checkRestart, type RestartOptions, restartPods } from './restart.ts'

export interface ImportOptions extends ReadOptions, ChangeOptions, RestartOptions {
  readonly now: Date
  /** What came: files and directories; none: what lies in the directory of requests. */
  readonly paths: readonly string[]
  /** Where the requests and their keys wait; by default `csr` in the certificate directory. */
  readonly csrDir?: string | undefined
  /** Milliseconds that a certificate has to last from now; by default 30 days. */
  readonly minValidity?: number | undefined
  /** Differences from a request that are let pass. */
  readonly allow?: readonly AnswerCode[]
  /** Installs what can be installed, whatever else is refused or has not come. */
  readonly partial?: boolean
  readonly dryRun?: boolean
}

export const DEFAULT_MIN_VALIDITY = 30 * 86_400_000

/** Throws when a file that was named cannot be read, or nothing came at all. */
export async function importAnswers(options: ImportOptions): Promise<ImportResult> {
  if (options.dryRun) return tryImport(options)
  const store = storeFor(options)
  const { lockTimeout = 0, interruption } = options
  const session = { command: commandOf(options), lockTimeout, interruption }
  return underLock(store, session, recovered => install(options, store, recovered))
}

interface Planned {
  readonly snapshot: Snapshot
  readonly plan: ImportPlan
  readonly steps: readonly InstallStep[]
  readonly changes: readonly FileChange[]
  readonly seen: ReadonlyMap<string, string>
  readonly warnings: readonly string[]
}

function readAndPlan(options: ImportOptions): Planned {
  const snapshot = readNode(options)
  const seen = new Map(snapshot.seen)
  const tree: Tree = { root: options.root, seen }
  const directory = requestDirectory(tree, snapshot, options.csrDir)
  const awaited = readAwaited(tree, snapshot, directory)
  const paths = options.paths.length > 0 ? options.paths : [directory.realPath]
  const isNowhere = options.paths.length === 0 && directory.isMissing
  const answers = isNowhere ? { files: [], passedOver: [] } : readAnswers(paths)
  if (answers.files.length === 0) throw nothingCame(paths, answers)
  const returned = answers.files.flatMap(({ path, certificates }) =>
    certificates.map(certificate => ({
      file: path,
      certificate,
      publicKeySha256: publicKeySha256Of(certificate),
    })),
  )
  const { now, minValidity = DEFAULT_MIN_VALIDITY, allow = [], partial = false } = options
  const plan = planImport(
    { snapshot, awaited, returned, replacedKeys: new Map() },
    { now, minValidity, allow, partial },
  )
  const steps = installedOf(plan, partial)
  const made = steps.map(step => filesOf(tree, snapshot, { step, now }))
  const changes = made.flatMap(one => one.changes)
  checkDistinct(changes)
  const warnings = [
    ...snapshot.warnings,
    ...answers.passedOver.map(found => `passed over: ${found}`),
    ...made.flatMap(one => one.warnings),
  ]
  return { snapshot, plan, steps, changes, seen, warnings }
}

function nothingCame(paths: readonly string[], { passedOver }: Answers): PkiError {
  const found = passedOver.length > 0 ? `: ${passedOver.slice(0, 3).join('; ')}` : ''
  return new PkiError('NO_ANSWER', `no certificate in ${paths.join(', ')}${found}`, {
    hint: 'name the files or directories that came: kubepki certs import DIR; what waits: kubepki certs requests',
  })
}

interface Placing {
  readonly step: InstallStep
  readonly now: Date
}

interface Placed {
  readonly changes: readonly FileChange[]
  readonly warnings: readonly string[]
}

/** The certificate and its key to their places; the request and the waiting key go away with the same transaction. */
function filesOf(tree: Tree, snapshot: Snapshot, { step, now }: Placing): Placed {
  const { awaited, path } = step
  const { entry, key, place, csrFile, keyFile } = awaited
  const authority = entryNamed(snapshot, entry.caName)?.certificate
  const bundle = authority?.state === 'present' ? authority.certificates : [path.anchor]
  const pem = { certificate: answerText(step), key: encodePrivateKey(key.key) }
  verify(step, pem.certificate)
  const installation: Installation = {
    entry,
    caName: entry.caName ?? '',
    authority: { certificate: path.anchor, bundle },
    notBefore: now,
    key: place === 'in-place' ? { kept: key } : {},
  }
  const isWaiting = entry.kind === 'kubeconfig' && !entry.kubeconfig
  const files = isWaiting ? waitingKubeconfig(tree, installation, pem) : renewedFiles(installation, pem)
  const gone = [csrFile, ...(keyFile ? [keyFile] : [])].map(removalOf)
  return {
    changes: [...files.changes, ...gone],
    warnings: files.warnings.map(warning => `${entry.name}: ${warning}`),
  }
}

/** Nothing is written that is not the pair it is to be. */
function verify({ awaited, answer }: InstallStep, text: string): void {
  const read = readCertificates(text)
  const isWhole =
    'certificates' in read &&
    isSameCertificate(read.certificates[0], answer.certificate) &&
    isKeyOf(awaited.key, read.certificates[0])
  if (!isWhole)
    throw new PkiError('ISSUED_CERTIFICATE_WRONG', `${awaited.entry.name}: its files do not read back`)
}

/** A kubeconfig that has its key and waits for the rest. */
function waitingKubeconfig(
  tree: Tree,
  { entry, authority }: Installation,
  pem: { certificate: string; key: string },
): Placed {
  const { file } = entry
  const found =
    file.realPath === undefined
      ? undefined
      : readFound({ ...file, state: 'present', realPath: file.realPath }, tree.seen)
  const text = found?.state === 'present' ? found.text : ''
  const waiting = parseWaitingKubeconfig(text)
  if (waiting?.clientKey.at !== 'data')
    throw new PkiError(
      'KUBECONFIG_UNUSABLE',
      `${file.path}: wanted a kubeconfig whose key waits for its certificate`,
    )
  const whole = addEmbedded(text, waiting.clientKey.path, 'client-certificate-data', pem.certificate)
  if (waiting.certificateAuthority) return { changes: [changeOf(file, whole, true)], warnings: [] }
  const trust = encodeCertificates(authority.bundle)
  const trusting = addEmbedded(whole, [...waiting.clusterPath, 'server'], 'certificate-authority-data', trust)
  return { changes: [changeOf(file, trusting, true)], warnings: [] }
}

function removalOf(file: PlacedFile): FileChange {
  const { path, realPath } = file
  if (realPath === undefined) throw new TypeError(`nobody knows where ${path} is`)
  return { path, realPath, contents: null, isSecret: true }
}

function checkDistinct(changes: readonly FileChange[]): void {
  const seen = new Set<string>()
  for (const { path, realPath } of changes) {
    if (seen.has(realPath)) throw new PkiError('WRITE_FAILED', `${path} would be a file of two certificates`)
    seen.add(realPath)
  }
}

/** Writes nothing and takes no lock; throws where it could not write. */
async function tryImport(options: ImportOptions): Promise<ImportResult> {
  const planned = readAndPlan(options)
  const store = findStore(options)
  checkStore(store)
  for (const { path, realPath } of planned.changes) checkWritable(path, realPath)
  const restart = planRestart(planned.snapshot, replacedNames(planned))
  return {
    ...resultOf(planned, options),
    ...restart,
    backup: undefined,
    warnings: [...unfinishedBusiness(options), ...planned.warnings],
  }
}

async function install(
  options: ImportOptions,
  store: Store,
  { notes, completed }: Recovered,
): Promise<ImportResult> {
  const planned = readAndPlan(options)
  const { snapshot, changes, seen, warnings } = planned
  const restart = planRestart(snapshot, replacedNames(planned))
  if (options.restart) checkRestart(store, snapshot, restart)
  checkInterruption(options.interruption)
  const { now, keepBackups = DEFAULT_KEEP_BACKUPS } = options
  const committed = commit(store, { changes, seen, command: commandOf(options), now, keepBackups })
  return {
    ...resultOf(planned, options),
    changed: changes.length + completed.length > 0,
    ...(options.restart ? await restartPods(store, restart, options) : restart),
    backup: store.isElsewhere ? undefined : committed.backup,
    warnings: [...notes, ...warnings, ...committed.warnings],
  }
}

/** Rows that somebody may hold already: a new node's nobody does. */
function replacedNames({ steps }: Planned): string[] {
  return steps.flatMap(({ awaited: { entry } }) => (entry.certificate.state === 'present' ? entry.name : []))
}

function resultOf({ snapshot, plan, steps, changes }: Planned, { dryRun = false }: ImportOptions) {
  return {
    dryRun,
    changed: changes.length > 0,
    installed: steps.map(describeInstalled),
    alreadyInstalled: plan.alreadyInstalled.map(({ name, longName, file }) => ({
      name,
      longName,
      file: file.path,
    })),
    refused: plan.refused,
    unanswered: plan.unanswered.map(describeUnanswered),
    sources: sourceFacts(snapshot),
  }
}

/** As a user would type it, for the history: what was allowed is on record there. */
function commandOf({ partial, allow = [] }: ImportOptions): string {
  return ['certs import', ...(partial ? ['--partial'] : []), ...allow.map(code => `--allow ${code}`)].join(
    ' ',
  )
}
