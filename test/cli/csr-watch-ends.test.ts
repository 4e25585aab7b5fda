/** The built command ends when its answer has come through a watch that the server keeps open. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it, onTestFinished } from 'vitest'
import { type Files, makeFiles, reply, startFakeApi, writeKubeconfig } from '../support/fake-api-server.ts'
import { COMMAND } from '../support/host.ts'
import { runToEnd } from '../support/process.ts'

const files = makeFiles()
afterAll(() => rmSync(files.directory, { recursive: true }))

const DEADLINE = 35_000

type Held = Record<string, unknown> & { metadata: Record<string, string> }

/** Takes a request, and says through the watch what becomes of it; the watch stays open for an hour. */
async function startApi(status: object | ((request: string) => object)) {
  let held: Held | undefined
  const api = await startFakeApi(files, ({ method, url, body }, response) => {
    if (method === 'POST') {
      const sent = JSON.parse(body) as Held
      held = { ...sent, metadata: { ...sent.metadata, uid: 'u', resourceVersion: '1' } }
      return reply(response, 201, held)
    }
    if (!url.searchParams.has('watch')) return reply(response, 200, held ?? {})
    const request = String((held?.spec as { request?: string } | undefined)?.request)
    const answer = typeof status === 'function' ? status(request) : status
    const object = { ...held, metadata: { ...held?.metadata, resourceVersion: '2' }, status: answer }
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

/** By the CA of a directory; that of every directory has the same name. */
function signedBy({ directory }: Files) {
  return (request: string) => {
    writeFileSync(join(directory, 'asked.csr'), Buffer.from(request, 'base64'))
    writeFileSync(
      join(directory, 'ext'),
      'keyUsage=digitalSignature,keyEncipherment\nextendedKeyUsage=clientAuth\n',
    )
    const ca = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '10', '-extfile', 'ext']
    const pem = execFileSync('openssl', ['x509', '-req', '-in', 'asked.csr', ...ca], {
      cwd: directory,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const conditions = [{ type: 'Approved', status: 'True', reason: 'R' }]
    return { certificate: pem.toString('base64'), conditions }
  }
}

it('with the certificate, and tells one that a namesake of the CA signed', { timeout: 60_000 }, async () => {
  const own = await create('own', await startApi(signedBy(files)), '--wait')
  expect(own).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('BEGIN CERTIFICATE') })
  expect(own.stderr).not.toContain('not the CA of the kubeconfig')
  const other = makeFiles()
  onTestFinished(() => rmSync(other.directory, { recursive: true }))
  const namesake = await create('namesake', await startApi(signedBy(other)), '--wait')
  expect(namesake.stderr).toContain('which is not the CA of the kubeconfig')
})
