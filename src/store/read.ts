/** Reads a node: every row of the inventory becomes present, missing or invalid. Nothing is asked of the network. */
import { basename } from 'node:path'
import { PkiError } from '../errors.ts'
import {
  type CertificateSpec,
  KUBECONFIGS,
  KUBELET_CERTIFICATES,
  type KubeconfigSpec,
  type KubeletCertificateSpec,
  SERVICE_ACCOUNT_KEY,
} from '../inventory/catalog.ts'
import { certificatesFor } from '../inventory/select.ts'
import { parseClusterConfiguration } from '../kubernetes/cluster-configuration.ts'
import { type Credential, parseKubeconfig } from '../kubernetes/kubeconfig.ts'
import { commandFlags } from '../pki/command-flags.ts'
import {
  DEFAULT_KUBECONFIG_DIR,
  decideLocations,
  type LocationFlags,
  type Locations,
  type NodePath,
  type PairLocation,
  type Sourced,
} from '../pki/locations.ts'
import {
  type Entry,
  type Found,
  type PlacedFile,
  type PlacedPod,
  roleOf,
  type Snapshot,
} from '../pki/snapshot.ts'
import { type CertificateFile, readCertificates } from '../x509/certificate.ts'
import {
  checkDirectory,
  findKey,
  readText,
  readUserFile,
  referencedPath,
  shownPath,
  type Tree,
} from './files.ts'
import { AWAY } from './state.ts'
import { readStaticPods } from './static-pods.ts'

export interface ReadOptions extends LocationFlags {
  /** Prefix that holds the node's tree. */
  readonly root: string
  /** kubeadm configuration file. */
  readonly config?: string | undefined
}

/** What the manifests ought to say, for what they do. */
export type SetRight = (pods: readonly PlacedPod[]) => readonly PlacedPod[]

/** Throws where there is no certificate at all. */
export function readSnapshot(options: ReadOptions, setRight?: SetRight): Snapshot {
  const snapshot = readNode(options, setRight)
  const isEmpty = snapshot.entries.every(({ certificate }) => certificate.state === 'missing')
  if (isEmpty) throw noPki({ root: options.root }, snapshot.locations)
  return snapshot
}

/** Also a node that has nothing yet. */
export function readNode(options: ReadOptions, setRight: SetRight = pods => pods): Snapshot {
  const seen = new Map<string, string>()
  const tree: Tree = { root: options.root, seen }
  checkDirectory(tree, { path: '' })
  const { configuration, warnings } = readConfiguration(options.config)
  const inPlace = readStaticPods(tree, manifestDirectory(options))
  // Its owner's alone: whoever may not look has nothing to be told.
  const away = readStaticPods(tree, inKubeconfigDir(options, AWAY))
  const pods = setRight([...inPlace.pods, ...away.pods])
  const locations = decideLocations({ flags: options, configuration, pods })
  for (const place of [locations.certDir, locations.kubeconfigDir]) checkDirectory(tree, place.value)
  const entries = readEntries(tree, locations)
  const runsApiServer = pods.some(({ value }) => value.component === 'kube-apiserver')
  const { certificate, key } = pairOf(locations, SERVICE_ACCOUNT_KEY.name)
  return {
    commandFlags: commandFlags(options),
    locations,
    configuration,
    pods,
    role: roleOf(entries, runsApiServer),
    serviceAccount: [findKey(tree, certificate), findKey(tree, key)],
    entries,
    warnings: [...warnings, ...inPlace.warnings],
    seen,
  }
}

function noPki(tree: Tree, { certDir, kubeconfigDir, kubeletDir }: Locations): PkiError {
  const places = [certDir, kubeconfigDir, kubeletDir].map(({ value }) => shownPath(tree, value))
  return new PkiError('NO_PKI', `no certificate found in ${places.join(', ')}`, {
    hint: "name the PKI directory with --cert-dir, or where the node's tree is with --root",
  })
}

function readConfiguration(file: string | undefined): Pick<Snapshot, 'configuration' | 'warnings'> {
  if (file === undefined) return { configuration: undefined, warnings: [] }
  const { configuration, warnings } = parseClusterConfiguration(readUserFile(file), file)
  return { configuration: { value: configuration, source: basename(file) }, warnings }
}

/** What the kubelet watches. */
export function manifestDirectory(options: ReadOptions): NodePath {
  return inKubeconfigDir(options, 'manifests')
}

function inKubeconfigDir({ kubeconfigDir }: ReadOptions, path: string): NodePath {
  return kubeconfigDir === undefined
    ? { path: `${DEFAULT_KUBECONFIG_DIR}/${path}` }
    : { path: `/${path}`, within: kubeconfigDir }
}

