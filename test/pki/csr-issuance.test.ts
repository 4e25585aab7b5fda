/** What the signer decides before it signs: whom it serves, for how long, and what it gives. */
import { describe, expect, it } from 'vitest'
import { parseSigningRequest } from '../../src/kubernetes/certificate-signing-request.ts'
import { newSigningRequest, withCondition } from '../../src/kubernetes/signing-request-object.ts'
import { askedParts } from '../../src/pki/csr/asked.ts'
import { issuedPeriod, planIssuance } from '../../src/pki/csr/issuance.ts'
import { otherThanSent } from '../../src/pki/csr/sent.ts'
import { generateKey } from '../../src/x509/key.ts'
import { createRequest } from '../../src/x509/request.ts'
import { certificateIn } from '../support/certificates.ts'
import { NOW } from '../support/host.ts'

const HOUR = 3_600_000
const signer = certificateIn('nodes', 'stock-1.20', 'etc/kubernetes/pki/ca.crt')
const order = { signerNames: ['example.com/x'], duration: 24 * HOUR, now: NOW, signer }

const key = await generateKey('ECDSA-P256')
const csrOf = (user: string, made = key) =>
  createRequest(askedParts({ kind: 'user', user, groups: [] }), made)
const REQUEST = await csrOf('jane')
const OTHER_KEY = await csrOf('jane', await generateKey('ECDSA-P256'))
const EVE = await csrOf('eve')

function object(parts: object = {}, ...conditions: ('Approved' | 'Denied' | 'Failed')[]) {
  const spec = {
    name: 'one',
    request: REQUEST,
    signerName: 'example.com/x',
    usages: ['client auth'],
    ...parts,
  }
  const made = conditions.reduce(
    (one, type) => withCondition(one, { type, reason: 'R', message: 'm\u001b[2J', now: NOW }),
    newSigningRequest(spec),
  )
  const csr = parseSigningRequest(made)
  if ('found' in csr) throw new Error(csr.found)
  return csr
}

describe('whom it serves', () => {
  it.each([
    ['NOT_APPROVED', object()],
    ['DENIED', object({}, 'Denied')],
    ['FAILED', object({}, 'Approved', 'Failed')],
    ['OTHER_SIGNER', object({ signerName: 'example.com/y' }, 'Approved')],
    ['UNREADABLE', object({ request: 'no PEM' }, 'Approved')],
  ])('leaves alone: %s', (code, csr) => {
    const step = planIssuance(csr, order)
    expect(step).toMatchObject({ action: 'leave', code })
    expect(JSON.stringify(step.action === 'leave' && step.message)).not.toContain('\u001b')
  })

  it('signs what is approved for its name, and fails what breaks the rules of a signer of Kubernetes', () => {
    expect(planIssuance(object({}, 'Approved'), order).action).toBe('sign')
    const client = 'kubernetes.io/kube-apiserver-client'
    const bad = object({ signerName: client, usages: ['server auth'] }, 'Approved')
    expect(planIssuance(bad, { ...order, signerNames: [client] })).toMatchObject({ action: 'fail' })
  })
})

describe('for how long', () => {
  const period = (seconds: number | undefined, duration = 24 * HOUR) => {
    const { notBefore, notAfter, warnings } = issuedPeriod(seconds, { ...order, duration })
    const minutes = (date: Date) => (date.getTime() - NOW.getTime()) / 60_000
    return [minutes(notBefore), minutes(notAfter), warnings.length]
  }

  it.each([
    ['nothing asked: the longest', undefined, 24 * HOUR, [-5, 24 * 60 - 5, 0]],
    ['below the longest', 36_000, 24 * HOUR, [-5, 595, 0]],
    ['8 h are no short one', 28_800, 24 * HOUR, [-5, 475, 0]],
    ['a short one ends on time', 28_799, 24 * HOUR, [-5, 28_799 / 60, 0]],
    ['above it: cut, and said', 200_000, 24 * HOUR, [-5, 24 * 60 - 5, 1]],
    ['less than 10 minutes: 10 minutes', 60, 24 * HOUR, [-5, 10, 0]],
  ])('%s', (_, seconds, duration, wanted) => {
    expect(period(seconds, duration)).toEqual(wanted)
  })

  it('never longer than its CA', () => {
    const { notAfter, warnings } = issuedPeriod(undefined, { ...order, duration: 100 * 365 * 24 * HOUR })
    expect(notAfter).toEqual(signer.notAfter)
    expect(warnings).toHaveLength(1)
  })
})

describe('a request of the same name in the cluster', () => {
  const same = object({}, 'Approved')
  it.each([
    [undefined, object()],
    ['it is for another key', object({ request: OTHER_KEY })],
    ['its subject is CN=eve', object({ request: EVE })],
    ['its signer is example.com/y', object({ signerName: 'example.com/y' })],
    ['its usages are server auth', object({ usages: ['server auth'] })],
    ['its request cannot be read', object({ request: '' })],
  ])('%s', (difference, known) => {
    expect(otherThanSent(known, same, NOW)).toBe(difference)
  })
})
