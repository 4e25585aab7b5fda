import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Certificate, readCertificates } from '../../src/x509/certificate.ts'
import { tbsPartsOf } from '../../src/x509/der.ts'
import { isKeyOf, readPrivateKey } from '../../src/x509/key.ts'
import { makeAuthority, makeLeaf, openssl, P384, RSA_2048 } from '../support/certificates.ts'
import { exceptAdvice, kubepki, NOW } from '../support/host.ts'
import { fingerprint as allOf, copyNode, fixture, readFixture, tempDir } from '../support/node.ts'
import { exceptBackups } from '../support/store.ts'

const fingerprint = (directory: string) => exceptBackups(allOf(directory))

const K = 'etc/kubernetes'
const renew = (root: string, ...args: string[]) => kubepki('certs', 'renew', ...args, '--root', root)
const read = (root: string, file: string) => readFileSync(join(root, K, file), 'utf8')

function certificateOf(pem: string): Certificate {
  const found = readCertificates(pem)
  if (!('certificates' in found)) throw new Error(found.reason)
  return found.certificates[0]
}
const pki = (root: string, name: string) => certificateOf(read(root, `pki/${name}.crt`))

function embedded(root: string, file: string, field: string): string {
  const [, data = ''] = new RegExp(`${field}: (\\S+)`).exec(read(root, file)) ?? []
  return Buffer.from(data, 'base64').toString('utf8')
}

function expectPair(certificatePem: string, keyPem: string): void {
  const key = readPrivateKey(keyPem)
  expect('key' in key && isKeyOf(key, certificateOf(certificatePem))).toBe(true)
}

const DONE =
  'Done renewing certificates. You must restart the kube-apiserver, kube-controller-manager, kube-scheduler and etcd, so that they can use the new certificates.'

describe('certs renew all', () => {
  it('prints kubeadm’s lines', async () => {
    const { stdout, stderr, exitCode } = exceptAdvice(await renew(copyNode('stock-1.20'), 'all'))
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 })
    expect(stdout.split('\n')).toEqual([
      'certificate embedded in the kubeconfig file for the admin to use and for kubeadm itself renewed',
      'certificate for serving the Kubernetes API renewed',
      'certificate the apiserver uses to access etcd renewed',
      'certificate for the API server to connect to kubelet renewed',
      'certificate embedded in the kubeconfig file for the controller manager to use renewed',
      'certificate for liveness probes to healthcheck etcd renewed',
      'certificate for etcd nodes to communicate with each other renewed',
      'certificate for serving etcd renewed',
      'certificate for the front proxy client renewed',
      'certificate embedded in the kubeconfig file for the scheduler manager to use renewed',
      'MISSING! certificate embedded in the kubeconfig file for the super-admin',
      '',
      DONE,
      '',
    ])
  })

  it.each(['stock-1.20', 'stock-1.31', 'ecdsa', 'expired', 'ipv6-ha'])(
    'keeps what each certificate of %s is',
    async name => {
      const root = copyNode(name)
      const before = fingerprint(root)
      expect(await renew(root, 'all')).toMatchObject({ exitCode: 0 })
      for (const file of readdirSync(join(root, K, 'pki'), { recursive: true, encoding: 'utf8' })) {
        if (!file.endsWith('.crt') || /(^|[/-])ca\.crt$/.test(file)) continue
        const [old, now] = [
          certificateOf(readFixture('nodes', name, K, 'pki', file)),
          certificateOf(read(root, `pki/${file}`)),
        ]
        expect(tbsPartsOf(now.der).subject).toEqual(tbsPartsOf(old.der).subject)
        expect(tbsPartsOf(now.der).extensions).toEqual(tbsPartsOf(old.der).extensions)
        expect(now.keyAlgorithm).toBe(old.keyAlgorithm)
        expect(now.serialNumber).not.toBe(old.serialNumber)
        expect(now.notBefore).toEqual(new Date(NOW.getTime() - 300_000))
        expect(now.notAfter).toEqual(new Date(NOW.getTime() + 365 * 86_400_000))
        expectPair(read(root, `pki/${file}`), read(root, `pki/${file.replace('.crt', '.key')}`))
      }
      const after = fingerprint(root)
      expect(Object.keys(after)).toEqual(Object.keys(before))
      const untouched = Object.keys(before).filter(file =>
        /(^|[/-])ca\.(crt|key)$|sa\.|manifests|lib\/kubelet/.test(file),
      )
      expect(untouched.length).toBeGreaterThan(10)
      for (const file of untouched) expect(after[file], file).toBe(before[file])
      for (const file of Object.keys(before))
        expect(after[file]?.split(' ')[0], file).toBe(before[file]?.split(' ')[0])
    },
  )

  it('changes two lines of a kubeconfig', async () => {
    const root = copyNode('stock-1.20')
    const before = read(root, 'admin.conf').split('\n')
    await renew(root, 'admin.conf')
    const changed = read(root, 'admin.conf')
      .split('\n')
      .filter((line, index) => line !== before[index])
    expect(changed.map(line => line.trim().split(':')[0])).toEqual([
      'client-certificate-data',
      'client-key-data',
    ])
    expectPair(
      embedded(root, 'admin.conf', 'client-certificate-data'),
      embedded(root, 'admin.conf', 'client-key-data'),
    )
  })

  it('leaves no file beside what was there', async () => {
    const root = copyNode('stock-1.31')
    const files = () => Object.keys(fingerprint(root)).toSorted()
    const before = files()
    await renew(root, 'all')
    expect(files()).toEqual(before)
  })

  it('says what of that line holds here', async () => {
    const hintsOf = async (node: string, ...names: string[]) => {
      const { stderr } = await renew(copyNode(node), ...names)
      return stderr.replace(/kubepki: to undo it: kubepki certs rollback 20261201T000000Z --root \S+\n/, '')
    }
    expect(await hintsOf('stock-1.31', 'all')).toBe(
      `kubepki: hint: changed here: restart kube-controller-manager, kube-scheduler
kubepki: hint: take the new files up by themselves: etcd 3.5.15-0 at its next connection, kube-apiserver 1.31.4 within 5 minutes
`,
    )
    expect(await hintsOf('stock-1.20', 'apiserver', 'apiserver-kubelet-client')).toBe(
      'kubepki: hint: changed here: restart kube-apiserver\n',
    )
    expect(await hintsOf('stock-1.20', 'apiserver')).toBe(
      'kubepki: hint: take the new files up by themselves: kube-apiserver 1.20.2 within a minute\n',
    )
    expect(await hintsOf('stock-1.20', 'admin.conf')).toBe('')
  })

  it('gives data with -o json', async () => {
    const { stdout } = await renew(copyNode('stock-1.31'), 'apiserver', 'scheduler.conf', '-o', 'json')
    const result = JSON.parse(stdout)
    expect(result).toMatchObject({
      kind: 'RenewalResult',
      apiVersion: 'kubepki/v1',
      changed: true,
      pending: [],
      skipped: [],
    })
    expect(result.renewed.map(({ name }: { name: string }) => name)).toEqual(['apiserver', 'scheduler.conf'])
    expect(result.renewed[0]).toMatchObject({
      expirationDate: '2027-12-01T00:00:00Z',
      previousExpirationDate: '2027-11-21T00:00:00Z',
    })
    expect(result.restart).toEqual([
      {
        component: 'kube-scheduler',
        version: '1.31.4',
        certificates: ['scheduler.conf'],
        manifest: expect.stringMatching(/manifests\/kube-scheduler\.yaml$/),
        isStaticPod: true,
      },
    ])
    expect(result.reloads).toEqual([
      { component: 'kube-apiserver', version: '1.31.4', certificates: ['apiserver'], within: 60 },
    ])
  })
})

