/** The names of serving certificates as the real kubeadm 1.20 gives them, and as kubepki works them out: byte for byte. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { CERTIFICATES, type CertificateSpec } from '../../src/inventory/catalog.ts'
import { subjectAltNamesFor } from '../../src/inventory/profile.ts'
import { parseClusterConfiguration } from '../../src/kubernetes/cluster-configuration.ts'
import { decideClusterFacts, factValues, missingFacts } from '../../src/pki/cluster-facts.ts'
import { readSnapshot } from '../../src/store/read.ts'
import { readCertificates } from '../../src/x509/certificate.ts'
import { tbsPartsOf } from '../../src/x509/der.ts'
import {
  SUBJECT_ALT_NAME,
  subjectAltNameExtension,
  subjectAltNamesOf,
} from '../../src/x509/subject-alt-name.ts'
import { configFile, configuration, isTakenByKubeadm, kubeadmTrees } from '../support/kubeadm.ts'

type Fields = Parameters<typeof configuration>[0] & { readonly gates?: string }

/** ECDSA keys take no time to make. */
const quick = ({ gates = '', cluster = '', ...fields }: Fields): string =>
  configuration({ ...fields, cluster: `${cluster}\nfeatureGates: {PublicKeysECDSA: true${gates}}` })

const DUAL_STACK = ', IPv6DualStack: true'
const sans = (...names: string[]) => `apiServer: {certSANs: ${JSON.stringify(names)}}`
const etcd = (server: readonly string[], peer: readonly string[]) =>
  `etcd: {local: {serverCertSANs: ${JSON.stringify(server)}, peerCertSANs: ${JSON.stringify(peer)}}}`

const CONFIGURATIONS = {
  plain: quick({}),
  'a node name to be trimmed and put in lower case': quick({ node: '" Node-1.Rack-7.Example.TEST "' }),
  'a node name of 253 characters': quick({ node: `n${'.0'.repeat(126)}` }),
  'a node that is named kubernetes': quick({ node: 'kubernetes' }),
  'an IPv6 node': quick({
    address: '2001:0DB8:0:0:1:0:0:10',
    cluster: 'networking: {serviceSubnet: "FD00:10:96::/112"}',
  }),
  'an IPv6 node and IPv4 services': quick({ address: '2001:db8::10' }),
  'an address mapped to IPv6': quick({ address: '::ffff:192.0.2.77' }),
  'the first address of the services as the node’s': quick({ address: '10.96.0.1' }),
  'a subnet that is no network address': quick({ cluster: 'networking: {serviceSubnet: 10.111.222.99/13}' }),
  'a small subnet': quick({ cluster: 'networking: {serviceSubnet: 172.20.7.240/28}' }),
  'two subnets, IPv4 first': quick({
    gates: DUAL_STACK,
    cluster: 'networking: {serviceSubnet: "10.96.0.0/16,fd00:10:96::/112"}',
  }),
  'two subnets, IPv6 first': quick({
    gates: DUAL_STACK,
    cluster: 'networking: {serviceSubnet: "fd00:10:96::ab00/112,10.96.0.0/16"}',
  }),
  'another domain': quick({ cluster: 'networking: {dnsDomain: k8s.1.example.test}' }),
  'an endpoint with a port': quick({ cluster: 'controlPlaneEndpoint: api.example.test:8443' }),
  'an endpoint without a port': quick({ cluster: 'controlPlaneEndpoint: a.example.test' }),
  'an endpoint with a colon and no port': quick({ cluster: 'controlPlaneEndpoint: "zz.example.test:"' }),
  'an endpoint that is IPv4': quick({ cluster: 'controlPlaneEndpoint: 203.0.113.20' }),
  'an endpoint that is IPv4 in brackets': quick({ cluster: 'controlPlaneEndpoint: "[203.0.113.20]:6443"' }),
  'an endpoint that is IPv6 with a port': quick({ cluster: 'controlPlaneEndpoint: "[2001:db8::20]:6443"' }),
  'an endpoint that is IPv6 without a port': quick({ cluster: 'controlPlaneEndpoint: "2001:db8::20:6443"' }),
  'an endpoint that is the node': quick({ cluster: 'controlPlaneEndpoint: 192.0.2.10:6443' }),
  'an endpoint that looks like an address': quick({ cluster: 'controlPlaneEndpoint: 259.2.3.4:6443' }),
  'names in upper case, wildcards, and some twice': quick({
    cluster: sans(
      'API.Example.test',
      '*.Apps.example.test',
      'api.example.test',
      'cp-1',
      'b',
      '0.test',
      'a-b',
      'a.b',
    ),
  }),
  'addresses of all forms, some twice': quick({
    cluster: sans(
      '203.0.113.9',
      '2001:DB8:0::9',
      '192.0.2.10',
      '::ffff:203.0.113.9',
      '::203.0.113.9',
      '64:ff9b::203.0.113.9',
      '10.96.0.1',
      '127.0.0.1',
      '2001:db8:0:1:1:1:1:1',
    ),
  }),
  'names and addresses mixed, an endpoint among them': quick({
    cluster: `${sans('z.test', '10.0.0.256', '203.0.113.8', 'api.example.test')}\ncontrolPlaneEndpoint: api.example.test`,
  }),
  'a label of more than 63 characters': quick({ cluster: sans(`${'a'.repeat(70)}.test`) }),
  'two hundred names': quick({
    cluster: sans(...Array.from({ length: 200 }, (_, index) => `h-${index}.example.test`)),
  }),
  'names for etcd': quick({
    cluster: etcd(
      ['etcd.example.test', '*.etcd.test', 'localhost', '127.0.0.1', '2001:DB8::21', 'etcd.example.test'],
      ['203.0.113.21', 'peer.example.test', '::1', '192.0.2.10', 'a'],
    ),
  }),
  'everything at once': quick({
    gates: DUAL_STACK,
    node: 'CP-3',
    address: '2001:db8:1::3',
    cluster: `${sans('LB.example.test', '203.0.113.1')}\n${etcd(['e.test'], ['p.test', '203.0.113.3'])}
controlPlaneEndpoint: lb.example.test:443
networking: {serviceSubnet: "10.128.0.0/12,fd00:1::/108", dnsDomain: three.example.test}`,
  }),
} as const satisfies Record<string, string>

