/**
 * Credential plugins (client.authentication.k8s.io): a program that prints an ExecCredential. It is started directly, no
 * shell reads its words; what it writes to its standard error is handed on; what it prints is never repeated.
 */
import { spawn } from 'node:child_process'
import { PkiError } from '../errors.ts'
import { named } from '../foreign-text.ts'
import type { ExecPlugin } from '../kubernetes/cluster-context.ts'
import { type Mapping, mappingAt, parseJson, stringAt } from '../kubernetes/yaml.ts'
import { type ClientPair, describePairFlaw, pairFlaw } from './client-pair.ts'

export interface PluginRun {
  readonly plugin: ExecPlugin
  /** Of the ExecCredential's spec, for a plugin that wants it. */
  readonly cluster: object
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Milliseconds. */
  readonly timeout: number
  readonly onLine: (line: string) => void
}

export interface PluginCredential {
  readonly token: string | undefined
  readonly pair: ClientPair | undefined
}

/** No credential is longer. */
const MOST_OUTPUT = 1024 * 1024

export async function runCredentialPlugin(run: PluginRun): Promise<PluginCredential> {
  const { plugin } = run
  const status = mappingAt(parseJson(await outputOf(run)), 'status')
  const credential = { token: stringAt(status, 'token'), pair: pairIn(status, plugin) }
  if (credential.token !== undefined || credential.pair) return credential
  throw failure(plugin, 'printed no ExecCredential with a token or a client certificate')
}

function pairIn(status: Mapping, plugin: ExecPlugin): ClientPair | undefined {
  const certificate = stringAt(status, 'clientCertificateData')
  const key = stringAt(status, 'clientKeyData')
  if (certificate === undefined) return undefined
  if (key === undefined) throw failure(plugin, 'printed a client certificate without its key')
  const flaw = pairFlaw({ certificate, key })
  if (flaw) throw failure(plugin, `printed ${describePairFlaw(flaw, PRINTED)}`)
  return { certificate, key }
}

const PRINTED = { certificate: 'a client certificate', key: 'a client key' }

function outputOf({ plugin, cluster, environment, timeout, onLine }: PluginRun): Promise<string> {
  const info = {
    apiVersion: plugin.apiVersion,
    kind: 'ExecCredential',
    spec: { interactive: false, ...(plugin.providesClusterInfo && { cluster }) },
  }
  const env = { ...environment, ...plugin.env, KUBERNETES_EXEC_INFO: JSON.stringify(info) }
  return new Promise((resolve, reject) => {
    const child = spawn(plugin.command, plugin.args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    const fail = (found: string) => {
      clearTimeout(timer)
      child.kill('SIGKILL')
      for (const stream of [child.stdout, child.stderr]) stream.destroy()
      child.unref()
      reject(failure(plugin, found))
    }
    const timer = setTimeout(() => fail(`printed nothing within ${timeout / 1000} s`), timeout)
    child.on('error', ({ code }: NodeJS.ErrnoException) => {
      fail(`cannot be started: ${START_TROUBLE[code ?? ''] ?? code}`)
    })
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
      if (output.length > MOST_OUTPUT) fail(`prints more than ${MOST_OUTPUT} characters`)
    })
    tellLines(child.stderr.setEncoding('utf8'), onLine)
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      if (code === 0) resolve(output)
      else reject(failure(plugin, `ended with ${signal ?? `exit code ${code}`}`))
    })
  })
}

const START_TROUBLE: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such program',
  EACCES: 'permission denied',
}

function tellLines(stream: NodeJS.ReadableStream, onLine: (line: string) => void): void {
  let rest = ''
  const tell = (line: string) => {
    if (line.trim() !== '') onLine(named(line.trimEnd().slice(0, 300)))
  }
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = (lines.pop() ?? '').slice(-4096)
    for (const line of lines) tell(line)
  })
  stream.on('end', () => tell(rest))
}

function failure({ command, installHint }: ExecPlugin, found: string): PkiError {
  const hint = installHint === undefined ? undefined : named(installHint.slice(0, 300))
  return new PkiError('CREDENTIAL_PLUGIN_FAILED', `the credential plugin ${named(command)} ${found}`, {
    hint,
  })
}
