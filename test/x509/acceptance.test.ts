import { describe, expect, it } from 'vitest'
import {
  hasNegativeSerialNumber,
  unsupportedSignature,
  unusableExtension,
} from '../../src/x509/acceptance.ts'
import { encodeElement, TAG } from '../../src/x509/der.ts'

describe('signatures that Go verifies', () => {
  it.each([
    [{ hash: 'SHA-256', scheme: 'RSA' }, undefined],
    [{ hash: 'SHA-512', scheme: 'ECDSA' }, undefined],
    [{ hash: 'SHA-512', scheme: 'EdDSA' }, undefined],
    [{ hash: 'SHA-256', scheme: 'RSA-PSS', saltLength: 32 }, undefined],
    [{ hash: 'SHA-256', scheme: 'RSA-PSS', saltLength: 222 }, 'RSA-PSS with SHA-256 and a salt of 222 bytes'],
    [{ hash: 'SHAKE256', scheme: 'EdDSA' }, 'EdDSA with SHAKE256'],
    [{ hash: '2.16.840.1.101.3.4.3.14', scheme: 'unknown' }, '2.16.840.1.101.3.4.3.14'],
  ] as const)('%j: %s', (algorithm, found) => {
    expect(unsupportedSignature(algorithm)).toBe(found)
  })
})

describe('extensions that Go refuses', () => {
  const USAGE = [0x55, 0x1d, 0x0f]
  const STRANGE = [0x2a, 0x03, 0x04]
  const extension = (oid: readonly number[], { critical = false } = {}) =>
    encodeElement(
      TAG.sequence,
      encodeElement(TAG.oid, Uint8Array.from(oid)),
      ...(critical ? [encodeElement(TAG.boolean, Uint8Array.of(0xff))] : []),
      encodeElement(TAG.octetString, Uint8Array.of(0x05, 0x00)),
    )
  const VERSION_3 = encodeElement(0xa0, encodeElement(TAG.integer, Uint8Array.of(2)))
  const inTbs = (...parts: readonly Uint8Array[]) =>
    encodeElement(TAG.sequence, encodeElement(TAG.sequence, ...parts))
  const wrapped = (...extensions: readonly Uint8Array[]) =>
    encodeElement(0xa3, encodeElement(TAG.sequence, ...extensions))
  const certificate = (...extensions: readonly Uint8Array[]) => inTbs(VERSION_3, wrapped(...extensions))

  it('is critical and unknown, or there twice', () => {
    expect(unusableExtension(certificate(extension(USAGE, { critical: true }), extension(STRANGE)))).toBe(
      undefined,
    )
    expect(unusableExtension(certificate(extension(STRANGE, { critical: true })))).toBe(
      'the critical extension 1.2.3.4, which nobody knows',
    )
    expect(unusableExtension(certificate(extension(USAGE), extension(USAGE)))).toBe(
      'the extension 2.5.29.15 twice',
    )
  })

  it('is in a certificate of version 1, which has none', () => {
    expect(unusableExtension(inTbs(wrapped(extension(USAGE))))).toBe(
      'extensions in a certificate of version 1',
    )
    expect(unusableExtension(inTbs())).toBe(undefined)
  })

  it('has a critical flag that is not DER', () => {
    const flag = encodeElement(TAG.boolean, Uint8Array.of(0x01))
    const odd = encodeElement(TAG.sequence, encodeElement(TAG.oid, Uint8Array.from(USAGE)), flag)
    expect(unusableExtension(certificate(odd))).toMatch(/^the extension 2.5.29.15, critical neither/)
  })

  it('knows a negative serial number', () => {
    const numbered = (...bytes: readonly number[]) =>
      inTbs(VERSION_3, encodeElement(TAG.integer, Uint8Array.from(bytes)))
    expect([[0xfb], [0x00, 0xfb], [0x05]].map(bytes => hasNegativeSerialNumber(numbered(...bytes)))).toEqual([
      true,
      false,
      false,
    ])
  })
})
