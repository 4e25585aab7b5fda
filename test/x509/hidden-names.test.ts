/** What readers of DER differ in is refused: else the names that are looked at are not those that are signed. */
import { describe, expect, it } from 'vitest'
import { unusableExtension } from '../../src/x509/acceptance.ts'
import { readCertificateRequest } from '../../src/x509/certificate-request.ts'
import { encodeElement, TAG } from '../../src/x509/der.ts'
import { extensionParts } from '../../src/x509/extension.ts'
import { describeSubjectAltName } from '../../src/x509/subject-alt-name.ts'
import {
  extension,
  extensionRequest,
  generalName,
  oid,
  type RequestSpec,
  requestDer,
  sequence,
} from '../support/pkcs10.ts'

const SAN = '2.5.29.17'
const EVIL = sequence(generalName('DNS:kubernetes.default.svc'), generalName('IP:10.96.0.1'))
const GOOD = sequence(generalName('DNS:worker-1'), generalName('IP:10.0.0.5'))
const octets = (value: Uint8Array) => encodeElement(TAG.octetString, value)
const bool = (...bytes: readonly number[]) => encodeElement(TAG.boolean, Uint8Array.from(bytes))
const NULL = Uint8Array.of(5, 0)
const KEY_USAGE = '2.5.29.15'

const read = (spec: Partial<RequestSpec>) =>
  readCertificateRequest(requestDer({ subject: [['CN', 'system:node:worker-1']], ...spec }))

const asking = (...extensions: readonly Uint8Array[]) => read({ attributes: [extensionRequest(extensions)] })

describe('a request', () => {
  it.each([
    ['two values in one extension', asking(extension(SAN, EVIL, octets(GOOD)))],
    ['an element behind the value', asking(extension(SAN, GOOD, NULL))],
    ['a BOOLEAN behind the value', asking(extension(SAN, GOOD, bool(0xff)))],
    ['two BOOLEANs', asking(sequence(oid(SAN), bool(0xff), bool(0xff), octets(GOOD)))],
    ['a BOOLEAN that is not DER', asking(sequence(oid(SAN), bool(1), octets(GOOD)))],
    ['a BOOLEAN of two bytes', asking(sequence(oid(SAN), bool(0, 0xff), octets(GOOD)))],
    ['no value', asking(sequence(oid(SAN)))],
    ['the value is no OCTET STRING', asking(sequence(oid(SAN), GOOD))],
    ['bytes behind the names', asking(extension(SAN, Buffer.concat([EVIL, GOOD])))],
    ['bytes behind the usages', asking(extension(KEY_USAGE, Uint8Array.of(3, 2, 0, 4, 5, 0)))],
    ['an extension in a SET', asking(encodeElement(TAG.set, oid(SAN), octets(GOOD)))],
    ['an unknown extension of two values', asking(extension('1.2.3', NULL, octets(NULL)))],
    ['the same extension twice', asking(extension(SAN, EVIL), extension(SAN, GOOD))],
    ['two lists of extensions', read({ attributes: [extensionRequest([extension(SAN, EVIL)], [])] })],
    ['an empty list before the list', read({ attributes: [extensionRequest([], [extension(SAN, GOOD)])] })],
    ['no list', read({ attributes: [extensionRequest()] })],
    [
      'a SEQUENCE where a SET should be',
      read({
        attributes: [sequence(oid('1.2.840.113549.1.9.14'), sequence(sequence(extension(SAN, GOOD))))],
      }),
    ],
    [
      'an attribute of three elements',
      read({ attributes: [sequence(oid('1.2.3'), encodeElement(TAG.set), encodeElement(TAG.set))] }),
    ],
    [
      'an attribute whose tag goes on in the next byte',
      read({ attributes: [Uint8Array.of(0x9f, 2, 0, 0), extensionRequest([extension(SAN, GOOD)])] }),
    ],
    [
      'an object identifier not in DER',
      asking(sequence(Uint8Array.of(6, 4, 0x55, 0x1d, 0x80, 0x11), octets(GOOD))),
    ],
    ['something behind the attributes', read({ surplus: [NULL] })],
    ['attributes twice', read({ surplus: [encodeElement(0xa0, extensionRequest([extension(SAN, GOOD)]))] })],
    ['another version', read({ version: 2 })],
    ['a negative version', read({ version: 0xff })],
  ])('is refused with %s', (_, request) => {
    expect(request).toMatchObject({ reason: 'REQUEST_MALFORMED' })
  })

  it.each([
    ['a critical extension', asking(sequence(oid(SAN), bool(0xff), octets(GOOD)))],
    ['FALSE, written out', asking(sequence(oid(SAN), bool(0), octets(GOOD)))],
    [
      'other attributes beside it',
      read({
        attributes: [
          sequence(
            oid('1.2.840.113549.1.9.7'),
            encodeElement(TAG.set, encodeElement(0x0c, Buffer.from('x'))),
          ),
          extensionRequest([extension('1.2.3', NULL), extension(SAN, GOOD)]),
        ],
      }),
    ],
  ])('is read with %s', (_, request) => {
    if ('reason' in request) throw new Error(request.found)
    expect(request.isProved).toBe(true)
    expect(request.subjectAltNames.map(describeSubjectAltName)).toEqual(['DNS:worker-1', 'IP:10.0.0.5'])
  })

  it('is refused with four parts', () => {
    const der = requestDer({ subject: [['CN', 'x']] })
    const parts = encodeElement(TAG.sequence, der.subarray(der[1] === 0x81 ? 3 : 4), NULL)
    expect(readCertificateRequest(parts)).toMatchObject({ reason: 'REQUEST_MALFORMED' })
  })
})

describe('a certificate', () => {
  const VERSION_3 = encodeElement(0xa0, encodeElement(TAG.integer, Uint8Array.of(2)))
  const holding = (one: Uint8Array) =>
    encodeElement(
      TAG.sequence,
      encodeElement(TAG.sequence, VERSION_3, encodeElement(0xa3, encodeElement(TAG.sequence, one))),
    )

  it.each([
    ['two values', extension(SAN, EVIL, octets(GOOD))],
    ['no value', sequence(oid(SAN))],
    ['bytes behind its names', extension(SAN, Buffer.concat([EVIL, GOOD]))],
    ['nothing for a value', extension(SAN, new Uint8Array())],
    ['a BOOLEAN not in DER', sequence(oid(SAN), bool(1), octets(GOOD))],
  ])('is none for Kubernetes when an extension has %s', (_, one) => {
    expect(unusableExtension(holding(one))).toContain(SAN)
  })

  it('is one otherwise', () => {
    expect(unusableExtension(holding(extension(SAN, GOOD)))).toBeUndefined()
    expect(extensionParts(extension(SAN, GOOD))).toMatchObject({ oid: SAN, isCritical: false })
  })
})
