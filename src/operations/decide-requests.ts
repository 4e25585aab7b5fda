/**
 * Approves or denies requests of a cluster: read, judge, ask whether it is allowed, show, and only then change. What is
 * changed is the very object that was judged.
 */
import { setImmediate as breath } from 'node:timers/promises'
import type { ClusterApi } from '../cluster/api.ts'
import { PkiError } from '../errors.ts'
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
} from '../pki/csr/decision.ts'
import { peerOf } from '../pki/csr/facts.ts'
import type { Fleet, FleetSources } from '../pki/csr/fleet.ts'
import type { Policy } from '../pki/csr/policy.ts'
import type { CsrPeer } from '../pki/csr/rule.ts'
import type { Certificate } from '../x509/certificate.ts'
import { withServed } from './ask-kubelets.ts'
import { clusterFleet } from './cluster-requests.ts'
import { withAccess } from './missing-access.ts'
import { type PutOptions, putDecisions, undone } from './put-decisions.ts'
import { asksForNodes, judgeRequest } from './request-judge.ts'

export interface DecideOptions extends DecisionOptions, PutOptions {
  /** Undefined: the usual one of each signer. */
  readonly policy: Policy | undefined
  /** What is known of the nodes beside what the cluster says. */
  readonly given?: FleetSources | undefined
  /** As of what is only judged. */
  readonly asksKubelets?: boolean | undefined
  /** CAs whose key no request may have, beside those of the cluster. */
  readonly authorities: readonly Certificate[]
  readonly now: () => Date
  readonly onWarning: (message: string) => void
  /** Each decision as it is made. */
  readonly onDecision?: ((decision: CsrDecision) => void) | undefined
  /** Aborted by Ctrl-C: what is decided is told, and the rest is left. */
  readonly interruption?: (() => AbortSignal) | undefined
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
  for (const item of read.missing) options.onDecision?.(item)
  const items = await carriedOut(api, plan, options)
  return resultOf([...read.missing, ...items], options)
}

/** One item for each of the plan, told as soon as it is known. */
async function carriedOut(
  api: ClusterApi,
  plan: readonly PlannedDecision[],
  options: DecideOptions,
): Promise<CsrDecision[]> {
  const items: CsrDecision[] = []
  const add = (item: CsrDecision) => {
    items.push(item)
    options.onDecision?.(item)
  }
  const ended: { by?: AbortSignal | undefined } = {}
  const confirm: DecideOptions['confirm'] = async shown => {
    const answer = await options.confirm(shown)
    // Until here nothing has been done, and nothing is left to tell.
    ended.by = options.interruption?.()
    return answer
  }
  const isEnded = () => ended.by?.aborted === true
  for await (const item of putDecisions(api, plan, { ...options, confirm, isEnded })) add(item)
  const outcome = isEnded() ? 'left' : 'failed'
  const reason = `not tried: ${isEnded() ? 'interrupted' : 'the API server is away'}`
  for (const one of plan.slice(items.length)) add(undone(one, outcome, reason))
  return items
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

/** Duplicates and keys that others have too, whoever is to sign them; who may not list does without. */
async function peersOf(
  api: ClusterApi,
  requests: readonly CertificateSigningRequest[],
  onWarning: (message: string) => void,
): Promise<readonly CsrPeer[]> {
  const peers: CsrPeer[] = []
  try {
    for await (const csr of api.listRequests()) peers.push(peerOf(csr))
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
  const plan: PlannedDecision[] = []
  for (const csr of requests) {
    if (plan.length % AT_ONCE === AT_ONCE - 1) await breath()
    if (options.isEnded?.()) break
    plan.push(planDecision(judgeRequest(csr, bench), options))
  }
  return inOrder(plan)
}

/** Judged before whatever else happens has its turn. */
const AT_ONCE = 200

async function fleetFor(
  api: ClusterApi,
  peers: readonly CsrPeer[],
  { verb, policy, given, asksKubelets = false, onWarning }: DecideOptions,
): Promise<Fleet> {
  try {
    const fleet = await clusterFleet(api, { machines: policy?.machines ?? false, given })
    return asksKubelets ? withServed(fleet, peers) : fleet
  } catch (error) {
    // What is denied needs no verdict.
    if (verb !== 'deny' || !(error instanceof PkiError) || error.code !== 'FORBIDDEN') throw error
    onWarning(`nothing is compared with the nodes: ${error.message}`)
    return {}
  }
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
