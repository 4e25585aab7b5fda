import { describe, expect, it } from 'vitest'
import { parseClusterConfiguration } from '../../src/kubernetes/cluster-configuration.ts'

const warnings = (...documents: string[]) =>
  parseClusterConfiguration(documents.join('---\n'), 'kubeadm.yaml').warnings
const document = (kind: string, version: string, body = '') =>
  `apiVersion: kubeadm.k8s.io/${version}\nkind: ${kind}\n${body}\n`
const cluster = (body: string, version = 'v1beta4') => document('ClusterConfiguration', version, body)

/** As `kubectl get configmap kubeadm-config` and `kubeadm config print` have them. */
const USUAL: readonly (readonly [name: string, text: string])[] = [
  [
    'v1beta2',
    cluster(
      `apiServer:
  extraArgs: {authorization-mode: "Node,RBAC"}
  timeoutForControlPlane: 4m0s
certificatesDir: /etc/kubernetes/pki
clusterName: kubernetes
controllerManager: {}
dns: {type: CoreDNS}
etcd: {local: {dataDir: /var/lib/etcd}}
imageRepository: k8s.gcr.io
kubernetesVersion: v1.20.2
networking: {dnsDomain: cluster.local, podSubnet: 10.244.0.0/16, serviceSubnet: 10.96.0.0/12}
scheduler: {}
useHyperKubeImage: true`,
      'v1beta2',
    ),
  ],
  [
    'v1beta3',
    document(
      'InitConfiguration',
      'v1beta3',
      `bootstrapTokens:
- groups: ["system:bootstrappers:kubeadm:default-node-token"]
  token: abcdef.0123456789abcdef
  ttl: 24h0m0s
  usages: [signing, authentication]
localAPIEndpoint: {advertiseAddress: 1.2.3.4, bindPort: 6443}
nodeRegistration:
  criSocket: unix:///var/run/containerd/containerd.sock
  imagePullPolicy: IfNotPresent
  name: node
  taints: [{key: a, effect: NoSchedule, anything: else}]
  kubeletExtraArgs: {any-flag: "1"}
patches: {directory: /a}
skipPhases: [addon/kube-proxy]`,
    ),
  ],
  [
    'v1beta4',
    cluster(`apiServer:
  extraArgs: [{name: a, value: b, other: c}]
  extraEnvs: [{name: A, valueFrom: {any: thing}}]
  extraVolumes: [{name: a, hostPath: /a, mountPath: /a, readOnly: true, pathType: File}]
caCertificateValidityPeriod: 87600h0m0s
certificateValidityPeriod: 8760h0m0s
certificatesDir: /etc/kubernetes/pki
clusterName: kubernetes
controllerManager: {}
dns: {disabled: false, imageTag: v1}
encryptionAlgorithm: RSA-2048
etcd: {external: {endpoints: ["https://a.test"], httpEndpoints: ["https://a.test:1"]}}
featureGates: {AnyGate: true}
kubernetesVersion: v1.31.0
proxy: {disabled: true}
scheduler: {}`),
  ],
  [
    'a v1beta4 node that joins',
    document(
      'JoinConfiguration',
      'v1beta4',
      `caCertPath: /etc/kubernetes/pki/ca.crt
controlPlane: {certificateKey: a, localAPIEndpoint: {advertiseAddress: 1.2.3.4, bindPort: 0}}
discovery:
  bootstrapToken: {apiServerEndpoint: "a:6443", token: a, caCertHashes: [], unsafeSkipCAVerification: true}
  file: {kubeConfigPath: /a}
  tlsBootstrapToken: a
dryRun: true
nodeRegistration: {imagePullSerial: true, name: a}
timeouts: {controlPlaneComponentHealthCheck: 4m, kubernetesAPICall: 1m, tlsBootstrap: 5m, discovery: 5m}`,
    ),
  ],
]

