/** The way out to an external CA: what lies with the requests, what `certs requests` says of them, and the archive. */
import { execFileSync, spawnSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ListedRequest } from '../../src/pki/pending-requests.ts'
import type { RequestManifest } from '../../src/pki/request-manifest.ts'
import { publicKeySha256OfKey, readPrivateKey } from '../../src/x509/key.ts'
import { openssl } from '../support/certificates.ts'
import { COMMAND, kubepki, type Outcome } from '../support/host.ts'
import { documentIn, K, NODE, read, said } from '../support/made.ts'
import { copyNode, fingerprint, fixture, readFixture, tempDir } from '../support/node.ts'

const CSR = 'pki/csr'
const renew = (root: string, ...args: string[]) => kubepki('certs', 'renew', ...args, '--root', root)
const generate = (root: string, ...args: string[]) =>
  kubepki('certs', 'generate-csr', ...NODE, ...args, '--root', root)
const requests = (root: string, ...args: string[]) => kubepki('certs', 'requests', ...args, '--root', root)

const manifestIn = (root: string) => JSON.parse(read(root, `${CSR}/requests.json`)) as RequestManifest
const fingerprintOf = (root: string) => fingerprint(join(root, K, CSR))

async function listed(root: string, ...args: string[]): Promise<Record<string, ListedRequest>> {
  const outcome = await requests(root, '-o', 'json', ...args)
  expect(outcome.exitCode, outcome.stderr).toBe(0)
  const list = (documentIn(outcome) as unknown as { requests: ListedRequest[] }).requests
  return Object.fromEntries(list.map(one => [one.name, one]))
}

/** By the CA of the node whose CA is external. */
function sign(csr: string, ca = 'ca'): string {
  const authority = fixture('nodes/external-ca', K, `pki/${ca}.crt`)
  const signer = ['-CA', authority, '-CAkey', fixture('nodes/external-ca/offline', `${ca}.key`)]
  return openssl(['x509', '-req', '-days', '30', '-copy_extensions', 'copyall', ...signer], csr)
}

