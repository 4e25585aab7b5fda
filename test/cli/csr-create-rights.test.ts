/** `csr create` and `csr clean` for whoever lacks rights: told of all at once, before anything is made, sent or deleted. */
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { type Handler, makeFiles, reply, replyStatus, writeKubeconfig } from '../support/fake-api-server.ts'
import { live } from '../support/live-desk.ts'
import { tempDir } from '../support/node.ts'
import { approved, requestIn, signedForClient, startRequestServer } from '../support/request-server.ts'
import { rightsIn } from '../support/rights.ts'

const files = makeFiles()
afterAll(() => rmSync(files.directory, { recursive: true }))

const REVIEWS = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'
const COLLECTION = '/apis/certificates.k8s.io/v1/certificatesigningrequests'

interface Attributes {
  readonly verb: string
  readonly resource: string
  readonly name?: string
}

const attributesIn = (body: string): Attributes => JSON.parse(body).spec.resourceAttributes
const described = ({ verb, name = '' }: Attributes) => (name === '' ? verb : `${verb} ${name}`)

/** Signs at once what it is sent; `review`: how it answers whether somebody may. */
async function serve(review: Handler) {
  const server = await startRequestServer(files, {
    onCreate: held => approved(signedForClient(files, requestIn(held))),
    before: (seen, response) => {
      if (seen.url.pathname !== REVIEWS) return false
      void review(seen, response)
      return true
    },
  })
  onTestFinished(() => server.stop())
  const kubeconfig = writeKubeconfig(files, { server: server.url, user: { token: 'x' } })
  const reviews = () => server.seen.filter(({ url }) => url.pathname === REVIEWS)
  const asked = () => reviews().map(({ body }) => described(attributesIn(body)))
  const others = () => server.seen.filter(({ url }) => url.pathname.startsWith(COLLECTION))
  return { server, kubeconfig, asked, others }
}

const denying =
  (...denied: readonly string[]): Handler =>
  ({ body }, response) =>
    reply(response, 201, { status: { allowed: !denied.includes(described(attributesIn(body))) } })

async function create(kubeconfig: string, ...flags: string[]) {
  const directory = tempDir()
  const outcome = await live([
    ...['csr', 'create', 'jane', '--user', 'jane', '--encryption-algorithm', 'ECDSA-P256'],
    ...['--kubeconfig', kubeconfig, '--key-out', join(directory, 'jane.key')],
    ...flags.map(flag => flag.replace('DIR', directory)),
  ])
  return { ...outcome, directory }
}

const WAITING = ['create', 'get jane', 'watch jane']
const WORDS: Readonly<Record<string, string>> = {
  create: 'create certificatesigningrequests',
  'get jane': 'get certificatesigningrequests "jane"',
  'watch jane': 'watch certificatesigningrequests "jane"',
}

describe('csr create', () => {
  it.each([
    ['--wait', WAITING, WAITING],
    ['--cert-out=DIR/jane.crt', WAITING, ['create', 'watch jane']],
    ['--kubeconfig-out=DIR/jane.conf', WAITING, ['watch jane']],
    ['--submit', ['create'], ['create']],
  ])('%s asks for %j before anything is made, and lacks %j', async (flag, wanted, denied) => {
    const { kubeconfig, asked, others } = await serve(denying(...denied))
    const { exitCode, stdout, stderr, directory } = await create(kubeconfig, flag)
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
    expect(asked()).toEqual(wanted)
    expect(stderr).toContain(` may not ${denied.map(one => WORDS[one]).join(', nor ')}\n`)
    const manifest = stderr.slice(stderr.indexOf('---\n'))
    expect(rightsIn(manifest).map(described)).toEqual(denied)
    expect(others()).toEqual([])
    expect(readdirSync(directory)).toEqual([])
  })

  it('a request made elsewhere takes the same rights', async () => {
    const { kubeconfig, others } = await serve(denying('create'))
    const own = tempDir()
    const made = await live([
      ...['csr', 'create', 'jane', '--user', 'jane', '--key-out', join(own, 'jane.key'), '--out'],
      join(own, 'jane.yaml'),
    ])
    expect(made.exitCode, made.stderr).toBe(0)
    const { exitCode, stderr } = await live([
      ...['csr', 'create', 'jane', '--from-csr', join(own, 'jane.csr'), '--kubeconfig', kubeconfig],
      ...['--signer', 'kubernetes.io/kube-apiserver-client'],
    ])
    expect(exitCode).toBe(1)
    expect(stderr).toContain('may not create certificatesigningrequests\n')
    expect(others()).toEqual([])
  })

  it('what no signer would sign is told before anybody is asked', async () => {
    const { server, kubeconfig } = await serve(denying('create'))
    const { stderr } = await create(kubeconfig, '--wait', '--group', 'system:masters')
    expect(stderr).toContain('SIGNER_ADMISSION')
    expect(server.seen).toEqual([])
  })

  it.each<[string, Handler]>([
    ['403', (_, response) => replyStatus(response, 403, { message: 'User "x" cannot create resource "s"' })],
    ['404', (_, response) => replyStatus(response, 404, { reason: 'NotFound' })],
    ['404 in plain text', (_, response) => void response.writeHead(404).end('404 page not found\n')],
    ['another object', (_, response) => reply(response, 201, { kind: 'Pod', status: {} })],
  ])('goes on where nobody may ask: %s', async (_name, review) => {
    const { kubeconfig } = await serve(review)
    const { exitCode, stderr, stdout } = await create(kubeconfig, '--wait')
    expect(exitCode, stderr).toBe(0)
    expect(stdout).toContain('BEGIN CERTIFICATE')
  })

  it('is connected once: what is told of the way there is told once', async () => {
    const { server } = await serve(denying())
    const cluster = { 'certificate-authority': undefined, 'insecure-skip-tls-verify': true }
    const kubeconfig = writeKubeconfig(files, { server: server.url, user: { token: 'x' }, cluster })
    const { exitCode, stderr } = await create(kubeconfig, '--wait')
    expect(exitCode, stderr).toBe(0)
    expect(stderr.match(/insecure-skip-tls-verify: nobody knows/g)).toHaveLength(1)
  })
})

describe('csr clean --yes', () => {
  it.each([
    [['list', 'delete'], 'may not list certificatesigningrequests, nor delete certificatesigningrequests'],
    [['list'], 'may not list certificatesigningrequests'],
    [['delete'], 'may not delete certificatesigningrequests'],
  ])('lacks %j', async (denied, says) => {
    const { kubeconfig, others } = await serve(denying(...denied))
    const { exitCode, stdout, stderr } = await live(['csr', 'clean', '--yes', '--kubeconfig', kubeconfig])
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
    expect(stderr).toContain(`${says}\n`)
    expect(rightsIn(stderr.slice(stderr.indexOf('---\n'))).map(described)).toEqual(denied)
    expect(others()).toEqual([])
  })
})
