import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { KUBECONFIG_CHECKS } from '../../src/pki/checks/kubeconfigs.ts'
import { makeAuthority, P256 } from '../support/certificates.ts'
import { configFile } from '../support/made.ts'
import { copyNode, fixture, readFixture, tempDir } from '../support/node.ts'
import {
  authorityIn,
  type Changes,
  flagged,
  K,
  pair,
  textIn,
  withServer,
  withTrust,
  withUser,
} from '../support/replaced.ts'
import { findingOf, linesOf, verify } from '../support/verify.ts'

const found = linesOf(KUBECONFIG_CHECKS)
const CLUSTER = authorityIn('ecdsa', 'ca')
const NEW = makeAuthority('kubernetes', P256)
const CORPORATE = makeAuthority('Corporate users', P256)
const ADMIN = textIn('ecdsa', 'admin.conf')
const SCHEDULER = textIn('ecdsa', 'scheduler.conf')

const CLIENT = 'keyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth'
const SERVER = [
  'keyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\nsubjectAltName=DNS:cp-1,DNS:kubernetes',
  'DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local,IP:10.96.0.1,IP:192.0.2.10',
].join(',')
const apiServer = (authority = CLUSTER) =>
  pair('apiserver', authority, { subject: '/CN=kube-apiserver', extensions: SERVER })

const changed = (file: string, text: string, changes: Changes = {}) =>
  copyNode('ecdsa', { [`${K}/${file}`]: text, ...changes })
const copyOf = (text: string) => {
  const file = join(tempDir(), 'config')
  writeFileSync(file, text, { mode: 0o600 })
  return file
}
const withCluster = (text: string, ...lines: string[]) =>
  text.replace(/(\n\s+)server:/, (match, indent: string) => lines.map(line => indent + line).join('') + match)

describe('nodes that are as kubeadm makes them', () => {
  it.each(readdirSync(fixture('nodes')))('%s is right, and its admin.conf copied', async node => {
    const root = copyNode(node)
    const expected = node === 'stock-1.31' ? ['info SUPER_ADMIN_PRESENT super-admin.conf'] : []
    expect(await found(root)).toEqual(expected)
    const admin = join(root, K, 'admin.conf')
    if (['worker', 'etcd-only'].includes(node)) return
    expect(await found(root, '--kubeconfig', copyOf(readFileSync(admin, 'utf8')))).toEqual(expected)
  })
})

