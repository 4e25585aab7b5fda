/** kubeadm's own test cases for its list of certificates and for server addresses, by their numbers in our list of them. */
import { describe, expect, it } from 'vitest'
import { CERTIFICATES, type CertificateSpec, KUBECONFIGS } from '../../src/inventory/catalog.ts'
import {
  type ClusterFacts,
  certificateProfile,
  clientProfile,
  serverFor,
} from '../../src/inventory/profile.ts'
import { certificatesFor } from '../../src/inventory/select.ts'
import { parseEndpointAddress } from '../../src/kubernetes/endpoint-address.ts'
import { parseSubjectAltName } from '../../src/x509/subject-alt-name.ts'
import { PLAIN_FACTS } from '../support/facts.ts'

const FACTS: ClusterFacts = { ...PLAIN_FACTS, advertiseAddress: '4.5.6.7', bindPort: 4567 }

describe('the list of certificates', () => {
  it.each([
    ['79', 'local'],
    ['80', 'external'],
  ] as const)('kubeadm %s: with %s etcd the CA last named is that of the leaf', (_, etcd) => {
    let authority: string | undefined
    for (const { kind, name, caName } of certificatesFor(etcd)) {
      if (kind === 'ca') authority = name
      else expect(caName, name).toBe(authority)
    }
    expect(authority).toBe(etcd === 'local' ? 'etcd-ca' : 'front-proxy-ca')
  })

  it.each([
    ['81', 'local'],
    ['82', 'external'],
  ] as const)('kubeadm %s, 83: with %s etcd every leaf names a CA of the list, and no CA does', (_, etcd) => {
    const specs = certificatesFor(etcd)
    const authorities = specs.filter(({ kind }) => kind === 'ca').map(({ name }) => name)
    for (const { kind, name, caName } of specs) {
      if (kind === 'ca') expect(caName, name).toBeUndefined()
      else expect(authorities, name).toContain(caName)
    }
    for (const { caName } of KUBECONFIGS) expect(authorities).toContain(caName)
  })

  it('kubeadm 84: the common name of a row may be the node’s; every leaf has a purpose, no CA has', () => {
    const specs: readonly CertificateSpec[] = CERTIFICATES
    for (const spec of specs) {
      const { commonName, extKeyUsage, isCa } = certificateProfile(spec, { ...FACTS, nodeName: 'node.test' })
      const isEtcds = ['etcd-server', 'etcd-peer'].includes(spec.name)
      expect(commonName, spec.name).toBe(isEtcds ? 'node.test' : spec.commonName)
      expect(extKeyUsage.length > 0, spec.name).toBe(!isCa)
    }
    const kubelet = KUBECONFIGS.find(({ name }) => name === 'kubelet.conf')
    expect(kubelet && clientProfile(kubelet, { ...FACTS, nodeName: 'node.test' }).commonName).toBe(
      'system:node:node.test',
    )
  })

  it('kubeadm 149–151: who serves', () => {
    const specs: readonly CertificateSpec[] = CERTIFICATES
    const serving = specs.filter(({ extKeyUsage = [] }) => extKeyUsage.includes('serverAuth'))
    expect(serving.map(({ name }) => name)).toEqual(['apiserver', 'etcd-server', 'etcd-peer'])
  })
})

describe('the address of the cluster', () => {
  const server = (endpoint: string | undefined, facts: Partial<ClusterFacts> = {}) => {
    const parsed = endpoint === undefined ? undefined : parseEndpointAddress(endpoint)
    expect(parsed === undefined).toBe(endpoint === undefined)
    return serverFor({ server: 'control-plane' }, { ...FACTS, ...facts, controlPlaneEndpoint: parsed })
  }

  it.each([
    ['171', 'cp.k8s.io:1234', 'https://cp.k8s.io:1234'],
    ['172', '1.2.3.4:1234', 'https://1.2.3.4:1234'],
    ['173', '[2001:db8::1]:1234', 'https://[2001:db8::1]:1234'],
    ['174', 'cp.k8s.io', 'https://cp.k8s.io:4567'],
    ['175', '1.2.3.4', 'https://1.2.3.4:4567'],
    ['176', '2001:db8::1', 'https://[2001:db8::1]:4567'],
  ])('kubeadm %s: %s -> %s', (_, endpoint, url) => {
    expect(server(endpoint)).toBe(url)
  })

  it.each([
    ['177', '4.5.6.7', 'https://4.5.6.7:4567'],
    ['178', '2001:db8::1', 'https://[2001:db8::1]:4567'],
  ])('kubeadm %s: none, the node is at %s -> %s', (_, advertiseAddress, url) => {
    expect(server(undefined, { advertiseAddress })).toBe(url)
    expect(serverFor({ server: 'local' }, { ...FACTS, advertiseAddress })).toBe(url)
  })

  it('kubeadm 112: the node’s own address is not the cluster’s', () => {
    const facts = { ...FACTS, controlPlaneEndpoint: { host: 'api.k8s.io', port: 4321 } }
    const servers = KUBECONFIGS.map(spec => [spec.name, serverFor(spec, facts)])
    expect(Object.fromEntries(servers)).toEqual({
      'admin.conf': 'https://api.k8s.io:4321',
      'super-admin.conf': 'https://api.k8s.io:4321',
      'kubelet.conf': 'https://api.k8s.io:4321',
      'controller-manager.conf': 'https://4.5.6.7:4567',
      'scheduler.conf': 'https://4.5.6.7:4567',
    })
  })

  it.each([
    ['180', 'bad!!.cp.k8s.io'],
    ['181', '1..0'],
    ['182', '1200::AB00:1234::2552:7777:1313'],
    ['183', 'cp.k8s.io:0'],
    ['186', 'cp.k8s.io:abc'],
    ['186', 'cp.k8s.io:-6443'],
    ['186', 'cp.k8s.io:65536'],
  ])('kubeadm %s: %s is none', (_, endpoint) => {
    expect(parseEndpointAddress(endpoint)).toBeUndefined()
  })

  it('kubeadm 186: what is no IPv4 address may be a DNS name', () => {
    expect(parseEndpointAddress('259.2.3.4:1234')).toEqual({ host: '259.2.3.4', port: 1234 })
    expect(parseSubjectAltName('259.2.3.4')).toMatchObject({ type: 'DNS' })
  })
})

describe('names beside those of the rule', () => {
  it.each([
    ['10.1.245.94', 'IP', '10.1.245.94'],
    ['2001:DB8:0::1', 'IP', '2001:db8::1'],
    ['valid.example.test', 'DNS', 'valid.example.test'],
    ['*.example.test', 'DNS', '*.example.test'],
    ['EXAMPLE.k8s.io', 'DNS', 'example.k8s.io'],
    ['xn--mnchen-3ya.de', 'DNS', 'xn--mnchen-3ya.de'],
    // To kubeadm it is no address, and not a name for its capital letter alone.
    ['1.2.3.L', 'DNS', '1.2.3.l'],
  ])('kubeadm 169, 187: %s is %s:%s', (text, type, value) => {
    expect(parseSubjectAltName(text)).toMatchObject({ type, value })
  })

  it.each(['invalid,commas,in,DNS', 'in_valid', '*', '*.', 'a.*.b', '', '010.0.0.1'])(
    'kubeadm 165, 169: %j is no name',
    text => {
      expect(parseSubjectAltName(text)).toBeUndefined()
    },
  )
})
