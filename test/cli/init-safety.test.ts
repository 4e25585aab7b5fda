/** What must not happen while a node is made: a file that does not work kept, a key lost, a second CA, a secret shown. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { makeAuthority, makeLeaf, openssl, P256 } from '../support/certificates.ts'
import { COMMAND, kubepki } from '../support/host.ts'
import {
  absent,
  conf,
  configFile,
  expectRefused,
  initCerts,
  initKubeconfigs,
  isThere,
  K,
  look,
  lookAt,
  NODE,
  read,
  said,
  wholeNode,
} from '../support/made.ts'
import { fingerprint, readFixture, tempDir } from '../support/node.ts'

const OLD = ['--kubernetes-version', 'v1.28.0']
const certs =
  (...args: string[]) =>
  (root: string) =>
    initCerts(root, ...args)
const kubeconfigs =
  (...args: string[]) =>
  (root: string) =>
    initKubeconfigs(root, ...OLD, ...args)

const original = (file: string) => readFixture('nodes/ecdsa', K, file)
const field = (file: string, name: string) => new RegExp(`${name}: (\\S+)`).exec(original(file))?.[1] ?? ''
const withField = (file: string, name: string, value: string) =>
  original(file).replace(new RegExp(`(${name}: )\\S+`), (_, before) => before + value)
const OWN = { certificate: original('pki/ca.crt'), key: original('pki/ca.key') }
const CONFS = ['admin.conf', 'kubelet.conf', 'controller-manager.conf', 'scheduler.conf']

describe('a kubeconfig', () => {
  const SWAPPED = {
    'the key of another': withField(
      'admin.conf',
      'client-key-data',
      field('scheduler.conf', 'client-key-data'),
    ),
    'the certificate of another': withField(
      'admin.conf',
      'client-certificate-data',
      field('scheduler.conf', 'client-certificate-data'),
    ),
    'no key': original('admin.conf').replace(/\n.*client-key-data.*/, ''),
    'a key file that is not there': original('admin.conf').replace(
      /client-key-data: \S+/,
      'client-key: gone.key',
    ),
  }

  it.each(Object.entries(SWAPPED))('with %s -> refused, whoever holds the CA', async (_, text) => {
    for (const ca of [{}, absent('pki/ca.key')]) {
      const root = wholeNode({ 'admin.conf': text, ...ca })
      await expectRefused(root, kubeconfigs('admin'), /admin\.conf.*key|gone\.key does not exist/)
    }
  })

  it('for another user -> kept, with a warning: it may be on purpose', async () => {
    const root = wholeNode({ 'admin.conf': original('scheduler.conf') })
    const outcome = await initKubeconfigs(root, 'admin', ...OLD)
    expect(outcome.exitCode).toBe(0)
    expect(said(outcome, 'warning')[0]).toMatch(
      /admin\.conf: wanted CN=kubernetes-admin, found CN=system:kube-scheduler/,
    )
  })

  it('that waits for its certificate -> refused, and its key is not told away', async () => {
    const waiting = original('admin.conf').replace(/\n.*client-certificate-data.*/, '')
    const root = wholeNode({ 'admin.conf': waiting, 'pki/ca.key': null })
    const { stderr } = await expectRefused(root, kubeconfigs('admin'), /no client certificate/)
    expect(stderr).toMatch(
      /hint: bring the certificate that answers .*admin\.conf\.csr back: kubepki certs import DIR --root .*its key stays/,
    )
    expect(stderr).not.toContain('move')
  })
})

