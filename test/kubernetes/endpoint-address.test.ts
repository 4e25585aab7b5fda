import { expect, it } from 'vitest'
import { parseEndpointAddress } from '../../src/kubernetes/endpoint-address.ts'

it.each([
  ['cp.k8s.io:1234', { host: 'cp.k8s.io', port: 1234 }],
  ['cp.k8s.io', { host: 'cp.k8s.io' }],
  ['cp.k8s.io:', { host: 'cp.k8s.io' }],
  ['1.2.3.4:1234', { host: '1.2.3.4', port: 1234 }],
  ['1.2.3.4', { host: '1.2.3.4' }],
  ['[1.2.3.4]:80', { host: '1.2.3.4', port: 80 }],
  ['[2001:db8::1]:65535', { host: '2001:db8::1', port: 65535 }],
  ['2001:DB8:0::1', { host: '2001:DB8:0::1' }],
  ['2001:db8::1:6443', { host: '2001:db8::1:6443' }],
  ['259.2.3.4', { host: '259.2.3.4' }],
])('%s is %j', (text, endpoint) => {
  expect(parseEndpointAddress(text)).toEqual(endpoint)
})

it.each([
  '',
  ':6443',
  'bad!!.cp.k8s.io',
  '1..0',
  'CP.k8s.io',
  '*.k8s.io',
  '1200::AB00:1234::2552:7777:1313',
  '[2001:db8::1]',
  '[2001:db8::1',
  '[[::1]]:80',
  '[fe80::1%eth0]:80',
  'cp.k8s.io:0',
  'cp.k8s.io:65536',
  'cp.k8s.io:-1',
  'cp.k8s.io:+80',
  'cp.k8s.io:https',
  'cp.k8s.io:80:80',
  'https://cp.k8s.io',
  '01.2.3.4',
])('%j is none', text => {
  expect(parseEndpointAddress(text)).toBeUndefined()
})
