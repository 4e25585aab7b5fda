/** What `certs renew --use-api` and `csr create --wait` tell whoever may approve: commands that work as they stand. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { makeFiles, writeKubeconfig } from '../support/fake-api-server.ts'
import { NOW } from '../support/host.ts'
import { live } from '../support/live-desk.ts'
import { copyNode, tempDir } from '../support/node.ts'
import { type RequestServer, startRequestServer } from '../support/request-server.ts'

const files = makeFiles()
afterAll(() => rmSync(files.directory, { recursive: true }))

const CLUSTER = ['--context', 'here', '--now', NOW.toISOString()]

async function serve(): Promise<{ server: RequestServer; where: string[] }> {
  const server = await startRequestServer(files)
  onTestFinished(() => server.stop())
  const kubeconfig = writeKubeconfig(files, { server: server.url, user: { token: 'x' } })
  return { server, where: ['--kubeconfig', kubeconfig, ...CLUSTER] }
}

const unanswered = (asked: readonly string[], where: readonly string[]) =>
  live([...asked, '--wait-timeout', '1s', ...where])
const renew = (names: readonly string[], ...args: string[]) => [
  'certs',
  'renew',
  ...names,
  '--use-api',
  ...args,
]

/** Those of lines that begin so, up to the end or to a semicolon. */
function commandsIn(stderr: string, before: string): string[] {
  return [...stderr.matchAll(new RegExp(`${before}: (kubepki csr approve [^;\n]*)`, 'g'))].map(
    ([, command = '']) => command,
  )
}

const asTyped = (command: string, ...more: string[]) => live([...command.split(' ').slice(1), ...more])

describe('certs renew --use-api', () => {
  it('names the rule that denies it, and prints the command that approves it all the same', async () => {
    const { server, where } = await serve()
    const root = copyNode('stock-1.31')
    const rows = ['admin.conf', 'controller-manager.conf']
    const { exitCode, stderr } = await unanswered(renew(rows, '--root', root), where)
    expect(exitCode).toBe(1)
    const [admin, manager] = [...server.objects.keys()]
    expect(stderr).toContain(
      `warning: ${admin}: CLIENT_GROUPS: groups with the rights of Kubernetes itself: "kubeadm:cluster-admins": kubepki csr approve takes --force for it\n`,
    )
    expect(stderr).toContain(`warning: ${manager}: CLIENT_NAME: CN="system:kube-controller-manager"`)
    const [printed = ''] = commandsIn(stderr, 'whoever may approves')
    expect(printed).toBe(`kubepki csr approve ${admin} ${manager} ${where.join(' ')} --force`)
    expect(commandsIn(stderr, 'whoever may approves it')).toEqual([
      `kubepki csr approve ${admin} ${where.join(' ')} --force`,
    ])
    expect(await asTyped(printed.replace(' --force', ''), '--yes')).toMatchObject({ exitCode: 3 })
    const approved = await asTyped(printed, '--yes')
    expect(approved.exitCode, approved.stderr).toBe(0)
  })

  it('forces nothing where no rule denies it', async () => {
    const { server, where } = await serve()
    const asked = renew(['scheduler.conf'], '--signer-name', 'example.com/pki', '--root', copyNode('ecdsa'))
    const { stderr } = await unanswered(asked, where)
    const [name] = [...server.objects.keys()]
    const command = `kubepki csr approve ${name} ${where.join(' ')}`
    expect(commandsIn(stderr, 'whoever may approves')).toEqual([command])
    expect(commandsIn(stderr, 'whoever may approves it')).toEqual([command])
    expect(stderr).not.toContain('warning')
    const approved = await asTyped(command, '--yes')
    expect(approved.exitCode, approved.stderr).toBe(0)
  })
})

describe('after a wait without an answer', () => {
  const at = (root: string) => ['--root', root, '--now', NOW.toISOString()]
  const historyOf = async (root: string) =>
    (await live(['certs', 'history', '--root', root])).stdout.split('\n').slice(1, -1)
  const waiting = async (root: string) => (await live(['certs', 'requests', ...at(root)])).stderr

  it.each([
    [['scheduler.conf'], '--use-api'],
    [['scheduler.conf', '--signer-name', 'example.com/pki'], '--use-api --signer-name example.com/pki'],
  ])('the history and the way on are those of %s', async (asked, flags) => {
    const { where } = await serve()
    const root = copyNode('ecdsa')
    await unanswered(renew(asked, '--root', root), where)
    expect(await historyOf(root)).toEqual([
      expect.stringMatching(new RegExp(` certs renew scheduler.conf ${flags}$`)),
    ])
    const stderr = await waiting(root)
    expect(stderr).toMatch(/^kubepki: hint: to go on [^\n]*\n$/)
    expect(stderr).toContain(`kubepki certs renew scheduler.conf ${flags} --root ${root}\n`)
  })

  it('an external CA is spoken of where one was asked last', async () => {
    const { where } = await serve()
    const root = copyNode('ecdsa')
    const byApi = renew(['scheduler.conf', 'controller-manager.conf'], '--root', root)
    await unanswered(byApi, where)
    await live(['certs', 'renew', 'scheduler.conf', '--csr-only', ...at(root)])
    const both = await waiting(root)
    expect(both).toContain('kubepki certs renew controller-manager.conf --use-api')
    expect(both).toContain('kubepki certs requests --archive requests.tar')
    await unanswered(byApi, where)
    expect(await waiting(root)).toMatch(
      /^kubepki: hint: to go on .*kubepki certs renew controller-manager.conf scheduler.conf --use-api .*\n$/,
    )
  })
})

describe('csr create --wait', () => {
  it.each([
    ['dev', ''],
    ['kubeadm:cluster-admins', ' --force'],
  ])('for the group %s', async (group, force) => {
    const { where } = await serve()
    const key = join(tempDir(), 'jane.key')
    const asked = ['csr', 'create', 'jane', '--user', 'jane', '--group', group, '--key-out', key, '--wait']
    const { exitCode, stderr } = await unanswered(asked, where)
    expect(exitCode).toBe(1)
    expect(commandsIn(stderr, 'whoever may approves it')).toEqual([
      `kubepki csr approve jane ${where.join(' ')}${force}`,
    ])
  })
})
