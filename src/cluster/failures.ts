/** Why the API server gave no answer, or not the wanted one: one clear line each, and what to do. Tokens and keys are never in it. */
import { messageOf, PkiError } from '../errors.ts'
import { named, pathText, withoutSecrets } from '../foreign-text.ts'
import { isMapping, listAt, type Mapping, mappingAt, parseJson, stringAt } from '../kubernetes/yaml.ts'
import { type AccessQuestion, accessManifest, describeAccess, onSigner } from '../pki/csr/access.ts'
import { instant } from '../pki/instant.ts'
import type { Access } from './access.ts'
import { proxyOf } from './proxy.ts'
import type { ClusterTarget } from './target.ts'
import { type Answer, SWITCHED } from './transport.ts'

export interface Asked {
  readonly target: ClusterTarget
  readonly access: Access
  readonly question: AccessQuestion
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
export function connectionFailure(error: unknown, { target, access }: Omit<Asked, 'question'>): PkiError {
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
  { target: { context }, access }: Omit<Asked, 'question'>,
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

/** Of an answer that is not 2xx. */
export function refusal(answer: Answer, asked: Asked): PkiError {
  const status = parseJson(answer.text)
  const make = REFUSALS[answer.status] ?? otherwise
  return make(isMapping(status) ? status : {}, asked, answer.status)
}

type Refusal = (status: Mapping, asked: Asked, code: number) => PkiError

const REFUSALS: Readonly<Record<number, Refusal>> = {
  401: unauthorized,
  403: forbidden,
  404: (status, { target, question }) =>
    new PkiError('NOT_FOUND', `${describeAccess(question)}: ${saidBy(status, 'there is none')}`, {
      hint: `asked: ${withoutSecrets(target.context.server)}`,
    }),
  409: (status, { question }) => {
    const message = `${describeAccess(question)}: ${saidBy(status, 'it was changed meanwhile')}`
    return new PkiError('CONFLICT', message)
  },
  // With the token that goes on where the list is now, where the server gives one.
  410: (status, { question }) =>
    new PkiError('LIST_EXPIRED', `${describeAccess(question)}: the list changes faster than it can be read`, {
      cause: mappingAt(status, 'metadata'),
    }),
  422: (status, { question }) =>
    new PkiError(
      'REQUEST_INVALID',
      `${describeAccess(question)}: the API server refuses it: ${causesOf(status)}`,
    ),
}

function otherwise(status: Mapping, { target, question }: Asked, code: number): PkiError {
  const message = `${withoutSecrets(target.context.server)}: ${describeAccess(question)}: ${saidBy(status, 'no reason given')} (HTTP ${code})`
  return new PkiError('CLUSTER_REFUSED', message)
}

/** The server's own sentence. */
function saidBy(status: Mapping, otherwise: string): string {
  const message = stringAt(status, 'message') ?? ''
  return message === '' ? otherwise : named(message.slice(0, 290))
}

function causesOf(status: Mapping): string {
  const causes = listAt(mappingAt(status, 'details'), 'causes').map(cause => {
    const field = stringAt(cause, 'field') ?? ''
    const message = stringAt(cause, 'message') ?? ''
    return named(`${field === '' ? '' : `${field}: `}${message}`.slice(0, 290))
  })
  return causes.length > 0 ? causes.slice(0, 5).join('; ') : saidBy(status, 'no reason given')
}

function unauthorized(_status: Mapping, { target, access }: Asked): PkiError {
  const { context, now } = target
  const message = `${withoutSecrets(context.server)} does not know who user "${named(context.userName)}" is (401): ${whyUnknown(access, now())}`
  return new PkiError('UNAUTHORIZED', message, {
    hint: 'renew the credentials, or name another kubeconfig or context: --kubeconfig, --context',
  })
}

function whyUnknown({ clientCertificate, options }: Access, now: Date): string {
  if (clientCertificate) {
    const { notBefore, notAfter, subject, issuer } = clientCertificate
    const who = `its client certificate (${named(subject)})`
    if (notAfter < now) return `${who} expired at ${instant(notAfter)}`
    if (notBefore > now) return `${who} is valid only from ${instant(notBefore)}`
    return `${who} is not accepted; its CA is ${named(issuer)}, it is valid until ${instant(notAfter)}`
  }
  const hasToken = 'Authorization' in (options.headers as object)
  return hasToken ? 'its token is not accepted: it may have expired' : 'it has neither certificate nor token'
}

function forbidden(status: Mapping, asked: Asked): PkiError {
  const { target, question, access } = asked
  const said = stringAt(status, 'message') ?? ''
  const missing = missingIn(said, question)
  const user = userIn(said) ?? callerOf(access)
  if (!missing)
    return new PkiError(
      'FORBIDDEN',
      `${withoutSecrets(target.context.server)}: ${saidBy(status, 'forbidden')} (403)`,
    )
  if (user === 'system:anonymous')
    return new PkiError(
      'FORBIDDEN',
      `${withoutSecrets(target.context.server)}: nobody may ${describeAccess(missing)} without credentials: user "${named(target.context.userName)}" of the kubeconfig has none that are used`,
    )
  return accessFailure([missing], { target, access, user })
}

/** Undefined: what is in the way is no missing right. */
function missingIn(said: string, question: AccessQuestion): AccessQuestion | undefined {
  const [, verb, signerName] =
    /not permitted to (approve|sign) requests with signerName "([^"]+)"/.exec(said) ?? []
  if (verb !== undefined && signerName !== undefined) return onSigner(verb, signerName)
  return /cannot \w+ resource/.test(said) || said === '' ? question : undefined
}

