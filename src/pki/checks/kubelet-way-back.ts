/** How a kubelet gets back in: the new is made beside the old, and takes its place only when it is there. */
import { isSubdomain } from '../../dns-name.ts'
import { parseServerUrl, urlOf } from '../../kubernetes/endpoint-address.ts'
import type { Certificate } from '../../x509/certificate.ts'
import { shellWord } from '../command-flags.ts'
import type { Evidence } from '../evidence.ts'
import type { DatedFile, RotatedFiles } from '../kubelet-evidence.ts'
import { entryNamed } from '../snapshot.ts'
import { firstOf } from './before-signing.ts'

export const CONF = 'kubelet.conf'
export const CLIENT = 'kubelet-client-current.pem'
export const SERVER = 'kubelet-server-current.pem'
export const SELF_SIGNED = 'kubelet.crt'

/** Who signs what a kubelet serves with waits for somebody to approve it. */
export const APPROVE_SERVING =
  'where kubectl works: kubepki csr approve --all-pending --policy kubelet-serving'

export const RESTART = 'systemctl restart kubelet'

export function fileOf({ snapshot }: Evidence, name: string): string {
  return entryNamed(snapshot, name)?.file.path ?? name
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
  return `ln -sfn ${shellWord(target)} ${shellWord(current)} && ${RESTART}`
}

/** Where a path of the tree is on the node itself. */
export function onNode(path: string): string {
  const [, below] = /(\/var\/lib\/kubelet\/.*)$/.exec(path) ?? []
  return below ?? path
}

/** How a kubelet that cannot sign in gets a certificate again. */
export function wayBack(evidence: Evidence): string {
  const { kubelet, now } = evidence
  const spare = newestUsable(kubelet.client, now)
  if (spare && kubelet.client.current.is !== 'file')
    return relink(kubelet.client.current.path, onNode(spare.path))
  if (kubelet.bootstrap.state === 'present' && kubelet.bootstrap.hasToken)
    return `${RESTART} # it signs in anew with ${kubelet.bootstrap.file.path} while the token in it is good`
  return newKubeconfig(evidence)
}

/** With the CA's key here in one line; else on a node that has it. */
export function newKubeconfig(evidence: Evidence): string {
  const { snapshot } = evidence
  const before = firstOf(evidence, { caName: 'ca' })
  const next = shellWord(`${fileOf(evidence, CONF)}.new`)
  const make = `kubepki kubeconfig user --client-name system:node:${nodeNameFor(evidence)} --org system:nodes`
  const swap = `${swapped(evidence)} && ${RESTART}`
  if (entryNamed(snapshot, 'ca')?.key?.state === 'present')
    return `${before}(umask 077 && ${make}${snapshot.commandFlags} > ${next}) && ${swap}`
  const server = parseServerUrl(entryNamed(snapshot, CONF)?.kubeconfig?.config.server ?? '')
  const endpoint = server ? ` --control-plane-endpoint ${urlOf(server).replace(/^https:\/\//, '')}` : ''
  return `${before}on a control-plane node with ca.key: (umask 077 && ${make}${endpoint} > kubelet.conf.new); bring that file to ${next} here, then here: ${swap} # or join anew: kubeadm token create --print-join-command`
}

/** What the kubelet is told to be called wins; a name that is none goes into no command: with this one no shell runs it. */
function nodeNameFor({ facts, kubelet }: Evidence): string {
  const names = [kubelet.flags.get('hostname-override'), facts.nodeName, kubelet.hostname]
  const known = names.flatMap(name => name?.value.toLowerCase() ?? [])
  return known.find(isSubdomain) ?? '<NAME>'
}

/** What it has rotated to goes away too: the kubelet takes that before what kubelet.conf has. */
function swapped(evidence: Evidence): string {
  const { client } = evidence.kubelet
  const conf = fileOf(evidence, CONF)
  const swap = `mv --backup=numbered ${shellWord(`${conf}.new`)} ${shellWord(conf)}`
  if (client.current.is === 'missing' && client.dated.length === 0) return swap
  const pattern = `${shellWord(client.current.path.replace(/-current\.pem$/, '-'))}*.pem`
  return `${swap} && mkdir -p -m 700 /root/kubelet-old && mv --backup=numbered ${pattern} /root/kubelet-old/`
}
