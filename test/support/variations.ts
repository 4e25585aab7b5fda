/** Configurations of new nodes: each by what is special about it, and any number at random from a seed. */
import { configuration } from './kubeadm.ts'

export interface Variation {
  readonly node?: string
  readonly address?: string
  readonly port?: number
  readonly endpoint?: string
  readonly certSans?: readonly string[]
  readonly dnsDomain?: string
  readonly serviceSubnet?: string
  readonly etcdServer?: readonly string[]
  readonly etcdPeer?: readonly string[]
  readonly isEtcdExternal?: boolean
  readonly certificatesDir?: string
  readonly clusterName?: string
  /** ECDSA keys take no time to make. */
  readonly keys?: 'RSA'
}

const DUAL = '10.96.0.0/16,fd00:10:96::/112'
const DUAL_IPV6_FIRST = 'fd00:10:96::ab00/112,10.96.0.0/16'
const FORMS = [
  '203.0.113.9',
  '2001:DB8:0::9',
  '192.0.2.10',
  '::ffff:203.0.113.9',
  '::203.0.113.9',
  '10.96.0.1',
]
const NAMES = [
  'API.Example.test',
  '*.Apps.example.test',
  'api.example.test',
  'cp-1',
  'b',
  '0.test',
  'a-b',
  'a.b',
]

export const VARIATIONS = {
  'RSA keys, an endpoint and names': {
    keys: 'RSA',
    endpoint: 'api.example.test:8443',
    certSans: NAMES,
    etcdServer: ['etcd.example.test'],
  },
  'RSA keys, external etcd, another certificatesDir': {
    keys: 'RSA',
    isEtcdExternal: true,
    certificatesDir: '/etc/kubernetes/certs/pki',
  },
  'ECDSA keys': {},
  'a node name to be trimmed and put in lower case': { node: ' Node-1.Rack-7.Example.TEST ' },
  'a node name of 253 characters': { node: `n${'.0'.repeat(126)}` },
  'a node that is named kubernetes': { node: 'kubernetes' },
  'a node name that is a number': { node: '1234' },
  'an IPv6 node': { address: '2001:0DB8:0:0:1:0:0:10', serviceSubnet: 'FD00:10:96::/112' },
  'an IPv6 node and IPv4 services': { address: '2001:db8::10' },
  'an address mapped to IPv6': { address: '::ffff:192.0.2.77' },
  'the first address of the services as the node’s': { address: '10.96.0.1' },
  'a subnet that is no network address': { serviceSubnet: '10.111.222.99/13' },
  'two subnets, IPv4 first': { serviceSubnet: DUAL },
  'two subnets, IPv6 first': { serviceSubnet: DUAL_IPV6_FIRST, address: '2001:db8::10' },
  'another domain': { dnsDomain: 'k8s.1.example.test' },
  'another port': { port: 7443 },
  'an endpoint with a port': { endpoint: 'api.example.test:8443' },
  'an endpoint with the port of the node': { endpoint: 'api.example.test:7443', port: 7443 },
  'an endpoint without a port': { endpoint: 'a.example.test', port: 443 },
  'an endpoint with a colon and no port': { endpoint: 'zz.example.test:' },
  'an endpoint that is IPv4': { endpoint: '203.0.113.20', port: 7443 },
  'an endpoint that is IPv4 in brackets': { endpoint: '[203.0.113.20]:443' },
  'an endpoint that is IPv6 with a port': { endpoint: '[2001:DB8:0::20]:6443' },
  'an endpoint that is IPv6 without a port': { endpoint: '2001:DB8::20:6443' },
  'an endpoint mapped to IPv6': { endpoint: '[::ffff:192.0.2.9]:443' },
  'an endpoint that is the node': { endpoint: '192.0.2.10:6443' },
  'names in upper case, wildcards, and some twice': { certSans: NAMES },
  'addresses of all forms, some twice': { certSans: FORMS },
  'a hundred names': { certSans: Array.from({ length: 100 }, (_, index) => `h-${index}.example.test`) },
  'names for etcd': {
    etcdServer: [
      'etcd.example.test',
      '*.etcd.test',
      'localhost',
      '127.0.0.1',
      '2001:DB8::21',
      'etcd.example.test',
    ],
    etcdPeer: ['203.0.113.21', 'peer.example.test', '::1', '192.0.2.10', 'a'],
  },
  'external etcd': { isEtcdExternal: true },
  'another certificatesDir': { certificatesDir: '/etc/kubernetes/ssl/' },
  'a certificatesDir with detours': { certificatesDir: '/etc/kubernetes/./none/../ssl//x' },
  'another cluster name': { clusterName: 'prod.example.test' },
  'a cluster name that is a number': { clusterName: '0777' },
  'a cluster name that is a boolean of old': { clusterName: 'on' },
  'a cluster name that is a date': { clusterName: '2021-01-01' },
  'a cluster name with blanks and a colon': { clusterName: 'prod: über uns #1' },
  'a cluster name of many words': {
    clusterName:
      'a very long cluster name with many blanks in it, so that somebody might think of folding its lines',
  },
  'everything at once': {
    node: 'CP-3',
    address: '2001:db8:1::3',
    port: 7443,
    endpoint: 'lb.example.test:443',
    certSans: ['LB.example.test', '203.0.113.1'],
    dnsDomain: 'three.example.test',
    serviceSubnet: '10.128.0.0/12,fd00:1::/108',
    etcdServer: ['e.test'],
    etcdPeer: ['p.test', '203.0.113.3'],
    certificatesDir: '/etc/kubernetes/three',
    clusterName: 'three',
  },
} as const satisfies Record<string, Variation>

