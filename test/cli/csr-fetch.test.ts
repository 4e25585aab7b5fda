/** The kubeconfig that `csr create --kubeconfig-out` writes reaches the cluster as the one it was made with. The signer is openssl. */
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it, onTestFinished } from 'vitest'
import { parseYaml } from '../../src/kubernetes/yaml.ts'
import { makeAuthority, P256, signRequest } from '../support/certificates.ts'
import { makeFiles, reply, replyStatus, startFakeApi, writeKubeconfig } from '../support/fake-api-server.ts'
import { COMMAND } from '../support/host.ts'
import { live } from '../support/live-desk.ts'
import { tempDir } from '../support/node.ts'
import { runToEnd } from '../support/process.ts'

const files = makeFiles()
afterAll(() => rmSync(files.directory, { recursive: true }))
const SIGNER = makeAuthority('kubernetes', P256)

interface Stored {
  readonly metadata: object
  readonly spec: { readonly request: string }
}

/** Signs at once whatever it is asked for. */
async function signingApi(): Promise<string> {
  let stored: object | undefined
  const api = await startFakeApi(files, ({ method, url, body }, response) => {
    if (url.pathname.endsWith('selfsubjectaccessreviews'))
      return reply(response, 201, { status: { allowed: true } })
    if (method === 'POST') {
      const { metadata, spec } = JSON.parse(body) as Stored
      const certificate = signRequest(Buffer.from(spec.request, 'base64').toString(), SIGNER, {
        extensions: 'extendedKeyUsage=clientAuth',
        start: Math.floor(Date.now() / 1000 - 300) * 1000,
      })
      stored = {
        ...{ apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', spec },
        metadata: { ...metadata, uid: 'u', resourceVersion: '1' },
        status: {
          conditions: [{ type: 'Approved', status: 'True' }],
          certificate: Buffer.from(certificate).toString('base64'),
        },
      }
      return reply(response, 201, stored)
    }
    if (stored) reply(response, 200, stored)
    else replyStatus(response, 404, {})
  })
  onTestFinished(() => api.close())
  return api.url
}

async function fetched(cluster: object) {
  const kubeconfig = writeKubeconfig(files, { server: await signingApi(), user: { token: 't' }, cluster })
  const out = join(tempDir(), 'jane.conf')
  const { stderr, exitCode } = await live([
    ...['csr', 'create', 'jane', '--user', 'jane', '--kubeconfig-out', out],
    ...['--key-out', join(tempDir(), 'jane.key'), '--kubeconfig', kubeconfig],
  ])
  expect(exitCode, stderr).toBe(0)
  expect(statSync(out).mode & 0o777).toBe(0o600)
  const parsed = parseYaml(readFileSync(out, 'utf8'))
  if ('reason' in parsed) throw new Error(parsed.reason)
  const [config] = parsed.documents as [{ clusters: [{ cluster: Record<string, string> }] }]
  return { cluster: config.clusters[0].cluster, stderr }
}

it('has the name that the server is verified by', async () => {
  const { cluster, stderr } = await fetched({ 'tls-server-name': 'api.example.com' })
  expect(cluster).toEqual({
    'certificate-authority-data': readFileSync(files.ca).toString('base64'),
    server: expect.stringMatching(/^https:/),
    'tls-server-name': 'api.example.com',
  })
  expect(stderr).not.toContain('names no CA')
})

it('does not skip verification, and says what is lacking', async () => {
  const { cluster, stderr } = await fetched({
    ...{ 'certificate-authority': undefined, 'insecure-skip-tls-verify': true },
  })
  expect(Object.keys(cluster)).toEqual(['server'])
  expect(stderr).toContain('jane.conf names no CA')
})

it('goes on with the key that was sent first, by the same flags and --kubeconfig-out', async () => {
  const kubeconfig = writeKubeconfig(files, { server: await signingApi(), user: { token: 't' } })
  const directory = tempDir()
  const create = (...flags: string[]) =>
    runToEnd([...COMMAND, 'csr', 'create', 'jane', '--user', 'jane', '--kubeconfig', kubeconfig, ...flags], {
      cwd: directory,
    })
  const sent = await create()
  expect(sent.exitCode, sent.stderr).toBe(0)
  const key = readFileSync(join(directory, 'jane.key'), 'utf8')
  const got = await create('--kubeconfig-out', 'jane.conf')
  expect(got.exitCode, got.stderr).toBe(0)
  const text = readFileSync(join(directory, 'jane.conf'), 'utf8')
  expect(text.includes(Buffer.from(key).toString('base64'))).toBe(true)
  expect(readdirSync(directory).toSorted()).toEqual(['jane.conf', 'jane.key'])
})

it('says at once that an old API server drops the expiration, and names the cluster in its hint', async () => {
  const api = await startFakeApi(files, ({ method, body }, response) => {
    if (method !== 'POST') return replyStatus(response, 404, {})
    const { metadata, spec } = JSON.parse(body)
    const kept = { ...spec, expirationSeconds: undefined }
    reply(response, 201, {
      kind: 'CertificateSigningRequest',
      metadata: { ...metadata, uid: 'u' },
      spec: kept,
    })
  })
  onTestFinished(() => api.close())
  const kubeconfig = writeKubeconfig(files, { server: api.url, user: { token: 't' } })
  const { stderr, exitCode } = await live([
    ...['csr', 'create', 'jane', '--user', 'jane', '--expiration', '24h'],
    ...['--key-out', join(tempDir(), 'jane.key'), '--kubeconfig', kubeconfig],
  ])
  expect(exitCode, stderr).toBe(0)
  expect(stderr).toContain('warning: the API server has dropped the expiration of 86400 s')
  expect(stderr).toContain(`kubepki csr approve jane --kubeconfig ${kubeconfig};`)
})
