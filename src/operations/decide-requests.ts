/**
 * Approves or denies requests of a cluster: read, judge, ask whether it is allowed, show, and only then change. What is
 * changed is the very object that was judged.
 */
import type { ClusterApi } from '../cluster/api.ts'
import { messageOf, PkiError } from '../errors.ts'
import { type CertificateSigningRequest, stateOf } from '../kubernetes/certificate-signing-request.ts'
import { nearest } from '../nearest.ts'
import { type AccessQuestion, accessToDecide, onRequests, onSigner } from '../pki/csr/access.ts'
import {
  type CsrDecision,
  type CsrDecisionResult,
  type DecisionOptions,
  goneDecision,
  inOrder,
  type PlannedDecision,
  planDecision,
  withDecision,
} from '../pki/csr/decision.ts'
import { peerOf } from '../pki/csr/facts.ts'
import type { Fleet, FleetSources } from '../pki/csr/fleet.ts'
import type { Policy } from '../pki/csr/policy.ts'
import type { CsrPeer } from '../pki/csr/rule.ts'
import type { Certificate } from '../x509/certificate.ts'
import { withServed } from './ask-kubelets.ts'
import { clusterFleet } from './cluster-requests.ts'
import { withAccess } from './missing-access.ts'
import { asksForNodes, judgeRequest } from './request-judge.ts'

export interface DecideOptions extends DecisionOptions {
  /** Undefined: the usual one of each signer. */
  readonly policy: Policy | undefined
  /** What is known of the nodes beside what the cluster says. */
  readonly given?: FleetSources | undefined
  /** As of what is only judged. */
  readonly asksKubelets?: boolean | undefined
  /** CAs whose key no request may have, beside those of the cluster. */
  readonly authorities: readonly Certificate[]
  readonly dryRun: boolean
  readonly now: () => Date
  /** What is about to be done is shown; false: it is not. */
  readonly confirm: (plan: readonly PlannedDecision[]) => Promise<boolean>
  readonly onWarning: (message: string) => void
}

/** Undefined: whatever is pending. */
export async function decideRequests(
  api: ClusterApi,
  names: readonly string[] | undefined,
  options: DecideOptions,
): Promise<CsrDecisionResult> {
  const reading = names?.map(name => ({ ...onRequests('get'), name })) ?? [onRequests('list')]
  const all = [...reading, ...accessToDecide(options.policy)]
  const { read, plan } = await withAccess(api, all, async () => {
    const read = names === undefined ? await readPending(api) : await readNamed(api, names, options)
    return { read, plan: await planFor(api, read, options) }
  })
  await checkAccess(api, plan)
  const items = await carryOut(api, plan, options)
  return resultOf([...read.missing, ...items], options)
}

export function resultOf(
  items: readonly CsrDecision[],
  { dryRun }: Pick<DecideOptions, 'dryRun'>,
): CsrDecisionResult {
  return { dryRun, changed: items.some(({ changed }) => changed), items }
}

export interface ReadRequests {
  readonly requests: readonly CertificateSigningRequest[]
  readonly peers: readonly CsrPeer[]
  readonly missing: readonly CsrDecision[]
}

/** Of all the others only what is compared is kept. */
async function readPending(api: ClusterApi): Promise<ReadRequests> {
  const requests: CertificateSigningRequest[] = []
  const peers: CsrPeer[] = []
  for await (const csr of api.listRequests()) {
    peers.push(peerOf(csr))
    if (stateOf(csr) === 'pending') requests.push(csr)
  }
  return { requests, peers, missing: [] }
}

async function readNamed(
  api: ClusterApi,
  names: readonly string[],
  { onWarning }: DecideOptions,
): Promise<ReadRequests> {
  const requests: CertificateSigningRequest[] = []
  const missing: string[] = []
  for (const name of new Set(names)) {
    const csr = await api.readRequest(name)
    if (csr) requests.push(csr)
    else missing.push(name)
  }
  const known = missing.length > 0 ? await knownNames(api) : []
  return {
    requests,
    peers: await peersOf(api, requests, onWarning),
    missing: missing.map(name => goneDecision(name, nearest(name, known))),
  }
}

