/** A client certificate beside a key that is not its, and what is neither: said before anybody is asked. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { repeated } from '../../src/cluster/watching.ts'
import { PkiError } from '../../src/errors.ts'
import { connecting, failureOf, files, serving } from '../support/api-client.ts'
import { makeAuthority, makeLeaf, openssl, P256, RSA_2048 } from '../support/certificates.ts'
import { reply, requestObject } from '../support/fake-api-server.ts'

const AUTHORITY = makeAuthority('clients', P256)
const [RSA, OTHER_RSA] = [1, 2].map(() => openssl(['genpkey', ...RSA_2048])) as [string, string]
const EC = openssl(['genpkey', ...P256])
const ED25519 = openssl(['genpkey', '-algorithm', 'ed25519'])
const certificateOf = (key: string) =>
  makeLeaf(AUTHORITY, key, { subject: '/CN=jane', extensions: 'extendedKeyUsage=clientAuth' })
const CERTIFICATE = certificateOf(RSA)

function put(name: string, text: string): string {
  writeFileSync(join(files.directory, name), text, { mode: 0o600 })
  return name
}
const data = (text: string) => Buffer.from(text).toString('base64')
const inData = (certificate: string, key: string) => ({
  'client-certificate-data': data(certificate),
  'client-key-data': data(key),
})
const inFiles = (certificate: string, key: string) => ({
  'client-certificate': put('jane.crt', certificate),
  'client-key': put('jane.key', key),
})
const at = (name: string) => join(files.directory, name)

async function failing(user: object): Promise<PkiError> {
  const { url, seen } = await serving((_, response) => reply(response, 200, requestObject({ name: 'one' })))
  const error = await failureOf(connecting(url, { user }).then(api => api.readRequest('one')))
  expect(seen).toEqual([])
  return error
}

it.each([
  ['of the same kind', OTHER_RSA, 'RSA-2048'],
  ['of another kind', EC, 'ECDSA-P256'],
])('a key %s that is not its', async (_name, key, algorithm) => {
  const wanted = 'wanted the key of this certificate, found another'
  const { code, message, hint } = await failing(inData(CERTIFICATE, key))
  expect({ code, message }).toEqual({
    code: 'KUBECONFIG_UNUSABLE',
    message: `${at('config')}: user "someone": client-certificate-data (CN=jane, RSA-2048) and client-key-data (${algorithm}): ${wanted}`,
  })
  expect(hint).toContain('--kubeconfig, --context')
  expect((await failing(inFiles(CERTIFICATE, key))).message).toBe(
    `${at('config')}: user "someone": client-certificate ${at('jane.crt')} (CN=jane, RSA-2048) and client-key ${at('jane.key')} (${algorithm}): ${wanted}`,
  )
})

it.each([
  ['', RSA, 'client-certificate F.crt: the file is empty'],
  ['nothing', RSA, 'client-certificate F.crt: no PEM block in it'],
  [RSA, RSA, 'client-certificate F.crt: holds a private key, wanted a certificate'],
  [CERTIFICATE.replace('MII', 'AAA'), RSA, 'client-certificate F.crt: not an X.509 certificate'],
  [CERTIFICATE, '', 'client-key F.key: the file is empty'],
  [CERTIFICATE, CERTIFICATE, 'client-key F.key: holds a certificate, wanted a private key'],
  [CERTIFICATE, RSA.replace('MII', 'AAA'), 'client-key F.key: not a private key'],
  [
    CERTIFICATE,
    openssl(['pkey', '-aes128', '-passout', 'pass:secret'], RSA),
    'client-key F.key: the private key is encrypted',
  ],
])('what cannot be read is named: %#', async (certificate, key, found) => {
  const { code, message } = await failing(inFiles(certificate, key))
  expect({ code, message }).toEqual({
    code: 'KUBECONFIG_UNUSABLE',
    message: expect.stringContaining(`user "someone": ${found.replace('F', at('jane'))}`),
  })
})

it('a certificate without a key', async () => {
  const { code, message } = await failing({ 'client-certificate-data': data(CERTIFICATE) })
  expect({ code, message }).toEqual({
    code: 'KUBECONFIG_UNUSABLE',
    message: `${at('config')}: user "someone": wanted client-key beside client-certificate-data, found none`,
  })
})

it.each<[string, object]>([
  ['RSA', inData(CERTIFICATE, RSA)],
  ['ECDSA', inData(certificateOf(EC), EC)],
  ['Ed25519', inData(certificateOf(ED25519), ED25519)],
  [
    'both in one file, as the kubelet keeps them',
    { 'client-certificate': put('both.pem', CERTIFICATE + RSA), 'client-key': 'both.pem' },
  ],
  ['certificates behind it', inData(CERTIFICATE + AUTHORITY.certificate, RSA)],
  ['a key alone, which is nothing', { 'client-key-data': data('nothing') }],
])('a pair is shown: %s', async (_name, user) => {
  const { url } = await serving((_, response) => reply(response, 200, requestObject({ name: 'one' })))
  expect(await (await connecting(url, { user })).readRequest('one')).toMatchObject({ name: 'one' })
})

it.each([
  [{ clientCertificateData: CERTIFICATE }, 'printed a client certificate without its key'],
  [
    { clientCertificateData: CERTIFICATE, clientKeyData: EC },
    'printed a client certificate (CN=jane, RSA-2048) and a client key (ECDSA-P256): wanted the key of this certificate, found another',
  ],
  [{ clientCertificateData: 'none', clientKeyData: RSA }, 'printed a client certificate: no PEM block in it'],
  [{ clientCertificateData: CERTIFICATE, clientKeyData: 'none' }, 'printed a client key: no PEM block in it'],
])('a plugin: %#', async (status, found) => {
  const printed = put('printed.json', JSON.stringify({ status }))
  const exec = { command: 'cat', args: [at(printed)], installHint: 'get it from the shop' }
  const { code, message, hint } = await failing({ exec })
  expect({ code, message, hint }).toEqual({
    code: 'CREDENTIAL_PLUGIN_FAILED',
    message: `the credential plugin cat ${found}`,
    hint: 'get it from the shop',
  })
})

it('a pair that is being replaced while somebody watches is read again', async () => {
  let rounds = 0
  async function* round(): AsyncGenerator<string, boolean> {
    rounds += 1
    if (rounds === 2) throw new PkiError('KUBECONFIG_UNUSABLE', 'half of it is new')
    yield 'something'
    return rounds > 2
  }
  const notes: string[] = []
  const options = { signal: new AbortController().signal, wasThere: false }
  for await (const _ of repeated(round, { ...options, onNote: note => notes.push(note) }));
  expect(rounds).toBe(3)
  expect(notes[0]).toBe('half of it is new; asking again')
})
