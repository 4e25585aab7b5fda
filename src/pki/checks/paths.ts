/** Who signed what, and what a CA's file holds. */
import { type Certificate, hasSameKey, isSameCertificate, isSignedBy } from '../../x509/certificate.ts'
import { isKeyOf } from '../../x509/key.ts'
import { authorityKeyIdOf, subjectKeyIdOf } from '../../x509/key-identifier.ts'
import { pathAbove } from '../certification-path.ts'
import type { Evidence } from '../evidence.ts'
import { instant } from '../instant.ts'
import type { Check, Observation } from './check.ts'
import {
  authoritiesOf,
  certificatesOf,
  observe,
  pathOf,
  type Subject,
  shownKey,
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
    find: evidence =>
      judged(evidence).flatMap(subject => {
        if (anchorOf(evidence, subject) || intermediateElsewhere(evidence, subject)) return []
        return observe(evidence, subject, {
          expected: `signed by ${shownAuthority(evidence, subject)}`,
          found: foundSigner(evidence, subject),
        })
      }),
  },
  {
    code: 'WRONG_CA',
    group: 'pairs',
    severity: 'error',
    title: 'another CA of this node signed a certificate than the one its role wants',
    needs: ['certificates'],
    remedy: 'certs renew NAME',
    find: evidence =>
      judged(evidence).flatMap(subject => {
        const anchor = anchorOf(evidence, subject)
        if (!anchor || anchor === subject.entry.caName || isSharedWith(evidence, subject, anchor)) return []
        return observe(evidence, subject, {
          expected: `signed by ${shownAuthority(evidence, subject)}`,
          found: `signed by the ${anchor} of this node: ${certificatesOf(evidence, anchor).map(shownKey).join(', ')}`,
        })
      }),
  },
  {
    code: 'INTERMEDIATE_MISSING',
    group: 'pairs',
    severity: 'error',
    title: 'the intermediate CA that signed a certificate is in other files, not behind it',
    needs: ['certificates'],
    remedy: 'put it behind the leaf',
    find: evidence =>
      judged(evidence).flatMap(subject => {
        const holder = anchorOf(evidence, subject) ? undefined : intermediateElsewhere(evidence, subject)
        if (!holder) return []
        return observe(evidence, subject, {
          expected: `${subject.leaf.issuer} behind the certificate, in the same file`,
          found: `${subject.rest.length === 0 ? 'nothing behind it' : 'others'}; the intermediate is in ${holder.file}`,
          remedy: `put the certificate of ${subject.leaf.issuer} from ${holder.file} behind the leaf in ${subject.file}`,
        })
      }),
  },
  {
    code: 'CHAIN_ORDER',
    group: 'pairs',
    severity: 'warning',
    title: 'what stands behind a certificate is not its issuers in order',
    needs: ['certificates'],
    remedy: 'put each issuer below the certificate it signed',
    find: evidence =>
      judged(evidence).flatMap(subject => {
        const wrong = outOfOrder(subject)
        if (!wrong) return []
        return observe(evidence, subject, {
          expected: 'each certificate signed by the next one in the file',
          found: `${wrong.subject} stands where the issuer of the one before belongs`,
          impact: 'clients that take the path as it is served refuse it',
          remedy: `put the certificates of ${subject.file} in order: leaf first, then each issuer`,
        })
      }),
  },
  {
    code: 'KEY_IDENTIFIER_DRIFT',
    group: 'pairs',
    severity: 'warning',
    title: 'a certificate points to another key identifier than its CA has',
    needs: ['certificates'],
    remedy: 'certs renew NAME',
    find: evidence =>
      judged(evidence).flatMap(subject => {
        const [signer] = pathOf(evidence, subject)
        const [wanted, found] = [signer && subjectKeyIdOf(signer), authorityKeyIdOf(subject.leaf)]
        if (!signer || !wanted || !found || wanted === found) return []
        return observe(evidence, subject, {
          expected: `authorityKeyIdentifier ${wanted}, as ${signer.subject} has it`,
          found,
          impact: 'OpenSSL and what builds on it refuse it, Go does not',
        })
      }),
  },
  {
    code: 'CA_NAME_SHARED',
    group: 'pairs',
    severity: 'warning',
    title: 'two CAs with one name and different keys are on this node, in different files',
    needs: ['certificates'],
    remedy: 'find out which of them the cluster has, and remove what is left of the other',
    find: evidence => namesakes(evidence),
  },
  {
    code: 'CA_BUNDLE_ORDER',
    group: 'pairs',
    severity: 'warning',
    title: "the certificate of a CA's key is not the first in the CA's file",
    needs: ['keys'],
    remedy: 'put the certificate of the key first',
    find: evidence =>
      authoritiesOf(evidence).flatMap(authority => {
        const key = evidence.keys.get(authority.name)
        const { leaf, rest } = authority
        const own = key?.state === 'present' && !isKeyOf(key, leaf) && rest.find(one => isKeyOf(key, one))
        if (!own) return []
        return observe(evidence, authority, {
          expected: `${shownKey(own)} first: the one whose key is here`,
          found: `${shownKey(leaf)} first`,
          impact: 'kubeadm signs with the first one and fails',
          remedy: `put the newer CA first in ${authority.file}`,
        })
      }),
  },
  {
    code: 'CA_BUNDLE_NOT_CA',
    group: 'pairs',
    severity: 'warning',
    title: "a CA's file holds a certificate that is no CA",
    needs: ['certificates'],
    remedy: 'take it out of the file',
    find: evidence => inBundles(evidence, one => !one.isCa, { found: 'is no CA', severity: 'warning' }),
  },
  {
    code: 'CA_BUNDLE_EXPIRED',
    group: 'pairs',
    severity: 'info',
    title: "a CA's file still holds an expired CA",
    needs: ['certificates'],
    remedy: 'take it out of the file once nothing needs it',
    find: evidence =>
      inBundles(evidence, one => one.notAfter <= evidence.now, { found: 'has expired', severity: 'info' }),
  },
]

