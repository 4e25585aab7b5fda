/** Trees of a sound node in which openssl has made one certificate anew. */
import { readFileSync } from 'node:fs'
import { type MadeAuthority, makeLeaf, openssl, P256 } from './certificates.ts'
import { copyNode, fixture } from './node.ts'

export type Changes = Readonly<Record<string, string | null>>
export const K = 'etc/kubernetes'

export interface Anew {
  readonly subject: string
  readonly extensions: string
  readonly days?: number
}

/** `ca`, `etcd/ca`, `front-proxy-ca`. */
export function authorityIn(node: string, baseName: string): MadeAuthority {
  const read = (suffix: string) =>
    readFileSync(fixture('nodes', node, K, 'pki', `${baseName}.${suffix}`), 'utf8')
  return { certificate: read('crt'), key: read('key') }
}

export function newKey(): string {
  return openssl(['pkey', '-traditional'], openssl(['genpkey', ...P256]))
}

/** The files of a pair. */
export function pair(baseName: string, authority: MadeAuthority, anew: Anew): Changes {
  const key = newKey()
  const certificate = makeLeaf(authority, key, anew)
  return { [`${K}/pki/${baseName}.crt`]: certificate, [`${K}/pki/${baseName}.key`]: key }
}

const base64 = (text: string) => Buffer.from(text).toString('base64')

/** The text with another user's credentials. */
export function withUser(kubeconfig: string, authority: MadeAuthority, anew: Anew): string {
  const key = newKey()
  const certificate = makeLeaf(authority, key, anew)
  return kubeconfig
    .replace(/(client-certificate-data:) .*/, `$1 ${base64(certificate)}`)
    .replace(/(client-key-data:) .*/, `$1 ${base64(key)}`)
}

export function withTrust(kubeconfig: string, ...certificates: readonly string[]): string {
  return kubeconfig.replace(/(certificate-authority-data:) .*/, `$1 ${base64(certificates.join(''))}`)
}

export function withServer(kubeconfig: string, server: string): string {
  return kubeconfig.replace(/(\n\s+server:) .*/, `$1 ${server}`)
}

export function textIn(node: string, file: string): string {
  return readFileSync(fixture('nodes', node, K, file), 'utf8')
}

/** A manifest with flags changed, or taken away (null); one that is new stands at the end. */
export function withFlags(manifest: string, flags: Readonly<Record<string, string | null>>): string {
  return Object.entries(flags).reduce((text, [flag, value]) => {
    const line = new RegExp(`^( +- )--${flag}=.*\\n`, 'm')
    const last = /^( +- )--[a-z-]+=.*\n(?! +- --)/m
    if (value === null) return text.replace(line, '')
    const written = `$1--${flag}=${value}\n`
    return line.test(text)
      ? text.replace(line, written)
      : text.replace(last, match => {
          const indent = /^ +- /.exec(match)?.[0] ?? ''
          return `${match}${indent}--${flag}=${value}\n`
        })
  }, manifest)
}

/** A sound node with changed flags of one component. */
export function flagged(
  component: string,
  flags: Readonly<Record<string, string | null>>,
  changes: Changes = {},
  node = 'ecdsa',
): string {
  const file = `manifests/${component}.yaml`
  return copyNode(node, { [`${K}/${file}`]: withFlags(textIn(node, file), flags), ...changes })
}
