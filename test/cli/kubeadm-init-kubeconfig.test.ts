/** kubeadm's own test cases for the files of `init phase kubeconfig`, by their numbers in our list of them. */
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { makeAuthority, makeLeaf, openssl, P256 } from '../support/certificates.ts'
import type { Outcome } from '../support/host.ts'
import {
  absent,
  conf,
  documentIn,
  expectKept,
  expectPair,
  expectRefused,
  expectVerified,
  initCerts,
  initKubeconfigs,
  isThere,
  K,
  kubeconfigIn,
  linesOf,
  look,
  modesIn,
  read,
  said,
  wholeNode,
} from '../support/made.ts'
import { copyNode, fingerprint, readFixture, tempDir } from '../support/node.ts'

/** As kubeadm writes them, the user's name and its organization of today. */
const USERS = [
  ['admin', 'kubernetes-admin', 'O=kubeadm:cluster-admins '],
  ['super-admin', 'kubernetes-super-admin', 'O=system:masters '],
  ['kubelet', 'system:node:cp-1', 'O=system:nodes '],
  ['controller-manager', 'system:kube-controller-manager', ''],
  ['scheduler', 'system:kube-scheduler', ''],
] as const
const NAMES = USERS.map(([name]) => name)
/** The four that the fixture has, which are all there were before 1.29. */
const OLD_NAMES = NAMES.filter(name => name !== 'super-admin')
const OLD = ['--kubernetes-version', 'v1.28.0']
const NEW = ['--kubernetes-version', 'v1.31.4']

const kubeconfigs =
  (...args: string[]) =>
  (root: string) =>
    initKubeconfigs(root, ...args)

/** A node with a CA and nothing else. */
async function withAuthority(): Promise<string> {
  const root = tempDir()
  expect((await initCerts(root, 'ca')).exitCode).toBe(0)
  return root
}

const base64 = (text: string) => Buffer.from(text, 'utf8').toString('base64')
const original = (name: string) => readFixture('nodes/ecdsa', K, `${name}.conf`)
const AUTHORITY = readFixture('nodes/ecdsa', K, 'pki/ca.crt')
const AUTHORITY_KEY = readFixture('nodes/ecdsa', K, 'pki/ca.key')
const FOREIGN = readFixture('defects/foreign-ca.crt')

/** The fixture's file that trusts what `pem` holds. */
const trusting = (name: string, pem: string) =>
  original(name).replace(/(certificate-authority-data: )\S+/, (_, field) => field + base64(pem))
const withClient = (name: string, certificate: string, key: string) =>
  original(name)
    .replace(/(client-certificate-data: )\S+/, (_, field) => field + base64(certificate))
    .replace(/(client-key-data: )\S+/, (_, field) => field + base64(key))
const pointingTo = (name: string, server: string) =>
  original(name).replace(/(server: )\S+/, (_, field) => field + server)