/** Where the CA can be read; what a copy of a kubeconfig has is signed by the same. */
function judged(evidence: Evidence): readonly Subject[] {
  return signedLeavesOf(evidence).filter(({ entry }) => certificatesOf(evidence, entry.caName).length > 0)
}

/** The row of the CA at the end of its path. */
function anchorOf(evidence: Evidence, subject: Subject): string | undefined {
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
  const all = certificatesOf(evidence, entry.caName).map(shownKey)
  return `${entry.caName}: ${all.join(', ')}`
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

function namesakes(evidence: Evidence): Observation[] {
  const rows = authoritiesOf(evidence)
  const trusted = everything(evidence).filter(({ isCa }) => isCa)
  return rows.flatMap(row => {
    const own = [row.leaf, ...row.rest]
    const other = trusted.find(
      one => one.subject === row.leaf.subject && !own.some(known => hasSameKey(known, one)),
    )
    if (!other) return []
    return observe(evidence, row, {
      expected: `one CA named ${row.leaf.subject}: ${own.map(shownKey).join(', ')}`,
      found: `also ${shownKey(other)}, from ${instant(other.notBefore)}, in other files of this node`,
      impact: 'errors name the CA, and nobody can tell which of the two is meant',
      remedy:
        'kubepki certs check-expiration -o wide lists every CA and its file: remove what is left of the old cluster',
    })
  })
}

function inBundles(
  evidence: Evidence,
  isMeant: (certificate: Certificate) => boolean,
  { found, severity }: { readonly found: string; readonly severity: 'warning' | 'info' },
): Observation[] {
  return authoritiesOf(evidence).flatMap(authority => {
    const all = [authority.leaf, ...authority.rest]
    const wrong = all.filter(isMeant)
    if (all.length === 1 || wrong.length === 0 || wrong.length === all.length) return []
    return observe(evidence, authority, {
      severity,
      expected: 'CA certificates that are valid now',
      found: wrong.map(one => `${shownKey(one)} ${found}`).join(', '),
      impact: 'it is trusted by whoever reads the file, and serves nothing',
      remedy: `take it out of ${authority.file}, here and on the other control-plane nodes`,
    })
  })
}
