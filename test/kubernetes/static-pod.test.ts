import { describe, expect, it } from 'vitest'
import { hostPathOf, parseStaticPod, type StaticPod } from '../../src/kubernetes/static-pod.ts'
import { readFixture } from '../support/node.ts'

function pod(text: string): StaticPod {
  const read = parseStaticPod(text)
  if ('reason' in read) throw new Error(read.reason)
  return read
}

const MANIFEST = `
spec:
  containers:
  - command: [/usr/local/bin/kube-apiserver]
    args: [--tls-cert-file, /pki/apiserver.crt, --anonymous-auth, --client-ca-file=/pki/a=b.crt, -v=2, --v, "3"]
    volumeMounts:
    - {name: pki, mountPath: /pki}
    - {name: deep, mountPath: /pki/etcd}
  volumes:
  - {name: pki, hostPath: {path: /srv/pki}}
  - {name: deep, hostPath: {path: /srv/etcd}}
`

describe('parseStaticPod', () => {
  it('reads the flags of what kubeadm makes', () => {
    const { component, flags } = pod(
      readFixture('nodes/stock-1.20/etc/kubernetes/manifests/kube-apiserver.yaml'),
    )
    expect(component).toBe('kube-apiserver')
    expect(flags.get('tls-cert-file')).toBe('/etc/kubernetes/pki/apiserver.crt')
    expect(flags.get('etcd-servers')).toBe('https://127.0.0.1:2379')
  })

  it('reads command and args, with and without the equals sign', () => {
    const { component, flags } = pod(MANIFEST)
    expect(component).toBe('kube-apiserver')
    expect(Object.fromEntries(flags)).toEqual({
      'tls-cert-file': '/pki/apiserver.crt',
      'anonymous-auth': 'true',
      'client-ca-file': '/pki/a=b.crt',
      v: '3',
    })
  })

  it('finds a container path on the host, by its longest mount', () => {
    expect(hostPathOf(pod(MANIFEST), '/pki/apiserver.crt')).toBe('/srv/pki/apiserver.crt')
    expect(hostPathOf(pod(MANIFEST), '/pki/etcd/ca.crt')).toBe('/srv/etcd/ca.crt')
    expect(hostPathOf(pod(MANIFEST), '/pkix/ca.crt')).toBe('/pkix/ca.crt')
  })

  it('takes no text from what is none', () => {
    const { flags } = pod('spec: {containers: [{command: [etcd, {toString: 1, valueOf: 1}, --v=1]}]}')
    expect([...flags]).toEqual([['v', '1']])
  })

  it('takes no time for a path of a million slashes', () => {
    const path = `${'/'.repeat(1_000_000)}x`
    const { mounts } = pod(`spec:
  containers: [{ command: [etcd], volumeMounts: [{ name: a, mountPath: /a/ }] }]
  volumes: [{ name: a, hostPath: { path: ${path} } }]`)
    expect(mounts).toEqual([{ mountPath: '/a', hostPath: path }])
  })

  it.each(['', 'spec: 1', 'spec:\n  containers: [null]', '[]', 'a: {'])('survives %j', text => {
    expect(parseStaticPod(text)).toBeDefined()
  })
})