describe('what is made', () => {
  it('kubeadm 111: without a CA -> refused, with what makes one', async () => {
    const errors = NAMES.map(
      name => new RegExp(`${name}\\.conf cannot be made: .*pki/ca\\.crt does not exist`),
    )
    const root = tempDir()
    const { stderr } = await expectRefused(root, kubeconfigs('all'), ...errors)
    expect(stderr).toContain(`kubepki: hint: make the CA first: kubepki init phase certs ca --root ${root}\n`)
    expect(fingerprint(root)).toEqual({})
  })

  const LOCAL = 'https://192.0.2.10:6443'
  it.each([
    ['no endpoint', [], LOCAL, LOCAL],
    ['an endpoint', ['--control-plane-endpoint', 'api.k8s.io'], 'https://api.k8s.io:6443', LOCAL],
    [
      'an endpoint with a port',
      ['--control-plane-endpoint', 'api.k8s.io:4321'],
      'https://api.k8s.io:4321',
      LOCAL,
    ],
    [
      'another port of its own',
      ['--control-plane-endpoint', 'api.k8s.io', '--apiserver-bind-port', '1234'],
      'https://api.k8s.io:1234',
      'https://192.0.2.10:1234',
    ],
    [
      'IPv6',
      ['--control-plane-endpoint', '[2001:db8::1]:1234', '--apiserver-advertise-address', '2001:db8::10'],
      'https://[2001:db8::1]:1234',
      'https://[2001:db8::10]:6443',
    ],
  ])('kubeadm 112, 113, 115: each user, its organization and its server with %s', async (...row) => {
    const [, flags, controlPlane, local] = row
    const root = await withAuthority()
    const outcome = await initKubeconfigs(root, 'all', ...NEW, ...flags)
    expect(outcome.exitCode).toBe(0)
    expect(linesOf(outcome)).toEqual([
      `[kubeconfig] Using kubeconfig folder "${root}/${K}"`,
      ...NAMES.map(name => `[kubeconfig] Writing "${name}.conf" kubeconfig file`),
    ])
    const authority = read(root, 'pki/ca.crt')
    for (const [name, user, organization] of USERS) {
      const isLocal = name === 'controller-manager' || name === 'scheduler'
      const { certificate = '', key = '', ...rest } = conf(root, name)
      expect(rest, name).toEqual({
        cluster: 'kubernetes',
        server: isLocal ? local : controlPlane,
        user,
        context: `${user}@kubernetes`,
        authority,
        token: undefined,
      })
      expect(look(certificate), name).toEqual({
        subject: `${organization}CN=${user}`,
        names: [],
        usages: ['clientAuth'],
        isCa: false,
        validity: ['2026-11-30T23:55:00', '2027-12-01T00:00:00'],
        keyType: 'ec',
      })
      expectPair(certificate, key)
      expectVerified(certificate, { authority, purpose: 'sslclient' })
    }
    expect(modesIn(root, '.')).toMatchObject(Object.fromEntries(NAMES.map(name => [`${name}.conf`, '600'])))
  })

  it('kubeadm 115: laid out as kubectl writes it', async () => {
    const root = await withAuthority()
    await initKubeconfigs(root, 'admin', '--kubernetes-version', '1.36.1')
    expect(read(root, 'admin.conf').replace(/data: \S{100,}/g, 'data: DATA')).toBe(`apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: DATA
    server: https://192.0.2.10:6443
  name: kubernetes
contexts:
- context:
    cluster: kubernetes
    user: kubernetes-admin
  name: kubernetes-admin@kubernetes
current-context: kubernetes-admin@kubernetes
kind: Config
users:
- name: kubernetes-admin
  user:
    client-certificate-data: DATA
    client-key-data: DATA
`)
  })

  it('kubeadm 112 (1.31): the algorithm asked for, also of a CA with other keys', async () => {
    const root = await withAuthority()
    await initKubeconfigs(root, 'scheduler', '--encryption-algorithm', 'ECDSA-P384')
    const { certificate = '', key = '' } = conf(root, 'scheduler')
    expect(openssl(['x509', '-noout', '-text'], certificate)).toContain('NIST CURVE: P-384')
    expectPair(certificate, key)
  })

  it('kubeadm 120: a file that nobody knows is wrong use', async () => {
    const root = await withAuthority()
    const before = fingerprint(root)
    const outcome = await initKubeconfigs(root, 'admin', 'disconnect')
    expect(outcome).toMatchObject({ stdout: '', exitCode: 2 })
    expect(said(outcome, 'error')).toEqual(['nothing here is named "disconnect"'])
    expect(fingerprint(root)).toEqual(before)
  })

  it('kubeadm 121: those of a joining node, by their names', async () => {
    const root = await withAuthority()
    await initKubeconfigs(root, 'admin', 'controller-manager', 'scheduler.conf')
    const made = Object.keys(modesIn(root, '.')).filter(name => name.endsWith('.conf'))
    expect(made).toEqual(['admin.conf', 'controller-manager.conf', 'scheduler.conf'])
  })

  it.each([
    ['--apiserver-advertise-address', '1.2.3', 'an IP address that others can reach'],
    ['--apiserver-bind-port', '0', 'a port from 1 to 65535'],
    ['--control-plane-endpoint', 'bad!!.cp.k8s.io', 'an IP address or a DNS name'],
    ['--control-plane-endpoint', 'cp.k8s.io:0', 'an IP address or a DNS name'],
  ])('kubeadm 179–185: %s %s is wrong use', async (flag, value, wanted) => {
    const outcome = await initKubeconfigs(tempDir(), 'all', flag, value)
    expect(outcome).toMatchObject({ stdout: '', exitCode: 2 })
    expect(said(outcome, 'error')).toEqual([expect.stringContaining(`${flag} wants ${wanted}`)])
  })
})

