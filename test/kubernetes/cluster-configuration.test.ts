import { describe, expect, it } from 'vitest'
import { parseClusterConfiguration } from '../../src/kubernetes/cluster-configuration.ts'

const parse = (text: string) => parseClusterConfiguration(text, 'kubeadm.yaml')
const cluster = (version: string, body: string) =>
  `apiVersion: kubeadm.k8s.io/${version}\nkind: ClusterConfiguration\n${body}`
const init = (version: string) => `apiVersion: kubeadm.k8s.io/${version}\nkind: InitConfiguration\n`

describe('parseClusterConfiguration', () => {
  it.each(['v1beta2', 'v1beta3', 'v1beta4'])(
    'reads %s, in several documents, others passed over',
    version => {
      const kubelet = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n'
      const text = [init(version), kubelet, cluster(version, 'certificatesDir: /etc/kubernetes/ssl\n')].join(
        '---\n',
      )
      expect(parse(text)).toEqual({ etcd: 'local', certificatesDir: '/etc/kubernetes/ssl' })
    },
  )

  it('knows external etcd by its endpoints', () => {
    const body = 'etcd:\n  external:\n    endpoints:\n    - https://10.0.0.1:2379\n'
    expect(parse(cluster('v1beta3', body))).toEqual({ etcd: 'external' })
  })

  it('reads algorithm and period from v1beta4 alone, the ECDSA feature gate from older ones', () => {
    const body = 'encryptionAlgorithm: ECDSA-P256\ncertificateValidityPeriod: 2160h0m0s\n'
    const found = { encryptionAlgorithm: 'ECDSA-P256', certificateValidityPeriod: 2160 * 3_600_000 }
    expect(parse(cluster('v1beta4', body))).toMatchObject(found)
    expect(parse(cluster('v1beta3', body))).toEqual({ etcd: 'local' })
    expect(parse(cluster('v1beta2', 'featureGates:\n  PublicKeysECDSA: true\n'))).toMatchObject({
      encryptionAlgorithm: 'ECDSA-P256',
    })
  })

  it.each([
    ['an unknown apiVersion', cluster('v1beta9', ''), 'v1beta9 is not known', 'v1beta4'],
    ['no kubeadm document', 'kind: Pod\napiVersion: v1\n', 'holds no InitConfiguration', 'apiVersion'],
    ['an empty file', '', 'holds no InitConfiguration', 'apiVersion'],
    ['not YAML', 'a: [', 'is not YAML', undefined],
    ['a relative certificatesDir', cluster('v1beta3', 'certificatesDir: pki\n'), 'found pki', undefined],
    ['a bad period', cluster('v1beta4', 'certificateValidityPeriod: soon\n'), 'found soon', undefined],
  ])('refuses %s', (_, text, message, hint) => {
    expect(() => parse(text)).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: expect.stringMatching(new RegExp(`^kubeadm.yaml: .*${message}`)),
        hint: hint === undefined ? undefined : expect.stringContaining(hint),
      }),
    )
  })
})
