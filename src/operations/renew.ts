/** Renewal: read, plan, issue, check, then write everything or nothing. */
import { apiFlags } from '../pki/csr/resume-command.ts'
import type { RenewalResult } from '../pki/renewal-result.ts'
import type { Step } from '../pki/renewal-step.ts'
import { namesOfFiles, planRestart } from '../pki/restart.ts'
import type { Snapshot } from '../pki/snapshot.ts'
import { renewalSources } from '../pki/sources.ts'
import { checkArchive } from '../store/archive.ts'
import { directoryWithParents } from '../store/directories.ts'
import type { Recovered } from '../store/recovery.ts'
import type { PackageFiles, RequestDirectory } from '../store/requests.ts'
import { checkInterruption, underLock } from '../store/session.ts'
import type { Store } from '../store/state.ts'
import { commit } from '../store/transaction.ts'
import { archiveAfterwards } from './archive-requests.ts'
import { carryOut, type Outcome } from './carry-out.ts'
import { DEFAULT_KEEP_BACKUPS, storeFor } from './change.ts'
import { packageOf, type RenewOptions, readAndPlan } from './plan-renewal.ts'
import { openPackage } from './request-package.ts'
import { checkRestart, restartPods } from './restart.ts'

/** Renews and requests what was named. */
export function renewCertificates(options: RenewOptions): Promise<RenewalResult> {
  if (options.archive !== undefined) checkArchive(options.archive)
  const store = storeFor({ ...options, only: options.csrOnly ? options.csrDir : undefined })
  const session = {
    command: commandOf(options),
    lockTimeout: options.lockTimeout ?? 0,
    interruption: options.interruption,
  }
  return underLock(store, session, recovered => renew(options, store, recovered))
}

async function renew(
  options: RenewOptions,
  store: Store,
  { notes, completed }: Recovered,
): Promise<RenewalResult> {
  const { snapshot, steps, directory, seen } = readAndPlan(options)
  for (const line of nameChanges(steps)) options.onProgress?.(line)
  const outcomes = await Promise.all(steps.map(step => carryOut(step, directory, options.force)))
  const packaged = packageFor(options, { snapshot, directory, outcomes })
  const changes = [...outcomes.flatMap(outcome => outcome.changes), ...packaged.changes]
  const names = outcomes.flatMap(({ renewed }) => renewed?.name ?? [])
  const restart = planRestart(snapshot, [...names, ...namesOfFiles(snapshot, completed)])
  if (options.restart) checkRestart(store, snapshot, restart)
  checkInterruption(options.interruption)
  const { backup, warnings } = commit(store, {
    changes,
    directories: directory && packaged.changes.length > 0 ? directoryWithParents(directory, 0o700) : [],
    seen: new Map([...seen, ...packaged.seen]),
    command: commandOf(options),
    now: options.now,
    keepBackups: options.keepBackups ?? DEFAULT_KEEP_BACKUPS,
  })
  const renewed = outcomes.flatMap(outcome => outcome.renewed ?? [])
  return {
    changed: changes.length + completed.length > 0,
    renewed,
    pending: outcomes.flatMap(outcome => outcome.pending ?? []),
    ...packaged.files,
    ...archived(options, packaged.files),
    skipped: outcomes.flatMap(outcome => outcome.skipped ?? []),
    backup: store.isElsewhere ? undefined : backup,
    ...(options.restart ? await restartPods(store, restart, options) : restart),
    sources: renewalSources(snapshot, options),
    warnings: [
      ...notes,
      ...snapshot.warnings,
      ...outcomes.flatMap(outcome => outcome.warnings),
      ...packaged.warnings,
      ...warnings,
    ],
  }
}

interface Requesting {
  readonly snapshot: Snapshot
  readonly directory: RequestDirectory | undefined
  readonly outcomes: readonly Outcome[]
}

/** What goes with the requests, in the same transaction. */
function packageFor(options: RenewOptions, { snapshot, directory, outcomes }: Requesting) {
  const pending = outcomes.filter(outcome => outcome.pending !== undefined)
  if (!directory || pending.length === 0) return { changes: [], seen: new Map(), warnings: [] }
  const { files, warnings, seen, changesWith } = openPackage({ ...packageOf(snapshot, options), directory })
  const made = pending.flatMap(({ pending: one, changes }) => {
    const csr = changes.find(({ path }) => path === one?.csrFile)
    return one && csr ? [{ name: one.name, csr }] : []
  })
  const signers = pending.flatMap(({ pending: one }) =>
    one ? [[`${one.name}.csr`, options.signers?.get(one.name)] as const] : [],
  )
  return { files, warnings, seen, changes: changesWith({ made, signers: new Map(signers) }) }
}

/** Of what is on the disk by then; that it fails undoes nothing. */
function archived(options: RenewOptions, files: PackageFiles | undefined) {
  return options.archive !== undefined && files
    ? archiveAfterwards({ ...options, archive: options.archive })
    : {}
}

/** What becomes of the names, for whoever wants to see it first. */
function nameChanges(steps: readonly Step[]): string[] {
  return steps.flatMap(step => {
    if (step.action === 'skip') return []
    const { added = [], removed = [], extension } = step.names ?? {}
    const sans = [...added.map(name => `+${name}`), ...removed.map(name => `-${name}`)].join(' ')
    return [...(extension ? [`${step.name}: SANs: ${sans}`] : []), ...subjectChange(step)]
  })
}

function subjectChange(step: Step): string[] {
  if (step.action !== 'request' || !step.subject) return []
  return [`${step.name}: subject: +${step.subject.text} -${step.old.subject}`]
}

/** As a user would type it, for the history. */
function commandOf(options: RenewOptions): string {
  const { names, csrOnly, keepKey, addSans = [], removeSans = [], sansFromConfig, signers } = options
  return [
    ...['certs renew', ...(names === 'all' ? ['all'] : names)],
    ...(signers ? apiFlags([...signers.values()][0]) : csrOnly ? ['--csr-only'] : []),
    ...(keepKey ? ['--key keep'] : []),
    ...addSans.map(({ value }) => `--add-san ${value}`),
    ...removeSans.map(({ value }) => `--remove-san ${value}`),
    ...(sansFromConfig ? ['--sans-from-config'] : []),
  ].join(' ')
}
