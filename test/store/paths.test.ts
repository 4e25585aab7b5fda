import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isBelow, resolveInside } from '../../src/store/paths.ts'
import { tempDir } from '../support/node.ts'

/** A root with a file and links; `outside` lies beside it. */
function tree(links: Readonly<Record<string, string>>): string {
  const root = join(tempDir(), 'root')
  mkdirSync(join(root, 'etc/pki'), { recursive: true })
  writeFileSync(join(root, 'etc/pki/ca.crt'), '')
  writeFileSync(join(root, '../secret'), '')
  for (const [link, target] of Object.entries(links)) symlinkSync(target, join(root, link))
  return root
}

describe('resolveInside', () => {
  const CASES = [
    ['a plain file', {}, 'etc/pki/ca.crt', 'etc/pki/ca.crt'],
    ['a relative link', { 'etc/pki/x': 'ca.crt' }, 'etc/pki/x', 'etc/pki/ca.crt'],
    ['an absolute link starts at the root', { 'etc/x': '/etc/pki/ca.crt' }, 'etc/x', 'etc/pki/ca.crt'],
    ['a link to a directory on the way', { ssl: '/etc/pki' }, 'ssl/ca.crt', 'etc/pki/ca.crt'],
    ['links in a row', { a: 'b', b: 'etc/c', 'etc/c': '../etc/pki/ca.crt' }, 'a', 'etc/pki/ca.crt'],
    ['.. inside the root', { 'etc/x': '../etc/./pki/../pki/ca.crt' }, 'etc/x', 'etc/pki/ca.crt'],
  ] as const

  it.each(CASES)('%s', (_, links, path, real) => {
    const root = tree(links)
    expect(resolveInside(root, path)).toEqual({ state: 'present', realPath: join(root, real) })
  })

  it.each([
    ['a link that climbs out', { 'etc/x': '../../secret' }],
    ['a link that climbs far out', { 'etc/x': '../../../../../../../../../../../../etc/passwd' }],
    ['a directory link that climbs out', { 'etc/x': '../..' }],
  ])('refuses %s', (_, links) => {
    const root = tree(links)
    expect(resolveInside(root, 'etc/x/secret')).toMatchObject({ reason: 'OUTSIDE_ROOT' })
  })

  it.each([
    ['a dangling link', { x: '/nowhere' }],
    ['an absolute link that exists outside only', { x: '/bin/sh' }],
    ['a loop', { x: 'y', y: 'x' }],
  ])('names %s', (_, links) => {
    const root = tree(links)
    expect(resolveInside(root, 'x')).toMatchObject({ reason: 'DANGLING_LINK' })
  })

  it('refuses a path that climbs out by itself', () => {
    const root = tree({})
    expect(resolveInside(root, '../secret')).toMatchObject({ reason: 'OUTSIDE_ROOT' })
    expect(resolveInside(root, 'etc/../../secret')).toMatchObject({ reason: 'OUTSIDE_ROOT' })
    expect(resolveInside('/', '../../bin/sh')).toMatchObject({ state: 'present' })
  })

  it('says where a missing file would be, links on the way followed', () => {
    const root = tree({ ssl: '/etc/pki' })
    expect(resolveInside(root, 'ssl/new.crt')).toEqual({
      state: 'missing',
      realPath: join(root, 'etc/pki/new.crt'),
    })
    expect(resolveInside(root, 'nowhere/new.crt')).toEqual({
      state: 'missing',
      realPath: join(root, 'nowhere/new.crt'),
    })
  })
})

it.each([
  ['/', '/etc', true],
  ['/mnt/a', '/mnt/a', true],
  ['/mnt/a', '/mnt/a/b', true],
  ['/mnt/a', '/mnt/ab', false],
  ['/mnt/a/', '/mnt/a/b', true],
])('isBelow(%s, %s) is %s', (directory, path, is) => {
  expect(isBelow(directory, path)).toBe(is)
})
