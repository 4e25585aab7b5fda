/** `--restart` where no kubelet listens: it fails in time, and the manifest is in its place whatever happens. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { COMMAND, kubepki } from '../support/host.ts'
import { copyNode, fingerprint } from '../support/node.ts'

const [EXECUTABLE, ...BEFORE] = COMMAND
const NOW = ['--now', '2026-12-01T00:00:00Z']
const MANIFESTS = 'etc/kubernetes/manifests'
const PATIENCE = { timeout: 40_000, interval: 20 }
const BACKUPS = 'etc/kubernetes/kubepki-backups'

/** A scheduler that listens on a port of this process, and never stops. */
async function nodeWithScheduler(): Promise<{ root: string; manifest: string; text: string }> {
  const server = createServer(socket => socket.destroy()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
  })
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const root = copyNode('stock-1.31')
  const manifest = join(root, MANIFESTS, 'kube-scheduler.yaml')
  const text = readFileSync(manifest, 'utf8').replace(
    /(\n +)- --leader-elect=true/,
    `$1- --leader-elect=true$1- --secure-port=${port}`,
  )
  writeFileSync(manifest, text)
  return { root, manifest, text }
}

const renewal = (root: string, ...more: string[]) => [
  ...['certs', 'renew', 'scheduler.conf', '--restart', '--root', root, ...NOW],
  ...more,
]

it('a pod that goes on listening is a failure, and its manifest is back', async () => {
  const { root, manifest, text } = await nodeWithScheduler()
  const { stderr, exitCode, stdout } = await kubepki(...renewal(root, '--restart-wait', '300ms'))
  expect(exitCode).toBe(1)
  expect(stdout).toContain('scheduler manager to use renewed\n')
  expect(stderr).toContain(
    'error: kube-scheduler: still listening 0.3 s after its manifest was taken away: is the kubelet running?\n',
  )
  expect(stderr).toContain('hint: changed here: restart kube-scheduler\n')
  expect(readFileSync(manifest, 'utf8')).toBe(text)
})

it.each(['SIGINT', 'SIGTERM'] as const)('%s in the middle puts the manifest back', async signal => {
  const { root, manifest, text } = await nodeWithScheduler()
  const child = spawn(EXECUTABLE, [...BEFORE, ...renewal(root, '--restart-wait', '30s')])
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    stderr += part
  })
  await expect.poll(() => existsSync(manifest), PATIENCE).toBe(false)
  child.kill(signal)
  expect(await once(child, 'close')).toEqual([1, null])
  expect(stderr).toContain('error: kube-scheduler: interrupted; its manifest is in its place\n')
  expect(readFileSync(manifest, 'utf8')).toBe(text)
  expect(existsSync(join(root, BACKUPS, 'lock'))).toBe(false)
})

async function killedWhileAway() {
  const node = await nodeWithScheduler()
  const child = spawn(EXECUTABLE, [...BEFORE, ...renewal(node.root, '--restart-wait', '30s')])
  await expect.poll(() => existsSync(node.manifest), PATIENCE).toBe(false)
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(existsSync(node.manifest)).toBe(false)
  return node
}

it('after kill -9 a report says so and changes nothing; the next job puts the manifest back', async () => {
  const { root, manifest, text } = await killedWhileAway()
  const before = fingerprint(root)
  const report = await kubepki('certs', 'check-expiration', '--root', root)
  expect(report.stderr).toMatch(
    /warning: a restart was interrupted while a manifest was away: .*certs recover/,
  )
  expect(fingerprint(root)).toEqual(before)
  const { stdout, exitCode } = await kubepki('certs', 'recover', '--root', root)
  expect(exitCode).toBe(0)
  expect(stdout).toBe(`a restart was interrupted: ${manifest} is back in its place\n`)
  expect(readFileSync(manifest, 'utf8')).toBe(text)
})

it('a manifest that somebody else put there meanwhile stays, and ours is kept', async () => {
  const { root, manifest, text } = await killedWhileAway()
  writeFileSync(manifest, 'another')
  const { stdout } = await kubepki('certs', 'recover', '--root', root)
  expect(readFileSync(manifest, 'utf8')).toBe('another')
  const kept =
    readdirSync(join(root, BACKUPS)).find(name => /^kube-scheduler\.yaml\.\w+\.replaced$/.test(name)) ?? ''
  expect(stdout).toBe(
    `another manifest has taken the place of ${manifest}: it stays, and the one that was away is ${join(root, BACKUPS, kept)}\n`,
  )
  expect(readFileSync(join(root, BACKUPS, kept), 'utf8')).toBe(text)
})

it('a manifest that is a link by another name comes back to it', async () => {
  const { root, manifest, text } = await nodeWithScheduler()
  const real = join(root, 'etc/static/kube-scheduler.v3')
  mkdirSync(join(root, 'etc/static'))
  renameSync(manifest, real)
  symlinkSync('../../static/kube-scheduler.v3', manifest)
  const { exitCode } = await kubepki(...renewal(root, '--restart-wait', '300ms'))
  expect(exitCode).toBe(1)
  expect([readFileSync(real, 'utf8'), readlinkSync(manifest)]).toEqual([
    text,
    '../../static/kube-scheduler.v3',
  ])
  expect(existsSync(join(root, BACKUPS, 'away'))).toBe(false)
})

it('what is away and cannot be put back is never forgotten', async () => {
  const { root, manifest } = await killedWhileAway()
  writeFileSync(join(root, BACKUPS, 'manifest.away'), '{')
  for (const _ of [1, 2]) {
    const { stderr, exitCode } = await kubepki('certs', 'recover', '--root', root)
    expect(exitCode).toBe(1)
    expect(stderr).toContain(
      `hint: put it back: mv ${join(root, BACKUPS, 'away/kube-scheduler.yaml')} ${manifest}\n`,
    )
  }
})
