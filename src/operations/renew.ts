/** Renewal: read, plan, issue, check, then write everything or nothing. */
import { PkiError } from '../errors.ts'
import { CERTIFICATES, type CertificateSpec } from '../inventory/catalog.ts'
import { subjectAltNamesFor } from '../inventory/profile.ts'
import { type AuthorityState, assessAuthority } from '../pki/authority.ts'
import { decideClusterFacts, factValues, type MissingFact } from '../pki/cluster-facts.ts'
import { ONE_YEAR, planRenewal } from '../pki/renewal.ts'
import { describePlan } from '../pki/renewal-plan.ts'
import type { RenewalPlan, RenewalResult } from '../pki/renewal-result.ts'
import type { RenewalOrder, Step } from '../pki/renewal-step.ts'
import { planRestart } from '../pki/restart.ts'
import type { Entry, Found, Snapshot } from '../pki/snapshot.ts'
import { renewalSources } from '../pki/sources.ts'
import { readKey, type Tree } from '../store/files.ts'
import { checkWritable } from '../store/preflight.ts'
import { type ReadOptions, readSnapshot } from '../store/read.ts'
import { unfinishedBusiness } from '../store/recovery.ts'
import { type RequestDirectory, requestDirectories, requestDirectory } from '../store/requests.ts'
import { underLock } from '../store/session.ts'
import type { Store } from '../store/state.ts'
import { commit } from '../store/transaction.ts'
import { type PrivateKey, readPrivateKey } from '../x509/key.ts'
import { isIssuable, KEY_ALGORITHMS } from '../x509/key-algorithm.ts'
import type { SubjectAltName } from '../x509/subject-alt-name.ts'
import { carryOut } from './carry-out.ts'
import { type ChangeOptions, DEFAULT_KEEP_BACKUPS, storeFor } from './change.ts'
import { checkRestart, type RestartOptions, restartPods } from './restart.ts'

const SPECS: readonly CertificateSpec[] = CERTIFICATES

export interface RenewOptions
  extends ReadOptions,
    Omit<RenewalOrder, 'wantedSans'>,
    ChangeOptions,
    RestartOptions {
  readonly now: Date
  /** Where requests and their keys go; by default `csr` in the certificate directory. */
  readonly csrDir?: string | undefined
  /** Replaces a request that is already pending. */
  readonly force: boolean
  /** The names that kubeadm would make from the configuration, in serving certificates. */
  readonly sansFromConfig?: boolean
}

/** Renews and requests what was named. */
export function renewCertificates(options: RenewOptions): Promise<RenewalResult> {
  const store = storeFor({ ...options, isAboutRequests: options.csrOnly })
  const session = { command: commandOf(options), lockTimeout: options.lockTimeout ?? 0 }
  return underLock(store, session, notes => renew(options, store, notes))
}

async function renew(options: RenewOptions, store: Store, notes: readonly string[]): Promise<RenewalResult> {
  const { snapshot, steps, directory } = readAndPlan(options)
  for (const line of nameChanges(steps)) options.onProgress?.(line)
  const outcomes = await Promise.all(steps.map(step => carryOut(step, directory, options.force)))
  const changes = outcomes.flatMap(outcome => outcome.changes)
  const names = outcomes.flatMap(({ renewed }) => renewed?.name ?? [])
  const restart = planRestart(snapshot, names)
  if (options.restart) checkRestart(store, snapshot, restart)
  const isRequesting = outcomes.some(({ pending }) => pending?.created)
  const { backup, warnings } = commit(store, {
    changes,
    directories: directory && isRequesting ? requestDirectories(directory) : [],
    command: commandOf(options),
    now: options.now,
    keepBackups: options.keepBackups ?? DEFAULT_KEEP_BACKUPS,
  })
  const renewed = outcomes.flatMap(outcome => outcome.renewed ?? [])
  return {
    changed: changes.length > 0,
    renewed,
    pending: outcomes.flatMap(outcome => outcome.pending ?? []),
    skipped: outcomes.flatMap(outcome => outcome.skipped ?? []),
    backup,
    ...(options.restart ? await restartPods(store, readSnapshot(options), restart, options) : restart),
    sources: renewalSources(snapshot, options),
    warnings: [...notes, ...snapshot.warnings, ...outcomes.flatMap(outcome => outcome.warnings), ...warnings],
  }
}

/** What a renewal would do. Writes nothing and takes no lock; throws where it could not write. */
export function planCertificates(options: RenewOptions): RenewalPlan {
  const { snapshot, steps } = readAndPlan(options)
  const plan = describePlan(steps)
  for (const { path, realPath } of plan.files) checkWritable(path, realPath)
  const { renew, request, skipped } = plan
  return {
    dryRun: true,
    changed: renew.length > 0 || request.length > 0,
    renew,
    request,
    skipped,
    ...planRestart(
      snapshot,
      renew.map(({ name }) => name),
    ),
    sources: renewalSources(snapshot, options),
    warnings: [...unfinishedBusiness(options), ...snapshot.warnings, ...plan.warnings],
  }
}