describe('requests.json', () => {
  it('says of each request what it is, and its public key is that of the key beside it', async () => {
    const root = copyNode('external-ca')
    const { stdout } = await renew(root, 'apiserver', 'etcd-server', '--csr-only', '-o', 'json')
    expect(JSON.parse(stdout)).toMatchObject({
      manifestFile: join(root, K, CSR, 'requests.json'),
      sheetFile: join(root, K, CSR, 'SIGNING.md'),
    })
    const manifest = manifestIn(root)
    expect(manifest).toMatchObject({ apiVersion: 'kubepki/v1', kind: 'CertificateRequests', node: 'cp-1' })
    expect(manifest.requests.map(({ name, file }) => [name, file])).toEqual([
      ['apiserver', 'apiserver.csr'],
      ['etcd-server', 'etcd-server.csr'],
    ])
    expect(manifest.requests[1]).toMatchObject({
      created: '2026-12-01T00:00:00Z',
      subject: 'CN=cp-1',
      subjectAltNames: ['DNS:cp-1', 'DNS:localhost', 'IP:192.0.2.10', 'IP:127.0.0.1', 'IP:::1'],
      keyUsage: ['digitalSignature', 'keyEncipherment'],
      extKeyUsage: ['serverAuth', 'clientAuth'],
      caName: 'etcd-ca',
      caSubject: 'CN=etcd-ca',
      longestValidityDays: 365,
      certificateFile: join(root, K, 'pki/etcd/server.crt'),
    })
    for (const { name, publicKeySha256 } of manifest.requests) {
      const key = readPrivateKey(read(root, `${CSR}/${name}.key`))
      expect('key' in key && publicKeySha256OfKey(key)).toBe(publicKeySha256)
    }
    for (const file of ['requests.json', 'SIGNING.md'])
      expect(statSync(join(root, K, CSR, file)).mode & 0o777).toBe(0o644)
  })

  it('of generate-csr names requests in kubeadm’s places, from its own', async () => {
    const root = tempDir()
    await generate(root)
    const manifest = manifestIn(root)
    expect(manifest.requests).toHaveLength(12)
    for (const { file } of manifest.requests) expect(existsSync(join(root, K, CSR, file)), file).toBe(true)
    expect(manifest.requests.map(({ file }) => file)).toEqual(
      expect.arrayContaining(['../apiserver.csr', '../etcd/server.csr', '../../admin.conf.csr']),
    )
    expect(manifest.requests[0]).not.toHaveProperty('caSubject')
  })

  it('of generate-csr leads to the requests also where the PKI directory is a link', async () => {
    const root = tempDir()
    mkdirSync(join(root, K), { recursive: true })
    mkdirSync(join(root, 'srv/deep/pki'), { recursive: true })
    symlinkSync('/srv/deep/pki', join(root, K, 'pki'))
    expect(await generate(root)).toMatchObject({ exitCode: 0 })
    const directory = join(root, 'srv/deep/pki/csr')
    const text = readFileSync(join(directory, 'requests.json'), 'utf8')
    for (const { file } of (JSON.parse(text) as RequestManifest).requests)
      expect(existsSync(join(directory, file)), file).toBe(true)
  })

  it('asks for the validity of the flag, or of the configuration', async () => {
    const root = copyNode('external-ca')
    await renew(root, 'apiserver', '--csr-only', '--validity', '90d')
    expect(manifestIn(root).requests[0]?.longestValidityDays).toBe(90)
    const config = join(tempDir(), 'kubeadm.yaml')
    const lines = [
      'apiVersion: kubeadm.k8s.io/v1beta4',
      'kind: ClusterConfiguration',
      'certificateValidityPeriod: 240h',
    ]
    writeFileSync(config, `${lines.join('\n')}\n`)
    await renew(root, 'apiserver', '--csr-only', '--force', '--config', config)
    const days = manifestIn(root).requests.flatMap(row => row.replaced ?? row.longestValidityDays)
    expect(days.toSorted()).toEqual([10, '2026-12-01T00:00:00Z'])
    const other = tempDir()
    await generate(other, 'apiserver', '--config', config)
    expect(manifestIn(other).requests[0]?.longestValidityDays).toBe(10)
  })

  it('a second run writes nothing', async () => {
    const root = copyNode('external-ca')
    await renew(root, 'all', '--csr-only')
    const before = fingerprint(root)
    const { stdout } = await renew(root, 'all', '--csr-only', '-o', 'json')
    expect(JSON.parse(stdout)).toMatchObject({ changed: false, manifestFile: expect.any(String) })
    expect(JSON.parse(stdout)).not.toHaveProperty('backup')
    expect(fingerprint(root)).toEqual(before)
  })

  it('keeps the requests of other runs, and marks those that were replaced', async () => {
    const root = copyNode('external-ca')
    await renew(root, 'apiserver', '--csr-only')
    await renew(root, 'admin.conf', '--csr-only')
    const [admin, apiserver] = manifestIn(root).requests
    expect([admin?.name, apiserver?.name]).toEqual(['admin.conf', 'apiserver'])
    await renew(root, 'apiserver', '--csr-only', '--force', '--now', '2026-12-02T00:00:00Z')
    const after = manifestIn(root).requests
    expect(after.slice(0, 2)).toEqual([admin, { ...apiserver, replaced: '2026-12-02T00:00:00Z' }])
    expect(after[2]).toMatchObject({ name: 'apiserver', created: '2026-12-02T00:00:00Z' })
    const sheet = read(root, `${CSR}/SIGNING.md`)
    expect(sheet).toContain(after[2]?.publicKeySha256)
    expect(sheet).not.toContain(apiserver?.publicKeySha256)
  })

  it.each([
    ['foreign', '{"kind":"Deployment"}', 'not the requests.json that kubepki writes: apiVersion'],
    ['empty', '', 'not the requests.json that kubepki writes: no JSON object'],
    ['not text', '\ud800', 'not the requests.json that kubepki writes'],
  ])('that is %s is replaced with one warning, and nothing that waits is lost', async (_, text, found) => {
    const root = copyNode('external-ca')
    await renew(root, 'apiserver', 'admin.conf', '--csr-only')
    const keys = manifestIn(root).requests.map(({ publicKeySha256 }) => publicKeySha256)
    writeFileSync(join(root, K, CSR, 'requests.json'), text)
    const plan = await renew(root, 'apiserver', '--csr-only', '--dry-run')
    const outcome = await renew(root, 'apiserver', '--csr-only')
    for (const one of [plan, outcome])
      expect(said(one, 'warning')).toEqual([expect.stringMatching(new RegExp(`requests\\.json: ${found}`))])
    expect(manifestIn(root).requests.map(({ publicKeySha256 }) => publicKeySha256)).toEqual(keys)
    expect(said(await renew(root, 'apiserver', '--csr-only'), 'warning')).toEqual([])
  })

  it('that is lost is made again, and so is the sheet', async () => {
    const root = copyNode('external-ca')
    await renew(root, 'apiserver', '--csr-only')
    const before = fingerprintOf(root)
    rmSync(join(root, K, CSR, 'SIGNING.md'))
    await renew(root, 'apiserver', '--csr-only')
    expect(fingerprintOf(root)).toEqual(before)
    rmSync(join(root, K, CSR, 'requests.json'))
    await renew(root, 'apiserver', '--csr-only')
    expect(Object.keys(fingerprintOf(root))).toEqual(Object.keys(before))
  })

  it('never goes through a link to another file', async () => {
    const root = copyNode('external-ca')
    mkdirSync(join(root, K, CSR))
    symlinkSync('../apiserver.key', join(root, K, CSR, 'requests.json'))
    const before = fingerprint(root)
    expect(await renew(root, 'apiserver', '--csr-only')).toMatchObject({ exitCode: 1 })
    expect(fingerprint(root)).toEqual(before)
  })

  it('comes and goes with its job', async () => {
    const root = copyNode('external-ca')
    await renew(root, 'admin.conf', '--csr-only')
    const before = fingerprintOf(root)
    await renew(root, 'apiserver', '--csr-only')
    expect(manifestIn(root).requests).toHaveLength(2)
    expect(await kubepki('certs', 'rollback', '--root', root)).toMatchObject({ exitCode: 0 })
    expect(fingerprintOf(root)).toEqual(before)
    const fresh = tempDir()
    await generate(fresh)
    await kubepki('certs', 'rollback', '--root', fresh)
    expect(existsSync(join(fresh, K, 'pki'))).toBe(false)
  })

  it('a dry run names both files and writes none', async () => {
    const root = copyNode('external-ca')
    const before = fingerprint(root)
    const files = {
      manifestFile: join(root, K, CSR, 'requests.json'),
      sheetFile: join(root, K, CSR, 'SIGNING.md'),
    }
    expect(documentIn(await renew(root, 'apiserver', '--csr-only', '--dry-run', '-o', 'json'))).toMatchObject(
      files,
    )
    expect((await renew(root, 'apiserver', '--dry-run')).stderr).toContain(files.sheetFile)
    expect(fingerprint(root)).toEqual(before)
    const fresh = tempDir()
    const plan = documentIn(await generate(fresh, '--dry-run', '-o', 'json'))
    expect(plan).toMatchObject({ manifestFile: join(fresh, K, CSR, 'requests.json') })
    expect(fingerprint(fresh)).toEqual({})
  })

  it('is not there when nothing was requested', async () => {
    const root = copyNode('stock-1.31')
    const { stdout } = await renew(root, 'apiserver', '-o', 'json')
    expect(JSON.parse(stdout)).not.toHaveProperty('manifestFile')
    expect(existsSync(join(root, K, CSR))).toBe(false)
  })
})

