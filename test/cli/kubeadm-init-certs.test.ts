/** kubeadm's own test cases for the files of `init phase certs`, by their numbers in our list of them. */
import { createPublicKey } from 'node:crypto'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { makeAuthority, makeLeaf, openssl, P256, P384, RSA_2048 } from '../support/certificates.ts'
import { kubepki } from '../support/host.ts'
import {
  absent,
  configFile,
  documentIn,
  EXTERNAL_ETCD,
  expectKept,
  expectPair,
  expectRefused,
  expectVerified,
  initCerts,
  isThere,
  K,
  linesOf,
  lookAt,
  modesIn,
  NODE,
  read,
  said,
  wholeNode,
} from '../support/made.ts'
import { copyNode, fingerprint, readFixture, tempDir } from '../support/node.ts'

const CAS = ['ca', 'front-proxy-ca', 'etcd/ca']
const LEAVES_OF: Readonly<Record<string, readonly string[]>> = {
  ca: ['apiserver', 'apiserver-kubelet-client'],
  'front-proxy-ca': ['front-proxy-client'],
  'etcd/ca': ['etcd/server', 'etcd/peer', 'etcd/healthcheck-client', 'apiserver-etcd-client'],
}
const LEAVES = Object.values(LEAVES_OF).flat()

const crt = (name: string) => `pki/${name}.crt`
const key = (name: string) => `pki/${name}.key`
const pair = (name: string) => [crt(name), key(name)]
const SA = ['pki/sa.key', 'pki/sa.pub']
const CONFS = ['admin.conf', 'kubelet.conf', 'controller-manager.conf', 'scheduler.conf']

const certs =
  (...args: string[]) =>
  (root: string) =>
    initCerts(root, ...args)

/** A pair for `name`, made by openssl; `below`: signed by this CA of the node, else by one nobody knows. */
function foreignPair(name: string, extensions = 'extendedKeyUsage=clientAuth', below?: string) {
  const own = makeAuthority('unused', P256)
  const authority = below
    ? {
        certificate: readFixture('nodes/ecdsa', K, crt(below)),
        key: readFixture('nodes/ecdsa', K, key(below)),
      }
    : makeAuthority('kubernetes', P256)
  const certificate = makeLeaf(authority, own.key, { subject: `/CN=kube-${name}`, extensions })
  return { [crt(name)]: certificate, [key(name)]: own.key }
}

const serving = (...names: string[]) => `extendedKeyUsage=serverAuth\nsubjectAltName=${names.join(',')}`
const KUBERNETES = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc']
const ALL_NAMES = [
  ...['cp-1', ...KUBERNETES, 'kubernetes.default.svc.cluster.local'].map(name => `DNS:${name}`),
  ...['IP:10.96.0.1', 'IP:192.0.2.10'],
]

describe('a CA', () => {
  it('kubeadm 35, 146, 152–155: nothing there -> made', async () => {
    const root = tempDir()
    const outcome = await initCerts(root, 'ca')
    expect(outcome.exitCode).toBe(0)
    expect(linesOf(outcome)).toEqual([
      `[certs] Using certificateDir folder "${root}/${K}/pki"`,
      '[certs] Generating "ca" certificate and key',
    ])
    expect(modesIn(root, 'pki')).toEqual({ 'ca.crt': '644', 'ca.key': '600' })
    expectPair(read(root, crt('ca')), read(root, key('ca')))
    expect(lookAt(root, 'ca')).toEqual({
      subject: 'CN=kubernetes',
      names: ['DNS:kubernetes'],
      usages: [],
      isCa: true,
      validity: ['2026-11-30T23:55:00', '2036-11-28T00:00:00'],
      keyType: 'ec',
    })
    expectVerified(read(root, crt('ca')), { authority: read(root, crt('ca')), purpose: 'sslserver' })
  })

  it.each(CAS)('kubeadm 36, 70: %s exists -> kept, every byte', async name => {
    const lines = await expectKept(wholeNode(), certs(name.replace('/', '-')))
    expect(lines).toEqual([`[certs] Using existing ${name} certificate authority`])
  })

  it('kubeadm 37: an empty ca.crt -> refused', async () => {
    await expectRefused(wholeNode({ [crt('ca')]: '' }), certs('ca'), /pki\/ca\.crt: /)
  })

  it('kubeadm 38: a leaf in the place of the CA -> refused, with its key beside it and without', async () => {
    const leaf = readFixture('nodes/ecdsa', K, crt('apiserver'))
    const leafKey = readFixture('nodes/ecdsa', K, key('apiserver'))
    const withKey = wholeNode({ [crt('ca')]: leaf, [key('ca')]: leafKey })
    await expectRefused(withKey, certs('ca'), /pki\/ca\.crt: CN=kube-apiserver is not a CA certificate/)
    const without = wholeNode({ [crt('ca')]: leaf, [key('ca')]: null })
    await expectRefused(without, certs('ca'), /pki\/ca\.crt holds no CA certificate/)
  })

  it.each(CAS)('kubeadm 69, 71: %s without its key -> kept, as an external one', async name => {
    const lines = await expectKept(wholeNode(absent(key(name))), certs(name.replace('/', '-')))
    expect(lines).toEqual([`[certs] Using existing ${name} keyless certificate authority`])
  })

  // kubeadm keeps it, and every signature fails later.
  it('with the key of another -> refused (kubeadm does not look)', async () => {
    const other = makeAuthority('kubernetes', P256)
    const root = wholeNode({ [key('ca')]: other.key })
    await expectRefused(root, certs('ca'), /pki\/ca\.key is not the key of .*pki\/ca\.crt/)
  })

  // Where it has to sign it is refused: kubeadm warns, and signs what nobody accepts.
  it('that has expired is kept with a warning, and signs nothing', async () => {
    const expired = readFixture('defects/expired-ca.crt')
    const expiredKey = readFixture('defects/expired-ca.key')
    const root = tempDir()
    await initCerts(root, 'ca')
    writeFileSync(join(root, K, crt('ca')), expired)
    writeFileSync(join(root, K, key('ca')), expiredKey)
    const kept = await initCerts(root, 'ca')
    expect(kept.exitCode).toBe(0)
    expect(said(kept, 'warning')).toEqual([expect.stringMatching(/pki\/ca\.crt expired on 2026-06-01/)])
    await expectRefused(root, certs('ca', 'apiserver'), /apiserver\.crt cannot be made: .*ca\.crt expired/)
  })

  it.each(CAS)('kubeadm 156: a lone %s.key -> refused: what it signed is not made void', async name => {
    const root = wholeNode({
      ...absent(crt(name), ...(LEAVES_OF[name] ?? []).flatMap(pair)),
    })
    const message = new RegExp(`${name}\\.key exists, and its certificate .*${name}\\.crt does not`)
    await expectRefused(root, certs(name.replace('/', '-')), message)
  })
})

