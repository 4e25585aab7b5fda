/** Kubeconfig files (v1 Config): the credentials of the current context, and replacing them without touching the rest. */
import { describeUnusable, type Reason, type Unusable } from '../errors.ts'
import { named } from '../foreign-text.ts'
import {
  addScalar,
  isMapping,
  listAt,
  type Mapping,
  mappingAt,
  type Path,
  parseYaml,
  replaceScalars,
  stringAt,
} from './yaml.ts'

/** Where PEM text is: inside the kubeconfig, or in a file it names (relative to the kubeconfig's directory). */
export type Credential =
  | { readonly at: 'data'; readonly pem: string; readonly path: Path }
  | { readonly at: 'file'; readonly file: string }

export interface Kubeconfig {
  readonly currentContext: string
  readonly userName: string
  readonly clusterName: string
  readonly server: string | undefined
  readonly clientCertificate: Credential
  readonly clientKey: Credential | undefined
  readonly certificateAuthority: Credential | undefined
  /** The server's certificate is not verified. */
  readonly isInsecure?: true
  /** The name that the server's certificate has to have, in place of the server's own. */
  readonly tlsServerName?: string
  readonly warnings: readonly string[]
}

/** One whose key waits for its certificate, as `kubeadm certs generate-csr` leaves it. */
export interface WaitingKubeconfig {
  readonly userName: string
  readonly clientKey: Credential
  readonly certificateAuthority: Credential | undefined
  /** Mappings of the current context: of its user, of its cluster. */
  readonly userPath: Path
  readonly clusterPath: Path
}

/** The current context's user and cluster, or why they give no client certificate. */
export function parseKubeconfig(text: string): Kubeconfig | Unusable {
  const current = currentContext(text)
  return 'reason' in current ? current : currentCredentials(current)
}

/** Undefined: it is no kubeconfig, has a certificate, or no key. */
export function parseWaitingKubeconfig(text: string): WaitingKubeconfig | undefined {
  const current = currentContext(text)
  if ('reason' in current) return undefined
  const { userName, user, cluster } = current
  const read = (entry: Mapping, path: Path, key: string) => credential(entry, [...path, key], [])
  const clientKey = read(user.entry, user.path, 'client-key')
  if (read(user.entry, user.path, 'client-certificate') || !clientKey || 'reason' in clientKey)
    return undefined
  const certificateAuthority = trust(
    read(cluster.entry, cluster.path, 'certificate-authority'),
    cluster.path,
    [],
  )
  return { userName, clientKey, certificateAuthority, userPath: user.path, clusterPath: cluster.path }
}

interface CurrentContext {
  readonly currentContext: string
  readonly userName: string
  readonly clusterName: string
  /** The mappings below `user` and `cluster`. */
  readonly user: Named
  readonly cluster: Named
}

function currentContext(text: string): CurrentContext | Unusable {
  if (text.trim() === '') return { reason: 'EMPTY_FILE' }
  const parsed = parseYaml(text)
  if ('reason' in parsed) return parsed
  const config = parsed.documents[0]
  if (!isMapping(config) || !(isNamedList(config, 'users') || isNamedList(config, 'contexts'))) {
    return { reason: 'NOT_A_KUBECONFIG', found: describe(config) }
  }
  return findCurrent(config)
}

function findCurrent(config: Mapping): CurrentContext | Unusable {
  const currentContext = stringAt(config, 'current-context') ?? ''
  if (currentContext === '') return { reason: 'NO_CURRENT_CONTEXT' }
  const context = entryNamed(config, 'contexts', currentContext)
  if (!context) return { reason: 'CONTEXT_MISSING', found: named(currentContext) }
  const userName = stringAt(context.entry.context, 'user') ?? ''
  const clusterName = stringAt(context.entry.context, 'cluster') ?? ''
  const user = entryNamed(config, 'users', userName)
  if (!user) return { reason: 'USER_MISSING', found: named(userName) }
  const cluster = entryNamed(config, 'clusters', clusterName)
  if (!cluster) return { reason: 'CLUSTER_MISSING', found: named(clusterName) }
  return {
    ...{ currentContext, userName, clusterName },
    user: { entry: mappingAt(user.entry, 'user'), path: [...user.path, 'user'] },
    cluster: { entry: mappingAt(cluster.entry, 'cluster'), path: [...cluster.path, 'cluster'] },
  }
}