interface Planned {
  readonly snapshot: Snapshot
  readonly steps: readonly Step[]
  readonly directory: RequestDirectory | undefined
}

function readAndPlan(options: RenewOptions): Planned {
  const tree: Tree = { root: options.root }
  const snapshot = readSnapshot(options)
  checkConfiguration(snapshot)
  checkValidity(snapshot, options)
  const authorities = readAuthorities(snapshot, options)
  const keys = options.keepKey ? readKeys(snapshot, options) : new Map()
  const wantedSans = options.sansFromConfig ? configuredSans(snapshot) : undefined
  const order = { ...options, wantedSans }
  const { steps } = planRenewal({ snapshot, authorities, keys, now: options.now }, order)
  const needsDirectory = steps.some(step => step.action === 'request') || options.csrDir !== undefined
  const directory = needsDirectory ? requestDirectory(tree, snapshot, options.csrDir) : undefined
  return { snapshot, steps, directory }
}

/** What becomes of the names, for whoever wants to see it first. */
function nameChanges(steps: readonly Step[]): string[] {
  return steps.flatMap(step => {
    if (step.action === 'skip' || !step.names?.extension) return []
    const { added, removed } = step.names
    return `${step.name}: SANs: ${[...added.map(name => `+${name}`), ...removed.map(name => `-${name}`)].join(' ')}`
  })
}

/** By row. Throws for what neither the configuration nor the node says. */
function configuredSans(snapshot: Snapshot): Map<string, readonly SubjectAltName[]> {
  const { value, source } = snapshot.configuration ?? {}
  if (value?.etcd === undefined) {
    throw new PkiError(
      'CONFIG_INVALID',
      `${source ?? 'no --config'}: --sans-from-config needs a ClusterConfiguration`,
      {
        hint: "kubectl -n kube-system get configmap kubeadm-config -o jsonpath='{.data.ClusterConfiguration}'",
      },
    )
  }
  const { facts, missing } = decideClusterFacts(snapshot)
  if (!facts) throw missingFacts(source ?? '', missing)
  const values = factValues(facts)
  return new Map(
    SPECS.flatMap(({ name, subjectAltName }) =>
      subjectAltName ? [[name, subjectAltNamesFor(subjectAltName, values)]] : [],
    ),
  )
}

function missingFacts(source: string, missing: readonly MissingFact[]): PkiError {
  const fields = missing.map(({ field }) => field).join(' and ')
  return new PkiError('CONFIG_INVALID', `${source}: ${fields} is not said, neither there nor on the node`, {
    hint: `add a document of kind InitConfiguration with ${fields}`,
  })
}

/** As a user would type it. */
function commandOf({ names, csrOnly }: RenewOptions): string {
  return ['certs renew', ...(names === 'all' ? ['all'] : names), ...(csrOnly ? ['--csr-only'] : [])].join(' ')
}

function checkConfiguration({ configuration }: Snapshot): void {
  const algorithm = configuration?.value.encryptionAlgorithm
  if (algorithm === undefined || isIssuable(algorithm)) return
  const wanted = Object.keys(KEY_ALGORITHMS).join(', ')
  const found = `${configuration?.source}: encryptionAlgorithm: wanted one of ${wanted}, found ${algorithm}`
  throw new PkiError('CONFIG_INVALID', found)
}

/** Else every run would renew again what the last one made. */
function checkValidity({ configuration }: Snapshot, { validity, within }: RenewOptions): void {
  const effective = validity ?? configuration?.value.certificateValidityPeriod ?? ONE_YEAR
  if (within === undefined || effective > within) return
  const days = (milliseconds: number) => `${Math.round(milliseconds / 8_640_000) / 10} d`
  const found = `certificates valid for ${days(effective)} would be due again at once inside ${days(within)}`
  throw new PkiError('USAGE', found, { hint: 'a shorter --within, or a longer --validity' })
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

/** Opens the keys that are to be signed again. */
function readKeys({ entries }: Snapshot, { names }: RenewOptions): Map<string, Found<PrivateKey>> {
  const named = entries.filter(({ kind, name }) => kind !== 'ca' && (names === 'all' || names.includes(name)))
  return new Map(named.map(entry => [entry.name, keyOf(entry)]))
}

function keyOf({ key, kubeconfig }: Entry): Found<PrivateKey> {
  const embedded = kubeconfig?.config.clientKey
  if (embedded?.at !== 'data') return key ? readKey(key) : { state: 'missing' }
  const read = readPrivateKey(embedded.pem)
  return 'key' in read ? { state: 'present', ...read } : { state: 'invalid', ...read }
}
