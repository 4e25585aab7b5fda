/** Why the API server gave not the wanted answer: one clear line each, and what to do. Tokens and keys are never in it. */
import { PkiError } from '../errors.ts'
import { named, pathText, withoutSecrets } from '../foreign-text.ts'
import { CSR_API_VERSION } from '../kubernetes/certificate-signing-request.ts'
import { isMapping, listAt, type Mapping, mappingAt, parseJson, stringAt } from '../kubernetes/yaml.ts'
import {
  type AccessQuestion,
  accessManifest,
  describeAccess,
  LIST_MACHINES,
  onSigner,
} from '../pki/csr/access.ts'
import { instant } from '../pki/instant.ts'
import type { Access } from './access.ts'
import { type Connected, noApiServer } from './connection-failures.ts'
import type { ClusterTarget } from './target.ts'
import type { Answer } from './transport.ts'

export interface Asked extends Connected {
  readonly question: AccessQuestion
}

/** Of an answer that is not 2xx. */
export function refusal(answer: Answer, asked: Asked): PkiError {
  const parsed = parseJson(answer.text)
  const status = isMapping(parsed) ? parsed : { message: plainWords(answer) }
  if (answer.status === 404 && !isOfKubernetes(answer, status, asked)) return strange404(answer, asked)
  if (wantsTls(answer, asked)) return withoutTls(status, asked, answer.status)
  const make = REFUSALS[answer.status] ?? otherwise
  return make(status, asked, answer.status)
}

/** The first line of what is neither JSON nor a page. */
function plainWords({ text }: Answer): string {
  const words = text.trimStart()
  return /^[<[{"]/.test(words) ? '' : (/^[^\r\n]*/.exec(words)?.[0] ?? '').trimEnd()
}

/** As Go and nginx say it. */
function wantsTls({ status, text }: Answer, { target }: Asked): boolean {
  const isPlain = target.context.server.startsWith('http:')
  return isPlain && status === 400 && /HTTP request (was sent )?to (an )?HTTPS/.test(text)
}

function withoutTls(status: Mapping, asked: Asked, code: number): PkiError {
  const { clusterName, server } = asked.target.context
  const right = withoutSecrets(server).replace(/^http:/, 'https:')
  const hint = `it wants https: the server of cluster "${named(clusterName)}" in the kubeconfig is ${right}`
  return new PkiError('CLUSTER_REFUSED', otherwise(status, asked, code).message, { hint })
}

/** An API server says it in plain text where it does not know the whole API group: of these one alone may be missing. */
function isOfKubernetes({ text }: Answer, status: Mapping, { question }: Asked): boolean {
  return status.kind === 'Status' || (question.group === LIST_MACHINES.group && saysUnknownPath({ text }))
}

function saysUnknownPath({ text }: Pick<Answer, 'text'>): boolean {
  return text.trim() === '404 page not found'
}

function strange404(answer: Answer, { target, question }: Asked): PkiError {
  const what = describeAccess(question)
  if (!saysUnknownPath(answer))
    return noApiServer(target, `${what}: HTTP 404, not in the words of Kubernetes`)
  return new PkiError(
    'CLUSTER_REFUSED',
    `${withoutSecrets(target.context.server)}: ${what}: HTTP 404, page not found`,
    { hint: `${CSR_API_VERSION} comes with Kubernetes 1.19; or is a proxy or another server in between?` },
  )
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
  return message === '' ? otherwise : named(message.slice(0, 290).trimEnd())
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
