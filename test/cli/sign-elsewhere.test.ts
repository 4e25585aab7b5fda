/** `certs sign --signer-command`: the CA's key is with another program, which openssl plays here. */
import { chmodSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { makeAuthority, P256, P384, P521, RSA_2048 } from '../support/certificates.ts'
import { kubepki } from '../support/host.ts'
import { expectVerified, said } from '../support/made.ts'
import { copyNode, fingerprint, readFixture, tempDir } from '../support/node.ts'
import { authority, request, show, textOf } from '../support/signing.ts'

/** A CA whose key is where only the program looks. */
function place(algorithm: readonly string[] = P256) {
  const [directory, elsewhere] = [tempDir(), tempDir()]
  const made = makeAuthority('kubernetes', algorithm)
  const ca = authority(directory, made)
  unlinkSync(ca.keyFile)
  const key = join(elsewhere, "the CA's key.pem")
  writeFileSync(key, made.key, { mode: 0o600 })
  const csr = request(directory, 'apiserver')
  return { directory, ca, csr, key, certificate: csr.replace(/csr$/, 'crt') }
}

/** A shell script, and what calls it. */
function program(...lines: readonly string[]): string {
  const path = join(tempDir(), 'signer')
  writeFileSync(path, ['#!/bin/sh', ...lines, ''].join('\n'))
  chmodSync(path, 0o755)
  return path
}

const signBy = ({ csr, ca }: ReturnType<typeof place>, command: string, ...args: string[]) =>
  kubepki(
    'certs',
    'sign',
    csr,
    '--ca-cert',
    ca.certificateFile,
    '--yes',
    '--signer-command',
    command,
    ...args,
  )

describe.each([
  ['RSA-2048', RSA_2048, 'sha256'],
  ['ECDSA-P256', P256, 'sha256'],
  ['ECDSA-P384', P384, 'sha384'],
  ['ECDSA-P521', P521, 'sha512'],
])('a CA with a key %s', (_, algorithm, hash) => {
  it('gives the program the digest, and takes its signature', async () => {
    const at = place(algorithm)
    const outcome = await signBy(at, `openssl pkeyutl -sign -inkey "${at.key}" -pkeyopt digest:{hash}`)
    expect({ exitCode: outcome.exitCode, stderr: outcome.stderr }).toEqual({ exitCode: 0, stderr: '' })
    expectVerified(textOf(at.certificate), { authority: at.ca.certificate, purpose: 'sslserver' })
    expect(show(at.certificate, '-text').toLowerCase()).toMatch(new RegExp(`${hash}`))
  })

  it('gives it all that is to be hashed', async () => {
    const at = place(algorithm)
    const command = `openssl dgst -{hash} -sign "${at.key}"`
    expect(await signBy(at, command, '--signer-input', 'tbs')).toMatchObject({ exitCode: 0 })
    expectVerified(textOf(at.certificate), { authority: at.ca.certificate, purpose: 'sslserver' })
  })
})

describe('what the program is given', () => {
  it('DigestInfo, which RSA pads', async () => {
    const at = place(RSA_2048)
    const command = `openssl pkeyutl -sign -inkey '${at.key.replace("'", `'"'"'`)}'`
    expect(await signBy(at, command, '--signer-input', 'digestinfo')).toMatchObject({ exitCode: 0 })
    expectVerified(textOf(at.certificate), { authority: at.ca.certificate, purpose: 'sslserver' })
  })

  it('its words as they are: no shell reads them', async () => {
    const at = place()
    const asked = join(tempDir(), 'asked')
    const script = program(`printf '<%s>' "$@" > ${asked}`, `openssl pkeyutl -sign -inkey "${at.key}"`)
    const words = String.raw`a b\ c 'd "e'"f \"g"h $HOME * ;x '' {hash}`
    expect(await signBy(at, `${script} ${words}`)).toMatchObject({ exitCode: 0 })
    expect(textOf(asked)).toBe('<a><b c><d "ef "gh><$HOME><*><;x><><sha256>')
  })

  it('a digest for each request, one after the other; what it says is handed on', async () => {
    const at = place()
    const other = request(at.directory, 'scheduler.conf', {
      subject: '/CN=system:kube-scheduler',
      extensions: [],
    })
    const script = program('echo touch the key >&2', `openssl pkeyutl -sign -inkey "${at.key}"`)
    const outcome = await signBy(at, script, other)
    expect(outcome).toMatchObject({ exitCode: 0, stderr: 'kubepki: signer: touch the key\n'.repeat(2) })
    expect(outcome.stdout.match(/certificate {5}/g)).toHaveLength(2)
  })

  it('with a CA of this node whose key is not on it', async () => {
    const root = copyNode('ecdsa', { 'etc/kubernetes/pki/ca.key': null })
    const at = place()
    writeFileSync(at.key, readFixture('nodes', 'ecdsa', 'etc/kubernetes/pki/ca.key'))
    const command = `openssl pkeyutl -sign -inkey "${at.key}"`
    const flags = ['--ca', 'ca', '--root', root, '--yes', '--signer-command', command]
    expect(await kubepki('certs', 'sign', at.csr, ...flags)).toMatchObject({ exitCode: 0, stderr: '' })
    const ca = textOf(join(root, 'etc/kubernetes/pki/ca.crt'))
    expectVerified(textOf(at.certificate), { authority: ca, purpose: 'sslserver' })
  })
})

interface Failure {
  readonly name: string
  readonly algorithm?: readonly string[]
  readonly command: (key: string) => string
  readonly args?: readonly string[]
  readonly says: RegExp
}

const FAILURES: readonly Failure[] = [
  {
    name: 'is not there',
    command: () => '/nowhere/signer',
    says: /cannot be started: there is no such program$/,
  },
  { name: 'may not be started', command: () => '/etc/passwd', says: /cannot be started: permission denied$/ },
  { name: 'fails', command: () => program('cat > /dev/null', 'exit 7'), says: /ended with exit code 7$/ },
  { name: 'is killed', command: () => program('kill -9 $$'), says: /ended with SIGKILL$/ },
  {
    name: 'takes too long',
    command: () => program('exec sleep 60'),
    args: ['--signer-timeout', '300ms'],
    says: /gave no signature within 0\.3 s$/,
  },
  { name: 'writes nothing', command: () => 'true', says: /wrote nothing: wanted a signature/ },
  {
    name: 'writes something else',
    command: () => 'echo c2lnbmF0dXJl',
    says: /wrote 13 bytes that are no ECDSA signature in DER$/,
  },
  {
    name: 'writes something else for RSA',
    algorithm: RSA_2048,
    command: key => program(`openssl pkeyutl -sign -inkey "${key}" | openssl base64`),
    says: /wrote 350 bytes: wanted an RSA signature of 256, without any encoding$/,
  },
  { name: 'writes without end', command: () => 'yes', says: /writes more than 65536 bytes/ },
  {
    name: 'has another key',
    command: () => {
      const key = join(tempDir(), 'key')
      writeFileSync(key, makeAuthority('kubernetes', P256).key)
      return `openssl pkeyutl -sign -inkey ${key}`
    },
    says: /answered with a signature that is not by the CA's key/,
  },
  {
    name: 'signs something else',
    command: key => program('cat > /dev/null', `echo other | openssl dgst -sha256 -sign "${key}"`),
    says: /or not over what it was given$/,
  },
  {
    name: 'hashes once more',
    algorithm: RSA_2048,
    command: key => `openssl dgst -sha256 -sign "${key}"`,
    says: /or not over what it was given$/,
  },
]

describe('a program that gives no signature is one line, and nothing is written', () => {
  it.each(FAILURES)('it $name', async ({ algorithm, command, args = [], says }) => {
    const at = place(algorithm)
    const before = fingerprint(at.directory)
    const outcome = await signBy(at, command(at.key), ...args)
    expect(outcome).toMatchObject({ stdout: '', exitCode: 1 })
    expect(said(outcome, 'error')).toEqual([expect.stringMatching(says)])
    expect(said(outcome, 'error')[0]).toMatch(/^the signer program \S+ /)
    expect(fingerprint(at.directory)).toEqual(before)
  })

  it('not for the first request either, when it fails for the second', async () => {
    const at = place()
    const other = request(at.directory, 'scheduler.conf', {
      subject: '/CN=system:kube-scheduler',
      extensions: [],
    })
    const once = join(tempDir(), 'once')
    const script = program(`mkdir ${once} || exit 1`, `openssl pkeyutl -sign -inkey "${at.key}"`)
    const before = fingerprint(at.directory)
    expect(await signBy(at, script, other, '--out', join(at.directory, 'out'))).toMatchObject({ exitCode: 1 })
    expect(fingerprint(at.directory)).toEqual(before)
  })

  it('and is not started for a plan', async () => {
    const at = place()
    const started = join(tempDir(), 'started')
    const outcome = await signBy(at, program(`touch ${started}`), '--dry-run')
    expect(outcome.exitCode).toBe(0)
    expect(() => textOf(started)).toThrow()
  })
})
