/** csr sign where the API server does not take what was signed: exit code 1, and the others are signed. */
import { rmSync } from 'node:fs'
import { afterAll, expect, it, onTestFinished } from 'vitest'
import { makeFiles, replyStatus, writeKubeconfig } from '../support/fake-api-server.ts'
import { NOW, type Outcome } from '../support/host.ts'
import { live } from '../support/live-desk.ts'
import { tempDir } from '../support/node.ts'
import { newKey, objectOf, requestPem, servingRequest } from '../support/pkcs10.ts'
import { startRequestServer } from '../support/request-server.ts'
import { authority } from '../support/signing.ts'

const files = makeFiles()
afterAll(() => rmSync(files.directory, { recursive: true }))

const approved = { type: 'Approved', status: 'True', reason: 'R', lastUpdateTime: '2026-11-30T23:00:00Z' }

function serving(name: string, conditions: readonly object[]): object {
  const subject = [
    ['O', 'system:nodes'],
    ['CN', 'system:node:n1'],
  ] as const
  const pem = requestPem({ subject, names: ['IP:10.0.0.1'], key: newKey() })
  return objectOf(servingRequest({ name, node: 'n1', made: '2026-11-30T23:00:00Z', pem, conditions }))
}

/** Of a, b and c the status of b is answered so. */
async function signing(answer: { readonly code: number; readonly message: string }) {
  const server = await startRequestServer(files, {
    before: ({ method, url }, response) => {
      const isMeant = method === 'PUT' && url.pathname.endsWith('/b/status')
      if (isMeant) replyStatus(response, answer.code, answer)
      return isMeant
    },
  })
  onTestFinished(() => server.stop())
  for (const name of ['a', 'b', 'c']) server.add(serving(name, [approved]))
  const kubeconfig = writeKubeconfig(files, { server: server.url, user: { token: 'x' } })
  const flags = ['--kubeconfig', kubeconfig, '--now', NOW.toISOString(), ...authority(tempDir()).flags]
  const outcome: Outcome = await live(['csr', 'sign', 'a', 'b', 'c', ...flags])
  return outcome
}

it.each([
  [{ code: 403, message: 'b is not for you' }, 'b is not for you (403)'],
  [{ code: 500, message: 'etcd is full' }, 'etcd is full (HTTP 500)'],
  [{ code: 422, message: 'status.certificate: it is wrong' }, 'status.certificate: it is wrong'],
])('%j', async (answer, says) => {
  const { exitCode, stdout, stderr } = await signing(answer)
  expect(exitCode, stderr).toBe(1)
  expect(stdout.match(/[ac] signed$/gm)).toHaveLength(2)
  expect(stdout).not.toMatch(/^.*\/b /m)
  expect(stderr).toMatch(/^kubepki: error: b: left alone: /m)
  expect(stderr).toContain(says)
})

it('one that was changed again and again is left to whoever does it: exit code 3', async () => {
  const { exitCode, stdout, stderr } = await signing({ code: 409, message: 'the object has been modified' })
  expect(exitCode, stderr).toBe(3)
  expect(stdout.match(/[ac] signed$/gm)).toHaveLength(2)
})
