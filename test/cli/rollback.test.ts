/** Backups through the command line: what they hold, and what putting them back does and refuses. */
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { sha256 } from '../../src/store/digest.ts'
import { kubepki } from '../support/host.ts'
import { copyNode, fingerprint, tempDir } from '../support/node.ts'
import { exceptBackups } from '../support/store.ts'

const K = 'etc/kubernetes'
const BACKUPS = `${K}/kubepki-backups`
const ID = '20261201T000000Z'
const renew = (root: string, ...args: string[]) => kubepki('certs', 'renew', ...args, '--root', root)
const rollback = (root: string, ...args: string[]) => kubepki('certs', 'rollback', ...args, '--root', root)
const history = async (root: string) =>
  JSON.parse((await kubepki('certs', 'history', '-o', 'json', '--root', root)).stdout)
const live = (root: string) => exceptBackups(fingerprint(root))
const manifestOf = (root: string, id = ID) => join(root, BACKUPS, id, 'manifest.json')

async function renewedNode(...names: string[]) {
  const root = copyNode('ecdsa')
  const before = live(root)
  await renew(root, ...names)
  return { root, before }
}

describe('a backup', () => {
  it('holds what was replaced, with its manifest, for its owner alone', async () => {
    const { root, before } = await renewedNode('apiserver', 'admin.conf')
    const manifest = JSON.parse(readFileSync(manifestOf(root), 'utf8'))
    expect(manifest).toMatchObject({
      apiVersion: 'kubepki/v1',
      kind: 'Backup',
      id: ID,
      time: '2026-12-01T00:00:00Z',
      command: 'certs renew apiserver admin.conf',
      version: '0.1.0',
    })
    expect(manifest.files.map(({ path }: { path: string }) => path)).toEqual([
      '/etc/kubernetes/admin.conf',
      '/etc/kubernetes/pki/apiserver.key',
      '/etc/kubernetes/pki/apiserver.crt',
    ])
    for (const { path, mode, uid, gid, sha256Before, sha256After } of manifest.files) {
      const copy = readFileSync(join(root, BACKUPS, ID, path))
      expect(before[path.slice(1)]).toBe(`${mode.slice(1)} ${sha256Before}`)
      expect(sha256(copy)).toBe(sha256Before)
      expect(sha256(readFileSync(join(root, path)))).toBe(sha256After)
      expect([uid, gid]).toEqual([statSync(join(root, path)).uid, statSync(join(root, path)).gid])
    }
    for (const name of readdirSync(join(root, BACKUPS), { recursive: true, encoding: 'utf8' })) {
      const stat = statSync(join(root, BACKUPS, name))
      expect([name, (stat.mode & 0o777).toString(8)]).toEqual([name, stat.isDirectory() ? '700' : '600'])
    }
  })

  it('is never part of a report', async () => {
    const { root } = await renewedNode('all')
    for (const output of ['wide', 'json', 'text']) {
      const { stdout } = await kubepki('certs', 'check-expiration', '-o', output, '--root', root)
      expect(stdout).not.toContain('kubepki-backups')
    }
    const rows = (await kubepki('certs', 'check-expiration', '-o', 'wide', '--root', root)).stdout.split('\n')
    const fresh = (await kubepki('certs', 'check-expiration', '-o', 'wide', '--root', copyNode('ecdsa')))
      .stdout
    expect(rows).toHaveLength(fresh.split('\n').length)
  })

  it('is kept while it is one of the newest ten, or as many as were asked for', async () => {
    const root = copyNode('ecdsa')
    for (let count = 0; count < 12; count += 1) await renew(root, 'apiserver')
    const ids = (await history(root)).backups.map(({ id }: { id: string }) => id)
    expect(ids).toEqual([12, 11, 10, 9, 8, 7, 6, 5, 4, 3].map(number => `${ID}-${number}`))
    await renew(root, 'apiserver', '--keep-backups', '2')
    expect((await history(root)).backups).toHaveLength(2)
    expect(readdirSync(join(root, BACKUPS))).toHaveLength(2)
  })

  it('of a job that changed nothing is not made', async () => {
    const root = copyNode('ecdsa')
    await renew(root, 'all', '--within', '1d')
    expect(existsSync(join(root, BACKUPS))).toBe(false)
  })
})

