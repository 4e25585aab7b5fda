/** What expires when. What the kubelet renews by itself has checks of its own. */
import { humanDuration } from '../../kubernetes/duration.ts'
import { type Certificate, isSameCertificate } from '../../x509/certificate.ts'
import { REPLACE_CA } from '../authority.ts'
import type { Evidence } from '../evidence.ts'
import { instant } from '../instant.ts'
import type { Check, Observation } from './check.ts'
import {
  authoritiesOf,
  isKubelets,
  leavesOf,
  observe,
  pathOf,
  type Subject,
  signingCertificateOf,
  subjectsOf,
} from './subjects.ts'

const DAY = 86_400_000
/** A CA takes months to replace. */
const CA_NOTICE = 180 * DAY
/** Leaves of one renewal end within a day. */
const ONE_GENERATION = 30 * DAY

const time = { group: 'time', needs: ['certificates'] } as const

export const TIME_CHECKS: readonly Check[] = [
  {
    code: 'CERTIFICATE_EXPIRED',
    ...time,
    severity: 'error',
    title: 'a certificate has expired',
    remedy: 'certs renew NAME',
    find: evidence =>
      leavesOf(evidence)
        .filter(({ leaf }) => leaf.notAfter <= evidence.now)
        .map(subject =>
          observe(evidence, subject, {
            expected: `valid on ${instant(evidence.now)}`,
            found: ended(subject.leaf, evidence.now),
          }),
        ),
  },
  {
    code: 'CERTIFICATE_EXPIRES_SOON',
    ...time,
    severity: 'warning',
    title: 'a certificate ends within --within',
    remedy: 'certs renew NAME',
    find: evidence =>
      leavesOf(evidence)
        .filter(({ leaf }) => isSoon(leaf, evidence, evidence.within))
        .map(subject => observe(evidence, subject, dueSoon(subject.leaf, evidence, evidence.within))),
  },
  {
    code: 'CERTIFICATE_NOT_YET_VALID',
    ...time,
    severity: 'error',
    title: "a certificate's time has not come: mostly a clock that is behind",
    remedy: 'check the clock',
    find: evidence =>
      subjectsOf(evidence)
        .filter(({ entry, leaf }) => !isKubelets(entry) && leaf.notBefore > evidence.now)
        .map(subject =>
          observe(evidence, subject, {
            expected: `valid from ${instant(evidence.now)} or before`,
            found: `not valid before ${instant(subject.leaf.notBefore)}, in ${between(evidence.now, subject.leaf.notBefore)}`,
            remedy: 'check the clock of this machine: date -u; timedatectl status',
          }),
        ),
  },
  {
    code: 'CA_EXPIRED',
    ...time,
    severity: 'error',
    title: 'a CA has expired, and with it all that it signed',
    remedy: 'replace the CA',
    find: evidence => authoritiesOf(evidence).flatMap(authority => expiredAuthority(evidence, authority)),
  },
  {
    code: 'CA_EXPIRES_SOON',
    ...time,
    severity: 'warning',
    title: 'a CA ends within 180 days, or --within where that is longer',
    remedy: 'replace the CA',
    find: evidence => {
      const notice = Math.max(CA_NOTICE, evidence.within)
      return authoritiesOf(evidence)
        .map(authority => ({ ...authority, leaf: signingCertificateOf(evidence, authority) }))
        .filter(({ leaf }) => isSoon(leaf, evidence, notice))
        .map(authority =>
          observe(evidence, authority, { ...dueSoon(authority.leaf, evidence, notice), remedy: REPLACE_CA }),
        )
    },
  },
  {
    code: 'LEAF_OUTLIVES_CA',
    ...time,
    severity: 'warning',
    title: 'a certificate says that it lasts longer than its CA does',
    remedy: 'replace the CA',
    find: evidence =>
      livingLeaves(evidence).flatMap(subject => {
        const end = authorityEnd(evidence, subject)
        if (!end || end <= evidence.now || end >= subject.leaf.notAfter) return []
        return observe(evidence, subject, {
          expected: `an end before that of its CA, ${instant(end)}`,
          found: `its own end is ${instant(subject.leaf.notAfter)}, and it is void from ${instant(end)} on`,
          impact: 'reports show a later end than the one that counts',
          remedy: REPLACE_CA,
        })
      }),
  },
  {
    code: 'PATH_EXPIRED',
    ...time,
    severity: 'error',
    title: 'an intermediate CA above a certificate has expired',
    remedy: 'put the renewed intermediate into the file',
    find: evidence => pathEnds(evidence, end => end <= evidence.now),
  },
  {
    code: 'PATH_ENDS_FIRST',
    ...time,
    severity: 'warning',
    title: 'an intermediate CA ends before the certificate below it does',
    remedy: 'put the renewed intermediate into the file',
    find: evidence => pathEnds(evidence, end => end > evidence.now),
  },
  {
    code: 'ETCD_LEAVES_OLDER',
    ...time,
    severity: 'warning',
    title: "etcd's certificates end long before the rest: an upgrade left them out",
    remedy: "certs renew etcd's",
    find: evidence => olderLeaves(evidence, ({ entry }) => entry.caName === 'etcd-ca'),
  },
  {
    code: 'RENEWED_IN_PART',
    ...time,
    severity: 'info',
    title: 'some certificates were renewed and others were not',
    remedy: 'certs renew NAME',
    find: evidence => olderLeaves(evidence, ({ entry }) => entry.caName !== 'etcd-ca'),
  },
]

