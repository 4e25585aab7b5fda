/**
 * What a server shows whoever connects. Network trouble is an answer, not an error. Every certificate is accepted and
 * no credential is sent; the certificate is seen even where the server then ends the handshake for want of a client's.
 */
import { connect, type TLSSocket } from 'node:tls'

export interface EndpointQuestion {
  readonly host: string
  readonly port: number
  /** Milliseconds, for everything. */
  readonly timeout: number
}

/**
 * `refused`: nobody listens. `silent`: no answer in time, or no way there. `open`: somebody listens, who speaks no TLS.
 * `tls` without a fingerprint: the handshake ended before a certificate was shown.
 */
export interface EndpointAnswer {
  readonly state: 'refused' | 'silent' | 'tls' | 'open'
  /** As `Certificate.fingerprintSha256`. */
  readonly fingerprintSha256?: string
}

export function probeEndpoint({ host, port, timeout }: EndpointQuestion): Promise<EndpointAnswer> {
  return new Promise(resolve => {
    // No server name: the certificate that is served by default.
    const socket = connect({ host, port, servername: '', rejectUnauthorized: false })
    const seen: Seen = { isConnected: false, fingerprintSha256: undefined }
    const timer = setTimeout(() => {
      resolve(seen.fingerprintSha256 === undefined ? { state: 'silent' } : answerOf(seen, ''))
      socket.destroy()
    }, timeout)
    watch(socket, seen)
    socket.once('secureConnect', () => socket.destroySoon())
    socket.on('error', error => resolve(answerOf(seen, codeOf(error))))
    socket.once('close', () => {
      clearTimeout(timer)
      resolve(answerOf(seen, ''))
    })
  })
}

interface Seen {
  isConnected: boolean
  fingerprintSha256: string | undefined
}

/**
 * A server of TLS 1.2 judges the client within the handshake, and its refusal leaves nothing to look at. But keys are
 * agreed on just after its certificate was read, and that is told.
 */
function watch(socket: TLSSocket, seen: Seen): void {
  const look = () => {
    seen.fingerprintSha256 ??= fingerprintOf(socket)
  }
  socket.once('connect', () => {
    seen.isConnected = true
  })
  socket.on('keylog', look).once('secureConnect', look)
}

/** A listener that resets at once may be faster than the news of the connection. */
const UNCONNECTED: Readonly<Record<string, EndpointAnswer['state']>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'open',
}

function answerOf({ isConnected, fingerprintSha256 }: Seen, code: string): EndpointAnswer {
  if (fingerprintSha256 !== undefined) return { state: 'tls', fingerprintSha256 }
  if (!isConnected) return { state: UNCONNECTED[code] ?? 'silent' }
  return { state: code.includes('ALERT') ? 'tls' : 'open' }
}

function fingerprintOf(socket: TLSSocket): string | undefined {
  return socket.getPeerX509Certificate()?.fingerprint256.replaceAll(':', '').toLowerCase()
}

function codeOf(error: Error): string {
  return String((error as NodeJS.ErrnoException).code)
}
