/** The credentials of a context, through the official client: tokens, certificates, plugins, OpenID Connect, proxies. */
import type { RequestOptions } from 'node:https'
import { KubeConfig, type User } from '@kubernetes/client-node'
import { messageOf, PkiError } from '../errors.ts'
import { named, shown } from '../foreign-text.ts'
import { isMapping, type Mapping, mappingAt, stringAt } from '../kubernetes/yaml.ts'
import { type Certificate, readCertificates } from '../x509/certificate.ts'
import { clientPairOf } from './client-pair.ts'
import { runCredentialPlugin } from './exec-credential.ts'
import { proxyOf } from './proxy.ts'
import { type ClusterTarget, pemOf } from './target.ts'

export interface Access {
  /** Agent, credentials and headers of every request. */
  readonly options: RequestOptions
  readonly clientCertificate: Certificate | undefined
  readonly authorities: readonly Certificate[]
  /** The subject of a JSON Web Token, by its own word. */
  readonly tokenSubject: string | undefined
}

const PLUGIN = 'kubepki-credential-plugin'

/** Read anew each time: tokens and certificates on disk are renewed by others. */
export async function openAccess(target: ClusterTarget): Promise<Access> {
  const { context } = target
  const config = new KubeConfig()
  config.addAuthenticator({
    isAuthProvider: ({ authProvider }) => authProvider?.name === PLUGIN,
    applyAuthentication: (_user, options) => applyPlugin(target, options),
  })
  const ca = pemOf(context.certificateAuthority, target)
  config.loadFromOptions({
    clusters: [clusterOf(target, ca)],
    users: [userOf(target)],
    contexts: [{ name: context.name, cluster: context.clusterName, user: context.userName }],
    currentContext: context.name,
  })
  const options: RequestOptions = { headers: {} }
  try {
    await config.applyToHTTPSOptions(options)
  } catch (error) {
    if (error instanceof PkiError) throw error
    const found = named(messageOf(error).slice(0, 200))
    throw new PkiError('KUBECONFIG_UNUSABLE', `user "${named(context.userName)}": ${found}`)
  }
  // One handshake for many requests.
  Object.assign(options.agent ?? {}, { keepAlive: true })
  verifyOnly(options, !context.skipsVerification)
  Object.assign(options.headers ?? {}, impersonationHeaders(target))
  return { options, ...identityOf(options, ca) }
}

/** Said in so many words: NODE_TLS_REJECT_UNAUTHORIZED turns off what is left to the default. */
function verifyOnly(options: RequestOptions, rejectUnauthorized: boolean): void {
  options.rejectUnauthorized = rejectUnauthorized
  const { agent } = options
  if (typeof agent !== 'object' || !('options' in agent)) return
  Object.assign(agent.options as object, { rejectUnauthorized })
}

/** As kubectl: nobody is told who asks, and no plugin is started. */
function isPlain({ context }: ClusterTarget): boolean {
  return context.server.startsWith('http:')
}

function hasCredentials({ context: { user } }: ClusterTarget): boolean {
  const { token, tokenFile, clientCertificate, username, exec, authProvider } = user
  return [token, tokenFile, clientCertificate, username, exec, authProvider].some(one => one !== undefined)
}

/** What anybody in between could read or change. */
export function weaknessesOf(target: ClusterTarget): string[] {
  const { server, skipsVerification, userName } = target.context
  return [
    ...(skipsVerification && !isPlain(target)
      ? [`${named(server)}: insecure-skip-tls-verify: nobody knows whether it is the server that is meant`]
      : []),
    ...(isPlain(target) && hasCredentials(target)
      ? [`${named(server)}: without TLS the credentials of user "${named(userName)}" are not sent`]
      : []),
  ]
}

function clusterOf(target: ClusterTarget, ca: string | undefined) {
  const { context } = target
  const proxyUrl = proxyOf(target)?.url
  return {
    name: context.clusterName,
    server: context.server,
    // Without TLS there is nothing to verify: `kubectl proxy`.
    skipTLSVerify: context.skipsVerification || isPlain(target),
    ...(context.tlsServerName !== undefined && { tlsServerName: context.tlsServerName }),
    ...(proxyUrl !== undefined && { proxyUrl }),
    ...(ca !== undefined && { caData: encoded(ca) }),
  }
}

