/** A disk that fails in the middle of the renames, and goes on failing. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, it, vi } from 'vitest'
import { PkiError } from '../../src/errors.ts'
import { commit } from '../../src/store/transaction.ts'
import { fingerprint, tempDir } from '../support/node.ts'

/** Which calls of rename fail, counted from 1. */
const disk = vi.hoisted(() => ({ calls: 0, fails: (_call: number): boolean => false }))
vi.mock('node:fs', async importOriginal => {
  const fs = await importOriginal<typeof import('node:fs')>()
  const renameSync: typeof fs.renameSync = (from, to) => {
    disk.calls += 1
    if (disk.fails(disk.calls)) throw Object.assign(new Error('EIO'), { code: 'EIO' })
    fs.renameSync(from, to)
  }
  return { ...fs, renameSync }
})

beforeEach(() => {
  disk.calls = 0
})

function files(): {
  directory: string
  changes: { path: string; realPath: string; text: string; isSecret: boolean }[]
} {
  const directory = tempDir()
  const paths = ['a.key', 'a.crt', 'b.key'].map(name => join(directory, name))
  for (const path of paths) writeFileSync(path, `old ${path}`)
  return { directory, changes: paths.map(path => ({ path, realPath: path, text: 'new', isSecret: true })) }
}

function errorOf(act: () => void): PkiError {
  try {
    act()
  } catch (error) {
    if (error instanceof PkiError) return error
    throw error
  }
  throw new Error('nothing failed')
}

it.each([1, 2, 3])('rename %i fails: everything is as before, and nothing lies beside', call => {
  const { directory, changes } = files()
  const before = fingerprint(directory)
  disk.fails = at => at === call
  const error = errorOf(() => commit(changes))
  expect(error).toMatchObject({
    code: 'WRITE_FAILED',
    message: expect.stringMatching(/: EIO; nothing was changed$/),
  })
  expect(fingerprint(directory)).toEqual(before)
})

it('all renames fail from the third on: the old files are kept, and the error says how to put them back', () => {
  const { directory, changes } = files()
  disk.fails = at => at >= 3
  const { message, hint = '' } = errorOf(() => commit(changes))
  expect(message).toMatch(/2 files could not be put back$/)
  const kept = readdirSync(directory).filter(name => name.includes('.kubepki-old-'))
  expect(kept).toHaveLength(2)
  for (const name of kept) {
    expect(hint).toContain(`mv ${join(directory, name)} `)
    expect(readFileSync(join(directory, name), 'utf8')).toMatch(/^old /)
  }
  expect(readFileSync(join(directory, 'b.key'), 'utf8')).toMatch(/^old /)
})
