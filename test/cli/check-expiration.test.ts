import { readdirSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { kubepki } from '../support/host.ts'
import { copyNode, fingerprint, fixture, readFixture, tempDir } from '../support/node.ts'

const check = (root: string, ...flags: string[]) =>
  kubepki('certs', 'check-expiration', '--root', root, ...flags)
const checkFixture = (name: string, ...flags: string[]) => check(fixture('nodes', name), ...flags)
const K = 'etc/kubernetes'

/** kubeadm 1.31 and later, byte for byte: 7 spaces more after the last cell, and all. */
const STOCK_1_31 = `\
CERTIFICATE                EXPIRES                  RESIDUAL TIME   CERTIFICATE AUTHORITY   EXTERNALLY MANAGED
admin.conf                 Nov 21, 2027 00:00 UTC   355d            ca                      no      
apiserver                  Nov 21, 2027 00:00 UTC   355d            ca                      no      
apiserver-etcd-client      Nov 21, 2027 00:00 UTC   355d            etcd-ca                 no      
apiserver-kubelet-client   Nov 21, 2027 00:00 UTC   355d            ca                      no      
controller-manager.conf    Nov 21, 2027 00:00 UTC   355d            ca                      no      
etcd-healthcheck-client    Nov 21, 2027 00:00 UTC   355d            etcd-ca                 no      
etcd-peer                  Nov 21, 2027 00:00 UTC   355d            etcd-ca                 no      
etcd-server                Nov 21, 2027 00:00 UTC   355d            etcd-ca                 no      
front-proxy-client         Nov 21, 2027 00:00 UTC   355d            front-proxy-ca          no      
scheduler.conf             Nov 21, 2027 00:00 UTC   355d            ca                      no      
super-admin.conf           Nov 21, 2027 00:00 UTC   355d            ca                      no      

CERTIFICATE AUTHORITY   EXPIRES                  RESIDUAL TIME   EXTERNALLY MANAGED
ca                      Nov 18, 2036 00:00 UTC   9y              no      
etcd-ca                 Nov 18, 2036 00:00 UTC   9y              no      
front-proxy-ca          Nov 18, 2036 00:00 UTC   9y              no      
`

/** The rows of the text output: name -> [CA, externally managed]. */
function rows(stdout: string): string[] {
  return stdout
    .split('\n')
    .filter(line => line !== '' && !line.startsWith('CERTIFICATE'))
    .map(line => line.replace(/ {2,}.*/, '').trim())
}

describe('certs check-expiration', () => {
  it('prints the two tables of kubeadm and nothing else', async () => {
    expect(await checkFixture('stock-1.31')).toEqual({ stdout: STOCK_1_31, stderr: '', exitCode: 0 })
  })

  it('is also certificates check-expiration', async () => {
    const { stdout } = await kubepki(
      'certificates',
      'check-expiration',
      '--root',
      fixture('nodes/stock-1.31'),
    )
    expect(stdout).toBe(STOCK_1_31)
  })

  it.each([
    ['stock-1.20', 10, 3],
    ['stock-1.31', 11, 3],
    ['ecdsa', 10, 3],
    ['external-ca', 10, 3],
    ['external-etcd', 6, 2],
    ['kubespray', 6, 2],
    ['ipv6-ha', 10, 3],
  ])('%s: %i leaves and %i CAs, none missing or invalid', async (name, leaves, authorities) => {
    const { stdout, stderr, exitCode } = await checkFixture(name)
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 })
    expect(rows(stdout)).toHaveLength(leaves + authorities)
    expect(stdout).not.toMatch(/!(MISSING|INVALID)!/)
  })

  it('says missing as kubeadm does', async () => {
    const root = copyNode('stock-1.20', { [`${K}/pki/apiserver.crt`]: null, [`${K}/pki/etcd/ca.crt`]: null })
    const { stdout, exitCode } = await check(root)
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/^!MISSING! apiserver {55,}$/m)
    expect(stdout).toMatch(/^!MISSING! etcd-ca {40,}$/m)
  })

  it.each([
    ['empty.crt', 'the file is empty'],
    ['truncated.crt', 'a PEM block has no END line'],
    ['garbage.crt', 'no PEM block in it'],
    ['garbage-der.crt', 'not an X.509 certificate'],
    ['key-in-crt.crt', 'holds a private key, wanted a certificate'],
    ['der.crt', 'DER bytes, wanted PEM'],
  ])('makes a row of %s and reports the rest', async (file, reason) => {
    const root = copyNode('stock-1.20', { [`${K}/pki/apiserver.crt`]: readFixture('defects', file) })
    const { stdout, stderr, exitCode } = await check(root)
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/^!INVALID! apiserver {2,}$/m)
    expect(rows(stdout)).toHaveLength(13)
    expect(stderr).toMatch(
      new RegExp(`^kubepki: error: apiserver: ${join(root, K)}/pki/apiserver.crt: ${reason}`),
    )
  })

  it.each([
    ['not-yaml.conf', 'not YAML'],
    ['no-current-context.conf', 'no current-context'],
    ['token-user.conf', 'authenticates with a token'],
    ['exec-user.conf', 'authenticates with a plugin'],
    ['broken-base64.conf', 'not base64'],
    ['file-references.conf', 'the file it refers to does not exist'],
  ])('makes a row of a kubeconfig that is %s', async (file, reason) => {
    const root = copyNode('stock-1.20', { [`${K}/scheduler.conf`]: readFixture('defects', file) })
    const { stdout, stderr } = await check(root)
    expect(stdout).toContain('!INVALID! scheduler.conf')
    expect(stderr).toContain(reason)
    expect(stderr.trim().split('\n')).toHaveLength(1)
  })

  it('follows a kubeconfig to the files it names', async () => {
    const file = (name: string) => readFixture('defects', name)
    const root = copyNode('stock-1.20', {
      [`${K}/scheduler.conf`]: file('file-references.conf'),
      [`${K}/pki-client.crt`]: file('pki-client.crt'),
      [`${K}/pki-client.key`]: file('pki-client.key'),
      [`${K}/good-ca.crt`]: file('good-ca.crt'),
    })
    expect((await check(root)).stdout).toMatch(/^scheduler.conf {2,}\w/m)
  })

  it.each([
    ['bom.crt', 'openssl reads it, Kubernetes will not'],
    ['glued.crt', 'neither Kubernetes nor openssl reads it'],
  ])('warns of %s, which readers do not agree on', async (file, warning) => {
    const root = copyNode('stock-1.20', { [`${K}/pki/apiserver.crt`]: readFixture('defects', file) })
    const { stderr, stdout } = await check(root)
    expect(stderr).toMatch(new RegExp(`^kubepki: warning: apiserver: .*${warning}`))
    expect(stdout).toMatch(/^apiserver {2,}\w/m)
  })

  it('reads nothing of backups beside the files', async () => {
    const old = readFixture('nodes/expired', K, 'pki/apiserver.crt')
    const root = copyNode('stock-1.20', {
      [`${K}/pki/apiserver.crt.bak`]: old,
      [`${K}/pki/backup-2023/apiserver.crt`]: old,
      [`${K}/kubelet.conf.save`]: 'x',
      [`${K}/manifests/kube-apiserver.yaml.bak`]: 'x',
    })
    for (const output of ['text', 'wide', 'json']) {
      const { stdout, exitCode } = await check(root, '--within', '30d', '-o', output)
      expect({ output, exitCode }).toEqual({ output, exitCode: 0 })
      expect(stdout).not.toMatch(/bak|backup|2026-06/)
    }
  })

  it('changes nothing', async () => {
    const root = copyNode('stock-1.31')
    const before = fingerprint(root)
    for (const output of ['text', 'wide', 'json', 'yaml']) await check(root, '-o', output, '-v')
    expect(fingerprint(root)).toEqual(before)
  })
})