describe('what exists', () => {
  it('kubeadm 117, 129: of the same cluster -> kept, every byte', async () => {
    const root = wholeNode()
    const lines = await expectKept(root, kubeconfigs('all', ...OLD))
    const kept = (name: string) => `[kubeconfig] Using existing kubeconfig file: "${root}/${K}/${name}.conf"`
    expect(lines).toEqual(OLD_NAMES.map(kept))
  })

  it('kubeadm 115, 117: what lacks is made beside what is kept', async () => {
    const root = wholeNode()
    const before = fingerprint(root)
    const outcome = await initKubeconfigs(root, 'all', ...NEW)
    expect(outcome.exitCode).toBe(0)
    expect(linesOf(outcome).filter(line => line.includes('Writing'))).toEqual([
      '[kubeconfig] Writing "super-admin.conf" kubeconfig file',
    ])
    expect(fingerprint(root)).toMatchObject(before)
  })

  it.each([
    [
      '116: an unknown current-context',
      original('admin').replace(/^current-context: .*$/m, 'current-context: x'),
    ],
    ['116: no current-context', original('admin').replace(/^current-context: .*\n/m, '')],
    [
      '116: a context without its cluster',
      original('admin').replace('    cluster: kubernetes\n', '    cluster: x\n'),
    ],
    ['116: not YAML', 'a: ['],
    ['116: empty', ''],
    ['118, 127: another CA', trusting('admin', FOREIGN)],
    ['118, 127: no CA', original('admin').replace(/ +certificate-authority-data: \S+\n/, '')],
    ['118, 127: a CA that cannot be read', trusting('admin', 'hello\n')],
  ])('kubeadm %s -> refused', async (_, text) => {
    await expectRefused(wholeNode({ 'admin.conf': text }), kubeconfigs('admin'), /\/admin\.conf: /)
  })

  it('kubeadm 119, 128: another server -> kept, with a warning', async () => {
    const root = wholeNode({ 'admin.conf': pointingTo('admin', 'https://192.0.2.77:6443') })
    const before = fingerprint(root)
    const outcome = await initKubeconfigs(root, 'admin', '--control-plane-endpoint', '192.0.2.10')
    expect(fingerprint(root)).toEqual(before)
    expect(outcome.exitCode).toBe(0)
    expect(said(outcome, 'warning')).toEqual([
      expect.stringMatching(
        /admin\.conf: server: wanted https:\/\/192\.0\.2\.10:6443, found https:\/\/192\.0\.2\.77:6443/,
      ),
    ])
  })

  it('kubeadm 119: another server, where nothing else says what the cluster is reached at -> believed', async () => {
    const root = wholeNode({ 'admin.conf': pointingTo('admin', 'https://lb.example.test:8443') })
    await expectKept(root, kubeconfigs('admin'))
    await initKubeconfigs(root, 'super-admin', ...NEW)
    expect(conf(root, 'super-admin').server).toBe('https://lb.example.test:8443')
  })

  it('kubeadm 119: a port that a server does not name is 443', async () => {
    const root = wholeNode({ 'admin.conf': pointingTo('admin', 'https://lb.example.test') })
    await expectKept(root, kubeconfigs('admin', '--control-plane-endpoint', 'lb.example.test:443'))
    const wanted = await initKubeconfigs(root, 'admin', '--control-plane-endpoint', 'lb.example.test')
    expect(said(wanted, 'warning')).toEqual([expect.stringContaining('wanted https://lb.example.test:6443')])
    await initKubeconfigs(root, 'super-admin', ...NEW)
    expect(conf(root, 'super-admin').server).toBe('https://lb.example.test:443')
  })

  it('kubeadm 119: the node’s own address is no endpoint: a flag gives it another', async () => {
    const root = copyNode('ecdsa')
    await initKubeconfigs(root, 'super-admin', ...NEW, '--apiserver-advertise-address', '192.0.2.99')
    expect(conf(root, 'super-admin').server).toBe('https://192.0.2.99:6443')
    const kept = await initKubeconfigs(root, 'admin', '--apiserver-advertise-address', '192.0.2.99')
    expect(said(kept, 'warning')).toEqual([expect.stringContaining('wanted https://192.0.2.99:6443')])
  })

  // Other ways to log in are the user's choice; kubeadm looks at their CA too.
  it.each(['token-user.conf', 'exec-user.conf'])(
    'with %s in its place -> kept unseen, with a warning',
    async file => {
      const root = wholeNode({ 'admin.conf': readFixture('defects', file) })
      const before = fingerprint(root)
      const outcome = await initKubeconfigs(root, 'admin')
      expect(fingerprint(root)).toEqual(before)
      expect(outcome.exitCode).toBe(0)
      expect(said(outcome, 'warning')).toEqual([expect.stringContaining('admin.conf is kept unseen')])
    },
  )

  it.each([
    ['130: with line breaks around it', `\n\n${AUTHORITY}\n\n`],
    // kubeadm compares bytes: these it refuses.
    [
      '130: with its lines wrapped otherwise',
      AUTHORITY.replace(/\n(?=[^-])/g, '').replace('-----M', '-----\nM'),
    ],
    ['130: in a bundle, second', FOREIGN + AUTHORITY],
  ])('kubeadm %s, the CA -> kept', async (_, pem) => {
    await expectKept(wholeNode({ 'admin.conf': trusting('admin', pem) }), kubeconfigs('admin'))
  })

  it('kubeadm 131: the CA as a file -> kept; as a file that does not exist, or is another -> refused', async () => {
    const naming = (file: string) =>
      original('admin').replace(/certificate-authority-data: \S+/, `certificate-authority: ${file}`)
    const inPlace = wholeNode({ 'admin.conf': naming('/etc/kubernetes/pki/ca.crt') })
    await expectKept(inPlace, kubeconfigs('admin'))
    await expectKept(wholeNode({ 'admin.conf': naming('pki/ca.crt') }), kubeconfigs('admin'))
    const lost = wholeNode({ 'admin.conf': naming('nowhere.crt') })
    await expectRefused(lost, kubeconfigs('admin'), /admin\.conf: certificate-authority/)
    const other = wholeNode({ 'admin.conf': naming('other.crt'), 'other.crt': FOREIGN })
    await expectRefused(other, kubeconfigs('admin'), /admin\.conf: certificate-authority/)
  })

  it('kubeadm 117: a CA that is a bundle by now is trusted by one of its certificates', async () => {
    const bundle = { 'pki/ca.crt': FOREIGN + AUTHORITY }
    await expectKept(wholeNode(bundle), kubeconfigs('admin'))
    const root = wholeNode({ ...bundle, ...absent('admin.conf') })
    expect((await initKubeconfigs(root, 'admin')).exitCode).toBe(0)
    // kubeadm embeds the first alone: who is signed by the second would not be trusted.
    expect(conf(root, 'admin').authority?.match(/BEGIN CERTIFICATE/g)).toHaveLength(2)
    expectVerified(conf(root, 'admin').certificate ?? '', { authority: AUTHORITY, purpose: 'sslclient' })
  })

  // kubeadm never looks at the client certificate.
  it('its client certificate expired -> kept with a warning, and what renews it', async () => {
    const root = copyNode('expired', { [`${K}/manifests`]: null })
    const before = fingerprint(root)
    const outcome = await initKubeconfigs(root, 'admin')
    expect(fingerprint(root)).toEqual(before)
    expect(outcome.exitCode).toBe(0)
    expect(said(outcome, 'warning')).toEqual([
      expect.stringMatching(/admin\.conf: its client certificate expired on 2026-06-01/),
    ])
  })

  it('its client certificate of another CA -> kept with a warning', async () => {
    const key = makeAuthority('x', P256).key
    const leaf = makeLeaf(makeAuthority('kubernetes', P256), key, {
      subject: '/CN=kubernetes-admin',
      extensions: 'extendedKeyUsage=clientAuth',
    })
    const outcome = await initKubeconfigs(
      wholeNode({ 'admin.conf': withClient('admin', leaf, key) }),
      'admin',
    )
    expect(outcome.exitCode).toBe(0)
    expect(said(outcome, 'warning')).toEqual([
      expect.stringMatching(/admin\.conf: its client certificate: wanted/),
    ])
  })

  it('names every failure, and makes none of the others', async () => {
    const root = wholeNode({ 'admin.conf': '', 'scheduler.conf': trusting('scheduler', FOREIGN) })
    await expectRefused(root, kubeconfigs('all'), /\/admin\.conf: /, /\/scheduler\.conf: /)
    expect(isThere(root, 'super-admin.conf')).toBe(false)
  })
})

