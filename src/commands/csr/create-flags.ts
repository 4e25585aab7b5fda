/** What the flags of `csr create` say together. */
import { resolve } from 'node:path'
import { isSubdomain } from '../../dns-name.ts'
import { PkiError } from '../../errors.ts'
import { shown } from '../../foreign-text.ts'
import { parseIpAddress } from '../../ip-address.ts'
import { CSR_USAGE_NAMES } from '../../kubernetes/key-usages.ts'
import type { AskedSubject } from '../../pki/csr/asked.ts'
import {
  distinctNames,
  ipName,
  parseSubjectAltName,
  type SubjectAltName,
} from '../../x509/subject-alt-name.ts'

const usage = (message: string, hint?: string) => new PkiError('USAGE', message, { hint })

interface Flags {
  readonly user?: string | undefined
  readonly group?: readonly string[] | undefined
  readonly node?: string | undefined
  readonly serving: boolean
  readonly address?: readonly SubjectAltName[] | undefined
  readonly dns?: readonly SubjectAltName[] | undefined
  readonly 'from-csr'?: string | undefined
  readonly 'encryption-algorithm'?: string | undefined
  readonly 'key-out'?: string | undefined
  readonly submit: boolean
  readonly wait: boolean
  readonly 'wait-timeout'?: number | undefined
  readonly out?: string | undefined
  readonly 'cert-out'?: string | undefined
  readonly 'kubeconfig-out'?: string | undefined
  readonly 'ca-cert'?: string | undefined
  readonly kubeconfig?: unknown
  readonly context?: string | undefined
}

const WHO = '--user NAME [--group G]..., --node N [--serving --address IP --dns NAME], or --from-csr FILE'

export type Asked = AskedSubject | { readonly kind: 'request'; readonly file: string }

export function askedFlags(flags: Flags): Asked {
  const { user, node, 'from-csr': file } = flags
  const given = [user, node, file].filter(one => one !== undefined)
  if (given.length !== 1)
    throw usage(
      `wanted one of --user, --node and --from-csr, found ${given.length === 0 ? 'none' : given.length}`,
      WHO,
    )
  checkBelonging(flags)
  if (file !== undefined) return { kind: 'request', file }
  if (user !== undefined) return { kind: 'user', user, groups: [...new Set(flags.group ?? [])] }
  if (!flags.serving) return { kind: 'node-client', node: node as string }
  const names = distinctNames([...(flags.dns ?? []), ...(flags.address ?? [])])
  if (names.length === 0)
    throw usage(
      '--serving wants --dns NAME or --address IP, found neither',
      'as in the addresses of its Node object: kubectl get node N -o jsonpath={.status.addresses}',
    )
  return { kind: 'node-serving', node: node as string, names }
}

interface Belonging {
  readonly flag: keyof Flags
  readonly to: string
  readonly isThere: (flags: Flags) => boolean
}

/** Flags that mean something with another one alone. */
const BELONGING: readonly Belonging[] = [
  { flag: 'group', to: '--user', isThere: ({ user }) => user !== undefined },
  { flag: 'serving', to: '--node', isThere: ({ node }) => node !== undefined },
  {
    flag: 'address',
    to: '--node and --serving',
    isThere: ({ node, serving }) => node !== undefined && serving,
  },
  { flag: 'dns', to: '--node and --serving', isThere: ({ node, serving }) => node !== undefined && serving },
  {
    flag: 'ca-cert',
    to: '--wait, --cert-out or --kubeconfig-out',
    isThere: flags => waits(flags),
  },
  { flag: 'wait-timeout', to: '--wait', isThere: flags => waits(flags) },
]

