import { generateKeyPairSync, sign } from 'node:crypto'
import { expect, it } from 'vitest'
import { checkedSignature } from '../../src/x509/remote-signature.ts'

it('takes an RSA signature as long as a modulus that is no whole number of bytes', () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2050 })
  const signed = new Uint8Array([1, 2, 3])
  const answer = new Uint8Array(sign('SHA256', signed, privateKey))
  const algorithm = { hash: 'SHA-256', scheme: 'RSA' } as const
  expect(answer).toHaveLength(257)
  expect(checkedSignature({ key: publicKey, algorithm, signed }, answer)).toEqual({ signature: answer })
})
