/** Configurations that the real kubeadm 1.20 takes or refuses: kubepki does the same. */
import { expect, test } from 'vitest'
import { parseClusterConfiguration } from '../../src/kubernetes/cluster-configuration.ts'
import { configuration, isTakenByKubeadm, provideMountPoint } from '../support/kubeadm.ts'

provideMountPoint()

const ECDSA = 'featureGates: {PublicKeysECDSA: true}'
const cluster = (body: string, gates = ECDSA) => configuration({ cluster: `${body}\n${gates}` })
const subnet = (service: string) => cluster(`networking: {serviceSubnet: "${service}"}`)
const dual = (service: string) =>
  cluster(
    `networking: {serviceSubnet: "${service}"}`,
    'featureGates: {PublicKeysECDSA: true, IPv6DualStack: true}',
  )
const external = (fields: string) => cluster(`etcd: {external: {${fields}}}`)
const node = (field: string, value: string) =>
  cluster('').replace(new RegExp(`(?<=^ +${field}: ).*$`, 'm'), value)
const version = (text: string) => cluster('').replace('v1.20.2', text)
const FILES = 'caFile: /e/ca.crt, certFile: /e/a.crt, keyFile: /e/a.key'
const JOIN =
  'apiVersion: kubeadm.k8s.io/v1beta2\nkind: JoinConfiguration\ndiscovery: {file: {kubeConfigPath: /a}}\n'

const TAKEN: Readonly<Record<string, string>> = {
  'a version without v': version('1.20.2'),
  'a release candidate': version('v1.20.2-rc.1'),
  'a version with a build': version('v1.20.2+k3s1'),
  'a release candidate with a build': version('1.20.2-rc.1.2+a.b-c'),
  'a version of a bucket': version('release/v1.20.2'),
  'a version of the CI': version('ci/v1.20.2-rc.0.5+abcdef'),
  'a cluster name with blanks': cluster('clusterName: " My Cluster! "'),
  'an empty cluster name': cluster('clusterName: ""'),
  nulls: cluster('clusterName: null\ncertificatesDir: null\netcd: null\nnetworking: null'),
  'no path at all': cluster('certificatesDir: ""'),
  'port 0': node('bindPort', '0'),
  'no port': node('bindPort', 'null'),
  'the highest port': node('bindPort', '65535'),
  'a port with a fraction of nothing': node('bindPort', '6443.0'),
  'a hexadecimal port': node('bindPort', '0x192B'),
  'external etcd without TLS': external('endpoints: ["http://192.0.2.21:2379"]'),
  'external etcd with TLS': external(`endpoints: ["https://192.0.2.21:2379", "https://e.test"], ${FILES}`),
  'external etcd with its CA alone': external('endpoints: ["https://e.test:2379"], caFile: /e/ca.crt'),
  'external etcd in upper case': external(`endpoints: ["HTTPS://e.test:2379"], ${FILES}`),
  'external etcd without endpoints': external('endpoints: []'),
  'external etcd that says nothing': external(''),
  'external etcd behind a socket': external('endpoints: ["unix:///run/etcd.sock"]'),
  'external etcd and no local one': cluster(
    'etcd: {local: null, external: {endpoints: ["http://e.test:2379"]}}',
  ),
  'local etcd and no external one': cluster('etcd: {local: {}, external: null}'),
  'services of ten addresses and more': subnet('10.96.0.0/28'),
  'as many services as there can be': subnet('10.96.0.0/12'),
  'services of ten IPv6 addresses and more': node('advertiseAddress', '"2001:db8::1"').replace(
    ECDSA,
    `${ECDSA}\nnetworking: {serviceSubnet: "fd00::/124"}`,
  ),
  'two subnets': dual('10.96.0.0/16,fd00::/108'),
  'a gate that is off': cluster('', 'featureGates: {PublicKeysECDSA: true, IPv6DualStack: false}'),
  'an unknown field': cluster('foo: 1\napiServer: {certsans: ["not a name"], bar: {baz: 1}}'),
  'a field of another version': cluster('encryptionAlgorithm: 5\ncertificateValidityPeriod: soon'),
  'a document of another group': `${cluster('')}---\napiVersion: example.test/v1\nkind: Other\n`,
  ClusterStatus: `${cluster('')}---\napiVersion: kubeadm.k8s.io/v1beta2\nkind: ClusterStatus\n`,
  'InitConfiguration and JoinConfiguration': `${cluster('')}---\n${JOIN}`,
  'a gate that is null': cluster('', 'featureGates: {PublicKeysECDSA: null}'),
}

