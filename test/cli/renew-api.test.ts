/** certs renew --use-api as a process, against an API server that a test holds in its hand. */
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { K, ROWS, type Signing, signed } from '../support/answers.ts'
import { makeFiles, replyStatus, writeKubeconfig } from '../support/fake-api-server.ts'
import { COMMAND, kubepki, NOW } from '../support/host.ts'
import { conf } from '../support/made.ts'
import { copyNode, fingerprint } from '../support/node.ts'
import { type Started, startProcess } from '../support/process.ts'
import {
  approved,
  denied,
  type Held,
  type RequestServer,
  requestIn,
  type ServerOptions,
  startRequestServer,
} from '../support/request-server.ts'

const files = makeFiles()
afterAll(() => rmSync(files.directory, { recursive: true }))

const TWO = ['controller-manager.conf', 'scheduler.conf']
const CSR = `${K}/pki/csr`
const PATIENCE = { timeout: 40_000, interval: 50 }

let root: string
let before: Record<string, string>
let server: RequestServer
let kubeconfig: string

beforeEach(() => {
  root = copyNode('ecdsa')
  before = live()
})

async function serve(options: ServerOptions = {}): Promise<void> {
  server = await startRequestServer(files, options)
  onTestFinished(() => server.stop())
  kubeconfig = writeKubeconfig(files, { server: server.url, user: { token: 'x' } })
}

/** All that is in use: neither what waits nor what is kept. */
function live(): Record<string, string> {
  const entries = Object.entries(fingerprint(root))
  return Object.fromEntries(entries.filter(([path]) => !/\/(csr|kubepki-backups)(\/|$)/.test(path)))
}

function renew(names: readonly string[], ...args: string[]): Started {
  const asked = ['certs', 'renew', ...names, '--use-api', '--encryption-algorithm', 'ECDSA-P256', ...args]
  const where = ['--root', root, '--kubeconfig', kubeconfig, '--now', NOW.toISOString()]
  const started = startProcess([...COMMAND, ...asked, ...where])
  onTestFinished(() => started.kill('SIGKILL'))
  return started
}

/** What the row of a request is called. */
const rowOf = ({ metadata: { name = '' } }: Held) => /^kubepki-(.*)-[0-9a-f]{10}$/.exec(name)?.[1] ?? ''

function certificateFor(held: Held, signing: Partial<Signing> = {}): string {
  const [base, extKeyUsage] = ROWS[rowOf(held)] as readonly [string, string]
  const text = (end: string) => readFileSync(join(root, K, 'pki', `${base}.${end}`), 'utf8')
  return signed(requestIn(held), {
    by: { certificate: text('crt'), key: text('key') },
    ...{ extKeyUsage, ...signing },
  })
}

async function heldOf(...rows: readonly string[]): Promise<Held[]> {
  const found = () =>
    rows.flatMap(row => [...server.objects.values()].find(held => rowOf(held) === row) ?? [])
  await expect.poll(() => found().length, PATIENCE).toBe(rows.length)
  return found()
}

function answer(held: Held, status: object): void {
  server.change(String(held.metadata.name), status)
}

const isWaiting = (renewing: Started) =>
  expect.poll(renewing.stderr, PATIENCE).toContain('whoever may approves: kubepki csr approve')
const waitingKey = (name: string) => readFileSync(join(root, CSR, `${name}.key`), 'utf8')
const posts = () => server.seen.filter(({ method }) => method === 'POST').length