function userOf(target: ClusterTarget): User {
  const { user, userName } = target.context
  if (isPlain(target)) return { name: userName }
  const token = user.tokenFile === undefined ? user.token : target.readFile(user.tokenFile).trim()
  const pair = clientPairOf(target)
  return {
    name: userName,
    ...(pair && { certData: encoded(pair.certificate), keyData: encoded(pair.key) }),
    ...(token !== undefined && token !== '' && { token }),
    ...(user.username !== undefined && { username: user.username, password: user.password ?? '' }),
    ...(user.authProvider && { authProvider: oidcOf(userName, user.authProvider) }),
    ...(user.exec && { authProvider: { name: PLUGIN } }),
  }
}

const OIDC = ['client-id', 'client-secret', 'id-token', 'idp-issuer-url', 'refresh-token']

/** The library knows more kinds, some of which start a shell; kubectl has no other since 1.26. */
function oidcOf(userName: string, provider: Mapping): object {
  const name = stringAt(provider, 'name') ?? ''
  if (name !== 'oidc')
    throw new PkiError(
      'KUBECONFIG_UNUSABLE',
      `user "${named(userName)}": wanted the auth-provider oidc, found ${shown(name)}`,
      { hint: 'kubectl has no other since 1.26: credential plugins, below exec, have taken their place' },
    )
  const given = Object.entries(mappingAt(provider, 'config')).filter(([key]) => OIDC.includes(key))
  return { name, config: Object.fromEntries(given) }
}

async function applyPlugin(target: ClusterTarget, options: RequestOptions): Promise<void> {
  const { context, environment, timeout, onNote } = target
  const { exec: plugin } = context.user
  if (!plugin) return
  const ca = pemOf(context.certificateAuthority, target)
  const cluster = {
    server: context.server,
    ...(ca !== undefined && { 'certificate-authority-data': encoded(ca) }),
    ...(context.tlsServerName !== undefined && { 'tls-server-name': context.tlsServerName }),
  }
  const onLine = (line: string) => onNote(`${named(plugin.command)}: ${line}`)
  const credential = await runCredentialPlugin({ plugin, cluster, environment, timeout, onLine })
  if (credential.pair) Object.assign(options, { cert: credential.pair.certificate, key: credential.pair.key })
  if (credential.token !== undefined)
    options.headers = { ...options.headers, Authorization: `Bearer ${credential.token}` }
}

function impersonationHeaders({ context }: ClusterTarget): Record<string, string | string[]> {
  const { user, uid, groups, extra } = context.user.impersonates
  if (user === undefined) return {}
  const extras = Object.entries(extra).map(([key, values]) => [
    `Impersonate-Extra-${encodeURIComponent(key)}`,
    [...values],
  ])
  return {
    'Impersonate-User': user,
    ...(uid !== undefined && { 'Impersonate-Uid': uid }),
    ...(groups.length > 0 && { 'Impersonate-Group': [...groups] }),
    ...Object.fromEntries(extras),
  }
}

function identityOf({ cert, headers }: RequestOptions, ca: string | undefined): Omit<Access, 'options'> {
  const { Authorization: authorization } = headers as Readonly<Record<string, unknown>>
  return {
    clientCertificate: certificatesIn(cert === undefined ? undefined : String(cert))[0],
    authorities: certificatesIn(ca),
    tokenSubject: subjectOfToken(String(authorization ?? '')),
  }
}

function certificatesIn(pem: string | undefined): readonly Certificate[] {
  const read = pem === undefined ? undefined : readCertificates(pem)
  return read && 'certificates' in read ? read.certificates : []
}

function subjectOfToken(authorization: string): string | undefined {
  const [, payload] = /^Bearer [^.]+\.([^.]+)\.[^.]+$/.exec(authorization) ?? []
  if (payload === undefined) return undefined
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))
    return isMapping(claims) && typeof claims.sub === 'string' ? claims.sub : undefined
  } catch {
    return undefined
  }
}

function encoded(text: string): string {
  return Buffer.from(text).toString('base64')
}
