import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { parsePem } from '../../src/x509/pem.ts'
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