describe('certs history', () => {
  it('lists the jobs, the newest first, and what became of their files', async () => {
    const { root } = await renewedNode('apiserver')
    await renew(root, 'apiserver', 'etcd-peer')
    await rollback(root)
    const { stdout, stderr, exitCode } = await kubepki('certs', 'history', '--root', root)
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 })
    expect(stdout).toBe(
      `BACKUP               TIME                   FILES     ROLLBACK   COMMAND
20261201T000000Z-3   2026-12-01T00:00:00Z   4         possible   certs rollback 20261201T000000Z-2
20261201T000000Z-2   2026-12-01T00:00:00Z   4         undone     certs renew apiserver etcd-peer
20261201T000000Z     2026-12-01T00:00:00Z   2         possible   certs renew apiserver
`,
    )
  })

  it('says that there is none', async () => {
    const root = copyNode('ecdsa')
    const { stdout, stderr, exitCode } = await kubepki('certs', 'history', '--root', root)
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 0 })
    expect(stderr).toBe(`kubepki: no backup in ${join(root, BACKUPS)}\n`)
    expect((await history(root)).backups).toEqual([])
  })

  it('says which is damaged, and lists the others', async () => {
    const { root } = await renewedNode('apiserver')
    await renew(root, 'apiserver')
    writeFileSync(manifestOf(root), '{"sequence": 1, "files": [{"path": "../../x"}]}')
    const { stdout, stderr } = await kubepki('certs', 'history', '--root', root)
    expect(stdout).toContain(`${ID}-2`)
    expect(stderr).toBe(`kubepki: warning: backup ${ID} cannot be used: its manifest is not whole\n`)
  })
})

