/** Deciding, at once and as requests come, against an API server whose every answer a test holds in its hand. */
import { expect, it, onTestFinished } from 'vitest'
import type { ClusterApi } from '../../src/cluster/api.ts'
import type { RequestEvent } from '../../src/cluster/request-watches.ts'
import { PkiError } from '../../src/errors.ts'
import type { CertificateSigningRequest } from '../../src/kubernetes/certificate-signing-request.ts'
import { parseNodeObject } from '../../src/kubernetes/node-object.ts'
import { type DecideOptions, decideRequests } from '../../src/operations/decide-requests.ts'
import { watchDecisions } from '../../src/operations/watch-decisions.ts'
import { POLICIES } from '../../src/pki/csr/policy.ts'
import { csrOf, newKey, requestPem, servingRequest } from '../support/pkcs10.ts'

const PATIENCE = { timeout: 8_000, interval: 20 }
const NODES = [1, 2, 3].map(number => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: `n${number}`, creationTimestamp: '2026-01-01T00:00:00Z' },
  status: { addresses: [{ type: 'InternalIP', address: `10.0.0.${number}` }] },
}))

function serving(number: number): CertificateSigningRequest {
  const subject = [
    ['O', 'system:nodes'],
    ['CN', `system:node:n${number}`],
  ] as const
  const pem = requestPem({ subject, names: [`IP:10.0.0.${number}`], key: newKey() })
  return csrOf(servingRequest({ name: `s${number}`, node: `n${number}`, made: '2026-12-01T00:00:00Z', pem }))
}

interface Held {
  readonly events: RequestEvent[]
  /** What becomes of the next approvals, by name. */
  readonly answers: Map<string, () => Promise<CertificateSigningRequest>>
  readonly asked: string[]
}

function apiOf({ events, answers, asked }: Held): ClusterApi {
  const fake: Partial<ClusterApi> = {
    missingAccess: async () => undefined,
    listRequests: async function* () {
      for (const event of events) if ('request' in event) yield event.request
    },
    nodes: async () => NODES.flatMap(node => parseNodeObject(node) ?? []),
    serverNames: async () => [],
    authorities: [],
    updateApproval: async name => {
      asked.push(name)
      return (await answers.get(name)?.()) ?? serving(1)
    },
    watchRequests: async function* (signal) {
      while (!signal.aborted) {
        for (let event = events.shift(); event; event = events.shift()) yield event
        await new Promise(resolve => setTimeout(resolve, 10))
      }
    },
  }
  return fake as ClusterApi
}

function deciding(said: string[]): DecideOptions {
  return {
    ...{ verb: 'approve', policy: POLICIES.kubelet, authorities: [], dryRun: false },
    now: () => new Date('2026-12-01T00:01:00Z'),
    confirm: async () => true,
    onWarning: () => undefined,
    onDecision: ({ name, outcome }) => said.push(`${name} ${outcome}`),
  }
}

function watching(held: Held) {
  const stop = new AbortController()
  onTestFinished(() => stop.abort())
  const said: string[] = []
  const ended = watchDecisions(apiOf(held), { ...deciding(said), signal: stop.signal })
  return { stop, said, ended }
}

const listed = (...numbers: number[]): RequestEvent[] => [
  { type: 'listing' },
  ...numbers.map((number): RequestEvent => ({ type: 'present', request: serving(number) })),
  { type: 'synced' },
]

it('tells each as it is decided, and what is left when it is interrupted', async () => {
  const held: Held = { events: listed(1, 2, 3), answers: new Map(), asked: [] }
  const interruption = new AbortController()
  const said: string[] = []
  held.answers.set('s2', async () => {
    expect(said).toEqual(['s1 approved'])
    interruption.abort()
    return serving(2)
  })
  const options = { ...deciding(said), interruption: () => interruption.signal }
  const { items } = await decideRequests(apiOf(held), undefined, options)
  expect(held.asked).toEqual(['s1', 's2'])
  expect(said).toEqual(['s1 approved', 's2 approved', 's3 left'])
  expect(items.at(-1)).toMatchObject({ changed: false, reason: 'not tried: interrupted' })
})

it('looks at once at what comes while another is decided', async () => {
  const held: Held = { events: listed(1), answers: new Map(), asked: [] }
  held.answers.set('s1', async () => {
    held.events.push({ type: 'present', request: serving(2) })
    await expect.poll(() => held.events.length, PATIENCE).toBe(0)
    return serving(1)
  })
  const { said, stop, ended } = watching(held)
  await expect.poll(() => held.asked, PATIENCE).toEqual(['s1', 's2'])
  stop.abort()
  await ended
  expect(said[0]).toMatch(/^s1 /)
})

it('looks at what was left no more often because others come', async () => {
  let looks = 0
  const left = new Proxy(serving(4), {
    get: (csr, key) => {
      looks += key === 'spec' ? 1 : 0
      return Reflect.get(csr, key)
    },
  })
  const events: RequestEvent[] = [{ type: 'listing' }, { type: 'present', request: left }, { type: 'synced' }]
  const held: Held = { events, answers: new Map(), asked: [] }
  const { said, stop, ended } = watching(held)
  await expect.poll(() => said, PATIENCE).toEqual(['s4 left'])
  const before = looks
  expect(before).toBeGreaterThan(0)
  held.events.push({ type: 'present', request: serving(1) })
  await expect.poll(() => held.asked, PATIENCE).toEqual(['s1'])
  expect(looks).toBe(before)
  stop.abort()
  await ended
})

it('tells each as it is done, and leaves the rest when it is ended', async () => {
  const held: Held = { events: listed(1, 2, 3), answers: new Map(), asked: [] }
  const { said, stop, ended } = watching(held)
  held.answers.set('s2', async () => {
    expect(said).toHaveLength(1)
    stop.abort()
    return serving(2)
  })
  await ended
  expect(held.asked).toEqual(['s1', 's2'])
  expect(said).toHaveLength(2)
})

it('asks a server that goes away for nothing more, and then for all that is left', async () => {
  const held: Held = { events: listed(1, 2, 3), answers: new Map(), asked: [] }
  held.answers.set('s2', async () => {
    held.answers.delete('s2')
    throw new PkiError('CLUSTER_UNREACHABLE', 'away')
  })
  const { said, stop, ended } = watching(held)
  await expect.poll(() => held.asked, PATIENCE).toEqual(['s1', 's2', 's2', 's3'])
  stop.abort()
  await ended
  expect(said[1]).toBe('s2 failed')
})
