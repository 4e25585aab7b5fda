/** Objects that say one thing to whoever judges them and another to whoever signs: none of them is signed. */
import { createPublicKey, sign } from 'node:crypto'
import { expect, it } from 'vitest'
import { parseSigningRequest } from '../../src/kubernetes/certificate-signing-request.ts'
import { planIssuance } from '../../src/pki/csr/issuance.ts'
import { encodeElement, TAG } from '../../src/x509/der.ts'
import { encodePem } from '../../src/x509/pem.ts'
import { certificateIn } from '../support/certificates.ts'
import { NOW } from '../support/host.ts'
import { nameOf, newKey, objectOf, oid, requestPem, servingRequest } from '../support/pkcs10.ts'

const SERVING = 'kubernetes.io/kubelet-serving'
const signer = certificateIn('nodes', 'stock-1.20', 'etc/kubernetes/pki/ca.crt')
const order = { signerNames: [SERVING], duration: 86_400_000, now: NOW, signer }

const APPROVED = { type: 'Approved', status: 'True', reason: 'R' }
const GOOD = servingRequest().pem
const EVIL = requestPem({ subject: [['CN', 'evil']], names: ['DNS:kubernetes'] })
const BROKEN = servingRequest({ request: { signingKey: newKey() } }).pem

function planned(changes: Parameters<typeof servingRequest>[0], apiVersion = 'certificates.k8s.io/v1') {
  const object = { ...objectOf(servingRequest({ conditions: [APPROVED], ...changes })), apiVersion }
  const csr = parseSigningRequest(object)
  if ('found' in csr) throw new Error(csr.found)
  return planIssuance(csr, order)
}

/** The names that a kubelet needs, where Go does not look. */
function inMicrosoftsAttribute(): string {
  const sequence = (...parts: readonly Uint8Array[]) => encodeElement(TAG.sequence, ...parts)
  const key = newKey()
  const names = sequence(encodeElement(0x82, Buffer.from('worker-1')))
  const extension = sequence(oid('2.5.29.17'), encodeElement(TAG.octetString, names))
  const attribute = sequence(oid('1.3.6.1.4.1.311.2.1.14'), encodeElement(TAG.set, sequence(extension)))
  const subject = nameOf([
    ['O', 'system:nodes'],
    ['CN', 'system:node:worker-1'],
  ])
  const info = createPublicKey(key).export({ type: 'spki', format: 'der' })
  const version = encodeElement(TAG.integer, Uint8Array.of(0))
  const body = sequence(version, subject, info, encodeElement(0xa0, attribute))
  const signature = encodeElement(TAG.bitString, Uint8Array.of(0), sign('sha256', body, key))
  return encodePem('CERTIFICATE REQUEST', sequence(body, sequence(oid('1.2.840.10045.4.3.2')), signature))
}

it.each<[string, string]>([
  ['another block that is glued to text before it', `x${EVIL}${GOOD}`],
  ['an indented block before it', `${EVIL.replace(/^/gm, ' ')}${GOOD}`],
  ['two blocks', `${GOOD}${EVIL}`],
  ['text before it', `hello\n${GOOD}`],
  ['text behind it', `${GOOD}hello\n`],
  ['headers', GOOD.replace('-----\n', '-----\nProc-Type: 4,ENCRYPTED\n\n')],
  ['a signature that is not its own', BROKEN],
  ['another label', GOOD.replaceAll('CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST')],
  ["names in Microsoft's attribute alone", inMicrosoftsAttribute()],
])('does not sign: %s', (_, pem) => {
  expect(planned({ pem })).toMatchObject({ action: 'leave', message: expect.stringMatching(/^.+$/) })
})

it.each([
  ['Denied whatever its status', { conditions: [APPROVED, { type: 'Denied', status: 'False' }] }],
  ['Failed whatever its status', { conditions: [APPROVED, { type: 'Failed' }] }],
  ['Approved without a status', { conditions: [{ type: 'Approved' }] }],
  ['Approved: False', { conditions: [{ type: 'Approved', status: 'False' }] }],
  ['a duration of -5 s', { expirationSeconds: -5 }],
  ['a duration of no number', { expirationSeconds: Number.NaN }],
])('does not sign: %s', (_, changes) => {
  expect(planned(changes).action).toBe('leave')
})

it('takes an approval without a status of v1beta1 objects, which have none', () => {
  const { action } = planned({ conditions: [{ type: 'Approved' }] }, 'certificates.k8s.io/v1beta1')
  expect(action).toBe('sign')
})

it.each<[string, string]>([
  ['line ends around it', `\n\n${GOOD}\n\r\n`],
  ['CRLF', GOOD.replaceAll('\n', '\r\n')],
  ['no line end behind it', GOOD.trimEnd()],
])('signs what is right: %s', (_, pem) => {
  const step = planned({ pem })
  expect(step).toMatchObject({ action: 'sign' })
  expect('request' in step && step.request.subjectText).toContain('system:node:worker-1')
})
