/** Reads what a kubelet is set up with and the certificates that it keeps itself; every trouble with a file is a state. */
import { lstatSync, readlinkSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { parseKubeletConfiguration, parseKubeletFlags } from '../kubernetes/kubelet-configuration.ts'
import { hostPathOf } from '../kubernetes/static-pod.ts'
import type {
  BootstrapKubeconfig,
  DatedFile,
  KubeletEvidence,
  NamedCertificates,
  RotatedFiles,
} from '../pki/kubelet-evidence.ts'
import type { Locations, NodePath, Sourced } from '../pki/locations.ts'
import type { Snapshot } from '../pki/snapshot.ts'
import { locate, readDirectory, readText, referencedPath, shownPath, type Tree } from './files.ts'
import { readMachine } from './machine.ts'
import { certificatesIn } from './read.ts'

/** Where flags come from, the strongest last: the unit, kubespray's file, kubeadm's, and what users add. */
const FLAG_FILES = [
  '/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf',
  '/etc/systemd/system/kubelet.service.d/10-kubeadm.conf',
  '/etc/kubernetes/kubelet.env',
  '/var/lib/kubelet/kubeadm-flags.env',
  '/etc/default/kubelet',
  '/etc/sysconfig/kubelet',
]

export function readKubelet(tree: Tree, { locations, pods }: Snapshot): KubeletEvidence {
  const flags = readFlags(tree)
  const place = configurationPlace(locations, flags)
  const { contents, file: configurationFile } = readText(tree, place)
  const parsed = contents.state === 'present' ? parseKubeletConfiguration(contents.text) : contents
  const configuration =
    'state' in parsed
      ? parsed
      : 'reason' in parsed
        ? ({ state: 'invalid', ...parsed } as const)
        : ({ state: 'present', value: parsed } as const)
  const value = configuration.state === 'present' ? configuration.value : undefined
  const named = (flag: string, field: string | undefined) =>
    namedCertificates(tree, flags.get(flag), field === undefined ? undefined : referencedPath(place, field))
  return {
    ...{ configurationFile, configuration, flags },
    bootstrap: readBootstrap(tree, locations, flags),
    client: readRotated(tree, locations.kubeletDir, 'kubelet-client'),
    serving: readRotated(tree, locations.kubeletDir, 'kubelet-server'),
    clientCa: named('client-ca-file', value?.clientCAFile),
    tlsCertificate: named('tls-cert-file', value?.tlsCertFile),
    servingAuthority: readServingAuthority(tree, pods),
    hostname: readMachine(tree).hostname,
  }
}

function readFlags(tree: Tree): ReadonlyMap<string, Sourced<string>> {
  const all = FLAG_FILES.flatMap(path => {
    const { contents, file } = readText(tree, { value: { path }, source: path })
    const flags = contents.state === 'present' ? parseKubeletFlags(contents.text) : new Map<string, string>()
    return [...flags].map(([name, value]) => [name, { value, source: `${file.path}: --${name}` }] as const)
  })
  return new Map(all)
}

/** The kubelet's flag names it; else it lies beside the directory of the certificates. */
function configurationPlace(
  { kubeletDir }: Locations,
  flags: ReadonlyMap<string, Sourced<string>>,
): Sourced<NodePath> {
  const { path, within } = kubeletDir.value
  if (within !== undefined)
    return { value: { path: '/config.yaml', within: dirname(within) }, source: kubeletDir.source }
  const named = flags.get('config')
  return named?.value.startsWith('/')
    ? { value: { path: named.value }, source: named.source }
    : { value: { path: `${dirname(path)}/config.yaml` }, source: 'default' }
}

function readBootstrap(
  tree: Tree,
  { kubeconfigDir }: Locations,
  flags: ReadonlyMap<string, Sourced<string>>,
): BootstrapKubeconfig {
  const named = flags.get('bootstrap-kubeconfig')
  const path = named?.value.startsWith('/')
    ? { value: { path: named.value }, source: named.source }
    : below(kubeconfigDir, 'bootstrap-kubelet.conf')
  const { contents, file } = readText(tree, path)
  const hasToken = contents.state === 'present' && /^\s*"?token(File)?"?\s*:\s*\S/m.test(contents.text)
  return { file, state: contents.state, hasToken }
}

/** Kubelets leave every file of theirs behind. */
const MOST_DATED = 16

function readRotated(tree: Tree, directory: Sourced<NodePath>, prefix: string): RotatedFiles {
  const listing = readDirectory(tree, directory.value)
  const names = 'names' in listing ? listing.names : []
  const isDated = (name: string) => name.startsWith(`${prefix}-`) && /-\d{4}(-\d\d){5}\.pem$/.test(name)
  return {
    ...readLink(tree, below(directory, `${prefix}-current.pem`)),
    dated: names
      .filter(isDated)
      .toReversed()
      .slice(0, MOST_DATED)
      .map(name => readDated(tree, below(directory, name))),
  }
}

function readDated(tree: Tree, path: Sourced<NodePath>): DatedFile {
  const { contents, file } = readText(tree, path)
  return { path: file.path, realPath: file.realPath, certificate: certificatesIn(contents) }
}

function readLink(tree: Tree, { value }: Sourced<NodePath>): Pick<RotatedFiles, 'current' | 'target'> {
  const path = shownPath(tree, value)
  const directory = locate(tree, { ...value, path: value.path.slice(0, value.path.lastIndexOf('/')) })
  if (directory.state === 'missing') return { current: { path, is: 'missing' } }
  if (directory.state === 'invalid') return { current: { path, is: 'unknown' } }
  try {
    const itself = join(directory.realPath, basename(path))
    const stat = lstatSync(itself, { throwIfNoEntry: false })
    if (!stat) return { current: { path, is: 'missing' } }
    if (!stat.isSymbolicLink()) return { current: { path, is: 'file' } }
    return { current: { path, is: 'link' }, target: readlinkSync(itself) }
  } catch {
    return { current: { path, is: 'unknown' } }
  }
}

function namedCertificates(
  tree: Tree,
  flag: Sourced<string> | undefined,
  field: Sourced<NodePath> | undefined,
): NamedCertificates | undefined {
  const place = flag ? { value: { path: flag.value }, source: flag.source } : field
  if (!place) return undefined
  const { contents, file } = readText(tree, place)
  return { file, certificate: certificatesIn(contents) }
}

function readServingAuthority(tree: Tree, pods: Snapshot['pods']): NamedCertificates | undefined {
  const pod = pods.find(({ value }) => value.component === 'kube-apiserver')
  const path = pod?.value.flags.get('kubelet-certificate-authority')
  if (!pod || !path?.startsWith('/')) return undefined
  const source = `${pod.source}: --kubelet-certificate-authority`
  return namedCertificates(tree, { value: hostPathOf(pod.value, path), source }, undefined)
}

function below(directory: Sourced<NodePath>, name: string): Sourced<NodePath> {
  return { ...directory, value: { ...directory.value, path: `${directory.value.path}/${name}` } }
}