describe('with an external CA', () => {
  const external = (changes: Readonly<Record<string, string | null>> = {}) =>
    wholeNode({ ...absent('pki/ca.key'), ...changes })
  const isNotThere = (name: string) =>
    new RegExp(`/${name}\\.conf does not exist and cannot be made: the CA's key`)

  it('kubeadm 126, 132: no files -> refused, each by name, with what asks for them', async () => {
    const root = external(absent(...OLD_NAMES.map(name => `${name}.conf`)))
    const { stderr } = await expectRefused(root, kubeconfigs('all', ...OLD), ...OLD_NAMES.map(isNotThere))
    const names = OLD_NAMES.map(name => `${name}.conf`).join(' ')
    expect(stderr).toContain(`kubepki: hint: kubepki certs generate-csr ${names} --root ${root} makes `)
  })

  it('kubeadm 133: only admin and kubelet -> refused', async () => {
    const root = external(absent('controller-manager.conf', 'scheduler.conf'))
    const errors = ['controller-manager', 'scheduler'].map(isNotThere)
    await expectRefused(root, kubeconfigs('all', ...OLD), ...errors)
  })

  it('kubeadm 132–136 (1.29): super-admin.conf is wanted too, where there is such a thing', async () => {
    await expectRefused(external(), kubeconfigs('all', ...NEW), isNotThere('super-admin'))
  })

  it('kubeadm 134: controller-manager.conf with another CA -> refused', async () => {
    const root = external({ 'controller-manager.conf': trusting('controller-manager', FOREIGN) })
    await expectRefused(
      root,
      kubeconfigs('all', ...OLD),
      /controller-manager\.conf: certificate-authority-data: wanted/,
    )
  })

  it('kubeadm 135: scheduler.conf with another server -> kept, with a warning', async () => {
    const root = external({ 'scheduler.conf': pointingTo('scheduler', 'https://192.0.2.77:1234') })
    const before = fingerprint(root)
    const outcome = await initKubeconfigs(root, 'all', ...OLD)
    expect(fingerprint(root)).toEqual(before)
    expect(outcome.exitCode).toBe(0)
    expect(said(outcome, 'warning')).toEqual([expect.stringContaining('found https://192.0.2.77:1234')])
  })

  it('kubeadm 136: all valid -> kept', async () => {
    const lines = await expectKept(external(), kubeconfigs('all', ...OLD))
    const mode = (name: string) => `[kubeconfig] External CA mode: Using user provided ${name}.conf`
    expect(lines).toEqual(OLD_NAMES.map(mode))
  })

  // kubeadm takes it, and the component cannot log in.
  it('its client certificate expired -> refused: nobody here can make another', async () => {
    const root = copyNode('expired', { [`${K}/manifests`]: null, [`${K}/pki/ca.key`]: null })
    await expectRefused(
      root,
      kubeconfigs('scheduler'),
      /scheduler\.conf: its client certificate expired on 2026-06-01/,
    )
  })

  it('its client certificate of another CA -> refused', async () => {
    const key = makeAuthority('x', P256).key
    const request = { subject: '/CN=kubernetes-admin', extensions: 'extendedKeyUsage=clientAuth' }
    const with_ = (certificate: string) => withClient('admin', certificate, key)
    const foreign = makeLeaf(makeAuthority('kubernetes', P256), key, request)
    await expectRefused(
      external({ 'admin.conf': with_(foreign) }),
      kubeconfigs('admin'),
      /its client certificate: wanted/,
    )
    const own = makeLeaf({ certificate: AUTHORITY, key: AUTHORITY_KEY }, key, request)
    expect((await initKubeconfigs(external({ 'admin.conf': with_(own) }), 'admin')).exitCode).toBe(0)
  })
})

