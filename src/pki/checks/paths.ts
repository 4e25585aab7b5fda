/** Who signed what, proved by signatures. */
import { type Certificate, hasSameKey, isSameCertificate, isSignedBy } from '../../x509/certificate.ts'
import { authorityKeyIdOf } from '../../x509/key-identifier.ts'
import { pathAbove } from '../certification-path.ts'
import type { Evidence } from '../evidence.ts'
import { type Entry, entryNamed } from '../snapshot.ts'
import type { Check } from './check.ts'
import { putBack } from './repairs.ts'
import {
  authoritiesOf,
  certificatesOf,
  each,
  isKubelets,
  pathOf,
  type Subject,
  shownKey,
  shownKeys,
  signedLeavesOf,
  subjectsOf,
} from './subjects.ts'

export const PATH_CHECKS: readonly Check[] = [
  {
    code: 'NOT_SIGNED_BY_CA',
    group: 'pairs',
    severity: 'error',
    title: 'no CA of this node signed a certificate',
    needs: ['certificates'],
    remedy: 'put the CA back that signed it, or renew it from the CA that is there',
    find: each(judged, (subject, evidence) => {
      if (anchorOf(evidence, subject) || intermediateElsewhere(evidence, subject)) return undefined
      return {
        expected: `signed by ${shownAuthority(evidence, subject)}`,
        found: foundSigner(evidence, subject),
        ...remedyOfOdd(evidence, subject, undefined),
      }
    }),
  },
  {
    code: 'WRONG_CA',
    group: 'pairs',
    severity: 'error',
    title: 'another CA of this node signed a certificate than the one its role wants',
    needs: ['certificates'],
    remedy: 'certs renew NAME',
    find: each(judged, (subject, evidence) => {
      const anchor = anchorOf(evidence, subject)
      if (!anchor || anchor === subject.entry.caName || isSharedWith(evidence, subject, anchor))
        return undefined
      return {
        expected: `signed by ${shownAuthority(evidence, subject)}`,
        found: `signed by the ${anchor} of this node: ${shownKeys(certificatesOf(evidence, anchor))}`,
        ...remedyOfOdd(evidence, subject, anchor),
      }
    }),
  },
  {
    code: 'INTERMEDIATE_MISSING',
    group: 'pairs',
    severity: 'error',
    title: 'the intermediate CA that signed a certificate is in other files, not behind it',
    needs: ['certificates'],
    remedy: 'put it behind the leaf',
    find: each(judged, (subject, evidence) => {
      const holder = anchorOf(evidence, subject) ? undefined : intermediateElsewhere(evidence, subject)
      if (!holder) return undefined
      return {
        expected: `${subject.leaf.issuer} behind the certificate, in the same file`,
        found: `${subject.rest.length === 0 ? 'nothing behind it' : 'others'}; the intermediate is in ${holder.file}`,
        remedy: `put the certificate of ${subject.leaf.issuer}, which is in ${holder.file}, behind the first one in ${subject.file}`,
      }
    }),
  },
  {
    code: 'CHAIN_ORDER',
    group: 'pairs',
    severity: 'warning',
    title: 'what stands behind a certificate is not its issuers in order',
    needs: ['certificates'],
    remedy: 'put each issuer below the certificate it signed',
    find: each(judged, subject => {
      const wrong = outOfOrder(subject)
      if (!wrong) return undefined
      return {
        expected: 'each certificate signed by the next one in the file',
        found: `${wrong.subject} stands where the issuer of the one before belongs`,
        impact: 'clients that take the path as it is served refuse it',
        remedy: `put the certificates of ${subject.file} in order: leaf first, then each issuer`,
      }
    }),
  },
]

/** Where the CA can be read; a copy that trusts another CA is of another cluster, or is told so. */
export function judged(evidence: Evidence): readonly Subject[] {
  return signedLeavesOf(evidence).filter(({ entry }) => {
    const own = certificatesOf(evidence, entry.caName)
    return own.length > 0 && !(evidence.copies.includes(entry) && isOfAnotherCluster(entry, own))
  })
}