it.each(USUAL)('says nothing of what kubeadm prints: %s', (_, text) => expect(warnings(text)).toEqual([]))

/** Fields that not every version has. */
const VERSIONED: readonly (readonly [kind: string, path: string, versions: readonly string[]])[] = [
  ['InitConfiguration', 'dryRun', ['v1beta4']],
  ['InitConfiguration', 'skipPhases', ['v1beta3', 'v1beta4']],
  ['InitConfiguration', 'patches', ['v1beta3', 'v1beta4']],
  ['InitConfiguration', 'timeouts', ['v1beta4']],
  ['InitConfiguration', 'nodeRegistration.imagePullPolicy', ['v1beta3', 'v1beta4']],
  ['InitConfiguration', 'nodeRegistration.imagePullSerial', ['v1beta4']],
  ['JoinConfiguration', 'dryRun', ['v1beta4']],
  ['JoinConfiguration', 'skipPhases', ['v1beta3', 'v1beta4']],
  ['JoinConfiguration', 'patches', ['v1beta3', 'v1beta4']],
  ['JoinConfiguration', 'timeouts', ['v1beta4']],
  ['JoinConfiguration', 'nodeRegistration.imagePullSerial', ['v1beta4']],
  ['JoinConfiguration', 'discovery.timeout', ['v1beta2', 'v1beta3']],
  ['ClusterConfiguration', 'apiServer.extraEnvs', ['v1beta4']],
  ['ClusterConfiguration', 'apiServer.timeoutForControlPlane', ['v1beta2', 'v1beta3']],
  ['ClusterConfiguration', 'scheduler.extraEnvs', ['v1beta4']],
  ['ClusterConfiguration', 'controllerManager.extraEnvs', ['v1beta4']],
  ['ClusterConfiguration', 'etcd.local.extraEnvs', ['v1beta4']],
  ['ClusterConfiguration', 'etcd.external.httpEndpoints', ['v1beta4']],
  ['ClusterConfiguration', 'dns.type', ['v1beta2']],
  ['ClusterConfiguration', 'dns.disabled', ['v1beta4']],
  ['ClusterConfiguration', 'proxy', ['v1beta4']],
  ['ClusterConfiguration', 'useHyperKubeImage', ['v1beta2']],
  ['ClusterConfiguration', 'encryptionAlgorithm', ['v1beta4']],
  ['ClusterConfiguration', 'certificateValidityPeriod', ['v1beta4']],
  ['ClusterConfiguration', 'caCertificateValidityPeriod', ['v1beta4']],
]

it.each(VERSIONED)('%s: %s belongs to %j alone', (kind, path, versions) => {
  const body = JSON.stringify(path.split('.').reduceRight<unknown>((value, key) => ({ [key]: value }), null))
  for (const version of ['v1beta2', 'v1beta3', 'v1beta4']) {
    const text = `{"apiVersion": "kubeadm.k8s.io/${version}", "kind": "${kind}", ${body.slice(1)}`
    const sentence = `"${path}" in ${version} is ignored; it belongs to ${versions.join(', ')}`
    const unknown = [`kubeadm.yaml: ${kind}: unknown field ${sentence}`]
    expect(warnings(text)).toEqual(versions.includes(version) ? [] : unknown)
  }
})

const GUESSES = [
  ['apiServer: {certSans: [a.test]}', 'apiServer.certSans', 'certSANs'],
  ['apiServer: {certsans: [a.test]}', 'apiServer.certsans', 'certSANs'],
  ['ApiServer: {certSANs: [a.test]}', 'ApiServer', 'apiServer'],
  ['certificateDir: /a', 'certificateDir', 'certificatesDir'],
  ['etcd: {local: {serverCertSANS: [a]}}', 'etcd.local.serverCertSANS', 'serverCertSANs'],
  ['etcd: {external: {endpoint: []}}', 'etcd.external.endpoint', 'endpoints'],
  ['networking: {serviceSubnets: a}', 'networking.serviceSubnets', 'serviceSubnet'],
  ['scheduler: {extraVolumes: [{}, {hostpath: /a}]}', 'scheduler.extraVolumes[1].hostpath', 'hostPath'],
  ['proxy: {diabled: true}', 'proxy.diabled', 'disabled'],
] as const

