/** Why there is no answer of the API server: one clear line each, and what to do. Tokens and keys are never in it. */
import { messageOf, PkiError } from '../errors.ts'
import { named, withoutSecrets } from '../foreign-text.ts'
import type { Access } from './access.ts'
import { proxyOf } from './proxy.ts'
import type { ClusterTarget } from './target.ts'
import { SWITCHED } from './transport.ts'

export interface Connected {
  readonly target: ClusterTarget
  readonly access: Access
}

const NO_WAY = 'is the server up, is its address right, is there a firewall in between?'
const UNREACHABLE: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there',
  ConnectionRefused: 'nobody listens there',
  FailedToOpenSocket: 'nobody listens there',
  ECONNRESET: 'the connection was reset',
  ENOTFOUND: 'its name is not known here',
  EAI_AGAIN: 'its name cannot be looked up now',
  EHOSTUNREACH: 'no way there',
  ENETUNREACH: 'no way there',
  ETIMEDOUT: 'no answer',
  EPROTO: 'it speaks no TLS, or none that is understood here',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it speaks no TLS',
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: 'it does not accept the client certificate: it does not know its CA',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'it wants a client certificate',
}

const NOT_SIGNED = 'is signed by none of the CAs'
const UNTRUSTED: Readonly<Record<string, string>> = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: NOT_SIGNED,
  UNABLE_TO_GET_ISSUER_CERT: NOT_SIGNED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: NOT_SIGNED,
  SELF_SIGNED_CERT_IN_CHAIN: NOT_SIGNED,
  DEPTH_ZERO_SELF_SIGNED_CERT: NOT_SIGNED,
  CERT_SIGNATURE_FAILURE: NOT_SIGNED,
  CERT_UNTRUSTED: NOT_SIGNED,
  CERT_HAS_EXPIRED: 'has expired, or a CA above it has',
  CERT_NOT_YET_VALID: 'is not valid yet, or a CA above it is not',
  ERR_TLS_CERT_ALTNAME_INVALID: 'is for other names',
  INVALID_PURPOSE: 'is not one of a server',
}

/** Of an error that the connection ended with. */
export function connectionFailure(error: unknown, { target, access }: Connected): PkiError {
  if (error instanceof PkiError) return error
  const { context, timeout } = target
  const { name, reason, ...rest } = plainly(error)
  const code = typeof rest.code === 'string' ? rest.code : ''
  if (code === SWITCHED) return noApiServer(target, 'it switches protocols (HTTP 101)')
  if (Object.hasOwn(UNTRUSTED, code)) return untrusted(code, reason, { target, access })
  const isLate = name === 'TimeoutError' || name === 'AbortError' || code === 'ABORT_ERR'
  const found = isLate
    ? `no answer within ${timeout / 1000} s`
    : (UNREACHABLE[code] ?? named(messageOf(error).slice(0, 200)))
  const way = `${NO_WAY}${throughProxy(target)}`
  const hint = isLate ? `${way} a longer --timeout, such as 60s` : way
  return new PkiError(
    'CLUSTER_UNREACHABLE',
    `${withoutSecrets(context.server)}: ${found}${codeIn(code, found)}`,
    {
      hint,
      cause: error,
    },
  )
}

export function noApiServer({ context }: ClusterTarget, found: string): PkiError {
  const message = `${withoutSecrets(context.server)}: ${found}: this looks like no API server`
  return new PkiError('CLUSTER_REFUSED', message, { hint: 'is a proxy or another server in between?' })
}

function throughProxy(target: ClusterTarget): string {
  const proxy = proxyOf(target)
  return proxy ? ` it was asked through the proxy ${withoutSecrets(proxy.url)}, of ${proxy.source}` : ''
}

interface PlainError {
  readonly name: string | undefined
  readonly reason: string | undefined
  readonly code: unknown
}

/** A DOMException has a number for a code. */
function plainly(error: unknown): PlainError {
  const { name, reason, code } = error as Partial<PlainError>
  return { name, reason, code }
}

function codeIn(code: string, found: string): string {
  return code === '' || found.includes(code) || code === 'ABORT_ERR' ? '' : ` (${code})`
}

function untrusted(
  code: string,
  reason: string | undefined,
  { target: { context }, access }: Connected,
): PkiError {
  const { certificateAuthority: ca, clusterName } = context
  const given = ca?.at === 'file' ? ca.file : `certificate-authority-data of cluster "${named(clusterName)}"`
  const cas = access.authorities.map(
    ({ subject, fingerprintSha256 }) => `${named(subject)}, SHA-256 ${fingerprintSha256.slice(0, 16)}...`,
  )
  const trusted = ca ? `${given} (${cas.join('; ')})` : "this machine's own list: the kubeconfig names no CA"
  const which = UNTRUSTED[code] === NOT_SIGNED ? ` of ${trusted}` : ''
  const names = reason !== undefined && /altnames/.test(reason) ? `: ${named(reason.slice(0, 200))}` : ''
  return new PkiError(
    'CLUSTER_UNTRUSTED',
    `${withoutSecrets(context.server)}: the certificate it shows ${UNTRUSTED[code]}${which}${names} (${code})`,
    { hint: 'was the CA renewed, or is this another cluster? a current kubeconfig has its CA' },
  )
}