describe('--within', () => {
  it.each([
    ['stock-1.20', '30d', 0],
    ['stock-1.20', '1y', 3],
    ['expired', '1s', 3],
    ['worker', '30d', 0],
    ['etcd-only', '30d', 0],
  ])('%s within %s exits with %i', async (name, within, exitCode) => {
    expect(await checkFixture(name, '--within', within)).toMatchObject({ exitCode })
  })

  it('counts what is missing or invalid, but no super-admin.conf', async () => {
    const within = async (file: string, text: string | null) =>
      (await check(copyNode('stock-1.31', { [`${K}/${file}`]: text }), '--within', '30d')).exitCode
    expect(await within('super-admin.conf', null)).toBe(0)
    expect(await within('scheduler.conf', null)).toBe(3)
    expect(await within('pki/front-proxy-ca.crt', null)).toBe(3)
    expect(await within('pki/apiserver.crt', '')).toBe(3)
  })

  it('warns of an expired kubelet certificate, which kubeadm’s tables leave out, and counts it on a worker', async () => {
    const { stdout, stderr, exitCode } = await checkFixture('expired')
    expect(exitCode).toBe(0)
    expect(rows(stdout)).toHaveLength(13)
    expect(stdout.match(/ <invalid> /g)).toHaveLength(10)
    expect(stderr.trim().split('\n')).toHaveLength(1)
    expect(stderr).toMatch(
      /^kubepki: warning: kubelet-client-current\.pem: .* expired on 2026-06-01T00:00:00\.000Z: the kubelet/m,
    )
    const later = ['--now', '2028-01-01T00:00:00Z', '--within', '30d']
    expect((await checkFixture('worker', ...later)).exitCode).toBe(3)
  })

  it('counts the kubelet’s certificates where the output lists them', async () => {
    const expired = readFixture('nodes/expired', K, 'pki/apiserver-kubelet-client.crt')
    const root = copyNode('stock-1.20', {
      'var/lib/kubelet/pki/kubelet-client-2026-11-21-00-00-00.pem': expired,
    })
    expect((await check(root, '--within', '30d')).exitCode).toBe(0)
    expect((await check(root, '--within', '30d', '-o', 'wide')).exitCode).toBe(3)
    expect((await check(root, '--within', '30d', '-o', 'json')).exitCode).toBe(3)
  })
})