describe('the CA', () => {
  it('is another one of the same name', async () => {
    const root = changed('admin.conf', withTrust(ADMIN, NEW.certificate))
    expect(await found(root)).toEqual(['error KUBECONFIG_CA_DIFFERENT admin.conf'])
    const one = await findingOf(root, 'KUBECONFIG_CA_DIFFERENT')
    const [, expectedKey] =
      /^CN=kubernetes \(key ([0-9a-f]{12})\), as in .*\/ca\.crt$/.exec(one.expected) ?? []
    const [, foundKey] = /^CN=kubernetes \(key ([0-9a-f]{12})\)$/.exec(one.found) ?? []
    expect(expectedKey).toBeDefined()
    expect(foundKey).toBeDefined()
    expect(foundKey).not.toBe(expectedKey)
    expect(one.remedy).toBe(
      `kubectl config set-cluster kubernetes --certificate-authority=${root}/${K}/pki/ca.crt --embed-certs=true --kubeconfig=${root}/${K}/admin.conf`,
    )
  })

  it("a component's, which has to be restarted", async () => {
    const root = changed('scheduler.conf', withTrust(SCHEDULER, NEW.certificate))
    const { impact, remedy } = await findingOf(root, 'KUBECONFIG_CA_DIFFERENT')
    expect(impact).toContain('the scheduler stops')
    expect(remedy).toMatch(/, then restart the scheduler$/)
  })

  it("the kubelet's, on a worker too", async () => {
    const text = withTrust(textIn('worker', 'kubelet.conf'), NEW.certificate)
    expect(await found(copyNode('worker', { [`${K}/kubelet.conf`]: text }))).toEqual([
      'error KUBECONFIG_CA_DIFFERENT kubelet.conf',
    ])
  })

  it('old and new, while the CA is replaced', async () => {
    const both = [CLUSTER.certificate, NEW.certificate]
    expect(await found(changed('admin.conf', withTrust(ADMIN, ...both)))).toEqual([])
    expect(await found(changed('admin.conf', withTrust(ADMIN, ...both.toReversed())))).toEqual([])
  })

  it('old alone, where the API server has a certificate of the new', async () => {
    const bundle = { [`${K}/pki/ca.crt`]: CLUSTER.certificate + NEW.certificate, ...apiServer(NEW) }
    const others = Object.fromEntries(
      ['controller-manager.conf', 'scheduler.conf', 'kubelet.conf'].map(file => [
        `${K}/${file}`,
        withTrust(textIn('ecdsa', file), CLUSTER.certificate, NEW.certificate),
      ]),
    )
    const root = copyNode('ecdsa', { ...bundle, ...others })
    expect(await found(root)).toEqual(['error KUBECONFIG_CA_DIFFERENT admin.conf'])
    const one = await findingOf(root, 'KUBECONFIG_CA_DIFFERENT')
    expect(one.expected).toMatch(/^CN=kubernetes \(key \w{12}\), as in /)
    expect(one.expected).not.toContain(one.found)
  })

  it('old alone, where the API server still has a certificate of the old', async () => {
    const bundle = { [`${K}/pki/ca.crt`]: CLUSTER.certificate + NEW.certificate }
    expect(new Set(await found(copyNode('ecdsa', bundle)))).toEqual(
      new Set(
        ['admin.conf', 'kubelet.conf', 'controller-manager.conf', 'scheduler.conf'].map(
          file => `info KUBECONFIG_CA_PARTIAL ${file}`,
        ),
      ),
    )
  })

  it("is right, and the API server's certificate is not", async () => {
    expect(await found(copyNode('ecdsa', apiServer(CORPORATE)))).toEqual([])
  })

  it('is the same one, issued anew for its key', async () => {
    const text = readFixture('nodes/ecdsa', K, 'pki/ca.crt')
    expect(await found(copyNode('ecdsa', { [`${K}/pki/ca.crt`]: `${text}${text}` }))).toEqual([])
  })

  it('is nowhere, or nothing that can be read', async () => {
    const none = ADMIN.replace(/.*certificate-authority-data:.*\n/, '')
    expect(await found(changed('admin.conf', none))).toEqual(['warning KUBECONFIG_NO_CA admin.conf'])
    for (const data of ['bm9wZQo=', '%%%'])
      expect(
        await found(changed('admin.conf', ADMIN.replace(/(certificate-authority-data:) .*/, `$1 "${data}"`))),
      ).toEqual(['error KUBECONFIG_CA_UNREADABLE admin.conf'])
  })

  it('is in a file that is not there, and in one that is', async () => {
    const named = (file: string) =>
      ADMIN.replace(/certificate-authority-data: .*/, `certificate-authority: ${file}`)
    const missing = changed('admin.conf', named('/etc/kubernetes/none.crt'))
    expect(await found(missing)).toEqual(['error KUBECONFIG_CA_UNREADABLE admin.conf'])
    expect((await findingOf(missing, 'KUBECONFIG_CA_UNREADABLE')).found).toBe(
      '/etc/kubernetes/none.crt does not exist',
    )
    expect(await found(changed('admin.conf', named('pki/ca.crt')))).toEqual([])
  })
})

describe('the key', () => {
  it('is not there, or nothing that can be read', async () => {
    const none = changed('admin.conf', ADMIN.replace(/.*client-key-data:.*\n/, ''))
    expect(await found(none)).toEqual(['error KUBECONFIG_KEY_UNUSABLE admin.conf'])
    expect((await findingOf(none, 'KUBECONFIG_KEY_UNUSABLE')).remedy).toMatch(
      /^mv .* && kubepki init phase kubeconfig admin --root /,
    )
    const odd = ADMIN.replace(/(client-key-data:) .*/, '$1 bm9wZQo=')
    expect(await found(changed('admin.conf', odd))).toEqual(['error KUBECONFIG_KEY_UNUSABLE admin.conf'])
  })

  it('is in a file that is not there, and in one that is', async () => {
    const text = ADMIN.replace(/client-key-data: .*/, 'client-key: pki/admin.key')
    const key = Buffer.from(/client-key-data: (.*)/.exec(ADMIN)?.[1] ?? '', 'base64').toString()
    const missing = changed('admin.conf', text)
    expect(await found(missing)).toEqual(['error KUBECONFIG_KEY_UNUSABLE admin.conf'])
    expect((await findingOf(missing, 'KUBECONFIG_KEY_UNUSABLE')).found).toContain(
      'pki/admin.key does not exist',
    )
    expect(await found(changed('admin.conf', text, { [`${K}/pki/admin.key`]: key }))).toEqual([])
  })
})

