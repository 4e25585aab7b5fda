/** Whether whoever uses a kubeconfig accepts the API server, and has the key to log in. */
import { describeUnusable } from '../../errors.ts'
import { impactOf } from '../../inventory/names.ts'
import { type Certificate, hasSameKey, isSameCertificate } from '../../x509/certificate.ts'
import { isAnchored, pathAbove } from '../certification-path.ts'
import type { Evidence } from '../evidence.ts'
import { entryNamed } from '../snapshot.ts'
import type { Check, Observation } from './check.ts'
import { remakeOf } from './commands.ts'
import {
  type Configured,
  configuredOf,
  ofThisCluster,
  servingLeaf,
  setCluster,
  trustFlags,
} from './kubeconfig-subjects.ts'
import { servesByName } from './own-names.ts'
import { certificatesOf, isKubelets, shownKeys } from './subjects.ts'

const trustedBy = ({ trust }: Configured) => (trust?.state === 'present' ? trust.certificates : [])

const shareKey = (some: readonly Certificate[], others: readonly Certificate[]) =>
  some.some(one => others.some(other => hasSameKey(one, other)))

/** The serving certificate leads to one of them. Without one here, they are the cluster's CA. */
function accepts(evidence: Evidence, trusted: readonly Certificate[]): boolean {
  const { snapshot } = evidence
  const leaf = servingLeaf(evidence)
  const rest = certificatesOf({ snapshot }, 'apiserver')
  if (!leaf) return shareKey(trusted, certificatesOf({ snapshot }, 'ca'))
  return isAnchored(leaf, trusted, rest)
}

/** Those of the cluster's CAs that the serving certificate leads to, all where it leads to none. */
function servingAuthorities(evidence: Evidence): readonly Certificate[] {
  const { snapshot } = evidence
  const authorities = certificatesOf({ snapshot }, 'ca')
  const leaf = servingLeaf(evidence)
  const rest = certificatesOf({ snapshot }, 'apiserver')
  const path = leaf ? pathAbove(leaf, [...authorities, ...rest]) : []
  const leading = authorities.filter(ca => path.some(one => isSameCertificate(one, ca)))
  return leading.length > 0 ? leading : authorities
}

/** Where the API server's own certificate is the odd one, it is not the kubeconfigs that are wrong. */
function hasOtherTrust(evidence: Evidence, configured: Configured): boolean {
  const trusted = trustedBy(configured)
  const authorities = certificatesOf(evidence, 'ca')
  if (trusted.length === 0 || authorities.length === 0 || servesByName(evidence.snapshot)) return false
  const isServerRight = accepts(evidence, authorities)
  return !accepts(evidence, trusted) && (isServerRight || !shareKey(trusted, authorities))
}

/** CAs on disk that are neither there nor above or below one that is. */
function lackingAuthorities(evidence: Evidence, configured: Configured): readonly Certificate[] {
  const trusted = trustedBy(configured)
  const authorities = certificatesOf(evidence, 'ca')
  const all = [...authorities, ...trusted]
  const isAbove = (one: Certificate, other: Certificate) =>
    pathAbove(other, all).some(found => hasSameKey(found, one))
  const isKnown = (ca: Certificate) =>
    trusted.some(one => hasSameKey(one, ca) || isAbove(one, ca) || isAbove(ca, one))
  return authorities.filter(ca => ca.isCa && ca.notAfter > evidence.now && !isKnown(ca))
}

function observed(
  { name, file, isCopy }: Configured,
  rest: Omit<Observation, 'certificate' | 'file' | 'impact'> & Partial<Observation>,
): Observation {
  return { certificate: name, file, impact: isCopy ? 'kubectl with it fails' : impactOf(name), ...rest }
}

const GROUP = { group: 'kubeconfigs', needs: ['certificates'] } as const
const SET_TRUST =
  'kubectl config set-cluster NAME --certificate-authority=CA --embed-certs=true --kubeconfig=FILE'

