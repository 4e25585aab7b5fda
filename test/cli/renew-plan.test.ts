/** What is renewed and how: the plan, what is due, kept keys, and names. */
import { createPublicKey, X509Certificate } from 'node:crypto'
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { renewCertificates } from '../../src/operations/renew.ts'
import { parseSubjectAltName } from '../../src/x509/subject-alt-name.ts'
import { makeAuthority, openssl, P256 } from '../support/certificates.ts'
import { exceptAdvice, kubepki, NOW } from '../support/host.ts'
import { copyNode, fingerprint, fixture } from '../support/node.ts'
import { exceptBackups } from '../support/store.ts'

const K = 'etc/kubernetes'
const renew = (root: string, ...args: string[]) => kubepki('certs', 'renew', ...args, '--root', root)
const live = (root: string) => exceptBackups(fingerprint(root))
const pki = (root: string, file: string) => join(root, K, 'pki', file)
const certificate = (root: string, name: string) =>
  new X509Certificate(readFileSync(pki(root, `${name}.crt`)))
const publicKey = (root: string, name: string) => createPublicKey(readFileSync(pki(root, `${name}.key`)))

const NO_SUPER_ADMIN = 'MISSING! certificate embedded in the kubeconfig file for the super-admin\n'

/** Files that are other than before. */
function changedSince(root: string, before: Readonly<Record<string, string>>): string[] {
  return Object.entries(live(root)).flatMap(([file, found]) => (before[file] === found ? [] : file))
}

describe('--dry-run', () => {
  it('shows each certificate, its dates, serial, key, names, CA and files', async () => {
    const root = copyNode('stock-1.31')
    const before = fingerprint(root)
    const { stdout, stderr, exitCode } = await renew(
      root,
      'apiserver',
      'admin.conf',
      '--dry-run',
      '--add-san=x.test',
    )
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 2 })
    expect(stderr).toContain('--add-san wants the serving certificates named, found admin.conf')
    const plan = await renew(
      root,
      'apiserver',
      '--dry-run',
      '--add-san=x.test',
      '--encryption-algorithm=ECDSA-P256',
    )
    expect(plan.stdout).toBe(`apiserver: would be renewed
  expires    Nov 21, 2027 00:00 UTC -> Dec 01, 2027 00:00 UTC
  serial     ${certificate(root, 'apiserver').serialNumber} -> a new one
  key        RSA-2048 -> ECDSA-P256, a new key
  SANs       +DNS:x.test
  signed by  ca (CN=kubernetes)
  files      ${pki(root, 'apiserver.crt')}, ${pki(root, 'apiserver.key')}
`)
    expect(plan.stderr).toContain('kubepki: nothing was changed: this is the plan\n')
    expect(fingerprint(root)).toEqual(before)
  })

  it('as data has the fields of the result, and takes no lock', async () => {
    const root = copyNode('ecdsa')
    const before = fingerprint(root)
    const { stdout, exitCode } = await renew(root, 'all', '--dry-run', '-o', 'json')
    const plan = JSON.parse(stdout)
    expect(exitCode).toBe(0)
    expect(plan).toMatchObject({ kind: 'RenewalPlan', apiVersion: 'kubepki/v1', dryRun: true, changed: true })
    expect(plan.renew).toHaveLength(10)
    expect(plan.renew[1]).toEqual({
      name: 'apiserver',
      longName: 'certificate for serving the Kubernetes API',
      caName: 'ca',
      caSubject: 'CN=kubernetes',
      file: pki(root, 'apiserver.crt'),
      keyFile: pki(root, 'apiserver.key'),
      expirationDate: '2027-12-01T00:00:00Z',
      previousExpirationDate: '2027-11-21T23:41:40Z',
      previousSerialNumber: certificate(root, 'apiserver').serialNumber,
      keyAlgorithm: 'ECDSA-P256',
      previousKeyAlgorithm: 'ECDSA-P256',
      newKey: true,
      subjectAltNamesAdded: [],
      subjectAltNamesRemoved: [],
    })
    expect(fingerprint(root)).toEqual(before)
  })

  it('says what would be requested, and what is pending already', async () => {
    const root = copyNode('external-ca')
    const before = fingerprint(root)
    const { stdout } = await renew(root, 'apiserver', '--dry-run')
    expect(stdout).toContain('apiserver: a request would be written, the key of ca is not here\n')
    expect(stdout).toContain(
      `files      ${pki(root, 'csr/apiserver.csr')}, ${pki(root, 'csr/apiserver.key')}\n`,
    )
    expect(fingerprint(root)).toEqual(before)
    await renew(root, 'apiserver')
    const again = await renew(root, 'apiserver', '--dry-run', '-o', 'json')
    expect(JSON.parse(again.stdout)).toMatchObject({ changed: false, request: [{ created: false }] })
  })

  it('fails as the renewal would', async () => {
    const root = copyNode('ecdsa', { [`${K}/pki/ca.key`]: 'garbage' })
    const { stderr, exitCode } = await renew(root, 'all', '--dry-run')
    expect(exitCode).toBe(1)
    expect(stderr).toContain('apiserver not renewed: ')
  })
})

