import { expect, it } from 'vitest'
import { environmentProxy } from '../../src/kubernetes/environment-proxy.ts'

const SERVER = 'https://api.cluster.example:6443'
const P = 'http://proxy:3128'

it.each<[string, Record<string, string>, string | undefined]>([
  [SERVER, {}, undefined],
  [SERVER, { HTTPS_PROXY: '' }, undefined],
  [SERVER, { HTTPS_PROXY: P }, P],
  [SERVER, { https_proxy: 'proxy:3128' }, P],
  [SERVER, { HTTPS_PROXY: P, https_proxy: 'http://other' }, P],
  [SERVER, { HTTPS_PROXY: 'socks5://proxy:1080' }, 'socks5://proxy:1080'],
  [SERVER, { HTTP_PROXY: P, ALL_PROXY: P }, undefined],
  ['http://api.cluster.example', { HTTP_PROXY: P }, P],
  ['http://api.cluster.example', { HTTP_PROXY: P, REQUEST_METHOD: 'GET' }, undefined],
  ['https://localhost:6443', { HTTPS_PROXY: P }, undefined],
  ['https://127.0.0.1:6443', { HTTPS_PROXY: P }, undefined],
  ['https://[::1]:6443', { HTTPS_PROXY: P }, undefined],
])('%s with %j: %s', (server, environment, url) => {
  expect(environmentProxy(server, environment)?.url).toBe(url)
})

it.each<[string, string, boolean]>([
  [SERVER, '*', true],
  [SERVER, 'api.cluster.example', true],
  [SERVER, 'API.Cluster.Example', true],
  [SERVER, 'cluster.example', true],
  [SERVER, '.cluster.example', true],
  [SERVER, '*.cluster.example', true],
  [SERVER, '.api.cluster.example', false],
  [SERVER, 'ster.example', false],
  [SERVER, 'other, cluster.example', true],
  [SERVER, 'cluster.example:6443', true],
  [SERVER, 'cluster.example:443', false],
  ['https://cluster.example', 'cluster.example:443', true],
  ['https://10.1.2.3:6443', '10.0.0.0/8', true],
  ['https://10.1.2.3:6443', '10.1.2.3', true],
  ['https://10.1.2.3:6443', '10.1.2.3:6443', true],
  ['https://10.1.2.3:6443', '10.1.2.3:443', false],
  ['https://10.1.2.3:6443', '2.3', false],
  ['https://10.1.2.3:6443', '.3', false],
  ['https://[fd00::1]:6443', 'fd00::/8', true],
  ['https://[fd00::1]:6443', 'fd00::1', true],
  ['https://[fd00::1]:6443', '[fd00::1]:6443', true],
  [SERVER, ' , ,', false],
])('NO_PROXY: %s is exempt by %j: %s', (server, list, isExempt) => {
  const found = [{ NO_PROXY: list }, { no_proxy: list }].map(
    one => environmentProxy(server, { HTTPS_PROXY: P, ...one }) === undefined,
  )
  expect(found).toEqual([isExempt, isExempt])
})