describe('the server', () => {
  it.each([
    ['another address of the network', 'https://192.0.2.99:6443', 'warning'],
    ['a name that the certificate lacks', 'https://api.example.com:6443', 'error'],
    ['localhost', 'https://127.0.0.1:6443', 'error'],
  ])('is %s', async (_, server, severity) => {
    const root = changed('admin.conf', withServer(ADMIN, server))
    expect(await found(root)).toEqual([`${severity} SERVER_NOT_IN_CERTIFICATE admin.conf`])
    const { expected, remedy } = await findingOf(root, 'SERVER_NOT_IN_CERTIFICATE')
    expect(expected).toContain('/pki/apiserver.crt has: DNS:cp-1, ')
    expect(remedy).toMatch(/^kubepki certs renew apiserver --add-san [\w.]+ --root /)
  })

  it.each(['https://cp-1:6443', 'https://kubernetes', 'cp-1:6443', 'https://192.0.2.10:8443/prefix'])(
    'is one that the certificate has: %s',
    async server => {
      expect(await found(changed('admin.conf', withServer(ADMIN, server)))).toEqual([])
    },
  )

  it('is called by another name', async () => {
    const text = withServer(ADMIN, 'https://203.0.113.7:6443')
    expect(await found(changed('admin.conf', withCluster(text, 'tls-server-name: kubernetes')))).toEqual([])
    const wrong = withCluster(ADMIN, 'tls-server-name: api.example.com')
    expect(await found(changed('admin.conf', wrong))).toEqual(['error SERVER_NOT_IN_CERTIFICATE admin.conf'])
  })

  it('may have another certificate by that name', async () => {
    const root = flagged(
      'kube-apiserver',
      { 'tls-sni-cert-key': '/etc/kubernetes/pki/sni.crt,/etc/kubernetes/pki/sni.key' },
      { [`${K}/admin.conf`]: withServer(ADMIN, 'https://api.example.com:6443') },
    )
    expect(await found(root)).toEqual([])
  })

  it('is not named', async () => {
    const root = changed('admin.conf', ADMIN.replace(/.*\bserver: .*\n/, ''))
    expect(await found(root)).toEqual(['error SERVER_MISSING admin.conf'])
    expect((await findingOf(root, 'SERVER_MISSING')).remedy).toContain('--server=https://192.0.2.10:6443 ')
  })

  it('is reached without TLS', async () => {
    const secure = changed('scheduler.conf', withServer(SCHEDULER, 'http://192.0.2.10:6443'))
    expect(await found(secure)).toEqual(['error SERVER_NOT_HTTPS scheduler.conf'])
    const open = changed('admin.conf', withServer(ADMIN, 'http://192.0.2.10:8080'))
    expect(await found(open)).toEqual(['warning SERVER_NOT_HTTPS admin.conf'])
  })

  it('of a component is on another port', async () => {
    const root = changed('scheduler.conf', withServer(SCHEDULER, 'https://192.0.2.10:443'))
    expect(await found(root)).toEqual(['warning SERVER_PORT_DIFFERENT scheduler.conf'])
    const { expected, found: is } = await findingOf(root, 'SERVER_PORT_DIFFERENT')
    expect([expected, is]).toEqual([
      'port 6443, as manifests/kube-apiserver.yaml: --secure-port says',
      'port 443',
    ])
    expect(await found(changed('admin.conf', withServer(ADMIN, 'https://192.0.2.10:8443')))).toEqual([])
  })

  it('is not the endpoint of the configuration', async () => {
    const config = configFile('controlPlaneEndpoint: cp-1:6443')
    const root = copyNode('ecdsa')
    expect(await found(root, '--config', config)).toEqual(['info SERVER_NOT_ENDPOINT admin.conf'])
    const text = withServer(ADMIN, 'https://cp-1:6443')
    expect(await found(changed('admin.conf', text), '--config', config)).toEqual([])
  })

  it('is not verified', async () => {
    const both = changed('admin.conf', withCluster(ADMIN, 'insecure-skip-tls-verify: true'))
    expect(await found(both)).toEqual(['error SERVER_NOT_VERIFIED admin.conf'])
    const without = ADMIN.replace(/ +certificate-authority-data:.*\n/, '')
    const alone = changed('admin.conf', withCluster(without, 'insecure-skip-tls-verify: true'))
    expect(await found(alone)).toEqual(['warning SERVER_NOT_VERIFIED admin.conf'])
    const verified = changed('admin.conf', withCluster(ADMIN, 'insecure-skip-tls-verify: false'))
    expect(await found(verified)).toEqual([])
  })
})

