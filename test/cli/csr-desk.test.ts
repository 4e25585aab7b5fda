/** `csr create` and `csr sign` on manifests: keys, files, flags; and what they refuse. No cluster is near. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openssl } from '../support/certificates.ts'
import { kubepki, NOW } from '../support/host.ts'
import { fingerprint, tempDir } from '../support/node.ts'
import { authority, request } from '../support/signing.ts'

const create = (...args: string[]) => kubepki('csr', 'create', ...args)

/** As `kubectl certificate approve` leaves it. */
function approved(json: string, type = 'Approved'): string {
  const object = JSON.parse(json)
  return JSON.stringify({
    ...object,
    status: { conditions: [{ type, status: 'True', reason: 'R', message: '' }] },
  })
}

async function made(directory: string, name: string, ...args: string[]) {
  const key = join(directory, `${name}.key`)
  const outcome = await create(name, ...args, '--key-out', key, '-o', 'json')
  return { ...outcome, key, csr: join(directory, `${name}.csr`) }
}

describe('csr create', () => {
  it('keeps the key here, for its owner alone, and prints what kubectl applies', async () => {
    const directory = tempDir()
    const { exitCode, stdout, stderr, key, csr } = await made(
      directory,
      'jane',
      '--user',
      'jane',
      '--group',
      'dev',
      '--expiration',
      '24h',
    )
    expect({ exitCode, stderr }).toEqual({
      exitCode: 0,
      stderr: `kubepki: key: ${key}, request: ${key.replace('.key', '.csr')}\n`,
    })
    expect(statSync(key).mode & 0o777).toBe(0o600)
    const { spec, metadata, kind, status } = JSON.parse(stdout)
    expect({ kind, metadata, status }).toEqual({
      kind: 'CertificateSigningRequest',
      metadata: { name: 'jane' },
      status: undefined,
    })
    expect(spec).toMatchObject({
      expirationSeconds: 86400,
      signerName: 'kubernetes.io/kube-apiserver-client',
      usages: ['client auth', 'digital signature', 'key encipherment'],
    })
    const pem = Buffer.from(spec.request, 'base64').toString()
    expect(pem).toBe(readFileSync(csr, 'utf8'))
    expect(openssl(['req', '-noout', '-subject', '-nameopt', 'RFC2253'], pem)).toBe('subject=CN=jane,O=dev\n')
    expect(openssl(['req', '-noout', '-pubkey'], pem)).toBe(openssl(['pkey', '-in', key, '-pubout']))
    expect(stdout + stderr).not.toContain('PRIVATE')
  })

  it('goes on with the key and the request that wait, byte for byte', async () => {
    const directory = tempDir()
    const first = await made(directory, 'jane', '--user', 'jane')
    const before = fingerprint(directory)
    const second = await made(directory, 'jane', '--user', 'jane')
    expect(second.stdout).toBe(first.stdout)
    expect(second.stderr).toContain('(they waited there)')
    expect(fingerprint(directory)).toEqual(before)
    const other = await made(directory, 'jane', '--user', 'eve')
    expect(other).toMatchObject({ exitCode: 1, stdout: '' })
    expect(other.stderr).toContain('it asks for another subject')
    const algorithm = await made(directory, 'jane', '--user', 'jane', '--encryption-algorithm', 'ECDSA-P256')
    expect(algorithm.stderr).toContain('its key is RSA-2048, not ECDSA-P256')
    expect(fingerprint(directory)).toEqual(before)
  })

  it.each([
    [
      ['--user', 'jane', '--group', 'system:nodes'],
      'CLIENT_GROUPS: groups with the rights of Kubernetes itself: "system:nodes"',
    ],
    [
      ['--user', 'system:node:worker-1'],
      'CLIENT_NAME: CN="system:node:worker-1" is a user of Kubernetes itself',
    ],
  ])('says who will not be approved: %j', async (who, doubt) => {
    const { stdout, stderr, exitCode } = await kubepki(
      'csr',
      'create',
      'x',
      ...who,
      '--key-out',
      join(tempDir(), 'x.key'),
    )
    expect(stderr).toContain(`kubepki: warning: ${doubt}: kubepki csr approve takes --force for it\n`)
    expect(stdout).toContain('kind: CertificateSigningRequest')
    expect(exitCode).toBe(0)
  })

  it('says that a group with a comma is one', async () => {
    const key = join(tempDir(), 'x.key')
    const { stderr, stdout } = await create('x', '--user', 'jane', '--group', 'a,b', '--key-out', key)
    expect(stderr).toContain(
      'warning: one group is named "a,b", comma and all: of several each has its own --group',
    )
    expect(stdout).toContain('kind: CertificateSigningRequest')
  })

  it('never touches a key that is not its own', async () => {
    const directory = tempDir()
    writeFileSync(join(directory, 'jane.key'), openssl(['genpkey', '-algorithm', 'ED25519']))
    const before = fingerprint(directory)
    const { exitCode, stderr } = await made(directory, 'jane', '--user', 'jane')
    expect(exitCode).toBe(1)
    expect(stderr).toContain('jane.key: it exists already')
    expect(fingerprint(directory)).toEqual(before)
  })

  it('never touches a request that is not its own, nor one for another key', async () => {
    const directory = tempDir()
    writeFileSync(join(directory, 'jane.csr'), 'mine')
    const before = fingerprint(directory)
    const { exitCode, stdout, stderr } = await made(directory, 'jane', '--user', 'jane')
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
    expect(stderr).toContain('jane.csr: it exists already')
    expect(fingerprint(directory)).toEqual(before)
    rmSync(join(directory, 'jane.csr'))
    await made(directory, 'jane', '--user', 'jane')
    writeFileSync(join(directory, 'jane.key'), openssl(['genpkey', '-algorithm', 'ED25519']))
    const pair = fingerprint(directory)
    const other = await made(directory, 'jane', '--user', 'jane')
    expect(other).toMatchObject({ exitCode: 1, stdout: '' })
    expect(other.stderr).toContain('it is for another key')
    expect(fingerprint(directory)).toEqual(pair)
  })

  it.each([
    [['--cert-out', 'x.key'], 'the new key and --cert-out name the same file'],
    [['--cert-out', './x.csr'], 'the request beside the key and --cert-out name the same file'],
    [['--key-out', 'a', '--kubeconfig-out', './a'], '--key-out and --kubeconfig-out name the same file'],
    [['--cert-out', 'b', '--kubeconfig-out', 'b'], '--cert-out and --kubeconfig-out name the same file'],
    [['--key-out', 'a', '--out', 'a'], '--key-out and --out name the same file'],
    [['--key-out', '-'], '--key-out wants a file, found -'],
  ])('takes no %j', async (args, message) => {
    const { exitCode, stdout, stderr } = await create('x', '--user', 'x', ...args)
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
    expect(stderr).toContain(message)
  })

  it.each([
    ['an administrator', ['--user', 'x', '--group', 'system:masters'], 'SIGNER_ADMISSION'],
    ['a usage that the signer does not give', ['--user', 'x', '--usage', 'server auth'], 'SIGNER_USAGES'],
    ['a signer name that is none', ['--user', 'x', '--signer', 'nobody', '--usage', 'any'], 'SIGNER_NAME: '],
  ])('refuses %s, and leaves nothing behind', async (_, args, code) => {
    const directory = tempDir()
    const { exitCode, stdout, stderr } = await made(directory, 'x', ...args)
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
    expect(stderr).toContain(code)
    expect(readdirSync(directory)).toEqual([])
  })

  it.each([
    [['x'], 'wanted one of --user, --node and --from-csr, found none'],
    [['x', '--user', 'a', '--node', 'b'], 'found 2'],
    [['x', '--node', 'b', '--serving'], '--serving wants --dns NAME or --address IP'],
    [['x', '--node', 'b', '--address', '10.0.0.1'], '--address wants --node and --serving too'],
    [['x', '--node', 'b', '--serving', '--address', '10.0.0.300'], '--address wants an IP address'],
    [['x', '--node', 'b', '--serving', '--dns', '*.b'], '--dns wants a DNS name'],
    [
      ['x', '--node', 'b', '--serving', '--dns', 'b,10.0.0.1'],
      '--dns wants a DNS name, found the IP address 10.0.0.1',
    ],
    [['x', '--user', 'a', '--usage', 'server'], '--usage wants a usage, found "server"'],
    [['x', '--user', 'a', '--expiration', '5m'], '--expiration wants at least 10m, found "5m"'],
    [['x', '--user', 'a', '--wait-timeout', '5m'], '--wait-timeout wants --wait too'],
    [['x', '--user', 'a', '--wait', '--out', 'f'], '--out is for a manifest'],
    [['x', '--user', 'a\u001b[2J'], '--user wants text, found control characters in it'],
    [['x', 'y', '--user', 'a'], 'wanted one name, found 2'],
    [['../x', '--user', 'a'], 'wanted a name of letters, digits'],
    [['x\u001b[2J', '--user', 'a'], 'wanted a name of letters, digits'],
    [[], 'wanted NAME, found nothing'],
  ])('takes no %j', async (args, message) => {
    const { exitCode, stdout, stderr } = await create(...args)
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
    expect(stderr).toContain(message)
    expect(stderr).not.toContain('\u001b')
  })

  it('takes a request made elsewhere, whose key it never sees', async () => {
    const directory = tempDir()
    const csr = request(directory, 'own', { subject: '/CN=jane', extensions: [] })
    const args = ['jane', '--from-csr', csr, '-o', 'json']
    expect((await create(...args)).stderr).toContain('wanted --signer with --from-csr')
    const custom = await create(...args, '--signer', 'example.com/x')
    expect(custom.stderr).toContain('wanted --usage with --signer example.com/x')
    const { stdout } = await create(...args, '--signer', 'example.com/x', '--usage', 'client auth')
    expect(JSON.parse(stdout).spec.usages).toEqual(['client auth'])
    expect(readdirSync(directory).toSorted()).toEqual(['own.csr', 'own.key'])
    const key = await create('jane', '--from-csr', join(directory, 'own.key'), '--signer', 'example.com/x')
    expect(key).toMatchObject({ exitCode: 1, stdout: '' })
    expect(key.stderr).toContain('holds a private key, wanted a certificate request')
  })
})

