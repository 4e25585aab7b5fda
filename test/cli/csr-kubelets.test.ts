/** `--ask-kubelets`: what is asked for beside what kubelets serve now. Certificates by openssl, servers on loopback addresses. */
import { writeFileSync } from 'node:fs'
import { createServer as createPlainServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { makeAuthority, makeLeaf, openssl, P256 } from '../support/certificates.ts'
import { kubepki } from '../support/host.ts'
import { tempDir } from '../support/node.ts'
import { newKey, objectOf, servingRequest } from '../support/pkcs10.ts'

const CA = makeAuthority('kubernetes', P256)
const OTHER = makeAuthority('kubernetes', P256)
const key = openssl(['genpkey', ...P256])
const leaf = (node: string, names: string, by = CA) =>
  makeLeaf(by, key, {
    subject: `/O=system:nodes/CN=system:node:${node}`,
    extensions: `extendedKeyUsage=serverAuth\nsubjectAltName=${names}`,
  })

interface Kubelet {
  readonly node: string
  /** Absent: none is shown. */
  readonly cert?: string
  readonly isPlain?: boolean
}

const KUBELETS: readonly Kubelet[] = [
  { node: 'same', cert: leaf('same', 'DNS:same,IP:10.0.0.1') },
  { node: 'grown', cert: leaf('grown', 'DNS:grown') },
  { node: 'more', cert: leaf('more', 'DNS:more') },
  { node: 'renamed', cert: leaf('another', 'DNS:renamed,IP:10.0.0.1') },
  { node: 'foreign', cert: leaf('foreign', 'DNS:foreign,IP:10.0.0.1', OTHER) },
  {
    node: 'fresh',
    cert: makeLeaf(makeAuthority('fresh-ca@1795305600', P256), key, {
      subject: '/CN=fresh@1795305600',
      extensions: 'subjectAltName=DNS:fresh',
    }),
  },
  { node: 'bare' },
  { node: 'plain', isPlain: true },
]

const servers: Server[] = []
const sockets = new Set<Socket>()
const folder = tempDir()
const file = (name: string, text: string) => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}
let nodes: object[]

beforeAll(async () => {
  nodes = await Promise.all(
    KUBELETS.map(async ({ node, cert, isPlain }, index) => {
      const server = isPlain
        ? createPlainServer(socket => socket.on('error', () => undefined).end('SSH-2.0\r\n'))
        : createServer(cert === undefined ? {} : { key, cert })
      servers.push(server)
      server.on('connection', socket => sockets.add(socket))
      const host = `127.0.0.${index + 2}`
      await new Promise<void>(resolve => server.listen(0, host, resolve))
      const { port } = server.address() as { port: number }
      return nodeAt(node, host, port)
    }),
  )
  nodes.push(nodeAt('gone', '127.0.0.100', 9), nodeAt('nowhere', undefined, 9))
})
afterAll(() => {
  for (const socket of sockets) socket.destroy()
  for (const server of servers) server.close()
})

const nodeAt = (name: string, host: string | undefined, Port: number) => ({
  kind: 'Node',
  metadata: { name, creationTimestamp: '2026-11-01T00:00:00Z' },
  status: {
    addresses: [
      { type: 'Hostname', address: name },
      ...(host === undefined ? [] : [{ type: 'InternalIP', address: host }]),
      ...(name === 'more' ? [] : [{ type: 'ExternalIP', address: '10.0.0.1' }]),
    ],
    daemonEndpoints: { kubeletEndpoint: { Port } },
  },
})

async function asked(node: string, ...flags: string[]): Promise<{ ok: boolean; reason: string } | undefined> {
  const own = nodes.filter(one => (one as { metadata: { name: string } }).metadata.name === node)
  const csr = objectOf(
    servingRequest({ node, request: { key: newKey(), names: [`DNS:${node}`, 'IP:10.0.0.1'] } }),
  )
  const { stdout } = await kubepki(
    ...['csr', 'vet', '--from', file('csr.json', JSON.stringify(csr)), '-o', 'json'],
    ...['--nodes', file('nodes.json', JSON.stringify({ kind: 'List', items: own }))],
    ...['--ca-cert', file('ca.crt', CA.certificate), ...flags],
  )
  const { items } = JSON.parse(stdout)
  return items[0].rules.find(({ code }: { code: string }) => code === 'CONTINUITY')
}

it.each([
  ['same', true, /^goes on from what 127\.0\.0\.2:\d+ serves$/],
  ['grown', true, /^goes on/],
  ['more', false, /nor known of the Node: "10\.0\.0\.1"$/],
  ['renamed', false, /serves one for "CN=system:node:another,O=system:nodes"$/],
  ['foreign', false, /serves one that no CA of the cluster signed/],
  ['fresh', true, /serves one that it made itself/],
  ['bare', true, /serves none yet$/],
  ['plain', false, /it speaks no TLS: nothing was compared$/],
  ['gone', false, /^127\.0\.0\.100:9: nobody listens there: nothing was compared$/],
  ['nowhere', false, /^the kubelet of nowhere: no InternalIP is known: nothing was compared$/],
] as const)('the kubelet of %s: %s', async (node, ok, reason) => {
  expect(await asked(node, '--ask-kubelets')).toMatchObject({ ok, reason: expect.stringMatching(reason) })
})

it('no kubelet is asked by itself', async () => {
  expect(await asked('same')).toBeUndefined()
})