describe('copies', () => {
  const root = () => copyNode('ecdsa')
  const admin = (days: number, subject = '/O=system:masters/CN=kubernetes-admin') =>
    withUser(ADMIN, CLUSTER, { subject, extensions: CLIENT, days })

  it('of an older admin.conf', async () => {
    const file = copyOf(admin(100))
    const node = root()
    expect(await found(node, '--kubeconfig', file)).toEqual([`warning KUBECONFIG_COPY_OLD ${file}`])
    const one = await findingOf(node, 'KUBECONFIG_COPY_OLD', '--kubeconfig', file)
    expect(one.expected).toMatch(/^valid until 2027-.*, as .*\/admin\.conf$/)
    expect(one.found).toBe('valid until 2027-03-01T00:00:00Z')
    expect(one.remedy).toBe(`cp ${node}/${K}/admin.conf ${file}`)
  })

  it('of a newer one, and of another user', async () => {
    expect(await found(root(), '--kubeconfig', copyOf(admin(700)))).toEqual([])
    expect(await found(root(), '--kubeconfig', copyOf(admin(100, '/O=dev/CN=jane')))).toEqual([])
  })

  it('of the same day, from another node', async () => {
    expect(await found(root(), '--kubeconfig', copyOf(admin(365)))).toEqual([])
  })

  it('of one before the CA was replaced', async () => {
    const file = copyOf(withTrust(ADMIN, NEW.certificate))
    expect(await found(root(), '--kubeconfig', file)).toEqual([`error KUBECONFIG_CA_DIFFERENT ${file}`])
  })

  it('that go to another name: who knows what is there', async () => {
    const address = copyOf(withServer(ADMIN, 'https://192.0.2.11:6443'))
    const name = copyOf(withServer(ADMIN, 'https://api.example.com:6443'))
    expect(await found(root(), '--kubeconfig', address)).toEqual([
      `info SERVER_NOT_IN_CERTIFICATE ${address}`,
    ])
    expect(await found(root(), '--kubeconfig', name)).toEqual([`warning SERVER_NOT_IN_CERTIFICATE ${name}`])
  })

  it.each(['https://203.0.113.50:6443', 'https://127.0.0.1:40123'])(
    'of another cluster at %s',
    async server => {
      const text = withUser(withTrust(withServer(ADMIN, server), NEW.certificate), NEW, {
        subject: '/O=system:masters/CN=kubernetes-admin',
        extensions: CLIENT,
      })
      const file = copyOf(text)
      const lines = await found(root(), '--kubeconfig', file)
      expect(lines).toEqual([`info KUBECONFIG_OTHER_CLUSTER ${file}`])
    },
  )

  it('of another cluster on a port of this machine, whose name every API server may have', async () => {
    const extensions = `${SERVER},IP:127.0.0.1`
    const changes = pair('apiserver', CLUSTER, { subject: '/CN=kube-apiserver', extensions })
    const file = copyOf(
      withUser(withTrust(withServer(ADMIN, 'https://127.0.0.1:40123'), NEW.certificate), NEW, {
        subject: '/O=system:masters/CN=kubernetes-admin',
        extensions: CLIENT,
      }),
    )
    const lines = await found(copyNode('ecdsa', changes), '--kubeconfig', file)
    expect(lines).toEqual([`info KUBECONFIG_OTHER_CLUSTER ${file}`])
  })

  it.each(['token-user', 'exec-user'])('whose user has no certificate: %s', async name => {
    const file = copyOf(readFixture('defects', `${name}.conf`))
    const lines = await found(root(), '--kubeconfig', file)
    expect(lines).toEqual([`info KUBECONFIG_USER_UNSEEN ${file}`])
  })

  it('none named is said', async () => {
    const looked = (args: string[]) =>
      verify(root(), ...args).then(({ notLookedAt }) => notLookedAt.map(({ what }) => what))
    const what = 'copies of the kubeconfigs, on this machine and others'
    expect(await looked([])).toContain(what)
    expect(await looked(['--kubeconfig', copyOf(ADMIN)])).not.toContain(what)
  })

  it('text out of a copy steers no terminal', async () => {
    const file = copyOf(withServer(ADMIN, '"http://evil\\x1b[2J\\nERROR FAKE:8080"'))
    const { found: is } = await findingOf(root(), 'SERVER_NOT_HTTPS', '--kubeconfig', file)
    expect(is).toBe('http://evil\\u001b[2J\\u000aERROR FAKE:8080')
  })
})