describe('an answer of a CA elsewhere', () => {
  const SANS = 'subjectAltName=DNS:cp-1,DNS:kubernetes,IP:192.0.2.10'
  const signed = (subject: string, extensions: string, days = 365) => {
    const { key } = makeAuthority('x', P256)
    const certificate = makeLeaf(OWN, key, { subject, extensions, days })
    return { 'pki/ca.key': null, 'pki/apiserver.crt': certificate, 'pki/apiserver.key': key }
  }

  it('without the names or the usage that it is for -> refused', async () => {
    const nameless = signed('/CN=kube-apiserver', 'extendedKeyUsage=serverAuth')
    await expectRefused(wholeNode(nameless), certs('apiserver'), /apiserver\.crt: wanted SANs, found none of/)
    const client = signed('/CN=kube-apiserver', `extendedKeyUsage=clientAuth\n${SANS}`)
    await expectRefused(
      wholeNode(client),
      certs('apiserver'),
      /apiserver\.crt: wanted the usages serverAuth, found clientAuth/,
    )
  })

  it('without usages is good for all; without some names, or with another subject, it is warned of', async () => {
    const outcome = await initCerts(wholeNode(signed('/CN=api', SANS)), 'apiserver')
    expect(outcome.exitCode).toBe(0)
    const [name = '', lacking = ''] = said(outcome, 'warning')
    expect(name).toContain('wanted CN=kube-apiserver, found CN=api')
    expect(lacking).toMatch(/without DNS:kubernetes\.default, .*: kubepki certs renew apiserver --add-san/)
  })

  it('that is still missing -> what has to be signed, and the key stays', async () => {
    const root = wholeNode(absent('pki/ca.key', 'pki/apiserver.crt'))
    const { stderr } = await expectRefused(
      root,
      certs('apiserver'),
      /apiserver\.key exists, and its certificate/,
    )
    expect(stderr).toMatch(/hint: have .*pki\/apiserver\.csr signed by ca \(CN=kubernetes\), .*the key stays/)
  })

  it('swapped with another -> each belongs to the key of its request', async () => {
    const root = wholeNode({
      'pki/etcd/ca.key': null,
      'pki/etcd/server.crt': original('pki/etcd/peer.crt'),
      'pki/etcd/peer.crt': original('pki/etcd/server.crt'),
    })
    const errors = ['server', 'peer'].map(
      name => new RegExp(`${name}\\.key is not the key of .*${name}\\.crt`),
    )
    const { stderr } = await expectRefused(root, certs('etcd-server', 'etcd-peer'), ...errors)
    expect(stderr).toMatch(/the one that answers .*server\.csr goes to .*server\.crt; the key stays/)
  })
})

describe('a second CA', () => {
  it('is not made beside kubeconfigs that trust one', async () => {
    const root = wholeNode({ pki: null })
    const trusted = /pki\/ca\.crt does not exist, and .*admin\.conf trusts a CA already/
    await expectRefused(root, certs('ca'), trusted)
    const moved = configFile('certificatesDir: /etc/kubernetes/ssl')
    await expectRefused(
      wholeNode(),
      certs('ca', '--config', moved),
      /ssl\/ca\.crt does not exist, and .*admin\.conf trusts a CA already/,
    )
    expect((await initCerts(wholeNode({ pki: null, ...absent(...CONFS) }), 'ca')).exitCode).toBe(0)
  })

  it('is not made for a node that joins', async () => {
    const root = tempDir()
    const config = join(tempDir(), 'join.yaml')
    writeFileSync(
      config,
      'apiVersion: kubeadm.k8s.io/v1beta4\nkind: JoinConfiguration\nnodeRegistration: {name: cp-2}\n',
    )
    const { stderr } = await expectRefused(
      root,
      certs('ca', 'sa', '--config', config),
      /ca\.crt does not exist, and join\.yaml is of a node that joins/,
      /sa\.key does not exist, and join\.yaml is of a node that joins/,
    )
    expect(stderr).toContain('copy ca, front-proxy-ca, etcd/ca and sa from another control-plane node')
  })

  it('is not asked for by a hint when a CA is broken', async () => {
    const root = wholeNode({ 'pki/ca.crt': 'hello\n' })
    const { stderr } = await expectRefused(root, certs('ca'), /pki\/ca\.crt: no PEM block/)
    expect(stderr).toMatch(/hint: put a good .*ca\.crt back: the other control-plane nodes have the same/)
  })

  it('is not what a kubeconfig for a user trusts', async () => {
    const root = wholeNode(makeFiles('pki/ca', makeAuthority('kubernetes', P256)))
    const { stdout, stderr, exitCode } = await kubepki(
      'kubeconfig',
      'user',
      '--client-name',
      'a',
      '--root',
      root,
    )
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 1 })
    expect(stderr).toMatch(/admin\.conf: certificate-authority-data: wanted the CA of .*ca\.crt/)
  })
})

