/** What expires when. What the kubelet renews by itself has checks of its own. */
import { impactOf } from '../../inventory/names.ts'
import { humanDuration } from '../../kubernetes/duration.ts'
import { type Certificate, isSameCertificate } from '../../x509/certificate.ts'
import type { Evidence } from '../evidence.ts'
import { instant } from '../instant.ts'
import { entryNamed } from '../snapshot.ts'
import type { Check, Observation } from './check.ts'
import { GENERATION_CHECKS } from './generations.ts'
import { renewalOf } from './repairs.ts'
import {
  authoritiesOf,
  isKubelets,
  leavesOf,
  livingLeaves,
  observe,
  pathOf,
  type Subject,
  shownKey,
  signedLeavesOf,
  signingCertificateOf,
  subjectsOf,
} from './subjects.ts'

const DAY = 86_400_000
/** A CA takes months to replace. */
const CA_NOTICE = 180 * DAY

const time = { group: 'time', needs: ['certificates'] } as const

export const TIME_CHECKS: readonly Check[] = [
  {
    code: 'CA_EXPIRED',
    ...time,
    severity: 'error',
    title: 'a CA has expired, and with it all that it signed',
    remedy: 'replace the CA',
    find: evidence => authoritiesOf(evidence).flatMap(authority => expiredAuthority(evidence, authority)),
  },
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
    title: 'a certificate ends soon: within --within, 30 days without it',
    remedy: 'certs renew NAME',
    find: evidence =>
      leavesOf(evidence)
        .filter(({ leaf }) => isSoon(leaf, evidence, evidence.within))
        .map(subject => observe(evidence, subject, dueSoon(subject, evidence, evidence.within))),
  },
  {
    code: 'CERTIFICATE_NOT_YET_VALID',
    ...time,
    severity: 'error',
    title: "a certificate's time has not come: mostly a clock that is behind",
    remedy: 'check the clock',
    find: evidence =>
      subjectsOf(evidence)
        .filter(({ entry }) => !isKubelets(entry))
        .flatMap(subject => notYetValid(evidence, subject)),
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
        .map(authority => observe(evidence, authority, dueSoon(authority, evidence, notice)))
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
        const anchor = anchorOf(evidence, subject)
        const end = anchor?.notAfter
        if (!end || end <= evidence.now || end >= subject.leaf.notAfter) return []
        return observe(evidence, subject, {
          expected: `an end before that of its CA, ${instant(end)}`,
          found: `its own end is ${instant(subject.leaf.notAfter)}, and it is void from ${instant(end)} on`,
          impact: 'reports show a later end than the one that counts',
          ...(!hasSuccessor(evidence, subject, end) && { remedy: newAuthority(evidence, subject) }),
        })
      }),
  },
  {
    code: 'PATH_EXPIRED',
    ...time,
    severity: 'error',
    title: 'a CA above a certificate has expired, though the one that signs now has not',
    remedy: 'put the renewed intermediate into the file, or certs renew NAME',
    find: evidence => [...pathEnds(evidence, end => end <= evidence.now), ...voidedByOldAuthority(evidence)],
  },
  {
    code: 'PATH_ENDS_FIRST',
    ...time,
    severity: 'warning',
    title: 'an intermediate CA ends before the certificate below it does',
    remedy: 'put the renewed intermediate into the file',
    find: evidence => pathEnds(evidence, end => end > evidence.now),
  },
  ...GENERATION_CHECKS,
]

function ended({ notAfter }: Certificate, now: Date): string {
  return `expired ${spanOf(notAfter, now)} ago, on ${instant(notAfter)}`
}

function spanOf(from: Date, to: Date): string {
  return humanDuration((to.getTime() - from.getTime()) / 1000)
}

function isSoon({ notAfter }: Certificate, { now }: Evidence, notice: number): boolean {
  return notAfter > now && notAfter.getTime() - now.getTime() <= notice
}

function dueSoon({ leaf: { notAfter }, name }: Subject, { now }: Evidence, notice: number) {
  return {
    expected: `valid for ${humanDuration(notice / 1000)} or more`,
    found: `ends in ${spanOf(now, notAfter)}, on ${instant(notAfter)}`,
    impact: `then ${impactOf(name)}`,
  }
}

