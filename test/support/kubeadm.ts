/** The real kubeadm (1.20 or later), and trees of nodes made by it. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect } from 'vitest'
import { binary } from './assets.ts'
import { tempDir } from './node.ts'
import { runToEnd } from './process.ts'

export interface Ran {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number
}

export async function execute(command: string, args: readonly string[], stdin = ''): Promise<Ran> {
  const { stdout, stderr, exitCode } = await runToEnd([command, ...args], { stdin, timeout: 60_000 })
  return { stdout, stderr, exitCode: exitCode ?? 255 }
}

/** The output of a program that must succeed. */
export async function outputOf(command: string, args: readonly string[], stdin?: string): Promise<string> {
  const { stdout, stderr, exitCode } = await execute(command, args, stdin)
  if (exitCode !== 0) throw new Error(`${command} ${args.join(' ')}: exit ${exitCode}\n${stdout}${stderr}`)
  return stdout
}

const KUBERNETES = '/etc/kubernetes'

/** kubeadm looks there and nowhere else: each run gets a mount namespace with the tree's own in its place. */
export function kubeadm(root: string, ...args: readonly string[]): Promise<Ran> {
  const script = `mount --bind "$0" ${KUBERNETES} && exec "$@"`
  const tree = join(root, KUBERNETES)
  return execute('unshare', ['-m', 'sh', '-c', script, tree, binary('kubeadm'), ...args])
}

export async function kubeadmOutput(root: string, ...args: readonly string[]): Promise<string> {
  const { stdout, stderr, exitCode } = await kubeadm(root, ...args)
  if (exitCode !== 0) throw new Error(`kubeadm ${args.join(' ')}: exit ${exitCode}\n${stdout}${stderr}`)
  return stdout
}