describe('a leaf', () => {
  it('kubeadm 39: nothing there -> made and signed by the CA on the disk', async () => {
    const root = wholeNode(absent(...pair('apiserver')))
    const before = fingerprint(root)
    const { exitCode } = await initCerts(root, 'apiserver')
    expect(exitCode).toBe(0)
    expectVerified(read(root, crt('apiserver')), { authority: read(root, crt('ca')), purpose: 'sslserver' })
    expect(fingerprint(root)).toMatchObject(before)
  })

  // kubeadm's function refuses it, its command keeps it and says nothing.
  it.each([
    [
      '40',
      'a DNS name',
      ALL_NAMES.filter(name => name !== 'DNS:kubernetes.default'),
      'DNS:kubernetes.default',
    ],
    ['41', 'an address', ALL_NAMES.filter(name => name !== 'IP:10.96.0.1'), 'IP:10.96.0.1'],
  ])(
    'kubeadm %s: without %s that is wanted -> kept, with a warning that says how to add it',
    async (...row) => {
      const [, , names, lacking] = row
      const root = wholeNode(foreignPair('apiserver', serving(...names), 'ca'))
      const before = fingerprint(root)
      const outcome = await initCerts(root, 'apiserver')
      expect(fingerprint(root)).toEqual(before)
      expect(outcome.exitCode).toBe(0)
      expect(linesOf(outcome)[1]).toBe('[certs] Using existing apiserver certificate and key on disk')
      const [warning, ...more] = said(outcome, 'warning')
      expect(warning).toMatch(
        new RegExp(
          `apiserver\\.crt is kept as it is, without ${lacking}: kubepki certs renew apiserver --add-san ${lacking} `,
        ),
      )
      expect(more).toEqual([])
    },
  )

  it('kubeadm 40, 41: the remedy that the warning names adds them, and then nothing lacks', async () => {
    const root = wholeNode(foreignPair('apiserver', serving('DNS:cp-1'), 'ca'))
    const [warning = ''] = said(await initCerts(root, 'apiserver'), 'warning')
    const [, remedy = ''] = /: kubepki (certs renew .+) adds to it$/.exec(warning) ?? []
    expect((await kubepki(...remedy.split(' '), '--root', root)).exitCode).toBe(0)
    expect(lookAt(root, 'apiserver').names.toSorted()).toEqual(
      ALL_NAMES.map(name => name.replace('IP:', 'IP Address:')).toSorted(),
    )
    await expectKept(root, certs('apiserver'))
  })

  it.each(LEAVES)('kubeadm 42, 72: %s with all its names -> kept, every byte', async name => {
    const row = name.replace('/', '-')
    const lines = await expectKept(wholeNode(), certs(row))
    expect(lines).toEqual([`[certs] Using existing ${name} certificate and key on disk`])
  })

  it('kubeadm 42: a wildcard stands for a name', async () => {
    const names = [...ALL_NAMES, 'DNS:*.example.test']
    const root = wholeNode(foreignPair('apiserver', serving(...names), 'ca'))
    await expectKept(root, certs('apiserver', '--apiserver-cert-extra-sans', 'api.example.test'))
    const outcome = await initCerts(root, 'apiserver', '--apiserver-cert-extra-sans', 'a.b.example.test')
    expect(said(outcome, 'warning')).toEqual([expect.stringContaining('without DNS:a.b.example.test: ')])
  })

  it.each(LEAVES)('kubeadm 43: an empty %s.crt -> refused', async name => {
    const root = wholeNode({ [crt(name)]: '' })
    await expectRefused(root, certs(name.replace('/', '-')), new RegExp(`pki/${name}\\.crt: `))
  })

  it('kubeadm 44: signed by another CA, even one of the same name -> refused', async () => {
    const root = wholeNode(foreignPair('apiserver', serving(...ALL_NAMES)))
    await expectRefused(root, certs('apiserver'), /apiserver\.crt: wanted a certificate signed by .*ca\.crt/)
  })

  it('kubeadm 44: of another CA of this node -> refused', async () => {
    const root = wholeNode(foreignPair('front-proxy-client', undefined, 'ca'))
    await expectRefused(
      root,
      certs('front-proxy-client'),
      /front-proxy-client\.crt: wanted .*front-proxy-ca\.crt/,
    )
  })

  it('kubeadm 39–44 (1.21): through an intermediate in its file -> kept; without it -> refused', async () => {
    const authority = {
      certificate: readFixture('nodes/ecdsa', K, crt('ca')),
      key: readFixture('nodes/ecdsa', K, key('ca')),
    }
    const middleKey = makeAuthority('unused', P256).key
    const middle = makeLeaf(authority, middleKey, {
      subject: '/CN=middle',
      extensions: 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign',
    })
    const leafKey = makeAuthority('unused', P256).key
    const between = { certificate: middle, key: middleKey }
    const extensions = serving(...ALL_NAMES)
    const leaf = makeLeaf(between, leafKey, { subject: '/CN=kube-apiserver', extensions })
    const whole = wholeNode({ [crt('apiserver')]: leaf + middle, [key('apiserver')]: leafKey })
    await expectKept(whole, certs('apiserver'))
    const broken = wholeNode({ [crt('apiserver')]: leaf, [key('apiserver')]: leafKey })
    await expectRefused(broken, certs('apiserver'), /apiserver\.crt: wanted .*found one issued by CN=middle/)
  })

  it('that has expired -> refused, with what renews it (kubeadm since 1.21)', async () => {
    const root = copyNode('expired', { [`${K}/manifests`]: null })
    const { stderr } = await expectRefused(root, certs('apiserver'), /apiserver\.crt expired on 2026-06-01/)
    expect(stderr).toContain(`kubepki: hint: kubepki certs renew all --within 0s --root ${root}\n`)
  })

  it('without its key, or with the key of another -> refused (kubeadm does not look)', async () => {
    const lost = wholeNode(absent(key('apiserver')))
    await expectRefused(lost, certs('apiserver'), /apiserver\.key does not exist, and .*apiserver\.crt does/)
    const swapped = wholeNode({
      [key('apiserver')]: readFixture('nodes/ecdsa', K, key('front-proxy-client')),
    })
    await expectRefused(swapped, certs('apiserver'), /apiserver\.key is not the key of .*apiserver\.crt/)
  })

  it.each(LEAVES)('kubeadm 156: a lone %s.key -> refused: it may be in use', async name => {
    const root = wholeNode(absent(crt(name)))
    const message = new RegExp(`${name}\\.key exists, and its certificate .*${name}\\.crt does not`)
    await expectRefused(root, certs(name.replace('/', '-')), message)
  })

  it('without any CA -> refused, with what makes one', async () => {
    const root = tempDir()
    const { stderr } = await expectRefused(
      root,
      certs('apiserver'),
      /apiserver\.crt cannot be made: .*ca\.crt/,
    )
    expect(stderr).toContain(`kubepki: hint: make the CA first: kubepki init phase certs ca --root ${root}\n`)
  })
})