function makeFiles(base: string, { certificate, key }: { certificate: string; key: string }) {
  return { [`${base}.crt`]: certificate, [`${base}.key`]: key }
}

it('the last copy of a CA key that a rollback took away is never pruned', async () => {
  const root = tempDir()
  const made = await initCerts(root, 'ca')
  expect(made.exitCode).toBe(0)
  const before = read(root, 'pki/ca.key')
  const undone = await kubepki('certs', 'rollback', '--root', root)
  const [, id = ''] = /to have it again: kubepki certs rollback (\S+)/.exec(undone.stderr) ?? []
  expect(isThere(root, 'pki/ca.key')).toBe(false)
  for (let count = 0; count < 3; count += 1)
    await initCerts(root, ['front-proxy-ca', 'etcd-ca', 'sa'][count] ?? '', '--keep-backups', '1')
  expect((await kubepki('certs', 'rollback', id, '--root', root)).exitCode).toBe(0)
  expect(read(root, 'pki/ca.key')).toBe(before)
})

describe('what a subject is made of', () => {
  const pod = (image: string) =>
    JSON.stringify({ spec: { containers: [{ image, command: ['kube-apiserver', '--secure-port=6443'] }] } })

  it('is not the oldest and mightiest, where a tag is no version', async () => {
    const root = wholeNode({
      'admin.conf': null,
      'manifests/kube-apiserver.yaml': pod('r/kube-apiserver:2024.06.1'),
    })
    const { stderr } = await initKubeconfigs(root, 'admin')
    expect(stderr).toContain('nothing says which Kubernetes this is')
    expect(look(conf(root, 'admin').certificate ?? '').subject).toContain('O=kubeadm:cluster-admins')
  })

  it.each(['2.0', 'v0.9.1', 'stable-1'])('--kubernetes-version %s is none', async version => {
    const { exitCode } = await initKubeconfigs(wholeNode(), 'admin', '--kubernetes-version', version)
    expect(exitCode).toBe(2)
  })

  it('has the extra names of the flag beside those of the configuration', async () => {
    const root = wholeNode(absent('pki/apiserver.crt', 'pki/apiserver.key'))
    const config = configFile('apiServer: {certSANs: [a.example.test]}')
    await initCerts(root, 'apiserver', '--config', config, '--apiserver-cert-extra-sans', 'b.example.test')
    expect(lookAt(root, 'apiserver').names).toEqual(
      expect.arrayContaining(['DNS:a.example.test', 'DNS:b.example.test']),
    )
  })

  it('is a flag rather than what an old kubeconfig says of this very node', async () => {
    const root = wholeNode(absent('admin.conf'))
    await initKubeconfigs(root, 'admin', ...OLD, '--apiserver-advertise-address', '192.0.2.99')
    expect(conf(root, 'admin').server).toBe('https://192.0.2.99:6443')
  })

  it('is told to be a guess where a kubeconfig cannot be asked for the endpoint', async () => {
    const root = wholeNode({ 'admin.conf': '', 'kubelet.conf': null })
    const { stderr } = await initKubeconfigs(root, 'kubelet', ...OLD)
    expect(stderr).toMatch(
      /warning: .*admin\.conf cannot be asked for the cluster's endpoint \(the file is empty\)/,
    )
  })
})

