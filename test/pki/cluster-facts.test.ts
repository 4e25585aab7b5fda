import { describe, expect, it } from 'vitest'
import type { ClusterConfiguration } from '../../src/kubernetes/cluster-configuration.ts'
import { parseStaticPod } from '../../src/kubernetes/static-pod.ts'
import { decideClusterFacts, factValues, type KnownFacts, missingFacts } from '../../src/pki/cluster-facts.ts'
import type { Entry, Snapshot } from '../../src/pki/snapshot.ts'

type Pods = Snapshot['pods']

function pod(component: string, ...flags: string[]): Pods[number] {
  const value = parseStaticPod(JSON.stringify({ spec: { containers: [{ command: [component, ...flags] }] } }))
  if ('reason' in value) throw new Error(value.reason)
  const source = `manifests/${component}.yaml`
  return { value, source, file: { path: source, source } }
}

/** An entry as it is read; only the subject of its certificate counts. */
function entry(name: string, subject?: string): Entry {
  const certificate =
    subject === undefined ? { state: 'missing' } : { state: 'present', certificates: [{ subject }] }
  return { name, file: { path: `/etc/${name}`, source: '' }, certificate } as unknown as Entry
}

interface Node {
  readonly configuration?: ClusterConfiguration
  readonly pods?: Pods
  readonly entries?: readonly Entry[]
}

function decide({ configuration, pods = [], entries = [] }: Node) {
  const sourced = configuration && { value: configuration, source: 'kubeadm.yaml' }
  return decideClusterFacts({ configuration: sourced, pods, entries } as unknown as Snapshot)
}

function factsOf(node: Node): KnownFacts {
  const facts = decide(node)
  const missing = missingOf(node)
  if (missing.length > 0) throw new Error(missing.join(', '))
  return facts
}

const missingOf = (node: Node) =>
  missingFacts(decide(node), ['nodeName', 'advertiseAddress']).map(({ fact }) => fact)

const KUBELET = entry('kubelet.conf', 'CN=system:node:cp-1,O=system:nodes')
const APISERVER = pod(
  'kube-apiserver',
  '--advertise-address=192.0.2.10',
  '--service-cluster-ip-range=10.32.0.0/16',
  '--service-account-issuer=https://kubernetes.default.svc.k8s.example.test',
)