describe('the service account’s keys', () => {
  const publicKeyOf = (root: string) => openssl(['pkey', '-pubout'], read(root, 'pki/sa.key'))

  it('kubeadm 48: none -> made', async () => {
    const root = tempDir()
    const outcome = await initCerts(root, 'sa')
    expect(linesOf(outcome)[1]).toBe('[certs] Generating "sa" key and public key')
    expect(modesIn(root, 'pki')).toEqual({ 'sa.key': '600', 'sa.pub': '600' })
    expect(read(root, 'pki/sa.pub')).toBe(publicKeyOf(root))
    expect(createPublicKey(read(root, 'pki/sa.pub')).asymmetricKeyDetails).toEqual({
      namedCurve: 'prime256v1',
    })
  })

  it('kubeadm 49, 73: an EC pair exists -> kept, every byte', async () => {
    const lines = await expectKept(wholeNode(), certs('sa'))
    expect(lines).toEqual(['[certs] Using the existing "sa" key'])
  })

  // kubeadm leaves it lost.
  it('kubeadm 49: sa.key alone -> kept, and sa.pub made from it', async () => {
    const root = wholeNode(absent('pki/sa.pub'))
    const before = fingerprint(root)
    const outcome = await initCerts(root, 'sa')
    expect(outcome.exitCode).toBe(0)
    expect(said(outcome, 'warning')).toEqual([
      expect.stringMatching(/sa\.pub did not exist: made from .*sa\.key/),
    ])
    expect(fingerprint(root)).toMatchObject(before)
    expect(read(root, 'pki/sa.pub')).toBe(publicKeyOf(root))
  })

  it('kubeadm 50: an empty sa.key -> refused', async () => {
    await expectRefused(wholeNode({ 'pki/sa.key': '' }), certs('sa'), /pki\/sa\.key: /)
  })

  it('kubeadm 54, 74: sa.pub without sa.key -> refused: every token is checked with it', async () => {
    const root = wholeNode(absent('pki/sa.key'))
    await expectRefused(root, certs('sa'), /sa\.pub exists, and its private key .*sa\.key does not/)
  })

  // kubeadm does not look.
  it('that are no pair -> refused: every token would be', async () => {
    const other = openssl(['pkey', '-pubout'], makeAuthority('x', P256).key)
    for (const text of [other, '', 'hello\n'])
      await expectRefused(
        wholeNode({ 'pki/sa.pub': text }),
        certs('sa'),
        /sa\.pub does not hold the public key of .*sa\.key/,
      )
    const both = wholeNode({ 'pki/sa.pub': other + readFixture('nodes/ecdsa', K, 'pki/sa.pub') })
    await expectKept(both, certs('sa'))
  })
})

