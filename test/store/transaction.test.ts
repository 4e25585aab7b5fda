import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, chownSync, linkSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { fingerprint, tempDir } from '../support/node.ts'
import { change, commitIn, exceptBackups } from '../support/store.ts'

/** Mounts and foreign owners need root, and a container that lets it; elsewhere these tests say so and are not run. */
const canMount = process.getuid?.() === 0 && spawnSync('unshare', ['-m', 'true']).status === 0
const asRoot = canMount ? it : it.skip
if (!canMount) console.log('store tests skipped: they need root and mount')

const modeOf = (path: string) => (statSync(path).mode & 0o7777).toString(8)

function pair(): { directory: string; key: string; crt: string } {
  const directory = tempDir()
  const [key, crt] = [join(directory, 'a.key'), join(directory, 'a.crt')]
  writeFileSync(key, 'old key', { mode: 0o600 })
  writeFileSync(crt, 'old crt')
  chmodSync(crt, 0o644)
  return { directory, key, crt }
}

function mount(...args: string[]): void {
  const target = args.at(-1) as string
  mkdirSync(target, { recursive: true })
  execFileSync('mount', args)
  onTestFinished(() => {
    execFileSync('umount', [target])
  })
}

describe('commit', () => {
  it('replaces all, keeps modes, leaves nothing beside', async () => {
    const { directory, key, crt } = pair()
    await commitIn(directory, [change(key, 'new key', true), change(crt, 'new crt')])
    expect([readFileSync(key, 'utf8'), readFileSync(crt, 'utf8')]).toEqual(['new key', 'new crt'])
    expect([modeOf(key), modeOf(crt)]).toEqual(['600', '644'])
    expect(Object.keys(exceptBackups(fingerprint(directory))).toSorted()).toEqual(['a.crt', 'a.key'])
  })

  it('makes new files: a key 0600, a certificate 0644, whatever the umask', async () => {
    const old = process.umask(0o077)
    onTestFinished(() => {
      process.umask(old)
    })
    const directory = tempDir()
    await commitIn(directory, [
      change(join(directory, 'n.key'), 'k', true),
      change(join(directory, 'n.crt'), 'c'),
    ])
    expect([modeOf(join(directory, 'n.key')), modeOf(join(directory, 'n.crt'))]).toEqual(['600', '644'])
  })

  it.each([
    [0o644, '600'],
    [0o600, '600'],
    [0o400, '400'],
    [0o640, '600'],
  ])('a key of mode %o becomes %s', async (before, after) => {
    const { directory, key } = pair()
    chmodSync(key, before)
    await commitIn(directory, [change(key, 'k', true)])
    expect(modeOf(key)).toBe(after)
  })

  it('replaces the name, not the file: a hard link keeps the old content', async () => {
    const { directory, key } = pair()
    linkSync(key, join(directory, 'link'))
    await commitIn(directory, [change(key, 'new', true)])
    expect(readFileSync(join(directory, 'link'), 'utf8')).toBe('old key')
  })

  it('changes nothing when a directory is missing, and names the file', async () => {
    const { directory, key } = pair()
    const before = fingerprint(directory)
    const missing = join(directory, 'nowhere/b.crt')
    await expect(commitIn(directory, [change(key, 'new', true), change(missing, 'c')])).rejects.toThrow(
      expect.objectContaining({ code: 'WRITE_FAILED', message: expect.stringContaining(missing) }),
    )
    expect(fingerprint(directory)).toEqual(before)
  })

  it('puts everything back when a rename fails', async () => {
    const { directory, key, crt } = pair()
    const target = join(directory, 'in-the-way')
    mkdirSync(target)
    const before = fingerprint(directory)
    await expect(
      commitIn(directory, [change(key, 'new', true), change(crt, 'new'), change(target, 'x')]),
    ).rejects.toThrow(expect.objectContaining({ code: 'WRITE_FAILED' }))
    expect(fingerprint(directory)).toEqual(before)
  })

  asRoot('keeps owner and group, and a group given on purpose goes on reading', async () => {
    const { directory, key } = pair()
    chownSync(key, 1234, 4321)
    chmodSync(key, 0o640)
    await commitIn(directory, [change(key, 'new', true)])
    expect(statSync(key)).toMatchObject({ uid: 1234, gid: 4321 })
    expect(modeOf(key)).toBe('640')
  })

  asRoot('changes nothing on a full file system', async () => {
    const directory = tempDir()
    mount('-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', join(directory, 'full'))
    const file = (name: string) => join(directory, 'full', name)
    for (const name of ['a', 'b', 'c']) writeFileSync(file(name), 'old')
    const before = fingerprint(directory)
    const large = 'x'.repeat(30_000)
    await expect(
      commitIn(
        directory,
        ['a', 'b', 'c'].map(name => change(file(name), large, true)),
      ),
    ).rejects.toThrow(
      expect.objectContaining({ code: 'WRITE_FAILED', message: expect.stringContaining('no space left') }),
    )
    expect(fingerprint(directory)).toEqual(before)
  })

  asRoot('changes nothing when one directory is read-only', async () => {
    const { directory, key } = pair()
    const inside = join(directory, 'inside')
    mkdirSync(inside)
    writeFileSync(join(inside, 'b.crt'), 'old')
    mount('--bind', '-o', 'ro', inside, inside)
    const before = fingerprint(directory)
    await expect(
      commitIn(directory, [change(key, 'new', true), change(join(inside, 'b.crt'), 'new')]),
    ).rejects.toThrow(expect.objectContaining({ message: expect.stringContaining('read-only') }))
    expect(fingerprint(directory)).toEqual(before)
  })
})