describe('versions', () => {
  const MASTERS = 'O=system:masters '
  const ADMINS = 'O=kubeadm:cluster-admins '
  it.each([
    ['1.20', MASTERS, false, true],
    ['1.28', MASTERS, false, true],
    ['1.29', ADMINS, true, true],
    ['v1.33.11', ADMINS, true, true],
    ['1.33.12', ADMINS, true, true],
    ['1.34.7', ADMINS, true, false],
    ['1.34.8', ADMINS, true, false],
    ['1.35.4', ADMINS, true, false],
    ['1.35.5', ADMINS, true, false],
    ['1.36.0', ADMINS, true, false],
    ['v1.36.1', ADMINS, true, false],
    ['1.37', ADMINS, true, false],
  ])(
    '%s: organization of the admin, super-admin.conf, preferences',
    async (version, admin, hasSuper, hasPreferences) => {
      const root = await withAuthority()
      const { exitCode } = await initKubeconfigs(root, 'all', '--kubernetes-version', version)
      expect(exitCode).toBe(0)
      expect(look(conf(root, 'admin').certificate ?? '').subject).toBe(`${admin}CN=kubernetes-admin`)
      expect(isThere(root, 'super-admin.conf')).toBe(hasSuper)
      for (const name of NAMES.filter(one => hasSuper || one !== 'super-admin'))
        expect(/^preferences: \{\}$/m.test(read(root, `${name}.conf`)), name).toBe(hasPreferences)
      if (hasSuper)
        expect(look(conf(root, 'super-admin').certificate ?? '').subject).toBe(
          `${MASTERS}CN=kubernetes-super-admin`,
        )
    },
  )

  it('super-admin asked for by name before 1.29 -> refused', async () => {
    const root = await withAuthority()
    await expectRefused(
      root,
      kubeconfigs('super-admin', ...OLD),
      /super-admin\.conf exists since Kubernetes 1\.29/,
    )
  })
})

