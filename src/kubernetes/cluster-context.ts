/**
 * Where a cluster is and who asks it: the current context of kubeconfigs, merged as kubectl merges them (the first that
 * names something wins). Paths in them are from the directory of the file they stand in.
 */
import { dirname, isAbsolute, join } from 'node:path'
import { describeUnusable, PkiError } from '../errors.ts'
import { named } from '../foreign-text.ts'
import { type Credential, credential } from './kubeconfig.ts'
import { isMapping, listAt, type Mapping, mappingAt, parseYaml, stringAt } from './yaml.ts'

export interface KubeconfigText {
  readonly file: string
  readonly text: string
}

export interface ClusterContext {
  readonly name: string
  /** That names the user. */
  readonly file: string
  readonly clusterName: string
  readonly userName: string
  readonly server: string
  readonly certificateAuthority: Credential | undefined
  readonly skipsVerification: boolean
  readonly tlsServerName: string | undefined
  readonly proxyUrl: string | undefined
  readonly user: ContextUser
}

export interface ContextUser {
  readonly clientCertificate: Credential | undefined
  readonly clientKey: Credential | undefined
  readonly token: string | undefined
  readonly tokenFile: string | undefined
  readonly username: string | undefined
  readonly password: string | undefined
  readonly exec: ExecPlugin | undefined
  /** Of a kind that the client library knows: `oidc`. */
  readonly authProvider: Mapping | undefined
  readonly impersonates: Impersonation
}

export interface Impersonation {
  readonly user: string | undefined
  readonly uid: string | undefined
  readonly groups: readonly string[]
  readonly extra: Readonly<Record<string, readonly string[]>>
}

/** A program that prints an ExecCredential (client.authentication.k8s.io). */
export interface ExecPlugin {
  readonly apiVersion: string
  /** Absolute, or a name that PATH finds. */
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly providesClusterInfo: boolean
  readonly installHint: string | undefined
}

interface Entry {
  readonly file: string
  readonly name: string
  readonly value: Mapping
}

/** Throws KUBECONFIG_UNUSABLE, with the names there are. */
export function currentClusterContext(
  texts: readonly KubeconfigText[],
  asked: string | undefined,
): ClusterContext {
  const configs = texts.map(one => ({ file: one.file, config: configIn(one) }))
  const entries = (list: string, key: string): Entry[] =>
    configs.flatMap(({ file, config }) =>
      listAt(config, list).flatMap(one => {
        const name = stringAt(one, 'name')
        return name === undefined ? [] : { file, name, value: mappingAt(one, key) }
      }),
    )
  const find = (list: string, key: string, name: string): Entry => {
    const all = entries(list, key)
    const found = all.find(one => one.name === name)
    if (found) return found
    const names = [...new Set(all.map(one => named(one.name)))].join(', ')
    throw unusable(texts, `wanted the ${key} "${named(name)}", found ${names === '' ? 'none' : names}`)
  }
  const current = configs.map(({ config }) => stringAt(config, 'current-context') ?? '').find(Boolean)
  const name = asked ?? current ?? ''
  if (name === '') throw unusable(texts, 'no current-context', contextHint(entries('contexts', 'context')))
  const context = find('contexts', 'context', name)
  const cluster = find('clusters', 'cluster', stringAt(context.value, 'cluster') ?? '')
  const userName = stringAt(context.value, 'user') ?? ''
  const user = userName === '' ? undefined : find('users', 'user', userName)
  const { file } = user ?? context
  return { name, file, clusterName: cluster.name, userName, ...clusterIn(cluster), user: userIn(user) }
}

function configIn({ file, text }: KubeconfigText): Mapping {
  const parsed = parseYaml(text)
  if ('reason' in parsed) throw unusable([{ file }], describeUnusable(parsed))
  const [config] = parsed.documents
  if (isMapping(config)) return config
  throw unusable([{ file }], text.trim() === '' ? 'the file is empty' : 'not a kubeconfig')
}