describe('certs rollback', () => {
  it('puts back every file as it was, and says what to restart and how to undo it', async () => {
    const { root, before } = await renewedNode('all')
    const renewed = live(root)
    const { stdout, stderr, exitCode } = await rollback(root)
    expect(exitCode).toBe(0)
    expect(live(root)).toEqual(before)
    expect(stdout).toContain(`restored ${join(root, K, 'pki/apiserver.key')}\n`)
    expect(stderr).toContain(
      `undone: "certs renew all" (${ID}); to have it again: kubepki certs rollback ${ID}-2 --root ${root}\n`,
    )
    expect(stderr).toContain(
      'hint: changed here: restart kube-apiserver, kube-controller-manager, kube-scheduler\n',
    )
    await rollback(root)
    expect(live(root)).toEqual(renewed)
  })

  it('changes nothing with --dry-run', async () => {
    const { root } = await renewedNode('apiserver')
    const before = fingerprint(root)
    const { stdout, stderr, exitCode } = await rollback(root, '--dry-run')
    expect(exitCode).toBe(0)
    expect(stdout).toBe(
      ['key', 'crt'].map(kind => `would be restored ${join(root, K, `pki/apiserver.${kind}`)}\n`).join(''),
    )
    expect(stderr).toContain('nothing was changed')
    expect(fingerprint(root)).toEqual(before)
  })

  it('undoes one job by its ID while its files are as it left them', async () => {
    const { root, before } = await renewedNode('apiserver')
    await renew(root, 'etcd-peer')
    expect((await rollback(root, ID)).exitCode).toBe(0)
    const file = `${K}/pki/apiserver.crt`
    expect(live(root)[file]).toBe(before[file])
    expect(live(root)[`${K}/pki/etcd/peer.crt`]).not.toBe(before[`${K}/pki/etcd/peer.crt`])
  })

  it('says that there is nothing to do the second time', async () => {
    const { root } = await renewedNode('apiserver')
    await rollback(root, ID)
    const { stdout, stderr, exitCode } = await rollback(root, ID)
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 0 })
    expect(stderr).toContain(`nothing to do: the files are as before "certs renew apiserver" (${ID})\n`)
  })

  it.each([
    ['changed', (file: string) => appendFileSync(file, '# by hand\n')],
    ['removed', (file: string) => rmSync(file)],
  ])('refuses when a file was %s since, names it, and obeys --force', async (_, touch) => {
    const { root, before } = await renewedNode('apiserver')
    const file = join(root, K, 'pki/apiserver.crt')
    touch(file)
    const touched = fingerprint(root)
    const { stdout, stderr, exitCode } = await rollback(root)
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 1 })
    expect(stderr).toMatch(
      /^kubepki: error: a file has changed since backup 20261201T000000Z: .*apiserver\.crt\n/,
    )
    expect(stderr).toContain('--force')
    expect(fingerprint(root)).toEqual(touched)
    expect((await rollback(root, '--force')).exitCode).toBe(0)
    expect(live(root)).toEqual(before)
  })

  it('works on a node that has lost its whole PKI', async () => {
    const { root, before } = await renewedNode('all')
    for (const name of Object.keys(before)) {
      if (/apiserver\.(crt|key)$/.test(name)) rmSync(join(root, name))
    }
    expect((await rollback(root, '--force')).exitCode).toBe(0)
    expect(live(root)).toEqual(before)
  })

  it('removes what was not there before, with its directory', async () => {
    const root = copyNode('ecdsa')
    const before = live(root)
    await renew(root, 'apiserver', '--csr-only')
    expect(existsSync(join(root, K, 'pki/csr/apiserver.csr'))).toBe(true)
    const { stdout } = await rollback(root)
    expect(stdout).toContain(`removed ${join(root, K, 'pki/csr/apiserver.key')}\n`)
    expect(live(root)).toEqual(before)
    await rollback(root)
    expect(existsSync(join(root, K, 'pki/csr/apiserver.csr'))).toBe(true)
  })

  it('gives a certificate its old mode, and a key never a wider one than its owner’s', async () => {
    const root = copyNode('ecdsa')
    const [key, crt] = ['key', 'crt'].map(kind => join(root, K, `pki/apiserver.${kind}`)) as [string, string]
    chmodSync(key, 0o644)
    chmodSync(crt, 0o640)
    const renewal = await renew(root, 'apiserver')
    expect(renewal.stderr).toContain(`warning: ${key} had mode 0644: it is 0600 now\n`)
    chmodSync(crt, 0o600)
    await rollback(root)
    expect([key, crt].map(file => (statSync(file).mode & 0o777).toString(8))).toEqual(['600', '640'])
  })

  it.each([
    [[], `no backup in `],
    [['20200101T000000Z'], 'no backup 20200101T000000Z in '],
  ])('says what there is not: %j', async (args, message) => {
    const root = copyNode('ecdsa')
    const { stderr, exitCode } = await rollback(root, ...args)
    expect(exitCode).toBe(1)
    expect(stderr).toContain(`kubepki: error: ${message}`)
    expect(stderr).toContain(`hint: see what there is: kubepki certs history --root ${root}\n`)
  })

  it('wants one ID', async () => {
    expect((await rollback(copyNode('ecdsa'), 'a', 'b')).exitCode).toBe(2)
  })

  it('gives data', async () => {
    const { root } = await renewedNode('apiserver')
    const { stdout } = await rollback(root, '-o', 'json')
    expect(JSON.parse(stdout)).toMatchObject({
      kind: 'RollbackResult',
      apiVersion: 'kubepki/v1',
      dryRun: false,
      changed: true,
      id: ID,
      command: 'certs renew apiserver',
      restored: [join(root, K, 'pki/apiserver.key'), join(root, K, 'pki/apiserver.crt')],
      removed: [],
      backup: `${ID}-2`,
    })
  })
})