const copyOf = kubeadmTrees(CONFIGURATIONS)
const SPECS: readonly CertificateSpec[] = CERTIFICATES

function certificateOf(root: string, { baseName }: CertificateSpec) {
  const read = readCertificates(readFileSync(join(root, `etc/kubernetes/pki/${baseName}.crt`), 'utf8'))
  if (!('certificates' in read)) throw new Error(read.reason)
  return read.certificates[0]
}

const hex = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString('hex')

describe.each(Object.keys(CONFIGURATIONS) as (keyof typeof CONFIGURATIONS)[])('%s', name => {
  test('has the names that kubeadm gives', () => {
    const root = copyOf(name)
    const facts = decideClusterFacts(readSnapshot({ root, config: configFile(root) }))
    expect(missingFacts(facts, ['nodeName', 'advertiseAddress'])).toEqual([])
    for (const spec of SPECS) {
      const certificate = certificateOf(root, spec)
      const theirs = tbsPartsOf(certificate.der).extensions.get(SUBJECT_ALT_NAME)
      expect(theirs !== undefined, spec.name).toBe(spec.subjectAltName !== undefined)
      if (!spec.subjectAltName) continue
      const names = subjectAltNamesFor(spec.subjectAltName, factValues(facts))
      expect(names, spec.name).toEqual(subjectAltNamesOf(certificate))
      expect(hex(subjectAltNameExtension(names)), spec.name).toBe(hex(theirs))
    }
  })
})

test('the name of the node is in kubelet.conf too', () => {
  const root = copyOf('everything at once')
  const { nodeName, advertiseAddress } = decideClusterFacts(readSnapshot({ root }))
  expect(nodeName?.value).toBe('cp-3')
  expect(advertiseAddress).toBeUndefined()
})

const WRONG = {
  'a name with a blank': sans('a b'),
  'an empty name': sans(''),
  'a star alone': sans('*'),
  'a star inside': sans('a.*.test'),
  'a dot at the end': sans('a.test.'),
  'an underscore': sans('a_b'),
  'a port': sans('a.test:6443'),
  'a CIDR as a name': sans('10.0.0.0/8'),
  'a number as a name': 'apiServer: {certSANs: [10.5]}',
  'no list of names': 'apiServer: {certSANs: a.test}',
  'upper case for etcd’s server': etcd(['E.test'], []),
  'upper case for etcd’s peer': etcd([], ['E.test']),
  'an endpoint in upper case': 'controlPlaneEndpoint: API.test',
  'a wildcard as endpoint': 'controlPlaneEndpoint: "*.test"',
  'IPv6 in brackets without a port': 'controlPlaneEndpoint: "[2001:db8::20]"',
  'port 0': 'controlPlaneEndpoint: "api.test:0"',
  'no port number': 'controlPlaneEndpoint: "api.test:https"',
  'a domain in upper case': 'networking: {dnsDomain: Cluster.Local}',
  'no CIDR': 'networking: {serviceSubnet: 10.96.0.0}',
  'a CIDR of one address': 'networking: {serviceSubnet: 10.96.0.1/32}',
  'a blank between CIDRs': 'networking: {serviceSubnet: "10.96.0.0/16, fd00:10:96::/112"}',
  'three CIDRs': 'networking: {serviceSubnet: "10.96.0.0/16,fd00:10:96::/112,10.97.0.0/16"}',
} as const satisfies Record<string, string>

const REFUSED: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.entries(WRONG).map(([name, cluster]) => [name, quick({ cluster })])),
  'a node name with an underscore': quick({ node: 'cp_1' }),
  'an address that is none': quick({ address: '192.0.2.300' }),
  'a link-local address': quick({ address: 'fe80::1' }),
  'a multicast address': quick({ address: '224.0.0.1' }),
}

test.each(Object.keys(REFUSED))('kubeadm and kubepki refuse %s', async name => {
  const text = REFUSED[name] as string
  expect(await isTakenByKubeadm(text)).toBe(false)
  expect(() => parseClusterConfiguration(text, 'kubeadm.yaml')).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID' }),
  )
})

test('kubeadm does not refuse all', async () => {
  expect(await isTakenByKubeadm(CONFIGURATIONS['everything at once'])).toBe(true)
})
