/** An API server of certificate signing requests on 127.0.0.1, over TLS, that does what a test wants of it. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { dump } from 'js-yaml'

export interface Files {
  readonly directory: string
  readonly ca: string
  readonly cert: string
  readonly key: string
}

/** A CA and a pair for 127.0.0.1, made by openssl. */
export function makeFiles(): Files {
  const directory = mkdtempSync(join(tmpdir(), 'kubepki-fake-api-'))
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' })
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  openssl(
    'req',
    '-x509',
    ...curve,
    '-keyout',
    'ca.key',
    '-out',
    'ca.crt',
    '-subj',
    '/CN=fake-ca',
    '-days',
    '30',
  )
  openssl('req', ...curve, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=fake-api')
  writeFileSync(join(directory, 'san'), 'subjectAltName=IP:127.0.0.1,DNS:api.example.com\n')
  const sign = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '30', '-extfile', 'san']
  openssl('x509', '-req', '-in', 'server.csr', '-out', 'server.crt', ...sign)
  const at = (file: string) => join(directory, file)
  return { directory, ca: at('ca.crt'), cert: at('server.crt'), key: at('server.key') }
}

export interface Seen {
  readonly method: string
  readonly url: URL
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export type Handler = (seen: Seen, response: ServerResponse) => void | Promise<void>

export interface FakeApi {
  readonly port: number
  readonly url: string
  readonly seen: Seen[]
  readonly close: () => Promise<void>
}

export async function startFakeApi(files: Files, handle: Handler, port = 0): Promise<FakeApi> {
  const seen: Seen[] = []
  const sockets = new Set<Socket>()
  const options = {
    cert: readFileSync(files.cert),
    key: readFileSync(files.key),
    ca: readFileSync(files.ca),
    requestCert: true,
    rejectUnauthorized: false,
  }
  const server: Server = createServer(options, async (request, response) => {
    let body = ''
    for await (const part of request.setEncoding('utf8')) body += part
    const one = {
      method: request.method ?? '',
      url: new URL(request.url ?? '', 'https://127.0.0.1'),
      headers: request.headers,
      body,
    }
    seen.push(one)
    await handle(one, response)
  })
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined)
  })
  await new Promise<void>((resolve, reject) =>
    server.once('error', reject).listen(port, '127.0.0.1', resolve),
  )
  const address = server.address()
  const own = typeof address === 'object' && address ? address.port : 0
  return {
    port: own,
    url: `https://127.0.0.1:${own}`,
    seen,
    close: () => {
      for (const socket of sockets) socket.destroy()
      return new Promise(resolve => server.close(() => resolve()))
    },
  }
}

export function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

export function replyStatus(response: ServerResponse, code: number, fields: object): void {
  reply(response, code, { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, ...fields })
}

/** A kubeconfig in the directory of the files. */
export function writeKubeconfig(
  files: Files,
  {
    name = 'config',
    server,
    user,
    cluster = {},
  }: {
    readonly name?: string
    readonly server: string
    readonly user: object
    readonly cluster?: object
  },
): string {
  const path = join(files.directory, name)
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'here',
    contexts: [{ name: 'here', context: { cluster: 'fake', user: 'someone' } }],
    clusters: [{ name: 'fake', cluster: { server, 'certificate-authority': 'ca.crt', ...cluster } }],
    users: [{ name: 'someone', user }],
  }
  writeFileSync(path, dump(config, { skipInvalid: true }), { mode: 0o600 })
  return path
}

export interface RequestFields {
  readonly name: string
  readonly uid?: string
  readonly resourceVersion?: string
  readonly signerName?: string
  readonly username?: string
  readonly groups?: readonly string[]
  readonly request?: string
  readonly usages?: readonly string[]
  readonly conditions?: readonly object[]
  readonly creationTimestamp?: string
}

export function requestObject(fields: RequestFields): object {
  const { name, uid = `uid-${name}`, resourceVersion = '1', conditions } = fields
  return {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: {
      ...{ name, uid, resourceVersion },
      creationTimestamp: fields.creationTimestamp ?? '2026-11-30T23:00:00Z',
    },
    spec: {
      request: Buffer.from(fields.request ?? '').toString('base64'),
      signerName: fields.signerName ?? 'kubernetes.io/kubelet-serving',
      usages: fields.usages ?? ['digital signature', 'server auth'],
      username: fields.username ?? 'system:node:worker-1',
      groups: fields.groups ?? ['system:nodes', 'system:authenticated'],
      futureField: { kept: true },
    },
    status: { ...(conditions && { conditions }) },
  }
}
