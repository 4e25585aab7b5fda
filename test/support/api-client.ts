/** The client beside a server that a test holds in its hand: connections, failures, and what was noted meanwhile. */
import { rmSync } from 'node:fs'
import { afterAll, expect, onTestFinished } from 'vitest'
import { type ClusterApi, connect } from '../../src/cluster/api.ts'
import { PkiError } from '../../src/errors.ts'
import { type ConnectionOptions, clusterTargetOf } from '../../src/operations/cluster-target.ts'
import { type FakeApi, type Handler, makeFiles, startFakeApi, writeKubeconfig } from './fake-api-server.ts'
import { NOW } from './host.ts'

export const files = makeFiles()
afterAll(() => rmSync(files.directory, { recursive: true }))

export const TOKEN = 'secret-token-0123456789abcdef'
export const COLLECTION = '/apis/certificates.k8s.io/v1/certificatesigningrequests'
export const notes: string[] = []

export async function serving(handle: Handler): Promise<FakeApi> {
  const api = await startFakeApi(files, handle)
  onTestFinished(() => api.close())
  return api
}

export interface Given extends Partial<ConnectionOptions> {
  readonly user?: object
  readonly cluster?: object
}

export async function connecting(
  server: string,
  { user = { token: TOKEN }, cluster = {}, ...options }: Given = {},
): Promise<ClusterApi> {
  const target = clusterTargetOf({
    kubeconfig: writeKubeconfig(files, { server, user, cluster }),
    timeout: 20_000,
    now: () => NOW,
    environment: { PATH: process.env.PATH },
    onNote: note => notes.push(note),
    ...options,
  })
  return connect(target)
}

/** No credential is in it, and nothing that steers a terminal. */
export async function failureOf(work: Promise<unknown>): Promise<PkiError> {
  const error = await work.then(
    () => new Error('it did not fail'),
    (error: unknown) => error,
  )
  expect(error).toBeInstanceOf(PkiError)
  const { message, hint = '', manifest = '' } = error as PkiError
  expect(message + hint + manifest).not.toContain(TOKEN)
  expect(message + hint).not.toMatch(/\p{Cc}/u)
  return error as PkiError
}

export async function allOf(list: AsyncIterable<{ readonly name: string }>): Promise<string[]> {
  const names: string[] = []
  for await (const { name } of list) names.push(name)
  return names
}