describe('certs requests', () => {
  it('a request is pending, then answered by a file of any name, then installed', async () => {
    const root = copyNode('external-ca')
    await renew(root, 'apiserver', 'admin.conf', '--csr-only')
    expect(await listed(root)).toMatchObject({
      apiserver: { state: 'pending', age: 0 },
      'admin.conf': { state: 'pending' },
    })
    const answer = sign(read(root, `${CSR}/apiserver.csr`))
    const file = join(root, K, CSR, 'cert-7781.cer')
    writeFileSync(file, readFixture('nodes/external-ca', K, 'pki/ca.crt') + answer)
    expect(await listed(root)).toMatchObject({
      apiserver: { state: 'answered', answerFile: file },
      'admin.conf': { state: 'pending' },
    })
    const outcome = await requests(root)
    expect(said(outcome, 'warning')).toEqual([`apiserver: its answer lies unused: ${file}`])
    expect(said(outcome, 'hint')).toContain(`kubepki certs import --partial --root ${root}`)
    writeFileSync(join(root, K, 'pki/apiserver.crt'), answer)
    writeFileSync(join(root, K, 'pki/apiserver.key'), read(root, `${CSR}/apiserver.key`))
    expect(await listed(root)).toMatchObject({ apiserver: { state: 'installed' } })
    expect(said(await requests(root), 'warning').join()).not.toContain('lies unused')
  })

  it('requests of generate-csr: kubeconfigs that wait, pairs without a certificate', async () => {
    const root = tempDir()
    await generate(root)
    const all = await listed(root)
    expect(Object.keys(all)).toHaveLength(12)
    expect(new Set(Object.values(all).map(({ state }) => state))).toEqual(new Set(['pending']))
    expect(all['admin.conf']).toMatchObject({
      csrFile: join(root, K, 'admin.conf.csr'),
      keyFile: join(root, K, 'admin.conf'),
      certificateFile: join(root, K, 'admin.conf'),
    })
    rmSync(join(root, K, 'pki/apiserver.key'))
    expect((await listed(root)).apiserver).toMatchObject({
      state: 'incomplete',
      message: expect.stringMatching(/key is not in .*apiserver\.key$/),
    })
  })

  it.each([
    ['a request without its key', `${CSR}/apiserver.key`, null],
    ['a key without its request', `${CSR}/apiserver.csr`, null],
    ['a request that is none', `${CSR}/apiserver.csr`, 'hello\n'],
    ['a key that is another', `${CSR}/apiserver.key`, 'defects/good.key'],
  ])('%s is incomplete, with what is wrong and what to do', async (_, file, contents) => {
    const root = copyNode('external-ca')
    await renew(root, 'apiserver', '--csr-only')
    const path = join(root, K, file)
    if (contents === null) rmSync(path)
    else writeFileSync(path, contents.includes('/') ? readFixture(contents) : contents)
    const outcome = await requests(root)
    expect(outcome.exitCode).toBe(0)
    expect(outcome.stdout).toMatch(/^apiserver +incomplete /m)
    expect(said(outcome, 'warning')).toEqual([expect.stringMatching(/^apiserver: .*apiserver\.(csr|key)/)])
    expect(said(outcome, 'hint')).toEqual([
      expect.stringContaining('kubepki certs renew apiserver --csr-only'),
    ])
  })

  it('warns of what waits too long, once for all of it, and of what was forgotten', async () => {
    const root = copyNode('external-ca')
    await renew(root, 'apiserver', 'admin.conf', '--csr-only')
    const late = await requests(root, '--now', '2026-12-20T00:00:00Z')
    expect(late.exitCode).toBe(0)
    expect(said(late, 'warning')).toHaveLength(2)
    expect(said(late, 'hint')).toHaveLength(2)
    const forgotten = await requests(root, '--now', '2036-12-20T00:00:00Z')
    expect(said(forgotten, 'warning')).toContainEqual(
      expect.stringMatching(/^scheduler\.conf: .*no request is out/),
    )
    expect(said(forgotten, 'warning').join()).not.toContain('etcd-server: expire')
  })

  it('-o json and -o yaml are one document, of --csr-dir too', async () => {
    const root = copyNode('external-ca')
    const directory = join(tempDir(), 'requests')
    await renew(root, 'apiserver', '--csr-only', '--csr-dir', directory)
    const [json, yaml] = [
      await requests(root, '--csr-dir', directory, '-o', 'json'),
      await requests(root, '--csr-dir', directory, '-o', 'yaml'),
    ]
    expect(documentIn(json)).toEqual(documentIn(yaml))
    expect(documentIn(json)).toMatchObject({
      ...{ apiVersion: 'kubepki/v1', kind: 'CertificateRequestList', directory, findings: [] },
      manifestFile: join(directory, 'requests.json'),
      requests: [
        {
          name: 'apiserver',
          subject: 'CN=kube-apiserver',
          certificateFile: join(root, K, 'pki/apiserver.crt'),
        },
      ],
    })
    expect(said(await requests(root, '--csr-dir', directory), 'hint')).toContainEqual(
      expect.stringContaining(`--root ${root} --csr-dir ${directory}`),
    )
  })

  it('nothing at all is said, and changes nothing', async () => {
    const root = copyNode('stock-1.31')
    const before = fingerprint(root)
    const outcome = await requests(root)
    expect(outcome).toMatchObject({ stdout: '', exitCode: 0 })
    expect(outcome.stderr).toMatch(
      /^kubepki: no request in .*pki\/csr, nor beside the live files\nkubepki: hint: asked for with another .*\n$/,
    )
    expect(fingerprint(root)).toEqual(before)
    expect(await requests(tempDir())).toMatchObject({ stdout: '', exitCode: 1 })
    expect(await requests(root, '--csr-dir', join(root, K, 'pki'))).toMatchObject({ stdout: '', exitCode: 2 })
  })

  it.skipIf(process.getuid?.() !== 0)('of keys that may not be read nothing is guessed', async () => {
    const root = copyNode('external-ca')
    await renew(root, 'apiserver', '--csr-only')
    const fresh = tempDir()
    await generate(fresh, 'apiserver')
    for (const directory of [root, fresh]) {
      chmodSync(directory, 0o755)
      const argv = ['--reuid', '65534', '--regid', '65534', '--clear-groups', ...COMMAND, 'certs', 'requests']
      const { status, stderr } = spawnSync('setpriv', [...argv, '--root', directory], { encoding: 'utf8' })
      expect(status, stderr).toBeGreaterThan(0)
      expect(stderr).toMatch(
        /^kubepki: error: .*: permission denied\nkubepki: hint: run as root: sudo kubepki /,
      )
    }
  })

  it('what a file said does not steer the terminal', async () => {
    const root = copyNode('external-ca')
    await renew(root, 'apiserver', '--csr-only')
    const key = join(root, K, CSR, 'apiserver.key')
    const csr = openssl(['req', '-new', '-key', key, '-subj', '/CN=a\u001b[31m', '-utf8'])
    writeFileSync(join(root, K, CSR, 'apiserver.csr'), csr)
    const { stdout, stderr } = await requests(root)
    expect(stdout + stderr).not.toContain('\u001b')
  })
})