describe('what it is not asked for', () => {
  it('a failed run leaves nothing where there was no /etc/kubernetes', async () => {
    const root = tempDir()
    await expectRefused(root, kubeconfigs('admin'), /admin\.conf cannot be made/)
    expect(fingerprint(root)).toEqual({})
  })

  it('a second run changes nothing, not even the backups', async () => {
    const root = await withAuthority()
    await initKubeconfigs(root, 'all', ...NEW)
    const lines = await expectKept(root, kubeconfigs('all', ...NEW))
    expect(lines).toHaveLength(5)
  })

  it('--dry-run prints what the run prints, and writes nothing', async () => {
    const root = await withAuthority()
    const before = fingerprint(root)
    const plan = await initKubeconfigs(root, 'all', ...NEW, '--dry-run')
    expect(plan).toMatchObject({ stderr: 'kubepki: nothing was changed: this is the plan\n', exitCode: 0 })
    expect(fingerprint(root)).toEqual(before)
    expect(plan.stdout).toBe((await initKubeconfigs(root, 'all', ...NEW)).stdout)
  })

  it('-o json and -o yaml: the same document, of what was made and of what was refused', async () => {
    const root = await withAuthority()
    const both = async (...args: string[]): Promise<[Outcome, Outcome]> => [
      await initKubeconfigs(root, ...args, '-o', 'json'),
      await initKubeconfigs(root, ...args, '-o', 'yaml'),
    ]
    const [json, yaml] = await both('admin', ...NEW, '--dry-run')
    expect(documentIn(yaml)).toEqual(documentIn(json))
    expect(documentIn(json)).toMatchObject({
      kind: 'BootstrapResult',
      apiVersion: 'kubepki/v1',
      dryRun: true,
      changed: true,
      directory: `${root}/${K}`,
      files: [
        {
          name: 'admin.conf',
          kind: 'kubeconfig',
          action: 'created',
          file: join(root, K, 'admin.conf'),
          created: {
            subject: 'CN=kubernetes-admin,O=kubeadm:cluster-admins',
            caName: 'ca',
            server: 'https://192.0.2.10:6443',
            expirationDate: '2027-12-01T00:00:00Z',
          },
        },
      ],
    })
    const [failed, failedYaml] = await both('super-admin', ...OLD)
    expect([failed.exitCode, failedYaml.exitCode]).toEqual([1, 1])
    expect(documentIn(failedYaml)).toEqual(documentIn(failed))
    expect(documentIn(failed)).toMatchObject({
      changed: false,
      files: [],
      failures: [{ name: 'super-admin.conf' }],
    })
  })

  it('no private key is in the output', async () => {
    const root = await withAuthority()
    const { stdout, stderr } = await initKubeconfigs(root, 'all', '-o', 'json', '-v')
    for (const name of NAMES) {
      const { key = '' } = kubeconfigIn(read(root, `${name}.conf`))
      expect(stdout + stderr).not.toContain(key.split('\n')[1])
      expect(stdout + stderr).not.toContain(base64(key))
    }
  })
})
