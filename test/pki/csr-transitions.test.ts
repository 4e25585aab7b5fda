/** What may become of a request; the end-to-end tests hold the same against a real API server. */
import { expect, it } from 'vitest'
import { TRANSITION_RULES, transitionFlaws } from '../../src/pki/csr/transition-rules.ts'
import { csrOf, type NodeRequest, servingRequest } from '../support/pkcs10.ts'

const condition = (type: string, reason = 'Test') => ({ type, status: 'True', reason })
const { pem } = servingRequest()
const csr = (part: NodeRequest) => csrOf(servingRequest({ pem, ...part }))
const approved = [condition('Approved')]

it.each<[string, NodeRequest, 'approval' | 'status' | undefined, NodeRequest, string[]]>([
  ['approved', {}, 'approval', { conditions: approved }, []],
  ['approved where it may not be', {}, 'status', { conditions: approved }, ['CONDITION_SUBRESOURCE']],
  ['approved in passing', {}, undefined, { conditions: approved }, ['CONDITION_SUBRESOURCE']],
  ['failed', { conditions: approved }, 'status', { conditions: [...approved, condition('Failed')] }, []],
  ['denied no longer', { conditions: [condition('Denied')] }, 'approval', {}, ['DECISIONS_KEPT']],
  ['noted', {}, 'approval', { conditions: [condition('Seen')] }, []],
  ['noted no longer', { conditions: [condition('Seen')] }, 'status', {}, []],
  ['issued', {}, 'status', { certificate: 'PEM' }, []],
  ['issued where it may not be', {}, 'approval', { certificate: 'PEM' }, ['CERTIFICATE_SUBRESOURCE']],
  ['issued again', { certificate: 'PEM' }, 'status', { certificate: 'OTHER' }, ['CERTIFICATE_ONCE']],
  ['another one', {}, 'approval', { username: 'root' }, ['SPEC_KEPT']],
])('%s', (_, before, subresource, after, codes) => {
  const flaws = transitionFlaws({
    before: csr(before),
    after: csr({ ...before, conditions: [], ...after }),
    subresource,
  })
  expect(flaws.map(({ code }) => code)).toEqual(codes)
})

it('each rule has a code of its own', () => {
  const codes = TRANSITION_RULES.map(({ code }) => code)
  expect(new Set(codes).size).toBe(codes.length)
})
