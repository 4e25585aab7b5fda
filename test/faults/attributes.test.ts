/** What belongs to a file besides its contents, over a renewal and a rollback; and that no key is ever open to others. */
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { BUNDLE, canRun, execute, kubepkiProcess } from '../support/faults.ts'
import { NOW } from '../support/host.ts'
import { changedBetween, filesOf, troublesAtRest } from '../support/judge.ts'
import { copyNode, tempDir } from '../support/node.ts'

const RENEW = ['certs', 'renew', 'all', '--encryption-algorithm', 'ECDSA-P256']
const JOBS = [RENEW, ['certs', 'rollback']]
const [KEY, CRT, CONF] = [
  'etc/kubernetes/pki/apiserver.key',
  'etc/kubernetes/pki/etcd/peer.crt',
  'etc/kubernetes/admin.conf',
]

const WITH_ATTRIBUTE = 'f=$(mktemp); setfattr -n "$1" -v a "$f"; r=$?; rm -f "$f"; exit $r'
const canSet = (name: string) => canRun(`attribute ${name}`, 'bash', '-c', WITH_ATTRIBUTE, '-', name)
const withAcl = it.skipIf(
  !canRun('ACLs', 'bash', '-c', 'f=$(mktemp); setfacl -m u:1234:r "$f"; r=$?; rm -f "$f"; exit $r'),
)
const asRoot = it.skipIf(process.getuid?.() !== 0)

/** Rights of every entry but the backups: mode and owner; links by where they lead. */
function rightsOf(root: string): Record<string, string> {
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
    name => !name.includes('backups'),
  )
  return Object.fromEntries(
    names.map(name => {
      const { mode, uid, gid } = lstatSync(join(root, name))
      return [name, `${mode.toString(8)} ${uid}:${gid}`]
    }),
  )
}

async function run(root: string, args: readonly string[], umask = '022'): Promise<void> {
  const before = ['bash', '-c', `umask ${umask}; exec "$@"`, '-']
  expect(await kubepkiProcess(root, args, { before })).toMatchObject({ exitCode: 0 })
}

/** After a renewal, and again after its rollback. */
async function throughBoth(root: string, look: () => unknown, umask?: string): Promise<void> {
  const [before, files] = [look(), filesOf(root)]
  for (const args of JOBS) {
    await run(root, args, umask)
    expect(look()).toEqual(before)
    expect(troublesAtRest(root)).toEqual([])
  }
  expect(changedBetween(files, filesOf(root))).toEqual([])
}

describe('what belongs to a file stays', () => {
  it.each(['000', '022', '077'])('modes and owners, with umask %s', async umask => {
    const root = copyNode('ecdsa')
    chmodSync(join(root, KEY), 0o400)
    chmodSync(join(root, CRT), 0o444)
    await throughBoth(root, () => rightsOf(root), umask)
  })

  asRoot('other owners, and a group that may read', async () => {
    const root = copyNode('ecdsa')
    chownSync(join(root, KEY), 1234, 4321)
    chmodSync(join(root, KEY), 0o640)
    chownSync(join(root, CRT), 0, 4321)
    chownSync(join(root, CONF), 1000, 1000)
    await throughBoth(root, () => rightsOf(root))
  })

  it('symbolic links, to a file and to a directory', async () => {
    const root = copyNode('ecdsa')
    const kubernetes = join(root, 'etc/kubernetes')
    mkdirSync(join(root, 'data'))
    renameSync(join(root, CONF), join(root, 'data/admin.conf'))
    symlinkSync('/data/admin.conf', join(root, CONF))
    renameSync(join(kubernetes, 'pki/etcd'), join(root, 'data/etcd'))
    symlinkSync('../../../data/etcd', join(kubernetes, 'pki/etcd'))
    const real = readFileSync(join(root, 'data/admin.conf'))
    const look = () => rightsOf(root)
    const before = look()
    await run(root, RENEW)
    expect(look()).toEqual(before)
    expect(readFileSync(join(root, 'data/admin.conf')).equals(real)).toBe(false)
    await run(root, ['certs', 'rollback'])
    expect(look()).toEqual(before)
    expect(readFileSync(join(root, 'data/admin.conf')).equals(real)).toBe(true)
  })

  const NAMES = ['user.kubepki', 'security.selinux'].filter(canSet)
  it.skipIf(NAMES.length === 0).each(NAMES)('attribute %s', async name => {
    const root = copyNode('ecdsa')
    const value = name === 'security.selinux' ? 'system_u:object_r:cert_t:s0' : 'kept'
    for (const file of [KEY, CRT, CONF]) execFileSync('setfattr', ['-n', name, '-v', value, join(root, file)])
    const look = () =>
      [KEY, CRT, CONF].map(file =>
        execFileSync('getfattr', ['--only-values', '--absolute-names', '-n', name, join(root, file)], {
          encoding: 'utf8',
        }),
      )
    expect(look()).toEqual([value, value, value])
    await throughBoth(root, look)
  })

  withAcl('an ACL, of a key and of a certificate', async () => {
    const root = copyNode('ecdsa')
    for (const file of [KEY, CRT]) execFileSync('setfacl', ['-m', 'u:1234:r', join(root, file)])
    const look = () =>
      [KEY, CRT].map(file => execFileSync('getfacl', ['-nEp', join(root, file)], { encoding: 'utf8' }))
    expect(look()[0]).toContain('user:1234:r--')
    await throughBoth(root, look)
  })
})