function isOfAnotherCluster({ kubeconfig }: Entry, own: readonly Certificate[]): boolean {
  const trusted = kubeconfig?.certificateAuthority
  if (trusted?.state !== 'present') return false
  return !trusted.certificates.some(one => own.some(known => hasSameKey(known, one)))
}

/** Most of at least two rows are signed by one other, or by none that is here: it is the CA that is not the right one. */
function remedyOfOdd(evidence: Evidence, { entry }: Subject, signer: string | undefined) {
  const rows = judged(evidence).filter(row => row.entry.caName === entry.caName && !isKubelets(row.entry))
  const odd = rows.filter(row => anchorOf(evidence, row) === signer)
  const isOdd = rows.length > 1 && odd.length * 2 > rows.length
  const file = entryNamed(evidence.snapshot, entry.caName)?.file.path ?? ''
  return isOdd ? { remedy: putBack(file) } : {}
}

/** The row of the CA at the end of its path. */
export function anchorOf(evidence: Evidence, subject: Subject): string | undefined {
  const path = pathOf(evidence, subject)
  const rows = authoritiesOf(evidence)
  const holds = ({ leaf, rest }: Subject, one: Certificate) =>
    [leaf, ...rest].some(known => isSameCertificate(known, one))
  const own = rows.find(row => row.name === subject.entry.caName && path.some(one => holds(row, one)))
  return (own ?? rows.find(row => path.some(one => holds(row, one))))?.name
}

/** One CA for several roles: a matter of the roles, not of who signed. */
function isSharedWith(evidence: Evidence, { entry }: Subject, anchor: string): boolean {
  const [mine, other] = [entry.caName, anchor].map(name => certificatesOf(evidence, name))
  return (mine ?? []).some(one => (other ?? []).some(two => hasSameKey(one, two)))
}

function shownAuthority(evidence: Evidence, { entry }: Subject): string {
  return `${entry.caName}: ${shownKeys(certificatesOf(evidence, entry.caName))}`
}

/** The CA found instead is told apart from its namesake by its key. */
function foundSigner(evidence: Evidence, subject: Subject): string {
  const { leaf, rest, entry } = subject
  if (isSignedBy(leaf, leaf)) return `signed by itself: ${shownKey(leaf)}`
  const known = pathAbove(leaf, [...rest, ...everything(evidence)])[0]
  if (known) return `signed by ${shownKey(known)}`
  const isNamesake = certificatesOf(evidence, entry.caName).some(one => one.subject === leaf.issuer)
  const id = authorityKeyIdOf(leaf)
  const hint = id === undefined ? '' : ` (key identifier ${id})`
  return `signed by ${isNamesake ? 'another key of the name ' : ''}${leaf.issuer}${hint}, which is nowhere on this node`
}

/** Every certificate of every file, and the CAs in kubeconfigs. */
function everything(evidence: Evidence): readonly Certificate[] {
  const trusted = [...evidence.snapshot.entries, ...evidence.copies].flatMap(({ kubeconfig }) =>
    kubeconfig?.certificateAuthority?.state === 'present' ? kubeconfig.certificateAuthority.certificates : [],
  )
  return [...subjectsOf(evidence).flatMap(({ leaf, rest }) => [leaf, ...rest]), ...trusted]
}

function intermediateElsewhere(evidence: Evidence, subject: Subject): Subject | undefined {
  const own = certificatesOf(evidence, subject.entry.caName)
  return subjectsOf(evidence).find(
    other =>
      other.entry !== subject.entry &&
      other.rest.length > 0 &&
      pathAbove(subject.leaf, [...subject.rest, ...other.rest, ...own]).some(one =>
        own.some(known => isSameCertificate(known, one)),
      ),
  )
}

/** The first that is not the issuer of the one before it. */
function outOfOrder({ leaf, rest }: Subject): Certificate | undefined {
  const all = [leaf, ...rest]
  return rest.find((one, index) => !isSignedBy(all[index] as Certificate, one))
}
