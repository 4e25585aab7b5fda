/** `csr create`: a key that others may have read, times that are too short, and servers that change what was asked. */
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { makeFiles, reply, replyStatus, startFakeApi, writeKubeconfig } from '../support/fake-api-server.ts'
import { kubepki } from '../support/host.ts'
import { tempDir } from '../support/node.ts'

const files = makeFiles()
afterAll(() => rmSync(files.directory, { recursive: true }))

const JANE = ['csr', 'create', 'jane', '--user', 'jane', '--encryption-algorithm', 'ECDSA-P256']

/** By then what openssl signs now is valid. */
function kubepkiSoon(...argv: string[]) {
  return kubepki(...argv, '--now', new Date(Date.now() + 3_600_000).toISOString())
}

describe('a key that waits', () => {
  it.each([0o644, 0o640, 0o602])('and is open to others is not gone on with: %o', async mode => {
    const keyFile = join(tempDir(), 'jane.key')
    expect((await kubepki(...JANE, '--key-out', keyFile)).exitCode).toBe(0)
    const before = readFileSync(keyFile, 'utf8')
    chmodSync(keyFile, mode)
    const { exitCode, stdout, stderr } = await kubepki(...JANE, '--key-out', keyFile)
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
    expect(stderr).toContain(`(mode 0${mode.toString(8)})`)
    expect(stderr).toContain(`chmod 600 ${keyFile}`)
    expect(readFileSync(keyFile, 'utf8')).toBe(before)
    chmodSync(keyFile, 0o600)
    expect((await kubepki(...JANE, '--key-out', keyFile)).exitCode).toBe(0)
  })
})

it.each([
  ['--expiration', '5m', '--expiration wants at least 10m, found "5m"'],
  ['--expiration', '599s', '--expiration wants at least 10m, found "599s"'],
  ['--expiration', 'soon', '--expiration wants a duration, found "soon"'],
])('%s %s is told in a line, before anything is made', async (flag, value, message) => {
  const directory = tempDir()
  const { exitCode, stdout, stderr } = await kubepki(
    ...[...JANE, '--key-out', join(directory, 'jane.key'), flag, value],
  )
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
  expect(stderr).toContain(`error: ${message}\n`)
  expect(readdirSync(directory)).toEqual([])
})

interface Held {
  readonly metadata: object
  readonly spec: Record<string, unknown>
}

/** Signs what is sent at once, for these usages; `spec`: what it says was asked. */
async function startSigner(extKeyUsage: string, spec: object = {}) {
  let held: Held | undefined
  const answer = ({ metadata, spec: sent }: Held) => {
    writeFileSync(join(files.directory, 'asked.csr'), Buffer.from(String(sent.request), 'base64'))
    const lines = `keyUsage=digitalSignature,keyEncipherment\nextendedKeyUsage=${extKeyUsage}\n`
    writeFileSync(join(files.directory, 'ext'), lines)
    const ca = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '10', '-extfile', 'ext']
    const pem = execFileSync('openssl', ['x509', '-req', '-in', 'asked.csr', ...ca], {
      cwd: files.directory,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const conditions = [{ type: 'Approved', status: 'True', reason: 'R' }]
    const status = { certificate: pem.toString('base64'), conditions }
    return { metadata: { ...metadata, uid: 'u', resourceVersion: '1' }, spec: { ...sent, ...spec }, status }
  }
  const api = await startFakeApi(files, ({ method, url, body }, response) => {
    if (url.pathname.endsWith('selfsubjectaccessreviews'))
      return reply(response, 201, { status: { allowed: true } })
    if (method === 'POST') held = JSON.parse(body) as Held
    return held
      ? reply(response, method === 'POST' ? 201 : 200, answer(held))
      : replyStatus(response, 404, {})
  })
  onTestFinished(() => api.close())
  return api
}

it('takes no server certificate, though the server says that one was asked for', async () => {
  const { url } = await startSigner('serverAuth', {
    usages: ['server auth', 'digital signature', 'key encipherment'],
  })
  const kubeconfig = writeKubeconfig(files, { server: url, user: { token: 'x' } })
  const out = join(tempDir(), 'jane.crt')
  const { exitCode, stderr } = await kubepkiSoon(
    ...[...JANE, '--kubeconfig', kubeconfig, '--key-out', join(tempDir(), 'jane.key'), '--cert-out', out],
  )
  expect(stderr).toContain('what came back is not what was asked for: EXT_KEY_USAGE_WRONG')
  expect({ exitCode, isWritten: existsSync(out) }).toEqual({ exitCode: 1, isWritten: false })
})

it('gives nobody the credentials that stand in the URL of the server', async () => {
  const { url } = await startSigner('clientAuth')
  const server = url.replace('https://', 'https://admin:hunter2@')
  const kubeconfig = writeKubeconfig(files, { server, user: {} })
  const out = join(tempDir(), 'jane.conf')
  const { exitCode, stderr, stdout } = await kubepkiSoon(
    ...[...JANE, '--kubeconfig', kubeconfig, '--kubeconfig-out', out],
  )
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 })
  expect(readFileSync(out, 'utf8')).toContain(`server: ${url}\n`)
  expect(readFileSync(out, 'utf8') + stderr + stdout).not.toContain('hunter2')
  expect(statSync(out).mode & 0o777).toBe(0o600)
})