function userIn(said: string): string | undefined {
  return /User "((?:[^"\\]|\\.)*)" cannot/.exec(said)?.[1]
}

export interface Caller {
  readonly target: ClusterTarget
  readonly access: Access
  readonly user: string | undefined
}

/** Rights that are missing, and the objects that give them. */
export function accessFailure(missing: readonly AccessQuestion[], { target, user }: Caller): PkiError {
  const isOfMachines = user !== undefined && MACHINES.test(user)
  const who =
    user === undefined
      ? `user "${named(target.context.userName)}" of the kubeconfig`
      : `user "${named(user)}"`
  return new PkiError(
    'FORBIDDEN',
    `${withoutSecrets(target.context.server)}: ${who} may not ${missing.map(describeAccess).join(', nor ')}`,
    {
      hint: `${identityHint(target)}; ${isOfMachines ? NOBODY_GIVES : waySaid(user)}`,
      manifest: isOfMachines ? undefined : accessManifest(missing, user ?? 'USER'),
    },
  )
}

/** They ask for certificates; none of them ever decides about one. */
const MACHINES = /^system:(anonymous$|node:|bootstrap:|serviceaccount:.*:node-bootstrapper$)/
const NOBODY_GIVES = 'this one is of a machine, and is given no such right'

/** The wrong kubeconfig is as likely as a missing right. */
function identityHint({ context: { name, file, userName } }: ClusterTarget): string {
  return `asked as context "${named(name)}", user "${named(userName)}", of ${pathText(file)}: --kubeconfig and --context name another`
}

function waySaid(user: string | undefined): string {
  return user === undefined
    ? 'or an administrator puts the name of the user in the place of USER and applies this with kubectl apply -f -'
    : 'or an administrator applies this with kubectl apply -f -'
}

/** As the API server takes it: the common name of the client certificate, the subject of a service account's token. */
export function callerOf({ clientCertificate, tokenSubject, options }: Access): string | undefined {
  const impersonated = (options.headers as Readonly<Record<string, string>>)['Impersonate-User']
  const [, commonName] = /(?:^|,)CN=((?:[^,\\]|\\.)*)/.exec(clientCertificate?.subject ?? '') ?? []
  return impersonated ?? commonName ?? tokenSubject
}
