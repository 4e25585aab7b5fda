import { describe, expect, it } from 'vitest'
import { tbsPartsOf } from '../../src/x509/der.ts'
import { generateKey } from '../../src/x509/key.ts'
import { isIssuable, KEY_ALGORITHMS } from '../../src/x509/key-algorithm.ts'
import { createRequest, isRequestFor } from '../../src/x509/request.ts'
import { certificateIn, openssl } from '../support/certificates.ts'

const like = certificateIn('defects', 'rich.crt')

describe.each(Object.keys(KEY_ALGORITHMS).filter(isIssuable))('a request for a %s key', algorithm => {
  it('is accepted by openssl and asks for subject, SANs, key usage and extended key usage', async () => {
    const key = await generateKey(algorithm)
    const csr = await createRequest(tbsPartsOf(like.der), key)
    const text = openssl(['req', '-verify', '-noout', '-text', '-nameopt', 'RFC2253,-esc_msb'], csr)
    expect(text).toContain('CN=rich.example')
    for (const wanted of [
      'Digital Signature, Key Agreement',
      'TLS Web Server Authentication',
      '1.3.6.1.4.1.99999.1',
      'IP Address:',
      'URI:',
      'DirName:',
    ]) {
      expect(text).toContain(wanted)
    }
    expect(text).not.toContain('Authority Key Identifier')
    expect(isRequestFor(csr, key)).toBe(true)
  })
})

describe('isRequestFor', () => {
  it('is false for another key, and a reason for what is no request', async () => {
    const [one, other] = [await generateKey('ECDSA-P256'), await generateKey('ECDSA-P256')]
    const csr = await createRequest(tbsPartsOf(like.der), one)
    expect(isRequestFor(csr, other)).toBe(false)
    expect(isRequestFor('nothing', one)).toEqual({ reason: 'NOT_PEM' })
    expect(isRequestFor(csr.replace(/\n[^-\n]+\n/, '\nMAMA\n'), one)).toHaveProperty('reason')
  })
})