describe('keys', () => {
  it.each(['RSA-3072', 'ECDSA-P256', 'ECDSA-P384'])('--encryption-algorithm %s', async algorithm => {
    const root = copyNode('stock-1.20')
    await renew(root, 'apiserver', '--encryption-algorithm', algorithm)
    expect(pki(root, 'apiserver').keyAlgorithm).toBe(algorithm)
    expectPair(read(root, 'pki/apiserver.crt'), read(root, 'pki/apiserver.key'))
  })

  it('follow encryptionAlgorithm and certificateValidityPeriod of a v1beta4 configuration', async () => {
    const config =
      'apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nencryptionAlgorithm: ECDSA-P256\ncertificateValidityPeriod: 240h\n'
    const root = copyNode('stock-1.31', { 'kubeadm.yaml': config })
    await renew(root, 'apiserver', '--config', join(root, 'kubeadm.yaml'))
    expect(pki(root, 'apiserver')).toMatchObject({
      keyAlgorithm: 'ECDSA-P256',
      notAfter: new Date('2026-12-11T00:00:00Z'),
    })
    await renew(root, 'apiserver', '--config', join(root, 'kubeadm.yaml'), '--validity', '30d')
    expect(pki(root, 'apiserver').notAfter).toEqual(new Date('2026-12-31T00:00:00Z'))
  })

  it('too weak to keep become RSA-2048, with a warning', async () => {
    const root = copyNode('stock-1.20', { [`${K}/pki/apiserver.crt`]: readFixture('defects/rsa-1024.crt') })
    const { stderr } = await renew(root, 'apiserver')
    expect(pki(root, 'apiserver').keyAlgorithm).toBe('RSA-2048')
    expect(stderr).toContain('warning: apiserver: the old key is RSA-1024')
  })

  it('of a kind nobody issues are skipped, with a way out', async () => {
    const authority = makeAuthority('kubernetes', P384)
    const leaf = makeLeaf(authority, openssl(['genpkey', '-algorithm', 'ED25519']), {
      subject: '/CN=kube-apiserver',
      extensions: 'extendedKeyUsage=serverAuth',
    })
    const root = copyNode('stock-1.20', { [`${K}/pki/apiserver.crt`]: leaf })
    const { stderr, exitCode } = await renew(root, 'apiserver')
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/apiserver not renewed: .*Ed25519\nkubepki: hint: .*--encryption-algorithm/)
  })
})

