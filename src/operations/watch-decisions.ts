/**
 * Goes on deciding as requests come: the list and what becomes of it, a batch at a time, so that client requests come
 * before the serving ones of the same moment. What is left is looked at again: nodes appear.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { firstToAbort } from '../abort.ts'
import type { ClusterApi } from '../cluster/api.ts'
import { AWAY } from '../cluster/watching.ts'
import { PkiError } from '../errors.ts'
import { type CertificateSigningRequest, stateOf } from '../kubernetes/certificate-signing-request.ts'
import { accessToDecide, onRequests } from '../pki/csr/access.ts'
import type { CsrDecision, CsrDecisionResult, PlannedDecision } from '../pki/csr/decision.ts'
import { peerOf } from '../pki/csr/facts.ts'
import type { CsrPeer } from '../pki/csr/rule.ts'
import { checkAccess, type DecideOptions, planFor, resultOf } from './decide-requests.ts'
import { withAccess } from './missing-access.ts'
import { putDecisions } from './put-decisions.ts'

export interface WatchOptions extends DecideOptions {
  /** Ends it; what was begun is done first. */
  readonly signal: AbortSignal
}

/** Milliseconds in which what comes together is one batch. */
const QUIET = 300
/** Milliseconds after which what was left is looked at again; for each of many so many more. */
const AGAIN = 10_000
const AGAIN_EACH = 5

interface Desk {
  /** By name: all there are, as far as they are compared. */
  readonly peers: Map<string, CsrPeer>
  /** Of one name: waits for a decision. */
  readonly waiting: Map<string, CertificateSigningRequest>
  readonly items: Map<string, CsrDecision>
  /** Those of them that nobody has looked at since they came. */
  readonly fresh: Set<string>
  /** All there are have been read. */
  isComplete: boolean
}

export async function watchDecisions(api: ClusterApi, options: WatchOptions): Promise<CsrDecisionResult> {
  const reading = [onRequests('list'), onRequests('watch')]
  const all = [...reading, ...accessToDecide(options.policy)]
  await withAccess(api, all, () => checkAccess(api, [], reading))
  const desk: Desk = {
    peers: new Map(),
    waiting: new Map(),
    items: new Map(),
    fresh: new Set(),
    isComplete: false,
  }
  const trouble = new AbortController()
  const signal = firstToAbort([options.signal, trouble.signal])
  const endOther = (error: unknown) => {
    trouble.abort()
    throw error
  }
  const isEnded = () => signal.aborted
  const both = [follow(api, desk, signal), work(api, desk, { ...options, signal, isEnded })]
  const ended = await Promise.allSettled(both.map(one => one.catch(endOther)))
  for (const one of ended) if (one.status === 'rejected') throw one.reason
  return resultOf([...desk.items.values()], options)
}

async function follow(api: ClusterApi, desk: Desk, signal: AbortSignal): Promise<void> {
  let listed = new Set<string>()
  for await (const event of api.watchRequests(signal)) {
    if (event.type === 'listing') {
      listed = new Set()
      desk.isComplete = false
    } else if (event.type === 'synced') {
      for (const name of desk.peers.keys()) if (!listed.has(name)) forget(desk, name)
      desk.isComplete = true
    } else if (event.type === 'gone') forget(desk, event.request.name)
    else {
      listed.add(event.request.name)
      take(desk, event.request)
    }
  }
}

function forget(desk: Desk, name: string): void {
  desk.peers.delete(name)
  release(desk, name)
}

/** It waits no longer, and what was not done about it is nobody's concern any more. */
function release({ waiting, fresh, items }: Desk, name: string): void {
  waiting.delete(name)
  fresh.delete(name)
  if (UNSETTLED.has(items.get(name)?.outcome)) items.delete(name)
}

const UNSETTLED: ReadonlySet<CsrDecision['outcome'] | undefined> = new Set([
  'refused',
  'left',
  'gone',
  'failed',
])

