/** `--output-file`: what a collector or a web server reads. */
import { existsSync, lstatSync, readdirSync, readFileSync, symlinkSync, watch, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { kubepki } from '../support/host.ts'
import { copyNode, fingerprint, fixture, tempDir } from '../support/node.ts'
import { runToEnd } from '../support/process.ts'

const K = 'etc/kubernetes'
const mask = process.umask()
afterEach(() => void process.umask(mask))

const COMMANDS = [
  ['certs', 'check-expiration'],
  ['certs', 'verify'],
]
const CASES = COMMANDS.flatMap(words =>
  ['text', 'json', 'yaml', 'prometheus', 'html'].map(format => [words.join(' '), format] as const),
)
const run = (words: string, ...args: string[]) => kubepki(...words.split(' '), ...args)

describe.each(CASES)('%s -o %s', (words, format) => {
  it('writes what would be printed, and prints nothing', async () => {
    process.umask(0o077)
    const [file, root] = [join(tempDir(), 'report.prom'), copyNode('stock-1.31')]
    const printed = await run(words, '--root', root, '-o', format)
    const written = await run(words, '--root', root, '-o', format, '--output-file', file)
    expect(written).toEqual({ ...printed, stdout: '' })
    expect(printed.stdout).not.toBe('')
    expect(readFileSync(file, 'utf8')).toBe(printed.stdout)
    expect(lstatSync(file).mode & 0o7777).toBe(0o644)
  })
})

describe.each(COMMANDS.map(words => words.join(' ')))('%s --output-file', words => {
  it('exits as without it, and the file is there', async () => {
    const file = join(tempDir(), 'report')
    const within = words.endsWith('expiration') ? ['--within', '30d'] : []
    const { exitCode } = await run(words, '--root', copyNode('expired'), ...within, '--output-file', file)
    expect({ exitCode, isThere: existsSync(file) }).toEqual({ exitCode: 3, isThere: true })
  })

  it('keeps the old file when there is nothing to report', async () => {
    const directory = tempDir()
    writeFileSync(join(directory, 'kubepki.prom'), 'old')
    const before = fingerprint(directory)
    const outcome = await run(words, '--root', tempDir(), '--output-file', join(directory, 'kubepki.prom'))
    expect(outcome).toMatchObject({ stdout: '', exitCode: 1 })
    expect(fingerprint(directory)).toEqual(before)
  })

  it.each([
    ['a certificate', `${K}/pki/apiserver.crt`],
    ['a key', `${K}/pki/ca.key`],
    ['a kubeconfig', `${K}/admin.conf`],
    ['the public key of the service account', `${K}/pki/sa.pub`],
    ['a manifest', `${K}/manifests/etcd.yaml`],
    ["the kubelet's", 'var/lib/kubelet/pki/kubelet-client-current.pem'],
    ['one that is missing', `${K}/pki/etcd/peer.crt`],
  ])('refuses %s of the node', async (_, own) => {
    const root = copyNode('stock-1.31', { [`${K}/pki/etcd/peer.crt`]: null })
    const before = fingerprint(root)
    const link = join(tempDir(), 'link')
    symlinkSync(join(root, K, '..', '..'), link)
    for (const file of [
      join(root, own),
      join(link, own),
      join(root, K, '..', 'kubernetes', '..', '..', own),
    ]) {
      const { stdout, stderr, exitCode } = await run(words, '--root', root, '--output-file', file)
      expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 2 })
      expect(stderr).toContain(`kubepki: error: --output-file names one of the node's own files: ${file}\n`)
    }
    expect(fingerprint(root)).toEqual(before)
  })

  it.each([
    ["the kubelet's configuration", 'var/lib/kubelet/config.yaml', "the node's own directories"],
    ['a new manifest', `${K}/manifests/report.html`, "the node's own directories"],
    ['the key of a request', `${K}/pki/csr/apiserver.key`, "the node's own directories"],
    ['a stray file beside keys', `${K}/pki/etcd/notes.txt`, "the node's own directories"],
    ['a backup', `${K}/kubepki-backups/x/report`, "the node's own directories"],
    ['a key elsewhere', 'root/other.key', 'holds a key, a certificate or credentials'],
    ['a kubeconfig elsewhere', 'root/.kube/config', 'holds a key, a certificate or credentials'],
    ['a file of the requests', 'srv/requests/x', "the node's own directories"],
    ['what --config names', 'root/kubeadm.yaml', 'a file that this command reads'],
  ])('refuses %s', async (_, name, why) => {
    const node = (file: string) => readFileSync(fixture('nodes/stock-1.31', file), 'utf8')
    const root = copyNode('stock-1.31', {
      'root/other.key': node(`${K}/pki/ca.key`),
      'root/.kube/config': node(`${K}/admin.conf`),
      'root/kubeadm.yaml': 'apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\n',
      [`${K}/pki/csr/apiserver.key`]: node(`${K}/pki/apiserver.key`),
      [`${K}/kubepki-backups/x/manifest`]: '',
      'srv/requests/readme': '',
    })
    const before = fingerprint(root)
    const file = join(root, name)
    const config = ['--config', join(root, 'root/kubeadm.yaml')]
    const requests = words.endsWith('verify') ? ['--csr-dir', join(root, 'srv/requests')] : []
    if (name.startsWith('srv') && requests.length === 0) return
    const args = [...(name.startsWith('srv') ? requests : []), ...config, '--output-file', file]
    const { stdout, stderr, exitCode } = await run(words, '--root', root, ...args)
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 2 })
    expect(stderr).toContain(why)
    expect(stderr).toContain(file)
    expect(fingerprint(root)).toEqual(before)
  })

  it.each(['/dev/stdout', '/dev/null', '/dev/fd/1'])('%s is no file: a pipe is told of', async file => {
    const outcome = await run(words, '--root', fixture('nodes/stock-1.31'), '--output-file', file)
    expect(outcome).toMatchObject({ stdout: '', exitCode: 2 })
    expect(outcome.stderr).toContain('use a pipe')
  })

  it('may stand beside kubeconfigs, and take the place of its own', async () => {
    const root = copyNode('stock-1.31')
    const file = join(root, K, 'report.html')
    for (const _ of ['first', 'second'])
      expect((await run(words, '--root', root, '-o', 'html', '--output-file', file)).exitCode).toBe(0)
  })

  it.each<[string, (directory: string) => string, RegExp]>([
    ['a directory', directory => directory, /it is a directory/],
    ['in no directory', directory => join(directory, 'no', 'x'), /its directory does not exist/],
    ['in a file', directory => join(directory, 'old', 'x'), /a part of this path is a file/],
    ['a link', directory => join(directory, 'link'), /it is a symbolic link/],
    ['a device', () => '/dev/full', /it is not a regular file/],
    ['too long a name', directory => join(directory, 'x'.repeat(300)), /its name is too long/],
  ])('%s: one line, and nothing is changed', async (_, where, found) => {
    const directory = tempDir()
    writeFileSync(join(directory, 'old'), 'old')
    symlinkSync('old', join(directory, 'link'))
    const before = fingerprint(directory)
    const file = where(directory)
    const outcome = await run(words, '--root', fixture('nodes/stock-1.31'), '--output-file', file)
    expect(outcome).toMatchObject({ stdout: '', exitCode: 1 })
    expect(outcome.stderr).toMatch(/^kubepki: error: cannot write .*; nothing was written\n$/)
    expect(outcome.stderr).toContain(file)
    expect(outcome.stderr).toMatch(found)
    expect(fingerprint(directory)).toEqual(before)
  })

  it.each(['-', ''])('%j is no file', async file => {
    const outcome = await run(words, '--root', fixture('nodes/stock-1.31'), '--output-file', file)
    expect(outcome).toMatchObject({ stdout: '', exitCode: 2 })
  })
})