interface Element {
  readonly name: string
  readonly [field: string]: unknown
}
interface Document {
  readonly certificates: Element[]
  readonly certificateAuthorities: Element[]
  readonly kubeletCertificates: Element[]
  readonly sources: { fact: string; value: string; source: string }[]
}
const json = async (root: string, ...flags: string[]) =>
  JSON.parse((await check(root, '-o', 'json', ...flags)).stdout) as Document
const named = (elements: readonly Element[], name: string) => elements.find(element => element.name === name)

describe('-o json and yaml', () => {
  it('has kubeadm’s fields first, in its order, and then ours', async () => {
    const document = await json(fixture('nodes/stock-1.31'))
    expect(Object.keys(document).slice(0, 4)).toEqual([
      'kind',
      'apiVersion',
      'certificates',
      'certificateAuthorities',
    ])
    const apiserver = named(document.certificates, 'apiserver')
    expect(Object.keys(apiserver ?? {}).slice(0, 6)).toEqual([
      'name',
      'expirationDate',
      'residualTime',
      'externallyManaged',
      'caName',
      'missing',
    ])
    expect(apiserver).toMatchObject({
      expirationDate: '2027-11-21T00:00:00Z',
      residualTime: 355 * 86_400,
      externallyManaged: false,
      caName: 'ca',
      missing: false,
      subject: 'CN=kube-apiserver',
      issuer: 'CN=kubernetes',
      notBefore: '2026-11-20T23:55:00Z',
      keyAlgorithm: 'RSA-2048',
      signedBy: 'ca',
      effectiveExpirationDate: '2027-11-21T00:00:00Z',
      source: 'manifests/kube-apiserver.yaml: --tls-cert-file',
    })
    expect(named(document.certificateAuthorities, 'ca')).toMatchObject({ signedBy: 'self', missing: false })
    expect(named(document.certificateAuthorities, 'ca')).not.toHaveProperty('caName')
    expect(named(document.kubeletCertificates, 'kubelet.crt')).toMatchObject({ keyAlgorithm: 'RSA-2048' })
  })

  it('has null, 0 and no caName for what is missing, a reason for what is invalid', async () => {
    const root = copyNode('stock-1.20', { [`${K}/pki/apiserver.crt`]: null, [`${K}/admin.conf`]: 'x: [' })
    const { certificates } = await json(root)
    expect(named(certificates, 'apiserver')).toMatchObject({
      expirationDate: null,
      residualTime: 0,
      missing: true,
    })
    expect(named(certificates, 'apiserver')).not.toHaveProperty('caName')
    expect(named(certificates, 'admin.conf')).toMatchObject({
      expirationDate: null,
      missing: false,
      reason: 'YAML_MALFORMED',
    })
  })

  it('proves who signed by signature, and sees the path’s earliest end', async () => {
    const foreign = readFixture('defects/good.crt')
    const root = copyNode('stock-1.20', { [`${K}/pki/apiserver.crt`]: foreign })
    expect(named((await json(root)).certificates, 'apiserver')).toMatchObject({
      caName: 'ca',
      signedBy: null,
    })
  })

  it('is the same in YAML, keys sorted', async () => {
    const { load } = await import('js-yaml')
    const { stdout } = await checkFixture('stock-1.20', '-o', 'yaml')
    expect(load(stdout)).toEqual(await json(fixture('nodes/stock-1.20')))
    expect(stdout.match(/^\w+/gm)?.toSorted()).toEqual(stdout.match(/^\w+/gm))
  })
})

