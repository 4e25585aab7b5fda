/** From a node and an order to the steps of a renewal, and to the plan that a dry run shows. */
import { PkiError } from '../errors.ts'
import { type AuthorityState, assessAuthority } from '../pki/authority.ts'
import { planRenewal } from '../pki/renewal.ts'
import { describeRequest, describeSignature, filesOf, warningsOf } from '../pki/renewal-plan.ts'
import type { PlannedRequest, RenewalPlan, SkippedCertificate } from '../pki/renewal-result.ts'
import type { RenewalOrder, Step } from '../pki/renewal-step.ts'
import { planRestart } from '../pki/restart.ts'
import { answeringCa, type Entry, type Found, type Snapshot } from '../pki/snapshot.ts'
import { renewalSources } from '../pki/sources.ts'
import { ONE_YEAR } from '../pki/validity.ts'
import { checkArchive } from '../store/archive.ts'
import { readKey, type Tree } from '../store/files.ts'
import { checkStore, checkWritable } from '../store/preflight.ts'
import { type ReadOptions, readSnapshot } from '../store/read.ts'
import { unfinishedBusiness } from '../store/recovery.ts'
import { type RequestDirectory, requestDirectory } from '../store/requests.ts'
import { findStore } from '../store/state.ts'
import type { PrivateKey } from '../x509/key.ts'
import type { ChangeOptions } from './change.ts'
import { configuredSans } from './configured-sans.ts'
import { keyOf } from './entry-key.ts'
import { configuredAlgorithm } from './new-keys.ts'
import { assessRequest } from './pending.ts'
import { openPackage } from './request-package.ts'
import { checkRestart, type RestartOptions } from './restart.ts'

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
  /** Where requests and sheet are packed for the CA's people, when there are any. */
  readonly archive?: string | undefined
  /** Of rows whose requests go to a cluster: who signs them there. */
  readonly signers?: ReadonlyMap<string, string> | undefined
}

/** What a renewal would do. Writes nothing and takes no lock; throws where it could not write. */
export async function planCertificates(options: RenewOptions): Promise<RenewalPlan> {
  const { snapshot, steps, directory } = readAndPlan(options)
  const signing = steps.filter(step => step.action === 'sign')
  const store = findStore({ ...options, only: options.csrOnly ? options.csrDir : undefined })
  checkStore(store)
  for (const { path, realPath } of signing.flatMap(filesOf)) checkWritable(path, realPath)
  const requests = await planRequests(steps, directory, options.force)
  const skipped = steps.flatMap(step => {
    if (step.action !== 'skip') return []
    const { action: _, ...rest } = step
    return rest
  })
  const planned = planRestart(
    snapshot,
    signing.map(({ name }) => name),
  )
  if (options.restart) checkRestart(store, snapshot, planned)
  if (options.archive !== undefined) checkArchive(options.archive)
  const packaged =
    directory && requests.request.length > 0
      ? openPackage({ ...packageOf(snapshot, options), directory })
      : undefined
  return {
    dryRun: true,
    changed: signing.length > 0 || requests.request.some(({ created }) => created),
    renew: signing.map(describeSignature),
    request: requests.request,
    skipped: [...skipped, ...requests.skipped],
    ...packaged?.files,
    ...planned,
    sources: renewalSources(snapshot, options),
    warnings: [
      ...unfinishedBusiness(options),
      ...snapshot.warnings,
      ...warningsOf(signing),
      ...requests.warnings,
      ...(packaged?.warnings ?? []),
    ],
  }
}

async function planRequests(steps: readonly Step[], directory: RequestDirectory | undefined, force: boolean) {
  const request: PlannedRequest[] = []
  const skipped: SkippedCertificate[] = []
  const warnings: string[] = []
  for (const step of steps) {
    if (step.action !== 'request' || !directory) continue
    const assessed = await assessRequest(step, directory, force)
    if ('skipped' in assessed) skipped.push(assessed.skipped)
    else {
      request.push(describeRequest(step, assessed.pending))
      warnings.push(...assessed.warnings)
    }
  }
  return { request, skipped, warnings }
}

/** What requests of a renewal ask for besides. */
export function packageOf(snapshot: Snapshot, { validity, now }: Pick<RenewOptions, 'now' | 'validity'>) {
  const configured = snapshot.configuration?.value.certificateValidityPeriod
  return { snapshot, now, validity: validity ?? configured ?? ONE_YEAR }
}

interface Planned {
  readonly snapshot: Snapshot
  readonly steps: readonly Step[]
  readonly directory: RequestDirectory | undefined
  /** What it was planned on. */
  readonly seen: ReadonlyMap<string, string>
}

export function readAndPlan(options: RenewOptions): Planned {
  const tree: Tree = { root: options.root }
  const snapshot = readSnapshot(options)
  configuredAlgorithm(snapshot)
  checkValidity(snapshot, options)
  const seen = withoutKubelets(snapshot)
  const authorities = readAuthorities(snapshot, options, seen)
  const keys = options.keepKey ? readKeys(snapshot, options, seen) : new Map()
  const wantedSans = options.sansFromConfig ? configuredSans(snapshot) : undefined
  const order = { ...options, wantedSans }
  const { steps } = planRenewal({ snapshot, authorities, keys, now: options.now }, order)
  const needsDirectory = steps.some(step => step.action === 'request') || options.csrDir !== undefined
  const directory = needsDirectory ? requestDirectory(tree, snapshot, options.csrDir) : undefined
  return { snapshot, steps, directory, seen }
}

/** Else every run would renew again what the last one made. */
function checkValidity({ configuration }: Snapshot, { validity, within }: RenewOptions): void {
  const effective = validity ?? configuration?.value.certificateValidityPeriod ?? ONE_YEAR
  if (within === undefined || effective > within) return
  const days = (milliseconds: number) => `${Math.round(milliseconds / 8_640_000) / 10} d`
  const found = `certificates valid for ${days(effective)} would be due again at once inside ${days(within)}`
  throw new PkiError('USAGE', found, { hint: 'a shorter --within, or a longer --validity' })
}

/** The kubelet rotates its own files whenever it likes: no job depends on them but one that writes them. */
export function withoutKubelets(
  { entries, seen }: Snapshot,
  written: readonly Entry[] = [],
): Map<string, string> {
  const kept = new Map(seen)
  for (const entry of entries.filter(one => !one.isListed && !written.includes(one)))
    for (const file of [entry.file, entry.certificateFile]) kept.delete(file?.realPath ?? '')
  return kept
}

/** Opens the keys of those CAs alone that sign what was named. */
function readAuthorities(
  snapshot: Snapshot,
  { names, now }: RenewOptions,
  seen: Map<string, string>,
): Map<string, AuthorityState> {
  const named = snapshot.entries.filter(({ name }) => names === 'all' || names.includes(name))
  const needed = new Set(named.map(answeringCa))
  const entries = snapshot.entries.filter(({ name }) => needed.has(name))
  const assess = (entry: Entry) =>
    assessAuthority(entry, entry.key ? readKey(entry.key, seen) : { state: 'missing' }, now)
  return new Map(entries.map(entry => [entry.name, assess(entry)]))
}

/** Opens the keys that are to be signed again. */
function readKeys(
  { entries }: Snapshot,
  { names }: RenewOptions,
  seen: Map<string, string>,
): Map<string, Found<PrivateKey>> {
  const named = entries.filter(({ kind, name }) => kind !== 'ca' && (names === 'all' || names.includes(name)))
  return new Map(named.map(entry => [entry.name, keyOf(entry, seen)]))
}