/** Every file but the named ones is as it was. */
function expectOnlyChanged(root: string, before: Record<string, string>, changed: readonly RegExp[]): void {
  const after = fingerprint(root)
  const files = Object.keys({ ...before, ...after }).filter(file => before[file] !== after[file])
  for (const file of files)
    expect(
      changed.some(pattern => pattern.test(file)),
      file,
    ).toBe(true)
}

describe('a CA that cannot sign', () => {
  const CASES = [
    ['ca.key of another CA', { 'pki/ca.key': 'defects/good-ca.key' }, 'is not the key of'],
    ['an encrypted ca.key', { 'pki/ca.key': 'defects/pkcs8-encrypted.key' }, 'is encrypted'],
    ['a legacy encrypted ca.key', { 'pki/ca.key': 'defects/legacy-encrypted.key' }, 'is encrypted'],
    [
      'an Ed25519 CA',
      { 'pki/ca.key': 'defects/ed25519-ca.key', 'pki/ca.crt': 'defects/ed25519-ca.crt' },
      'found Ed25519',
    ],
    [
      'an expired CA',
      { 'pki/ca.key': 'defects/expired-ca.key', 'pki/ca.crt': 'defects/expired-ca.crt' },
      'expired on',
    ],
    [
      'a ca.crt that is no CA',
      { 'pki/ca.key': 'defects/good-ca.key', 'pki/ca.crt': 'defects/not-a-ca.crt' },
      'is not a CA certificate',
    ],
    ['an empty ca.key', { 'pki/ca.key': 'defects/empty.crt' }, 'the file is empty'],
    ['a garbage ca.crt', { 'pki/ca.crt': 'defects/garbage.crt' }, 'no PEM block'],
    ['a certificate for ca.key', { 'pki/ca.key': 'defects/good.crt' }, 'holds a certificate'],
  ] as const

  it.each(CASES)('%s: its leaves are left alone, the others renewed, exit 1', async (_, files, found) => {
    const changes = Object.entries(files).map(([file, from]) => [`${K}/${file}`, readFixture(from)])
    const root = copyNode('stock-1.20', Object.fromEntries(changes))
    const before = fingerprint(root)
    const { stdout, stderr, exitCode } = await renew(root, 'all')
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(new RegExp(`kubepki: error: apiserver not renewed: .*${found}`))
    expect(stdout).toContain('certificate for serving etcd renewed')
    expectOnlyChanged(root, before, [/pki\/etcd\//, /etcd-client/, /front-proxy-client/])
  })

  it('is named when its certificate is missing', async () => {
    const { stderr, exitCode } = await renew(
      copyNode('stock-1.20', { [`${K}/pki/ca.crt`]: null }),
      'apiserver',
    )
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/apiserver not renewed: .*ca\.crt does not exist/)
  })
})

describe('rows that cannot be renewed', () => {
  it.each([
    ['a damaged certificate', 'pki/apiserver.crt', 'defects/truncated.crt', 'a PEM block has no END line'],
    ['a token kubeconfig', 'scheduler.conf', 'defects/token-user.conf', 'authenticates with a token'],
    ['a broken kubeconfig', 'admin.conf', 'defects/not-yaml.conf', 'not YAML'],
    ['a kubeconfig whose values are shared', 'admin.conf', 'defects/anchors.conf', 'YAML anchors'],
  ])('%s does not stop the others', async (_, file, from, reason) => {
    const root = copyNode('stock-1.20', { [`${K}/${file}`]: readFixture(from) })
    const { stdout, stderr, exitCode } = await renew(root, 'all')
    expect(exitCode).toBe(1)
    expect(stderr).toContain(reason)
    expect(stdout.match(/ renewed$/gm)).toHaveLength(9)
    expect(read(root, file)).toBe(readFixture(from))
  })

  it('missing ones are said and harmless', async () => {
    const root = copyNode('stock-1.20', { [`${K}/pki/apiserver.crt`]: null })
    expect(await renew(root, 'apiserver')).toEqual({
      stdout: 'MISSING! certificate for serving the Kubernetes API\n',
      stderr: 'kubepki: nothing to do\n',
      exitCode: 0,
    })
  })

  it('two certificates of one key file are both left alone', async () => {
    const root = copyNode('stock-1.20', { [`${K}/pki/apiserver-kubelet-client.key`]: null })
    symlinkSync('apiserver.key', join(root, K, 'pki/apiserver-kubelet-client.key'))
    const before = fingerprint(root)
    const { stderr, exitCode } = await renew(root, 'apiserver', 'apiserver-kubelet-client')
    expect(exitCode).toBe(1)
    expect(stderr).toContain('apiserver not renewed: shares a file with apiserver-kubelet-client')
    expect(fingerprint(root)).toEqual(before)
  })
})

describe('what signs and what stays', () => {
  it('the certificate of ca.crt whose key is ca.key, wherever it stands', async () => {
    const other = readFixture('defects/good-ca.crt')
    const root = copyNode('stock-1.20', {
      [`${K}/pki/ca.crt`]: other + readFixture('nodes/stock-1.20', K, 'pki/ca.crt'),
    })
    expect(await renew(root, 'apiserver')).toMatchObject({ exitCode: 0 })
    expect(
      openssl([
        'verify',
        '-CAfile',
        fixture('nodes/stock-1.20', K, 'pki/ca.crt'),
        '-attime',
        String(NOW.getTime() / 1000),
        join(root, K, 'pki/apiserver.crt'),
      ]),
    ).toContain('OK')
  })

  it('notAfter is cut to the CA’s, with a warning', async () => {
    const root = copyNode('stock-1.20')
    const { stderr } = await renew(root, 'apiserver', '--validity', '20y')
    expect(pki(root, 'apiserver').notAfter).toEqual(pki(root, 'ca').notAfter)
    expect(stderr).toMatch(/^kubepki: warning: apiserver: notAfter cut to 2036-/m)
  })

  it('intermediates of the new path stay in the file, others go', async () => {
    const root = makeAuthority('root', RSA_2048)
    const key = openssl(['genpkey', ...P384])
    const intermediate = makeLeaf(root, key, {
      subject: '/CN=kubernetes',
      extensions:
        'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\nsubjectKeyIdentifier=hash',
    })
    const signing = { certificate: intermediate, key }
    const leafKey = openssl(['genpkey', ...P384])
    const leaf = makeLeaf(signing, leafKey, {
      subject: '/CN=kube-apiserver',
      extensions: 'subjectAltName=DNS:a.example\nextendedKeyUsage=serverAuth',
    })
    const stray = readFixture('defects/good-ca.crt')
    const node = copyNode('stock-1.20', {
      [`${K}/pki/ca.crt`]: intermediate + root.certificate,
      [`${K}/pki/ca.key`]: key,
      [`${K}/pki/apiserver.crt`]: leaf + intermediate + stray,
      [`${K}/pki/apiserver.key`]: leafKey,
    })
    expect(await renew(node, 'apiserver')).toMatchObject({ exitCode: 0 })
    const found = readCertificates(read(node, 'pki/apiserver.crt'))
    const subjects = 'certificates' in found ? found.certificates.map(({ subject }) => subject) : []
    expect(subjects).toEqual(['CN=kube-apiserver', 'CN=kubernetes'])
    expect(pki(node, 'apiserver').keyAlgorithm).toBe('ECDSA-P384')
  })

  it('CA data of a kubeconfig stays while it holds the CA that signs, in any company', async () => {
    const bundle = readFixture('defects/good-ca.crt') + readFixture('nodes/stock-1.20', K, 'pki/ca.crt')
    const data = Buffer.from(bundle).toString('base64')
    const root = copyNode('stock-1.20')
    writeFileSync(
      join(root, K, 'admin.conf'),
      read(root, 'admin.conf').replace(/(certificate-authority-data: )\S+/, `$1${data}`),
    )
    const { stderr } = await renew(root, 'admin.conf')
    expect(embedded(root, 'admin.conf', 'certificate-authority-data')).toBe(bundle)
    expect(stderr).not.toContain('CA data')
  })

  it('CA data that lost the CA gains that CA’s file, keeps what it trusted, and it is said', async () => {
    const data = Buffer.from(readFixture('defects/good-ca.crt')).toString('base64')
    const root = copyNode('stock-1.20')
    writeFileSync(
      join(root, K, 'admin.conf'),
      read(root, 'admin.conf').replace(/(certificate-authority-data: )\S+/, `$1${data}`),
    )
    const { stderr } = await renew(root, 'admin.conf')
    expect(embedded(root, 'admin.conf', 'certificate-authority-data')).toBe(
      readFixture('nodes/stock-1.20', K, 'pki/ca.crt') + readFixture('defects/good-ca.crt'),
    )
    expect(stderr).toContain('warning: admin.conf: its CA data did not hold the CA that signs')
  })

  it('a kubeconfig’s own files are renewed in place', async () => {
    const file = (name: string) => readFixture('defects', name)
    const good = { 'pki/ca.crt': file('good-ca.crt'), 'pki/ca.key': file('good-ca.key') }
    const files = {
      ...good,
      'scheduler.conf': file('file-references.conf'),
      'pki-client.crt': file('pki-client.crt'),
      'pki-client.key': file('pki-client.key'),
      'good-ca.crt': file('good-ca.crt'),
    }
    const root = copyNode(
      'stock-1.20',
      Object.fromEntries(Object.entries(files).map(([name, text]) => [`${K}/${name}`, text])),
    )
    expect(await renew(root, 'scheduler.conf')).toMatchObject({ exitCode: 0 })
    expect(read(root, 'scheduler.conf')).toBe(file('file-references.conf'))
    expect(read(root, 'pki-client.crt')).not.toBe(file('pki-client.crt'))
    expectPair(read(root, 'pki-client.crt'), read(root, 'pki-client.key'))
  })

  it('a symbolic link stays; its target is replaced', async () => {
    const root = copyNode('stock-1.20')
    mkdirSync(join(root, 'vault'))
    renameSync(join(root, K, 'pki/apiserver.crt'), join(root, 'vault/apiserver.crt'))
    symlinkSync('/vault/apiserver.crt', join(root, K, 'pki/apiserver.crt'))
    expect(await renew(root, 'apiserver')).toMatchObject({ exitCode: 0 })
    expect(fingerprint(root)[`${K}/pki/apiserver.crt`]).toBe('-> /vault/apiserver.crt')
    expectPair(readFileSync(join(root, 'vault/apiserver.crt'), 'utf8'), read(root, 'pki/apiserver.key'))
  })
})

const SIGNER = (root: string) => {
  const ca = join(root, K, 'pki/ca')
  return ['-CA', `${ca}.crt`, '-CAkey', `${ca}.key`, '-CAcreateserial']
}

/** By kubeadm's name. */
function oldCertificate(root: string, name: string): Certificate {
  if (name.endsWith('.conf')) return certificateOf(embedded(root, name, 'client-certificate-data'))
  return pki(root, name.replace(/^etcd-/, 'etcd/'))
}

describe('requests', () => {
  it('are written by --csr-only for every name, 0600 in a directory 0700, and the live files stay', async () => {
    const root = copyNode('stock-1.20')
    const before = fingerprint(root)
    const { stdout, stderr, exitCode } = await renew(root, 'all', '--csr-only')
    expect(exitCode).toBe(0)
    expect(stdout).toContain(
      `certificate for serving etcd: request written to ${join(root, K, 'pki/csr/etcd-server.csr')}\n`,
    )
    expect(stdout).not.toContain('Done')
    expect(stderr).toContain(
      `${join(root, K, 'pki/csr/etcd-server.csr')}, signed by etcd-ca: certificate to ${join(root, K, 'pki/etcd/server.crt')}`,
    )
    expectOnlyChanged(root, before, [/pki\/csr/])
    const directory = join(root, K, 'pki/csr')
    expect((statSync(directory).mode & 0o777).toString(8)).toBe('700')
    const files = readdirSync(directory)
    expect(files).toHaveLength(22)
    const paperwork = ['SIGNING.md', 'requests.json']
    expect(files).toEqual(expect.arrayContaining(paperwork))
    for (const file of files.filter(file => !paperwork.includes(file)))
      expect((statSync(join(directory, file)).mode & 0o777).toString(8), file).toBe('600')
  })

  it('ask for what the old certificate is, and openssl signs each into a pair', async () => {
    const root = copyNode('stock-1.20')
    const directory = join(tempDir(), 'requests')
    await renew(root, 'all', '--csr-only', '--csr-dir', directory)
    const names = readdirSync(directory).flatMap(file =>
      file.endsWith('.csr') ? file.replace('.csr', '') : [],
    )
    expect(names).toHaveLength(10)
    for (const name of names) {
      const csr = join(directory, `${name}.csr`)
      const text = openssl(['req', '-in', csr, '-verify', '-noout', '-text'])
      expect(text, name).toMatch(/X509v3 Key Usage[\s\S]*X509v3 Extended Key Usage/)
      const signed = openssl([
        'x509',
        '-req',
        '-in',
        csr,
        '-days',
        '30',
        '-copy_extensions',
        'copy',
        ...SIGNER(root),
      ])
      expectPair(signed, readFileSync(join(directory, `${name}.key`), 'utf8'))
      const old = oldCertificate(root, name)
      expect(tbsPartsOf(certificateOf(signed).der).subject).toEqual(tbsPartsOf(old.der).subject)
      expect(certificateOf(signed).subjectAltName).toEqual(old.subjectAltName)
    }
  })

  it('are made by themselves for the external CA alone; the local ones are renewed', async () => {
    const root = copyNode('external-ca')
    const before = fingerprint(root)
    const { stdout, stderr, exitCode } = await renew(root, 'all')
    expect(exitCode).toBe(0)
    expect(stdout).toContain(
      "Detected external ca, certificate for serving the Kubernetes API can't be renewed: request written to",
    )
    expect(stdout).toContain(
      "Detected external front-proxy-ca, certificate for the front proxy client can't be renewed: request",
    )
    expect(stdout).toContain('certificate for serving etcd renewed')
    expect(stderr).toContain('hint: have each request signed')
    expectOnlyChanged(root, before, [/pki\/csr/, /pki\/etcd\//, /apiserver-etcd-client/])
  })

  it('that are pending are kept, and replaced with --force alone', async () => {
    const root = copyNode('external-ca')
    const state = () => fingerprint(join(root, K, 'pki/csr'))
    await renew(root, 'apiserver')
    const first = state()
    const again = await renew(root, 'apiserver', '-o', 'json')
    expect(JSON.parse(again.stdout)).toMatchObject({
      changed: false,
      pending: [{ name: 'apiserver', created: false }],
    })
    expect(state()).toEqual(first)
    expect((await renew(root, 'apiserver')).stdout).toContain('request pending in')
    expect(await renew(root, 'apiserver', '--force')).toMatchObject({ exitCode: 0 })
    expect(state()).not.toEqual(first)
  })

  it('whose answer is installed make room for new ones', async () => {
    const root = copyNode('external-ca')
    await renew(root, 'apiserver')
    const csr = join(root, K, 'pki/csr/apiserver.csr')
    const ca = [
      '-CA',
      join(root, K, 'pki/ca.crt'),
      '-CAkey',
      fixture('nodes/external-ca/offline/ca.key'),
      '-CAcreateserial',
    ]
    const signed = openssl(['x509', '-req', '-in', csr, '-days', '30', '-copy_extensions', 'copyall', ...ca])
    writeFileSync(join(root, K, 'pki/apiserver.crt'), signed)
    writeFileSync(join(root, K, 'pki/apiserver.key'), read(root, 'pki/csr/apiserver.key'))
    const { stdout } = await renew(root, 'apiserver', '-o', 'json')
    expect(JSON.parse(stdout)).toMatchObject({
      changed: true,
      pending: [{ name: 'apiserver', created: true }],
    })
    expect(read(root, 'pki/csr/apiserver.key')).not.toBe(read(root, 'pki/apiserver.key'))
  })

  it('that are half there are refused', async () => {
    const root = copyNode('external-ca', { [`${K}/pki/csr/apiserver.key`]: readFixture('defects/good.key') })
    const before = fingerprint(root)
    const { stderr, exitCode } = await renew(root, 'apiserver')
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(
      /apiserver not renewed: the pending request .* is not whole.*\nkubepki: hint: move .*apiserver\.key away/,
    )
    expect(fingerprint(root)).toEqual(before)
  })

  it.each([
    ['the live directory', 'etc/kubernetes/pki'],
    ['the live directory by another way', 'etc/kubernetes/pki/etcd/..'],
    ['the etcd directory', 'etc/kubernetes/pki/etcd'],
    ['the kubeconfig directory', 'etc/kubernetes'],
    ['the kubelet’s directory', 'var/lib/kubelet/pki'],
    ['a file', 'etc/kubernetes/admin.conf'],
  ])('never go to %s', async (_, directory) => {
    const root = copyNode('stock-1.20')
    const before = fingerprint(root)
    const { stderr, exitCode } = await renew(root, 'all', '--csr-only', '--csr-dir', join(root, directory))
    expect(exitCode).toBe(2)
    expect(stderr).toMatch(/^kubepki: error: --csr-dir .*\nkubepki: hint: /)
    expect(fingerprint(root)).toEqual(before)
  })

  it('never follow a link to a live key', async () => {
    const root = copyNode('stock-1.20')
    mkdirSync(join(root, 'requests'))
    symlinkSync(join(root, K, 'pki'), join(root, 'requests/link'))
    expect(await renew(root, 'all', '--csr-only', '--csr-dir', join(root, 'requests/link'))).toMatchObject({
      exitCode: 2,
    })
    symlinkSync(join(root, K, 'pki/apiserver.key'), join(root, 'requests/apiserver.key'))
    const before = fingerprint(join(root, K))
    await renew(root, 'apiserver', '--csr-only', '--force', '--csr-dir', join(root, 'requests'))
    expect(fingerprint(join(root, K))).toEqual(before)
  })
})

describe('writing', () => {
  it('tightens a key that others could read, and keeps a certificate’s mode', async () => {
    const root = copyNode('stock-1.20')
    chmodSync(join(root, K, 'pki/apiserver.key'), 0o644)
    chmodSync(join(root, K, 'pki/apiserver.crt'), 0o640)
    await renew(root, 'apiserver')
    expect(statSync(join(root, K, 'pki/apiserver.key')).mode & 0o777).toBe(0o600)
    expect(statSync(join(root, K, 'pki/apiserver.crt')).mode & 0o777).toBe(0o640)
  })

  it('changes nothing when one target cannot be written', async () => {
    const root = copyNode('stock-1.20')
    renameSync(join(root, K, 'pki/apiserver.key'), join(root, 'apiserver.key'))
    mkdirSync(join(root, 'vault'))
    symlinkSync('/vault/nowhere/apiserver.key', join(root, K, 'pki/apiserver.key'))
    mkdirSync(join(root, 'vault/nowhere/apiserver.key'), { recursive: true })
    const before = fingerprint(root)
    const { stderr, exitCode } = await renew(root, 'all')
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/^kubepki: error: cannot write .*apiserver\.key: .*; nothing was changed\n$/)
    expect(fingerprint(root)).toEqual(before)
  })
})

it('-v says what decided the new keys and their time', async () => {
  const { stderr } = await renew(copyNode('stock-1.20'), 'apiserver', '-v', '--validity', '90d')
  expect(stderr).toContain('kubepki: encryption algorithm: as the old key (default)\n')
  expect(stderr).toContain('kubepki: validity: 90 d (--validity)\n')
  expect(stderr).toMatch(
    /^kubepki: apiserver: .*apiserver.crt \(manifests\/kube-apiserver.yaml: --tls-cert-file\)$/m,
  )
})

describe('what another row keeps is never written', () => {
  const reference = (file: string, key: string) =>
    readFixture('defects/file-references.conf').replace('pki-client.crt', file).replace('pki-client.key', key)

  it.each([
    ['the CA', 'pki/ca.crt', 'pki/ca.key', 'its first certificate is a CA'],
    [
      'another certificate’s key',
      'pki/apiserver-kubelet-client.crt',
      'pki/apiserver.key',
      'shares a file with',
    ],
    [
      'the kubelet’s certificate',
      '/var/lib/kubelet/pki/kubelet-client-current.pem',
      '/var/lib/kubelet/pki/kubelet-client-current.pem',
      'shares a file with kubelet',
    ],
    ['the service account’s key', 'pki/front-proxy-client.crt', 'pki/sa.key', "the service account's key"],
  ])('a kubeconfig that refers to %s', async (_, file, key, reason) => {
    const root = copyNode('stock-1.20', { [`${K}/admin.conf`]: reference(file, key) })
    const before = fingerprint(root)
    const { stderr, exitCode } = await renew(root, 'admin.conf')
    expect(exitCode).toBe(1)
    expect(stderr).toContain(reason)
    expect(fingerprint(root)).toEqual(before)
  })

  it('a key that a certificate not named here uses too', async () => {
    const root = copyNode('stock-1.20', { [`${K}/pki/apiserver-kubelet-client.key`]: null })
    symlinkSync('apiserver.key', join(root, K, 'pki/apiserver-kubelet-client.key'))
    const before = fingerprint(root)
    expect(await renew(root, 'apiserver')).toMatchObject({ exitCode: 1 })
    expect(fingerprint(root)).toEqual(before)
  })

  it('one certificate file with two keys', async () => {
    const root = copyNode('stock-1.20', { [`${K}/pki/etcd/peer.crt`]: null })
    symlinkSync('server.crt', join(root, K, 'pki/etcd/peer.crt'))
    const before = fingerprint(root)
    expect(await renew(root, 'etcd-server', 'etcd-peer')).toMatchObject({ exitCode: 1 })
    expect(fingerprint(root)).toEqual(before)
  })

  it('one pair by two names is one change', async () => {
    const root = copyNode('stock-1.20', {
      [`${K}/pki/etcd/peer.crt`]: null,
      [`${K}/pki/etcd/peer.key`]: null,
    })
    for (const kind of ['crt', 'key']) symlinkSync(`server.${kind}`, join(root, K, `pki/etcd/peer.${kind}`))
    const { stdout, exitCode } = await renew(root, 'etcd-server', 'etcd-peer')
    expect(exitCode).toBe(0)
    expect(stdout.trim().split('\n')).toHaveLength(1)
    expectPair(read(root, 'pki/etcd/peer.crt'), read(root, 'pki/etcd/peer.key'))
  })

  it('a CA certificate in a leaf’s place is not made anew as a leaf', async () => {
    const root = copyNode('stock-1.20', {
      [`${K}/pki/apiserver.crt`]: readFixture('nodes/stock-1.20', K, 'pki/ca.crt'),
    })
    const { stderr, exitCode } = await renew(root, 'apiserver')
    expect(exitCode).toBe(1)
    expect(stderr).toContain('its first certificate is a CA')
  })

  it.each([
    ['dangles', '/vault/apiserver.key'],
    ['leads out of the root', '../../../../../../../../../../tmp/apiserver.key'],
  ])('a key link that %s', async (_, target) => {
    const root = copyNode('stock-1.20', { [`${K}/pki/apiserver.key`]: null })
    symlinkSync(target, join(root, K, 'pki/apiserver.key'))
    const before = fingerprint(root)
    const { stderr, exitCode } = await renew(root, 'apiserver')
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/apiserver not renewed: .*apiserver\.key: (the symbolic link|leads out)/)
    expect(fingerprint(root)).toEqual(before)
  })

  it('a missing key is made where it belongs, behind a linked directory', async () => {
    const root = copyNode('stock-1.20', { [`${K}/pki/apiserver.key`]: null })
    mkdirSync(join(root, 'srv'))
    renameSync(join(root, K, 'pki'), join(root, 'srv/pki'))
    symlinkSync('/srv/pki', join(root, K, 'pki'))
    expect(await renew(root, 'apiserver')).toMatchObject({ exitCode: 0 })
    expectPair(read(root, '../../srv/pki/apiserver.crt'), read(root, '../../srv/pki/apiserver.key'))
  })

  it('paths in files that climb out of the root are refused', async () => {
    const outside = tempDir()
    const climb = `../../../../../../../../..${outside}`
    for (const name of ['pki-client.crt', 'pki-client.key'])
      writeFileSync(join(outside, name), readFixture('defects', name))
    const conf = reference(`${climb}/pki-client.crt`, `${climb}/pki-client.key`)
    const root = copyNode('stock-1.20', { [`${K}/admin.conf`]: conf })
    const before = fingerprint(outside)
    const { stderr, exitCode } = await renew(root, 'admin.conf')
    expect(exitCode).toBe(1)
    expect(stderr).toContain('leads out of the root')
    expect(fingerprint(outside)).toEqual(before)
  })

  it('a private key put where a file name belongs is not repeated in any line', async () => {
    const conf = readFixture('nodes/stock-1.20', K, 'admin.conf').replace('client-key-data:', 'client-key:')
    const { stdout, stderr, exitCode } = await renew(
      copyNode('stock-1.20', { [`${K}/admin.conf`]: conf }),
      'admin.conf',
    )
    expect(exitCode).toBe(1)
    expect(stderr).toContain('holds data where a file name belongs')
    expect(stdout + stderr).not.toContain('LS0tLS1')
  })
})

describe('external CAs', () => {
  it('are known behind a linked directory', async () => {
    const root = copyNode('external-ca')
    mkdirSync(join(root, 'srv'))
    renameSync(join(root, K, 'pki'), join(root, 'srv/pki'))
    symlinkSync('/srv/pki', join(root, K, 'pki'))
    const { stdout, exitCode } = await renew(root, 'all')
    expect(exitCode).toBe(0)
    expect(stdout).toContain('Detected external ca')
  })

  it.each([
    ['dangles', '/vault/ca.key'],
    ['leads out of the root', '../../../../../../../../../../../tmp/ca.key'],
  ])('are not those whose key is a link that %s', async (_, target) => {
    const root = copyNode('stock-1.20', { [`${K}/pki/ca.key`]: null })
    symlinkSync(target, join(root, K, 'pki/ca.key'))
    const { stdout, stderr, exitCode } = await renew(root, 'apiserver')
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 1 })
    expect(stderr).toMatch(/apiserver not renewed: .*ca\.key: /)
  })
})

