import { isIP } from 'node:net'
import { describe, expect, it } from 'vitest'
import {
  firstAddressOf,
  ipAddressOf,
  isDisputedAddress,
  isGlobalUnicast,
  isUnspecified,
  parseIpAddress,
} from '../src/ip-address.ts'

const NONE = [
  '',
  '1',
  '1.2.3',
  '1.2.3.4.',
  '1..3.4',
  '1.2.3.4.5',
  '0x1',
  '0x1.2.3.4',
  '01.2.3.4',
  '1.2.3.04',
  '256.2.3.4',
  '4294967295',
  ' 1.2.3.4',
  '1.2.3.4\n',
  '٣.1.1.1',
  'fe80::1%eth0',
  '[::1]',
  ':::',
  '1::2::3',
  '12345::',
  '::00001',
  ':1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:',
  '1:2:3:4:5:6:7:8::',
  '1::2:3:4:5:6:7:8',
  '1:2:3:4:5:6:7:1.2.3.4',
  '::1.2.3',
  '::01.2.3.4',
  '::0x1.2.3.4',
  '::1.2.3.4:5',
  '::256.1.1.1',
  'localhost',
]

const IPV6 = [
  '::',
  '::1',
  '1::',
  '2001:DB8::A',
  '2001:db8:0:0:1:0:0:1',
  '1:0:0:2:0:0:0:3',
  '1:2:3:4:5:6:0:8',
  '1:2:3:4:5:6:7::',
  '::2:3:4:5:6:7:8',
  '0:0:0:0:0:0:0:0',
  'fd00:0010:0096::0001',
  '::1.2.3.4',
  '64:ff9b::1.2.3.4',
  '1:2:3:4:5:6:1.2.3.4',
  '::ffff:0:1.2.3.4',
  'ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255',
]

describe('parseIpAddress', () => {
  it.each(NONE)('does not take %j', text => {
    expect(parseIpAddress(text)).toBeUndefined()
  })

  it.each(['0.0.0.0', '10.96.0.1', '192.0.2.10', '255.255.255.255'])('reads %s', text => {
    const address = parseIpAddress(text)
    expect(address?.text).toBe(text)
    expect([...(address?.bytes ?? [])].join('.')).toBe(text)
  })

  it.each(IPV6)('reads %s as URLs do', text => {
    expect(isIP(text)).toBe(6)
    const address = parseIpAddress(text)
    expect(address?.bytes).toHaveLength(16)
    expect(`[${address?.text}]`).toBe(new URL(`http://[${text}]`).hostname)
    const groups =
      Buffer.from(address?.bytes ?? [])
        .toString('hex')
        .match(/..../g) ?? []
    expect(new URL(`http://[${groups.join(':')}]`).hostname).toBe(`[${address?.text}]`)
  })

  it.each(['::ffff:1.2.3.4', '::FFFF:102:304', '0:0:0:0:0:ffff:0102:0304'])('reads %s as 1.2.3.4', text => {
    expect(parseIpAddress(text)).toEqual({ text: '1.2.3.4', bytes: Uint8Array.of(1, 2, 3, 4) })
  })

  it('agrees with node:net on what is an address', () => {
    const letters = ['0', '1', '25', '256', '00', 'ff', 'g', '.', '.', '.', ':', ':', '::', '1.2.3.4', '%']
    let seed = 7
    const next = () => {
      seed = (seed * 1103515245 + 12345) % 2147483648
      return letters[Math.floor((seed / 2147483648) * letters.length)]
    }
    for (let count = 0; count < 20_000; count += 1) {
      const text = Array.from({ length: 1 + (count % 12) }, next).join('')
      const isAddress = isIP(text) !== 0 && !text.includes('%')
      expect(parseIpAddress(text) !== undefined, text).toBe(isAddress)
    }
  })
})

describe('ipAddressOf', () => {
  it('takes four or sixteen bytes alone', () => {
    expect(ipAddressOf([10, 0, 0, 1])?.text).toBe('10.0.0.1')
    expect(ipAddressOf([...Array(10).fill(0), 255, 255, 10, 0, 0, 1])?.text).toBe('10.0.0.1')
    expect(ipAddressOf([...Array(15).fill(0), 1])?.text).toBe('::1')
    for (const length of [0, 3, 5, 8, 15, 17]) expect(ipAddressOf(Array(length).fill(1))).toBeUndefined()
  })
})

describe('firstAddressOf', () => {
  it.each([
    ['10.96.0.0/12', '10.96.0.1'],
    ['10.111.255.254/12', '10.96.0.1'],
    ['10.96.5.5/16', '10.96.0.1'],
    ['10.0.0.128/25', '10.0.0.129'],
    ['10.0.0.3/31', '10.0.0.3'],
    ['0.0.0.0/0', '0.0.0.1'],
    ['fd00:10:96::/112', 'fd00:10:96::1'],
    ['2001:db8:abcd:1234::99/64', '2001:db8:abcd:1234::1'],
    ['10.96.0.0/16,fd00:10:96::/112', '10.96.0.1'],
    ['fd00:10:96::/112,10.96.0.0/16', 'fd00:10:96::1'],
  ])('of %s is %s', (cidrs, first) => {
    expect(firstAddressOf(cidrs)?.text).toBe(first)
  })

  it.each([
    '',
    '10.96.0.0',
    '10.96.0.0/',
    '10/8',
    '10.0.0.0/33',
    '10.0.0.0/08',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    '::/129',
    '10.0.0.0/ 8',
    '10.0.0.0/16, fd00::/112',
    '10.0.0.0/16,',
    '10.0.0.0/16,nonsense',
    '0x0a000000/8',
    '10.0.0.1/32',
    '::1/128',
    'fe80::%eth0/64',
  ])('of %j is nothing', cidrs => {
    expect(firstAddressOf(cidrs)).toBeUndefined()
  })
})

describe('kinds of addresses', () => {
  it.each(['010.0.0.1', '10.0.0.01', '0010.0.0.1'])('%s is disputed', text => {
    expect(isDisputedAddress(text)).toBe(true)
  })

  it.each(['10.0.0.1', '010.0.0.256', '010.0.1', '010.0.0.1.2', '01x.0.0.1', '0a.b.c.d'])(
    '%s is not disputed',
    text => {
      expect(isDisputedAddress(text)).toBe(false)
    },
  )

  it.each([
    ['10.0.0.1', true],
    ['192.168.1.1', true],
    ['2001:db8::1', true],
    ['fd00::1', true],
    ['127.0.0.1', false],
    ['0.0.0.0', false],
    ['169.254.1.1', false],
    ['224.0.0.1', false],
    ['255.255.255.255', false],
    ['::', false],
    ['::1', false],
    ['fe80::1', false],
    ['ff02::1', false],
  ])('%s is global unicast: %s', (text, is) => {
    const address = parseIpAddress(text)
    expect(address && isGlobalUnicast(address)).toBe(is)
    expect(address && isUnspecified(address)).toBe(['0.0.0.0', '::'].includes(text))
  })
})