describe('--within', () => {
  it('renews what is due, and the second time nothing', async () => {
    const root = copyNode('expired')
    const first = await renew(root, 'all', '--within', '30d', '-o', 'json')
    expect(JSON.parse(first.stdout).renewed).toHaveLength(10)
    const before = fingerprint(root)
    const { stdout, stderr, exitCode } = await renew(root, 'all', '--within', '30d')
    expect({ stdout, exitCode }).toEqual({ stdout: NO_SUPER_ADMIN, exitCode: 0 })
    expect(stderr).toBe('kubepki: nothing to do: the next is admin.conf, it expires 2027-12-01T00:00:00Z\n')
    expect(fingerprint(root)).toEqual(before)
    const data = JSON.parse((await renew(root, 'all', '--within', '30d', '-o', 'json')).stdout)
    expect(data).toMatchObject({ changed: false, renewed: [], restart: [] })
    expect(data.backup).toBeUndefined()
  })

  it('leaves what is not due, and renews the rest', async () => {
    const root = copyNode('ecdsa')
    await renew(root, 'apiserver', 'admin.conf', '--validity', '10d')
    const before = live(root)
    await renew(root, 'all', '--within', '30d')
    expect(changedSince(root, before).toSorted()).toEqual(
      ['admin.conf', 'pki/apiserver.crt', 'pki/apiserver.key'].map(file => join(K, file)),
    )
  })

  it('does not make what would be due again at once', async () => {
    const root = copyNode('ecdsa')
    const { stderr, exitCode } = await renew(root, 'all', '--within', '30d', '--validity', '10d')
    expect(exitCode).toBe(2)
    expect(stderr).toContain('valid for 10 d would be due again at once inside 30 d')
  })

  it('renews once to the end of a CA that ends soon, and then leaves it', async () => {
    const authority = makeAuthority('kubernetes', P256)
    const root = copyNode('ecdsa', {
      [`${K}/pki/ca.crt`]: authority.certificate,
      [`${K}/pki/ca.key`]: authority.key,
    })
    const end = new Date(new X509Certificate(authority.certificate).validTo)
    const now = new Date(end.getTime() - 20 * 86_400_000).toISOString()
    const first = await renew(root, 'apiserver', '--within', '30d', '--now', now)
    expect(first.stderr).toContain('notAfter cut to')
    const before = fingerprint(root)
    const { stdout, stderr, exitCode } = await renew(root, 'apiserver', '--within', '30d', '--now', now)
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 1 })
    expect(stderr).toContain('error: apiserver not renewed: a new one would end on ')
    expect(stderr).toContain('the CA must be replaced')
    expect(fingerprint(root)).toEqual(before)
  })
})

