/** By which names and addresses an API server is reached, as far as a client can see. */
import { parseIpAddress } from '../ip-address.ts'
import { parseCertificate } from '../x509/certificate.ts'
import { subjectAltNamesOf } from '../x509/subject-alt-name.ts'
import { lookAtEndpoint } from './endpoint.ts'
import { proxyOf } from './proxy.ts'
import type { ClusterTarget } from './target.ts'

/** Those in its address, and those in the certificate that it shows: behind a proxy, and without TLS, none is seen. */
export async function serverNamesOf(target: ClusterTarget): Promise<readonly string[]> {
  const { context, timeout } = target
  const { protocol, hostname, port } = new URL(context.server)
  const host = hostname.replace(/^\[|\]$/g, '')
  const name = context.tlsServerName ?? host
  const serverName = parseIpAddress(name) ? undefined : name
  const isHidden = protocol !== 'https:' || proxyOf(target) !== undefined
  const question = { host, port: Number(port || 443), timeout, serverName }
  return [host, name, ...(isHidden ? [] : namesIn((await lookAtEndpoint(question)).chain))]
}

function namesIn([leaf]: readonly Uint8Array[]): string[] {
  if (!leaf) return []
  try {
    return subjectAltNamesOf(parseCertificate(new Uint8Array(leaf))).map(({ value }) => value)
  } catch {
    return []
  }
}