const REFUSED: Readonly<Record<string, string>> = {
  'a version of two numbers': version('v1.20'),
  'a version that is a number': version('1.20'),
  'a version that is none': version('newest'),
  'a version with blanks': version('" v1.20.2"'),
  'a version with leading zeros': version('v1.020.2'),
  'a version with an underscore': version('v1.20.2_1'),
  'a cluster name that is a number': cluster('clusterName: 5'),
  'a cluster name that is a list': cluster('clusterName: [a]'),
  'a relative path': cluster('certificatesDir: pki'),
  'a number as path': cluster('certificatesDir: 5'),
  'a port below': node('bindPort', '-1'),
  'a port above': node('bindPort', '65536'),
  'a port in quotes': node('bindPort', '"6443"'),
  'a port with a fraction': node('bindPort', '6443.5'),
  'a port that is a name': node('bindPort', 'https'),
  'both kinds of etcd': cluster('etcd: {local: {}, external: {endpoints: ["http://e.test:2379"]}}'),
  'etcd as text': cluster('etcd: local'),
  'external etcd as a list': cluster('etcd: {external: []}'),
  'an endpoint without scheme': external('endpoints: ["192.0.2.21:2379"]'),
  'an endpoint that is a path': external('endpoints: ["/run/etcd"]'),
  'an endpoint without TLS though there are files': external(`endpoints: ["http://e.test:2379"], ${FILES}`),
  'an endpoint without TLS though there is a CA': external('endpoints: ["http://e.test"], caFile: /e/ca.crt'),
  'an endpoint with a blank': external('endpoints: ["http://e test"]'),
  'endpoints as text': external('endpoints: "http://e.test"'),
  'a null as endpoint': external('endpoints: [null]'),
  'a number as endpoint': external('endpoints: [2379]'),
  'a certificate without a key': external(
    'endpoints: ["https://e.test"], caFile: /e/ca.crt, certFile: /e/a.crt',
  ),
  'a key without a certificate': external(
    'endpoints: ["https://e.test"], caFile: /e/ca.crt, keyFile: /e/a.key',
  ),
  'files without a CA': external('endpoints: ["https://e.test"], certFile: /e/a.crt, keyFile: /e/a.key'),
  'a relative CA': external('endpoints: ["https://e.test"], caFile: ca.crt'),
  'a relative certificate': external(`endpoints: ["https://e.test"], ${FILES}`.replace('/e/a.crt', 'a.crt')),
  'a relative key': external(`endpoints: ["https://e.test"], ${FILES}`.replace('/e/a.key', 'a.key')),
  'too few services': subnet('10.96.0.0/29'),
  'too many services': subnet('10.96.0.0/11'),
  'too few IPv6 services': subnet('fd00::/125'),
  'too many IPv6 services': subnet('fd00::/107'),
  'two subnets of a family': dual('10.96.0.0/16,10.97.0.0/16'),
  'too many services in the second subnet': dual('10.96.0.0/16,fd00::/64'),
  'pods without a CIDR': cluster('networking: {podSubnet: 10.244.0.0}'),
  'pods in two subnets of a family': cluster('networking: {podSubnet: "10.244.0.0/16,10.245.0.0/16"}'),
  'gates as a list': cluster('', 'featureGates: [PublicKeysECDSA]'),
  'gates as text': cluster('', 'featureGates: PublicKeysECDSA=true'),
  'a gate in quotes': cluster('', 'featureGates: {PublicKeysECDSA: "true"}'),
  'a gate that is a number': cluster('', 'featureGates: {PublicKeysECDSA: 1}'),
  'a kind twice': `${cluster('')}---\napiVersion: kubeadm.k8s.io/v1beta2\nkind: ClusterConfiguration\n`,
  'a document without apiVersion': `${cluster('')}---\nkind: JoinConfiguration\n`,
  'a document without kind': `${cluster('')}---\napiVersion: kubeadm.k8s.io/v1beta2\n`,
  'an unknown apiVersion': cluster('').replaceAll('v1beta2', 'v1beta9'),
  'a document that is text': `${cluster('')}---\nhello\n`,
}

const parse = (text: string) => parseClusterConfiguration(text, 'kubeadm.yaml')

test.each(Object.keys(TAKEN))('kubeadm and kubepki take %s', async name => {
  const text = TAKEN[name] as string
  expect(await isTakenByKubeadm(text)).toBe(true)
  expect(() => parse(text)).not.toThrow()
})

test('kubeadm passes over a kind in another case; kubepki refuses it: all that it says would be lost', async () => {
  const text = `${cluster('')}---\napiVersion: kubeadm.k8s.io/v1beta2\nkind: Clusterconfiguration\n`
  expect(await isTakenByKubeadm(text)).toBe(true)
  expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
})

test.each(Object.keys(REFUSED))('kubeadm and kubepki refuse %s', async name => {
  const text = REFUSED[name] as string
  expect(await isTakenByKubeadm(text)).toBe(false)
  expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
})