describe('-o wide', () => {
  it('lists further blocks, the kubelet’s certificates and CA data of kubeconfigs', async () => {
    const bundle = readFixture('nodes/stock-1.31', K, 'pki/ca.crt') + readFixture('defects/good-ca.crt')
    const { stdout } = await check(copyNode('stock-1.31', { [`${K}/pki/ca.crt`]: bundle }), '-o', 'wide')
    for (const name of [
      'ca [1/2]',
      'ca [2/2]',
      'admin.conf [certificate-authority]',
      'kubelet.conf',
      'kubelet-client-current.pem',
      'kubelet-server-current.pem',
      'kubelet.crt [1/2]',
    ]) {
      expect(stdout).toMatch(new RegExp(`^${name.replace(/[[\].]/g, '\\$&')} {2,}`, 'm'))
    }
  })
})

describe('discovery', () => {
  it('finds Kubespray’s directory from the manifests and says so', async () => {
    const { sources, certificates } = await json(fixture('nodes/kubespray'))
    expect(sources).toContainEqual({
      fact: 'certificate directory',
      value: '/etc/kubernetes/ssl',
      source: 'manifests/kube-apiserver.yaml: --client-ca-file',
    })
    expect(sources).toContainEqual({
      fact: 'etcd',
      value: 'external',
      source: 'manifests/kube-apiserver.yaml: --etcd-servers',
    })
    expect(named(certificates, 'apiserver')?.file).toBe(
      fixture('nodes/kubespray/etc/kubernetes/ssl/apiserver.crt'),
    )
  })

  it('says every source with -v, on stderr', async () => {
    const { stdout, stderr } = await checkFixture('stock-1.31', '-v')
    expect(stdout).toBe(STOCK_1_31)
    expect(stderr).toContain(
      'kubepki: certificate directory: /etc/kubernetes/pki (manifests/kube-apiserver.yaml: --client-ca-file)',
    )
  })

  it('lets a flag win over --config, that over the manifests, those over the default', async () => {
    const root = copyNode('kubespray')
    const config = join(root, 'kubeadm-other.yaml')
    const { writeFileSync } = await import('node:fs')
    writeFileSync(
      config,
      'apiVersion: kubeadm.k8s.io/v1beta3\nkind: ClusterConfiguration\ncertificatesDir: /srv/pki\n',
    )
    const directory = async (...flags: string[]) =>
      (await json(root, ...flags)).sources.find(({ fact }) => fact === 'certificate directory')
    expect(await directory()).toMatchObject({ value: '/etc/kubernetes/ssl' })
    expect(await directory('--config', config)).toMatchObject({
      value: '/srv/pki',
      source: 'kubeadm-other.yaml: certificatesDir',
    })
    const flag = join(root, K, 'ssl')
    expect(await directory('--config', config, '--cert-dir', flag)).toMatchObject({
      value: flag,
      source: '--cert-dir',
    })
    rmSync(join(root, K, 'manifests'), { recursive: true })
    expect(await directory()).toMatchObject({ value: '/etc/kubernetes/pki', source: 'default' })
  })

  it('reads external etcd from --config', async () => {
    const config = fixture('nodes/external-etcd/kubeadm.yaml')
    const { stdout } = await checkFixture('stock-1.20', '--config', config)
    expect(rows(stdout)).toHaveLength(8)
  })

  it('warns of what --config has and kubeadm does not know, and goes on', async () => {
    const text =
      'apiVersion: kubeadm.k8s.io/v1beta3\nkind: ClusterConfiguration\nproxy: {}\ncertificateDir: /a\n'
    const root = copyNode('stock-1.20', { 'kubeadm.yaml': text })
    const config = join(root, 'kubeadm.yaml')
    const { stderr, exitCode } = await check(root, '--config', config)
    expect(exitCode).toBe(0)
    expect(stderr.split('\n')).toEqual([
      `kubepki: warning: ${config}: ClusterConfiguration: unknown field "proxy" in v1beta3 is ignored; it belongs to v1beta4`,
      `kubepki: warning: ${config}: ClusterConfiguration: unknown field "certificateDir" is ignored; did you mean certificatesDir?`,
      '',
    ])
  })

  it('warns of a manifest it cannot read, and goes on', async () => {
    const root = copyNode('stock-1.20', { [`${K}/manifests/kube-apiserver.yaml`]: 'a: [' })
    const { stderr, exitCode } = await check(root)
    expect(exitCode).toBe(0)
    expect(stderr).toMatch(
      /^kubepki: warning: .*kube-apiserver.yaml: not YAML.*; the paths in its flags are not known, defaults are used\n$/,
    )
  })
})

