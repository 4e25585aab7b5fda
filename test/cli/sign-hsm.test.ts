/** `certs sign` with the CA's key in a token: SoftHSM 2, by pkcs11-tool and by openssl's engine. */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeAuthority, openssl, P256, P384, RSA_2048 } from '../support/certificates.ts'
import { kubepki } from '../support/host.ts'
import { expectVerified, said } from '../support/made.ts'
import { fingerprint, tempDir } from '../support/node.ts'
import { request, textOf } from '../support/signing.ts'

const MODULE = ['/usr/lib/softhsm/libsofthsm2.so', '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so'].find(
  existsSync,
)
const isThere = (...command: [string, ...string[]]) =>
  spawnSync(command[0], command.slice(1)).error === undefined
const hasEngine = spawnSync('openssl', ['engine', 'pkcs11']).status === 0
const missing = [
  ...(MODULE && isThere('softhsm2-util', '--version') ? [] : ['softhsm2']),
  ...(isThere('pkcs11-tool', '--help') ? [] : ['opensc']),
  ...(hasEngine ? [] : ['libengine-pkcs11-openssl']),
]
if (missing.length > 0) {
  const found = `sign: no HSM is tested: apt-get install ${missing.join(' ')}`
  if (process.env.CI) throw new Error(found)
  console.warn(found)
}

const PIN = '5678'
const directory = mkdtempSync(join(tmpdir(), 'kubepki-hsm-'))
const KEYS = [
  { id: '01', name: 'RSA-2048', algorithm: RSA_2048 },
  { id: '02', name: 'ECDSA-P256', algorithm: P256 },
  { id: '03', name: 'ECDSA-P384', algorithm: P384 },
] as const
const made = new Map<string, string>()

const util = (...args: string[]) => execFileSync('softhsm2-util', args, { stdio: 'pipe' })

beforeAll(() => {
  if (missing.length > 0) return
  mkdirSync(join(directory, 'tokens'))
  const conf = join(directory, 'softhsm2.conf')
  writeFileSync(conf, `directories.tokendir = ${join(directory, 'tokens')}\nobjectstore.backend = file\n`)
  process.env.SOFTHSM2_CONF = conf
  process.env.KUBEPKI_TEST_PIN = PIN
  util('--init-token', '--free', '--label', 'kubernetes', '--so-pin', '1234', '--pin', PIN)
})

/** The certificate of a CA whose key is in the token, and in no file any more. */
function authorityOf(id: string): string {
  const known = made.get(id)
  if (known !== undefined) return known
  const ca = makeAuthority('kubernetes', KEYS.find(key => key.id === id)?.algorithm ?? P256)
  const file = join(tempDir(), 'key.pem')
  writeFileSync(file, openssl(['pkcs8', '-topk8', '-nocrypt'], ca.key))
  util('--import', file, '--token', 'kubernetes', '--label', `ca-${id}`, '--id', id, '--pin', PIN)
  rmSync(file)
  made.set(id, ca.certificate)
  return ca.certificate
}
afterAll(() => rmSync(directory, { recursive: true }))

function place(id: string) {
  const here = tempDir()
  const certificateFile = join(here, 'ca.crt')
  const certificate = authorityOf(id)
  writeFileSync(certificateFile, certificate)
  const csr = request(here, 'apiserver')
  const sign = (command: string, ...args: string[]) =>
    kubepki('certs', 'sign', csr, '--ca-cert', certificateFile, '--yes', '--signer-command', command, ...args)
  const expectSigned = () =>
    expectVerified(textOf(join(here, 'apiserver.crt')), { authority: certificate, purpose: 'sslserver' })
  return { here, sign, expectSigned }
}

const tool = (id: string, ...args: string[]) =>
  `pkcs11-tool --module ${MODULE} --login --pin env:KUBEPKI_TEST_PIN --id ${id} --sign ${args.join(' ')}`

describe.skipIf(missing.length > 0)('an HSM signs', () => {
  it('by an RSA key: DigestInfo through RSA-PKCS', async () => {
    const { sign, expectSigned } = place('01')
    const outcome = await sign(tool('01', '--mechanism RSA-PKCS'), '--signer-input', 'digestinfo')
    expect(outcome).toMatchObject({ exitCode: 0 })
    expect(outcome.stderr).toContain('kubepki: signer: Using signature algorithm RSA-PKCS\n')
    expectSigned()
  })

  it('by an RSA key that hashes itself', async () => {
    const { sign, expectSigned } = place('01')
    expect(await sign(tool('01', '--mechanism SHA256-RSA-PKCS'), '--signer-input', 'tbs')).toMatchObject({
      exitCode: 0,
    })
    expectSigned()
  })

  it.each(['02', '03'])('by an ECDSA key: %s', async id => {
    const { sign, expectSigned } = place(id)
    expect(await sign(tool(id, '--mechanism ECDSA --signature-format openssl'))).toMatchObject({
      exitCode: 0,
    })
    expectSigned()
  })

  it.each(KEYS.map(({ id, name }) => [name, id]))("through openssl's engine: %s", async (_, id) => {
    const { sign, expectSigned } = place(id)
    const key = `pkcs11:token=kubernetes;object=ca-${id};pin-value=${PIN}`
    const flags = `-engine pkcs11 -keyform engine -inkey '${key}' -pkeyopt digest:{hash}`
    const outcome = await sign(`env PKCS11_MODULE_PATH=${MODULE} openssl pkeyutl -sign ${flags}`)
    expect(outcome, outcome.stderr).toMatchObject({ exitCode: 0 })
    expectSigned()
  })
})

describe.skipIf(missing.length > 0)('an HSM does not sign', () => {
  it.each([
    [
      'the PIN is wrong',
      () => tool('02', '--mechanism ECDSA').replace('env:KUBEPKI_TEST_PIN', '0000'),
      'exit code 1',
    ],
    ['there is no such key', () => tool('09', '--mechanism ECDSA'), 'exit code 1'],
    [
      'r and s come without DER',
      () => tool('02', '--mechanism ECDSA'),
      'wrote 64 bytes that are no ECDSA signature',
    ],
    [
      'it is the key of another CA',
      () => tool('01', '--mechanism RSA-PKCS'),
      'wrote 256 bytes that are no ECDSA',
    ],
  ])('when %s', async (_, command, says) => {
    authorityOf('01')
    const { here, sign } = place('02')
    const before = fingerprint(here)
    const outcome = await sign(command())
    expect(outcome).toMatchObject({ stdout: '', exitCode: 1 })
    expect(said(outcome, 'error')).toEqual([expect.stringContaining(says)])
    expect(fingerprint(here)).toEqual(before)
  })
})
