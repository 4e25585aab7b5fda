/** A hundred thousand requests, page by page, by the built command in little memory. */
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it, onTestFinished } from 'vitest'
import { makeFiles, reply, requestObject, startFakeApi, writeKubeconfig } from '../support/fake-api-server.ts'
import { COMMAND } from '../support/host.ts'
import { newKey, requestPem } from '../support/pkcs10.ts'
import { runToEnd } from '../support/process.ts'

const files = makeFiles()
afterAll(() => rmSync(files.directory, { recursive: true }))

const COUNT = 100_000
const MOST_MIB = 300

it('lists them all and never holds them all', { timeout: 180_000 }, async () => {
  const pem = requestPem({ subject: [['CN', 'system:node:n']], names: ['DNS:n'], key: newKey() })
  const pages: number[] = []
  const api = await startFakeApi(files, ({ url }, response) => {
    const [limit, from] = ['limit', 'continue'].map(key => Number(url.searchParams.get(key) ?? 0)) as [
      number,
      number,
    ]
    const items = Array.from({ length: Math.min(limit, COUNT - from) }, (_, index) =>
      requestObject({ name: `csr-${from + index}`, request: pem, creationTimestamp: '2020-01-01T00:00:00Z' }),
    )
    pages.push(items.length)
    const next = from + limit < COUNT ? { continue: String(from + limit) } : {}
    reply(response, 200, { metadata: { resourceVersion: '1', ...next }, items })
  })
  onTestFinished(() => api.close())
  const measure = join(files.directory, 'measure.cjs')
  writeFileSync(
    measure,
    "process.on('exit', () => require('fs').writeSync(2, 'KiB ' + process.resourceUsage().maxRSS + '\\n'))\n",
  )
  const kubeconfig = writeKubeconfig(files, { server: api.url, user: { token: 'x' } })
  const argv = [...COMMAND, 'csr', 'clean', '--kubeconfig', kubeconfig, '--timeout', '60s']
  const { stdout, stderr } = await runToEnd(argv, {
    env: { ...process.env, NODE_OPTIONS: `--require ${measure}` },
  })
  expect(stderr).toContain('100000 of 100000 requests would be deleted')
  expect(stdout.match(/\n/g)).toHaveLength(COUNT)
  expect(Math.max(...pages)).toBe(500)
  const [, kib] = /KiB (\d+)/.exec(stderr) ?? []
  // Compiled by Bun it has no such hook.
  if (kib !== undefined) expect(Number(kib) / 1024).toBeLessThan(MOST_MIB)
})