function contextHint(contexts: readonly Entry[]): string | undefined {
  const names = contexts.map(({ name }) => named(name)).join(', ')
  return names === '' ? undefined : `--context names one: ${names}`
}

function unusable(files: readonly { readonly file: string }[], found: string, hint?: string): PkiError {
  const message = `${files.map(({ file }) => file).join(', ')}: ${found}`
  return new PkiError('KUBECONFIG_UNUSABLE', message, { hint })
}

function clusterIn({ file, name, value }: Entry) {
  const server = (stringAt(value, 'server') ?? '').replace(/\/+$/, '')
  if (!/^https?:\/\/[^/\s]+/.test(server) || !URL.canParse(server))
    throw unusable(
      [{ file }],
      `cluster "${named(name)}": wanted a server such as https://host:6443, found ${server === '' ? 'none' : `"${named(server)}"`}`,
    )
  const certificateAuthority = credentialIn({ file, name, value }, 'certificate-authority')
  const skipsVerification = value['insecure-skip-tls-verify'] === true
  if (skipsVerification && certificateAuthority)
    throw unusable(
      [{ file }],
      `cluster "${named(name)}": wanted a CA or insecure-skip-tls-verify, found both`,
      'as kubectl has it: without insecure-skip-tls-verify the CA is used',
    )
  return {
    server,
    certificateAuthority,
    skipsVerification,
    tlsServerName: stringAt(value, 'tls-server-name'),
    proxyUrl: stringAt(value, 'proxy-url'),
  }
}

const NOBODY: Entry = { file: '', name: '', value: {} }

function userIn(entry: Entry = NOBODY): ContextUser {
  const { file, value } = entry
  const tokenFile = stringAt(value, 'tokenFile')
  const exec = mappingAt(value, 'exec')
  const authProvider = mappingAt(value, 'auth-provider')
  return {
    clientCertificate: credentialIn(entry, 'client-certificate'),
    clientKey: credentialIn(entry, 'client-key'),
    token: stringAt(value, 'token'),
    tokenFile: tokenFile && besides(file, tokenFile),
    username: stringAt(value, 'username'),
    password: stringAt(value, 'password'),
    exec: stringAt(exec, 'command') === undefined ? undefined : execIn(file, exec),
    authProvider: Object.keys(authProvider).length > 0 ? authProvider : undefined,
    impersonates: impersonationIn(value),
  }
}

function impersonationIn(user: Mapping): Impersonation {
  const extra = Object.entries(mappingAt(user, 'as-user-extra'))
  return {
    user: stringAt(user, 'as'),
    uid: stringAt(user, 'as-uid'),
    groups: textsIn(listAt(user, 'as-groups')),
    extra: Object.fromEntries(extra.map(([key, value]) => [key, textsIn([value].flat())])),
  }
}

function textsIn(values: readonly unknown[]): string[] {
  return values.filter(value => typeof value === 'string')
}

/** As client-go: a command with a slash is from the kubeconfig's directory, any other one is found by PATH. */
function execIn(file: string, exec: Mapping): ExecPlugin {
  const command = stringAt(exec, 'command') ?? ''
  const env = listAt(exec, 'env').flatMap(one => {
    const name = stringAt(one, 'name')
    return name === undefined ? [] : [[name, stringAt(one, 'value') ?? '']]
  })
  return {
    apiVersion: stringAt(exec, 'apiVersion') ?? 'client.authentication.k8s.io/v1',
    command: command.includes('/') ? besides(file, command) : command,
    args: textsIn(listAt(exec, 'args')),
    env: Object.fromEntries(env),
    providesClusterInfo: exec.provideClusterInfo === true,
    installHint: stringAt(exec, 'installHint'),
  }
}

function credentialIn({ file, name, value }: Entry, key: string): Credential | undefined {
  const read = credential(value, [key], [])
  if (read && 'reason' in read) throw unusable([{ file }], `"${named(name)}": ${describeUnusable(read)}`)
  return read?.at === 'file' ? { at: 'file', file: besides(file, read.file) } : read
}

function besides(file: string, path: string): string {
  return isAbsolute(path) ? path : join(dirname(file), path)
}
