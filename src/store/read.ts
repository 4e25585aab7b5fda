/** Reads a node: every row of the inventory becomes present, missing or invalid. Nothing is asked of the network. */
import { readdirSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { describeUnusable, PkiError } from '../errors.ts'
import {
  type CertificateSpec,
  KUBECONFIGS,
  KUBELET_CERTIFICATES,
  type KubeconfigSpec,
} from '../inventory/catalog.ts'
import { certificatesFor } from '../inventory/select.ts'
import { type ClusterConfiguration, parseClusterConfiguration } from '../kubernetes/cluster-configuration.ts'
import { type Credential, parseKubeconfig } from '../kubernetes/kubeconfig.ts'
import { parseStaticPod, type StaticPod } from '../kubernetes/static-pod.ts'
import {
  DEFAULT_KUBECONFIG_DIR,
  decideLocations,
  type LocationFlags,
  type Locations,
  type NodePath,
  type Sourced,
} from '../pki/locations.ts'
import {
  type Entry,
  type Found,
  type KeyFile,
  type PlacedFile,
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

export interface ReadOptions extends LocationFlags {
  /** Prefix that holds the node's tree. */
  readonly root: string
  /** kubeadm configuration file. */
  readonly config?: string | undefined
}

export function readSnapshot(options: ReadOptions): Snapshot {
  const tree: Tree = { root: options.root }
  checkDirectory(resolve(options.root))
  const configuration = readConfiguration(options.config)
  const { pods, warnings } = readStaticPods(tree, options.kubeconfigDir)
  const locations = decideLocations({ flags: options, configuration, pods })
  for (const place of [locations.certDir, locations.kubeconfigDir])
    checkDirectory(shownPath(tree, place.value))
  const entries = readEntries(tree, locations)
  const runsApiServer = pods.some(({ value }) => value.component === 'kube-apiserver')
  const snapshot: Snapshot = {
    locations,
    configuration,
    role: roleOf(entries, runsApiServer),
    entries,
    warnings,
  }
  if (entries.every(({ certificate }) => certificate.state === 'missing')) throw noPki(tree, locations)
  return snapshot
}

function noPki(tree: Tree, { certDir, kubeconfigDir, kubeletDir }: Locations): PkiError {
  const places = [certDir, kubeconfigDir, kubeletDir].map(({ value }) => shownPath(tree, value))
  return new PkiError('NO_PKI', `no certificate found in ${places.join(', ')}`, {
    hint: "name the PKI directory with --cert-dir, or where the node's tree is with --root",
  })
}

function readConfiguration(file: string | undefined): Sourced<ClusterConfiguration> | undefined {
  if (file === undefined) return undefined
  return { value: parseClusterConfiguration(readUserFile(file), file), source: basename(file) }
}

function readStaticPods(tree: Tree, kubeconfigDir: string | undefined) {
  const directory = kubeconfigDir
    ? { path: join(kubeconfigDir, 'manifests'), inNode: false }
    : { path: `${DEFAULT_KUBECONFIG_DIR}/manifests`, inNode: true }
  const pods: Sourced<StaticPod>[] = []
  const warnings: string[] = []
  for (const file of yamlFilesOf(shownPath(tree, directory))) {
    const source = `manifests/${file}`
    const { contents, path } = readText(tree, {
      value: { ...directory, path: `${directory.path}/${file}` },
      source,
    })
    if (contents.state === 'missing') continue
    const pod = contents.state === 'present' ? parseStaticPod(contents.text) : contents
    if ('reason' in pod) warnings.push(`${path}: ${describeUnusable(pod)}; its flags are not known`)
    else pods.push({ value: pod, source })
  }
  return { pods, warnings }
}

/** What the kubelet runs from the directory: not hidden files, and `.yaml`, `.yml` or `.json` only, so no backups. */
function yamlFilesOf(directory: string): string[] {
  try {
    return readdirSync(directory)
      .filter(file => /^[^.].*\.(ya?ml|json)$/.test(file))
      .toSorted()
  } catch {
    return []
  }
}

function readEntries(tree: Tree, locations: Locations): Entry[] {
  return [
    ...certificatesFor(locations.etcd.value).map(spec => readPair(tree, locations, spec)),
    ...KUBECONFIGS.map(spec => readKubeconfig(tree, locations, spec)),
    ...KUBELET_CERTIFICATES.map(spec => readKubeletCertificate(tree, locations, spec)),
  ]
}

function readPair(tree: Tree, locations: Locations, spec: CertificateSpec): Entry {
  const location = locations.pairs.get(spec.name)
  if (!location) throw new TypeError(`no location for ${spec.name}`)
  const { contents, ...file } = readText(tree, location.certificate)
  const { kind, name, longName, caName } = spec
  return {
    name,
    longName,
    kind,
    ...(caName !== undefined && { caName }),
    isListed: true,
    isOptional: false,
    file,
    certificate: certificatesIn(contents),
    key: findKey(tree, location.key),
  }
}

function certificatesIn(contents: Found<{ readonly text: string }>): Found<CertificateFile> {
  if (contents.state !== 'present') return contents
  const read = readCertificates(contents.text)
  return 'reason' in read ? { state: 'invalid', ...read } : { state: 'present', ...read }
}

function readKubeconfig(tree: Tree, locations: Locations, spec: KubeconfigSpec): Entry {
  const location = locations.kubeconfigs.get(spec.name) as Sourced<NodePath>
  const { contents, ...file } = readText(tree, location)
  const { name, longName, caName } = spec
  const entry = {
    name,
    longName,
    kind: 'kubeconfig',
    caName,
    isListed: spec.scope !== 'kubelet',
    isOptional: spec.scope === 'init-only',
    file,
  } as const
  if (contents.state !== 'present') return { ...entry, certificate: contents }
  const config = parseKubeconfig(contents.text)
  if ('reason' in config) return { ...entry, certificate: { state: 'invalid', ...config } }
  const certificate = followCredential(tree, file, config.clientCertificate)
  const authority = config.certificateAuthority && followCredential(tree, file, config.certificateAuthority)
  return {
    ...entry,
    certificate: withWarnings(asReference(certificate.found, certificate.file), config.warnings),
    ...(certificate.file && { certificateFile: certificate.file }),
    ...keyOf(tree, file, config.clientKey),
    kubeconfig: { text: contents.text, config, certificateAuthority: authority?.found },
  }
}

interface Followed {
  readonly found: Found<CertificateFile>
  readonly file?: PlacedFile
}

function followCredential(tree: Tree, from: PlacedFile, credential: Credential): Followed {
  if (credential.at === 'data') return { found: certificatesIn({ state: 'present', text: credential.pem }) }
  const { contents, ...file } = readText(tree, referencedPath(tree, from, credential.file))
  return { found: certificatesIn(contents), file }
}

function keyOf(tree: Tree, from: PlacedFile, key: Credential | undefined): { key?: KeyFile } {
  return key?.at === 'file' ? { key: findKey(tree, referencedPath(tree, from, key.file)) } : {}
}

/** The kubeconfig is there; that the file it names is not makes the row invalid, not missing. */
function asReference(found: Found<CertificateFile>, file: PlacedFile | undefined): Found<CertificateFile> {
  return found.state === 'missing'
    ? { state: 'invalid', reason: 'REFERENCE_MISSING', found: file?.path }
    : found
}

function withWarnings(found: Found<CertificateFile>, warnings: readonly string[]): Found<CertificateFile> {
  return found.state === 'present' ? { ...found, warnings: [...found.warnings, ...warnings] } : found
}

function readKubeletCertificate(
  tree: Tree,
  { kubeletDir }: Locations,
  spec: { name: string; longName: string; caName?: string; keyName?: string },
): Entry {
  const beside = (file: string) => ({
    ...kubeletDir,
    value: { ...kubeletDir.value, path: `${kubeletDir.value.path}/${file}` },
  })
  const { contents, ...file } = readText(tree, beside(spec.name))
  const { name, longName, caName } = spec
  return {
    name,
    longName,
    kind: 'kubelet',
    ...(caName !== undefined && { caName }),
    isListed: false,
    isOptional: true,
    file,
    certificate: certificatesIn(contents),
    key: findKey(tree, beside(spec.keyName ?? spec.name)),
  }
}