function take(desk: Desk, csr: CertificateSigningRequest): void {
  desk.peers.set(csr.name, peerOf(csr))
  if (stateOf(csr) !== 'pending') {
    release(desk, csr.name)
    return
  }
  desk.waiting.set(csr.name, csr)
  desk.fresh.add(csr.name)
}

async function work(api: ClusterApi, desk: Desk, options: WatchOptions): Promise<void> {
  const { signal } = options
  const patience = { hasWorked: false, refusals: 0 }
  for (let waited = 0; !signal.aborted; waited += QUIET) {
    await sleep(QUIET, undefined, { signal }).catch(() => undefined)
    if (signal.aborted || !desk.isComplete) continue
    const isAgain = waited >= Math.max(AGAIN, AGAIN_EACH * desk.waiting.size)
    if (isAgain) waited = 0
    const requests = batch(desk, isAgain)
    if (requests.length === 0 || (await isDecided(api, desk, { requests, options, patience }))) continue
    for (const { name } of requests) if (desk.waiting.has(name)) desk.fresh.add(name)
    await sleep(PAUSE, undefined, { signal }).catch(() => undefined)
  }
}

/** What is new, or all that waits. */
function batch({ waiting, fresh }: Desk, isAll: boolean): CertificateSigningRequest[] {
  const names = isAll ? [...waiting.keys()] : [...fresh]
  fresh.clear()
  return names.flatMap(name => waiting.get(name) ?? [])
}

/** Milliseconds before a server that is away is asked again. */
const PAUSE = 1_000
/** One that has just started refuses what it will allow. */
const MOST_REFUSALS = 15

interface Patience {
  hasWorked: boolean
  refusals: number
}

interface Batch {
  readonly requests: readonly CertificateSigningRequest[]
  readonly options: WatchOptions
  readonly patience: Patience
}

/** False: the server is away or not ready, as it was not before. */
async function isDecided(
  api: ClusterApi,
  desk: Desk,
  { requests, options, patience }: Batch,
): Promise<boolean> {
  try {
    const isWhole = await decideBatch(api, desk, { requests, options })
    Object.assign(patience, { hasWorked: true, refusals: 0 })
    return isWhole
  } catch (error) {
    const isAway = error instanceof PkiError && (AWAY.has(error.code) || error.code === 'CLUSTER_UNTRUSTED')
    const isRefused =
      error instanceof PkiError && (error.code === 'FORBIDDEN' || error.code === 'UNAUTHORIZED')
    patience.refusals += isRefused ? 1 : 0
    if (!patience.hasWorked || !(isAway || isRefused) || patience.refusals > MOST_REFUSALS) throw error
    return false
  }
}

/** False: the server went away in the middle. */
async function decideBatch(
  api: ClusterApi,
  desk: Desk,
  { requests, options }: Omit<Batch, 'patience'>,
): Promise<boolean> {
  const plan = await planFor(api, { requests, peers: [...desk.peers.values()] }, options)
  const news = plan.filter(one => isNews(one, desk))
  if (news.length === 0) return true
  await checkAccess(api, news)
  const rest = [...news]
  for await (const item of putDecisions(api, news, options)) {
    const { condition, facts } = rest.shift() as PlannedDecision
    if (isOther(item, desk.items.get(item.name))) options.onDecision?.(item)
    desk.items.set(item.name, item)
    if (!desk.waiting.has(item.name)) release(desk, item.name)
    // What failed or was left is looked at again; another look changes nothing about the rest.
    const isSettled = condition !== undefined && item.outcome !== 'failed'
    if (isSettled && desk.waiting.get(item.name) === facts.csr) desk.waiting.delete(item.name)
  }
  return rest.length === 0
}

/** What was left for the same reason before is none. */
function isNews({ condition, decision }: PlannedDecision, { items }: Desk): boolean {
  return condition !== undefined || isOther(decision, items.get(decision.name))
}

function isOther(item: CsrDecision, known: CsrDecision | undefined): boolean {
  return known?.outcome !== item.outcome || known.reason !== item.reason
}
