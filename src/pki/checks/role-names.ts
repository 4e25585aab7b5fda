/** The names that a serving certificate needs: each by what in the cluster connects to it. */
import { impactOf } from '../../inventory/names.ts'
import type { SubjectAltName } from '../../x509/subject-alt-name.ts'
import { describeSubjectAltName } from '../../x509/subject-alt-name.ts'
import type { Evidence } from '../evidence.ts'
import { SEVERITIES, type Severity } from '../finding.ts'
import { lackingNames, readableNames } from '../names-of-certificate.ts'
import type { Check, Observation } from './check.ts'
import { renewalForThisNode, renewalWithNames } from './commands.ts'
import {
  flagOf,
  hostsOfUrls,
  isLoopback,
  isSaid,
  kubeconfigHosts,
  nameOf,
  ownAddresses,
  ownNames,
  servesByName,
  serviceAddresses,
} from './own-names.ts'
import { type Subject, subjectsOf } from './subjects.ts'

/** A name that something connects to. */
interface NeededName {
  readonly host: string
  readonly severity: Severity
  readonly impact: string
  /** Every node has its own. */
  readonly isOfNode?: boolean
}

const SERVERS: Readonly<Record<string, (evidence: Evidence) => readonly NeededName[]>> = {
  apiserver: neededByApiServer,
  'etcd-server': neededByEtcd,
  'etcd-peer': neededByPeers,
}

function neededByApiServer(evidence: Evidence): readonly NeededName[] {
  const { facts } = evidence
  const services = isSaid(facts.serviceSubnet) ? serviceAddresses(evidence).slice(0, 1) : []
  return [
    ...services.map(
      host => ({ host, severity: 'error', impact: 'pods cannot reach the API server' }) as const,
    ),
    ...CLUSTER_NAMES,
    ...(isSaid(facts.dnsDomain) ? [qualifiedName(facts.dnsDomain.value)] : []),
    ...endpointName(evidence),
    ...advertisedName(evidence),
    ...nodeNames(evidence),
  ]
}

const CLUSTER_NAMES: readonly NeededName[] = [
  {
    host: 'kubernetes.default.svc',
    severity: 'error',
    impact: 'pods that connect to https://kubernetes.default.svc refuse the API server',
  },
  { host: 'kubernetes.default', severity: 'warning', impact: 'pods that connect by this name are refused' },
  { host: 'kubernetes', severity: 'info', impact: 'pods of the namespace default cannot use the short name' },
]

const qualifiedName = (domain: string): NeededName => ({
  host: `kubernetes.default.svc.${domain}`,
  severity: 'warning',
  impact: 'pods that connect by the full name refuse the API server',
})

/** One that kubeconfigs alone tell of is a matter of theirs. */
function endpointName({ snapshot, facts }: Evidence): readonly NeededName[] {
  const { value, source } = facts.controlPlaneEndpoint
  const isConfigured =
    snapshot.configuration !== undefined && source.startsWith(snapshot.configuration.source)
  if (!value || !isConfigured) return []
  const impact = 'nodes and users cannot connect to the control-plane endpoint'
  return [{ host: value.host, severity: 'error', impact }]
}

/** Where there is an endpoint for all, a node's own address is for its own components alone. */
function advertisedName(evidence: Evidence): readonly NeededName[] {
  const { facts } = evidence
  const host = facts.advertiseAddress?.value
  if (host === undefined || !ownAddresses(evidence).includes(host)) return []
  const hosts = kubeconfigHosts(evidence)
  const isForAll =
    facts.controlPlaneEndpoint.value === undefined && (hosts.length === 0 || hosts.includes(host))
  const severity = isForAll ? 'error' : 'warning'
  const impact = "whoever connects to this node's address refuses the API server"
  return [{ host, severity, impact, isOfNode: true }]
}

function nodeNames(evidence: Evidence): readonly NeededName[] {
  const impact = "whoever connects to this node's name refuses the server"
  return ownNames(evidence).map(host => ({ host, severity: 'info', impact, isOfNode: true }))
}

/** The API server beside it dials what its own flag says; kubeadm and other members what is advertised. */
function neededByEtcd(evidence: Evidence): readonly NeededName[] {
  const { snapshot } = evidence
  const own = [...ownAddresses(evidence), ...ownNames(evidence)]
  const isHere = (host: string) => isLoopback(host) || own.includes(host)
  const dialled = hostsOfUrls(flagOf(snapshot, 'kube-apiserver', 'etcd-servers')).filter(isHere)
  const advertised = hostsOfUrls(flagOf(snapshot, 'etcd', 'advertise-client-urls'))
  const severity = snapshot.role === 'etcd' ? 'error' : 'warning'
  return [
    ...dialled.map(host => ({
      ...({ host, severity: 'error', impact: impactOf('etcd-server') } as const),
      isOfNode: !isLoopback(host),
    })),
    ...advertised
      .filter(host => !dialled.includes(host))
      .map(host => ({
        ...({
          host,
          severity,
          impact: 'clients of this member refuse it: kubeadm join and upgrade fail',
        } as const),
        isOfNode: true,
      })),
  ]
}

