import { X509Certificate } from 'node:crypto'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type Server } from 'node:net'
import { createSecureContext, createServer as createTlsServer, type TlsOptions } from 'node:tls'
import { describe, expect, it, onTestFinished } from 'vitest'
import { lookAtEndpoint, probeEndpoint } from '../../src/cluster/endpoint.ts'
import { certificateIn } from '../support/certificates.ts'
import { readFixture } from '../support/node.ts'

const PKI = 'nodes/stock-1.20/etc/kubernetes/pki'
const PAIR = {
  cert: readFixture(PKI, 'etcd/server.crt'),
  key: readFixture(PKI, 'etcd/server.key'),
}
const SHOWN = certificateIn(PKI, 'etcd/server.crt').fingerprintSha256

function listening(server: Server): Promise<number> {
  onTestFinished(() => {
    server.close()
  })
  server.on('error', () => undefined)
  return new Promise(resolve => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address ? address.port : 0)
    })
  })
}

const probe = (port: number, timeout = 5_000) => probeEndpoint({ host: '127.0.0.1', port, timeout })

function tlsServer(options: TlsOptions): Server {
  return createTlsServer({ ...PAIR, ...options }).on('tlsClientError', () => undefined)
}

const CLIENT_AUTH: TlsOptions = {
  requestCert: true,
  rejectUnauthorized: true,
  ca: readFixture(PKI, 'etcd/ca.crt'),
}

describe('probeEndpoint', () => {
  it.each<[string, TlsOptions]>([
    ['TLS 1.2', { maxVersion: 'TLSv1.2' }],
    ['TLS 1.3', { minVersion: 'TLSv1.3' }],
    ['TLS 1.2, and a client certificate is wanted', { ...CLIENT_AUTH, maxVersion: 'TLSv1.2' }],
    ['TLS 1.3, and a client certificate is wanted', { ...CLIENT_AUTH, minVersion: 'TLSv1.3' }],
  ])('sees what is served: %s', async (_name, options) => {
    const port = await listening(tlsServer(options))
    expect(await probe(port)).toEqual({ state: 'tls', fingerprintSha256: SHOWN })
  })

  it('leaves like a client that has seen enough: no certificate, no error, no connection', async () => {
    const server = createTlsServer({ ...PAIR, requestCert: true, rejectUnauthorized: false })
    const left = new Promise(resolve => {
      server.on('tlsClientError', resolve)
      server.on('secureConnection', socket => {
        socket.on('close', () => resolve(socket.getPeerX509Certificate())).resume()
      })
    })
    await probe(await listening(server))
    expect(await left).toBeUndefined()
  })

  it('refused: nobody listens', async () => {
    const server = createServer()
    const port = await listening(server)
    await new Promise(resolve => server.close(resolve))
    expect(await probe(port)).toEqual({ state: 'refused' })
    expect(await probeEndpoint({ host: 'localhost', port, timeout: 5_000 })).toEqual({ state: 'refused' })
  })

  it('open: somebody listens, but speaks no TLS', async () => {
    expect(await probe(await listening(createHttpServer()))).toEqual({ state: 'open' })
    const closing = createServer(socket => socket.end())
    expect(await probe(await listening(closing))).toEqual({ state: 'open' })
    const resetting = createServer(socket => socket.resetAndDestroy())
    expect(await probe(await listening(resetting))).toEqual({ state: 'open' })
  })

  it('silent: no answer in time', async () => {
    const server = createServer(socket => {
      onTestFinished(() => {
        socket.destroy()
      })
    })
    expect(await probe(await listening(server), 200)).toEqual({ state: 'silent' })
  })

  it('silent: no way there', async () => {
    expect(await probeEndpoint({ host: 'no-such-host.invalid', port: 1, timeout: 10_000 })).toEqual({
      state: 'silent',
    })
  })

  it('tls: an alert instead of a certificate', async () => {
    const port = await listening(tlsServer({ maxVersion: 'TLSv1.2', sigalgs: 'ed25519' }))
    expect(await probe(port)).toEqual({ state: 'tls' })
  })
})

describe('lookAtEndpoint', () => {
  const look = (port: number, serverName?: string) =>
    lookAtEndpoint({ host: '127.0.0.1', port, timeout: 5_000, serverName })
  const namesIn = (chain: readonly Uint8Array[]) => chain.map(der => new X509Certificate(der).subject)
  const WITH_CA = { cert: PAIR.cert + readFixture(PKI, 'etcd/ca.crt') }

  it.each<[string, TlsOptions]>([
    ['TLS 1.2', { maxVersion: 'TLSv1.2' }],
    ['TLS 1.3', { minVersion: 'TLSv1.3' }],
    ['TLS 1.2, and a client certificate is wanted', { ...CLIENT_AUTH, maxVersion: 'TLSv1.2' }],
    ['TLS 1.3, and a client certificate is wanted', { ...CLIENT_AUTH, minVersion: 'TLSv1.3' }],
  ])('sees all that is sent: %s', async (_name, options) => {
    const seen = await look(await listening(tlsServer({ ...WITH_CA, ...options })))
    expect(namesIn(seen.chain)).toEqual(['CN=cp-1', 'CN=etcd-ca'])
    expect(seen).toMatchObject({ state: 'tls', fingerprintSha256: SHOWN, isConnected: true })
  })

  it('asks by name', async () => {
    const other = createSecureContext({
      cert: readFixture(PKI, 'apiserver.crt'),
      key: readFixture(PKI, 'apiserver.key'),
    })
    const port = await listening(
      tlsServer({ SNICallback: (name, done) => done(null, name === 'other' ? other : undefined) }),
    )
    expect(namesIn((await look(port)).chain)).toEqual(['CN=cp-1'])
    expect(namesIn((await look(port, 'other')).chain)).toEqual(['CN=kube-apiserver'])
  })

  it('has nothing of who shows nothing, and says why', async () => {
    expect(await look(await listening(createHttpServer()))).toMatchObject({ state: 'open', chain: [] })
    const closed = createServer()
    const port = await listening(closed)
    await new Promise(resolve => closed.close(resolve))
    const refused = { state: 'refused', chain: [], isConnected: false, errorCode: 'ECONNREFUSED' }
    expect(await look(port)).toEqual(refused)
  })
})