describe('all of it', () => {
  it('kubeadm 57, 76, 149–151: nothing there -> 22 files, each signed by its CA', async () => {
    const root = tempDir()
    const outcome = await initCerts(root, 'all', '--kubernetes-version', 'v1.31.4')
    expect(outcome.exitCode).toBe(0)
    expect(Object.keys(modesIn(root, 'pki'))).toHaveLength(22)
    expect(Object.keys(modesIn(root, 'pki'))).toEqual(
      [...[...CAS, ...LEAVES].flatMap(pair), ...SA].map(file => file.slice('pki/'.length)).toSorted(),
    )
    for (const [file, mode] of Object.entries(modesIn(root, 'pki')))
      expect(mode, file).toBe(file.endsWith('.crt') ? '644' : '600')
    for (const [ca, leaves] of Object.entries(LEAVES_OF)) {
      const authority = read(root, crt(ca))
      for (const leaf of leaves) {
        const { usages } = lookAt(root, leaf)
        const certificate = read(root, crt(leaf))
        expectPair(certificate, read(root, key(leaf)))
        for (const usage of usages)
          expectVerified(certificate, {
            authority,
            purpose: usage === 'serverAuth' ? 'sslserver' : 'sslclient',
          })
      }
    }
    const serves = linesOf(outcome).flatMap(line => /^\[certs\] (\S+) serving cert/.exec(line)?.[1] ?? [])
    expect(serves).toEqual(['apiserver', 'etcd/server', 'etcd/peer'])
    const usages = LEAVES.map(leaf => [leaf, lookAt(root, leaf).usages.join()])
    expect(Object.fromEntries(usages)).toEqual({
      apiserver: 'serverAuth',
      'apiserver-kubelet-client': 'clientAuth',
      'front-proxy-client': 'clientAuth',
      'etcd/server': 'serverAuth,clientAuth',
      'etcd/peer': 'serverAuth,clientAuth',
      'etcd/healthcheck-client': 'clientAuth',
      'apiserver-etcd-client': 'clientAuth',
    })
  })

  it('kubeadm 84: a certificate serves by every name it has, and is valid from five minutes ago for a year', async () => {
    const root = tempDir()
    await initCerts(root, 'all')
    const authority = read(root, crt('ca'))
    for (const name of ['cp-1', ...KUBERNETES, 'kubernetes.default.svc.cluster.local'])
      expectVerified(read(root, crt('apiserver')), {
        ...{ authority, purpose: 'sslserver', more: ['-verify_hostname', name] },
      })
    for (const address of ['10.96.0.1', '192.0.2.10'])
      expectVerified(read(root, crt('apiserver')), {
        ...{ authority, purpose: 'sslserver', more: ['-verify_ip', address] },
      })
    for (const leaf of LEAVES)
      expect(lookAt(root, leaf).validity).toEqual(['2026-11-30T23:55:00', '2027-12-01T00:00:00'])
    for (const ca of CAS)
      expect(lookAt(root, ca).validity).toEqual(['2026-11-30T23:55:00', '2036-11-28T00:00:00'])
  })

  it('kubeadm 77: with external etcd nothing of etcd, nor its client', async () => {
    const root = tempDir()
    const outcome = await initCerts(root, 'all', '--config', configFile(EXTERNAL_ETCD))
    expect(outcome.exitCode).toBe(0)
    const kept = ['ca', 'front-proxy-ca', 'apiserver', 'apiserver-kubelet-client', 'front-proxy-client']
    expect(Object.keys(modesIn(root, 'pki'))).toEqual(
      [...kept.flatMap(pair), ...SA].map(file => file.slice('pki/'.length)).toSorted(),
    )
    expect(linesOf(outcome).filter(line => line.includes('External etcd mode'))).toEqual([
      '[certs] External etcd mode: Skipping etcd/ca certificate authority generation',
      '[certs] External etcd mode: Skipping etcd/server certificate generation',
      '[certs] External etcd mode: Skipping etcd/peer certificate generation',
      '[certs] External etcd mode: Skipping etcd/healthcheck-client certificate generation',
      '[certs] External etcd mode: Skipping apiserver-etcd-client certificate generation',
    ])
  })

  it('kubeadm 58: the CAs exist -> the leaves are made, the CAs kept', async () => {
    const root = wholeNode(absent(...LEAVES.flatMap(pair), ...SA))
    const before = fingerprint(root)
    const outcome = await initCerts(root, 'all')
    expect(outcome.exitCode).toBe(0)
    expect(fingerprint(root)).toMatchObject(before)
    expect(linesOf(outcome).filter(line => line.includes('Generating'))).toHaveLength(8)
    for (const [ca, leaves] of Object.entries(LEAVES_OF))
      for (const leaf of leaves)
        expectVerified(read(root, crt(leaf)), {
          authority: read(root, crt(ca)),
          purpose: leaf === 'apiserver' ? 'sslserver' : 'sslclient',
        })
  })

  it('kubeadm 59: CA certificates only, no keys -> refused, each leaf by name', async () => {
    const root = wholeNode(absent(...CAS.map(key), ...LEAVES.flatMap(pair), ...SA))
    const errors = LEAVES.map(leaf => new RegExp(`${leaf}\\.crt cannot be made: the CA's key is not here`))
    const { stderr } = await expectRefused(root, certs('all'), ...errors)
    const names = LEAVES.map(leaf => leaf.replace('etcd/', 'etcd-')).join(' ')
    expect(stderr).toContain(`kubepki: hint: kubepki certs generate-csr ${names} --root ${root} makes `)
  })

  it('kubeadm 60: a front-proxy CA without key but with its client -> kept, the rest made', async () => {
    const others = LEAVES.filter(leaf => leaf !== 'front-proxy-client')
    const gone = ['ca', 'etcd/ca', ...others].flatMap(pair)
    const root = wholeNode(absent(key('front-proxy-ca'), ...gone, ...SA, ...CONFS))
    const before = fingerprint(root)
    const outcome = await initCerts(root, 'all')
    expect(outcome.exitCode).toBe(0)
    expect(fingerprint(root)).toMatchObject(before)
    expect(linesOf(outcome)).toContain('[certs] Using existing front-proxy-ca keyless certificate authority')
    expect(linesOf(outcome)).toContain(
      '[certs] Using existing front-proxy-client certificate and key on disk',
    )
    expect(isThere(root, key('front-proxy-ca'))).toBe(false)
    expect(Object.keys(modesIn(root, 'pki'))).toHaveLength(21)
  })

  it('kubeadm 61: front-proxy-client without its CA -> refused, no CA is made under it', async () => {
    const gone = [...[...CAS, ...LEAVES].filter(name => name !== 'front-proxy-client').flatMap(pair), ...SA]
    const root = wholeNode(absent(...gone, ...CONFS))
    await expectRefused(
      root,
      certs('all'),
      /front-proxy-client\.crt exists, and the CA .*front-proxy-ca\.crt/,
    )
    await expectRefused(root, certs('front-proxy-client'), /front-proxy-client\.crt exists, and the CA/)
  })

  it('kubeadm 51, 62, 66: complete -> kept, nothing external', async () => {
    const lines = await expectKept(wholeNode(), certs('all'))
    expect(lines).toHaveLength(11)
    expect(lines.filter(line => !line.startsWith('[certs] Using '))).toEqual([])
    expect(lines.filter(line => line.includes('keyless'))).toEqual([])
    expect(await externalIn(wholeNode())).toEqual([])
  })

  // A joining node is told so by kubeadm: there, its files are those of another node.
  it.each([
    ['52', 'ca'],
    ['55', 'front-proxy-ca'],
    ['56', 'etcd/ca'],
  ])('kubeadm %s: no %s.crt -> refused', async (_, name) => {
    const leaves = (LEAVES_OF[name] ?? []).map(leaf => new RegExp(`${leaf}\\.crt exists, and the CA`))
    const root = wholeNode(absent(crt(name)))
    const lone = new RegExp(`${name}\\.key exists, and its certificate`)
    const rows = [lone, ...leaves]
    await expectRefused(root, certs('all'), ...rows)
    const trusted = name === 'ca' ? [/ca\.crt does not exist, and .*admin\.conf trusts a CA already/] : []
    await expectRefused(wholeNode(absent(...pair(name))), certs('all'), ...trusted, ...leaves)
    await expectRefused(wholeNode(absent(...pair(name), ...CONFS)), certs('all'), ...leaves)
  })

  async function externalIn(root: string): Promise<string[]> {
    const { stdout } = await initCerts(root, 'all', '-o', 'json')
    const { files } = JSON.parse(stdout) as { files: { name: string; externallyManaged: boolean }[] }
    return files.filter(({ externallyManaged }) => externallyManaged).map(({ name }) => name)
  }

  it.each([
    ['53, 63, 65', 'ca', ['ca', 'apiserver', 'apiserver-kubelet-client', 'sa']],
    ['67', 'front-proxy-ca', ['front-proxy-ca', 'front-proxy-client']],
    [
      '67, of etcd',
      'etcd/ca',
      ['etcd-ca', 'etcd-server', 'etcd-peer', 'etcd-healthcheck-client', 'apiserver-etcd-client'],
    ],
  ])('kubeadm %s: %s.key removed -> kept, external with all that it signed', async (_, ca, external) => {
    const root = wholeNode(absent(key(ca)))
    const before = fingerprint(root)
    expect(await externalIn(root)).toEqual(external)
    expect(fingerprint(root)).toEqual(before)
    await expectKept(root, certs('all'))
  })

  it.each(Object.entries(LEAVES_OF).flatMap(([ca, leaves]) => leaves.map(leaf => [ca, leaf] as const)))(
    'kubeadm 64, 68: %s.key and %s removed -> refused',
    async (ca, leaf) => {
      const root = wholeNode(absent(key(ca), ...pair(leaf)))
      await expectRefused(
        root,
        certs('all'),
        new RegExp(`${leaf}\\.crt cannot be made: the CA's key is not here`),
      )
    },
  )

  it('of an external CA: one of its certificates without key, or expired -> refused, as kubeadm does', async () => {
    const withoutKey = wholeNode(absent(key('ca'), key('apiserver')))
    await expectRefused(withoutKey, certs('all'), /apiserver\.key does not exist/)
    const old = copyNode('expired', { [`${K}/manifests`]: null, [`${K}/pki/front-proxy-ca.key`]: null })
    await expectRefused(old, certs('front-proxy-ca', 'front-proxy-client'), /front-proxy-client\.crt expired/)
  })

  it('names every failure, not the first alone', async () => {
    const root = wholeNode({ [crt('apiserver')]: '', 'pki/sa.key': '', ...absent(key('etcd/peer')) })
    await expectRefused(root, certs('all'), /apiserver\.crt: /, /etcd\/peer\.key does not exist/, /sa\.key: /)
  })
})