/** For a near name; who may not list does without. */
async function knownNames(api: ClusterApi): Promise<readonly string[]> {
  const names: string[] = []
  try {
    for await (const { name } of api.listRequests()) if (names.push(name) === MOST_KNOWN) break
    return names
  } catch (error) {
    if (!(error instanceof PkiError) || error.code !== 'FORBIDDEN') throw error
    return []
  }
}

const MOST_KNOWN = 10_000

/** Duplicates and keys that others have too; who may not list does without. */
async function peersOf(
  api: ClusterApi,
  requests: readonly CertificateSigningRequest[],
  onWarning: (message: string) => void,
): Promise<readonly CsrPeer[]> {
  const peers: CsrPeer[] = []
  try {
    for (const signerName of new Set(requests.map(({ spec }) => spec.signerName)))
      for await (const csr of api.listRequests({ signerName })) peers.push(peerOf(csr))
    return peers
  } catch (error) {
    if (!(error instanceof PkiError) || error.code !== 'FORBIDDEN') throw error
    onWarning(`other requests were not looked at, for duplicates and shared keys: ${error.message}`)
    return requests.map(peerOf)
  }
}

export async function planFor(
  api: ClusterApi,
  { requests, peers }: Pick<ReadRequests, 'requests' | 'peers'>,
  options: DecideOptions,
): Promise<readonly PlannedDecision[]> {
  const fleet = requests.some(asksForNodes) ? await fleetFor(api, peers, options) : {}
  const authorities = [...options.authorities, ...api.authorities]
  const bench = { now: options.now(), policy: options.policy, fleet, peers, authorities }
  return inOrder(requests.map(csr => planDecision(judgeRequest(csr, bench), options)))
}

async function fleetFor(
  api: ClusterApi,
  peers: readonly CsrPeer[],
  { policy, given, asksKubelets = false }: DecideOptions,
): Promise<Fleet> {
  const fleet = await clusterFleet(api, { machines: policy?.machines ?? false, given })
  return asksKubelets ? withServed(fleet, peers) : fleet
}

/** Before anything is shown as if it could be done. */
export async function checkAccess(
  api: ClusterApi,
  plan: readonly PlannedDecision[],
  further: readonly AccessQuestion[] = [],
): Promise<void> {
  const signers = new Set(
    plan.flatMap(({ facts, condition }) => (condition ? facts.csr.spec.signerName : [])),
  )
  const update = signers.size > 0 || further.length > 0 ? [onRequests('update', 'approval')] : []
  const approve = [...signers].map(signerName => onSigner('approve', signerName))
  const missing = await api.missingAccess([...further, ...update, ...approve])
  if (missing) throw missing
}

export async function carryOut(
  api: ClusterApi,
  plan: readonly PlannedDecision[],
  options: DecideOptions,
): Promise<readonly CsrDecision[]> {
  const isAnything = plan.some(({ condition }) => condition)
  const isWanted = await options.confirm(plan)
  if (options.dryRun) return plan.map(({ decision }) => decision)
  if (isAnything && !isWanted) return plan.map(unwanted)
  const items: CsrDecision[] = []
  for (const one of plan) items.push(await decide(api, one))
  return items
}

function unwanted({ condition, decision }: PlannedDecision): CsrDecision {
  return condition
    ? { ...decision, outcome: 'left', changed: false, reason: 'the answer was not yes' }
    : decision
}

/** Trouble with one is no trouble with the others. */
async function decide(
  api: ClusterApi,
  { facts: { csr }, condition, decision }: PlannedDecision,
): Promise<CsrDecision> {
  if (!condition) return decision
  let changed = false
  try {
    await api.updateApproval(csr.name, current => {
      const object = withDecision(csr, current, condition)
      changed = object !== undefined
      return object
    })
    return { ...decision, changed, reason: changed ? decision.reason : 'somebody else was faster' }
  } catch (error) {
    if (!(error instanceof PkiError || error instanceof RangeError)) throw error
    if (error instanceof PkiError && error.code === 'NOT_FOUND') return goneDecision(csr.name)
    return { ...decision, outcome: 'failed', changed: false, reason: messageOf(error) }
  }
}
