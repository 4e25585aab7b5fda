/** kubeadm's own test cases for `kubeconfig user`, by their numbers in our list of them. */
import { describe, expect, it } from 'vitest'
import { openssl } from '../support/certificates.ts'
import { kubepki } from '../support/host.ts'
import {
  absent,
  configFile,
  expectPair,
  expectVerified,
  K,
  kubeconfigIn,
  look,
  NODE,
  read,
  said,
  wholeNode,
} from '../support/made.ts'
import { fingerprint, readFixture, tempDir } from '../support/node.ts'

const user = (root: string, ...args: string[]) =>
  kubepki('kubeconfig', 'user', '--root', root, ...FLAGS, ...args)
const FLAGS = NODE.filter((_, index) => index !== 2 && index !== 3)
const AT_1234 = ['--apiserver-advertise-address', '1.2.3.4', '--apiserver-bind-port', '1234']
const MY_USER = ['--client-name', 'myUser', ...AT_1234]
/** Without kubeconfigs, which would say what the cluster's endpoint is. */
const bare = (changes: Readonly<Record<string, string | null>> = {}) =>
  wholeNode({
    ...absent('admin.conf', 'controller-manager.conf', 'kubelet.conf', 'scheduler.conf'),
    ...changes,
  })

describe('with a client certificate', () => {
  it('kubeadm 31, 113, 124: server, CA, subject', async () => {
    const root = bare()
    const before = fingerprint(root)
    const { stdout, stderr, exitCode } = await user(root, ...MY_USER, '--org', 'myOrg')
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 })
    expect(fingerprint(root)).toEqual(before)
    const { certificate = '', key = '', ...rest } = kubeconfigIn(stdout)
    const authority = read(root, 'pki/ca.crt')
    expect(rest).toEqual({
      cluster: 'kubernetes',
      server: 'https://1.2.3.4:1234',
      user: 'myUser',
      context: 'myUser@kubernetes',
      authority,
      token: undefined,
    })
    expect(look(certificate)).toEqual({
      subject: 'O=myOrg CN=myUser',
      names: [],
      usages: ['clientAuth'],
      isCa: false,
      validity: ['2026-11-30T23:55:00', '2027-12-01T00:00:00'],
      keyType: 'ec',
    })
    expectPair(certificate, key)
    expectVerified(certificate, { authority, purpose: 'sslclient' })
  })

  it('kubeadm 32: the name of the cluster, as the kubeconfigs of the node have it', async () => {
    const admin = readFixture('nodes/ecdsa', K, 'admin.conf')
    const named = admin
      .replaceAll('name: kubernetes\n', 'name: my-cluster\n')
      .replaceAll('cluster: kubernetes\n', 'cluster: my-cluster\n')
    const { stdout } = await user(bare({ 'admin.conf': named }), '--client-name', 'myUser')
    expect(kubeconfigIn(stdout)).toMatchObject({ cluster: 'my-cluster', context: 'myUser@my-cluster' })
  })

  it.each([
    ['with commas', ['--org', 'myOrg1,myOrg2']],
    ['given again', ['--org', 'myOrg2', '--org', 'myOrg1']],
  ])('kubeadm 113: two organizations, %s, in one set', async (_, orgs) => {
    const { stdout } = await user(bare(), ...MY_USER, ...orgs)
    const { certificate = '' } = kubeconfigIn(stdout)
    const subject = openssl(['x509', '-noout', '-subject', '-nameopt', 'RFC2253'], certificate)
    expect(subject).toMatch(/^subject=CN=myUser,O=myOrg\d\+O=myOrg\d\n$/)
    expect(subject).toContain('O=myOrg1')
    expect(subject).toContain('O=myOrg2')
  })

  it('without --org there is no organization', async () => {
    const { certificate = '' } = kubeconfigIn((await user(bare(), ...MY_USER)).stdout)
    expect(look(certificate).subject).toBe('CN=myUser')
  })

  it.each([
    ['1h', '2026-12-01T01:00:00', []],
    ['24h', '2026-12-02T00:00:00', []],
    ['30d', '2026-12-31T00:00:00', []],
    ['8760h', '2027-12-01T00:00:00', []],
    [
      '2y',
      '2028-11-30T00:00:00',
      ['valid for 730 d, longer than the year kubeadm recommends: it cannot be revoked'],
    ],
    ['8761h', '2027-12-01T01:00:00', [expect.stringContaining('longer than the year kubeadm recommends')]],
  ])('kubeadm 31, 124 (1.24): --validity-period %s', async (period, ends, warnings) => {
    const outcome = await user(bare(), ...MY_USER, '--validity-period', period)
    expect(outcome.exitCode).toBe(0)
    expect(look(kubeconfigIn(outcome.stdout).certificate ?? '').validity).toEqual([
      '2026-11-30T23:55:00',
      ends,
    ])
    expect(said(outcome, 'warning')).toEqual(warnings)
  })

  // kubeadm's flag wins too, but also when nobody gave it.
  it('kubeadm 31 (1.31): --validity-period wins over the configuration, which wins over a year', async () => {
    const config = configFile('certificateValidityPeriod: 240h')
    const validTo = async (...args: string[]) => {
      const { stdout } = await user(bare(), ...MY_USER, '--config', config, ...args)
      return look(kubeconfigIn(stdout).certificate ?? '').validity[1]
    }
    expect(await validTo()).toBe('2026-12-11T00:00:00')
    expect(await validTo('--validity-period', '1h')).toBe('2026-12-01T01:00:00')
  })

  // kubeadm signs for longer than the CA lasts.
  it('is never valid for longer than its CA, and says so', async () => {
    const outcome = await user(bare(), ...MY_USER, '--validity-period', '20y')
    expect(look(kubeconfigIn(outcome.stdout).certificate ?? '').validity[1]).toBe('2036-11-18T23:41:40')
    expect(said(outcome, 'warning')[0]).toContain('notAfter cut to 2036-11-18T23:41:40Z')
  })

  // kubeadm says nothing.
  it('O=system:masters is warned of', async () => {
    const outcome = await user(bare(), ...MY_USER, '--org', 'system:masters')
    expect(outcome.exitCode).toBe(0)
    expect(said(outcome, 'warning')).toEqual([expect.stringMatching(/^O=system:masters may do everything/)])
  })

  it('the control-plane endpoint, where there is one', async () => {
    const { stdout } = await user(bare(), ...MY_USER, '--control-plane-endpoint', 'cp.k8s.io')
    expect(kubeconfigIn(stdout).server).toBe('https://cp.k8s.io:1234')
    const { stdout: named } = await user(bare(), ...MY_USER, '--control-plane-endpoint', '[2001:db8::1]:8443')
    expect(kubeconfigIn(named).server).toBe('https://[2001:db8::1]:8443')
  })
})

