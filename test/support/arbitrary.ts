/** Configurations that kubeadm takes, for property tests. */
import fc from 'fast-check'

const label = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,10}[a-z0-9])?$/)
/** A last label of letters: no address by any reading. */
export const subdomain = fc
  .tuple(fc.array(label, { maxLength: 3 }), fc.stringMatching(/^[a-z]{2,8}$/))
  .map(([labels, last]) => [...labels, last].join('.'))
export const wildcard = subdomain.map(name => `*.${name}`)

const byte = fc.integer({ min: 0, max: 255 })
/** Private and documentation networks, which are global to kubeadm. */
export const ipv4 = fc
  .tuple(fc.constantFrom('10', '172', '192', '203'), byte, byte, byte)
  .map(parts => parts.join('.'))
const group = fc.integer({ min: 0, max: 0xffff }).map(value => value.toString(16))
export const ipv6 = fc
  .tuple(fc.constantFrom('2001:db8', 'fd00:1'), fc.array(group, { minLength: 6, maxLength: 6 }))
  .map(([network, groups]) => `${network}:${groups.join(':')}`)
const shortIpv6 = fc.tuple(group, group).map(([a, b]) => `2001:db8:${a}::${b}`)
export const address = fc.oneof(ipv4, ipv6, shortIpv6)
export const name = fc.oneof({ weight: 3, arbitrary: subdomain }, wildcard, address)

const mixedCase = (text: fc.Arbitrary<string>) =>
  fc.tuple(text, fc.boolean()).map(([one, isUpper]) => (isUpper ? one.toUpperCase() : one))

const port = fc.integer({ min: 1, max: 65535 })
const ipv4Subnet = fc
  .tuple(ipv4, fc.integer({ min: 12, max: 28 }))
  .map(([network, prefix]) => `${network}/${prefix}`)
const ipv6Subnet = fc
  .tuple(ipv6, fc.integer({ min: 108, max: 124 }))
  .map(([network, prefix]) => `${network}/${prefix}`)
const serviceSubnet = fc.oneof(
  ipv4Subnet,
  ipv6Subnet,
  fc.tuple(ipv4Subnet, ipv6Subnet).map(pair => pair.join(',')),
)

const endpoint = fc.oneof(
  subdomain,
  ipv4,
  ipv6,
  fc
    .tuple(
      fc.oneof(
        subdomain,
        ipv4,
        ipv6.map(one => `[${one}]`),
      ),
      port,
    )
    .map(([host, at]) => `${host}:${at}`),
)

const localEtcd = fc.record(
  { serverCertSANs: fc.array(name, { maxLength: 4 }), peerCertSANs: fc.array(name, { maxLength: 4 }) },
  { requiredKeys: [] },
)
const etcd = fc.oneof(
  { weight: 3, arbitrary: localEtcd.map(local => ({ local })) },
  fc.constant({
    external: {
      endpoints: ['https://192.0.2.21:2379'],
      caFile: '/etc/etcd/ca.crt',
      certFile: '/etc/etcd/client.crt',
      keyFile: '/etc/etcd/client.key',
    },
  }),
)

const clusterConfiguration = fc.record(
  {
    apiVersion: fc.constant('kubeadm.k8s.io/v1beta4'),
    kind: fc.constant('ClusterConfiguration'),
    encryptionAlgorithm: fc.constantFrom('ECDSA-P256', 'ECDSA-P384'),
    kubernetesVersion: fc.constantFrom('v1.20.2', 'v1.28.0', 'v1.29.0', 'v1.33.11', 'v1.33.12', 'v1.37.0'),
    clusterName: fc.constantFrom('kubernetes', 'prod.example.test', 'on', '0123'),
    controlPlaneEndpoint: endpoint,
    networking: fc.record({ serviceSubnet, dnsDomain: subdomain }, { requiredKeys: [] }),
    apiServer: fc.record({ certSANs: fc.array(mixedCase(name), { maxLength: 6 }) }),
    etcd,
    certificateValidityPeriod: fc.constantFrom('1h', '720h', '8760h'),
    caCertificateValidityPeriod: fc.constantFrom('720h', '87600h', '300000h'),
  },
  { requiredKeys: ['apiVersion', 'kind', 'encryptionAlgorithm'] },
)

const initConfiguration = fc.record({
  apiVersion: fc.constant('kubeadm.k8s.io/v1beta4'),
  kind: fc.constant('InitConfiguration'),
  nodeRegistration: fc.record({ name: subdomain }),
  localAPIEndpoint: fc.record(
    { advertiseAddress: address, bindPort: port },
    { requiredKeys: ['advertiseAddress'] },
  ),
})

export const configuration = fc.record({ init: initConfiguration, cluster: clusterConfiguration })
