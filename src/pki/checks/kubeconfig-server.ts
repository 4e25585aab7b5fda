/** Whether a kubeconfig goes to an API server that has the name it goes by. */

import { named } from '../../foreign-text.ts'
import { impactOf } from '../../inventory/names.ts'
import { parseIpAddress } from '../../ip-address.ts'
import { urlOf } from '../../kubernetes/endpoint-address.ts'
import { describeSubjectAltName } from '../../x509/subject-alt-name.ts'
import type { Evidence } from '../evidence.ts'
import type { Severity } from '../finding.ts'
import { lackingNames, readableNames } from '../names-of-certificate.ts'
import { type Entry, entryNamed, shownFile } from '../snapshot.ts'
import type { Check, Observation } from './check.ts'
import { renewalWithNames } from './commands.ts'
import {
  type Configured,
  hostOfServer,
  ofThisCluster,
  servingLeaf,
  setCluster,
  specOf,
  trustFlags,
} from './kubeconfig-subjects.ts'
import { isLoopback, isSaid, nameOf, ownAddresses, ownNames, servesByName } from './own-names.ts'

const isPlain = ({ config }: Configured) => /^http:\/\//i.test(config.server ?? '')

function portOf({ config, ...rest }: Configured): number {
  const [, port] = /^(?:[a-z]+:\/\/)?(?:\[[^\]]*\]|[^/:]*):(\d+)(?:\/|$)/i.exec(config.server ?? '') ?? []
  return port === undefined ? (isPlain({ config, ...rest }) ? 80 : 443) : Number(port)
}

function observed(
  { name, file, isCopy }: Configured,
  rest: Omit<Observation, 'certificate' | 'file' | 'impact'> & Partial<Observation>,
): Observation {
  return { certificate: name, file, impact: isCopy ? 'kubectl with it fails' : impactOf(name), ...rest }
}

/** Undefined: the certificate has the name, or need not. Another control-plane node may have another certificate. */
function lackingServerName(evidence: Evidence, one: Configured): string | undefined {
  const { config } = one
  const leaf = servingLeaf(evidence)
  const name = nameOf(config.tlsServerName ?? hostOfServer(config) ?? '')
  const isVerified = !isPlain(one) && !config.isInsecure && !servesByName(evidence.snapshot)
  if (!leaf || !name || !isVerified || readableNames(leaf).length === 0) return undefined
  return lackingNames(leaf, [name])[0]
}

/** Surely this node or every node has to answer to it, or perhaps another one alone. */
function gravityOf(evidence: Evidence, { config, isCopy }: Configured): Severity {
  const { snapshot, facts } = evidence
  const host = hostOfServer(config) ?? ''
  const { value: endpoint, source } = facts.controlPlaneEndpoint
  const isConfigured = snapshot.configuration && source.startsWith(snapshot.configuration.source)
  const isOwn = [...ownAddresses(evidence), ...ownNames(evidence)].includes(host)
  if (isOwn || config.tlsServerName || (isConfigured && endpoint?.host === host)) return 'error'
  const isAddress = parseIpAddress(host) !== undefined && !isLoopback(host)
  if (isCopy) return isAddress ? 'info' : 'warning'
  return isAddress ? 'warning' : 'error'
}

/** The components that ask the API server beside them. */
function hasOtherPort({ facts }: Evidence, one: Configured): boolean {
  const isLocal = specOf(one.name)?.server === 'local' && !one.isCopy
  const isOwn = hostOfServer(one.config) === facts.advertiseAddress?.value
  return isLocal && isOwn && isSaid(facts.bindPort) && portOf(one) !== facts.bindPort.value
}

/** The configured endpoint, where a kubeconfig for the cluster goes past it. */
function endpointPassed(evidence: Evidence, { name, isCopy, config }: Configured): string | undefined {
  const { snapshot, facts } = evidence
  const { value: endpoint, source } = facts.controlPlaneEndpoint
  const isConfigured = snapshot.configuration && source.startsWith(snapshot.configuration.source)
  const host = hostOfServer(config)
  const isForCluster = isCopy || specOf(name)?.server === 'control-plane'
  if (!endpoint || !isConfigured || !host || !isForCluster) return undefined
  const isPassed = host !== endpoint.host && !isLoopback(host)
  const isLocalKubelet = name === 'kubelet.conf' && ownAddresses(evidence).includes(host)
  return isPassed && !isLocalKubelet ? urlOf({ port: facts.bindPort.value, ...endpoint }) : undefined
}

const GROUP = { group: 'kubeconfigs', needs: ['certificates'] } as const
const SET_SERVER = 'kubectl config set-cluster NAME --server=URL --kubeconfig=FILE'

