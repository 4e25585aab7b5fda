import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { encodePem, parsePem } from '../../src/x509/pem.ts'
import { readRequested } from '../../src/x509/requested.ts'
import { openssl } from '../support/certificates.ts'

const request = (...args: string[]) =>
  openssl(['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', ...args])

describe('what a request asks for', () => {
  it('is read as a certificate is: names, usages, key', () => {
    const extensions = [
      'subjectAltName=DNS:*.a.example,IP:10.0.0.1,IP:fd00::1,email:a@b.example,otherName:1.2.3;UTF8:hi',
      'keyUsage=critical,digitalSignature,keyCertSign,decipherOnly',
      'extendedKeyUsage=serverAuth,clientAuth,1.2.3.4',
    ]
    const text = request(
      ...['-keyout', '/dev/null', '-subj', '/O=a,b/O=x/CN=cp "1'],
      ...extensions.flatMap(one => ['-addext', one]),
    )
    expect(readRequested(`a comment\n${text}`)).toMatchObject({
      subject: 'CN=cp \\"1,O=x,O=a\\,b',
      subjectAltNames: [
        ...['DNS:*.a.example', 'IP:10.0.0.1', 'IP:fd00::1', 'email:a@b.example'],
        expect.stringMatching(/^other:a0/),
      ],
      keyUsage: ['digitalSignature', 'keyCertSign', 'decipherOnly'],
      extKeyUsage: ['serverAuth', 'clientAuth', '1.2.3.4'],
      keyAlgorithm: 'ECDSA-P256',
      pem: text,
    })
  })

  it('may be nothing but a subject', () => {
    const read = readRequested(request('-keyout', '/dev/null', '-subj', '/CN=x'))
    expect(read).toMatchObject({ subject: 'CN=x', subjectAltNames: [], keyUsage: [], extKeyUsage: [] })
  })

  it('has the public key that openssl finds', () => {
    const text = request('-keyout', '/dev/null', '-subj', '/CN=x')
    const der = parsePem(openssl(['req', '-noout', '-pubkey'], text))[0]?.bytes
    const hash = createHash('sha256')
      .update(der ?? '')
      .digest('hex')
    expect(readRequested(text)).toMatchObject({ publicKeySha256: hash })
  })
})

describe('what is no request', () => {
  const whole = parsePem(request('-keyout', '/dev/null', '-subj', '/CN=x'))[0]?.bytes ?? new Uint8Array()
  it.each([
    ['nothing', '', 'NO_REQUEST'],
    ['a certificate', encodePem('CERTIFICATE', whole), 'NO_REQUEST'],
    ['half a block', '-----BEGIN CERTIFICATE REQUEST-----\nMII', 'PEM_TRUNCATED'],
    [
      'no base64',
      '-----BEGIN CERTIFICATE REQUEST-----\n!\n-----END CERTIFICATE REQUEST-----',
      'PEM_MALFORMED',
    ],
    ['other bytes', encodePem('CERTIFICATE REQUEST', Buffer.from('hello')), 'REQUEST_MALFORMED'],
    [
      'empty sequences',
      encodePem('CERTIFICATE REQUEST', Buffer.from('30023000', 'hex')),
      'REQUEST_MALFORMED',
    ],
  ])('%s', (_, text, reason) => {
    expect(readRequested(text)).toEqual({ reason })
  })

  it('is never more than a reason, wherever it is cut or bent', () => {
    for (let index = 0; index < whole.length; index += 1) {
      const bent = Uint8Array.from(whole, (byte, at) => (at === index ? byte ^ 0xff : byte))
      for (const bytes of [whole.slice(0, index), bent])
        expect(() => readRequested(encodePem('CERTIFICATE REQUEST', bytes))).not.toThrow()
    }
  })
})
