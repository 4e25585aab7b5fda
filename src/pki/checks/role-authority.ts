/** CAs that have to be different ones: what one signs must not be accepted where another is asked for. */
import { hasSameKey } from '../../x509/certificate.ts'
import type { Evidence } from '../evidence.ts'
import type { Check, Observation } from './check.ts'
import { flagOf } from './own-names.ts'
import { authoritiesOf, type Subject, shownKey } from './subjects.ts'

interface Shared {
  readonly other: Subject
  readonly found: string
  /** Moving it away would take the cluster's CA away. */
  readonly isSameFile: boolean
}

/** By key: another certificate for the same key is the same CA. */
function sharedWithCluster(evidence: Evidence, name: string): Shared | undefined {
  const authorities = authoritiesOf(evidence)
  const cluster = authorities.find(one => one.name === 'ca')
  const other = authorities.find(one => one.name === name)
  if (!cluster || !other) return undefined
  const own = [cluster.leaf, ...cluster.rest]
  const shared = [other.leaf, ...other.rest].find(one => own.some(ca => hasSameKey(ca, one)))
  if (!shared) return undefined
  const found = `${shownKey(shared)}, which is in ${cluster.file} too`
  const isSameFile = other.entry.file.realPath === cluster.entry.file.realPath
  return { other, found, isSameFile }
}

function observed({ other, found }: Shared, impact: string, remedy: string): Observation {
  const { name, file } = other
  return { certificate: name, file, expected: 'a CA of its own', found, impact, remedy }
}

/** Without a list of names every client certificate of the cluster is a front proxy's. */
function proxyImpact({ snapshot }: Evidence): string {
  const allowed = flagOf(snapshot, 'kube-apiserver', 'requestheader-allowed-names') ?? ''
  return allowed === ''
    ? 'every client certificate of the cluster can act as any user: none is refused as front proxy'
    : 'whoever gets a certificate of the cluster CA with an allowed name can act as any user'
}

/** `flags`: those that name the files, where these are the cluster's own. */
function remade(
  { snapshot }: Evidence,
  { other, isSameFile }: Shared,
  { names, flags }: { names: string; flags: string },
): string {
  const make = `kubepki init phase certs ${names}`
  if (isSameFile)
    return `make them in a directory of their own, ${make} --cert-dir DIR, and have ${flags} name them`
  const { file, key } = other.entry
  const moved = [file, ...(key ? [key] : [])].map(({ path }) => path).join(' and ')
  return `move ${moved} away, with the certificates it signed, then ${make}${snapshot.commandFlags}, the same CA on every control-plane node, and restart them`
}

export const AUTHORITY_CHECKS: readonly Check[] = [
  {
    code: 'FRONT_PROXY_CA_SHARED',
    group: 'role',
    severity: 'error',
    title: 'the CA of the front proxy is that of the cluster',
    needs: ['certificates'],
    remedy: 'a front-proxy CA of its own: init phase certs front-proxy-ca front-proxy-client',
    find: evidence => {
      const shared = sharedWithCluster(evidence, 'front-proxy-ca')
      if (!shared) return []
      const flags = '--requestheader-client-ca-file and --proxy-client-cert-file'
      const remedy = remade(evidence, shared, { names: 'front-proxy-ca front-proxy-client', flags })
      return [observed(shared, proxyImpact(evidence), remedy)]
    },
  },
  {
    code: 'ETCD_CA_SHARED',
    group: 'role',
    severity: 'warning',
    title: 'the CA of etcd is that of the cluster',
    needs: ['certificates'],
    remedy: 'a CA of its own for etcd, which every member and API server gets',
    find: evidence => {
      const shared = sharedWithCluster(evidence, 'etcd-ca')
      if (!shared) return []
      const names = 'etcd-ca etcd-server etcd-peer etcd-healthcheck-client apiserver-etcd-client'
      const impact = 'every client certificate of the cluster reads and writes all of etcd, past RBAC'
      return [
        observed(
          shared,
          impact,
          remade(evidence, shared, { names, flags: 'the flags of etcd and of the API server' }),
        ),
      ]
    },
  },
]