describe('an unknown field', () => {
  it.each(GUESSES)('%s has a guess', (body, field, meant) => {
    expect(warnings(cluster(body))).toEqual([
      `kubeadm.yaml: ClusterConfiguration: unknown field "${field}" is ignored; did you mean ${meant}?`,
    ])
  })

  it.each([
    ['networking: {ipFamily: a}', 'networking.ipFamily'],
    ['whatever: {certSANs: a}', 'whatever'],
    ['constructor: a', 'constructor'],
    ['apiServer: {toString: null}', 'apiServer.toString'],
    ['"a b\\n": null', 'a b\\n'],
  ])('%s has none', (body, field) => {
    expect(warnings(cluster(body))).toEqual([
      `kubeadm.yaml: ClusterConfiguration: unknown field "${field}" is ignored`,
    ])
  })

  it('is no guess for another version’s', () => {
    expect(warnings(cluster('encryptionAlgoritm: a', 'v1beta3'))).toEqual([
      'kubeadm.yaml: ClusterConfiguration: unknown field "encryptionAlgoritm" is ignored',
    ])
  })

  it('is named for each document, in their order', () => {
    const text = [
      document('JoinConfiguration', 'v1beta4', 'controlPlane: {localApiEndpoint: {}}'),
      document('InitConfiguration', 'v1beta4', 'bootstrapTokens: [{toke: a}, {token: a, tll: b}]'),
    ]
    expect(warnings(...text)).toEqual([
      'kubeadm.yaml: JoinConfiguration: unknown field "controlPlane.localApiEndpoint" is ignored; did you mean localAPIEndpoint?',
      'kubeadm.yaml: InitConfiguration: unknown field "bootstrapTokens[0].toke" is ignored; did you mean token?',
      'kubeadm.yaml: InitConfiguration: unknown field "bootstrapTokens[1].tll" is ignored; did you mean ttl?',
    ])
  })
})

describe('a kind', () => {
  it.each([
    ['ClusterStatus', 'v1beta2'],
    ['ResetConfiguration', 'v1beta4'],
    ['UpgradeConfiguration', 'v1beta4'],
  ])('%s of %s is passed over without a look inside', (kind, version) => {
    expect(warnings(cluster(''), document(kind, version, 'anything: {goes: 1}'))).toEqual([])
  })

  it('of another group is passed over', () => {
    expect(warnings(cluster(''), 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: Any\na: b\n')).toEqual([])
  })

  it.each([
    ['ResetConfiguration', 'v1beta3', ' in v1beta3 is ignored; it belongs to v1beta4'],
    ['ClusterStatus', 'v1beta4', ' in v1beta4 is ignored; it belongs to v1beta2'],
  ])('%s of %s is unknown', (kind, version, text) => {
    expect(warnings(cluster(''), document(kind, version, 'a: b'))).toEqual([
      `kubeadm.yaml: unknown kind "${kind}"${text}`,
    ])
  })

  it.each([
    ['Clusterconfiguration', 'did you mean ClusterConfiguration? known: InitConfiguration'],
    ['MasterThings', 'known: InitConfiguration'],
  ])('%s of no version is refused: all that it says would be lost', (kind, hint) => {
    const text = [cluster(''), document(kind, 'v1beta4', 'a: b')].join('\n---\n')
    expect(() => parseClusterConfiguration(text, 'kubeadm.yaml')).toThrow(
      expect.objectContaining({
        message: `kubeadm.yaml: kind "${kind}" is not known`,
        hint: expect.stringContaining(hint),
      }),
    )
  })
})