describe('--archive', () => {
  const list = (archive: string) =>
    execFileSync('tar', ['tvf', archive, '--numeric-owner', '--full-time', '--utc'], { encoding: 'utf8' })
      .trim()
      .split('\n')
  const archiveFile = () => join(tempDir(), 'requests.tar')
  const told = ({ stderr }: Outcome, archive: string) =>
    expect(stderr).toContain(`kubepki: packed for the CA's people: ${archive}\n`)

  it.each([
    [
      'renew',
      (root: string, ...args: string[]) => renew(root, 'apiserver', 'admin.conf', '--csr-only', ...args),
    ],
    ['generate-csr', (root: string, ...args: string[]) => generate(root, 'apiserver', 'admin.conf', ...args)],
  ])('%s packs flat requests, requests.json and the sheet, and never a key', async (name, work) => {
    const root = name === 'renew' ? copyNode('external-ca') : tempDir()
    const archive = archiveFile()
    const outcome = await work(root, '--archive', archive)
    expect(outcome.exitCode, outcome.stderr).toBe(0)
    told(outcome, archive)
    expect(statSync(archive).mode & 0o777).toBe(0o644)
    const files = ['SIGNING.md', 'requests.json', 'admin.conf.csr', 'apiserver.csr']
    expect(list(archive)).toEqual(
      files.map(file =>
        expect.stringMatching(
          new RegExp(`^-rw-r--r-- 0/0 +\\d+ 2026-12-01 00:00:00 ${file.replaceAll('.', '\\.')}$`),
        ),
      ),
    )
    expect(readFileSync(archive, 'latin1')).not.toContain('PRIVATE KEY')
    const directory = tempDir()
    execFileSync('tar', ['xf', archive, '-C', directory, '--warning=no-timestamp'])
    const manifest = JSON.parse(readFileSync(join(directory, 'requests.json'), 'utf8')) as RequestManifest
    expect(manifest.requests.map(({ file }) => file)).toEqual(['admin.conf.csr', 'apiserver.csr'])
    expect(readFileSync(join(directory, 'apiserver.csr'), 'utf8')).toBe(
      read(root, name === 'renew' ? `${CSR}/apiserver.csr` : 'pki/apiserver.csr'),
    )
    const again = archiveFile()
    told(await requests(root, '--archive', again), again)
    expect(readFileSync(again)).toEqual(readFileSync(archive))
  })

  it('has no key even when one lies in the file of a request', async () => {
    const root = copyNode('external-ca')
    await renew(root, 'apiserver', '--csr-only')
    appendFileSync(join(root, K, CSR, 'apiserver.csr'), read(root, `${CSR}/apiserver.key`))
    const archive = archiveFile()
    expect(await requests(root, '--archive', archive)).toMatchObject({ exitCode: 0 })
    expect(readFileSync(archive, 'latin1')).not.toContain('PRIVATE KEY')
  })

  it('has what waits alone, and is one that GNU tar takes whatever its size', async () => {
    const root = copyNode('external-ca')
    await renew(root, 'all', '--csr-only')
    for (const name of ['apiserver', 'admin.conf']) {
      const archive = archiveFile()
      await requests(root, '--archive', archive)
      expect(list(archive).join()).toContain(`${name}.csr`)
      rmSync(join(root, K, CSR, `${name}.key`))
      const next = archiveFile()
      await requests(root, '--archive', next)
      expect(list(next).join()).not.toContain(`${name}.csr`)
    }
  })

  it('never takes the place of a file, and then nothing else is done either', async () => {
    const archive = archiveFile()
    writeFileSync(archive, 'mine')
    const root = copyNode('external-ca')
    const before = fingerprint(root)
    const fresh = tempDir()
    for (const outcome of [
      await renew(root, 'apiserver', '--csr-only', '--archive', archive),
      await renew(root, 'apiserver', '--csr-only', '--dry-run', '--archive', archive),
      await generate(fresh, '--archive', archive),
    ]) {
      expect(outcome).toMatchObject({ stdout: '', exitCode: 1 })
      expect(said(outcome, 'error')).toEqual([`${archive} is there already, and is not overwritten`])
    }
    expect(fingerprint(root)).toEqual(before)
    expect(fingerprint(fresh)).toEqual({})
    expect(readFileSync(archive, 'utf8')).toBe('mine')
  })

  it.each([
    ['a directory that is not there', '/nowhere/out.tar', 'its directory does not exist'],
    ['a file for a directory', `${fixture('defects/good.key')}/out.tar`, 'a part of this path is a file'],
    ['a directory', fixture('defects'), 'is there already'],
  ])('in %s is refused before anything is done', async (_, archive, found) => {
    const root = copyNode('external-ca')
    const before = fingerprint(root)
    const outcome = await renew(root, 'apiserver', '--csr-only', '--archive', archive)
    expect(outcome).toMatchObject({ stdout: '', exitCode: 1 })
    expect(said(outcome, 'error')).toEqual([expect.stringContaining(found)])
    expect(fingerprint(root)).toEqual(before)
  })

  it('that fails leaves the requests, says so, and how to make it again', async () => {
    const root = copyNode('external-ca')
    const outcome = await renew(root, 'apiserver', '--csr-only', '--archive', '/proc/kubepki.tar')
    expect(outcome.exitCode).toBe(1)
    expect(said(outcome, 'error')).toEqual([
      expect.stringMatching(/^the requests are made, but not the archive: cannot write/),
    ])
    expect(said(outcome, 'hint')).toContain(
      `to make it again: kubepki certs requests --archive FILE.tar --root ${root}`,
    )
    expect(existsSync(join(root, K, CSR, 'apiserver.csr'))).toBe(true)
    const { stdout } = await renew(
      root,
      'admin.conf',
      '--csr-only',
      '--archive',
      '/proc/kubepki.tar',
      '-o',
      'json',
    )
    expect(JSON.parse(stdout)).toMatchObject({
      changed: true,
      archiveFailure: expect.stringContaining('cannot write'),
    })
  })

  it('of nothing is no archive', async () => {
    const root = copyNode('stock-1.31')
    const archive = archiveFile()
    const outcome = await requests(root, '--archive', archive)
    expect(outcome).toMatchObject({ stdout: '', exitCode: 1 })
    expect(said(outcome, 'error')).toEqual([
      expect.stringMatching(/^no request waits in .*: no archive was made$/),
    ])
    expect(await renew(root, 'apiserver', '--archive', archive)).toMatchObject({ exitCode: 0 })
    expect(existsSync(archive)).toBe(false)
  })
})
