/** Disks that really are full or read-only, files that cannot be changed, and a user without rights. */
import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { canRun, kubepkiProcess } from '../support/faults.ts'
import { filesOf, troublesAtRest } from '../support/judge.ts'
import { copyNode, tempDir } from '../support/node.ts'

const RENEW = ['certs', 'renew', 'all', '--encryption-algorithm', 'ECDSA-P256']
const NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']

const withMounts = it.skipIf(!canRun('mounts', 'unshare', '-m', 'true'))
const withOthers = it.skipIf(!canRun('another user', ...NOBODY, 'true'))
const withAttributes = it.skipIf(!canRun('immutable files', 'bash', '-c', isImmutable()))

function isImmutable(): string {
  return 'f=$(mktemp) && chattr +i "$f"; r=$?; chattr -i "$f"; rm -f "$f"; exit $r'
}

function mount(...args: string[]): void {
  const target = args.at(-1) as string
  execFileSync('mount', args)
  onTestFinished(() => {
    execFileSync('umount', [target])
  })
}

async function expectRefusal(root: string, said: RegExp, before: readonly string[] = []): Promise<void> {
  const files = filesOf(root, true)
  const { exitCode, stderr } = await kubepkiProcess(root, RENEW, { before })
  expect(stderr).toMatch(said)
  expect(stderr).toContain(join(root, 'etc/kubernetes'))
  expect(stderr).toContain('nothing was changed')
  expect(stderr).not.toMatch(/^\s+at |PRIVATE/m)
  expect(exitCode).toBe(1)
  expect(filesOf(root, true)).toEqual(files)
}

/** The node's tree on a file system of its own of this size. */
function nodeOnTmpfs(size: string): string {
  const root = tempDir()
  mount('-t', 'tmpfs', '-o', `size=${size},mode=0700`, 'tmpfs', root)
  execFileSync('cp', ['-a', `${copyNode('ecdsa')}/.`, root])
  return root
}

/** Leaves this many bytes free. */
function fill(root: string, free: number): void {
  const { bfree, bsize } = statfsSync(root)
  writeFileSync(join(root, 'filler'), Buffer.alloc(bfree * bsize - free))
}

describe('a full file system', () => {
  withMounts('is seen before anything is written', async () => {
    const root = nodeOnTmpfs('1m')
    fill(root, 64 * 1024)
    await expectRefusal(root, /no space left on the device/)
  })

  withMounts('at every number of free pages: as before, or all new', { timeout: 120_000 }, async () => {
    const root = nodeOnTmpfs('2m')
    const ends = []
    for (let pages = 0; pages <= 80; pages += 8) {
      fill(root, pages * 4096)
      const files = filesOf(root, true)
      const { exitCode, stderr } = await kubepkiProcess(root, RENEW)
      ends.push(exitCode)
      expect(stderr).not.toMatch(/^\s+at |PRIVATE/m)
      if (exitCode === 1) expect(stderr).toMatch(/no space left on the device.*; nothing was changed/)
      if (exitCode === 1) expect(filesOf(root, true)).toEqual(files)
      expect(troublesAtRest(root)).toEqual([])
      rmSync(join(root, 'filler'))
    }
    expect([ends[0], ends.at(-1)]).toEqual([1, 0])
  })

  withMounts('that says it has room, and has no inodes', async () => {
    const root = nodeOnTmpfs('4m,nr_inodes=80')
    const used = readdirSync(root, { recursive: true }).length
    for (let i = used; i < 75; i += 1) writeFileSync(join(root, `inode-${i}`), '')
    await expectRefusal(root, /no inodes are free|no space left/)
  })
})

describe('a place that cannot be written', () => {
  withMounts.each(['', '/pki', '/pki/etcd'])('a read-only mount of etc/kubernetes%s', async below => {
    const root = copyNode('ecdsa')
    const place = join(root, 'etc/kubernetes', below)
    mount('--bind', '-o', 'ro', place, place)
    await expectRefusal(root, /the file system is read-only/)
  })

  withAttributes.each(['admin.conf', 'pki/apiserver.crt', 'pki/etcd/peer.key'])(
    'an immutable %s',
    async name => {
      const root = copyNode('ecdsa')
      const file = join(root, 'etc/kubernetes', name)
      execFileSync('chattr', ['+i', file])
      onTestFinished(() => {
        execFileSync('chattr', ['-i', file])
      })
      await expectRefusal(root, new RegExp(`${name}: it is immutable`))
      execFileSync('chattr', ['-i', file])
      expect(await kubepkiProcess(root, RENEW)).toMatchObject({ exitCode: 0 })
      execFileSync('chattr', ['+i', file])
    },
  )

  withAttributes('an immutable directory', async () => {
    const root = copyNode('ecdsa')
    const directory = join(root, 'etc/kubernetes/pki/etcd')
    execFileSync('chattr', ['+i', directory])
    onTestFinished(() => {
      execFileSync('chattr', ['-i', directory])
    })
    await expectRefusal(root, /operation not permitted|immutable/)
  })

  withOthers('by a user without rights', async () => {
    const root = copyNode('ecdsa')
    for (const path of ['', ...readdirSync(root, { recursive: true, encoding: 'utf8' })]) {
      chownSync(join(root, path), 65534, 65534)
    }
    const etcd = join(root, 'etc/kubernetes/pki/etcd')
    chownSync(etcd, 0, 0)
    chmodSync(etcd, 0o755)
    await expectRefusal(root, /permission denied/, NOBODY)
  })

  withOthers('by nobody: all of it', async () => {
    const root = copyNode('ecdsa')
    chmodSync(root, 0o755)
    mkdirSync(join(root, 'etc/kubernetes'), { recursive: true })
    const files = filesOf(root, true)
    const { exitCode, stderr } = await kubepkiProcess(root, RENEW, { before: NOBODY })
    expect({ exitCode, hasStack: /^\s+at /m.test(stderr) }).toEqual({ exitCode: 1, hasStack: false })
    expect(stderr).toMatch(/permission denied/)
    expect(filesOf(root, true)).toEqual(files)
  })
})
