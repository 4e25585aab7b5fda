/** What a crash left behind, made by hand: each state as the journal tells it, and what becomes of it. */
import { execFileSync, spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { underLock } from '../../src/store/session.ts'
import { tempDir } from '../support/node.ts'
import { change, commitIn, storeIn } from '../support/store.ts'

/** A pair after a job, with its backup. */
async function renewedPair() {
  const root = tempDir()
  const [key, crt] = [join(root, 'a.key'), join(root, 'a.crt')]
  writeFileSync(key, 'old key', { mode: 0o600 })
  writeFileSync(crt, 'old crt')
  await commitIn(root, [change(key, 'new key', true), change(crt, 'new crt')])
  return { root, key, crt }
}

const recover = (root: string) =>
  underLock(storeIn(root), { command: 'recover', lockTimeout: 0 }, async ({ notes }) => notes)

const TOKEN = '0123456789abcdef'
const ID = '20261201T000000Z'
const sha = (text: string) => execFileSync('sha256sum', { input: text, encoding: 'utf8' }).slice(0, 64)

/** As if killed after the rename of the key, and before that of the certificate. */
async function halfDone() {
  const { root, key, crt } = await renewedPair()
  const [staging, state] = [join(root, `.kubepki-${TOKEN}`), join(root, 'kubepki-backups')]
  mkdirSync(staging, { mode: 0o700 })
  writeFileSync(join(staging, 'old.a.key'), 'old key')
  writeFileSync(join(staging, 'a.crt'), 'new crt')
  writeFileSync(crt, 'old crt')
  writeFileSync(join(staging, 'old.a.crt'), 'old crt')
  const files = ['key', 'crt'].map(kind => ({
    path: `/a.${kind}`,
    before: sha(`old ${kind}`),
    after: sha(`new ${kind}`),
  }))
  const journal = { id: ID, token: TOKEN, command: 'the job', files, directories: [] }
  writeFileSync(join(state, 'journal.committing'), JSON.stringify(journal))
  return { root, key, crt, staging, state, journal }
}

const read = (file: string) => readFileSync(file, 'utf8')

it('what was prepared is completed', async () => {
  const { root, key, crt, staging, state } = await halfDone()
  expect(await recover(root)).toEqual([
    `"the job" was interrupted (${ID}): it is completed now, all 2 files are new`,
  ])
  expect([read(key), read(crt)]).toEqual(['new key', 'new crt'])
  expect([existsSync(staging), existsSync(join(state, 'journal.committing'))]).toEqual([false, false])
})

it('what cannot be completed is put back', async () => {
  const { root, key, crt, staging } = await halfDone()
  rmSync(join(staging, 'a.crt'))
  expect(await recover(root)).toEqual([
    `"the job" was interrupted (${ID}): it is undone now, all 2 files are as before`,
  ])
  expect([read(key), read(crt)]).toEqual(['old key', 'old crt'])
})

it('what was prepared and then swept away is put back from the backup', async () => {
  const { root, key, crt, staging, state } = await halfDone()
  rmSync(staging, { recursive: true })
  expect(await recover(root)).toEqual([expect.stringContaining('it is undone now')])
  expect([read(key), read(crt)]).toEqual(['old key', 'old crt'])
  expect(existsSync(join(state, ID))).toBe(false)
})

it('nothing is thrown away while something cannot be put back', async () => {
  const { root, staging, state } = await halfDone()
  rmSync(staging, { recursive: true })
  writeFileSync(join(state, ID, 'a.key'), 'damaged')
  await expect(recover(root)).rejects.toThrow(/a\.key is not what was put there/)
  expect([existsSync(join(state, 'journal.undoing')), existsSync(join(state, ID))]).toEqual([true, true])
})

it('files that another program changed since are its own', async () => {
  const { root, key, crt } = await halfDone()
  writeFileSync(key, 'kubeadm key')
  writeFileSync(crt, 'kubeadm crt')
  expect(await recover(root)).toEqual([
    `"the job" was interrupted (${ID}): it is completed now, all 0 files are new`,
    `another program changed ${key} since: it is left alone, and backup ${ID} is kept`,
    `another program changed ${crt} since: it is left alone, and backup ${ID} is kept`,
  ])
  expect([read(key), read(crt)]).toEqual(['kubeadm key', 'kubeadm crt'])
})

it('before anything was replaced, all that was prepared goes', async () => {
  const { root, key, staging, state } = await halfDone()
  writeFileSync(key, 'old key')
  renameSync(join(state, 'journal.committing'), join(state, 'journal.staging'))
  expect(await recover(root)).toEqual([expect.stringContaining('it is undone now')])
  expect([read(key), existsSync(staging)]).toEqual(['old key', false])
})

it.each([
  ['an id with slashes', { id: '../../x' }],
  ['a token with slashes', { token: '../../x/etc' }],
  ['a hash that is none', { files: [{ path: '/a.key', before: 'x', after: 'y' }] }],
  ['no files', { files: [] }],
])('a journal with %s is refused, and nothing is touched', async (_, part) => {
  const { root, key, crt, state, journal } = await halfDone()
  writeFileSync(join(state, 'journal.committing'), JSON.stringify({ ...journal, ...part }))
  await expect(recover(root)).rejects.toThrow(/journal\.committing is not whole/)
  expect([read(key), read(crt)]).toEqual(['new key', 'old crt'])
})

it('a journal that leads out of the root is refused', async () => {
  const { root, state, journal } = await halfDone()
  const outside = tempDir()
  writeFileSync(join(outside, 'a.key'), 'precious')
  symlinkSync(outside, join(root, 'out'))
  const files = [{ path: '/out/a.key', before: sha('precious'), after: sha('new key') }]
  writeFileSync(join(state, 'journal.committing'), JSON.stringify({ ...journal, files }))
  await expect(recover(root)).rejects.toThrow(/leads out of the root/)
  expect(read(join(outside, 'a.key'))).toBe('precious')
})

it.each(['lock', 'journal.committing', 'manifest.away'])(
  'a pipe, a loop or a directory as %s ends in one line',
  async name => {
    for (const make of [
      (path: string) => spawnSync('mkfifo', [path]),
      (path: string) => symlinkSync(path, path),
      (path: string) => mkdirSync(path),
    ]) {
      const root = tempDir()
      mkdirSync(join(root, 'kubepki-backups'), { mode: 0o700 })
      make(join(root, 'kubepki-backups', name))
      await expect(recover(root)).rejects.toThrow(
        expect.objectContaining({ name: 'PkiError', message: expect.stringMatching(/kubepki-backups/) }),
      )
    }
  },
)

it('a job of another store in the same directory stops this one', async () => {
  const root = tempDir()
  const key = join(root, 'a.key')
  writeFileSync(key, 'old')
  mkdirSync(join(root, '.kubepki-fedcba9876543210'))
  await expect(commitIn(root, [change(key, 'new', true)])).rejects.toThrow(
    expect.objectContaining({ code: 'LOCKED', message: expect.stringContaining('nothing was changed') }),
  )
  expect([read(key), existsSync(join(root, '.kubepki-fedcba9876543210'))]).toEqual(['old', true])
})

const canMount = process.getuid?.() === 0 && spawnSync('unshare', ['-m', 'true']).status === 0
if (!canMount) console.log('the full disk of a recovery is not tried: it needs root and mount')
it.skipIf(!canMount)('a disk that has become full does not stop it', async () => {
  const root = tempDir()
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', root])
  onTestFinished(() => {
    execFileSync('umount', [root])
  })
  const half = await halfDone()
  execFileSync('cp', ['-a', `${half.root}/.`, root])
  writeFileSync(join(root, 'kubepki-backups/journal.reserve'), Buffer.alloc(32 * 1024))
  spawnSync('dd', ['if=/dev/zero', `of=${join(root, 'ballast')}`, 'bs=4096'])
  expect(() => writeFileSync(join(root, 'more'), 'x'.repeat(5000))).toThrow('ENOSPC')
  expect(await recover(root)).toEqual([expect.stringContaining('it is completed now')])
  expect(read(join(root, 'a.crt'))).toBe('new crt')
})

it('a file that became a link since is its owner’s, and stops nothing', async () => {
  const { root, crt, key } = await halfDone()
  rmSync(crt)
  symlinkSync('elsewhere', crt)
  expect(await recover(root)).toEqual([
    expect.stringContaining('it is completed now'),
    expect.stringContaining(`another program changed ${crt} since`),
  ])
  expect([read(key), readlinkSync(crt)]).toEqual(['new key', 'elsewhere'])
})
