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
import { type BootstrapOptions, readBootstrapFacts } from './bootstrap-facts.ts'
import { makeFiles, placesOf } from './make-files.ts'
import { type PlannedFiles, writeNewFiles } from './new-files.ts'

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
  if (options.names !== 'all') phaseNames(options.names, kind.names)
  return writeNewFiles(options, {
    command: commandOf(options, kind),
    only: kind.phase === 'certs' ? options.certDir : undefined,
    plan: () => plan(options, kind),
  })
}

function plan(options: BootstrapOptions, kind: Kind): PlannedFiles<BootstrapResult> {
  const { facts, seen, tree } = readBootstrapFacts(options)
  const steps = kind.plan(facts, options.names)
  const result = {
    ...describeSteps(steps, facts),
    dryRun: options.dryRun ?? false,
    directory: shownPath(tree, kind.directory(facts.snapshot).value),
    sources: factSources(facts),
    notes: notesOf(steps, facts),
  }
  return { result, seen, places: steps.flatMap(placesOf), make: () => makeFiles(steps, facts) }
}

function commandOf({ names }: BootstrapOptions, { phase }: Kind): string {
  return ['init', 'phase', phase, ...(names === 'all' ? ['all'] : names)].join(' ')
}
