/** Renewal: read, plan, issue, check, then write everything or nothing. */
import type { RenewalResult } from '../pki/renewal-result.ts'
import type { Step } from '../pki/renewal-step.ts'
import { namesOfFiles, planRestart } from '../pki/restart.ts'
import { renewalSources } from '../pki/sources.ts'
import { directoryWithParents } from '../store/directories.ts'
import type { Recovered } from '../store/recovery.ts'
import { checkInterruption, underLock } from '../store/session.ts'
import type { Store } from '../store/state.ts'
import { commit } from '../store/transaction.ts'
import { carryOut } from './carry-out.ts'
import { DEFAULT_KEEP_BACKUPS, storeFor } from './change.ts'
import { type RenewOptions, readAndPlan } from './plan-renewal.ts'
import { checkRestart, restartPods } from './restart.ts'

/** Renews and requests what was named. */
export function renewCertificates(options: RenewOptions): Promise<RenewalResult> {
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
  const changes = outcomes.flatMap(outcome => outcome.changes)
  const names = outcomes.flatMap(({ renewed }) => renewed?.name ?? [])
  const restart = planRestart(snapshot, [...names, ...namesOfFiles(snapshot, completed)])
  if (options.restart) checkRestart(store, snapshot, restart)
  checkInterruption(options.interruption)
  const isRequesting = outcomes.some(({ pending }) => pending?.created)
  const { backup, warnings } = commit(store, {
    changes,
    directories: directory && isRequesting ? directoryWithParents(directory, 0o700) : [],
    seen,
    command: commandOf(options),
    now: options.now,
    keepBackups: options.keepBackups ?? DEFAULT_KEEP_BACKUPS,
  })
  const renewed = outcomes.flatMap(outcome => outcome.renewed ?? [])
  return {
    changed: changes.length + completed.length > 0,
    renewed,
    pending: outcomes.flatMap(outcome => outcome.pending ?? []),
    skipped: outcomes.flatMap(outcome => outcome.skipped ?? []),
    backup: store.isElsewhere ? undefined : backup,
    ...(options.restart ? await restartPods(store, restart, options) : restart),
    sources: renewalSources(snapshot, options),
    warnings: [...notes, ...snapshot.warnings, ...outcomes.flatMap(outcome => outcome.warnings), ...warnings],
  }
}

/** What becomes of the names, for whoever wants to see it first. */
function nameChanges(steps: readonly Step[]): string[] {
  return steps.flatMap(step => {
    if (step.action === 'skip' || !step.names?.extension) return []
    const { added, removed } = step.names
    return `${step.name}: SANs: ${[...added.map(name => `+${name}`), ...removed.map(name => `-${name}`)].join(' ')}`
  })
}

/** As a user would type it, for the history. */
function commandOf(options: RenewOptions): string {
  const { names, csrOnly, keepKey, addSans = [], removeSans = [], sansFromConfig } = options
  return [
    ...['certs renew', ...(names === 'all' ? ['all'] : names)],
    ...(csrOnly ? ['--csr-only'] : []),
    ...(keepKey ? ['--key keep'] : []),
    ...addSans.map(({ value }) => `--add-san ${value}`),
    ...removeSans.map(({ value }) => `--remove-san ${value}`),
    ...(sansFromConfig ? ['--sans-from-config'] : []),
  ].join(' ')
}
