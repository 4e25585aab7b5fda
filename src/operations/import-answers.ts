/** What an external CA returned, back where it belongs: read, matched, checked, then installed together or not at all. */
import { PkiError } from '../errors.ts'
import type { AnswerCode } from '../pki/answer-checks.ts'
import { commandFlags } from '../pki/command-flags.ts'
import { apiFlags } from '../pki/csr/resume-command.ts'
import type { FileChange } from '../pki/file-change.ts'
import { type ImportPlan, type InstallStep, planImport } from '../pki/import-plan.ts'
import {
  describeInstalled,
  describeUnanswered,
  type ImportResult,
  installedOf,
} from '../pki/import-result.ts'
import type { ManifestRequest } from '../pki/request-manifest.ts'
import { planRestart } from '../pki/restart.ts'
import type { Snapshot } from '../pki/snapshot.ts'
import { sourceFacts } from '../pki/sources.ts'
import { type Answers, readAnswers } from '../store/answers.ts'
import type { Tree } from '../store/files.ts'
import { checkStore, checkWritable } from '../store/preflight.ts'
import { type ReadOptions, readNode } from '../store/read.ts'
import { type Recovered, unfinishedBusiness } from '../store/recovery.ts'
import { type RequestDirectory, requestDirectory } from '../store/requests.ts'
import { checkInterruption, underLock } from '../store/session.ts'
import { findStore, type Store } from '../store/state.ts'
import { commit } from '../store/transaction.ts'
import { publicKeySha256Of } from '../x509/certificate.ts'
import { awaitedRequests } from './awaited-requests.ts'
import { type ChangeOptions, DEFAULT_KEEP_BACKUPS, storeFor } from './change.ts'
import { checkDistinct, filesOf } from './install-answer.ts'
import { packageOf, withoutKubelets } from './plan-renewal.ts'
import { openPackage } from './request-package.ts'
import { checkRestart, type RestartOptions, restartPods } from './restart.ts'

export interface ImportOptions extends ReadOptions, ChangeOptions, RestartOptions {
  readonly now: Date
  /** What came: files and directories; none: what lies in the directory of requests. */
  readonly paths: readonly string[]
  /** What came otherwise, in place of what lies anywhere. */
  readonly answers?: Answers | undefined
  /** Rows whose requests are looked at; absent: all that wait. */
  readonly names?: readonly string[] | undefined
  /** In a cluster, who signed what came otherwise. */
  readonly signerName?: string | undefined
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

const DEFAULT_MIN_VALIDITY = 30 * 86_400_000

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
  const { snapshot, tree, directory, answers, paperwork, facts, flaws } = read(options)
  const { now, minValidity = DEFAULT_MIN_VALIDITY, allow = [], partial = false } = options
  const plan = planImport(facts, { now, minValidity, allow, partial })
  const steps = installedOf(plan, partial)
  const made = steps.map(step => filesOf(tree, snapshot, { step, now }))
  const papers =
    directory.isMissing || steps.length === 0
      ? []
      : paperwork.changesWith({ installed: new Set(steps.map(({ awaited }) => awaited.publicKeySha256)) })
  const changes = [...made.flatMap(one => one.changes), ...papers]
  checkDistinct(changes)
  const written = steps.map(({ awaited }) => awaited.entry)
  return {
    ...{ snapshot, plan, steps, changes },
    seen: new Map([...withoutKubelets(snapshot, written), ...(tree.seen ?? []), ...paperwork.seen]),
    warnings: [
      ...snapshot.warnings,
      ...paperwork.warnings,
      ...flaws,
      ...answers.passedOver.map(found => `passed over: ${found}`),
      ...plan.superseded.map(
        ({ file }) => `passed over: ${file}: an answer of old, installed once and replaced`,
      ),
      ...made.flatMap(one => one.warnings),
      ...steps.flatMap(step => tooLong(step, paperwork.known)),
    ],
  }
}

const DAY = 86_400_000

function tooLong({ awaited, answer }: InstallStep, known: readonly ManifestRequest[]): string[] {
  const { notBefore, notAfter } = answer.certificate
  const days = Math.floor((notAfter.getTime() - notBefore.getTime()) / DAY)
  const row = known.find(({ publicKeySha256 }) => publicKeySha256 === awaited.publicKeySha256)
  const isLonger = row !== undefined && days > row.longestValidityDays + 1
  return isLonger
    ? [`${awaited.entry.name}: valid for ${days} days, asked for ${row.longestValidityDays} at most`]
    : []
}

function read(options: ImportOptions) {
  const snapshot = readNode(options)
  const tree: Tree = { root: options.root, seen: new Map() }
  const directory = requestDirectory(tree, snapshot, options.csrDir)
  const { awaited: waiting, flaws } = awaitedRequests(snapshot, directory)
  const awaited = waiting.filter(({ entry }) => options.names?.includes(entry.name) ?? true)
  const paperwork = openPackage({ ...packageOf(snapshot, options), directory })
  const answers = answersOf(options, directory)
  const returned = answers.files.flatMap(({ path, certificates }) =>
    certificates.map(certificate => ({
      file: path,
      certificate,
      publicKeySha256: publicKeySha256Of(certificate),
    })),
  )
  const { replacedKeys, installedKeys } = paperwork
  const facts = { snapshot, awaited, returned, replacedKeys, installedKeys }
  return { snapshot, tree, directory, answers, paperwork, facts, flaws }
}

function answersOf(options: ImportOptions, directory: RequestDirectory): Answers {
  if (options.answers) return options.answers
  const isNowhere = options.paths.length === 0 && directory.isMissing
  const paths = options.paths.length > 0 ? options.paths : [directory.realPath]
  const answers = isNowhere ? { files: [], passedOver: [] } : readAnswers(paths)
  if (answers.files.length === 0) throw nothingCame(paths, answers, commandFlags(options))
  return answers
}

function nothingCame(paths: readonly string[], { passedOver }: Answers, flags: string): PkiError {
  const found = passedOver.length > 0 ? `: ${passedOver.slice(0, 3).join('; ')}` : ''
  return new PkiError('NO_ANSWER', `no certificate in ${paths.join(', ')}${found}`, {
    hint: `name the files or directories that came: kubepki certs import DIR${flags}; what waits: kubepki certs requests${flags}`,
  })
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
function commandOf({ partial, allow = [], names, signerName }: ImportOptions): string {
  if (names) return ['certs renew', ...names, ...apiFlags(signerName)].join(' ')
  return ['certs import', ...(partial ? ['--partial'] : []), ...allow.map(code => `--allow ${code}`)].join(
    ' ',
  )
}
