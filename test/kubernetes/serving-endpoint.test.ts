import { describe, expect, it } from 'vitest'
import { peerEndpoint, servingEndpoint } from '../../src/kubernetes/serving-endpoint.ts'
import { parseStaticPod } from '../../src/kubernetes/static-pod.ts'
import { readFixture } from '../support/node.ts'

function where(component: string, flags: Readonly<Record<string, string>> = {}): string | undefined {
  const found = servingEndpoint({ component, flags: new Map(Object.entries(flags)), mounts: [] })
  return found && `${found.host} ${found.port}`
}

describe('servingEndpoint', () => {
  it.each([
    ['stock-1.20', 'etcd', '127.0.0.1 2379'],
    ['ipv6-ha', 'etcd', '::1 2379'],
    ['ipv6-ha', 'kube-apiserver', '127.0.0.1 6443'],
    ['stock-1.20', 'kube-controller-manager', '127.0.0.1 10257'],
    ['stock-1.31', 'kube-scheduler', '127.0.0.1 10259'],
  ])('finds, of what kubeadm makes for %s, %s at %s', (node, component, expected) => {
    const pod = parseStaticPod(readFixture('nodes', node, `etc/kubernetes/manifests/${component}.yaml`))
    if ('reason' in pod) throw new Error(pod.reason)
    expect(where(pod.component, Object.fromEntries(pod.flags))).toBe(expected)
  })

  it.each([
    [{}, '127.0.0.1 6443'],
    [{ 'secure-port': '7443', 'bind-address': '192.0.2.10' }, '192.0.2.10 7443'],
    [{ 'bind-address': '0.0.0.0' }, '127.0.0.1 6443'],
    [{ 'bind-address': '::' }, '127.0.0.1 6443'],
    [{ 'bind-address': '::1' }, '::1 6443'],
    [{ 'secure-port': '0' }, undefined],
    [{ 'secure-port': 'https' }, undefined],
    [{ 'secure-port': '65536' }, undefined],
  ])('of an API server with %j is %s', (flags, expected) => {
    expect(where('kube-apiserver', flags)).toBe(expected)
  })

  it.each([
    ['https://127.0.0.1:2379,https://192.0.2.10:2379', '127.0.0.1 2379'],
    ['http://127.0.0.1:2381, https://[::1]:2379/', '::1 2379'],
    ['https://[::]:2379', '127.0.0.1 2379'],
    ['http://0.0.0.0:4001', '127.0.0.1 4001'],
    ['unix://etcd.sock', undefined],
    ['', undefined],
  ])('of an etcd with %s is %s', (urls, expected) => {
    expect(where('etcd', { 'listen-client-urls': urls })).toBe(expected)
  })

  it('has defaults, and none for a stranger', () => {
    expect(where('etcd')).toBe('localhost 2379')
    expect(where('kube-controller-manager')).toBe('127.0.0.1 10257')
    expect(where('kube-scheduler', { 'secure-port': '0' })).toBeUndefined()
    expect(where('coredns')).toBeUndefined()
  })
})

describe('peerEndpoint', () => {
  const peers = (component: string, flags: Readonly<Record<string, string>>) => {
    const found = peerEndpoint({ component, flags: new Map(Object.entries(flags)), mounts: [] })
    return found && `${found.host} ${found.port}`
  }

  it("is etcd's alone, where a flag says it", () => {
    expect(peers('etcd', { 'listen-peer-urls': 'https://192.0.2.10:2380' })).toBe('192.0.2.10 2380')
    expect(peers('etcd', { 'listen-peer-urls': 'https://[::]:2380' })).toBe('127.0.0.1 2380')
    expect(peers('etcd', {})).toBeUndefined()
    expect(peers('kube-apiserver', { 'listen-peer-urls': 'https://192.0.2.10:2380' })).toBeUndefined()
  })
})
