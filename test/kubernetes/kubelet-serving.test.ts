import { expect, it } from 'vitest'
import { DEFAULT_KUBELET_SERVING, parseKubeletServing } from '../../src/kubernetes/kubelet-serving.ts'
import { readFixture } from '../support/node.ts'

it.each([
  ['', { host: '127.0.0.1', port: 10250 }],
  ['address: 0.0.0.0\nport: 10251', { host: '127.0.0.1', port: 10251 }],
  ['address: 192.0.2.10', { host: '192.0.2.10', port: 10250 }],
  ['address: "::1"\nport: "10251"', { host: '::1', port: 10251 }],
  ['port: 0', undefined],
  ['port: [1]', { host: '127.0.0.1', port: 1 }],
  ['- a list', { host: '127.0.0.1', port: 10250 }],
])('%j serves at %j', (text, endpoint) => {
  expect(parseKubeletServing(text)).toEqual({ endpoint, isSignedByCluster: false })
})

it('says which certificate', () => {
  const stock = readFixture('nodes/stock-1.31/var/lib/kubelet/config.yaml')
  expect(parseKubeletServing(stock)).toEqual({ ...DEFAULT_KUBELET_SERVING, isSignedByCluster: true })
  expect(parseKubeletServing('tlsCertFile: /etc/kubelet.crt')).toMatchObject({
    certificateFile: '/etc/kubelet.crt',
  })
})

it('is not read where it is no YAML', () => {
  expect(parseKubeletServing('{')).toMatchObject({ reason: 'YAML_MALFORMED' })
})