describe('certs renew --use-api', () => {
  it('installs all together, when all are answered and not before, with the keys that waited', async () => {
    await serve()
    const renewing = renew(TWO)
    const [first, second] = (await heldOf(...TWO)) as [Held, Held]
    await isWaiting(renewing)
    const keys = TWO.map(waitingKey)
    answer(first, approved(certificateFor(first)))
    answer(second, approved())
    await new Promise(resolve => setTimeout(resolve, 500))
    expect(live()).toEqual(before)
    answer(second, approved(certificateFor(second)))
    const { exitCode, stdout, stderr, signal } = await renewing.ended
    expect({ exitCode, signal }, stderr).toEqual({ exitCode: 0, signal: null })
    expect(stdout.match(/renewed$/gm)).toHaveLength(2)
    expect(TWO.map(name => conf(root, name.replace('.conf', '')).key)).toEqual(keys)
    expect(readdirSync(join(root, CSR)).filter(file => file.endsWith('.key'))).toEqual([])
    expect(await kubepki('certs', 'rollback', '--root', root)).toMatchObject({ exitCode: 0 })
    expect(live()).toEqual(before)
  })

  it('says as JSON what became of it, and nothing else on stdout', async () => {
    await serve({ onCreate: held => approved(certificateFor(held)) })
    const { exitCode, stdout } = await renew(TWO, '-o', 'json').ended
    expect(exitCode).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      kind: 'RenewalResult',
      changed: true,
      renewed: TWO.map(name => ({ name, newKey: true })),
      pending: [],
    })
  })

  it.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)(
    '%s while it waits: the next run goes on with the same keys, and sends nothing anew',
    async signal => {
      await serve()
      const renewing = renew(TWO)
      const both = await heldOf(...TWO)
      await isWaiting(renewing)
      renewing.kill(signal)
      const { exitCode, stderr } = await renewing.ended
      expect(exitCode).toBe(signal === 'SIGKILL' ? null : 1)
      if (signal !== 'SIGKILL') expect(stderr).toMatch(/error: interrupted; .*\n.*hint: run the same again/)
      expect(live()).toEqual(before)
      const keys = TWO.map(waitingKey)
      for (const held of both) answer(held, approved(certificateFor(held)))
      const again = await renew(TWO).ended
      expect(again.exitCode, again.stderr).toBe(0)
      expect(again.stderr.match(/is in the cluster already/g)).toHaveLength(2)
      expect(server.objects.size).toBe(2)
      expect(TWO.map(name => conf(root, name.replace('.conf', '')).key)).toEqual(keys)
    },
  )

  it('denied: nothing changes, and the way on is a new key', async () => {
    await serve()
    const renewing = renew(TWO)
    const [first, second] = (await heldOf(...TWO)) as [Held, Held]
    answer(first, approved(certificateFor(first)))
    answer(second, denied('NotToday'))
    const { exitCode, stderr } = await renewing.ended
    expect(exitCode).toBe(1)
    expect(stderr).toContain(`the request ${second.metadata.name} was denied: NotToday`)
    expect(stderr).toMatch(/hint: .*--force/)
    expect(live()).toEqual(before)
    expect((await renew(TWO).ended).stderr).toContain('was denied: NotToday')
    const anew = renew(['scheduler.conf'], '--force')
    await expect.poll(() => server.objects.size, PATIENCE).toBe(3)
    const third = [...server.objects.values()].at(-1) as Held
    answer(third, approved(certificateFor(third)))
    expect((await anew.ended).exitCode).toBe(0)
  })

  it('waits on while the server is away', async () => {
    await serve()
    const renewing = renew(TWO)
    const both = await heldOf(...TWO)
    await isWaiting(renewing)
    await server.stop()
    await expect.poll(renewing.stderr, PATIENCE).toContain('asking again')
    await server.start()
    for (const held of both) answer(held, approved(certificateFor(held)))
    const { exitCode, stderr } = await renewing.ended
    expect(exitCode, stderr).toBe(0)
    expect(server.objects.size).toBe(2)
  })

  it('a server that goes away for good: an end in time, and nothing changed', async () => {
    await serve()
    const renewing = renew(TWO, '--wait-timeout', '3s')
    await isWaiting(renewing)
    await server.stop()
    const { exitCode, stderr } = await renewing.ended
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/error: no answer within .*\n.*hint: /)
    expect(live()).toEqual(before)
    expect((await renew(TWO).ended).stderr).toContain('nobody listens there')
  })

  it('one that took the first request and not the second: the next run sends what is missing', async () => {
    let isUnwell = true
    await serve({
      before: ({ method }, response) => {
        if (method !== 'POST' || posts() < 2 || !isUnwell) return false
        replyStatus(response, 500, { message: 'etcd is unwell' })
        return true
      },
      onCreate: held => approved(certificateFor(held)),
    })
    const failed = await renew(TWO).ended
    expect(failed).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('etcd is unwell') })
    expect(live()).toEqual(before)
    isUnwell = false
    const again = await renew(TWO).ended
    expect(again.exitCode, again.stderr).toBe(0)
    expect(again.stderr.match(/is in the cluster already/g)).toHaveLength(1)
  })

  it('removed from the cluster while it waits: the next run sends the same key again', async () => {
    await serve()
    const renewing = renew(['scheduler.conf'])
    const [held] = (await heldOf('scheduler.conf')) as [Held]
    await isWaiting(renewing)
    server.remove(String(held.metadata.name))
    expect(await renewing.ended).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('was removed from the cluster before it was answered'),
    })
    const again = renew(['scheduler.conf'])
    const [other] = (await heldOf('scheduler.conf')) as [Held]
    expect(requestIn(other)).toBe(requestIn(held))
    answer(other, approved(certificateFor(other)))
    expect((await again.ended).exitCode).toBe(0)
  })
})