describe('csr sign', () => {
  async function workplace(...args: string[]) {
    const directory = tempDir()
    const ca = authority(directory)
    const { stdout } = await made(directory, 'jane', '--user', 'jane', ...args)
    const file = join(directory, 'jane.json')
    writeFileSync(file, approved(stdout))
    const sign = (...more: string[]) => kubepki('csr', 'sign', '--from', file, ...ca.flags, ...more)
    return { directory, file, stdout, sign, ca }
  }

  it('answers with the object, or with the certificate alone', async () => {
    const { directory, sign, ca } = await workplace('--expiration', '1h')
    const { exitCode, stdout, stderr } = await sign('-o', 'json')
    expect(exitCode).toBe(0)
    expect(stderr).toBe('kubepki: jane: signed: CN=jane, valid until 2026-12-01T01:00:00Z\n')
    const pem = Buffer.from(JSON.parse(stdout).status.certificate, 'base64').toString()
    expect(openssl(['x509', '-noout', '-issuer'], pem)).toBe('issuer=CN = kubernetes\n')
    const out = join(directory, 'jane.crt')
    expect(await sign('--out', out)).toMatchObject({ exitCode: 0, stdout: '' })
    expect(
      openssl(['verify', '-attime', String(NOW.getTime() / 1000), '-CAfile', ca.certificateFile, out]),
    ).toContain('OK')
    expect((await sign('--out', out)).stderr).toContain('it exists already')
    mkdirSync(join(directory, 'answers'))
    expect(await sign('jane', '--out', join(directory, 'answers'))).toMatchObject({ exitCode: 0 })
    expect(existsSync(join(directory, 'answers', 'jane.crt'))).toBe(true)
  })

  it('leaves alone what nobody approved, and what is for another signer', async () => {
    const { file, stdout, sign } = await workplace()
    expect(await sign('--signer', 'example.com/x')).toMatchObject({
      exitCode: 3,
      stderr: 'kubepki: jane: left alone: its signer is kubernetes.io/kube-apiserver-client\n',
    })
    writeFileSync(file, stdout)
    expect(await sign()).toMatchObject({
      exitCode: 3,
      stderr: 'kubepki: jane: left alone: nobody has approved it\n',
    })
    writeFileSync(file, approved(stdout, 'Denied'))
    expect(await sign()).toMatchObject({
      exitCode: 3,
      stderr: 'kubepki: jane: left alone: it was denied: R\n',
    })
  })

  it('fails what its signer may not sign', async () => {
    const { file, stdout, sign } = await workplace()
    const object = JSON.parse(approved(stdout))
    object.spec.usages = ['server auth']
    writeFileSync(file, JSON.stringify(object))
    const signed = await sign('-o', 'json')
    expect(signed.exitCode).toBe(3)
    expect(JSON.parse(signed.stdout).status).toMatchObject({
      conditions: [
        { type: 'Approved' },
        {
          type: 'Failed',
          status: 'True',
          reason: 'SignerValidationFailure',
          lastUpdateTime: '2026-12-01T00:00:00Z',
        },
      ],
    })
    expect(JSON.parse(signed.stdout).status.certificate).toBeUndefined()
  })

  it('writes nowhere but into the directory, whatever an object is called', async () => {
    const { directory, file, stdout, sign } = await workplace()
    mkdirSync(join(directory, 'answers'))
    for (const [name, code, message] of [
      ['../jane', 3, 'metadata.name has a "/" in it'],
      ['.jane', 1, '.jane makes no file name'],
    ] as const) {
      writeFileSync(file, approved(stdout).replace('"name":"jane"', `"name":"${name}"`))
      const before = fingerprint(directory)
      const { exitCode, stderr } = await sign('--out', join(directory, 'answers'))
      expect(exitCode).toBe(code)
      expect(stderr).toContain(message)
      expect(fingerprint(directory)).toEqual(before)
    }
  })

  it('signs none of them when one has nowhere to go', async () => {
    const { directory, file, stdout, sign } = await workplace()
    const answers = join(directory, 'answers')
    mkdirSync(answers)
    const object = JSON.parse(approved(stdout))
    const named = (name: string) => ({ ...object, metadata: { name } })
    const both = async (...names: string[]) => {
      writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: names.map(named) }))
      const { exitCode, stderr } = await sign('--out', answers)
      expect(exitCode).toBe(1)
      expect(stderr).not.toContain('signed')
      return stderr
    }
    expect(await both('a', 'a')).toContain('a.crt would be written twice')
    writeFileSync(join(answers, 'b.crt'), 'mine')
    expect(await both('a', 'b')).toContain('b.crt: it exists already')
    expect(readdirSync(answers)).toEqual(['b.crt'])
  })

  it.each([
    [[], 'wanted NAME..., --all or --from FILE, found nothing', 2],
    [['--from', 'x', '--all'], '--from and --all exclude each other', 2],
    [['jane', '--all'], 'wanted names or --all, found both', 2],
    [['--from', '/nonexistent.yaml', '--ca-cert', 'x', '--ca-key', 'y'], '/nonexistent.yaml', 1],
  ])('takes no %j', async (args, message, exitCode) => {
    const outcome = await kubepki('csr', 'sign', ...args)
    expect(outcome).toMatchObject({ exitCode, stdout: '' })
    expect(outcome.stderr).toContain(message)
  })

  it('names what it does not find, and what there is', async () => {
    const { sign } = await workplace()
    const { exitCode, stderr } = await sign('eve')
    expect(exitCode).toBe(1)
    expect(stderr).toContain('no CertificateSigningRequest named eve')
    expect(stderr).toContain('there is 1: jane')
  })
})