/** A collected copy of a node may hold anything. */
describe('a backup that cannot be trusted', () => {
  const edit = (root: string, change: (text: string) => string) =>
    writeFileSync(manifestOf(root), change(readFileSync(manifestOf(root), 'utf8')))

  it('is refused when a copy is not what was put there', async () => {
    const { root } = await renewedNode('apiserver')
    appendFileSync(join(root, BACKUPS, ID, K, 'pki/apiserver.key'), 'x')
    const before = fingerprint(root)
    const { stderr, exitCode } = await rollback(root)
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(
      /^kubepki: error: .*apiserver\.key is not what was put there \(SHA-256 differs\)\n/,
    )
    expect(fingerprint(root)).toEqual(before)
  })

  it.each([
    ['a path with ..', (text: string) => text.replaceAll('/etc/kubernetes/pki', '/../../tmp')],
    ['no files', (text: string) => text.replaceAll('"path"', '"paths"')],
    ['a hash that is none', (text: string) => text.replace(/"sha256Before": "\w+"/, '"sha256Before": "x"')],
  ])('is not used: %s', async (_, change) => {
    const { root } = await renewedNode('apiserver')
    edit(root, change)
    const { stderr, exitCode } = await rollback(root, ID)
    expect(exitCode).toBe(1)
    expect(stderr).toContain(`backup ${ID} cannot be used: its manifest is not whole`)
  })

  it('cannot write where a link leads out of the root', async () => {
    const { root } = await renewedNode('apiserver')
    const outside = tempDir()
    writeFileSync(join(outside, 'apiserver.key'), 'precious')
    writeFileSync(join(outside, 'apiserver.crt'), 'precious')
    mkdirSync(join(root, 'etc/lure'))
    symlinkSync(`../../../../../../../..${outside}`, join(root, 'etc/lure/out'))
    edit(root, text => text.replaceAll('/etc/kubernetes/pki/apiserver', '/etc/lure/out/apiserver'))
    const { stderr, exitCode } = await rollback(root, '--force')
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/error: .*leads out of the root/)
    expect(readFileSync(join(outside, 'apiserver.key'), 'utf8')).toBe('precious')
  })

  it('cannot write outside the root', async () => {
    const { root } = await renewedNode('apiserver')
    const outside = join(tempDir(), 'apiserver.crt')
    edit(root, text =>
      text.replace(
        '"path": "/etc/kubernetes/pki/apiserver.crt"',
        `"isOutsideRoot": true, "path": "${outside}"`,
      ),
    )
    const { stderr, exitCode } = await rollback(root, '--force')
    expect(exitCode).toBe(1)
    expect(stderr).toContain(`${outside} leads out of the root`)
    expect(existsSync(outside)).toBe(false)
  })

  it('cannot take its copies from elsewhere', async () => {
    const { root } = await renewedNode('apiserver')
    const copy = join(root, BACKUPS, ID, K, 'pki/apiserver.crt')
    const contents = readFileSync(copy)
    const outside = join(tempDir(), 'x')
    writeFileSync(outside, contents)
    rmSync(copy)
    symlinkSync(outside, copy)
    expect((await rollback(root)).exitCode).toBe(1)
  })
})

it('what is not kubepki’s in the directory of backups stays, and is told', async () => {
  const { root } = await renewedNode('apiserver')
  const own = join(root, BACKUPS, '20250101T000000Z')
  mkdirSync(own)
  writeFileSync(join(own, 'my.key'), 'mine')
  await renew(root, 'apiserver')
  expect(readFileSync(join(own, 'my.key'), 'utf8')).toBe('mine')
  const { stderr } = await kubepki('certs', 'history', '--root', root)
  expect(stderr).toContain('backup 20250101T000000Z cannot be used: it has no manifest\n')
})

it('a copy that is damaged is seen in the history', async () => {
  const { root } = await renewedNode('apiserver')
  rmSync(join(root, BACKUPS, ID, K, 'pki/apiserver.key'))
  const { stdout, stderr } = await kubepki('certs', 'history', '--root', root)
  expect(stdout).toBe('')
  expect(stderr).toContain(`backup ${ID} cannot be used: `)
})

it('a part of a pair that --force puts back is told', async () => {
  const { root } = await renewedNode('apiserver', '--key', 'keep')
  await renew(root, 'apiserver')
  const { stderr } = await rollback(root, ID, '--force')
  expect(stderr).toContain('warning: apiserver: its key is not the certificate')
})

it('requests in a read-only place leave nothing that stops later jobs', async () => {
  const root = copyNode('ecdsa')
  const { exitCode, stderr } = await renew(root, 'apiserver', '--csr-only', '--csr-dir', '/proc/kubepki/csr')
  expect(exitCode).toBe(1)
  expect(stderr).toContain('nothing was changed')
  expect((await renew(root, 'apiserver')).exitCode).toBe(0)
})
