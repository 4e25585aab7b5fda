import { describe, expect, it } from 'vitest'
import { parseClusterConfiguration } from '../../src/kubernetes/cluster-configuration.ts'

const parse = (text: string) => parseClusterConfiguration(text, 'kubeadm.yaml').configuration
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

  it('takes detours out of certificatesDir, as kubeadm does where it joins paths', () => {
    const body = 'certificatesDir: /etc/kubernetes/./none/../ssl//x\n'
    expect(parse(cluster('v1beta2', body))).toMatchObject({ certificatesDir: '/etc/kubernetes/ssl/x' })
  })

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
    ['a relative certificatesDir', cluster('v1beta3', 'certificatesDir: pki\n'), 'found "pki"', undefined],
    ['a bad period', cluster('v1beta4', 'certificateValidityPeriod: soon\n'), 'found "soon"', 'a day is 24h'],
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

const INIT = 'nodeRegistration: {name: " CP-1 "}\nlocalAPIEndpoint: {advertiseAddress: 192.0.2.10}\n'
const JOIN =
  'apiVersion: kubeadm.k8s.io/v1beta3\nkind: JoinConfiguration\nnodeRegistration: {name: cp-2}\n' +
  'controlPlane: {localAPIEndpoint: {advertiseAddress: "2001:DB8::2"}}\n'
const NAMES = `
controlPlaneEndpoint: "[2001:db8::20]:6443"
networking: {serviceSubnet: "10.96.0.0/16,fd00:10:96::/112", dnsDomain: cluster.example.test}
apiServer: {certSANs: [API.Example.test, "*.Apps.example.test", 10.0.0.7, "2001:DB8::7", API.Example.test]}
etcd: {local: {serverCertSANs: [etcd.example.test], peerCertSANs: ["2001:DB8::21"]}}
`

describe('what the names of certificates come from', () => {
  it('is read from the cluster’s document and the node’s', () => {
    const text = `${cluster('v1beta3', NAMES)}---\n${init('v1beta3')}${INIT}`
    expect(parse(text)).toStrictEqual({
      etcd: 'local',
      nodeName: 'cp-1',
      advertiseAddress: '192.0.2.10',
      controlPlaneEndpoint: { host: '2001:db8::20', port: 6443 },
      serviceSubnet: '10.96.0.0/16,fd00:10:96::/112',
      dnsDomain: 'cluster.example.test',
      apiServerCertSans: [
        'api.example.test',
        '*.apps.example.test',
        '10.0.0.7',
        '2001:db8::7',
        'api.example.test',
      ],
      etcdServerCertSans: ['etcd.example.test'],
      etcdPeerCertSans: ['2001:DB8::21'],
    })
  })

  it('is read from a JoinConfiguration, but rather from an InitConfiguration', () => {
    expect(parse(JOIN)).toStrictEqual({
      nodeName: 'cp-2',
      advertiseAddress: '2001:db8::2',
      isJoining: true,
    })
    expect(parse(`${JOIN}---\n${init('v1beta3')}${INIT}`)).toMatchObject({ nodeName: 'cp-1' })
    expect(parse(`${init('v1beta3')}---\n${JOIN}`)).toMatchObject({ nodeName: 'cp-2' })
  })

  it.each([
    ['nothing', ''],
    ['empty text', 'controlPlaneEndpoint: ""\nnetworking: {serviceSubnet: "", dnsDomain: ""}\n'],
    [
      'null',
      'controlPlaneEndpoint: null\nnetworking: null\napiServer: {certSANs: null}\netcd: {local: null}\n',
    ],
  ])('is nothing where the file has %s', (_, body) => {
    expect(parse(cluster('v1beta3', body))).toStrictEqual({ etcd: 'local' })
  })

  it.each(['""', '0.0.0.0', '"::"', 'null'])('leaves %s to kubeadm’s choice', address => {
    const text = `${init('v1beta3')}localAPIEndpoint: {advertiseAddress: ${address}}\nnodeRegistration: {name: ""}\n`
    expect(parse(text)).toStrictEqual({})
  })

  const wrong = (document: string, field: string, found: string) => [field, document, field, found] as const
  const inCluster = (body: string, field: string, found: string) =>
    wrong(cluster('v1beta3', body), field, found)
  const inInit = (body: string, field: string, found: string) => wrong(init('v1beta3') + body, field, found)
  const SANS = ['"a b"', '""', 'a_b', '"*"', 'a.', '10.0.0.0/8', '010.0.0.1', '"DNS:a"', '"a\\n"', '"a:80"']

  it.each([
    ...SANS.map(name => inCluster(`apiServer: {certSANs: [ok, ${name}]}`, 'apiServer.certSANs[1]', '')),
    inCluster('apiServer: {certSANs: a.b}', 'apiServer.certSANs', '"a.b"'),
    inCluster('apiServer: {certSANs: {a: b}}', 'apiServer.certSANs', 'a mapping'),
    inCluster('apiServer: {certSANs: [10.5]}', 'apiServer.certSANs[0]', 'the number 10.5'),
    inCluster('apiServer: []', 'apiServer', 'a list'),
    inCluster('etcd: {local: {serverCertSANs: [UP.test]}}', 'etcd.local.serverCertSANs[0]', '"UP.test"'),
    inCluster('etcd: {local: {peerCertSANs: [UP.test]}}', 'etcd.local.peerCertSANs[0]', '"UP.test"'),
    inCluster('controlPlaneEndpoint: a.b:0', 'controlPlaneEndpoint', '"a.b:0"'),
    inCluster('controlPlaneEndpoint: 6443', 'controlPlaneEndpoint', 'the number 6443'),
    inCluster('networking: {serviceSubnet: 10.96.0.0}', 'networking.serviceSubnet', '"10.96.0.0"'),
    inCluster('networking: {serviceSubnet: 10.96.0.1/32}', 'networking.serviceSubnet', '"10.96.0.1/32"'),
    inCluster(
      'networking: {serviceSubnet: "10.0.0.0/16,10.1.0.0/16,fd00::/112"}',
      'networking.serviceSubnet',
      '"10.0.0.0/16,10.1.0.0/16,fd00::/112"',
    ),
    inCluster('networking: {dnsDomain: Cluster.Local}', 'networking.dnsDomain', '"Cluster.Local"'),
    inInit('nodeRegistration: {name: cp_1}', 'nodeRegistration.name', '"cp_1"'),
    inInit('nodeRegistration: {name: 7}', 'nodeRegistration.name', 'the number 7'),
    ...['10.0.0.300', '127.0.0.1', '224.0.0.1', 'fe80::1', 'cp-1', '10.0.0.1:6443'].map(address =>
      inInit(
        `localAPIEndpoint: {advertiseAddress: "${address}"}`,
        'localAPIEndpoint.advertiseAddress',
        `"${address}"`,
      ),
    ),
    wrong(
      JOIN.replace('2001:DB8::2', 'nowhere'),
      'controlPlane.localAPIEndpoint.advertiseAddress',
      '"nowhere"',
    ),
  ])('refuses a bad %s', (_, text, field, found) => {
    const message = expect.stringMatching(/^kubeadm\.yaml: [\w.[\]]+: wanted .+, found .+$/)
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID', message }))
    expect(() => parse(text)).toThrow(`kubeadm.yaml: ${field}: wanted`)
    expect(() => parse(text)).toThrow(`found ${found}`)
  })
})
