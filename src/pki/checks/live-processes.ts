/** Processes that are older than what they read at their start. */
import {
  CERTIFICATES,
  type Component,
  KUBECONFIGS,
  SERVICE_ACCOUNT_KEY,
  type Use,
} from '../../inventory/catalog.ts'
import { impactOf } from '../../inventory/names.ts'
import { humanDuration } from '../../kubernetes/duration.ts'
import { isAtLeast } from '../../kubernetes/version.ts'
import type { Evidence } from '../evidence.ts'
import { instant } from '../instant.ts'
import type { LiveEvidence, RunningProcess } from '../live-evidence.ts'
import { planRestart } from '../restart.ts'
import { isLoopbacks } from '../served.ts'
import { entryNamed, podOf, shownFile } from '../snapshot.ts'
import type { Check, Observation } from './check.ts'
import { DAY, restartOf } from './live-words.ts'

const USED: readonly { readonly name: string; readonly usedBy: readonly Use[] }[] = [
  ...CERTIFICATES,
  ...KUBECONFIGS,
  SERVICE_ACCOUNT_KEY,
]

/** The kernel tells the time of a start to the second, and the file may be written by what starts the process. */
const TOLERANCE = 2_000

function olderIn(evidence: Evidence): readonly Observation[] {
  const processes = evidence.live?.processes ?? []
  return processes.flatMap(running =>
    rowsReadBy(evidence, running)
      .filter(name => !isServed(evidence.live, running.component, name))
      .flatMap(name => olderThan(evidence, running, name)),
  )
}

/** That it reads at its start and never again. */
function rowsReadBy({ snapshot }: Evidence, { component }: RunningProcess): readonly string[] {
  const rows = USED.filter(({ usedBy }) => usedBy.some(use => use.component === component))
  return rows
    .map(({ name }) => name)
    .filter(name => isReadOnce(snapshot, name))
    .filter(name => planRestart(snapshot, [name]).restart.some(one => one.component === component))
}

/** What a kubeconfig refers to the kubelet reads again; it writes such a kubeconfig by itself, after its start. */
function isReadOnce(snapshot: Evidence['snapshot'], name: string): boolean {
  return name !== 'kubelet.conf' || entryNamed(snapshot, name)?.certificateFile === undefined
}

/** A handshake has shown what it holds. */
function isServed(live: LiveEvidence | undefined, component: Component, name: string): boolean {
  return (live?.endpoints ?? []).some(
    endpoint =>
      endpoint.component === component && endpoint.expected?.name === name && endpoint.chain.length > 0,
  )
}

function olderThan(
  evidence: Evidence,
  { pid, component, startedAt }: RunningProcess,
  name: string,
): readonly Observation[] {
  const changed = evidence.live?.changedAt.get(name)
  if (!changed || changed.getTime() - startedAt.getTime() <= TOLERANCE) return []
  const entry = entryNamed(evidence.snapshot, name)
  const [, privateKey] = evidence.snapshot.serviceAccount
  return [
    {
      certificate: name,
      file: entry ? shownFile(entry) : (privateKey?.path ?? name),
      expected: `${component} started after its file was written, on ${instant(changed)}`,
      found: `${component} (pid ${pid}) runs since ${instant(startedAt)} and reads it at its start only`,
      impact: `it goes on with the old one; when that has ended or is refused: ${entry ? impactOf(name) : 'tokens of service accounts are refused'}`,
      remedy: restartOf(evidence, component),
    },
  ]
}

const YEAR = 365 * DAY
/** kubernetes#130047 */
const LOOPBACK_VALIDITY = [
  { since: '1.33', validity: 3 * YEAR },
  { since: '1.0', validity: YEAR },
] as const
/** Enough for the next window of maintenance. */
const LOOPBACK_NOTICE = 35 * DAY

function loopbackRiskIn(evidence: Evidence): readonly Observation[] {
  const { live, snapshot, now } = evidence
  const shown = live?.endpoints.some(({ chain: [leaf] }) => leaf && isLoopbacks(leaf))
  if (!live?.processes || shown) return []
  const pod = podOf(snapshot, 'kube-apiserver')
  const version = pod?.value.version
  const validity = LOOPBACK_VALIDITY.find(({ since }) => version && isAtLeast(version, since))?.validity
  return live.processes
    .filter(({ component }) => component === 'kube-apiserver')
    .filter(({ startedAt }) => now.getTime() - startedAt.getTime() > (validity ?? YEAR) - LOOPBACK_NOTICE)
    .map(({ pid, startedAt }) => ({
      certificate: 'kube-apiserver',
      file: pod?.file.path ?? 'kube-apiserver',
      severity: validity === undefined ? 'info' : 'warning',
      expected: `started within the last ${((validity ?? YEAR) - LOOPBACK_NOTICE) / DAY} days: it makes the certificate of its connections to itself at its start, for ${(validity ?? YEAR) / DAY} days`,
      found: `pid ${pid} runs since ${instant(startedAt)}: ${humanDuration((now.getTime() - startedAt.getTime()) / 1000)}`,
      impact:
        'when that certificate has ended the API server refuses its own requests: its hooks and controllers fail',
      remedy: restartOf(evidence, 'kube-apiserver'),
    }))
}

const ROW = { group: 'live', needs: ['live', 'processes'] } as const

export const PROCESS_CHECKS: readonly Check[] = [
  {
    ...ROW,
    code: 'PROCESS_OLDER_THAN_FILE',
    severity: 'warning',
    title: 'a process runs since before a file was written that it reads at its start only',
    remedy: 'restart the component',
    find: olderIn,
  },
  {
    ...ROW,
    code: 'LOOPBACK_RISK',
    severity: 'warning',
    title: 'the API server runs for nearly as long as its certificate for its own connections is valid',
    remedy: 'restart kube-apiserver',
    find: loopbackRiskIn,
  },
]
