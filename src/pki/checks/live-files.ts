/** What listeners serve, held against the files. */
import { named } from '../../foreign-text.ts'
import { impactOf } from '../../inventory/names.ts'
import { isAtLeast } from '../../kubernetes/version.ts'
import { isAnchored } from '../certification-path.ts'
import type { Evidence } from '../evidence.ts'
import type { LiveEndpoint } from '../live-evidence.ts'
import { planRestart } from '../restart.ts'
import { anchorsOf, certificatesOf, compareServed, expectedLeaf } from '../served.ts'
import { podOf } from '../snapshot.ts'
import type { Check, Observation } from './check.ts'
import { ALL, about, OWN, type Served, servedCheck } from './live-check.ts'
import { DAY, described, describedKey, endOf, placeOf, restartOf, subjectOf } from './live-words.ts'

/** What is served ends sooner than anybody will have looked again. */
const URGENT = 7 * DAY
/** A process looks at its files once in its interval, and takes a while. */
const SLACK = 10

function staleIn(evidence: Evidence, { endpoint, leaf }: Served): readonly Observation[] {
  const file = expectedLeaf(endpoint)
  if (!file || compareServed(evidence, endpoint).likeness !== 'stale') return []
  const isUrgent = leaf.notAfter.getTime() - evidence.now.getTime() <= URGENT
  const reload = reloadOf(evidence, endpoint)
  const seconds = reload?.isDue ? reload.within : undefined
  const self = reload && !reload.isDue ? `; it should have taken it up within ${reload.within} s` : ''
  return [
    {
      ...about(endpoint),
      severity: seconds !== undefined ? 'info' : isUrgent ? 'error' : 'warning',
      expected: `as the file has it: ${described(file)}`,
      found: `${placeOf(endpoint)} serves ${described(leaf)}: ${endOf(leaf, evidence.now)}${self}`,
      impact: `once what is served has ended: ${impactOf(subjectOf(endpoint))}`,
      remedy:
        seconds === undefined
          ? restartOf(evidence, endpoint.component)
          : `nothing: ${endpoint.component} takes the file up by itself within ${seconds} s; then again: kubepki certs verify --live${evidence.snapshot.commandFlags}`,
    },
  ]
}

/** Whether this version takes the file up by itself, and is still to. */
function reloadOf({ snapshot, live, now }: Evidence, { component, expected }: LiveEndpoint) {
  const name = expected?.name ?? ''
  const within = planRestart(snapshot, [name]).reloads.find(one => one.component === component)?.within
  const seconds = within ?? (name === component ? flaggedReload(snapshot, component) : undefined)
  const changed = live?.changedAt.get(name)
  if (seconds === undefined || !changed) return undefined
  const age = Math.abs(now.getTime() - changed.getTime()) / 1000
  return { within: seconds, isDue: seconds > 0 && age <= seconds + SLACK }
}

/** What a flag names the controller-manager and the scheduler take up as the API server does (kubernetes#84200). */
function flaggedReload({ pods }: Evidence['snapshot'], component: LiveEndpoint['component']) {
  const version = podOf({ pods }, component)?.value.version
  return version && isAtLeast(version, '1.17') ? 60 : undefined
}

function unknownIn(evidence: Evidence, { endpoint, leaf }: Served): readonly Observation[] {
  if (compareServed(evidence, endpoint).likeness !== 'foreign') return []
  const isFurther = endpoint.role === 'further'
  const anchors = anchorsOf(evidence, endpoint.expected?.caName).map(describedKey)
  const [, issuer] = endpoint.chain
  const signer = issuer ? describedKey(issuer) : named(leaf.issuer)
  const listeners = `ss -ltnp 'sport = :${endpoint.port}'`
  return [
    {
      ...about(endpoint),
      severity: isFurther ? 'warning' : 'error',
      expected: `signed by ${anchors.join(' or ') || 'a CA of this node'}`,
      found: `${placeOf(endpoint)} serves ${described(leaf)}; its key ${describedKey(leaf)}, its issuer ${signer}`,
      impact: `clients that trust this node's CA refuse it: ${impactOf(subjectOf(endpoint))}`,
      remedy: isFurther
        ? 'point the address to an API server of this cluster, or trust its CA in the kubeconfigs that name it'
        : `${listeners} says who listens; a process from before its CA was replaced: ${restartOf(evidence, endpoint.component)}`,
    },
  ]
}

function wrongIn(evidence: Evidence, { endpoint, leaf }: Served): readonly Observation[] {
  const file = expectedLeaf(endpoint)
  const { likeness, row } = compareServed(evidence, endpoint)
  if (!file || likeness !== 'other-row') return []
  return [
    {
      ...about(endpoint),
      expected: described(file),
      found: `${placeOf(endpoint)} serves the certificate of ${row}: ${described(leaf)}`,
      impact: `its names and usages are another's: ${impactOf(subjectOf(endpoint))}`,
      remedy: restartOf(evidence, endpoint.component),
    },
  ]
}

function incompleteIn(evidence: Evidence, { endpoint, leaf }: Served): readonly Observation[] {
  const { expected, chain } = endpoint
  const anchors = anchorsOf(evidence, expected?.caName)
  if (isAnchored(leaf, anchors, chain)) return []
  if (!isAnchored(leaf, anchors, certificatesOf(evidence))) return []
  const inFile = expected?.certificate.state === 'present' ? expected.certificate.certificates : []
  const isInFile = isAnchored(leaf, anchors, inFile)
  return [
    {
      ...about(endpoint),
      expected: `with the certificate of its issuer ${named(leaf.issuer)}`,
      found: `${placeOf(endpoint)} serves ${chain.length} of the certificates that lead to its CA; the file has ${isInFile ? 'the others' : 'no more'}`,
      impact: `clients that trust the CA alone refuse it: ${impactOf(subjectOf(endpoint))}`,
      remedy: isInFile
        ? restartOf(evidence, endpoint.component)
        : `append the certificate of ${named(leaf.issuer)} to ${expected?.file ?? 'the file'}`,
    },
  ]
}

export const SERVED_FILE_CHECKS: readonly Check[] = [
  servedCheck(OWN, staleIn, {
    code: 'STALE_IN_MEMORY',
    severity: 'error',
    title: 'a process serves another certificate than its file has',
    remedy: 'restart the component',
  }),
  servedCheck(ALL, unknownIn, {
    code: 'SERVED_FILE_UNKNOWN',
    severity: 'error',
    title: 'what is served is no file of this node, and no CA of it signed it',
    remedy: 'see who listens there',
  }),
  servedCheck(OWN, wrongIn, {
    code: 'SERVED_WRONG_FILE',
    severity: 'warning',
    title: "what is served is another row's certificate",
    remedy: 'restart the component',
  }),
  servedCheck(ALL, incompleteIn, {
    code: 'SERVED_CHAIN_INCOMPLETE',
    severity: 'error',
    title: 'what is served lacks an intermediate on the way to its CA',
    remedy: 'restart the component, or append the intermediate to the file',
  }),
]