/** A directory for all tests of a file. */
export function fileDir(): string {
  const folder = mkdtempSync(join(tmpdir(), 'kubepki-kubeadm-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  return folder
}

/** For all tests of a file: the mount point is there, and goes away if it was not there before. */
export function provideMountPoint(): void {
  const made = mkdirSync(KUBERNETES, { recursive: true })
  if (made !== undefined) afterAll(() => rmdirSync(made))
}

interface Fields {
  readonly node?: string
  readonly address?: string
  readonly port?: number
  /** Further fields of ClusterConfiguration. */
  readonly cluster?: string
}

const INIT = ({ node = 'cp-1', address = '192.0.2.10', port = 6443 }: Fields) => `
apiVersion: kubeadm.k8s.io/v1beta2
kind: InitConfiguration
localAPIEndpoint:
  advertiseAddress: "${address}"
  bindPort: ${port}
nodeRegistration:
  name: ${node}
  criSocket: /run/containerd/containerd.sock
`
const CLUSTER = ({ cluster = '' }: Fields) => `
apiVersion: kubeadm.k8s.io/v1beta2
kind: ClusterConfiguration
kubernetesVersion: v1.20.2
${cluster}
`
const KUBELET = `
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
rotateCertificates: true
`
const KUBE_PROXY = `
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: ipvs
`

/** Of a configuration; kubeadm 1.20 makes the keys of kubeconfigs RSA keys all the same. */
export const ECDSA = 'featureGates: {PublicKeysECDSA: true}'

export function configuration(fields: Fields = {}): string {
  return `${INIT(fields)}---${CLUSTER(fields)}`
}

/** The same with ECDSA keys, which take no time to make. */
function quick(fields: Fields): string {
  return configuration({ ...fields, cluster: `${fields.cluster ?? ''}\n${ECDSA}` })
}

const EXTERNAL_ETCD =
  'etcd: {external: {endpoints: ["https://192.0.2.21:2379"], caFile: /etc/etcd/ca.crt, certFile: /etc/etcd/client.crt, keyFile: /etc/etcd/client.key}}'
const SIXTY_NAMES = Array.from({ length: 60 }, (_, index) => `host-${index}.example.test`)

/** Every tree kubeadm makes for the tests, by what is special about it. */
export const CONFIGURATIONS = {
  plain: configuration(),
  'DNS and wildcard SANs': configuration({
    cluster: 'apiServer: {certSANs: [api.example.test, "*.apps.example.test", UPPER.Example.test]}',
  }),
  'IPv4 and IPv6 SANs': quick({
    cluster: 'apiServer: {certSANs: [203.0.113.10, "2001:db8::1:10", 192.0.2.10]}',
  }),
  'sixty SANs': quick({ cluster: `apiServer: {certSANs: [${SIXTY_NAMES}]}` }),
  'etcd SANs': quick({
    cluster:
      'etcd: {local: {dataDir: /var/lib/etcd, serverCertSANs: [etcd.example.test, 203.0.113.21], peerCertSANs: ["2001:db8::21"]}}',
  }),
  'an IPv6 node': configuration({
    address: '2001:db8::10',
    cluster: 'networking: {serviceSubnet: "fd00:10:96::/112", podSubnet: "fd00:10:244::/64"}',
  }),
  'dual stack': configuration({
    cluster:
      'featureGates: {IPv6DualStack: true, PublicKeysECDSA: true}\nnetworking: {serviceSubnet: "10.96.0.0/16,fd00:10:96::/112", podSubnet: "10.244.0.0/16,fd00:10:244::/56"}',
  }),
  'an endpoint with a port': quick({ cluster: 'controlPlaneEndpoint: api.example.test:8443' }),
  'an endpoint without a port': quick({ port: 7443, cluster: 'controlPlaneEndpoint: 203.0.113.20' }),
  'an IPv6 endpoint': quick({ cluster: 'controlPlaneEndpoint: "[2001:db8::20]:6443"' }),
  'other services and domain': quick({
    cluster: 'networking: {serviceSubnet: 172.20.0.0/16, dnsDomain: cluster.example.test}',
  }),
  'another cluster name': quick({ cluster: 'clusterName: prod.example.test' }),
  'a long node name': quick({ node: `n${'0'.repeat(62)}.rack-1.example.test` }),
  ECDSA: configuration({ cluster: ECDSA }),
  'external etcd': configuration({ cluster: EXTERNAL_ETCD }),
  'another certificatesDir': configuration({ cluster: 'certificatesDir: /etc/kubernetes/ssl' }),
  'ECDSA, external etcd, another certificatesDir': configuration({
    cluster: `certificatesDir: /etc/kubernetes/certs/pki\n${EXTERNAL_ETCD}\n${ECDSA}`,
  }),
  'the cluster document alone': CLUSTER({ cluster: ECDSA }),
  'the node document alone': INIT({}),
  'four documents in another order': [KUBELET, CLUSTER({ cluster: ECDSA }), KUBE_PROXY, INIT({})].join('---'),
} as const satisfies Record<string, string>
export type ConfigurationName = keyof typeof CONFIGURATIONS

export function configFile(root: string): string {
  return join(root, 'kubeadm.yaml')
}

export async function makeTree(root: string, config: string): Promise<void> {
  mkdirSync(join(root, KUBERNETES), { recursive: true })
  writeFileSync(configFile(root), config)
  for (const phase of ['certs', 'kubeconfig'])
    await kubeadmOutput(root, 'init', 'phase', phase, 'all', '--config', configFile(root))
}

/** Reads and checks the configuration before it makes one CA. */
export async function isTakenByKubeadm(text: string): Promise<boolean> {
  const root = tempDir()
  mkdirSync(join(root, 'etc/kubernetes'), { recursive: true })
  writeFileSync(configFile(root), text)
  const phase = ['init', 'phase', 'certs', 'front-proxy-ca', '--config', configFile(root)]
  const { exitCode, stderr } = await kubeadm(root, ...phase)
  expect(stderr, 'the mount is there').not.toContain('mount:')
  return exitCode === 0
}

/** Makes these trees before the tests of a file; the answer gives a test a copy of its own. */
export function kubeadmTrees<N extends string>(configs: Readonly<Record<N, string>>): (name: N) => string {
  const folder = fileDir()
  const names = Object.keys(configs) as N[]
  provideMountPoint()
  beforeAll(async () => {
    await Promise.all(names.map((name, index) => makeTree(join(folder, String(index)), configs[name])))
  })
  return name => copyTree(join(folder, String(names.indexOf(name))))
}

export function copyTree(from: string): string {
  const root = tempDir()
  cpSync(from, root, { recursive: true, verbatimSymlinks: true })
  return root
}

/** A change to a tree: what is taken away, in the folder etc/kubernetes. */
export interface Variant {
  readonly of: ConfigurationName
  readonly without: readonly string[]
}

const pair = (base: string) => [`pki/${base}.crt`, `pki/${base}.key`]
const CONF_FILES = ['admin.conf', 'controller-manager.conf', 'scheduler.conf', 'kubelet.conf']
const CLUSTER_PAIRS = ['ca', 'apiserver', 'apiserver-kubelet-client'].flatMap(pair)
const FRONT_PROXY_PAIRS = ['front-proxy-ca', 'front-proxy-client'].flatMap(pair)

/** Trees in which something is missing. */
export const VARIANTS = {
  'without some leaves': { of: 'plain', without: ['apiserver', 'etcd/peer'].flatMap(pair) },
  'without some leaf keys': { of: 'plain', without: ['pki/apiserver.key', 'pki/etcd/server.key'] },
  'without the longest name': { of: 'plain', without: pair('apiserver-kubelet-client') },
  'without etcd': { of: 'plain', without: ['pki/etcd', ...pair('apiserver-etcd-client')] },
  'without front proxy': { of: 'plain', without: FRONT_PROXY_PAIRS },
  'without the front proxy client': { of: 'ECDSA', without: pair('front-proxy-client') },
  'without some kubeconfigs': { of: 'plain', without: ['admin.conf', 'scheduler.conf'] },
  'without kubeconfigs': { of: 'another certificatesDir', without: CONF_FILES },
  'an etcd host': { of: 'etcd SANs', without: [...CONF_FILES, ...CLUSTER_PAIRS, ...FRONT_PROXY_PAIRS] },
  'without service account keys': { of: 'external etcd', without: ['pki/sa.key', 'pki/sa.pub'] },
} as const satisfies Record<string, Variant>

export function remove(root: string, files: readonly string[]): void {
  for (const file of files) rmSync(join(root, KUBERNETES, file), { recursive: true })
}

/** The text of one of a kubeconfig's `-data` fields. */
export function embedded(kubeconfig: string, key: string): string {
  const data = new RegExp(`^ *${key}: (\\S+)$`, 'm').exec(kubeconfig)?.[1]
  if (data === undefined) throw new Error(`no ${key}`)
  return Buffer.from(data, 'base64').toString()
}

/** The same kubeconfig with another value. */
export function embed(kubeconfig: string, key: string, text: string): string {
  return kubeconfig.replace(new RegExp(`(?<=^ *${key}: )\\S+$`, 'm'), Buffer.from(text).toString('base64'))
}

export interface Dates {
  readonly from: Date
  readonly to: Date
}

const DAY = 86_400_000

/** A year that ended a month ago. */
export const EXPIRED: Dates = { from: new Date(Date.now() - 395 * DAY), to: new Date(Date.now() - 30 * DAY) }

const REDATE_CONFIG = `
[ca]
default_ca = redate
[redate]
database = FOLDER/index
rand_serial = yes
new_certs_dir = FOLDER
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = optional
[leaf]
subjectKeyIdentifier = none
authorityKeyIdentifier = keyid
[authority]
subjectKeyIdentifier = hash
`

/** Signs a certificate (a .crt, or the one in a .conf) anew by openssl: the same but for dates and serial. */
export async function redate(root: string, file: string, ca: string, dates: Dates): Promise<void> {
  const path = join(root, KUBERNETES, file)
  const signer = join(root, KUBERNETES, 'pki', ca)
  const text = readFileSync(path, 'utf8')
  if (file.endsWith('.conf')) {
    const [pem, key] = ['client-certificate-data', 'client-key-data'].map(field => embedded(text, field))
    const issued = await reissue({ pem, key, signer, isSelfSigned: false, dates })
    writeFileSync(path, embed(text, 'client-certificate-data', issued))
  } else {
    const key = readFileSync(path.replace(/crt$/, 'key'), 'utf8')
    writeFileSync(
      path,
      await reissue({ pem: text, key, signer, isSelfSigned: path === `${signer}.crt`, dates }),
    )
  }
}

interface Reissue {
  readonly pem: string | undefined
  readonly key: string | undefined
  /** Path of the CA without suffix. */
  readonly signer: string
  readonly isSelfSigned: boolean
  readonly dates: Dates
}

async function reissue({ pem = '', key = '', signer, isSelfSigned, dates }: Reissue): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'kubepki-redate-'))
  const at = (name: string) => join(folder, name)
  try {
    writeFileSync(at('crt'), pem)
    writeFileSync(at('key'), key, { mode: 0o600 })
    writeFileSync(at('index'), '')
    writeFileSync(at('config'), REDATE_CONFIG.replaceAll('FOLDER', folder))
    await outputOf('openssl', [
      ...['x509', '-x509toreq', '-copy_extensions', 'copy'],
      ...['-in', at('crt'), '-signkey', at('key'), '-out', at('csr')],
    ])
    return await outputOf('openssl', [
      ...['ca', '-batch', '-notext', '-preserveDN', '-config', at('config'), '-keyfile', `${signer}.key`],
      ...(isSelfSigned
        ? ['-selfsign', '-extensions', 'authority']
        : ['-cert', `${signer}.crt`, '-extensions', 'leaf']),
      ...['-startdate', opensslTime(dates.from), '-enddate', opensslTime(dates.to), '-in', at('csr')],
    ])
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function opensslTime(date: Date): string {
  return date.toISOString().replace(/[-:T]|\.\d+/g, '')
}

/** What kubeadm renews and kubepki lists, with the CA that signs it: files in etc/kubernetes, of those that are there. */
export function leavesOf(root: string, certDir = 'pki'): { file: string; ca: string }[] {
  const leaves = [
    ...['apiserver', 'apiserver-kubelet-client'].map(base => ({ file: `${certDir}/${base}.crt`, ca: 'ca' })),
    { file: `${certDir}/front-proxy-client.crt`, ca: 'front-proxy-ca' },
    ...['apiserver-etcd-client', 'etcd/server', 'etcd/peer', 'etcd/healthcheck-client'].map(base => ({
      file: `${certDir}/${base}.crt`,
      ca: 'etcd/ca',
    })),
    ...CONF_FILES.filter(file => file !== 'kubelet.conf').map(file => ({ file, ca: 'ca' })),
  ]
  return leaves.filter(({ file }) => existsSync(join(root, KUBERNETES, file)))
}