function readEntries(tree: Tree, locations: Locations): Entry[] {
  return [
    ...certificatesFor(locations.etcd.value).map(spec => readPair(tree, locations, spec)),
    ...KUBECONFIGS.map(spec => readKubeconfig(tree, locations, spec)),
    ...KUBELET_CERTIFICATES.map(spec => readKubeletCertificate(tree, locations, spec)),
  ]
}

function pairOf(locations: Locations, name: string): PairLocation {
  const location = locations.pairs.get(name)
  if (!location) throw new TypeError(`no location for ${name}`)
  return location
}

function readPair(tree: Tree, locations: Locations, spec: CertificateSpec): Entry {
  const location = pairOf(locations, spec.name)
  const { contents, file } = readText(tree, location.certificate)
  const { kind, name, longName, caName } = spec
  return {
    name,
    longName,
    kind,
    ...(caName !== undefined && { caName }),
    isListed: true,
    isOptional: false,
    isOnEtcdHosts: spec.onEtcdHosts ?? false,
    file,
    certificate: certificatesIn(contents),
    key: findKey(tree, location.key),
  }
}

export function certificatesIn(contents: Found<{ readonly text: string }>): Found<CertificateFile> {
  if (contents.state !== 'present') return contents
  const read = readCertificates(contents.text)
  return 'reason' in read ? { state: 'invalid', ...read } : { state: 'present', ...read }
}

function readKubeconfig(tree: Tree, locations: Locations, spec: KubeconfigSpec): Entry {
  const { name, longName, caName, scope } = spec
  return readKubeconfigFile(tree, locations.kubeconfigs.get(name) as Sourced<NodePath>, {
    ...{ name, longName, caName },
    isListed: scope !== 'kubelet',
    isOptional: scope === 'init-only',
  })
}

type KubeconfigIdentity = Pick<Entry, 'name' | 'longName' | 'caName' | 'isListed' | 'isOptional'>

/** Of a row, or of a copy that somebody has. */
export function readKubeconfigFile(
  tree: Tree,
  location: Sourced<NodePath>,
  identity: KubeconfigIdentity,
): Entry {
  const { contents, file } = readText(tree, location)
  const entry = { ...identity, kind: 'kubeconfig', file } as const
  if (contents.state !== 'present') return { ...entry, certificate: contents }
  const config = contents.isUtf8 ? parseKubeconfig(contents.text) : ({ reason: 'NOT_UTF8' } as const)
  if ('reason' in config) return { ...entry, certificate: { state: 'invalid', ...config } }
  const { clientCertificate, clientKey, certificateAuthority } = config
  const certificate = followCredential(tree, location, clientCertificate)
  const authority = certificateAuthority && followCredential(tree, location, certificateAuthority)
  return {
    ...entry,
    certificate: withWarnings(asReference(certificate), config.warnings),
    ...(certificate.file && { certificateFile: certificate.file }),
    ...(clientKey?.at === 'file' && { key: findKey(tree, referencedPath(location, clientKey.file)) }),
    kubeconfig: { text: contents.text, config, certificateAuthority: authority?.found },
  }
}

interface Followed {
  readonly found: Found<CertificateFile>
  readonly file?: PlacedFile
}

function followCredential(tree: Tree, from: Sourced<NodePath>, credential: Credential): Followed {
  if (credential.at === 'data') return { found: certificatesIn({ state: 'present', text: credential.pem }) }
  const { contents, file } = readText(tree, referencedPath(from, credential.file))
  return { found: certificatesIn(contents), file }
}

/** The kubeconfig is there; that the file it names is not makes the row invalid, not missing. */
function asReference({ found, file }: Followed): Found<CertificateFile> {
  if (found.state !== 'missing') return found
  return { state: 'invalid', reason: 'REFERENCE_MISSING', found: file?.path }
}

function withWarnings(found: Found<CertificateFile>, warnings: readonly string[]): Found<CertificateFile> {
  return found.state === 'present' ? { ...found, warnings: [...found.warnings, ...warnings] } : found
}

function readKubeletCertificate(tree: Tree, { kubeletDir }: Locations, spec: KubeletCertificateSpec): Entry {
  const beside = (file: string) => ({
    ...kubeletDir,
    value: { ...kubeletDir.value, path: `${kubeletDir.value.path}/${file}` },
  })
  const { contents, file } = readText(tree, beside(spec.name))
  const { name, longName, caName, requestedOf } = spec
  return {
    name,
    longName,
    kind: 'kubelet',
    ...(caName !== undefined && { caName }),
    ...(requestedOf !== undefined && { requestedOf }),
    isListed: false,
    isOptional: true,
    file,
    certificate: certificatesIn(contents),
    key: findKey(tree, beside(spec.keyName ?? spec.name)),
  }
}
