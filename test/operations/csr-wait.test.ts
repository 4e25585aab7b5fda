/** Sending a request and following it, against an API server that does what the test wants. */
import { expect, it } from 'vitest'
import type { ClusterApi } from '../../src/cluster/api.ts'
import { PkiError } from '../../src/errors.ts'
import {
  type CertificateSigningRequest,
  parseSigningRequest,
} from '../../src/kubernetes/certificate-signing-request.ts'
import {
  newSigningRequest,
  withCertificate,
  withCondition,
} from '../../src/kubernetes/signing-request-object.ts'
import type { Mapping } from '../../src/kubernetes/yaml.ts'
import { awaitAnswer, send } from '../../src/operations/csr-wait.ts'
import { askedParts } from '../../src/pki/csr/asked.ts'
import { generateKey } from '../../src/x509/key.ts'
import { createRequest } from '../../src/x509/request.ts'
import { NOW } from '../support/host.ts'

const requestOf = async () =>
  createRequest(askedParts({ kind: 'user', user: 'jane', groups: [] }), await generateKey('ECDSA-P256'))
const spec = { name: 'jane', signerName: 'example.com/x', usages: ['client auth'] }
const OBJECT = newSigningRequest({ ...spec, request: await requestOf() })
const OTHER = newSigningRequest({ ...spec, request: await requestOf() })

function parsed(object: Mapping, uid?: string): CertificateSigningRequest {
  const csr = parseSigningRequest({ ...object, metadata: { name: 'jane', ...(uid && { uid }) } })
  if ('found' in csr) throw new Error(csr.found)
  return csr
}

const state = (type: 'Approved' | 'Denied' | 'Failed', object: Mapping = OBJECT) =>
  parsed(withCondition(object, { type, reason: 'Why', message: 'so\u001b[2J', now: NOW }), 'u-1')
const ISSUED = parsed(withCertificate(OBJECT, 'PEM'), 'u-1')
const SENT = parsed(OBJECT, 'u-1')
const CREATED = { object: OBJECT, csr: parsed(OBJECT) }

type Seen = CertificateSigningRequest | 'gone'

function api(seen: readonly Seen[], known?: CertificateSigningRequest): ClusterApi {
  const rest = [...seen]
  const fake: Partial<ClusterApi> = {
    createRequest: async () => {
      if (known) throw new PkiError('CONFLICT', 'there is one')
      return SENT
    },
    readRequest: async () => known,
    watchRequest: async function* (_name, uid, signal) {
      expect(uid).toBe('u-1')
      for (let next = rest.shift(); next !== undefined; next = rest.shift()) yield next
      await new Promise(resolve => signal.addEventListener('abort', resolve))
    },
  }
  return fake as ClusterApi
}

const wait = (seen: readonly Seen[], more = {}) => awaitAnswer(api(seen), SENT, { timeout: 5_000, ...more })

it('sends what is not there', async () => {
  expect(await send(api([]), CREATED, NOW)).toEqual({ csr: SENT, isKnown: false })
})

it('goes on with what is there and the same', async () => {
  expect(await send(api([], ISSUED), CREATED, NOW)).toEqual({ csr: ISSUED, isKnown: true })
})

it('takes no request of the same name for another key', async () => {
  await expect(send(api([], parsed(OTHER, 'u-1')), CREATED, NOW)).rejects.toMatchObject({
    code: 'CSR_EXISTS',
  })
})

it('says each state once, and ends when it is issued', async () => {
  const states: number[] = []
  const onState = ({ status }: CertificateSigningRequest) => states.push(status.conditions.length)
  expect(await wait([state('Approved'), state('Approved'), ISSUED], { onState })).toBe(ISSUED)
  expect(states).toEqual([0, 1, 0])
})

it.each<[string, Seen]>([
  ['was denied: Why: so\\u001b[2J', state('Denied')],
  ['refused the request jane: Why: so\\u001b[2J', state('Failed')],
  ['was removed from the cluster before it was answered', 'gone'],
])('ends when it %s', async (message, seen) => {
  await expect(wait([seen])).rejects.toMatchObject({
    code: 'NOT_ISSUED',
    message: expect.stringContaining(message),
  })
})

it.each([
  ['not approved yet', []],
  ['approved, and not signed', [state('Approved')]],
])('has an end to its patience: %s', async (message, seen) => {
  const end = { code: 'NOT_ISSUED', message: expect.stringContaining(message) }
  await expect(wait(seen, { timeout: 100 })).rejects.toMatchObject(end)
})

it('ends when the user ends it, and says what stays', async () => {
  const interruption = new AbortController()
  setTimeout(() => interruption.abort(), 50)
  const end = { code: 'INTERRUPTED', message: expect.stringContaining('its key here') }
  await expect(wait([], { interruption: interruption.signal })).rejects.toMatchObject(end)
})
