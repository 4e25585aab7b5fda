import { describe, expect, it } from 'vitest'
import { decideLocations } from '../../src/pki/locations.ts'
import { planRestart } from '../../src/pki/restart.ts'
import type { NodeRole, PlacedPod, Snapshot } from '../../src/pki/snapshot.ts'

interface Node {
  readonly role?: NodeRole
  /** Component -> version; null: the image has no version. */
  readonly pods?: Readonly<Record<string, string | null>>
  /** Paths on the host that every pod mounts. */
  readonly mounts?: readonly string[]
}

function snapshotOf({ role = 'control-plane', pods = {}, mounts = [] }: Node): Snapshot {
  const mounted = mounts.map(hostPath => ({ hostPath, mountPath: hostPath }))
  const placed = Object.entries(pods).map(
    ([component, version]): PlacedPod => ({
      value: { component, ...(version !== null && { version }), flags: new Map(), mounts: mounted },
      source: `manifests/${component}.yaml`,
      file: { path: `/etc/kubernetes/manifests/${component}.yaml`, source: 'default' },
    }),
  )
  return { role, pods: placed, locations: decideLocations({ flags: {}, pods: [] }) } as unknown as Snapshot
}

const K8S = (version: string) => ({
  'kube-apiserver': version,
  'kube-controller-manager': version,
  'kube-scheduler': version,
})
const ALL = [
  ...['apiserver', 'apiserver-kubelet-client', 'front-proxy-client', 'apiserver-etcd-client'],
  ...['etcd-server', 'etcd-peer', 'etcd-healthcheck-client'],
  ...['admin.conf', 'super-admin.conf', 'scheduler.conf', 'controller-manager.conf'],
]

function plan(node: Node, changed: readonly string[]) {
  const { restart, reloads } = planRestart(snapshotOf(node), changed)
  return {
    restart: restart.map(({ component }) => component),
    reloads: reloads.map(({ component, within }) => `${component} ${within}`),
  }
}

describe('planRestart', () => {
  it('restarts what the version is not known of, in order', () => {
    expect(planRestart(snapshotOf({ pods: { etcd: null } }), ALL)).toEqual({
      restart: [
        {
          component: 'etcd',
          certificates: ['etcd-server', 'etcd-peer'],
          manifest: '/etc/kubernetes/manifests/etcd.yaml',
          isStaticPod: true,
        },
        {
          component: 'kube-apiserver',
          certificates: [
            'apiserver',
            'apiserver-kubelet-client',
            'front-proxy-client',
            'apiserver-etcd-client',
          ],
          isStaticPod: false,
        },
        {
          component: 'kube-controller-manager',
          certificates: ['controller-manager.conf'],
          isStaticPod: false,
        },
        { component: 'kube-scheduler', certificates: ['scheduler.conf'], isStaticPod: false },
      ],
      reloads: [],
    })
  })

  it('leaves alone what takes up all that it holds', () => {
    const pods = { etcd: '3.5.15-0', ...K8S('1.31.4') }
    expect(planRestart(snapshotOf({ pods }), ['apiserver', 'front-proxy-client', 'etcd-peer'])).toEqual({
      restart: [],
      reloads: [
        { component: 'etcd', version: '3.5.15-0', certificates: ['etcd-peer'], within: 0 },
        {
          component: 'kube-apiserver',
          version: '1.31.4',
          certificates: ['apiserver', 'front-proxy-client'],
          within: 60,
        },
      ],
    })
  })

  it.each([
    ['1.31.4', '3.5.15-0', ['kube-controller-manager', 'kube-scheduler'], ['etcd 0', 'kube-apiserver 300']],
    ['1.27.0', '3.4.0', ['kube-controller-manager', 'kube-scheduler'], ['etcd 0', 'kube-apiserver 300']],
    ['1.26.9', '3.4.13-0', ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'], ['etcd 0']],
    ['1.9.11', '3.3.15-0', ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'], []],
    ['2024.05', '2025.1', ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'], []],
  ])('all renewed under Kubernetes %s and etcd %s', (version, etcd, restart, reloads) => {
    expect(plan({ pods: { etcd, ...K8S(version) } }, ALL)).toEqual({ restart, reloads })
  })

  it.each([
    ['apiserver', '1.16.15', '1.17.0'],
    ['front-proxy-client', '1.19.16', '1.20.0'],
    ['apiserver-kubelet-client', '1.26.15', '1.27.0'],
    ['apiserver-etcd-client', '1.19.16', '1.20.0'],
    ['ca', '1.18.20', '1.19.0'],
    ['front-proxy-ca', '1.18.20', '1.19.0'],
  ])('the API server takes %s up not in %s, but in %s', (name, before, since) => {
    const restarted = (version: string) => plan({ pods: K8S(version) }, [name]).restart
    expect(restarted(before)).toContain('kube-apiserver')
    expect(restarted(since)).not.toContain('kube-apiserver')
  })

  it.each([
    ['ca', ['kube-controller-manager', 'kubelet']],
    ['etcd-ca', ['etcd', 'kube-apiserver']],
    ['sa', ['kube-apiserver', 'kube-controller-manager']],
    ['kubelet.conf', ['kubelet']],
    ['admin.conf', []],
    ['etcd-healthcheck-client', []],
  ])('%s restarts %j', (name, restart) => {
    expect(plan({ pods: { etcd: '3.6.1-0', ...K8S('1.36.0') } }, [name]).restart).toEqual(restart)
  })

  it('knows that a host of etcd alone runs no control plane', () => {
    expect(plan({ role: 'etcd' }, ['etcd-server', 'apiserver-etcd-client']).restart).toEqual(['etcd'])
  })

  it('names every pod of a component that has two', () => {
    const one = snapshotOf({ pods: { etcd: '3.3.10' } }).pods
    const other = snapshotOf({ pods: { etcd: '3.5.0' } }).pods
    const { restart, reloads } = planRestart({ ...snapshotOf({}), pods: [...one, ...other] }, ['etcd-server'])
    expect([restart, reloads].map(list => list.map(({ version }) => version))).toEqual([
      ['3.3.10'],
      ['3.5.0'],
    ])
  })

  it('restarts a container that mounts a single file which was replaced, not its directory', () => {
    const pods = { 'kube-apiserver': '1.31.0' }
    const changed = ['apiserver']
    expect(plan({ pods, mounts: ['/etc/kubernetes/pki'] }, changed).restart).toEqual([])
    for (const file of ['apiserver.crt', 'apiserver.key']) {
      expect(plan({ pods, mounts: [`/etc/kubernetes/pki/${file}`] }, changed).restart).toEqual([
        'kube-apiserver',
      ])
    }
    expect(plan({ pods, mounts: ['/etc/kubernetes/pki/ca.crt'] }, changed).restart).toEqual([])
  })
})
