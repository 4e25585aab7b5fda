import { describe, expect, it } from 'vitest'
import { parseStaticPod } from '../../src/kubernetes/static-pod.ts'
import { decideLocations, type LocationFacts } from '../../src/pki/locations.ts'

type Pods = LocationFacts['pods']

/** The static pod of a component, from its flags. */
function pod(component: string, ...flags: string[]): Pods[number] {
  const read = parseStaticPod(JSON.stringify({ spec: { containers: [{ command: [component, ...flags] }] } }))
  if ('reason' in read) throw new Error(read.reason)
  return { value: read, source: `manifests/${component}.yaml` }
}

const decide = (...pods: Pods) => decideLocations({ flags: {}, pods })

describe('decideLocations', () => {
  it('has kubeadm’s defaults where nothing says otherwise', () => {
    const { certDir, kubeconfigDir, kubeletDir, etcd, pairs } = decide()
    expect([certDir, kubeconfigDir, kubeletDir, etcd].map(({ source }) => source)).toEqual(
      Array(4).fill('default'),
    )
    expect(pairs.get('etcd-server')?.certificate.value.path).toBe('/etc/kubernetes/pki/etcd/server.crt')
    expect(pairs.get('etcd-server')?.key.value.path).toBe('/etc/kubernetes/pki/etcd/server.key')
    expect(pairs.get('sa')?.certificate.value.path).toBe('/etc/kubernetes/pki/sa.pub')
  })

  it('takes each pair from the flags that name it, the key beside its certificate otherwise', () => {
    const flags = [
      '--tls-cert-file=/a/server.pem',
      '--tls-private-key-file=/b/server-key.pem',
      '--client-ca-file=/a/my-ca.pem',
    ]
    const { pairs, certDir } = decide(pod('kube-apiserver', ...flags))
    expect(pairs.get('apiserver')).toMatchObject({
      certificate: {
        value: { path: '/a/server.pem' },
        source: 'manifests/kube-apiserver.yaml: --tls-cert-file',
      },
      key: { value: { path: '/b/server-key.pem' } },
    })
    expect(pairs.get('ca')?.key.value.path).toBe('/a/my-ca.key')
    expect(certDir.value.path).toBe('/a')
  })

  it('finds the kubeconfigs of controller-manager and scheduler', () => {
    const { kubeconfigs } = decide(pod('kube-scheduler', '--kubeconfig', '/srv/scheduler.conf'))
    expect(kubeconfigs.get('scheduler.conf')?.value.path).toBe('/srv/scheduler.conf')
    expect(kubeconfigs.get('controller-manager.conf')?.value.path).toBe(
      '/etc/kubernetes/controller-manager.conf',
    )
  })

  const CLIENT = '--etcd-certfile=/etc/kubernetes/pki/apiserver-etcd-client.crt'
  it.each([
    ['stock', [CLIENT, '--etcd-servers=https://127.0.0.1:2379'], 'local'],
    ['localhost', [CLIENT, '--etcd-servers=https://localhost:2379'], 'local'],
    ['IPv6 loopback', [CLIENT, '--etcd-servers=https://[::1]:2379'], 'local'],
    ['another host', [CLIENT, '--etcd-servers=https://10.0.0.9:2379'], 'external'],
    [
      'one of several elsewhere',
      [CLIENT, '--etcd-servers=https://127.0.0.1:2379,https://10.0.0.9:2379'],
      'external',
    ],
    [
      'another client certificate',
      ['--etcd-certfile=/etc/etcd/client.pem', '--etcd-servers=https://127.0.0.1:2379'],
      'external',
    ],
  ] as const)('etcd by the API server’s flags: %s', (_, flags, topology) => {
    expect(decide(pod('kube-apiserver', ...flags)).etcd.value).toBe(topology)
  })

  it('etcd is local when its manifest is here, whatever the API server says', () => {
    const apiserver = pod('kube-apiserver', CLIENT, '--etcd-servers=https://10.0.0.1:2379')
    expect(decide(apiserver, pod('etcd')).etcd).toEqual({ value: 'local', source: 'manifests/etcd.yaml' })
  })
})
