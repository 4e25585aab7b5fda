/** Requests that Go refuses, or sees something else in, whatever OpenSSL makes of them: nobody approves or signs one here. */
import { describe, expect, it } from 'vitest'
import { factsOf } from '../../src/pki/csr/facts.ts'
import { planIssuance } from '../../src/pki/csr/issuance.ts'
import { POLICIES, type Policy } from '../../src/pki/csr/policy.ts'
import type { CsrVerdict } from '../../src/pki/csr/rule.ts'
import { judge, judgeBare } from '../../src/pki/csr/verdict.ts'
import { encodePem, parsePem } from '../../src/x509/pem.ts'
import { certificateIn } from '../support/certificates.ts'
import { DISPUTED, REFUSED_BY_GO, UNDISPUTED } from '../support/disputed-requests.ts'
import {
  CLIENT_USAGES,
  csrOf,
  nodeObject,
  type ObjectSpec,
  servingRequest,
  WORKER_1,
} from '../support/pkcs10.ts'

const NOW = new Date('2026-12-01T00:10:00Z')
const KUBELET = POLICIES.kubelet as Policy
const SERVING = 'kubernetes.io/kubelet-serving'
const CUSTOM = 'example.com/internal'
const SIGNER = certificateIn('nodes', 'stock-1.20', 'etc/kubernetes/pki/ca.crt')
const APPROVED = { type: 'Approved', status: 'True' }
const NODES = [WORKER_1, nodeObject('worker-2')]

const vet = (pem: string) =>
  judge(factsOf(csrOf(servingRequest({ pem })), { now: NOW, nodes: NODES }), KUBELET)

function ofCustomSigner(pem: string): ObjectSpec {
  return { ...servingRequest({ pem }), signerName: CUSTOM, usages: CLIENT_USAGES, conditions: [APPROVED] }
}

function sign(spec: ObjectSpec) {
  const order = { signerNames: [SERVING, CUSTOM], duration: 86_400_000, now: NOW, signer: SIGNER }
  return planIssuance(csrOf(spec), order)
}

const failed = ({ rules }: CsrVerdict) => rules.filter(({ ok }) => !ok).map(({ code }) => code)

describe.each([
  ['refused by Go', REFUSED_BY_GO, 'REQUEST_PKCS10'],
  ['disputed', DISPUTED, /^REQUEST_(UNDISPUTED|PKCS10)$/],
] as const)('%s', (_, requests, code) => {
  it.each(Object.entries(requests))('%s', (_what, pem) => {
    const verdict = vet(pem)
    expect(verdict.outcome).toBe('deny')
    expect(failed(verdict)).toContainEqual(expect.stringMatching(code))
    const bare = judgeBare(factsOf(csrOf({ ...ofCustomSigner(pem), conditions: [] }), { now: NOW }))
    expect(bare.outcome).toBe('deny')
    expect(sign(servingRequest({ pem, conditions: [APPROVED] })).action).toBe('leave')
    expect(sign(ofCustomSigner(pem)).action).toBe('leave')
  })
})

describe('undisputed', () => {
  it.each(Object.entries(UNDISPUTED))('%s', (_, pem) => {
    expect(vet(pem)).toMatchObject({ outcome: 'approve' })
    expect(sign(servingRequest({ pem, conditions: [APPROVED] })).action).toBe('sign')
  })
})

it('says of a compressed point what it is', () => {
  const { rules } = vet(REFUSED_BY_GO['a compressed point'] as string)
  expect(rules.find(({ code }) => code === 'REQUEST_PKCS10')?.reason).toBe(
    'an EC key whose point is compressed, or of another form than the usual one, which Go does not read',
  )
})

it('never throws, and never approves, whatever byte is another one', () => {
  const der = parsePem(UNDISPUTED['as it is'] as string)[0]?.bytes ?? new Uint8Array()
  for (const at of der.keys())
    for (const change of [0x01, 0x20, 0x80]) {
      const bytes = Uint8Array.from(der)
      bytes[at] = (bytes[at] as number) ^ change
      expect(['deny', 'leave']).toContain(vet(encodePem('CERTIFICATE REQUEST', bytes)).outcome)
    }
})
