/** Whom a kubelet signs in as: its own node, and nobody else (Node authorization, NodeRestriction). */
import { isSubdomain } from '../../dns-name.ts'
import { named } from '../../foreign-text.ts'
import type { Certificate } from '../../x509/certificate.ts'
import { type Identity, identityOf } from '../../x509/subject.ts'
import type { Evidence } from '../evidence.ts'
import { isExternallyManaged } from '../external-ca.ts'
import type { Severity } from '../finding.ts'
import { entryNamed } from '../snapshot.ts'
import type { Check, Observation } from './check.ts'
import { entryOf, subjectNamed } from './kubelet-view.ts'
import { CLIENT, CONF, fileOf, newKubeconfig, SELF_SIGNED } from './kubelet-way-back.ts'
import { hasSameLeaf, observe, type Subject } from './subjects.ts'

const PREFIX = 'system:node:'
const GROUP = 'system:nodes'
const ADMINS: ReadonlySet<string> = new Set(['system:masters', 'kubeadm:cluster-admins'])

export const KUBELET_IDENTITY_CHECKS: readonly Check[] = [
  {
    code: 'KUBELET_IS_ADMIN',
    group: 'kubelet',
    severity: 'error',
    title: 'the kubelet signs in as an administrator of the cluster',
    needs: ['certificates'],
    remedy: 'kubeconfig user --client-name system:node:NAME --org system:nodes',
    find: evidence =>
      identities(evidence)
        .filter(isAdmin)
        .map(one => admin(evidence, one)),
  },
  {
    code: 'KUBELET_IDENTITY_WRONG',
    group: 'kubelet',
    severity: 'error',
    title: 'the kubelet signs in as something other than a node',
    needs: ['certificates'],
    remedy: 'kubeconfig user --client-name system:node:NAME --org system:nodes',
    find: evidence =>
      identities(evidence)
        .filter(one => !isAdmin(one))
        .flatMap(one => noNode(evidence, one)),
  },
  {
    code: 'KUBELET_OF_ANOTHER_NODE',
    group: 'kubelet',
    severity: 'error',
    title: 'the kubelet signs in as another node',
    needs: ['certificates'],
    remedy: 'kubeconfig user --client-name system:node:NAME --org system:nodes',
    find: evidence =>
      identities(evidence)
        .filter(one => !isAdmin(one) && noNode(evidence, one).length === 0)
        .flatMap(one => otherNode(evidence, one)),
  },
  {
    code: 'KUBELET_USER_NAME',
    group: 'kubelet',
    severity: 'info',
    title: 'the user in kubelet.conf has a name that kubeadm init with an external CA does not take',
    needs: ['certificates'],
    remedy: 'name the user system:node:NAME',
    find: userName,
  },
]

interface Kubelet extends Identity {
  readonly subject: Subject
}

/** Of what kubelet.conf leads to and of the rotated file; one certificate once. */
function identities(evidence: Evidence): readonly Kubelet[] {
  const current = subjectNamed(evidence, CLIENT)
  const conf = subjectNamed(evidence, CONF)
  const subjects = current && conf && hasSameLeaf(current, conf) ? [conf] : [conf, current]
  return subjects.flatMap(subject => (subject ? [{ subject, ...identityOf(subject.leaf) }] : []))
}

function isAdmin({ commonName, organizations }: Identity): boolean {
  return commonName === 'kubernetes-admin' || organizations.some(one => ADMINS.has(one))
}

function admin(evidence: Evidence, { subject }: Kubelet): Observation {
  return observe(evidence, subject, {
    expected: `CN=${PREFIX}${nameOf(evidence)},O=${GROUP}`,
    found: named(subject.leaf.subject),
    impact: 'whoever takes this node has the whole cluster; kubeadm upgrade looks for a node of that name',
    remedy: newKubeconfig(withName(evidence)),
  })
}

function nameOf({ facts, kubelet }: Evidence): string {
  return kubelet.hostname?.value ?? facts.nodeName?.value ?? 'NAME'
}

/** A certificate that is wrong must not say what the right one is called. */
function withName(evidence: Evidence): Evidence {
  const { facts, kubelet } = evidence
  return { ...evidence, facts: { ...facts, ...(kubelet.hostname && { nodeName: kubelet.hostname }) } }
}

function noNode(evidence: Evidence, { subject, commonName, organizations }: Kubelet): readonly Observation[] {
  const isNode = commonName.startsWith(PREFIX) && commonName.length > PREFIX.length
  if (isNode && organizations.length === 1 && organizations[0] === GROUP) return []
  return [
    observe(evidence, subject, {
      expected: `CN=${isNode ? named(commonName) : `${PREFIX}${nameOf(evidence)}`},O=${GROUP}, no other O`,
      found: named(subject.leaf.subject) || 'no subject',
      impact: 'the API server does not take the kubelet for a node: it is forbidden everything',
      remedy: newKubeconfig(isNode ? evidence : withName(evidence)),
    }),
  ]
}