describe('with a token', () => {
  it('kubeadm 33, 114, 125: the token, and no certificate', async () => {
    const root = bare()
    const { stdout, stderr, exitCode } = await user(root, ...MY_USER, '--token', '123abc')
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 })
    expect(kubeconfigIn(stdout)).toEqual({
      cluster: 'kubernetes',
      server: 'https://1.2.3.4:1234',
      user: 'myUser',
      context: 'myUser@kubernetes',
      authority: read(root, 'pki/ca.crt'),
      token: '123abc',
      certificate: undefined,
      key: undefined,
    })
  })

  it('kubeadm 34: the name of the cluster', async () => {
    const admin = readFixture('nodes/ecdsa', K, 'admin.conf')
    const named = admin.replaceAll(/(name|cluster): kubernetes\n/g, '$1: my-cluster\n')
    const { stdout } = await user(bare({ 'admin.conf': named }), '--client-name', 'myUser', '--token', 'T')
    expect(kubeconfigIn(stdout)).toMatchObject({ cluster: 'my-cluster', token: 'T', certificate: undefined })
  })

  // kubeadm opens the key for nothing, and fails.
  it('kubeadm 125: needs no CA key', async () => {
    const { stdout, exitCode } = await user(bare(absent('pki/ca.key')), ...MY_USER, '--token', 'T')
    expect(exitCode).toBe(0)
    expect(kubeconfigIn(stdout).token).toBe('T')
  })

  it.each([
    ['--org', 'myOrg'],
    ['--validity-period', '1h'],
  ])('beside %s is wrong use: there is no certificate', async (...more) => {
    const outcome = await user(bare(), ...MY_USER, '--token', 'T', ...more)
    expect(outcome).toMatchObject({ stdout: '', exitCode: 2 })
  })
})

