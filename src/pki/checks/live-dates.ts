/** When what is served ends. */
import { impactOf } from '../../inventory/names.ts'
import { humanDuration } from '../../kubernetes/duration.ts'
import { isSelfMade } from '../certification-path.ts'
import type { Evidence } from '../evidence.ts'
import { instant } from '../instant.ts'
import type { LiveEndpoint } from '../live-evidence.ts'
import { expectedLeaf, isLoopbacks } from '../served.ts'
import type { Check, Observation } from './check.ts'
import { ALL, about, OWN, type Served, servedCheck } from './live-check.ts'
import { described, endOf, placeOf, restartOf, subjectOf } from './live-words.ts'

function expiredIn(evidence: Evidence, { endpoint, leaf }: Served): readonly Observation[] {
  if (leaf.notAfter > evidence.now || isOwnMatter(endpoint)) return []
  return [
    {
      ...about(endpoint),
      expected: `valid at ${instant(evidence.now)}`,
      found: `${placeOf(endpoint)} serves ${described(leaf)}: ${endOf(leaf, evidence.now)}`,
      impact: `now: ${impactOf(subjectOf(endpoint))}`,
      remedy: mend(evidence, endpoint),
    },
  ]
}

/** What a component makes for itself has a check of its own; of the kubelet's, nobody may ask for its dates. */
function isOwnMatter(endpoint: LiveEndpoint): boolean {
  return isSelfMade(endpoint.chain) && endpoint.role === 'serving'
}

/** A new certificate where the file is no better, and the process has to take it up. */
function mend(evidence: Evidence, endpoint: LiveEndpoint): string {
  const restart = restartOf(evidence, endpoint.component)
  const file = expectedLeaf(endpoint)
  if (endpoint.role === 'further') return `on the node that it leads to: ${restart}`
  if (!file || file.notAfter > evidence.now || endpoint.component === 'kubelet') return restart
  return `kubepki certs renew ${subjectOf(endpoint)}${evidence.snapshot.commandFlags} --restart`
}

function earlyIn({ now }: Evidence, { endpoint, leaf }: Served): readonly Observation[] {
  if (leaf.notBefore <= now) return []
  const ahead = humanDuration((leaf.notBefore.getTime() - now.getTime()) / 1000)
  return [
    {
      ...about(endpoint),
      expected: `valid at ${instant(now)}`,
      found: `${placeOf(endpoint)} serves ${described(leaf)}, valid from ${instant(leaf.notBefore)}: in ${ahead}`,
      impact: `until then: ${impactOf(subjectOf(endpoint))}`,
      remedy: 'look at the clock first: timedatectl',
    },
  ]
}

function selfMadeIn(evidence: Evidence, { endpoint, leaf }: Served): readonly Observation[] {
  const ends = leaf.notAfter.getTime() - evidence.now.getTime()
  if (endpoint.expected || !isSelfMade(endpoint.chain) || ends > evidence.within) return []
  return [
    {
      ...about(endpoint),
      expected: 'made anew at every start, for a year',
      found: `${placeOf(endpoint)} serves ${described(leaf)}: ${endOf(leaf, evidence.now)}`,
      impact: 'probes and metrics that verify it fail',
      remedy: restartOf(evidence, endpoint.component),
    },
  ]
}

function loopbackIn(evidence: Evidence, { endpoint, leaf }: Served): readonly Observation[] {
  const ends = leaf.notAfter.getTime() - evidence.now.getTime()
  if (!isLoopbacks(leaf) || ends > evidence.within) return []
  return [
    {
      ...about(endpoint),
      severity: ends <= 0 ? 'error' : 'warning',
      expected: 'made anew at every start of the API server',
      found: `${placeOf(endpoint)} serves ${described(leaf)}: ${endOf(leaf, evidence.now)}`,
      impact: `${ends <= 0 ? 'now' : 'then'} the API server refuses its own requests: it is no longer ready, and its hooks and controllers fail`,
      remedy: restartOf(evidence, endpoint.component),
    },
  ]
}

export const SERVED_DATE_CHECKS: readonly Check[] = [
  servedCheck(ALL, expiredIn, {
    code: 'SERVED_EXPIRED',
    severity: 'error',
    title: 'what is served has expired',
    remedy: 'restart the component, or certs renew NAME --restart',
  }),
  servedCheck(ALL, earlyIn, {
    code: 'SERVED_NOT_YET_VALID',
    severity: 'error',
    title: 'what is served is not valid yet',
    remedy: 'look at the clock',
  }),
  servedCheck(OWN, selfMadeIn, {
    code: 'SELF_MADE_EXPIRES',
    severity: 'warning',
    title: 'a certificate that a component made for itself has expired or ends soon',
    remedy: 'restart the component',
  }),
  servedCheck(['loopback'], loopbackIn, {
    code: 'LOOPBACK_CERTIFICATE_EXPIRES',
    severity: 'error',
    title: "the API server's certificate for its own connections has expired or ends soon",
    remedy: 'restart kube-apiserver',
  }),
]