/** Calls that say a mode: `openat(AT_FDCWD, "file", O_RDWR|O_CREAT, 0600) = 3`. */
const CALLS = 'open,openat,creat,mkdir,mkdirat,chmod,fchmod,fchmodat'
const canTrace = canRun('traces', 'strace', '-o', '/dev/null', '-e', `trace=${CALLS}`, 'true')

async function trace(root: string, args: readonly string[]): Promise<string[]> {
  const file = join(tempDir(), 'trace')
  const strace = ['strace', '-f', '-y', '-o', file, '-e', `trace=${CALLS}`]
  const command = ['bash', '-c', 'umask 000; exec "$@"', '-', process.execPath, BUNDLE, ...args]
  const ended = await execute([...strace, ...command, '--root', root, '--now', NOW.toISOString()])
  expect(ended).toMatchObject({ exitCode: 0 })
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter(line => line.includes(root))
}

const modeIn = (line: string) => Number.parseInt(/, 0([0-7]+)\)/.exec(line)?.[1] ?? '', 8)

describe('no key is open to others, not for an instant', () => {
  it.skipIf(!canTrace).each(JOBS.map(args => [args.slice(0, 2).join(' '), args] as const))(
    'the calls of %s',
    async (_, args) => {
      const root = copyNode('ecdsa')
      if (args !== RENEW) await run(root, RENEW)
      const lines = await trace(root, args)
      const created = lines.filter(line => /O_CREAT|creat\(/.test(line))
      const made = lines.filter(line => /mkdir/.test(line))
      const changed = lines.filter(line => /chmod/.test(line) && /\.(key|conf)[">]/.test(line))
      expect(created.length).toBeGreaterThan(30)
      expect(made.length).toBeGreaterThan(5)
      expect(created.filter(line => (modeIn(line) & 0o177) !== 0)).toEqual([])
      expect(made.filter(line => (modeIn(line) & 0o077) !== 0)).toEqual([])
      expect(changed.filter(line => (modeIn(line) & 0o177) !== 0)).toEqual([])
    },
  )

  it('leaves nothing outside the tree', async () => {
    const home = tempDir()
    const root = copyNode('ecdsa')
    const ours = (name: string) => !name.startsWith('kubepki-test-') && /kubepki|\.key|\.pem/.test(name)
    const before = readdirSync(tmpdir()).filter(ours)
    for (const args of JOBS) {
      await run(root, args)
      const env = { ...process.env, HOME: home, TMPDIR: home }
      const argv = [process.execPath, BUNDLE, ...args, '--root', root, '--now', NOW.toISOString()]
      expect(await execute(argv, env)).toMatchObject({ exitCode: 0 })
    }
    expect(readdirSync(home)).toEqual([])
    expect(readdirSync(tmpdir()).filter(ours)).toEqual(before)
  })
})