/** The first member's flag names itself alone, also when others have joined since. */
function neededByPeers({ snapshot }: Evidence): readonly NeededName[] {
  const members = flagOf(snapshot, 'etcd', 'initial-cluster')?.split(',').length ?? 1
  const severity = members > 1 ? 'error' : 'warning'
  const hosts = hostsOfUrls(flagOf(snapshot, 'etcd', 'initial-advertise-peer-urls'))
  const impact = 'the other members of etcd refuse this one'
  return hosts.map(host => ({ host, severity, impact, isOfNode: true }))
}

interface Server extends Subject {
  readonly names: readonly SubjectAltName[]
  readonly needed: readonly NeededName[]
  readonly foreign: readonly SubjectAltName[]
}

/** One without any names is of no use at all, and another check says so. */
function serversOf(evidence: Evidence): readonly Server[] {
  return subjectsOf(evidence).flatMap(subject => {
    const needed = SERVERS[subject.name]?.(evidence)
    const names = readableNames(subject.leaf)
    if (!needed || names.length === 0) return []
    const isElsewhere = subject.name === 'apiserver' && servesByName(evidence.snapshot)
    const server = { ...subject, names, needed: isElsewhere ? [] : needed }
    return { ...server, foreign: namesOfAnotherNode(evidence, server) }
  })
}

const names = (hosts: readonly string[]) => hosts.flatMap(host => nameOf(host) ?? [])
const has = (subject: Subject, hosts: readonly string[]) =>
  names(hosts).some(name => lackingNames(subject.leaf, [name]).length === 0)

/** What every control-plane node's certificate may have. */
function sharedHosts(evidence: Evidence): readonly string[] {
  const { facts } = evidence
  const endpoint = facts.controlPlaneEndpoint.value?.host
  return [
    ...(endpoint === undefined ? [] : [endpoint]),
    ...serviceAddresses(evidence),
    ...kubeconfigHosts(evidence).filter(host => !ownAddresses(evidence).includes(host)),
    ...[facts.apiServerCertSans, facts.etcdServerCertSans, facts.etcdPeerCertSans].flatMap(
      ({ value }) => value,
    ),
  ]
}

function isShared({ value }: SubjectAltName): boolean {
  return /^kubernetes(\.|$)|\*/.test(value) || isLoopback(value)
}

/** None, where it names this node too, or nothing says surely which node this is. */
function namesOfAnotherNode(evidence: Evidence, server: Omit<Server, 'foreign'>): readonly SubjectAltName[] {
  const addresses = ownAddresses(evidence)
  const own = [...addresses, ...ownNames(evidence)]
  if (addresses.length === 0 || has(server, own) || !isAddressUsed(evidence, server)) return []
  const shared = new Set(names(sharedHosts(evidence)).map(describeSubjectAltName))
  const others = server.names.filter(name => !isShared(name) && !shared.has(describeSubjectAltName(name)))
  const kinds = new Set(others.map(({ type }) => type))
  return kinds.has('IP') && kinds.has('DNS') ? others : []
}

/** An API server that everybody reaches by names of the cluster's does without its node's. */
function isAddressUsed(evidence: Evidence, { name }: Subject): boolean {
  const own = ownAddresses(evidence)
  return name !== 'apiserver' || kubeconfigHosts(evidence).some(host => own.includes(host))
}

/** One finding for each severity, with all its names; one renewal adds those of the others too. */
function missingNames(evidence: Evidence, server: Server): readonly Observation[] {
  const lacking = server.needed.filter(({ host, isOfNode }) => {
    return !(isOfNode && server.foreign.length > 0) && names([host]).length > 0 && !has(server, [host])
  })
  return SEVERITIES.flatMap(severity => {
    const group = lacking.filter(one => one.severity === severity)
    if (group.length === 0) return []
    const wanted = names(group.map(({ host }) => host))
    return {
      ...{ severity, certificate: server.name, file: server.file },
      expected: `SANs ${wanted.map(describeSubjectAltName).join(', ')}`,
      found: server.names.map(describeSubjectAltName).join(', '),
      impact: [...new Set(group.map(({ impact }) => impact))].join('; '),
      remedy: renewalWithNames(evidence, server.entry, names(lacking.map(({ host }) => host))),
    }
  })
}

export const NAME_CHECKS: readonly Check[] = [
  {
    code: 'SAN_NOT_THIS_NODE',
    group: 'role',
    severity: 'error',
    title: "a serving certificate names another node, and this one's names are not in it",
    needs: ['certificates', 'manifests'],
    remedy: 'certs renew NAME --add-san ... --remove-san ...',
    find: evidence =>
      serversOf(evidence).flatMap(({ entry, name, file, foreign }) => {
        if (foreign.length === 0) return []
        const own = [...ownNames(evidence), ...ownAddresses(evidence)]
        return {
          ...{ certificate: name, file, impact: impactOf(name) },
          expected: `one of this node: ${own.join(', ')}`,
          found: `one of another: ${foreign.map(describeSubjectAltName).join(', ')}`,
          remedy: renewalForThisNode(evidence, entry, { own: names(own), foreign }),
        }
      }),
  },
  {
    code: 'SAN_MISSING',
    group: 'role',
    severity: 'error',
    title: 'a serving certificate lacks a name that it is reached at',
    needs: ['certificates', 'manifests'],
    remedy: 'certs renew NAME --add-san ...',
    find: evidence => serversOf(evidence).flatMap(server => missingNames(evidence, server)),
  },
]