/** What says how this node is called, and how sure that is. */
interface Witness {
  readonly name: string
  readonly source: string
  /** What is weak says nothing alone: of before the node was renamed, or of the image it was made from. */
  readonly weight: 'said' | 'made' | 'weak'
}

function otherNode(evidence: Evidence, { subject, commonName }: Kubelet): readonly Observation[] {
  const name = commonName.slice(PREFIX.length)
  const verdict = isSubdomain(name) ? judge(evidence, name) : LOWER_CASE
  if (!verdict) return []
  const { severity, wanted } = verdict
  const right = wanted?.name ?? name.toLowerCase()
  return [
    observe(evidence, subject, {
      severity,
      expected: `CN=${PREFIX}${named(right)}${wanted ? `, as ${wanted.source} has it` : ', in lower case'}`,
      found: named(commonName),
      impact: 'the API server lets the kubelet change that node only, not its own (NodeRestriction)',
      remedy: newKubeconfig({
        ...evidence,
        facts: { ...evidence.facts, nodeName: { value: right, source: '' } },
      }),
    }),
  ]
}

interface Verdict {
  readonly severity: Severity
  readonly wanted?: Witness
}

/** Node names are. */
const LOWER_CASE: Verdict = { severity: 'warning' }

/**
 * What the kubelet is told to be called decides. Else the name of the host does, but hosts are renamed and clouds have names
 * of their own: without a second witness it is a warning, and against one less.
 */
function judge(evidence: Evidence, name: string): Verdict | undefined {
  const override = overrideOf(evidence)
  if (override) return override.name === name ? undefined : { severity: 'error', wanted: override }
  const all = witnesses(evidence)
  const [first, ...more] = all.filter(one => one.name !== name)
  const agreeing = all.filter(one => one.name === name)
  const isHost = agreeing.some(one => one.source === evidence.kubelet.hostname?.source)
  if (!first || isHost || first.weight === 'weak') return undefined
  if (agreeing.length > 0 && first.weight !== 'said') return undefined
  if (isVariant(first.name, name))
    return { severity: agreeing.length > 0 ? 'info' : 'warning', wanted: first }
  return { severity: agreeing.length === 0 && more.length > 0 ? 'error' : 'warning', wanted: first }
}

function overrideOf({ kubelet }: Evidence): Witness | undefined {
  const flag = kubelet.flags.get('hostname-override')
  return flag && isSubdomain(flag.value.toLowerCase())
    ? { name: flag.value.toLowerCase(), source: flag.source, weight: 'said' }
    : undefined
}

function witnesses(evidence: Evidence): readonly Witness[] {
  const { facts, kubelet, snapshot } = evidence
  const { nodeName } = facts
  const { hostname } = kubelet
  const isSaid = nodeName?.source === `${snapshot.configuration?.source}: nodeRegistration.name`
  const isReal = hostname && !hostname.value.startsWith('localhost')
  return [
    ...(isReal ? [{ name: hostname.value, source: hostname.source, weight: 'said' as const }] : []),
    ...(nodeName && isSaid
      ? [{ name: nodeName.value, source: nodeName.source, weight: 'said' as const }]
      : []),
    ...ownName(evidence, 'etcd-server', 'made'),
    ...ownName(evidence, SELF_SIGNED, 'weak'),
  ]
}

/** The only DNS name but `localhost` in a certificate that kubeadm or the kubelet made for this node. */
function ownName(evidence: Evidence, row: string, weight: Witness['weight']): readonly Witness[] {
  const subject = subjectNamed(evidence, row)
  const names = subject ? dnsNamesOf(subject.leaf).filter(name => name !== 'localhost') : []
  const [name] = names
  return name !== undefined && names.length === 1 ? [{ name, source: fileOf(evidence, row), weight }] : []
}

function dnsNamesOf({ subjectAltName }: Certificate): readonly string[] {
  return subjectAltName.filter(one => one.startsWith('DNS:')).map(one => one.slice(4))
}

/** Short and fully qualified. */
function isVariant(one: string, other: string): boolean {
  return one.startsWith(`${other}.`) || other.startsWith(`${one}.`)
}

/** As the kubelet writes it when it joins: only `kubeadm init` cannot do with it, and only without the CA's key. */
function userName({ snapshot, ...evidence }: Evidence): readonly Observation[] {
  const entry = entryOf({ snapshot, ...evidence }, CONF)
  const name = entry.kubeconfig?.config.userName
  const isExternal = isExternallyManaged(entryNamed(snapshot, 'ca'))
  if (snapshot.role !== 'control-plane' || !isExternal || name !== 'default-auth') return []
  const wanted = `${PREFIX}${evidence.facts.nodeName?.value ?? 'NAME'}`
  return [
    {
      ...{ certificate: CONF, file: entry.file.path },
      ...{ expected: `user ${wanted}`, found: `user ${name}, as after kubeadm join` },
      impact: 'kubeadm init with an external CA fails on it; nothing else does',
      remedy: `only before kubeadm init: give the user and its context the name ${wanted} in ${entry.file.path}`,
    },
  ]
}
