/** What is decided is what was looked at. */
import { expect, it } from 'vitest'
import { parseSigningRequest } from '../../src/kubernetes/certificate-signing-request.ts'
import { withDecision } from '../../src/pki/csr/decision.ts'
import { newKey, objectOf, servingRequest } from '../support/pkcs10.ts'

const APPROVAL = { type: 'Approved', reason: 'R', message: '' } as const
const OBJECT = objectOf(servingRequest())
const { metadata, spec } = OBJECT as { metadata: object; spec: object }
const otherRequest = objectOf(servingRequest({ request: { key: newKey() } })).spec as { request: string }

function parsed(changes: object) {
  const csr = parseSigningRequest({ ...OBJECT, ...changes })
  if ('found' in csr) throw new Error(csr.found)
  return csr
}

it.each<[string, object]>([
  ['another UID', { metadata: { ...metadata, uid: 'other' } }],
  ['no UID', { metadata: { ...metadata, uid: undefined } }],
  ['another request', { spec: { ...spec, request: otherRequest.request } }],
  ['another signer', { spec: { ...spec, signerName: 'example.com/x' } }],
  ['further usages', { spec: { ...spec, usages: ['client auth', 'server auth'] } }],
  ['another requester', { spec: { ...spec, username: 'system:node:worker-2' } }],
  ['another duration', { spec: { ...spec, expirationSeconds: 86_400_000 } }],
])('is not approved when it has %s meanwhile', (_, changes) => {
  expect(() => withDecision(parsed({}), parsed(changes), APPROVAL)).toThrow('which nobody has looked at')
})

it('is approved when nothing but its version and its labels changed', () => {
  const current = parsed({ metadata: { ...metadata, resourceVersion: '7', labels: { a: 'b' } } })
  expect(withDecision(parsed({}), current, APPROVAL)).toMatchObject({
    status: { conditions: [{ type: 'Approved', status: 'True' }] },
  })
})
