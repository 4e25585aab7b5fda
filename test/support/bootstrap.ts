/** Trees of a control-plane node that kubepki makes from nothing but a configuration, which is in its place. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { pairOf } from './control-plane.ts'
import { makeTreeOfRequests } from './external-ca.ts'
import { kubepkiNow } from './host.ts'
import { configFile } from './kubeadm.ts'

/** The output of a command that must succeed, for the node and its configuration. */
export async function made(root: string, ...argv: string[]): Promise<string> {
  const { stdout, stderr, exitCode } = await kubepkiNow(...argv, '--root', root, '--config', configFile(root))
  expect(exitCode, stderr).toBe(0)
  return stdout
}

const initAll = (root: string, phase: string, ...argv: string[]) =>
  made(root, 'init', 'phase', phase, 'all', ...argv)

const makeWith = (algorithm: string) => async (root: string) => {
  const certs = await initAll(root, 'certs', '--encryption-algorithm', algorithm)
  const kubeconfigs = await initAll(root, 'kubeconfig', '--encryption-algorithm', algorithm)
  expect(certs.match(/ Generating /g)).toHaveLength(11)
  expect(kubeconfigs.match(/ Writing /g)).toHaveLength(4)
}

/** The phases find everything but the key for service accounts. */
async function makeByRequests(root: string): Promise<void> {
  await makeTreeOfRequests(root, join(root, 'elsewhere'))
  const certs = await initAll(root, 'certs')
  expect(certs.match(/ Generating .*/g)).toEqual([' Generating "sa" key and public key'])
  expect(certs.match(/ Using existing /g)).toHaveLength(10)
  expect((await initAll(root, 'kubeconfig')).match(/ Using user provided /g)).toHaveLength(4)
  for (const ca of ['ca', 'front-proxy-ca', 'etcd/ca']) expect(existsSync(pairOf(root, ca).key)).toBe(false)
}

export interface Bootstrap {
  readonly name: string
  /** Of a JSON Web Token that its service account key signed (RFC 7518). */
  readonly alg: string
  readonly make: (root: string) => Promise<void>
  readonly hasCaKey: boolean
}

const ALGORITHMS = [
  ['RSA-2048', 'RS256'],
  ['ECDSA-P256', 'ES256'],
  ['ECDSA-P384', 'ES384'],
] as const

export const BOOTSTRAPS: readonly Bootstrap[] = [
  ...ALGORITHMS.map(([name, alg]) => ({ name, alg, make: makeWith(name), hasCaKey: true })),
  { name: 'an external CA', alg: 'RS256', make: makeByRequests, hasCaKey: false },
]
