import { describe, expect, it } from 'vitest'
import { CERTIFICATES, type CertificateSpec } from '../../src/inventory/catalog.ts'
import { type ClusterFacts, subjectAltNamesFor } from '../../src/inventory/profile.ts'
import { describeSubjectAltName } from '../../src/x509/subject-alt-name.ts'

const FACTS: ClusterFacts = {
  nodeName: 'valid-hostname',
  advertiseAddress: '1.2.3.4',
  bindPort: 6443,
  controlPlaneEndpoint: { host: 'api.k8s.io' },
  serviceSubnet: '10.96.0.0/12',
  dnsDomain: 'cluster.local',
  apiServerCertSans: ['10.1.245.94', '10.1.245.95'],
  etcdServerCertSans: ['user-etcd-proxy', '10.10.10.100'],
  etcdPeerCertSans: ['user-etcd-proxy-2', '10.10.10.101'],
  clusterName: 'kubernetes',
  kubernetesVersion: '1.37.0',
}

const named = (rule: Parameters<typeof subjectAltNamesFor>[0], facts: Partial<ClusterFacts> = {}) =>
  subjectAltNamesFor(rule, { ...FACTS, ...facts }).map(describeSubjectAltName)

const KUBERNETES = [
  'DNS:kubernetes',
  'DNS:kubernetes.default',
  'DNS:kubernetes.default.svc',
  'DNS:kubernetes.default.svc.cluster.local',
]

describe('subjectAltNamesFor', () => {
  it('is kubeadm’s rule for the API server', () => {
    expect(named('apiserver')).toEqual([
      'DNS:api.k8s.io',
      ...KUBERNETES,
      'DNS:valid-hostname',
      'IP:10.96.0.1',
      'IP:1.2.3.4',
      'IP:10.1.245.94',
      'IP:10.1.245.95',
    ])
  })

  it('has an endpoint that is an address among the addresses', () => {
    expect(named('apiserver', { controlPlaneEndpoint: { host: '4.5.6.7' } })).toEqual([
      ...KUBERNETES,
      'DNS:valid-hostname',
      'IP:10.96.0.1',
      'IP:1.2.3.4',
      'IP:4.5.6.7',
      'IP:10.1.245.94',
      'IP:10.1.245.95',
    ])
    expect(named('apiserver', { controlPlaneEndpoint: undefined })).not.toContain('DNS:api.k8s.io')
  })

  it('has each name once, addresses where they come first, the case of letters as bytes', () => {
    const names = named('apiserver', {
      controlPlaneEndpoint: { host: '1.2.3.4' },
      serviceSubnet: 'fd00::/112,10.96.0.0/12',
      dnsDomain: 'a.test',
      apiServerCertSans: [
        'kubernetes',
        'b.test',
        'a-b.test',
        'a.test',
        '::ffff:1.2.3.4',
        'fd00:0::1',
        '*.test',
      ],
    })
    expect(names).toEqual([
      'DNS:*.test',
      'DNS:a-b.test',
      'DNS:a.test',
      'DNS:b.test',
      'DNS:kubernetes',
      'DNS:kubernetes.default',
      'DNS:kubernetes.default.svc',
      'DNS:kubernetes.default.svc.a.test',
      'DNS:valid-hostname',
      'IP:fd00::1',
      'IP:1.2.3.4',
    ])
  })

  it.each([
    ['etcd-server', 'user-etcd-proxy', '10.10.10.100'],
    ['etcd-peer', 'user-etcd-proxy-2', '10.10.10.101'],
  ] as const)('is kubeadm’s rule for %s', (rule, name, address) => {
    expect(named(rule)).toEqual([
      'DNS:localhost',
      `DNS:${name}`,
      'DNS:valid-hostname',
      'IP:1.2.3.4',
      'IP:127.0.0.1',
      'IP:::1',
      `IP:${address}`,
    ])
  })

  it('does not guess at facts that were not checked', () => {
    expect(() => named('apiserver', { serviceSubnet: 'nowhere' })).toThrow(TypeError)
    expect(() => named('apiserver', { serviceSubnet: '10.0.0.1/32' })).toThrow(TypeError)
    expect(() => named('apiserver', { nodeName: 'cp_1' })).toThrow(TypeError)
  })

  it('is asked for by the rows that kubeadm gives names', () => {
    const specs: readonly CertificateSpec[] = CERTIFICATES
    const rules = specs.filter(spec => spec.subjectAltName).map(spec => [spec.name, spec.subjectAltName])
    expect(rules).toEqual([
      ['apiserver', 'apiserver'],
      ['etcd-server', 'etcd-server'],
      ['etcd-peer', 'etcd-peer'],
    ])
  })
})
