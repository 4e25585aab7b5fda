/** What a CA's file holds, and whether it can be told from others. */
import { type Certificate, hasSameKey } from '../../x509/certificate.ts'
import { tbsPartsOf } from '../../x509/der.ts'
import { isKeyOf } from '../../x509/key.ts'
import { isCaIn } from '../../x509/usage.ts'
import type { Evidence } from '../evidence.ts'
import { instant } from '../instant.ts'
import type { Check, Observation } from './check.ts'
import { authoritiesOf, observe, shownKey, shownKeys } from './subjects.ts'

export const BUNDLE_CHECKS: readonly Check[] = [
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
          remedy: `put the certificate of ${shownKey(own)} first in ${authority.file}`,
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
    find: evidence =>
      inBundles(evidence, one => !isCaIn(tbsPartsOf(one.der).extensions), {
        found: 'is no CA',
        severity: 'warning',
      }),
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

interface Holder {
  readonly file: string
  readonly certificates: readonly Certificate[]
}

/** Where CA certificates lie: rows, and what kubeconfigs trust. Copies may be of other clusters, whose CAs have the same name. */
function holdersOf({ snapshot }: Evidence): readonly Holder[] {
  return snapshot.entries.flatMap(entry => {
    const { kind, certificate, kubeconfig } = entry
    const files = [kind === 'ca' ? certificate : undefined, kubeconfig?.certificateAuthority]
    return files.flatMap(file =>
      file?.state === 'present' ? [{ file: entry.file.path, certificates: file.certificates }] : [],
    )
  })
}

function namesakes(evidence: Evidence): Observation[] {
  const authorities = authoritiesOf(evidence)
  const inRows = authorities.flatMap(({ leaf, rest }) => [leaf, ...rest])
  return authorities.flatMap(row => {
    const own = [row.leaf, ...row.rest]
    const isNamesake = (one: Certificate) =>
      one.subject === row.leaf.subject && !own.some(known => hasSameKey(known, one))
    const isStray = (one: Certificate) => isNamesake(one) && !inRows.some(known => hasSameKey(known, one))
    const isByDesign = !holdersOf(evidence).some(({ certificates }) => certificates.some(isStray))
    const isMeant = isByDesign ? isNamesake : isStray
    const holders = holdersOf(evidence).filter(({ certificates }) => certificates.some(isMeant))
    const other = holders[0]?.certificates.find(isMeant)
    if (!other) return []
    const files = holders.map(({ file }) => file).join(', ')
    const isBeside = holders.every(({ certificates }) =>
      certificates.some(one => own.some(known => hasSameKey(known, one))),
    )
    return observe(evidence, row, {
      ...((isByDesign || isBeside) && { severity: 'info' }),
      expected: `one CA named ${row.leaf.subject}: ${shownKeys(own)}`,
      found: `also ${shownKey(other)}, from ${instant(other.notBefore)}, in ${files}`,
      impact: 'errors name the CA, and nobody can tell which of the two is meant',
      remedy: isByDesign
        ? 'none needed; the next CA could have a name of its own'
        : isBeside
          ? `none needed while the cluster goes from one to the other; then take ${shownKey(other)} out of ${files}`
          : `find out which of them signed what the cluster uses, and put that one into ${files}`,
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
