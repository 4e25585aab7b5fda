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

const LISTED = [
  { words: ['clean'], said: '100000 of 100000 requests would be deleted', lines: COUNT },
  // The signer's name and the header.
  { words: ['list', '-o', 'wide'], said: 'every kubelet-serving request is pending', lines: COUNT + 2 },
]

it.each(LISTED)('$words goes through them all in little memory', { timeout: 600_000 }, async one => {
  const { url, pages } = await serve()
  const kubeconfig = writeKubeconfig(files, { server: url, user: { token: 'x' } })
  const argv = [...COMMAND, 'csr', ...one.words, '--kubeconfig', kubeconfig, '--timeout', '60s']
  const { stdout, stderr } = await runToEnd(argv, {
    env: { ...process.env, NODE_OPTIONS: `--require ${memoryTeller()}` },
  })
  expect(stderr).toContain(one.said)
  expect(stdout.match(/\n/g)).toHaveLength(one.lines)
  expect(Math.max(...pages)).toBe(500)
  const [, kib] = /KiB (\d+)/.exec(stderr) ?? []
  // Compiled by Bun it has no such hook.
  if (kib !== undefined) expect(Number(kib) / 1024).toBeLessThan(MOST_MIB)
})

/** Ten requests of each node, as where kubelets ask again and again. */
const PER_NODE = 10

async function serve() {
  const pems = new Map<number, string>()
  const pemOf = (node: number) => {
    const name = `node-${node}`
    const asked = { subject: [['CN', `system:node:${name}`]], names: [`DNS:${name}`] } as const
    const pem = pems.get(node) ?? requestPem({ ...asked, key: newKey() })
    pems.set(node, pem)
    return pem
  }
  const objectAt = (index: number) => {
    const node = Math.floor(index / PER_NODE)
    return requestObject({
      ...{ name: `csr-${index}`, request: pemOf(node), username: `system:node:node-${node}` },
      creationTimestamp: '2020-01-01T00:00:00Z',
    })
  }
  const pages: number[] = []
  const api = await startFakeApi(files, ({ url }, response) => {
    if (!url.pathname.endsWith('/certificatesigningrequests')) return reply(response, 200, { items: [] })
    const numbers = ['limit', 'continue'].map(key => Number(url.searchParams.get(key) ?? 0))
    const [limit = 0, from = 0] = numbers
    const items = Array.from({ length: Math.min(limit, COUNT - from) }, (_, index) => objectAt(from + index))
    pages.push(items.length)
    const next = from + limit < COUNT ? { continue: String(from + limit) } : {}
    reply(response, 200, { metadata: { resourceVersion: '1', ...next }, items })
  })
  onTestFinished(() => api.close())
  return { url: api.url, pages }
}

function memoryTeller(): string {
  const file = join(files.directory, 'measure.cjs')
  const tell = "require('fs').writeSync(2, 'KiB ' + process.resourceUsage().maxRSS + '\\n')"
  writeFileSync(file, `process.on('exit', () => ${tell})\n`)
  return file
}
