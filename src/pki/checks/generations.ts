/** What was renewed together, and what was left out. */
import { humanDuration } from '../../kubernetes/duration.ts'
import type { Evidence } from '../evidence.ts'
import { instant } from '../instant.ts'
import type { Check, Observation } from './check.ts'
import { livingLeaves, observe, type Subject } from './subjects.ts'

const DAY = 86_400_000
/** Leaves of one renewal end within a day, those of one round through the nodes within weeks. */
const ONE_GENERATION = 30 * DAY
/** With more time than this, another CA may just give shorter ones. */
const WORRYING = 90 * DAY

export const GENERATION_CHECKS: readonly Check[] = [
  {
    code: 'ETCD_LEAVES_OLDER',
    group: 'time',
    needs: ['certificates'],
    severity: 'warning',
    title: "etcd's certificates end long before the rest: an upgrade left them out",
    remedy: "certs renew etcd's",
    find: evidence =>
      leftOut(evidence).map(({ subject, ...compared }) => observed(evidence, subject, compared)),
  },
  {
    code: 'RENEWED_IN_PART',
    group: 'time',
    needs: ['certificates'],
    severity: 'info',
    title: 'some certificates were renewed and others were not',
    remedy: 'certs renew NAME',
    find: evidence => {
      const said = new Set(leftOut(evidence).map(({ subject }) => subject))
      const leaves = listed(evidence)
      const [newest] = leaves.toSorted((a, b) => endOf(b) - endOf(a))
      if (!newest) return []
      const compared = { end: endOf(newest), of: newest.name, severity: 'info' } as const
      return leaves
        .filter(subject => !said.has(subject) && isOlder(subject, compared.end))
        .map(subject => observed(evidence, subject, compared))
    },
  },
]

function listed(evidence: Evidence): readonly Subject[] {
  return livingLeaves(evidence).filter(({ entry }) => entry.isListed)
}

function endOf({ leaf }: Subject): number {
  return leaf.notAfter.getTime()
}

function isOlder(subject: Subject, end: number): boolean {
  return end - endOf(subject) > ONE_GENERATION
}

interface Compared {
  readonly end: number
  readonly of: string
  readonly severity: 'warning' | 'info'
}

/** Those of etcd that end long before any of the others does. */
function leftOut(evidence: Evidence): readonly (Compared & { readonly subject: Subject })[] {
  const isEtcds = ({ entry }: Subject) => entry.caName === 'etcd-ca'
  const leaves = listed(evidence)
  const [first] = leaves.filter(subject => !isEtcds(subject)).toSorted((a, b) => endOf(a) - endOf(b))
  if (!first) return []
  const end = endOf(first)
  return leaves
    .filter(subject => isEtcds(subject) && isOlder(subject, end))
    .map(subject => {
      const isNear = endOf(subject) - evidence.now.getTime() <= WORRYING
      return { subject, end, of: 'the rest', severity: isNear ? 'warning' : 'info' }
    })
}

function observed(evidence: Evidence, subject: Subject, { end, of, severity }: Compared): Observation {
  const { notAfter } = subject.leaf
  return observe(evidence, subject, {
    severity,
    expected: `an end near that of ${of}, ${instant(new Date(end))}`,
    found: `ends ${humanDuration((end - notAfter.getTime()) / 1000)} earlier, on ${instant(notAfter)}`,
  })
}