function currentCredentials(current: CurrentContext): Kubeconfig | Unusable {
  const { currentContext, userName, clusterName, user, cluster } = current
  const warnings: string[] = []
  const read = (entry: Mapping, path: Path, key: string) => credential(entry, [...path, key], warnings)
  const clientCertificate = read(user.entry, user.path, 'client-certificate')
  const clientKey = read(user.entry, user.path, 'client-key')
  const certificateAuthority = read(cluster.entry, cluster.path, 'certificate-authority')
  if (!clientCertificate) return { reason: whyNoCertificate(user.entry), found: `user ${named(userName)}` }
  for (const read of [clientCertificate, clientKey]) if (read && 'reason' in read) return read
  return {
    currentContext,
    userName,
    clusterName,
    server: stringAt(cluster.entry, 'server'),
    clientCertificate: clientCertificate as Credential,
    clientKey: clientKey as Credential | undefined,
    certificateAuthority: trust(certificateAuthority, cluster.path, warnings),
    ...verificationOf(cluster.entry),
    warnings,
  }
}

function verificationOf(cluster: Mapping): Pick<Kubeconfig, 'isInsecure' | 'tlsServerName'> {
  const tlsServerName = stringAt(cluster, 'tls-server-name')
  return {
    ...(cluster['insecure-skip-tls-verify'] === true && { isInsecure: true }),
    ...(tlsServerName && { tlsServerName }),
  }
}

/** CA data that cannot be read still has its place, where a renewal puts what can. */
function trust(
  read: Credential | Unusable | undefined,
  path: Path,
  warnings: string[],
): Credential | undefined {
  if (!read || !('reason' in read)) return read
  warnings.push(`its certificate-authority-data: ${describeUnusable(read)}`)
  return { at: 'data', pem: '', path: [...path, 'certificate-authority-data'] }
}

/** client-go prefers the data over the file when both are given. */
export function credential(
  entry: Mapping,
  path: Path,
  warnings: string[],
): Credential | Unusable | undefined {
  const key = path.at(-1) as string
  const data = entry[`${key}-data`]
  const dataPath = [...path.slice(0, -1), `${key}-data`]
  if (data instanceof Uint8Array) {
    warnings.push(`${key}-data has the tag !!binary: Kubernetes will not read it`)
    return embedded(Buffer.from(data).toString('utf8'), dataPath)
  }
  if (typeof data === 'string' && data !== '') {
    if (/[ \t]/.test(data.trim()))
      warnings.push(`${key}-data has spaces in its base64: Kubernetes will not read it`)
    return fromBase64(data, dataPath)
  }
  const file = stringAt(entry, key)
  if (file && isData(file)) return { reason: 'DATA_AS_PATH', found: key }
  return file ? { at: 'file', file } : undefined
}

/** PEM, or its base64, put into the field for a file name: it may be a private key, so it is never repeated. */
function isData(file: string): boolean {
  return /\p{Cc}|-----BEGIN|LS0tLS1CRUdJTi/u.test(file) || file.split('/').some(part => part.length > 255)
}

function fromBase64(data: string, path: Path): Credential | Unusable {
  const compact = data.replace(/\s+/g, '')
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(compact) || compact.length % 4 !== 0) {
    return { reason: 'BASE64_MALFORMED', found: path.at(-1) as string }
  }
  return embedded(Buffer.from(compact, 'base64').toString('utf8'), path)
}

function embedded(pem: string, path: Path): Credential | Unusable {
  if (/^LS0tLS1CRUdJTi[A-Za-z0-9+/=\s]+$/.test(pem))
    return { reason: 'BASE64_TWICE', found: path.at(-1) as string }
  return { at: 'data', pem, path }
}

function whyNoCertificate(user: Mapping): Reason {
  if (isMapping(user.exec) || isMapping(user['auth-provider'])) return 'EXEC_USER'
  return 'token' in user || 'tokenFile' in user ? 'TOKEN_USER' : 'NO_CLIENT_CERTIFICATE'
}

interface Named {
  readonly entry: Mapping
  readonly path: Path
}

function entryNamed(config: Mapping, list: string, name: string): Named | undefined {
  const index = listAt(config, list).findIndex(entry => stringAt(entry, 'name') === name)
  const entry = listAt(config, list)[index]
  return isMapping(entry) ? { entry, path: [list, index] } : undefined
}

function isNamedList(config: Mapping, key: string): boolean {
  return key in config && (config[key] === null || Array.isArray(config[key]))
}

function describe(value: unknown): string {
  if (isMapping(value)) return named(stringAt(value, 'kind') ?? '') || 'a mapping without users and contexts'
  return value === null || value === undefined
    ? 'nothing'
    : Array.isArray(value)
      ? 'a list'
      : `a ${typeof value}`
}

/** The same file with one more embedded PEM text, before another field of the same mapping; every other byte stays. */
export function addEmbedded(text: string, before: Path, key: string, pem: string): string {
  return addScalar(text, before, { key, value: Buffer.from(pem).toString('base64') })
}

/** The same file with other PEM text in embedded credentials; every other byte stays. */
export function replaceEmbedded(text: string, replacements: readonly { path: Path; pem: string }[]): string {
  const encoded = replacements.map(({ path, pem }) => ({ path, value: Buffer.from(pem).toString('base64') }))
  return replaceScalars(text, encoded)
}