describe('keys and directories', () => {
  it.each([
    ['RSA', RSA_2048],
    ['P-256', P256],
    ['P-384', P384],
  ])('kubeadm 148, 157–159: a CA with a key of %s signs', async (_, algorithm) => {
    const { certificate, key: caKey } = makeAuthority('kubernetes', algorithm)
    const root = wholeNode({ [crt('ca')]: certificate, [key('ca')]: caKey, ...absent(...pair('apiserver')) })
    expect((await initCerts(root, 'apiserver')).exitCode).toBe(0)
    expectVerified(read(root, crt('apiserver')), { authority: certificate, purpose: 'sslserver' })
  })

  // 128 bits in kubeadm's test: openssl makes none so short.
  it('kubeadm 147: a CA with an RSA key of 512 bits -> refused', async () => {
    const short = makeAuthority('kubernetes', ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:512'])
    const ca = { [crt('ca')]: short.certificate, [key('ca')]: short.key }
    const root = wholeNode({ ...ca, ...absent(...pair('apiserver')) })
    await expectRefused(
      root,
      certs('apiserver'),
      /apiserver\.crt cannot be made: .*ca\.key: wanted .*found RSA-512/,
    )
  })

  it('kubeadm 157–159: a key that cannot be read -> refused', async () => {
    const root = wholeNode({ [key('ca')]: '', ...absent(...pair('apiserver')) })
    await expectRefused(
      root,
      certs('ca', 'apiserver'),
      /pki\/ca\.key: /,
      /apiserver\.crt cannot be made: ca cannot be used/,
    )
    const ed25519 = {
      [crt('ca')]: readFixture('defects/ed25519-ca.crt'),
      [key('ca')]: readFixture('defects/ed25519-ca.key'),
    }
    const other = wholeNode({ ...ed25519, ...absent(...pair('apiserver')) })
    const wanted = /ca\.key: wanted an RSA key .*, or an ECDSA key, found Ed25519/i
    await expectRefused(other, certs('ca', 'apiserver'), wanted, /apiserver\.crt cannot be made/)
    await expectRefused(other, certs('apiserver'), wanted)
  })

  it('kubeadm 160–164: below --cert-dir the files have their names', async () => {
    const [root, directory] = [tempDir(), join(tempDir(), 'foo')]
    const { stdout } = await initCerts(root, 'ca', 'etcd-ca', 'etcd-server', 'sa', '--cert-dir', directory)
    expect(stdout).toContain(`[certs] Using certificateDir folder "${directory}"\n`)
    const all = readdirSync(directory, { recursive: true, encoding: 'utf8' }).toSorted()
    const files = all.filter(name => !name.startsWith('kubepki-backups'))
    const etcd = ['ca.crt', 'ca.key', 'server.crt', 'server.key'].map(file => `etcd/${file}`)
    expect(files).toEqual(['ca.crt', 'ca.key', 'etcd', ...etcd, 'sa.key', 'sa.pub'])
    expect(isThere(root, 'pki')).toBe(false)
  })

  it('a flag wins over the file that it stands beside', async () => {
    const root = tempDir()
    const config = configFile('certificatesDir: /etc/other', 'networking: {dnsDomain: file.test}')
    const flags = ['--config', config, '--service-dns-domain', 'flag.test']
    expect((await initCerts(root, 'ca', 'apiserver', ...flags)).exitCode).toBe(0)
    const pem = openssl([
      'x509',
      '-noout',
      '-ext',
      'subjectAltName',
      '-in',
      join(root, 'etc/other/apiserver.crt'),
    ])
    expect(pem).toContain('DNS:kubernetes.default.svc.flag.test')
    expect(pem).not.toContain('file.test')
  })

  it.each([
    ['RSA-2048', 'RSA Public-Key: (2048 bit)', 'RSA PRIVATE KEY'],
    ['ECDSA-P256', 'NIST CURVE: P-256', 'EC PRIVATE KEY'],
    ['ECDSA-P384', 'NIST CURVE: P-384', 'EC PRIVATE KEY'],
  ])('--encryption-algorithm %s', async (algorithm, says, label) => {
    const root = tempDir()
    await initCerts(root, 'ca', 'sa', '--encryption-algorithm', algorithm)
    const text = openssl(['x509', '-noout', '-text'], read(root, crt('ca')))
    expect(text.replace('Public-Key: (2048', 'RSA Public-Key: (2048')).toContain(says)
    for (const name of ['ca', 'sa'])
      expect(read(root, key(name))).toMatch(new RegExp(`^-----BEGIN ${label}-----\n`))
  })
})

describe('names', () => {
  const EXTRA = ['--control-plane-endpoint', 'api.k8s.io:6443', '--apiserver-advertise-address', '1.2.3.4']
  const HOST = ['--node-name', 'valid-hostname', ...EXTRA]
  const makeIt = async (name: string, ca: string, ...args: string[]) => {
    const root = tempDir()
    const outcome = await initCerts(root, ca, name, ...HOST, ...args)
    expect(outcome).toMatchObject({ exitCode: 0 })
    return { names: lookAt(root, name.replace('etcd-', 'etcd/')).names, lines: linesOf(outcome) }
  }
  const dns = (...names: string[]) => names.map(name => `DNS:${name}`)
  const ip = (...addresses: string[]) => addresses.map(address => `IP Address:${address}`)
  const ALL = [...KUBERNETES, 'kubernetes.default.svc.cluster.local']

  it('kubeadm 165: of the API server', async () => {
    const { names, lines } = await makeIt(
      ...(['apiserver', 'ca', '--apiserver-cert-extra-sans', '10.1.245.94,10.1.245.95'] as const),
    )
    expect(names).toEqual([
      ...dns('api.k8s.io', ...ALL, 'valid-hostname'),
      ...ip('10.96.0.1', '1.2.3.4', '10.1.245.94', '10.1.245.95'),
    ])
    expect(lines.at(-1)).toBe(
      `[certs] apiserver serving cert is signed for DNS names [api.k8s.io ${ALL.join(' ')} valid-hostname] and IPs [10.96.0.1 1.2.3.4 10.1.245.94 10.1.245.95]`,
    )
  })

  // kubeadm's function drops them; its validation, which comes before, refuses them too.
  it.each(['1.2.3.L!', '', 'a b', 'in_valid', '*', 'DNS:a.test', '10.0.0.0/8'])(
    'kubeadm 165, 169: %j is no name -> wrong use, nothing dropped in silence',
    async name => {
      const root = tempDir()
      const outcome = await initCerts(root, 'all', `--apiserver-cert-extra-sans=ok.test,${name}`)
      expect(outcome).toMatchObject({ stdout: '', exitCode: 2 })
      expect(said(outcome, 'error')).toEqual([
        expect.stringContaining('--apiserver-cert-extra-sans wants DNS names'),
      ])
      expect(fingerprint(root)).toEqual({})
    },
  )

  it('kubeadm 166: an endpoint that is an address is among the addresses', async () => {
    const { names } = await makeIt('apiserver', 'ca', '--control-plane-endpoint', '4.5.6.7:6443')
    expect(names).toEqual([...dns(...ALL, 'valid-hostname'), ...ip('10.96.0.1', '1.2.3.4', '4.5.6.7')])
  })

  it.each([
    ['167', 'etcd-server', 'serverCertSANs'],
    ['168', 'etcd-peer', 'peerCertSANs'],
  ])('kubeadm %s: of %s, with %s of the configuration', async (_, name, field) => {
    const config = configFile(`etcd: {local: {${field}: [user-etcd-proxy, 10.10.10.100]}}`)
    const { names } = await makeIt(name, 'etcd-ca', '--config', config)
    expect(names).toEqual([
      ...dns('localhost', 'user-etcd-proxy', 'valid-hostname'),
      ...ip('1.2.3.4', '127.0.0.1', '0:0:0:0:0:0:0:1', '10.10.10.100'),
    ])
  })

  it('kubeadm 169, 170: wildcards count, and each name is there once', async () => {
    const sans = [
      '*.example.test,kubernetes',
      '1.2.3.4,::ffff:1.2.3.4',
      'API.k8s.io',
      '2001:DB8::1,2001:db8:0::1',
    ]
    const flags = sans.map(names => `--apiserver-cert-extra-sans=${names}`)
    const { names } = await makeIt('apiserver', 'ca', ...flags)
    expect(names).toEqual([
      ...dns('*.example.test', 'api.k8s.io', ...ALL, 'valid-hostname'),
      ...ip('10.96.0.1', '1.2.3.4', '2001:DB8:0:0:0:0:0:1'),
    ])
  })

  it('kubeadm 187: upper case becomes lower case, punycode and addresses stay', async () => {
    const sans = 'EXAMPLE.k8s.io,xn--mnchen-3ya.de,10.1.2.3'
    const { names } = await makeIt('apiserver', 'ca', '--apiserver-cert-extra-sans', sans)
    expect(names).toEqual([
      ...dns('api.k8s.io', 'example.k8s.io', ...ALL, 'valid-hostname', 'xn--mnchen-3ya.de'),
      ...ip('10.96.0.1', '1.2.3.4', '10.1.2.3'),
    ])
  })

  it('of two families: the service address is of the first', async () => {
    const { names } = await makeIt('apiserver', 'ca', '--service-cidr', 'fd00:10:96::/112,10.96.0.0/12')
    expect(names).toContain('IP Address:FD00:10:96:0:0:0:0:1')
    expect(names).not.toContain('IP Address:10.96.0.1')
  })
})

describe('what it is not asked for', () => {
  it('a failed run leaves nothing where there was no /etc/kubernetes', async () => {
    const root = tempDir()
    const bare = (directory: string) =>
      kubepki('init', 'phase', 'certs', 'all', '--encryption-algorithm', 'ECDSA-P256', '--root', directory)
    const needs = /needs the node's name and the node's address, and nothing says it/
    const errors = [needs, needs, needs]
    const { stderr } = await expectRefused(root, bare, ...errors)
    expect(stderr).toContain('kubepki: hint: give --node-name and --apiserver-advertise-address')
    expect(fingerprint(root)).toEqual({})
  })

  it.each(['json', 'yaml'])('a failed run says so on stdout too with -o %s', async output => {
    const root = wholeNode({ [crt('apiserver')]: '' })
    const before = fingerprint(root)
    const outcome = await initCerts(root, 'all', '-o', output)
    expect(outcome.exitCode).toBe(1)
    expect(fingerprint(root)).toEqual(before)
    const failures = [{ name: 'apiserver', message: expect.stringContaining('the file is empty') }]
    expect(documentIn(outcome)).toMatchObject({
      kind: 'BootstrapResult',
      changed: false,
      files: [],
      failures,
    })
  })

  it('a second run changes nothing, not even the backups', async () => {
    const root = tempDir()
    await initCerts(root, 'all')
    expect(Object.keys(fingerprint(root)).length).toBeGreaterThan(22)
    const lines = await expectKept(root, certs('all'))
    expect(lines).toHaveLength(11)
  })

  it('--dry-run prints what the run prints, and writes nothing', async () => {
    const root = tempDir()
    const plan = await initCerts(root, 'all', '--dry-run')
    expect(plan.exitCode).toBe(0)
    expect(plan.stderr).toContain('kubepki: nothing was changed: this is the plan\n')
    expect(fingerprint(root)).toEqual({})
    const run = await initCerts(root, 'all')
    expect(plan.stdout).toBe(run.stdout)
  })

  it('--dry-run of what is refused is refused', async () => {
    await expectRefused(wholeNode({ [crt('ca')]: '' }), certs('ca', '--dry-run'), /ca\.crt: /)
  })

  it.each([
    ['etcd/server', 'did you mean etcd-server?'],
    ['front-proxy', 'did you mean front-proxy-ca?'],
    ['admin', 'all of them: ca, apiserver, '],
  ])('a phase named %s is wrong use', async (name, hint) => {
    const root = tempDir()
    const outcome = await initCerts(root, name)
    expect(outcome).toMatchObject({ stdout: '', exitCode: 2 })
    expect(said(outcome, 'hint')).toEqual([expect.stringContaining(hint)])
    expect(fingerprint(root)).toEqual({})
  })

  it.each([
    ['--apiserver-advertise-address', 'bad!!.cp.k8s.io'],
    ['--apiserver-advertise-address', '127.0.0.1'],
    ['--apiserver-bind-port', '0'],
    ['--apiserver-bind-port', '65536'],
    ['--control-plane-endpoint', 'cp.k8s.io:0'],
    ['--kubernetes-version', 'stable-1'],
    ['--node-name', 'cp_1'],
    ['--service-cidr', '10.96.0.0'],
    ['--service-cidr', '10.96.0.1/32'],
    ['--service-dns-domain', 'Cluster.Local'],
    ['--encryption-algorithm', 'DSA'],
  ])('%s %s is wrong use', async (flag, value) => {
    const root = tempDir()
    const outcome = await initCerts(root, 'all', flag, value)
    expect(outcome).toMatchObject({ stdout: '', exitCode: 2 })
    expect(said(outcome, 'error')).toEqual([expect.stringContaining(`${flag} wants `)])
    expect(fingerprint(root)).toEqual({})
  })

  it('-o json and -o yaml: the same document', async () => {
    const root = tempDir()
    const json = await initCerts(root, 'ca', 'apiserver', '-o', 'json', '--dry-run')
    const document = documentIn(json)
    expect(document).toMatchObject({
      kind: 'BootstrapResult',
      apiVersion: 'kubepki/v1',
      changed: true,
      failures: [],
      files: [
        {
          name: 'ca',
          kind: 'ca',
          action: 'created',
          externallyManaged: false,
          file: `${root}/${K}/pki/ca.crt`,
          created: { subject: 'CN=kubernetes', caName: null, keyAlgorithm: 'ECDSA-P256' },
        },
        {
          name: 'apiserver',
          kind: 'leaf',
          action: 'created',
          keyFile: `${root}/${K}/pki/apiserver.key`,
          created: {
            subject: 'CN=kube-apiserver',
            caName: 'ca',
            ipAddresses: ['10.96.0.1', '192.0.2.10'],
            isServing: true,
            expirationDate: '2027-12-01T00:00:00Z',
          },
        },
      ],
    })
    const yaml = await initCerts(root, 'ca', 'apiserver', '-o', 'yaml', '--dry-run')
    expect(documentIn(yaml)).toEqual(document)
    const run = await initCerts(root, 'ca', 'apiserver', '-o', 'json')
    expect(documentIn(run)).toEqual({ ...document, dryRun: false, backup: '20261201T000000Z' })
  })
})

describe('organizations by version (kubeadm 1.2 of the reference)', () => {
  const MASTERS = 'O=system:masters '
  const ADMINS = 'O=kubeadm:cluster-admins '
  it.each([
    ['1.20', MASTERS, MASTERS],
    ['1.28', MASTERS, MASTERS],
    ['1.29', ADMINS, ''],
    ['v1.33.11', ADMINS, ''],
    ['1.33.12', '', ''],
    ['1.34.7', ADMINS, ''],
    ['1.34.8', '', ''],
    ['1.35.4', ADMINS, ''],
    ['1.35.5', '', ''],
    ['1.36.0', ADMINS, ''],
    ['v1.36.1', '', ''],
    ['1.37', '', ''],
  ])('%s', async (version, kubelet, etcd) => {
    const root = tempDir()
    const rows = ['apiserver-kubelet-client', 'etcd-healthcheck-client', 'apiserver-etcd-client']
    const { exitCode } = await initCerts(root, 'ca', 'etcd-ca', ...rows, '--kubernetes-version', version)
    expect(exitCode).toBe(0)
    expect(lookAt(root, 'apiserver-kubelet-client').subject).toBe(
      `${kubelet}CN=kube-apiserver-kubelet-client`,
    )
    expect(lookAt(root, 'etcd/healthcheck-client').subject).toBe(`${etcd}CN=kube-etcd-healthcheck-client`)
    expect(lookAt(root, 'apiserver-etcd-client').subject).toBe(`${etcd}CN=kube-apiserver-etcd-client`)
  })

  it('a node says its version itself; nothing else is said of it', async () => {
    const root = copyNode('ecdsa', {
      [`${K}/pki/apiserver-etcd-client.crt`]: null,
      [`${K}/pki/apiserver-etcd-client.key`]: null,
    })
    const { stderr } = await kubepki(
      'init',
      'phase',
      'certs',
      'apiserver-etcd-client',
      '--root',
      root,
      ...NODE,
    )
    expect(lookAt(root, 'apiserver-etcd-client').subject).toBe(`${MASTERS}CN=kube-apiserver-etcd-client`)
    expect(stderr).not.toContain('subjects as of')
  })
})
