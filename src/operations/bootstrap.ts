/** Makes a node's certificates and kubeconfigs: read, plan, issue, check, then write everything or nothing. */
import { phaseNames } from '../inventory/names.ts'
import { CERTIFICATE_PHASES, planNewCertificates } from '../pki/bootstrap-certificates.ts'
import { KUBECONFIG_PHASES, planNewKubeconfigs } from '../pki/bootstrap-kubeconfigs.ts'
import type { BootstrapResult } from '../pki/bootstrap-result.ts'
import type { BootstrapFacts, BootstrapStep } from '../pki/bootstrap-step.ts'
import { describeSteps, factSources, notesOf } from '../pki/described-bootstrap.ts'
import type { NodePath, Sourced } from '../pki/locations.ts'
import type { Snapshot } from '../pki/snapshot.ts'
import { shownPath } from '../store/files.ts'
import { checkStore, checkWritable } from '../store/preflight.ts'
import { unfinishedBusiness } from '../store/recovery.ts'
import { checkInterruption, underLock } from '../store/session.ts'
import { findStore, type Store } from '../store/state.ts'
import { commit } from '../store/transaction.ts'
import { type BootstrapOptions, newFilesJob, readBootstrapFacts } from './bootstrap-facts.ts'
import { checkRoot } from './change.ts'
import { makeFiles, placesOf } from './make-files.ts'

interface Kind {
  readonly phase: 'certs' | 'kubeconfig'
  readonly names: readonly string[]
  readonly plan: (facts: BootstrapFacts, names: BootstrapOptions['names']) => BootstrapStep[]
  readonly directory: (snapshot: Snapshot) => Sourced<NodePath>
}

const CERTIFICATES: Kind = {
  phase: 'certs',
  names: CERTIFICATE_PHASES,
  plan: planNewCertificates,
  directory: ({ locations }) => locations.certDir,
}
const KUBECONFIGS: Kind = {
  phase: 'kubeconfig',
  names: KUBECONFIG_PHASES.map(name => `${name}.conf`),
  plan: planNewKubeconfigs,
  directory: ({ locations }) => locations.kubeconfigDir,
}

/** CAs, certificates and the service account's keys. What is there and good stays. */
export function initCertificates(options: BootstrapOptions): Promise<BootstrapResult> {
  return bootstrap(options, CERTIFICATES)
}

/** Kubeconfigs with certificates that the CA on the disk signs. What is there and good stays. */
export function initKubeconfigs(options: BootstrapOptions): Promise<BootstrapResult> {
  return bootstrap(options, KUBECONFIGS)
}

async function bootstrap(options: BootstrapOptions, kind: Kind): Promise<BootstrapResult> {
  checkRoot(options)
  if (options.names !== 'all') phaseNames(options.names, kind.names)
  const store = findStore({ ...options, only: kind.phase === 'certs' ? options.certDir : undefined })
  if (options.dryRun) return dryRun(options, store, kind)
  const session = {
    command: commandOf(options, kind),
    lockTimeout: options.lockTimeout ?? 0,
    interruption: options.interruption,
  }
  return underLock(store, session, async ({ notes }) => {
    const planned = readAndPlan(options, kind)
    const { result } = planned
    return result.failures.length > 0
      ? { ...result, warnings: [...notes, ...result.warnings] }
      : { ...(await carryOut(options, store, { ...planned, kind })), notes: [...notes, ...result.notes] }
  })
}

function dryRun(options: BootstrapOptions, store: Store, kind: Kind): BootstrapResult {
  const { result, steps } = readAndPlan(options, kind)
  checkStore(store)
  for (const { path, realPath } of steps.flatMap(placesOf)) checkWritable(path, realPath)
  return { ...result, warnings: [...unfinishedBusiness(options), ...result.warnings] }
}

interface Planned {
  readonly steps: readonly BootstrapStep[]
  readonly facts: BootstrapFacts
  readonly seen: ReadonlyMap<string, string>
  /** With nothing done yet. */
  readonly result: BootstrapResult
}

function readAndPlan(options: BootstrapOptions, kind: Kind): Planned {
  const { facts, seen, tree } = readBootstrapFacts(options)
  const steps = kind.plan(facts, options.names)
  const result = {
    ...describeSteps(steps, facts),
    dryRun: options.dryRun ?? false,
    directory: shownPath(tree, kind.directory(facts.snapshot).value),
    sources: factSources(facts),
    notes: notesOf(steps, facts),
  }
  return { steps, facts, seen, result }
}

async function carryOut(
  options: BootstrapOptions,
  store: Store,
  { steps, facts, seen, result, kind }: Planned & { kind: Kind },
): Promise<BootstrapResult> {
  const changes = await makeFiles(steps, facts)
  checkInterruption(options.interruption)
  const { backup, warnings } = commit(
    store,
    newFilesJob(options, { changes, seen, command: commandOf(options, kind) }),
  )
  return {
    ...result,
    backup: store.isElsewhere ? undefined : backup,
    warnings: [...result.warnings, ...warnings],
  }
}

function commandOf({ names }: BootstrapOptions, { phase }: Kind): string {
  return ['init', 'phase', phase, ...(names === 'all' ? ['all'] : names)].join(' ')
}