describe('--key keep', () => {
  it('signs the same keys again: the key files are not touched', async () => {
    const root = copyNode('ecdsa')
    const before = live(root)
    const old = certificate(root, 'apiserver')
    const { exitCode, stdout } = await renew(root, 'apiserver', 'etcd-server', '--key', 'keep', '-o', 'json')
    expect(exitCode).toBe(0)
    expect(JSON.parse(stdout).renewed[0]).toMatchObject({ newKey: false, keyAlgorithm: 'ECDSA-P256' })
    expect(changedSince(root, before)).toEqual([`${K}/pki/apiserver.crt`, `${K}/pki/etcd/server.crt`])
    const renewed = certificate(root, 'apiserver')
    expect(renewed.serialNumber).not.toBe(old.serialNumber)
    expect(renewed.publicKey.equals(publicKey(root, 'apiserver'))).toBe(true)
    openssl(['verify', '-CAfile', pki(root, 'ca.crt'), '-no_check_time', pki(root, 'apiserver.crt')])
  })

  it('changes the certificate alone in a kubeconfig', async () => {
    const root = copyNode('ecdsa')
    const lines = () => readFileSync(join(root, K, 'admin.conf'), 'utf8').split('\n')
    const before = lines()
    await renew(root, 'admin.conf', '--key', 'keep')
    const changed = lines().filter((line, index) => line !== before[index])
    expect(changed.map(line => line.trim().split(':')[0])).toEqual(['client-certificate-data'])
  })

  it('refuses a key that is not the certificate’s, or not there', async () => {
    const root = copyNode('ecdsa', { [`${K}/pki/etcd/peer.key`]: null })
    writeFileSync(pki(root, 'apiserver.key'), readFileSync(pki(root, 'front-proxy-client.key')))
    const before = fingerprint(root)
    const { stderr, exitCode } = await renew(root, 'apiserver', 'etcd-peer', '--key', 'keep')
    expect(exitCode).toBe(1)
    expect(stderr).toContain(
      'apiserver not renewed: its key cannot be kept: it is not the key of the certificate\n',
    )
    expect(stderr).toContain('etcd-peer not renewed: its key cannot be kept: it is not here\n')
    expect(stderr).toContain('hint: leave --key keep out')
    expect(fingerprint(root)).toEqual(before)
  })

  it('is refused where the CA does not sign here', async () => {
    const { stderr, exitCode } = await renew(copyNode('external-ca'), 'apiserver', '--key', 'keep')
    expect(exitCode).toBe(1)
    expect(stderr).toContain('its key can be kept only where its CA signs here')
  })

  it.each([['--csr-only'], ['--encryption-algorithm', 'RSA-2048']])('excludes %s', async (...flags) => {
    const { stderr, exitCode } = await renew(copyNode('ecdsa'), 'apiserver', '--key', 'keep', ...flags)
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 2 })
    expect(stderr).toContain(`--key keep and ${flags[0]} exclude each other`)
  })
})

const sansOf = (root: string, name: string) =>
  openssl(['x509', '-noout', '-ext', 'subjectAltName', '-in', pki(root, `${name}.crt`)])
    .trim()
    .split('\n')
    .at(-1)
    ?.trim()

describe('names', () => {
  it('are added and removed, and shown before anything is written', async () => {
    const root = copyNode('ecdsa')
    const before = sansOf(root, 'apiserver')?.split(', ') ?? []
    const { stderr, exitCode } = await renew(
      ...[root, 'apiserver', '--add-san', 'LB.example.test,10.9.8.7', '--add-san', '*.api.test'],
      ...['--add-san', 'fd00::1', '--remove-san', 'kubernetes.default', '--remove-san', 'never.test'],
    )
    expect(exitCode).toBe(0)
    expect(stderr).toContain(
      'apiserver: SANs: +DNS:lb.example.test +IP:10.9.8.7 +DNS:*.api.test +IP:fd00::1 -DNS:kubernetes.default\n',
    )
    expect(stderr).toContain('warning: apiserver: DNS:never.test was not among its SANs\n')
    expect(sansOf(root, 'apiserver')?.split(', ')).toEqual([
      ...before.filter(name => name !== 'DNS:kubernetes.default'),
      ...['DNS:lb.example.test', 'IP Address:10.9.8.7', 'DNS:*.api.test', 'IP Address:FD00:0:0:0:0:0:0:1'],
    ])
    openssl(['verify', '-CAfile', pki(root, 'ca.crt'), '-no_check_time', pki(root, 'apiserver.crt')])
  })

  it('that are there already make nothing due', async () => {
    const root = copyNode('ecdsa')
    const once = ['apiserver', '--within', '30d', '--add-san', 'lb.test']
    expect((await renew(root, ...once)).stdout).toContain('renewed')
    const before = fingerprint(root)
    expect((await renew(root, ...once)).stdout).toBe('')
    expect(fingerprint(root)).toEqual(before)
  })

  it('go into a request too, and a pending request without them is told', async () => {
    const root = copyNode('external-ca')
    await renew(root, 'apiserver')
    const kept = await renew(root, 'apiserver', '--add-san', 'lb.test')
    expect(kept.stderr).toContain(
      'apiserver: the request that is pending asks for other SANs: --force replaces it\n',
    )
    await renew(root, 'apiserver', '--add-san', 'lb.test', '--force')
    expect(openssl(['req', '-noout', '-text', '-verify', '-in', pki(root, 'csr/apiserver.csr')])).toContain(
      'DNS:lb.test',
    )
  })

  it.each([
    [['apiserver', '--add-san', 'under_score'], 'wants a DNS name or an IP address, found "under_score"'],
    [['apiserver', '--add-san', '10.300.1.1'], 'wants a DNS name or an IP address, found "10.300.1.1"'],
    [['apiserver', '--add-san', 'a.test,'], 'wants a DNS name or an IP address, found ""'],
    [['apiserver', '--remove-san', '010.0.0.1'], 'wants a DNS name or an IP address, found "010.0.0.1"'],
    [['all', '--add-san', 'a.test'], 'wants the serving certificates named, found all'],
    [['apiserver', '--sans-from-config'], '--sans-from-config wants --config FILE too'],
  ])('wrong use: %j', async (args, message) => {
    const root = copyNode('ecdsa')
    const { stderr, exitCode } = await renew(root, ...args)
    expect(exitCode).toBe(2)
    expect(stderr).toContain(message)
    expect(existsSync(join(root, K, 'kubepki-backups'))).toBe(false)
  })

  it('cannot all be taken out', async () => {
    const root = copyNode('ecdsa')
    const names = (sansOf(root, 'etcd/peer') ?? '')
      .split(', ')
      .map(name => name.replace(/^(DNS|IP Address):/, ''))
    const removed = names.flatMap(name => ['--remove-san', name])
    const { stderr, exitCode } = await renew(root, 'etcd-peer', ...removed)
    expect(exitCode).toBe(1)
    expect(stderr).toContain('etcd-peer not renewed: no SAN would be left\n')
  })
})

