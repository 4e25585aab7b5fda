import { describe, expect, it } from 'vitest'
import { type ProcessFacts, processesOfNode } from '../../src/pki/running.ts'
import type { PlacedPod } from '../../src/pki/snapshot.ts'

function pod(component: string, flags: Readonly<Record<string, string>>): PlacedPod {
  const file = { path: `/etc/kubernetes/manifests/${component}.yaml`, source: 'default' }
  return { value: { component, flags: new Map(Object.entries(flags)), mounts: [] }, source: '', file }
}

const MANIFEST = pod('kube-apiserver', { 'secure-port': '6443', 'advertise-address': '$(POD_IP)' })

function pids(root: string, ...all: readonly Omit<ProcessFacts, 'pid' | 'startedAt'>[]): number[] {
  const facts = all.map((one, pid) => ({ ...one, pid, startedAt: new Date(0) }))
  return processesOfNode(facts, { pods: [MANIFEST] }, root).map(({ pid }) => pid)
}

describe('processesOfNode', () => {
  it('takes what has the command of a manifest, in whatever order, and more', () => {
    expect(
      pids(
        '/',
        { words: ['kube-apiserver', '--advertise-address=192.0.2.10', '--secure-port=6443', '--v=2'] },
        { words: ['/usr/local/bin/kube-apiserver', '--secure-port', '6443'], hasOwnFiles: false },
        { words: ['kube-apiserver', '--advertise-address=192.0.2.10', '--secure-port=7443'] },
        { words: ['kube-apiserver'] },
      ),
    ).toEqual([0, 1])
  })

  it('takes what has no manifest where it sees the same files', () => {
    expect(
      pids(
        '/',
        { words: ['/usr/bin/kubelet'], hasOwnFiles: true },
        { words: ['/usr/bin/kubelet'] },
        { words: ['/usr/bin/kubelet'], hasOwnFiles: false },
        { words: ['/usr/bin/kubectl'], hasOwnFiles: true },
        { words: [], hasOwnFiles: true },
      ),
    ).toEqual([0, 1])
  })

  it('takes, of another tree, what names files in it', () => {
    expect(
      pids(
        '/mnt',
        { words: ['kubelet', '--kubeconfig=/mnt/etc/kubernetes/kubelet.conf'] },
        { words: ['kubelet', '--kubeconfig', '/mnt/etc/kubernetes/kubelet.conf'] },
        { words: ['kubelet', '--kubeconfig=/mnt-2/etc/kubernetes/kubelet.conf'] },
        { words: ['/mnt/usr/bin/kubelet'] },
        { words: ['kube-apiserver', '--secure-port=6443'] },
      ),
    ).toEqual([0, 1])
  })
})