it('certs verify refuses a copy of a kubeconfig that it read', async () => {
  const root = copyNode('stock-1.31', { 'home/config': 'not yet' })
  const copy = join(root, 'home/config')
  const outcome = await run('certs verify', '--root', root, '--kubeconfig', copy, '--output-file', copy)
  expect(outcome).toMatchObject({ stdout: '', exitCode: 2 })
  expect(outcome.stderr).toContain('a file that this command reads')
  expect(readFileSync(copy, 'utf8')).toBe('not yet')
})

describe('replacing', () => {
  const args = ['certs', 'check-expiration', '--root', fixture('nodes/stock-1.31'), '--output-file'] as const

  it('makes a new file of it, readable by all, and leaves no other', async () => {
    const directory = tempDir()
    const file = join(directory, 'kubepki.prom')
    writeFileSync(file, 'old', { mode: 0o600 })
    const { ino } = lstatSync(file)
    expect((await kubepki(...args, file)).exitCode).toBe(0)
    expect(readdirSync(directory)).toEqual(['kubepki.prom'])
    expect(lstatSync(file).ino).not.toBe(ino)
    expect(lstatSync(file).mode & 0o7777).toBe(0o644)
  })

  it('shows a collector of *.prom no half file on the way', async () => {
    const directory = tempDir()
    const names = new Set<string>()
    const watcher = watch(directory, (_, name) => void names.add(name ?? ''))
    await kubepki(...args, join(directory, 'kubepki.prom'))
    // They come in order, and this is the last.
    await expect.poll(() => [...names], { timeout: 20_000 }).toContain('kubepki.prom')
    watcher.close()
    expect([...names].filter(name => name.endsWith('.prom'))).toEqual(['kubepki.prom'])
    expect([...names].filter(name => !name.endsWith('.prom'))).toEqual([
      expect.stringMatching(/^\.kubepki\.prom\.[0-9a-f]{16}$/),
    ])
  })

  it('that has no room keeps the old file, and nothing of the new', async () => {
    const directory = tempDir()
    writeFileSync(join(directory, 'kubepki.prom'), 'old')
    const before = fingerprint(directory)
    const limited = ['bash', '-c', 'trap "" XFSZ; ulimit -f 1; exec "$@"', 'bash']
    const command = [process.execPath, join(import.meta.dirname, '../../dist/kubepki.cjs')]
    const html = [...args, join(directory, 'kubepki.prom'), '-o', 'prometheus']
    const outcome = await runToEnd([...limited, ...command, ...html])
    expect(outcome.stderr).toMatch(/^kubepki: error: cannot write .*nothing was written\n/)
    expect(outcome).toMatchObject({ exitCode: 1, stdout: '' })
    expect(fingerprint(directory)).toEqual(before)
  })
})