/** The row's own first certificate, or one that the file brings along for its path. */
function notYetValid(evidence: Evidence, subject: Subject): Observation[] {
  const { leaf, entry } = subject
  const between = entry.kind === 'ca' ? [] : intermediatesOf(evidence, subject)
  const early = [leaf, ...between].find(one => one.notBefore > evidence.now)
  if (!early) return []
  const authority = entry.kind === 'ca' ? leaf : pathOf(evidence, subject).at(-1)
  const isClocks = authority !== undefined && authority.notBefore > evidence.now
  return [
    observe(evidence, subject, {
      expected: `valid from ${instant(evidence.now)} or before`,
      found: `${early === leaf ? '' : `${early.subject} `}not valid before ${instant(early.notBefore)}, in ${spanOf(evidence.now, early.notBefore)}`,
      remedy: `date -u; timedatectl status # ${isClocks ? 'set the clock right' : `if the clock is right: ${renewalOf(evidence, entry)}`}`,
    }),
  ]
}

function expiredAuthority(evidence: Evidence, authority: Subject): Observation[] {
  const signing = signingCertificateOf(evidence, authority)
  if (signing.notAfter > evidence.now) return []
  const voided = signedLeavesOf(evidence).filter(
    subject => subject.leaf.notAfter > evidence.now && isSame(anchorOf(evidence, subject), signing),
  )
  const names = voided.map(({ name }) => name).join(', ')
  return [
    observe(evidence, authority, {
      expected: `valid on ${instant(evidence.now)}`,
      found: `${ended(signing, evidence.now)}${names && `; void with it: ${names}`}`,
    }),
  ]
}

function isSame(one: Certificate | undefined, other: Certificate): boolean {
  return one !== undefined && isSameCertificate(one, other)
}

/** Its CA is one that another has replaced in the CA's file, and CA_EXPIRED is not said of that one. */
function voidedByOldAuthority(evidence: Evidence): Observation[] {
  return signedLeavesOf(evidence).flatMap(subject => {
    const anchor = anchorOf(evidence, subject)
    if (!anchor || anchor.notAfter > evidence.now || subject.leaf.notAfter <= evidence.now) return []
    const isSaid = authoritiesOf(evidence).some(one => isSame(anchor, signingCertificateOf(evidence, one)))
    if (isSaid) return []
    return observe(evidence, subject, {
      expected: `a CA that is valid on ${instant(evidence.now)}`,
      found: `${shownKey(anchor)} ${ended(anchor, evidence.now)}`,
    })
  })
}

/** The CA of the node at the end of its path. */
function anchorOf(evidence: Evidence, subject: Subject): Certificate | undefined {
  const own = authoritiesOf(evidence).flatMap(({ leaf, rest }) => [leaf, ...rest])
  return pathOf(evidence, subject).find(one => own.some(known => isSameCertificate(known, one)))
}

/** What stands behind it in its file and leads up from it. */
function intermediatesOf(evidence: Evidence, subject: Subject): readonly Certificate[] {
  return pathOf(evidence, subject).filter(one => subject.rest.some(known => isSameCertificate(known, one)))
}

/** A renewal is signed by a CA that lasts longer. */
function hasSuccessor(evidence: Evidence, { entry }: Subject, end: Date): boolean {
  const authority = authoritiesOf(evidence).find(({ name }) => name === entry.caName)
  return authority !== undefined && signingCertificateOf(evidence, authority).notAfter > end
}

function newAuthority(evidence: Evidence, { entry }: Subject): string {
  const authority = entryNamed(evidence.snapshot, entry.caName)
  return authority ? renewalOf(evidence, authority) : renewalOf(evidence, entry)
}

function pathEnds(evidence: Evidence, isMeant: (end: Date) => boolean): Observation[] {
  return livingLeaves(evidence).flatMap(subject => {
    const [first] = intermediatesOf(evidence, subject).toSorted(
      (a, b) => a.notAfter.getTime() - b.notAfter.getTime(),
    )
    if (!first || first.notAfter >= subject.leaf.notAfter || !isMeant(first.notAfter)) return []
    return observe(evidence, subject, {
      expected: `intermediate CAs that last until ${instant(subject.leaf.notAfter)}`,
      found: `${first.subject} ends on ${instant(first.notAfter)}`,
      remedy: `get the renewed certificate of ${first.subject} and put it in place of the old one in ${subject.file}`,
    })
  })
}
