/** What the kubelet's checks share: which certificate it signs in with, how it is set up, how it gets back in. */
import { isSubdomain } from '../../dns-name.ts'
import { parseServerUrl, urlOf } from '../../kubernetes/endpoint-address.ts'
import type { Certificate } from '../../x509/certificate.ts'
import { shellWord } from '../command-flags.ts'
import type { Evidence } from '../evidence.ts'
import type { DatedFile, RotatedFiles } from '../kubelet-evidence.ts'
import { type Entry, entryNamed } from '../snapshot.ts'
import { type Subject, subjectsOf } from './subjects.ts'

export const CONF = 'kubelet.conf'
export const CLIENT = 'kubelet-client-current.pem'
export const SERVER = 'kubelet-server-current.pem'
export const SELF_SIGNED = 'kubelet.crt'

export function subjectNamed(evidence: Evidence, name: string): Subject | undefined {
  return subjectsOf(evidence).find(subject => subject.name === name)
}

/** What the kubelet signs in with: its own rotated file before whatever kubelet.conf has. */
export function clientOf(evidence: Evidence): Subject | undefined {
  return subjectNamed(evidence, CLIENT) ?? subjectNamed(evidence, CONF)
}

/** A host of etcd alone runs one that signs in nowhere. */
export function hasKubelet({ snapshot, kubelet }: Evidence): boolean {
  const { configuration, client, bootstrap } = kubelet
  const isSetUp = configuration.state !== 'missing' || client.current.is !== 'missing'
  return snapshot.role !== 'etcd' && (isSetUp || client.dated.length > 0 || bootstrap.state === 'present')
}

/** By a flag, else by the configuration; undefined: neither can be read. */
export function rotates(evidence: Evidence): boolean | undefined {
  return settingOf(evidence, 'rotate-certificates', 'rotateCertificates')
}

export function bootstrapsServing(evidence: Evidence): boolean | undefined {
  return settingOf(evidence, 'rotate-server-certificates', 'serverTLSBootstrap')
}

function settingOf(
  { kubelet: { configuration, flags } }: Evidence,
  flag: string,
  field: 'rotateCertificates' | 'serverTLSBootstrap',
): boolean | undefined {
  const given = flags.get(flag)?.value
  if (given !== undefined) return given === 'true'
  return configuration.state === 'present' ? (configuration.value[field] ?? false) : undefined
}

export function fileOf({ snapshot }: Evidence, name: string): string {
  return entryNamed(snapshot, name)?.file.path ?? name
}

export function entryOf({ snapshot }: Evidence, name: string): Entry {
  const entry = entryNamed(snapshot, name)
  if (!entry) throw new TypeError(`no row ${name}`)
  return entry
}

/** The newest of the dated files that would do now. */
export function newestUsable(
  { dated }: RotatedFiles,
  now: Date,
): (DatedFile & { leaf: Certificate }) | undefined {
  const usable = dated.flatMap(file => {
    if (file.certificate.state !== 'present' || !file.certificate.holdsKey) return []
    const [leaf] = file.certificate.certificates
    return leaf.notBefore <= now && now < leaf.notAfter ? [{ ...file, leaf }] : []
  })
  return usable.toSorted((a, b) => b.leaf.notBefore.getTime() - a.leaf.notBefore.getTime())[0]
}

/** Puts the kubelet's link on another file. */
export function relink(current: string, target: string): string {
  return `ln -sfn ${shellWord(target)} ${shellWord(current)} && systemctl restart kubelet`
}

/** Where a path of the tree is on the node itself. */
export function onNode(path: string): string {
  const [, below] = /(\/var\/lib\/kubelet\/.*)$/.exec(path) ?? []
  return below ?? path
}

export const RESTART = 'systemctl restart kubelet'

/** How a kubelet that cannot sign in gets a certificate again. */
export function wayBack(evidence: Evidence): string {
  const { kubelet, now } = evidence
  const spare = newestUsable(kubelet.client, now)
  if (spare && kubelet.client.current.is !== 'file')
    return relink(kubelet.client.current.path, onNode(spare.path))
  if (kubelet.bootstrap.state === 'present' && kubelet.bootstrap.hasToken)
    return `${RESTART}: it signs in anew with ${kubelet.bootstrap.file.path} while the token in it is good`
  return newKubeconfig(evidence)
}

/** With the CA's key here in one line; else on a node that has it. */
export function newKubeconfig(evidence: Evidence): string {
  const { snapshot } = evidence
  const node = nodeNameFor(evidence)
  const conf = fileOf(evidence, CONF)
  const away = movedAway(evidence)
  if (entryNamed(snapshot, 'ca')?.key?.state === 'present')
    return `${away}kubepki init phase kubeconfig kubelet --node-name ${node}${snapshot.commandFlags} && ${RESTART}`
  const server = parseServerUrl(entryNamed(snapshot, CONF)?.kubeconfig?.config.server ?? '')
  const endpoint = server ? ` --control-plane-endpoint ${urlOf(server).replace(/^https:\/\//, '')}` : ''
  return `on a control-plane node with ca.key: kubepki init phase kubeconfig kubelet --node-name ${node}${endpoint} --kubeconfig-dir /root/${node}; copy its kubelet.conf to ${conf} here, then here: ${away}${RESTART}. Or join anew: kubeadm token create --print-join-command`
}

/** What the kubelet is told to be called wins; a name that is none goes into no command. */
function nodeNameFor({ facts, kubelet }: Evidence): string {
  const names = [kubelet.flags.get('hostname-override'), facts.nodeName, kubelet.hostname]
  const known = names.flatMap(name => name?.value.toLowerCase() ?? [])
  return known.find(isSubdomain) ?? 'NAME'
}

/** Old files have to go first: none that is there is written over. */
function movedAway({ snapshot, kubelet }: Evidence): string {
  const { client } = kubelet
  const pattern = `${shellWord(client.current.path.replace(/-current\.pem$/, '-'))}*.pem`
  const conf = entryNamed(snapshot, CONF)
  const isHere = entryNamed(snapshot, 'ca')?.key?.state === 'present'
  const old = [
    ...(client.current.is !== 'missing' || client.dated.length > 0 ? [pattern] : []),
    ...(isHere && conf && conf.certificate.state !== 'missing' ? [shellWord(conf.file.path)] : []),
  ]
  return old.length === 0 ? '' : `mkdir -p /root/kubelet-old && mv ${old.join(' ')} /root/kubelet-old/ && `
}