describe('what comes back wrong is not installed, nor what came with it', () => {
  const APISERVER = ['apiserver', '--signer-name', 'example.com/pki']
  const CASES: Readonly<Record<string, { says: string; names: readonly string[]; wrong: Partial<Signing> }>> =
    {
      'another subject': {
        says: 'COMMON_NAME_CHANGED: CN: wanted system:kube-scheduler, found root',
        names: TWO,
        wrong: { subject: '/O=system:masters/CN=root' },
      },
      'other usages': { says: 'extKeyUsage', names: TWO, wrong: { extKeyUsage: 'serverAuth' } },
      'other names': {
        says: 'subjectAltName',
        names: APISERVER,
        wrong: { subjectAltName: 'DNS:evil.example' },
      },
      'a CA': { says: 'CA', names: TWO, wrong: { basicConstraints: 'critical,CA:TRUE' } },
      'one that has expired': {
        says: 'notAfter',
        names: TWO,
        wrong: { start: '20251121000000Z', end: '20261121000000Z' },
      },
    }

  it.each(Object.entries(CASES))('%s', async (_, { says, names, wrong }) => {
    const isLast = (held: Held) => [names[1], 'apiserver'].includes(rowOf(held))
    await serve({ onCreate: held => approved(certificateFor(held, isLast(held) ? wrong : {})) })
    const { exitCode, stderr } = await renew(names).ended
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(
      /error: what the cluster returned is not what was asked for: .*nothing was installed/,
    )
    expect(stderr).toContain(says)
    expect(live()).toEqual(before)
  })

  it('C35 a certificate for another key', async () => {
    await serve()
    const renewing = renew(TWO)
    const [first, second] = (await heldOf(...TWO)) as [Held, Held]
    answer(first, approved(certificateFor(first)))
    answer(second, approved(certificateFor(first)))
    const { exitCode, stderr } = await renewing.ended
    expect(exitCode).toBe(1)
    expect(stderr).toContain('scheduler.conf: what came back is for another key')
    expect(live()).toEqual(before)
  })

  it.each(['no PEM at all', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'])(
    'no certificate: %j',
    async text => {
      await serve({ onCreate: () => approved(text) })
      const { exitCode, stderr } = await renew(TWO).ended
      expect(exitCode).toBe(1)
      expect(stderr).toMatch(
        /error: kubepki-controller-manager.conf-\w+: status.certificate: .*nothing was changed/,
      )
      expect(live()).toEqual(before)
    },
  )
})
