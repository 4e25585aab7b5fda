/**
 * What a server shows whoever connects. Network trouble is an answer, not an error. Every certificate is accepted and
 * no credential is sent; the certificate is seen even where the server then ends the handshake for want of a client's.
 */
import { connect, type DetailedPeerCertificate, type TLSSocket } from 'node:tls'

export interface EndpointQuestion {
  readonly host: string
  readonly port: number
  /** Milliseconds, for everything. */
  readonly timeout: number
  /** Whose certificate is asked for; absent: the one that is served by default. */
  readonly serverName?: string | undefined
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

export async function probeEndpoint(question: EndpointQuestion): Promise<EndpointAnswer> {
  const { state, fingerprintSha256 } = await lookAtEndpoint(question)
  return { state, ...(fingerprintSha256 !== undefined && { fingerprintSha256 }) }
}

/** Also what was sent with the certificate. */
export interface ServedChain extends EndpointAnswer {
  /** In DER, the server's own first; empty: none was shown. */
  readonly chain: readonly Uint8Array[]
  /** Somebody took the connection. */
  readonly isConnected: boolean
  /** Why there was none: `ECONNREFUSED`, `ENOTFOUND`, ...; absent: time was up. */
  readonly errorCode?: string
}

export function lookAtEndpoint({ host, port, timeout, serverName }: EndpointQuestion): Promise<ServedChain> {
  return new Promise(resolve => {
    const socket = connect({ host, port, servername: serverName ?? '', rejectUnauthorized: false })
    const seen: Seen = { isConnected: false, fingerprintSha256: undefined, chain: [] }
    const timer = setTimeout(() => {
      resolve(answerOf(seen, undefined))
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
  chain: readonly Uint8Array[]
}

/**
 * A server of TLS 1.2 judges the client within the handshake, and its refusal leaves nothing to look at. But keys are
 * agreed on just after its certificate was read, and that is told.
 */
function watch(socket: TLSSocket, seen: Seen): void {
  const look = () => {
    if (seen.chain.length > 0) return
    // getPeerX509Certificate() would take the certificate away: nothing after it sees one.
    const shown = socket.getPeerCertificate(true)
    seen.chain = chainFrom(shown)
    seen.fingerprintSha256 = shown.fingerprint256?.replaceAll(':', '').toLowerCase()
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

/** Code: of the error; empty: the connection was closed; undefined: time is up. */
function answerOf({ chain, ...seen }: Seen, code: string | undefined): ServedChain {
  const { isConnected, fingerprintSha256 } = seen
  const about = { chain, isConnected, ...(code && { errorCode: code }) }
  if (fingerprintSha256 !== undefined) return { state: 'tls', fingerprintSha256, ...about }
  if (code === undefined) return { state: 'silent', ...about }
  if (!isConnected) return { state: UNCONNECTED[code] ?? 'silent', ...about }
  return { state: code.includes('ALERT') ? 'tls' : 'open', ...about }
}

/** No real chain is longer. */
const LONGEST_CHAIN = 20

/** Of a server that has shown none yet the first is empty. */
function chainFrom(first: DetailedPeerCertificate): readonly Uint8Array[] {
  const chain: Uint8Array[] = []
  for (let one: DetailedPeerCertificate | undefined = first; one?.raw && chain.length < LONGEST_CHAIN; ) {
    chain.push(new Uint8Array(one.raw))
    one = one.issuerCertificate === one ? undefined : one.issuerCertificate
  }
  return chain
}

function codeOf(error: Error): string {
  return String((error as NodeJS.ErrnoException).code)
}