it('a same-key CA that is not valid yet does not stand in the way of the valid one', async () => {
  const root = copyNode('stock-1.20')
  const key = join(root, K, 'pki/ca.key')
  const later = tempDir()
  writeFileSync(join(later, 'index.txt'), '')
  const config =
    '[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\nnew_certs_dir=.\nrand_serial=yes\ndefault_md=sha256\npolicy=p\nx509_extensions=x\n[p]\ncommonName=supplied\n[x]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n'
  writeFileSync(join(later, 'ca.cnf'), config)
  openssl(['req', '-new', '-key', key, '-subj', '/CN=kubernetes', '-out', join(later, 'ca.csr')])
  execFileSync(
    'openssl',
    [
      'ca',
      '-batch',
      '-selfsign',
      '-config',
      'ca.cnf',
      '-keyfile',
      key,
      '-in',
      'ca.csr',
      '-out',
      'ca.crt',
      '-notext',
      '-startdate',
      '280101000000Z',
      '-enddate',
      '380101000000Z',
    ],
    { cwd: later, stdio: 'ignore' },
  )
  writeFileSync(
    join(root, K, 'pki/ca.crt'),
    readFileSync(join(later, 'ca.crt'), 'utf8') + read(root, 'pki/ca.crt'),
  )
  expect(await renew(root, 'apiserver')).toMatchObject({ exitCode: 0 })
})

