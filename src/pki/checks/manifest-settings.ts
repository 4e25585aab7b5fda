/** What flags and configuration say about certificates, and what these have in them. */

import { named } from '../../foreign-text.ts'
import { impactOf } from '../../inventory/names.ts'
import type { ClusterConfiguration } from '../../kubernetes/cluster-configuration.ts'
import { identityOf } from '../../x509/subject.ts'
import { describeSubjectAltName } from '../../x509/subject-alt-name.ts'
import type { Evidence } from '../evidence.ts'
import { lackingNames, readableNames } from '../names-of-certificate.ts'
import { entryNamed, podOf, shownFile } from '../snapshot.ts'
import type { Check, Observation } from './check.ts'
import { renewalWithNames } from './commands.ts'
import { flagOf, hostOfUrl, isLoopback, nameOf, servesByName } from './own-names.ts'
import { certificatesOf } from './subjects.ts'

/** An empty list allows all. */
function disallowedProxy({ snapshot }: Evidence): { allowed: string; name: string } | undefined {
  const allowed = flagOf(snapshot, 'kube-apiserver', 'requestheader-allowed-names') ?? ''
  const [leaf] = certificatesOf({ snapshot }, 'front-proxy-client')
  if (!leaf || allowed === '') return undefined
  const { commonName } = identityOf(leaf)
  return allowed.split(',').includes(commonName) ? undefined : { allowed, name: commonName }
}

/** A side of etcd that others connect to. */
interface Side {
  readonly row: 'etcd-server' | 'etcd-peer'
  readonly listen: string
  readonly prefix: '' | 'peer-'
  readonly impact: string
}

const SIDES: readonly Side[] = [
  {
    ...{ row: 'etcd-server', listen: 'listen-client-urls', prefix: '' },
    impact: 'whoever reaches this port reads and writes all of the cluster, Secrets too',
  },
  {
    ...{ row: 'etcd-peer', listen: 'listen-peer-urls', prefix: 'peer-' },
    impact: 'whoever reaches this port can be a member of etcd',
  },
]

interface Open {
  readonly side: Side
  readonly expected: string
  readonly found: string
}

/** A trusted CA alone makes etcd ask for certificates, whatever the other flag says. */
function openSides({ snapshot }: Evidence): readonly Open[] {
  const pod = podOf(snapshot, 'etcd')
  if (!pod) return []
  return SIDES.flatMap(side => {
    const flag = (name: string) => pod.value.flags.get(`${side.prefix}${name}`)
    const urls = (pod.value.flags.get(side.listen) ?? '').split(',').map(url => url.trim())
    const reachable = urls.filter(url => !isLoopback(hostOfUrl(url) ?? 'localhost'))
    const plain = reachable.filter(url => url.startsWith('http://'))
    const isAsked = flag('trusted-ca-file') !== undefined || flag('client-cert-auth') === 'true'
    const found =
      plain.length > 0
        ? `--${side.listen}=${plain.join(',')}`
        : `--${side.listen}=${reachable.join(',')} without them`
    const expected = `https, and --${side.prefix}client-cert-auth=true with --${side.prefix}trusted-ca-file`
    return plain.length > 0 || (reachable.length > 0 && !isAsked)
      ? { side, expected, found: named(found) }
      : []
  })
}

const CONFIGURED: readonly { row: string; field: string; of: keyof ClusterConfiguration }[] = [
  { row: 'apiserver', field: 'apiServer.certSANs', of: 'apiServerCertSans' },
  { row: 'etcd-server', field: 'etcd.local.serverCertSANs', of: 'etcdServerCertSans' },
  { row: 'etcd-peer', field: 'etcd.local.peerCertSANs', of: 'etcdPeerCertSans' },
]

function lackingConfigured(evidence: Evidence): readonly Observation[] {
  const { snapshot } = evidence
  const { configuration } = snapshot
  return CONFIGURED.flatMap(({ row, field, of }) => {
    const wanted = (configuration?.value[of] ?? []) as readonly string[]
    const entry = entryNamed(snapshot, row)
    const [leaf] = certificatesOf({ snapshot }, row)
    if (!entry || !leaf || !configuration || (row === 'apiserver' && servesByName(snapshot))) return []
    const names = wanted.flatMap(host => nameOf(host) ?? [])
    const lacking = names.filter(name => lackingNames(leaf, [name]).length > 0)
    if (lacking.length === 0) return []
    return {
      ...{ certificate: row, file: shownFile(entry) },
      expected: `SANs ${lacking.map(describeSubjectAltName).join(', ')}, as ${configuration.source}: ${field} has them`,
      found: readableNames(leaf).map(describeSubjectAltName).join(', ') || 'no SANs',
      impact: 'whoever connects by these names refuses the server',
      remedy: renewalWithNames(evidence, entry, lacking),
    }
  })
}

export const MANIFEST_SETTING_CHECKS: readonly Check[] = [
  {
    code: 'FRONT_PROXY_NAME_NOT_ALLOWED',
    group: 'manifests',
    severity: 'error',
    title: "the front proxy's name is none that --requestheader-allowed-names allows",
    needs: ['certificates', 'manifests'],
    remedy: 'the name in --requestheader-allowed-names',
    find: evidence => {
      const found = disallowedProxy(evidence)
      const entry = entryNamed(evidence.snapshot, 'front-proxy-client')
      const pod = podOf(evidence.snapshot, 'kube-apiserver')
      if (!found || !entry || !pod) return []
      return [
        {
          ...{ certificate: entry.name, file: shownFile(entry), impact: impactOf(entry.name) },
          expected: `one of --requestheader-allowed-names=${named(found.allowed)}, in ${pod.source}`,
          found: `CN=${named(found.name)}`,
          remedy: `have --requestheader-allowed-names in ${pod.file.path} name it too`,
        },
      ]
    },
  },
  {
    code: 'ETCD_UNGUARDED',
    group: 'manifests',
    severity: 'warning',
    title: 'etcd lets in whoever reaches it',
    needs: ['manifests'],
    remedy: '--client-cert-auth=true and --trusted-ca-file, and https',
    find: evidence =>
      openSides(evidence).map(({ side, expected, found }) => {
        const file = podOf(evidence.snapshot, 'etcd')?.file.path ?? ''
        const { row, prefix, impact } = side
        const remedy = `in ${file}: --${prefix}client-cert-auth=true and --${prefix}trusted-ca-file, and https in --${side.listen}`
        return { ...{ certificate: row, file, impact }, expected, found, remedy }
      }),
  },
  {
    code: 'CONFIGURED_SAN_MISSING',
    group: 'manifests',
    severity: 'warning',
    title: 'the configuration has certSANs that the certificate does not have',
    needs: ['certificates', 'configuration'],
    remedy: 'certs renew NAME --add-san ..., or --sans-from-config',
    find: lackingConfigured,
  },
]