describe('--sans-from-config', () => {
  const CONFIG = (extra: string) => `apiVersion: kubeadm.k8s.io/v1beta3
kind: ClusterConfiguration
controlPlaneEndpoint: lb.example.test:6443
apiServer: {certSANs: [10.1.2.3]}
${extra}`
  const withConfig = (root: string, text: string, ...args: string[]) => {
    const file = join(root, 'kubeadm-new.yaml')
    writeFileSync(file, text)
    return renew(root, 'all', '--within', '1d', '--sans-from-config', '--config', file, ...args)
  }

  it('makes the names that kubeadm would, where they differ, from the configuration and the node', async () => {
    const root = copyNode('stock-1.20')
    const before = live(root)
    const outcome = await withConfig(root, CONFIG(''))
    expect(exceptAdvice(outcome)).toMatchObject({
      exitCode: 0,
      stderr: 'kubepki: apiserver: SANs: +DNS:lb.example.test +IP:10.1.2.3\n',
    })
    expect(changedSince(root, before).filter(file => !file.startsWith('kubeadm'))).toEqual([
      `${K}/pki/apiserver.crt`,
      `${K}/pki/apiserver.key`,
    ])
    expect((await withConfig(root, CONFIG(''))).stdout).toBe(NO_SUPER_ADMIN)
  })

  it('says which field nobody knows', async () => {
    const root = copyNode('stock-1.20', {
      [`${K}/kubelet.conf`]: null,
      'var/lib/kubelet': null,
      [`${K}/manifests`]: null,
      [`${K}/pki/etcd/server.crt`]: null,
    })
    const { stderr, exitCode } = await withConfig(root, CONFIG(''))
    expect(exitCode).toBe(1)
    expect(stderr).toContain('nodeRegistration.name and localAPIEndpoint.advertiseAddress')
    expect(stderr).toContain('hint: add a document of kind InitConfiguration')
  })

  it('wants a ClusterConfiguration', async () => {
    const root = copyNode('stock-1.20')
    const text = 'apiVersion: kubeadm.k8s.io/v1beta3\nkind: InitConfiguration\n'
    const { stderr, exitCode } = await withConfig(root, text)
    expect(exitCode).toBe(1)
    expect(stderr).toContain('--sans-from-config needs a ClusterConfiguration')
  })
})

it('the fixture of kubeadm has the names of its own configuration', async () => {
  const root = copyNode('stock-1.31')
  const config = fixture('nodes/stock-1.31/kubeadm.yaml')
  const { stdout } = await renew(
    root,
    'all',
    '--dry-run',
    '--sans-from-config',
    '--config',
    config,
    '-o',
    'json',
  )
  for (const { subjectAltNamesAdded, subjectAltNamesRemoved } of JSON.parse(stdout).renew)
    expect([subjectAltNamesAdded, subjectAltNamesRemoved]).toEqual([[], []])
})

it('what it read and another program changed before it wrote stops everything', async () => {
  for (const file of ['pki/ca.crt', 'pki/ca.key', 'admin.conf']) {
    const root = copyNode('ecdsa')
    let before = {}
    const renewal = renewCertificates({
      ...{ root, now: NOW, names: ['apiserver'], csrOnly: false, force: false },
      addSans: [parseSubjectAltName('lb.test')].flatMap(name => name ?? []),
      onProgress: () => {
        appendFileSync(join(root, K, file), '\n')
        before = live(root)
      },
    })
    await expect(renewal).rejects.toThrow(
      expect.objectContaining({
        code: 'WRITE_FAILED',
        message: `another program changed ${join(root, K, file)} meanwhile; nothing was changed`,
      }),
    )
    expect(live(root)).toEqual(before)
  }
})