function checkBelonging(flags: Flags): void {
  const stray = BELONGING.find(
    ({ flag, isThere }) => flags[flag] !== undefined && flags[flag] !== false && !isThere(flags),
  )
  if (stray) throw usage(`--${stray.flag} wants ${stray.to} too`, WHO)
  if (flags['from-csr'] === undefined) return
  const own = (['encryption-algorithm', 'key-out', 'kubeconfig-out'] as const).find(
    flag => flags[flag] !== undefined,
  )
  if (own)
    throw usage(`--from-csr and --${own} exclude each other`, 'the key of that request is where it was made')
}

/** Whether the answer is wanted too. */
export function waits({ wait, 'cert-out': certificate, 'kubeconfig-out': kubeconfig }: Flags): boolean {
  return wait || certificate !== undefined || kubeconfig !== undefined
}

/** Whether it is for a cluster, or a manifest is all that is made. */
export function isSent(flags: Flags): boolean {
  const sent = flags.submit || waits(flags) || flags.kubeconfig !== undefined || flags.context !== undefined
  if (sent && flags.out !== undefined)
    throw usage(
      '--out is for a manifest, and this one goes to the cluster',
      '--cert-out or --kubeconfig-out takes what comes back',
    )
  return sent
}

export interface NamedFile {
  /** `--cert-out`, or what it is for. */
  readonly what: string
  readonly path: string | undefined
}

/** Each has a file of its own, and standard output is none of them. */
export function checkDistinct(files: readonly NamedFile[]): void {
  const taken = new Map<string, string>()
  for (const { what, path } of files) {
    if (path === undefined) continue
    if (path === '-')
      throw usage(
        `${what} wants a file, found -`,
        'standard output takes the manifest, or with --wait the certificate',
      )
    const place = resolve(path)
    const other = taken.get(place)
    if (other !== undefined) throw usage(`${other} and ${what} name the same file`, path)
    taken.set(place, what)
  }
}

/** The API server takes nearly anything; what is a part of a path, of a file name and of a command line, it is not. */
export function checkName(name: string): void {
  if (/^[A-Za-z0-9][A-Za-z0-9._:-]{0,200}$/.test(name)) return
  throw usage(
    `wanted a name of letters, digits and . _ : -, found ${shown(name)}`,
    'such as jane or worker-1-serving',
  )
}

export function wordOption(flag: string) {
  return (value: unknown): string => {
    const text = String(value)
    if (text !== '' && !/\p{Cc}/u.test(text)) return text
    throw usage(`--${flag} wants text, found ${text === '' ? 'nothing' : 'control characters in it'}`)
  }
}

/** Given again, never with commas: a group may have one in it. */
export function wordsOption(flag: string) {
  return (value: unknown): string[] => [value].flat().map(wordOption(flag))
}

export function nodeOption(value: unknown): string {
  const text = String(value)
  if (isSubdomain(text)) return text
  throw usage(`--node wants the name of a node, found "${text}"`, 'as kubectl get nodes lists it')
}

export function addressesOption(value: unknown): SubjectAltName[] {
  return listOf(value).map(text => {
    const address = parseIpAddress(text)
    if (address) return ipName(address)
    throw usage(`--address wants an IP address, found "${text}"`)
  })
}

export function dnsOption(value: unknown): SubjectAltName[] {
  return listOf(value).map(text => {
    if (parseIpAddress(text))
      throw usage(`--dns wants a DNS name, found the IP address ${text}`, `--address ${text}`)
    const name = parseSubjectAltName(`DNS:${text}`)
    if (name && !text.startsWith('*')) return name
    throw usage(`--dns wants a DNS name, found "${text}"`)
  })
}

function listOf(value: unknown): string[] {
  return [value].flat().flatMap(one => String(one).split(','))
}

export function usagesOption(value: unknown): string[] {
  const usages = listOf(value).map(one => one.trim())
  const unknown = usages.find(one => !(CSR_USAGE_NAMES as readonly string[]).includes(one))
  if (unknown !== undefined)
    throw usage(`--usage wants a usage, found "${unknown}"`, `one of: ${CSR_USAGE_NAMES.join(', ')}`)
  return [...new Set(usages)]
}
