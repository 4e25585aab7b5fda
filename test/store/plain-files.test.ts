import { lstatSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { writePlainFiles } from '../../src/store/plain-files.ts'
import { fingerprint, tempDir } from '../support/node.ts'

const mask = process.umask()
afterEach(() => void process.umask(mask))

describe('writePlainFiles', () => {
  it('makes files that all can read, whatever the umask, and their directory', () => {
    process.umask(0o077)
    const directory = join(tempDir(), 'out')
    writePlainFiles(['a.crt', 'b.crt'].map(name => ({ path: join(directory, name), contents: name })))
    expect(readFileSync(join(directory, 'b.crt'), 'utf8')).toBe('b.crt')
    expect([directory, join(directory, 'a.crt')].map(path => lstatSync(path).mode & 0o777)).toEqual([
      0o755, 0o644,
    ])
  })

  it.each<[string, (directory: string) => string]>([
    ['a file in the way', directory => join(directory, 'there')],
    ['a link in the way', directory => join(directory, 'link')],
    ['a file for a directory', directory => join(directory, 'there', 'b.crt')],
    ['a file for a directory above', directory => join(directory, 'there', 'y', 'b.crt')],
  ])('%s: takes back what it made', (_, second) => {
    const directory = tempDir()
    mkdirSync(join(directory, 'empty'))
    writeFileSync(join(directory, 'there'), 'old')
    symlinkSync('elsewhere', join(directory, 'link'))
    const before = fingerprint(directory)
    const paths = [join(directory, 'a.crt'), join(directory, 'new', 'er', 'a.crt'), second(directory)]
    expect(() => writePlainFiles(paths.map(path => ({ path, contents: 'x' })))).toThrow(
      expect.objectContaining({
        code: 'WRITE_FAILED',
        message: expect.stringMatching(/; nothing was written$/),
      }),
    )
    expect(fingerprint(directory)).toEqual(before)
  })
})