describe('what it cannot do', () => {
  it.each([
    ['122', []],
    ['123', ['--token', 'T']],
  ])('kubeadm %s: without a CA -> nothing on stdout, exit 1', async (_, more) => {
    const outcome = await user(tempDir(), ...MY_USER, ...more)
    expect(outcome).toMatchObject({ stdout: '', exitCode: 1 })
    expect(said(outcome, 'error')).toEqual([expect.stringMatching(/pki\/ca\.crt does not exist$/)])
  })

  it('without the CA’s key, with that of another, with an expired CA -> exit 1', async () => {
    const lost = await user(bare(absent('pki/ca.key')), ...MY_USER)
    expect(lost).toMatchObject({ stdout: '', exitCode: 1 })
    expect(said(lost, 'error')).toEqual([expect.stringContaining("the CA's key is not here")])
    const key = readFixture('nodes/ecdsa', K, 'pki/front-proxy-ca.key')
    const swapped = await user(bare({ 'pki/ca.key': key }), ...MY_USER)
    expect(swapped).toMatchObject({ stdout: '', exitCode: 1 })
    expect(said(swapped, 'error')).toEqual([expect.stringContaining('ca.key is not the key of')])
    const expired = {
      'pki/ca.crt': readFixture('defects/expired-ca.crt'),
      'pki/ca.key': readFixture('defects/expired-ca.key'),
    }
    expect(await user(bare(expired), ...MY_USER)).toMatchObject({ stdout: '', exitCode: 1 })
  })

  it('without the node’s address -> exit 1, with the flag that says it', async () => {
    const root = bare()
    const outcome = await kubepki('kubeconfig', 'user', '--root', root, '--client-name', 'myUser')
    expect(outcome).toMatchObject({ stdout: '', exitCode: 1 })
    expect(said(outcome, 'hint')).toEqual([expect.stringContaining('--apiserver-advertise-address')])
  })

  it.each([
    [[], 'wanted --client-name, found nothing'],
    [['--client-name', ''], '--client-name wants'],
    [['--client-name', 'a', '--org', ''], '--org wants'],
    [['--client-name', 'a', '--org', 'b,,c'], '--org wants'],
    [['--client-name', 'a', '--token', ''], '--token wants'],
    [['--client-name', 'a', '--validity-period', '0s'], '--validity-period wants'],
    [['--client-name', 'a', '--validity-period', 'soon'], '--validity-period wants'],
    [['--client-name', 'a', '--control-plane-endpoint', 'https://cp'], '--control-plane-endpoint wants'],
    [['--client-name', 'a', 'b'], 'unknown flag or argument "b"'],
  ])('%j is wrong use', async (args, error) => {
    const outcome = await kubepki('kubeconfig', 'user', '--root', bare(), ...args)
    expect(outcome).toMatchObject({ stdout: '', exitCode: 2 })
    expect(said(outcome, 'error')).toEqual([expect.stringContaining(error)])
  })

  it('kubeadm 31: --config that does not exist -> exit 1, nothing on stdout', async () => {
    const { stdout, exitCode, stderr } = await user(bare(), ...MY_USER, '--config', '/does/not/exist')
    expect({ stdout, exitCode, stderr }).toMatchObject({ stdout: '', exitCode: 1 })
  })
})

it('is laid out as kubectl writes it', async () => {
  const { stdout } = await user(bare(), ...MY_USER, '--kubernetes-version', '1.33.0')
  expect(stdout.replace(/data: \S{100,}/g, 'data: DATA')).toBe(`apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: DATA
    server: https://1.2.3.4:1234
  name: kubernetes
contexts:
- context:
    cluster: kubernetes
    user: myUser
  name: myUser@kubernetes
current-context: myUser@kubernetes
kind: Config
preferences: {}
users:
- name: myUser
  user:
    client-certificate-data: DATA
    client-key-data: DATA
`)
})