function ended({ notAfter }: Certificate, now: Date): string {
  return `expired ${between(notAfter, now)} ago, on ${instant(notAfter)}`
}

function between(from: Date, to: Date): string {
  return humanDuration((to.getTime() - from.getTime()) / 1000)
}

function isSoon({ notAfter }: Certificate, { now }: Evidence, notice: number): boolean {
  return notAfter > now && notAfter.getTime() - now.getTime() <= notice
}

function dueSoon({ notAfter }: Certificate, { now }: Evidence, notice: number) {
  return {
    expected: `valid for ${humanDuration(notice / 1000)} or more`,
    found: `ends in ${between(now, notAfter)}, on ${instant(notAfter)}`,
  }
}

function livingLeaves(evidence: Evidence): readonly Subject[] {
  return leavesOf(evidence).filter(({ leaf }) => leaf.notAfter > evidence.now)
}

function expiredAuthority(evidence: Evidence, authority: Subject): Observation[] {
  const signing = signingCertificateOf(evidence, authority)
  if (signing.notAfter > evidence.now) return []
  const below = livingLeaves(evidence).filter(({ entry }) => entry.caName === authority.name)
  const voided = below.length === 0 ? '' : `; void with it: ${below.map(({ name }) => name).join(', ')}`
  return [
    observe(evidence, authority, {
      expected: `valid on ${instant(evidence.now)}`,
      found: `${ended(signing, evidence.now)}${voided}`,
      remedy: REPLACE_CA,
    }),
  ]
}

/** When the CA that signed it ends; undefined where no CA of the node did. */
function authorityEnd(evidence: Evidence, subject: Subject): Date | undefined {
  const own = authoritiesOf(evidence).flatMap(({ leaf, rest }) => [leaf, ...rest])
  return pathOf(evidence, subject).find(one => own.some(known => isSameCertificate(known, one)))?.notAfter
}

function pathEnds(evidence: Evidence, isMeant: (end: Date) => boolean): Observation[] {
  return livingLeaves(evidence).flatMap(subject => {
    const between = pathOf(evidence, subject).filter(one =>
      subject.rest.some(known => isSameCertificate(known, one)),
    )
    const first = between.toSorted((a, b) => a.notAfter.getTime() - b.notAfter.getTime())[0]
    if (!first || first.notAfter >= subject.leaf.notAfter || !isMeant(first.notAfter)) return []
    return observe(evidence, subject, {
      expected: `intermediate CAs that last until ${instant(subject.leaf.notAfter)}`,
      found: `${first.subject} ends on ${instant(first.notAfter)}`,
      remedy: `get the renewed certificate of ${first.subject} and put it behind the leaf in ${subject.file}`,
    })
  })
}

/** Those that end a generation before the newest. */
function olderLeaves(evidence: Evidence, isMeant: (subject: Subject) => boolean): Observation[] {
  const leaves = livingLeaves(evidence).filter(({ entry }) => entry.isListed)
  const newest = Math.max(...leaves.map(({ leaf }) => leaf.notAfter.getTime()))
  const isOlder = ({ leaf }: Subject) => newest - leaf.notAfter.getTime() > ONE_GENERATION
  return leaves
    .filter(subject => isMeant(subject) && isOlder(subject))
    .map(subject =>
      observe(evidence, subject, {
        expected: `an end near that of the newest certificate, ${instant(new Date(newest))}`,
        found: `ends ${between(subject.leaf.notAfter, new Date(newest))} earlier, on ${instant(subject.leaf.notAfter)}`,
      }),
    )
}