describe('decideClusterFacts', () => {
  it('believes the configuration first', () => {
    const configuration = {
      nodeName: 'cp-9',
      advertiseAddress: '192.0.2.99',
      controlPlaneEndpoint: { host: 'api.example.test', port: 6443 },
      serviceSubnet: '10.99.0.0/16',
      dnsDomain: 'nine.test',
      apiServerCertSans: ['a'],
      etcdServerCertSans: ['b'],
      etcdPeerCertSans: ['c'],
      bindPort: 7443,
      clusterName: 'nine',
      kubernetesVersion: 'v1.31.9',
    }
    const facts = factsOf({ configuration, pods: [APISERVER], entries: [KUBELET] })
    expect(factValues(facts)).toEqual({ ...configuration, kubernetesVersion: '1.31.9' })
    expect(Object.values(facts).map(({ source }) => source)).toEqual([
      'kubeadm.yaml: nodeRegistration.name',
      'kubeadm.yaml: localAPIEndpoint.advertiseAddress',
      'kubeadm.yaml: localAPIEndpoint.bindPort',
      'kubeadm.yaml: controlPlaneEndpoint',
      'kubeadm.yaml: networking.serviceSubnet',
      'kubeadm.yaml: networking.dnsDomain',
      'kubeadm.yaml: apiServer.certSANs',
      'kubeadm.yaml: etcd.local.serverCertSANs',
      'kubeadm.yaml: etcd.local.peerCertSANs',
      'kubeadm.yaml: clusterName',
      'kubeadm.yaml: kubernetesVersion',
    ])
  })

  it('then what runs, then kubeadm’s defaults', () => {
    expect(factsOf({ configuration: {}, pods: [APISERVER], entries: [KUBELET] })).toEqual({
      nodeName: { value: 'cp-1', source: '/etc/kubelet.conf: CN' },
      advertiseAddress: { value: '192.0.2.10', source: 'manifests/kube-apiserver.yaml: --advertise-address' },
      bindPort: { value: 6443, source: 'default' },
      controlPlaneEndpoint: { value: undefined, source: 'default' },
      serviceSubnet: {
        value: '10.32.0.0/16',
        source: 'manifests/kube-apiserver.yaml: --service-cluster-ip-range',
      },
      dnsDomain: {
        value: 'k8s.example.test',
        source: 'manifests/kube-apiserver.yaml: --service-account-issuer',
      },
      apiServerCertSans: { value: [], source: 'default' },
      etcdServerCertSans: { value: [], source: 'default' },
      etcdPeerCertSans: { value: [], source: 'default' },
      clusterName: { value: 'kubernetes', source: 'default' },
      kubernetesVersion: { value: '1.37.0', source: 'default' },
    })
    const configuration = { nodeName: 'cp-1', advertiseAddress: '192.0.2.10' }
    expect(factsOf({ configuration })).toMatchObject({
      serviceSubnet: { value: '10.96.0.0/12', source: 'default' },
      dnsDomain: { value: 'cluster.local', source: 'default' },
    })
  })

  it.each([
    [
      'the kubelet’s own certificate',
      [entry('kubelet.conf'), entry('kubelet-client-current.pem', 'O=system:nodes,CN=system:node:cp-2')],
    ],
    [
      'the first that is a node’s',
      [
        entry('kubelet.conf', 'CN=kubernetes-admin'),
        entry('kubelet-client-current.pem', 'CN=system:node:cp-2+O=system:nodes'),
      ],
    ],
  ])('finds the name of the node in %s', (_, entries) => {
    expect(factsOf({ pods: [APISERVER], entries }).nodeName).toEqual({
      value: 'cp-2',
      source: '/etc/kubelet-client-current.pem: CN',
    })
  })

  it.each([
    'CN=system:node:',
    'CN=system:node:a\\,b',
    'CN=system:node:UPPER',
    'CN=xsystem:node:a',
    'O=system:node:a',
    'O=a\\,CN=system:node:a',
  ])('finds none in %s', subject => {
    const facts = decide({ pods: [APISERVER], entries: [entry('kubelet.conf', subject)] })
    expect(missingFacts(facts, ['nodeName', 'advertiseAddress'])).toEqual([
      { fact: 'nodeName', flag: 'node-name', field: 'nodeRegistration.name' },
    ])
  })

  it.each([
    ['https://192.0.2.21:2379', '192.0.2.21'],
    ['https://[2001:db8::21]:2379', '2001:db8::21'],
    ['https://127.0.0.1:2379,https://192.0.2.21:2379/', '192.0.2.21'],
    ['https://etcd.example.test:2379, https://192.0.2.21:2379', '192.0.2.21'],
  ])('of an etcd host the address is that of %s', (urls, address) => {
    const pods = [pod('etcd', `--advertise-client-urls=${urls}`)]
    expect(factsOf({ pods, entries: [KUBELET] }).advertiseAddress).toEqual({
      value: address,
      source: 'manifests/etcd.yaml: --advertise-client-urls',
    })
  })

  it('passes over flags that cannot be what kubeadm would take', () => {
    const flags = [
      '--advertise-address=0.0.0.0',
      '--service-cluster-ip-range=any',
      '--service-account-issuer=https://kubernetes.default.svc',
    ]
    const pods = [
      pod('kube-apiserver', ...flags),
      pod('etcd', '--advertise-client-urls=https://192.0.2.21:2379'),
    ]
    expect(factValues(factsOf({ pods, entries: [KUBELET] }))).toMatchObject({
      advertiseAddress: '192.0.2.21',
      serviceSubnet: '10.96.0.0/12',
      dnsDomain: 'cluster.local',
    })
  })

  it('says what nothing tells', () => {
    expect(missingOf({})).toEqual(['nodeName', 'advertiseAddress'])
    expect(missingOf({ entries: [KUBELET] })).toEqual(['advertiseAddress'])
  })
})
