import { describe, expect, it } from 'vitest'
import { isSubdomain, isWildcard } from '../src/dns-name.ts'

describe('DNS names', () => {
  it.each(['a', 'cp-1', 'api.example.com', '1.2.3.4', 'xn--bcher-kva.example', `${'a'.repeat(70)}.b`])(
    '%s is a subdomain',
    text => {
      expect(isSubdomain(text)).toBe(true)
      expect(isWildcard(text)).toBe(false)
      expect(isWildcard(`*.${text}`)).toBe(true)
      expect(isSubdomain(`*.${text}`)).toBe(false)
    },
  )

  it.each([
    '',
    '.',
    '*',
    '*.',
    'A.example',
    'a_b',
    'a..b',
    '.a',
    'a.',
    '-a',
    'a-',
    'a.-b',
    'a b',
    'a\n',
    'bücher',
  ])('%j is none', text => {
    expect(isSubdomain(text)).toBe(false)
    expect(isWildcard(`*.${text}`)).toBe(false)
  })

  it('holds 253 characters', () => {
    const name = `${'a.'.repeat(126)}a`
    expect(isSubdomain(name)).toBe(true)
    expect(isSubdomain(`${name}a`)).toBe(false)
    expect(isWildcard(`*.${name}`)).toBe(false)
    expect(isWildcard(`*.${name.slice(2)}`)).toBe(true)
  })

  it('takes no longer for a hostile text', () => {
    expect(isSubdomain(`${'a-'.repeat(126)}!`)).toBe(false)
  })
})