const EXTERNAL = {
  external: {
    endpoints: ['https://192.0.2.21:2379'],
    caFile: '/etc/etcd/ca.crt',
    certFile: '/etc/etcd/client.crt',
    keyFile: '/etc/etcd/client.key',
  },
}

/** The file for kubeadm: JSON is YAML too. */
export function configurationOf(variation: Variation): string {
  const { node, address, port, keys, serviceSubnet = '', dnsDomain, isEtcdExternal } = variation
  const { endpoint, certSans, certificatesDir, clusterName, etcdServer, etcdPeer } = variation
  const local = { local: { serverCertSANs: etcdServer, peerCertSANs: etcdPeer } }
  const fields = {
    controlPlaneEndpoint: endpoint,
    certificatesDir,
    clusterName,
    apiServer: { certSANs: certSans },
    networking: { serviceSubnet: serviceSubnet || undefined, dnsDomain },
    etcd: isEtcdExternal ? EXTERNAL : local,
    featureGates: { PublicKeysECDSA: keys !== 'RSA', IPv6DualStack: serviceSubnet.includes(',') },
  }
  const cluster = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : `${name}: ${JSON.stringify(value)}`,
  )
  return configuration({
    ...(node !== undefined && { node: JSON.stringify(node) }),
    ...(address !== undefined && { address }),
    ...(port !== undefined && { port }),
    cluster: cluster.join('\n'),
  })
}

const CHOICES: { readonly [K in keyof Variation]-?: readonly Variation[K][] } = {
  node: [undefined, 'CP-2', 'n.1.example.test', `x${'0'.repeat(62)}.test`],
  address: [undefined, '10.0.0.7', '2001:db8::7', 'FD00:0::7', '::ffff:10.0.0.7'],
  port: [undefined, 443, 8443, 65_535],
  endpoint: [
    undefined,
    'lb.test',
    'lb.test:443',
    '203.0.113.7:8443',
    '[2001:DB8::A]:443',
    '2001:db8::b',
    '10.0.0.7',
  ],
  certSans: [undefined, [], NAMES, FORMS, ['*.test', '203.0.113.7', 'lb.test', 'Z.test', '2001:db8::7']],
  dnsDomain: [undefined, 'a', 'c.example.test'],
  serviceSubnet: [undefined, '172.20.7.240/28', 'fd00::/112', DUAL, DUAL_IPV6_FIRST],
  etcdServer: [undefined, ['z.test', 'a.test', '203.0.113.7'], FORMS],
  etcdPeer: [undefined, ['*.peer.test', '::1', 'localhost']],
  isEtcdExternal: [false, false, false, true],
  certificatesDir: [undefined, undefined, '/etc/kubernetes/a/b'],
  clusterName: [undefined, 'x', '1', 'null', "it's", '*', '[a]', '1e3', '-1', '-a', '@x'],
  keys: [undefined],
}

/** The same for the same seed. */
export function randomVariations(seed: number, count: number): Variation[] {
  const random = mulberry32(seed)
  const pick = <T>(choices: readonly T[]) => choices[Math.floor(random() * choices.length)] as T
  return Array.from({ length: count }, () => {
    const picked = Object.entries(CHOICES).map(([field, choices]) => [field, pick<unknown>(choices)] as const)
    return Object.fromEntries(picked.filter(([, value]) => value !== undefined))
  })
}

function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