describe('hostile or odd input', () => {
  it.each(['S3CRET\u0007', 'S3CRET S3CRET'])('a token is never shown: %j', async token => {
    const args = ['kubeconfig', 'user', '--client-name', 'x', '--token', token, '--root', wholeNode()]
    const { stdout, stderr, exitCode } = await kubepki(...args)
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 2 })
    expect(stderr).not.toContain('S3CRET')
  })

  it('a token from a file may end with a line’s end', async () => {
    const args = ['kubeconfig', 'user', '--client-name', 'x', '--token', 'abc.def\r\n', '--root', wholeNode()]
    expect((await kubepki(...args)).stdout).toContain('token: abc.def\n')
  })

  it('a document that holds itself is refused, as kubeadm does', async () => {
    const config = join(tempDir(), 'kubeadm.yaml')
    const head = 'apiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\n'
    writeFileSync(config, `${head}bootstrapTokens: &a\n- *a\n`)
    const { exitCode, stderr } = await certs('ca', '--config', config)(wholeNode())
    expect({ exitCode, stderr }).toEqual({
      exitCode: 1,
      stderr: expect.stringContaining('is not YAML: an anchor holds itself'),
    })
  })

  it.each(['0001-01-01T00:00:00Z', '1949-06-01T00:00:00Z', '9999-06-01T00:00:00Z'])('--now %s', async now => {
    const { exitCode, stderr } = await kubepki(
      'init',
      'phase',
      'certs',
      'ca',
      ...NODE,
      '--root',
      tempDir(),
      '--now',
      now,
    )
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringContaining('--now wants') })
  })

  it('a period ends with the last second there is', async () => {
    const root = tempDir()
    const args = ['init', 'phase', 'certs', 'ca', ...NODE, '--root', root, '--now', '9995-06-01T00:00:00Z']
    expect((await kubepki(...args)).exitCode).toBe(0)
    expect(openssl(['x509', '-noout', '-enddate'], read(root, 'pki/ca.crt'))).toContain(
      'Dec 31 23:59:59 9999',
    )
  })

  it('a place that is a link to nowhere -> refused, also in a dry run', async () => {
    const root = tempDir()
    mkdirSync(join(root, K, 'pki'), { recursive: true })
    symlinkSync('/out/x.key', join(root, K, 'pki/apiserver.key'))
    for (const more of [[], ['--dry-run']]) {
      const work = () => kubepki('certs', 'generate-csr', 'apiserver', ...NODE, ...more, '--root', root)
      await expectRefused(root, work, /apiserver\.key/)
    }
  })

  it('a configuration may come through a pipe', () => {
    const root = tempDir()
    const input =
      'apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nencryptionAlgorithm: ECDSA-P384\n'
    for (const [index, config] of ['-', '/dev/stdin'].entries()) {
      const args = [
        'init',
        'phase',
        'certs',
        ['ca', 'etcd-ca'][index] ?? '',
        '--root',
        root,
        '--config',
        config,
      ]
      const piped = ['-c', 'cat | "$0" "$@"', ...COMMAND, ...args]
      const { status, stderr } = spawnSync('sh', piped, { input, encoding: 'utf8' })
      expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringContaining('to undo it') })
    }
    expect(openssl(['x509', '-noout', '-text'], read(root, 'pki/etcd/ca.crt'))).toContain('P-384')
  })

  it('a directory that had to be made is as kubeadm makes it, whatever the umask', () => {
    const root = tempDir()
    const command = `umask 077; exec "$0" "$@"`
    const args = [...COMMAND, 'init', 'phase', 'certs', 'ca', ...NODE, '--root', root]
    expect(spawnSync('sh', ['-c', command, ...args]).status).toBe(0)
    const modes = spawnSync('stat', ['-c', '%a', `${root}/etc`, `${root}/${K}`, `${root}/${K}/pki`], {
      encoding: 'utf8',
    })
    expect(modes.stdout).toBe('755\n755\n755\n')
  })
})

it('what has been refused is as it was', async () => {
  const root = wholeNode({ 'pki/apiserver.key': original('pki/front-proxy-client.key') })
  const before = fingerprint(root)
  await initCerts(root, 'all')
  expect(fingerprint(root)).toEqual(before)
})