export const SERVER_CHECKS: readonly Check[] = [
  {
    code: 'SERVER_NOT_IN_CERTIFICATE',
    ...GROUP,
    severity: 'error',
    title: "a kubeconfig goes to a name that the API server's certificate does not have",
    remedy: 'certs renew apiserver --add-san NAME',
    find: evidence =>
      ofThisCluster(evidence).flatMap(one => {
        const lacking = lackingServerName(evidence, one)
        const apiServer = entryNamed(evidence.snapshot, 'apiserver')
        if (lacking === undefined || !apiServer) return []
        return notInCertificate(evidence, { one, lacking, apiServer })
      }),
  },
  {
    code: 'SERVER_MISSING',
    ...GROUP,
    severity: 'error',
    title: 'a kubeconfig names no server',
    remedy: SET_SERVER,
    find: evidence =>
      ofThisCluster(evidence)
        .filter(({ config }) => !config.server)
        .map(one =>
          observed(one, {
            ...{ expected: 'the URL of the API server', found: 'nothing: client-go goes to localhost:8080' },
            remedy: setCluster(one, `--server=${serverUrl(evidence)}`),
          }),
        ),
  },
  {
    code: 'SERVER_NOT_HTTPS',
    ...GROUP,
    severity: 'error',
    title: 'a kubeconfig goes to its server without TLS: no certificate is shown or asked for',
    remedy: SET_SERVER,
    find: evidence =>
      ofThisCluster(evidence)
        .filter(isPlain)
        .map(one => {
          const isSecurePort = portOf(one) === evidence.facts.bindPort.value
          const url = (one.config.server ?? '').replace(/^http:/i, 'https:')
          return observed(one, {
            severity: isSecurePort ? 'error' : 'warning',
            ...{ expected: named(url), found: named(one.config.server ?? '') },
            ...(isSecurePort ? {} : { impact: 'whoever is on the way reads and changes what is sent' }),
            remedy: setCluster(one, `--server=${serverUrl(evidence)}`),
          })
        }),
  },
  {
    code: 'SERVER_PORT_DIFFERENT',
    ...GROUP,
    severity: 'warning',
    title: 'a component goes to another port of this node than the API server listens on',
    needs: ['certificates', 'manifests'],
    remedy: SET_SERVER,
    find: evidence =>
      ofThisCluster(evidence)
        .filter(one => hasOtherPort(evidence, one))
        .map(one => {
          const { value, source } = evidence.facts.bindPort
          const host = evidence.facts.advertiseAddress?.value ?? ''
          return observed(one, {
            expected: `port ${value}, as ${source} says`,
            found: `port ${portOf(one)}`,
            remedy: setCluster(one, `--server=${urlOf({ host, port: value })}`),
          })
        }),
  },
  {
    code: 'SERVER_NOT_ENDPOINT',
    ...GROUP,
    severity: 'info',
    title: 'a kubeconfig goes past the control-plane endpoint of the configuration',
    remedy: SET_SERVER,
    find: evidence =>
      ofThisCluster(evidence).flatMap(one => {
        const expected = endpointPassed(evidence, one)
        if (expected === undefined) return []
        return observed(one, {
          ...{ expected, found: named(one.config.server ?? '') },
          impact: 'it fails when that one node does',
          remedy: setCluster(one, `--server=${expected}`),
        })
      }),
  },
  {
    code: 'SERVER_NOT_VERIFIED',
    ...GROUP,
    severity: 'error',
    title: "a kubeconfig has the API server's certificate not verified",
    remedy: `${SET_SERVER.replace('--server=URL', '--insecure-skip-tls-verify=false')}`,
    find: evidence =>
      ofThisCluster(evidence)
        .filter(({ config }) => config.isInsecure)
        .map(one => notVerified(evidence, one)),
  },
]

interface NotInCertificate {
  readonly one: Configured
  readonly lacking: string
  readonly apiServer: Entry
}

function notInCertificate(evidence: Evidence, { one, lacking, apiServer }: NotInCertificate): Observation {
  const leaf = servingLeaf(evidence)
  const severity = gravityOf(evidence, one)
  const name = nameOf(one.config.tlsServerName ?? hostOfServer(one.config) ?? '')
  const file = shownFile(apiServer)
  const has = leaf ? readableNames(leaf).map(describeSubjectAltName).join(', ') : ''
  const elsewhere = severity === 'error' ? '' : ', or the name of another control-plane node'
  return observed(one, {
    severity,
    expected: `a name that ${file} has: ${has}${elsewhere}`,
    found: `${lacking}, of ${named(one.config.tlsServerName ?? one.config.server ?? '')}`,
    remedy: renewalWithNames(evidence, apiServer, name ? [name] : []),
  })
}

/** client-go refuses a kubeconfig that says both. */
function notVerified({ snapshot }: Evidence, one: Configured): Observation {
  const isBoth = one.config.certificateAuthority !== undefined
  const fix = isBoth ? [] : trustFlags(snapshot)
  return observed(one, {
    severity: isBoth ? 'error' : 'warning',
    expected: 'a CA, and no insecure-skip-tls-verify',
    found: `insecure-skip-tls-verify: true${isBoth ? ', and a CA too' : ''}`,
    ...(isBoth
      ? {}
      : { impact: 'whoever is on the way can be the API server, and has the credentials of tokens' }),
    remedy: setCluster(one, '--insecure-skip-tls-verify=false', ...fix),
  })
}

function serverUrl({ facts }: Evidence): string {
  const { controlPlaneEndpoint, advertiseAddress, bindPort } = facts
  const own = { host: advertiseAddress?.value ?? 'ADDRESS', port: bindPort.value }
  return urlOf({ ...own, ...controlPlaneEndpoint.value })
}
