/** The external CA's round trip: out as requests, signed elsewhere, back by `certs import`. */
import { cpSync, mkdirSync, renameSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect } from 'vitest'
import { answersIn, ROWS } from './answers.ts'
import { pairOf } from './control-plane.ts'
import { CA_OF } from './external-ca.ts'
import {
  type Authorities,
  bundledSingly,
  type Came,
  certificatesOf,
  makeIntermediates,
  pemOf,
} from './hierarchy.ts'
import { kubepkiNow, type Outcome } from './host.ts'
import { copyTree } from './kubeadm.ts'
import { modesIn } from './made.ts'
import { SIGNERS, type Sign } from './signers.ts'

/** The keys of these CAs leave the node. */
export function takeKeysAway(
  root: string,
  elsewhere: string,
  caNames: readonly string[] = Object.keys(CA_OF),
): Authorities {
  return Object.fromEntries(
    caNames.map(caName => {
      const base = CA_OF[caName] ?? ''
      const pair = pairOf(elsewhere, base)
      mkdirSync(dirname(pair.key), { recursive: true })
      cpSync(pairOf(root, base).certificate, pair.certificate)
      renameSync(pairOf(root, base).key, pair.key)
      return [caName, pair]
    }),
  )
}

export interface Pending {
  readonly name: string
  readonly caName: string
  readonly csrFile: string
  readonly keyFile: string
  readonly certificateFile: string
}

/** What `certs renew all` could not sign, or was told not to. */
export async function renewByRequests(root: string, ...flags: string[]): Promise<readonly Pending[]> {
  const renew = ['certs', 'renew', 'all', '--root', root, '--output', 'json']
  const { stdout, stderr, exitCode } = await kubepkiNow(...renew, ...flags)
  expect(exitCode, stderr).toBe(0)
  return (JSON.parse(stdout) as { pending: readonly Pending[] }).pending
}

export interface Errand {
  readonly authorities: Authorities
  readonly sign: Sign
  /** With `requests` and `answers` in it. */
  readonly elsewhere: string
}

/** Row -> file of its answer, whose name means nothing. A CA gets the requests and nothing else of the node. */
export async function haveSigned(
  pending: readonly Pending[],
  { authorities, sign, elsewhere }: Errand,
): Promise<ReadonlyMap<string, string>> {
  const folders = { requests: join(elsewhere, 'requests'), answers: join(elsewhere, 'answers') }
  for (const folder of Object.values(folders)) mkdirSync(folder, { recursive: true })
  const files = new Map<string, string>()
  for (const [index, { name, caName, csrFile }] of pending.entries()) {
    const request = join(folders.requests, `${name}.csr`)
    cpSync(csrFile, request)
    const by = authorities[caName]
    if (!by) throw new TypeError(`${name}: nobody has the key of ${caName}`)
    const [, extKeyUsage] = ROWS[name] as (typeof ROWS)[string]
    files.set(name, await sign({ request, by, extKeyUsage, answer: join(folders.answers, `${index}`) }))
  }
  return files
}

export function importFrom(root: string, ...paths: readonly string[]): Promise<Outcome> {
  return kubepkiNow('certs', 'import', ...paths, '--root', root, '--output', 'json')
}

/** Names of what was installed; all must be right. */
export async function importAnswers(root: string, ...paths: readonly string[]): Promise<string[]> {
  const { stdout, stderr, exitCode } = await importFrom(root, ...paths)
  expect(exitCode, stderr).toBe(0)
  const { installed } = JSON.parse(stdout) as { installed: readonly { name: string }[] }
  return installed.map(({ name }) => name)
}

export interface Circle {
  readonly signer: keyof typeof SIGNERS
  /** The CAs whose keys are elsewhere; default: all. */
  readonly away?: readonly string[]
  /** The cluster trusts a root, and an intermediate signs: one for each of its CAs, or one for all. */
  readonly tiers?: 'for each' | 'for all'
}

/** What was asked for, and what came. */
export interface Round extends Came {
  readonly pending: readonly Pending[]
  /** Of the tree that waits. */
  readonly modes: Readonly<Record<string, string>>
  /** A copy of it. */
  readonly waiting: string
  readonly installed: readonly string[]
}

/** All of `certs renew`, whoever signs, and `certs import`. */
export async function goRound(
  root: string,
  elsewhere: string,
  { signer, away, tiers }: Circle,
): Promise<Round> {
  const roots = takeKeysAway(root, elsewhere, away)
  const modes = modesOf(root)
  const pending = await renewByRequests(root, ...(away ? [] : ['--csr-only']))
  const authorities = tiers
    ? await makeIntermediates(roots, join(elsewhere, 'issuing'), tiers === 'for all')
    : roots
  const files = await haveSigned(pending, { authorities, sign: SIGNERS[signer].sign, elsewhere })
  const came = {
    leaves: new Map([...files].map(([name, file]) => [name, pemOf(file)])),
    intermediates: tiers ? certificatesOf(authorities) : {},
    roots: certificatesOf(roots),
    older: tiers ? certificatesOf(await makeIntermediates(roots, join(elsewhere, 'older'), false)) : {},
  }
  const waiting = copyTree(root)
  const answers = tiers ? answersIn(bundledSingly(came)) : join(elsewhere, 'answers')
  return { pending, modes, waiting, ...came, installed: await importAnswers(root, answers) }
}

/** Without the requests and their keys. */
export function modesOf(root: string): Record<string, string> {
  const modes = Object.entries(modesIn(root, '.'))
  return Object.fromEntries(modes.filter(([file]) => !file.startsWith('pki/csr/')))
}
