import { describe, expect, it } from 'vitest'
import { CERTIFICATES, KUBECONFIGS } from '../../src/inventory/catalog.ts'
import { certificatesFor, RENEWABLE } from '../../src/inventory/select.ts'

/** kubeadm's own list, in its order: name, base name, CA. */
const KUBEADM = [
  ['ca', 'ca', undefined],
  ['apiserver', 'apiserver', 'ca'],
  ['apiserver-kubelet-client', 'apiserver-kubelet-client', 'ca'],
  ['front-proxy-ca', 'front-proxy-ca', undefined],
  ['front-proxy-client', 'front-proxy-client', 'front-proxy-ca'],
  ['etcd-ca', 'etcd/ca', undefined],
  ['etcd-server', 'etcd/server', 'etcd-ca'],
  ['etcd-peer', 'etcd/peer', 'etcd-ca'],
  ['etcd-healthcheck-client', 'etcd/healthcheck-client', 'etcd-ca'],
  ['apiserver-etcd-client', 'apiserver-etcd-client', 'etcd-ca'],
]

describe('the inventory', () => {
  it('is kubeadm’s, row by row', () => {
    const rows = CERTIFICATES.map(spec => [
      spec.name,
      spec.baseName,
      'caName' in spec ? spec.caName : undefined,
    ])
    expect(rows).toEqual(KUBEADM)
    expect(KUBECONFIGS.map(({ name }) => name)).toEqual([
      'admin.conf',
      'super-admin.conf',
      'kubelet.conf',
      'controller-manager.conf',
      'scheduler.conf',
    ])
  })

  it('has every CA before its leaves', () => {
    const names = CERTIFICATES.map(({ name }) => name as string)
    for (const spec of CERTIFICATES) {
      if ('caName' in spec) expect(names.slice(0, names.indexOf(spec.name))).toContain(spec.caName)
    }
  })

  it('loses etcd’s rows, and apiserver-etcd-client, with external etcd', () => {
    expect(certificatesFor('external').map(({ name }) => name)).toEqual([
      'ca',
      'apiserver',
      'apiserver-kubelet-client',
      'front-proxy-ca',
      'front-proxy-client',
    ])
    expect(certificatesFor('local')).toHaveLength(10)
  })

  it('offers for renewal what kubeadm offers, bytewise sorted', () => {
    expect(RENEWABLE.map(({ name }) => name)).toEqual([
      'admin.conf',
      'apiserver',
      'apiserver-etcd-client',
      'apiserver-kubelet-client',
      'controller-manager.conf',
      'etcd-healthcheck-client',
      'etcd-peer',
      'etcd-server',
      'front-proxy-client',
      'scheduler.conf',
      'super-admin.conf',
    ])
  })
})