it('a kubeconfig that is not UTF-8 is left as it is', async () => {
  const root = copyNode('stock-1.20')
  const file = join(root, K, 'admin.conf')
  writeFileSync(file, Buffer.concat([Buffer.from('# caf\xe9\n', 'latin1'), readFileSync(file)]))
  const before = fingerprint(root)
  const { stderr, exitCode } = await renew(root, 'admin.conf')
  expect(exitCode).toBe(1)
  expect(stderr).toContain('not UTF-8 text')
  expect(fingerprint(root)).toEqual(before)
})

it('a key in the request directory that no request was made for is not replaced, even by force', async () => {
  const other = copyNode('ecdsa')
  const root = copyNode('stock-1.20')
  const before = fingerprint(other)
  const toOther = await renew(root, 'apiserver', '--csr-only', '--force', '--csr-dir', join(other, K, 'pki'))
  expect(toOther).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('holds live certificates and keys'),
  })
  expect(fingerprint(other)).toEqual(before)
  const directory = tempDir()
  writeFileSync(join(directory, 'apiserver.key'), readFixture('defects/good.key'))
  expect(await renew(root, 'apiserver', '--csr-only', '--force', '--csr-dir', directory)).toMatchObject({
    exitCode: 1,
  })
  expect(readFileSync(join(directory, 'apiserver.key'), 'utf8')).toBe(readFixture('defects/good.key'))
})