export const TRUST_CHECKS: readonly Check[] = [
  {
    code: 'KUBECONFIG_CA_DIFFERENT',
    ...GROUP,
    severity: 'error',
    title: "a kubeconfig trusts no CA that the API server's certificate is of",
    remedy: SET_TRUST,
    find: evidence =>
      ofThisCluster(evidence)
        .filter(one => hasOtherTrust(evidence, one))
        .map(one => {
          const file = entryNamed(evidence.snapshot, 'ca')?.file.path
          const authorities = shownKeys(servingAuthorities(evidence))
          return observed(one, {
            expected: `${authorities}, as in ${file}`,
            found: shownKeys(trustedBy(one)),
            remedy: setCluster(one, ...trustFlags(evidence.snapshot)),
          })
        }),
  },
  {
    code: 'KUBECONFIG_CA_PARTIAL',
    ...GROUP,
    severity: 'info',
    title: 'a kubeconfig lacks a CA that the cluster has, and does without it now',
    remedy: SET_TRUST,
    find: evidence =>
      ofThisCluster(evidence)
        .filter(one => trustedBy(one).length > 0 && !hasOtherTrust(evidence, one))
        .flatMap(one => {
          const lacking = lackingAuthorities(evidence, one)
          if (lacking.length === 0) return []
          return observed(one, {
            expected: shownKeys(lacking),
            found: shownKeys(trustedBy(one)),
            impact: 'it stops working once the API server has a certificate of that CA',
            remedy: setCluster(one, ...trustFlags(evidence.snapshot)),
          })
        }),
  },
  {
    code: 'KUBECONFIG_CA_UNREADABLE',
    ...GROUP,
    severity: 'error',
    title: 'the CA that a kubeconfig names or holds cannot be read',
    remedy: SET_TRUST,
    find: evidence =>
      configuredOf(evidence).flatMap(one => {
        const why = whyNoTrust(one)
        if (why === undefined) return []
        return observed(one, {
          ...{ expected: 'CA certificates', found: why },
          remedy: setCluster(one, ...trustFlags(evidence.snapshot)),
        })
      }),
  },
  {
    code: 'KUBECONFIG_NO_CA',
    ...GROUP,
    severity: 'warning',
    title: 'a kubeconfig names no CA: what the system trusts decides',
    remedy: SET_TRUST,
    find: evidence =>
      ofThisCluster(evidence)
        .filter(({ config, trust }) => trust === undefined && !config.isInsecure)
        .map(one =>
          observed(one, {
            expected: shownKeys(certificatesOf(evidence, 'ca')) || "the cluster's CA",
            found: 'none',
            impact: "it fails, unless this system trusts the cluster's CA",
            remedy: setCluster(one, ...trustFlags(evidence.snapshot)),
          }),
        ),
  },
  {
    code: 'KUBECONFIG_KEY_UNUSABLE',
    ...GROUP,
    severity: 'error',
    title: 'the client key that a kubeconfig names or holds is missing or cannot be read',
    needs: ['certificates', 'keys'],
    remedy: 'init phase kubeconfig NAME, the old one moved away',
    find: evidence =>
      configuredOf(evidence)
        .filter(({ entry }) => !isKubelets(entry))
        .flatMap(one => {
          const found = whyNoKey(evidence, one)
          const remedy = remakeOf(evidence, one.entry)
          return found === undefined ? [] : observed(one, { expected: 'its client key', found, remedy })
        }),
  },
]

/** What may not be read is not known to be wrong. */
function whyNoTrust({ trust, config }: Configured): string | undefined {
  const { certificateAuthority } = config
  if (trust === undefined || trust.state === 'present') return undefined
  if (trust.state === 'missing')
    return certificateAuthority?.at === 'file' ? `${certificateAuthority.file} does not exist` : 'nothing'
  if (trust.reason === 'PERMISSION_DENIED') return undefined
  const isEmbedded = certificateAuthority?.at === 'data'
  if (isEmbedded && trust.reason === 'EMPTY_FILE') return 'certificate-authority-data that holds nothing'
  return `${isEmbedded ? 'certificate-authority-data: ' : ''}${describeUnusable(trust)}`
}

function whyNoKey({ keys }: Evidence, { name, entry }: Configured): string | undefined {
  const key = keys.get(name)
  if (key?.state === 'missing')
    return entry.key ? `${entry.key.path} does not exist` : 'neither client-key-data nor client-key'
  if (key?.state !== 'invalid' || key.reason === 'PERMISSION_DENIED') return undefined
  return `${entry.key ? `${entry.key.path}: ` : ''}${describeUnusable(key)}`
}