describe('--root', () => {
  it('resolves absolute links inside it', async () => {
    const { kubeletCertificates } = await json(copyNode('stock-1.20'))
    expect(named(kubeletCertificates, 'kubelet-client-current.pem')).toMatchObject({
      missing: false,
      signedBy: 'ca',
    })
  })

  it.each([
    ['a link that climbs out', '../../../../../../../../../../etc/hostname', 'leads out of the root'],
    ['a dangling link', '/nowhere/x.crt', 'points to nothing'],
    ['a link to itself', 'apiserver.crt', 'points to nothing'],
  ])('reports %s', async (_, target, reason) => {
    const root = copyNode('stock-1.20', { [`${K}/pki/apiserver.crt`]: null })
    symlinkSync(target, join(root, K, 'pki/apiserver.crt'))
    const { stdout, stderr } = await check(root)
    expect(stdout).toContain('!INVALID! apiserver')
    expect(stderr).toContain(reason)
  })
})

describe('bad input', () => {
  it('says that there is no PKI at all', async () => {
    const root = tempDir()
    const { stdout, stderr, exitCode } = await check(root)
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 1 })
    expect(stderr).toMatch(/^kubepki: error: no certificate found in .*\nkubepki: hint: .*--cert-dir.*\n$/)
    expect(readdirSync(root)).toEqual([])
  })

  it.each([
    ['--cert-dir', 'etc/kubernetes/admin.conf', 'wanted a directory, found a file'],
    ['--config', 'nothing.yaml', 'no such file'],
    ['--config', 'etc', 'not a regular file'],
  ])('refuses %s %s', async (flag, path, found) => {
    const { stderr, exitCode } = await checkFixture('stock-1.20', flag, fixture('nodes/stock-1.20', path))
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(new RegExp(`^kubepki: error: .*${found}\n`))
  })

  it('never prints a stack trace, a key or a PEM body', async () => {
    for (const file of readdirSync(fixture('defects')).filter(name => !name.startsWith('good'))) {
      const text = readFixture('defects', file)
      const root = copyNode('stock-1.20', {
        [`${K}/pki/apiserver.crt`]: text,
        [`${K}/admin.conf`]: text,
        [`${K}/pki/ca.crt`]: text,
      })
      const { stdout, stderr } = await check(root, '-o', 'json')
      expect(stderr, file).not.toMatch(/\n\s+at |-----BEGIN/)
      expect(stdout, file).not.toMatch(/-----BEGIN|PRIVATE KEY-/)
    }
  })
})
