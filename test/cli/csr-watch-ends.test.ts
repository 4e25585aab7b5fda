/** The built command ends when its answer has come through a watch that the server keeps open. */
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it, onTestFinished } from 'vitest'
import { makeFiles, reply, startFakeApi, writeKubeconfig } from '../support/fake-api-server.ts'
import { COMMAND } from '../support/host.ts'
import { runToEnd } from '../support/process.ts'

const files = makeFiles()
afterAll(() => rmSync(files.directory, { recursive: true }))

const DEADLINE = 20_000

type Held = Record<string, unknown> & { metadata: Record<string, string> }

/** Takes a request, and says through the watch what becomes of it; the watch stays open for an hour. */
async function startApi(status: object) {
  let held: Held | undefined
  const api = await startFakeApi(files, ({ method, url, body }, response) => {
    if (method === 'POST') {
      const sent = JSON.parse(body) as Held
      held = { ...sent, metadata: { ...sent.metadata, uid: 'u', resourceVersion: '1' } }
      return reply(response, 201, held)
    }
    if (!url.searchParams.has('watch')) return reply(response, 200, held ?? {})
    const object = { ...held, metadata: { ...held?.metadata, resourceVersion: '2' }, status }
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
    setTimeout(() => response.write(`${JSON.stringify({ type: 'MODIFIED', object })}\n`), 300)
  })
  onTestFinished(() => api.close())
  return writeKubeconfig(files, { server: api.url, user: { token: 'x' } })
}

function create(name: string, kubeconfig: string, ...args: string[]) {
  const argv = ['csr', 'create', name, '--user', name, '--encryption-algorithm', 'ECDSA-P256']
  return runToEnd([...COMMAND, ...argv, '--kubeconfig', kubeconfig, ...args], {
    cwd: files.directory,
    signal: AbortSignal.timeout(DEADLINE),
  })
}

it.each(['--wait', '--cert-out=answer.crt'])('after a refusal: %s', { timeout: 40_000 }, async flag => {
  const status = { conditions: [{ type: 'Denied', status: 'True', reason: 'No' }] }
  const { exitCode, stderr } = await create(`denied${flag.length}`, await startApi(status), flag)
  expect(stderr).toContain('was denied: No')
  expect(exitCode).toBe(1)
})

it('after something came that is no answer', { timeout: 40_000 }, async () => {
  const certificate = readFileSync(files.ca).toString('base64')
  const conditions = [{ type: 'Approved', status: 'True', reason: 'R' }]
  const { exitCode, stderr } = await create('other', await startApi({ certificate, conditions }), '--wait')
  expect(stderr).toContain('what came back is not what was asked for')
  expect(exitCode).toBe(1)
  expect(existsSync(join(files.directory, 'other.key'))).toBe(true)
})
