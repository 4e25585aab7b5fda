import { spawnSync } from 'node:child_process'
import { copyFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ROLE_CHECKS } from '../../src/pki/checks/role.ts'
import { configFile } from '../support/made.ts'
import { copyNode, fixture } from '../support/node.ts'
import {
  type Anew,
  authorityIn,
  type Changes,
  flagged,
  K,
  pair,
  textIn,
  withServer,
  withUser,
} from '../support/replaced.ts'
import { findingOf, linesOf, verify } from '../support/verify.ts'

const found = linesOf(ROLE_CHECKS)
const PKI = 'etc/kubernetes/pki'
const CLUSTER = authorityIn('ecdsa', 'ca')
const ETCD = authorityIn('ecdsa', 'etcd/ca')
const FRONT_PROXY = authorityIn('ecdsa', 'front-proxy-ca')

const CLIENT = 'keyUsage=critical,digitalSignature,keyEncipherment\nextendedKeyUsage=clientAuth'
const SERVER = 'keyUsage=critical,digitalSignature,keyEncipherment\nextendedKeyUsage=serverAuth'
const BOTH = `${SERVER},clientAuth`
const named = (extensions: string, ...names: string[]) => `${extensions}\nsubjectAltName=${names.join(',')}`

const API_NAMES = [
  ...['DNS:cp-1', 'DNS:kubernetes', 'DNS:kubernetes.default', 'DNS:kubernetes.default.svc'],
  ...['DNS:kubernetes.default.svc.cluster.local', 'IP:10.96.0.1', 'IP:192.0.2.10'],
]
const without = (...names: string[]) => API_NAMES.filter(name => !names.includes(name))
const ETCD_NAMES = ['DNS:cp-1', 'DNS:localhost', 'IP:192.0.2.10', 'IP:127.0.0.1', 'IP:::1']

const apiServer = (extensions: string, changes: Changes = {}) =>
  copyNode('ecdsa', {
    ...pair('apiserver', CLUSTER, { subject: '/CN=kube-apiserver', extensions }),
    ...changes,
  })
const etcdPair = (baseName: string, extensions: string, subject = '/CN=cp-1') =>
  copyNode('ecdsa', pair(baseName, ETCD, { subject, extensions }))
const user = (file: string, anew: Partial<Anew> & Pick<Anew, 'subject'>, node = 'ecdsa') => {
  const authority = authorityIn(node, 'ca')
  const text = withUser(textIn(node, file), authority, { extensions: CLIENT, ...anew })
  return copyNode(node, { [`${K}/${file}`]: text })
}
const kubeletClient = (subject: string, node = 'ecdsa') =>
  copyNode(node, pair('apiserver-kubelet-client', authorityIn(node, 'ca'), { subject, extensions: CLIENT }))

describe('nodes that are as kubeadm makes them', () => {
  it.each(readdirSync(fixture('nodes')))('%s is right', async node => {
    const all = await found(copyNode(node))
    expect(all.filter(one => !one.startsWith('info '))).toEqual([])
  })
})

describe('subjects', () => {
  it.each(['controller-manager.conf', 'scheduler.conf'])('%s under another name', async file => {
    expect(await found(user(file, { subject: '/CN=somebody' }))).toEqual([`error WRONG_COMMON_NAME ${file}`])
  })

  it('a name like its own, of another component', async () => {
    const root = user('scheduler.conf', { subject: '/CN=system:kube-controller-manager' })
    const { expected, found: is, impact, remedy } = await findingOf(root, 'WRONG_COMMON_NAME')
    expect([expected, is]).toEqual(['CN=system:kube-scheduler', 'CN=system:kube-controller-manager'])
    expect(impact).toContain('the scheduler stops')
    expect(remedy).toMatch(
      /^mv .*\/scheduler.conf .*\/scheduler.conf.old && kubepki init phase kubeconfig scheduler --root /,
    )
  })

  it('an organization beside the right name is nothing', async () => {
    expect(await found(user('scheduler.conf', { subject: '/O=any/CN=system:kube-scheduler' }))).toEqual([])
  })

  it('system:masters in place of the right name', async () => {
    const root = user('scheduler.conf', { subject: '/O=system:masters/CN=kubernetes-admin' })
    expect(await found(root)).toEqual([
      'warning WRONG_COMMON_NAME scheduler.conf',
      'warning SYSTEM_MASTERS_UNEXPECTED scheduler.conf',
    ])
  })

  it("nobody asks for the API server's name", async () => {
    const anew = { subject: '/O=Example/CN=api.example.com', extensions: named(SERVER, ...API_NAMES) }
    const root = copyNode('ecdsa', pair('apiserver', CLUSTER, anew))
    expect(await found(root)).toEqual(['info COMMON_NAME_UNUSUAL apiserver'])
  })

  it.each([
    ['no group', '/CN=kubernetes-admin', 'warning'],
    ['a group of later releases', '/O=kubeadm:cluster-admins/CN=kubernetes-admin', 'warning'],
    ['a group of their own', '/O=example:admins/CN=kubernetes-admin', 'info'],
  ])('admin.conf with %s', async (_, subject, severity) => {
    expect(await found(user('admin.conf', { subject }))).toEqual([
      `${severity} WRONG_ORGANIZATION admin.conf`,
    ])
  })

  it('admin.conf with the group of its release', async () => {
    const subject = '/O=kubeadm:cluster-admins/CN=kubernetes-admin'
    expect(await found(user('admin.conf', { subject }, 'stock-1.31'))).toEqual([])
  })

  it('super-admin.conf that is no super admin', async () => {
    const subject = '/O=kubeadm:cluster-admins/CN=kubernetes-super-admin'
    const root = user('super-admin.conf', { subject }, 'stock-1.31')
    expect(await found(root)).toEqual(['warning WRONG_ORGANIZATION super-admin.conf'])
  })

  it.each([
    ['none, before the releases that need none', '/CN=kube-apiserver-kubelet-client', 'warning'],
    ['of later releases', '/O=kubeadm:cluster-admins/CN=kube-apiserver-kubelet-client', 'warning'],
    ['and name of their own', '/O=Kubernetes/CN=kubernetes', 'info'],
  ])('the client of the kubelets with a group: %s', async (_, subject, severity) => {
    const line = `${severity} WRONG_ORGANIZATION apiserver-kubelet-client`
    expect(await found(kubeletClient(subject))).toEqual([line])
  })

  it('the client of the kubelets without a group, where the releases need none', async () => {
    const version = textIn('ecdsa', 'manifests/kube-apiserver.yaml').replace(
      /(image: .*):v[\d.]+/,
      '$1:v1.37.0',
    )
    const root = kubeletClient('/CN=kube-apiserver-kubelet-client')
    writeFileSync(join(root, K, 'manifests/kube-apiserver.yaml'), version)
    expect(await found(root)).toEqual([])
  })

  it('the client of the kubelets is system:masters still', async () => {
    const root = kubeletClient('/O=system:masters/CN=kube-apiserver-kubelet-client', 'stock-1.31')
    expect(await found(root)).toEqual(['info SYSTEM_MASTERS_OUTDATED apiserver-kubelet-client'])
  })

  it('system:masters where nobody can log in with it', async () => {
    const subject = '/O=system:masters/CN=kube-apiserver'
    const anew = { subject, extensions: named(SERVER, ...API_NAMES) }
    const both = { subject, extensions: named(BOTH, ...API_NAMES) }
    const proxy = { subject: '/O=system:masters/CN=front-proxy-client', extensions: CLIENT }
    expect(await found(copyNode('ecdsa', pair('apiserver', CLUSTER, anew)))).toEqual([
      'info SYSTEM_MASTERS_UNEXPECTED apiserver',
    ])
    expect(await found(copyNode('ecdsa', pair('apiserver', CLUSTER, both)))).toEqual([
      'warning SYSTEM_MASTERS_UNEXPECTED apiserver',
    ])
    expect(await found(copyNode('ecdsa', pair('front-proxy-client', FRONT_PROXY, proxy)))).toEqual([
      'info SYSTEM_MASTERS_UNEXPECTED front-proxy-client',
    ])
  })

  it('etcd knows no groups', async () => {
    const root = etcdPair('etcd/server', named(BOTH, ...ETCD_NAMES), '/O=system:masters/CN=cp-1')
    expect(await found(root)).toEqual([])
  })

  it('the newest groups are right where no manifest tells the release', async () => {
    expect(await found(copyNode('stock-1.31', { [`${K}/manifests`]: null }))).toEqual([])
  })

  it('a group that is only named alike', async () => {
    const anew = { subject: '/O=system:masters2/CN=kube-apiserver', extensions: named(SERVER, ...API_NAMES) }
    expect(await found(copyNode('ecdsa', pair('apiserver', CLUSTER, anew)))).toEqual([])
  })
})

describe('usages', () => {
  it('a serving certificate for clients', async () => {
    const root = apiServer(named(CLIENT, ...API_NAMES))
    expect(await found(root)).toEqual(['error EXT_KEY_USAGE_WRONG apiserver'])
    const { expected, found: is, impact, remedy } = await findingOf(root, 'EXT_KEY_USAGE_WRONG')
    expect([expected, is]).toEqual(['extended key usage serverAuth', 'clientAuth'])
    expect(impact).toBe('nothing can connect to the API server')
    expect(remedy).toContain(
      'kubepki init phase certs apiserver --apiserver-cert-extra-sans cp-1,kubernetes,',
    )
  })

  it.each([
    ['apiserver-kubelet-client', CLUSTER, '/O=system:masters/CN=kube-apiserver-kubelet-client'],
    ['front-proxy-client', FRONT_PROXY, '/CN=front-proxy-client'],
    ['apiserver-etcd-client', ETCD, '/CN=kube-apiserver-etcd-client'],
    ['etcd/healthcheck-client', ETCD, '/CN=kube-etcd-healthcheck-client'],
  ])('a client certificate for servers: %s', async (baseName, authority, subject) => {
    const root = copyNode('ecdsa', pair(baseName, authority, { subject, extensions: SERVER }))
    expect(await found(root)).toEqual([`error EXT_KEY_USAGE_WRONG ${baseName.replace('/', '-')}`])
  })

  it("two pairs in each other's place are put back, once, whichever remedy is run, and no name is lost", async () => {
    const [one, other] = ['apiserver', 'apiserver-kubelet-client']
    const files = ['crt', 'key'].flatMap(kind => [
      [`${PKI}/${one}.${kind}`, textIn('ipv6-ha', `pki/${other}.${kind}`)],
      [`${PKI}/${other}.${kind}`, textIn('ipv6-ha', `pki/${one}.${kind}`)],
    ])
    const root = copyNode('ipv6-ha', Object.fromEntries(files))
    const { findings } = await verify(root)
    const graves = findings.filter(({ severity }) => severity === 'error')
    expect(graves.map(({ certificate }) => certificate)).toEqual(expect.arrayContaining([one, other]))
    const ofRole = graves.filter(({ code }) => ROLE_CHECKS.some(check => check.code === code))
    expect(ofRole.map(({ certificate }) => certificate)).toEqual(expect.arrayContaining([one, other]))
    for (const { remedy } of ofRole) {
      expect(remedy).toMatch(/ # the pairs of \S+ and \S+ are swapped: this puts each in the other's place$/)
      spawnSync('bash', ['-c', remedy])
      expect(await found(root)).toEqual([])
    }
  })

  it('says that further names are not known where none can be read', async () => {
    const root = apiServer(CLIENT)
    const { remedy } = await findingOf(root, 'EXT_KEY_USAGE_WRONG')
    expect(remedy).toMatch(
      / # add --config kubeadm\.yaml with the certSANs: further names are not known here$/,
    )
    writeFileSync(join(root, PKI, 'apiserver.crt'), '-----BEGIN CERTIFICATE-----\nMII')
    const { findings } = await verify(root)
    const unreadable = findings.find(({ code }) => code === 'CERTIFICATE_UNREADABLE')
    expect(unreadable?.remedy).toMatch(
      / # add --config kubeadm\.yaml with the certSANs: .*; or put one back: /,
    )
  })

  it('a kubeconfig with a certificate for servers', async () => {
    const root = user('scheduler.conf', { subject: '/CN=system:kube-scheduler', extensions: SERVER })
    expect(await found(root)).toEqual(['error EXT_KEY_USAGE_WRONG scheduler.conf'])
  })

  it('both usages where one is needed', async () => {
    expect(await found(apiServer(named(BOTH, ...API_NAMES)))).toEqual([])
  })

  it.each([
    ['peer', SERVER, 'error'],
    ['peer', CLIENT, 'error'],
    ['server', CLIENT, 'error'],
    ['server', SERVER, 'warning'],
  ])("etcd's %s certificate with one usage", async (name, extensions, severity) => {
    const root = etcdPair(`etcd/${name}`, named(extensions, ...ETCD_NAMES))
    expect(await found(root)).toEqual([`${severity} EXT_KEY_USAGE_WRONG etcd-${name}`])
  })

  it('etcd that is its own client with another certificate', async () => {
    const changes = pair('etcd/server', ETCD, {
      subject: '/CN=cp-1',
      extensions: named(SERVER, ...ETCD_NAMES),
    })
    const flags = { 'client-cert-file': '/etc/kubernetes/pki/etcd/healthcheck-client.crt' }
    expect(await found(flagged('etcd', flags, changes))).toEqual([])
  })

  it('no usage at all, and any', async () => {
    const none = named('keyUsage=digitalSignature', ...API_NAMES)
    const any = named('extendedKeyUsage=anyExtendedKeyUsage', ...API_NAMES)
    for (const extensions of [none, any])
      expect(await found(apiServer(extensions))).toEqual(['info EXT_KEY_USAGE_ABSENT apiserver'])
  })

  it('a key that may not sign', async () => {
    const extensions = named('keyUsage=keyEncipherment\nextendedKeyUsage=serverAuth', ...API_NAMES)
    expect(await found(apiServer(extensions))).toEqual(['warning KEY_USAGE_WRONG apiserver'])
    const enough = named('keyUsage=digitalSignature\nextendedKeyUsage=serverAuth', ...API_NAMES)
    expect(await found(apiServer(enough))).toEqual([])
  })
})

describe("the API server's names", () => {
  it.each([
    ['error', 'IP:10.96.0.1'],
    ['error', 'DNS:kubernetes.default.svc'],
    ['error', 'IP:192.0.2.10'],
    ['warning', 'DNS:kubernetes.default'],
    ['warning', 'DNS:kubernetes.default.svc.cluster.local'],
    ['info', 'DNS:kubernetes'],
    ['info', 'DNS:cp-1'],
  ])('%s without %s', async (severity, name) => {
    const root = apiServer(named(SERVER, ...without(name)))
    expect(await found(root)).toEqual([`${severity} SAN_MISSING apiserver`])
    const { expected, remedy } = await findingOf(root, 'SAN_MISSING')
    expect(expected).toBe(`SANs ${name}`)
    expect(remedy).toBe(`kubepki certs renew apiserver --add-san ${name.replace(/^\w+:/, '')} --root ${root}`)
  })

  it('all that lack in one finding for each severity', async () => {
    const root = apiServer(named(SERVER, 'DNS:kubernetes', 'DNS:cp-1', 'IP:192.0.2.10'))
    expect(await found(root)).toEqual(['error SAN_MISSING apiserver', 'warning SAN_MISSING apiserver'])
  })

  it('a wildcard covers a name', async () => {
    const names = [...without('DNS:kubernetes.default.svc'), 'DNS:*.default.svc']
    expect(await found(apiServer(named(SERVER, ...names)))).toEqual([])
  })

  it("its own address is everybody's where there is no endpoint for all", async () => {
    const config = configFile('controlPlaneEndpoint: api.example.com:6443')
    const root = apiServer(named(SERVER, ...without('IP:192.0.2.10'), 'DNS:api.example.com'))
    expect(await found(root, '--config', config)).toEqual(['warning SAN_MISSING apiserver'])
  })

  it('the endpoint of the configuration', async () => {
    const config = configFile('controlPlaneEndpoint: api.example.com:6443')
    const root = copyNode('ecdsa')
    const { severity, expected, remedy } = await findingOf(root, 'SAN_MISSING', '--config', config)
    expect([severity, expected]).toEqual(['error', 'SANs DNS:api.example.com'])
    expect(remedy).toContain('--add-san api.example.com')
    expect(
      await found(apiServer(named(SERVER, ...API_NAMES, 'DNS:api.example.com')), '--config', config),
    ).toEqual([])
  })

  it('what is not known is not wanted: no manifests, no names', async () => {
    const root = apiServer(named(SERVER, ...without('IP:10.96.0.1', 'IP:192.0.2.10')), {
      [`${K}/manifests`]: null,
    })
    expect(await found(root)).toEqual([])
  })

  it('a server with certificates by name may have them there', async () => {
    const changes = pair('apiserver', CLUSTER, {
      subject: '/CN=kube-apiserver',
      extensions: named(SERVER, ...without('DNS:kubernetes.default.svc')),
    })
    const flags = { 'tls-sni-cert-key': '/etc/kubernetes/pki/sni.crt,/etc/kubernetes/pki/sni.key' }
    expect(await found(flagged('kube-apiserver', flags, changes))).toEqual([])
  })

  it('of an external CA the names are asked for', async () => {
    const text = textIn('external-ca', 'pki/apiserver.crt')
    const config = configFile('controlPlaneEndpoint: api.example.com:6443')
    const root = copyNode('external-ca', { [`${K}/pki/apiserver.crt`]: text })
    const { remedy } = await findingOf(root, 'SAN_MISSING', '--config', config)
    expect(remedy).toContain('kubepki certs renew apiserver --add-san api.example.com --csr-only')
  })
})

describe("etcd's names", () => {
  const lacking = (...names: string[]) => ETCD_NAMES.filter(name => !names.includes(name))

  it('the address at which the API server beside it reaches it', async () => {
    const root = etcdPair('etcd/server', named(BOTH, ...lacking('IP:127.0.0.1')))
    expect(await found(root)).toEqual(['error SAN_MISSING etcd-server'])
    expect((await findingOf(root, 'SAN_MISSING')).impact).toBe('the API server cannot reach etcd')
  })

  it('the address that it is advertised at', async () => {
    const root = etcdPair('etcd/server', named(BOTH, ...lacking('IP:192.0.2.10')))
    expect(await found(root)).toEqual(['warning SAN_MISSING etcd-server'])
    const alone = pair('etcd/server', authorityIn('etcd-only', 'etcd/ca'), {
      subject: '/CN=etcd-1',
      extensions: named(BOTH, 'DNS:etcd-1', 'IP:127.0.0.1'),
    })
    expect(await found(copyNode('etcd-only', alone))).toEqual(['error SAN_MISSING etcd-server'])
  })

  it.each([
    ['cp-1=https://192.0.2.10:2380', 'warning'],
    ['cp-1=https://192.0.2.10:2380,cp-2=https://192.0.2.11:2380', 'error'],
  ])("its peers' address, in %s", async (members, severity) => {
    const changes = pair('etcd/peer', ETCD, {
      subject: '/CN=cp-1',
      extensions: named(BOTH, ...lacking('IP:192.0.2.10')),
    })
    const root = flagged('etcd', { 'initial-cluster': members }, changes)
    expect(await found(root)).toEqual([`${severity} SAN_MISSING etcd-peer`])
  })

  it('names that nobody here asks for may lack', async () => {
    expect(await found(etcdPair('etcd/server', named(BOTH, 'IP:127.0.0.1', 'IP:192.0.2.10')))).toEqual([])
  })
})

describe('names of another node', () => {
  const others = ['DNS:cp-2', 'DNS:localhost', 'IP:192.0.2.11', 'IP:127.0.0.1', 'IP:::1']

  it.each(['server', 'peer'])("etcd's %s certificate of cp-2", async name => {
    const root = etcdPair(`etcd/${name}`, named(BOTH, ...others), '/CN=cp-2')
    expect(await found(root)).toEqual([`error SAN_NOT_THIS_NODE etcd-${name}`])
    const { expected, found: is, remedy } = await findingOf(root, 'SAN_NOT_THIS_NODE')
    expect(expected).toBe('one of this node: cp-1, 192.0.2.10')
    expect(is).toBe('one of another: DNS:cp-2, IP:192.0.2.11')
    expect(remedy).toBe(
      `kubepki certs renew etcd-${name} --add-san cp-1,192.0.2.10 --remove-san cp-2,192.0.2.11 --root ${root}`,
    )
  })

  it("the API server's of cp-2", async () => {
    const names = [...without('DNS:cp-1', 'IP:192.0.2.10'), 'DNS:cp-2', 'IP:192.0.2.11']
    expect(await found(apiServer(named(SERVER, ...names)))).toEqual(['error SAN_NOT_THIS_NODE apiserver'])
  })

  it('one for all nodes names this one too', async () => {
    expect(await found(etcdPair('etcd/peer', named(BOTH, ...others, 'IP:192.0.2.10')))).toEqual([])
    const names = [...API_NAMES, 'DNS:cp-2', 'IP:192.0.2.11']
    expect(await found(apiServer(named(SERVER, ...names)))).toEqual([])
  })

  it('an old address and an old load balancer are no other node', async () => {
    const names = [...API_NAMES, 'DNS:old.example.com', 'IP:198.51.100.7']
    expect(await found(apiServer(named(SERVER, ...names)))).toEqual([])
  })

  it('one with a name of its own for all nodes is no other node', async () => {
    const names = [...without('DNS:cp-1', 'IP:192.0.2.10'), 'DNS:api.example.com']
    const lines = ['error SAN_MISSING apiserver', 'info SAN_MISSING apiserver']
    expect(await found(apiServer(named(SERVER, ...names)))).toEqual(lines)
  })

  it('where everybody goes by the endpoint, nobody asks for its own names', async () => {
    const names = [
      ...without('DNS:cp-1', 'IP:192.0.2.10'),
      'DNS:vip.example.com',
      'DNS:cp-2',
      'IP:192.0.2.11',
    ]
    const files = ['admin.conf', 'kubelet.conf', 'controller-manager.conf', 'scheduler.conf']
    const toEndpoint = Object.fromEntries(
      files.map(file => [`${K}/${file}`, withServer(textIn('ecdsa', file), 'https://vip.example.com:6443')]),
    )
    const lines = ['warning SAN_MISSING apiserver', 'info SAN_MISSING apiserver']
    expect(await found(apiServer(named(SERVER, ...names), toEndpoint))).toEqual(lines)
  })

  it('a certificate does not vouch for itself', async () => {
    const changes = pair('etcd/server', ETCD, { subject: '/CN=cp-2', extensions: named(BOTH, ...others) })
    const root = copyNode('ecdsa', { ...changes, [`${K}/kubelet.conf`]: null })
    expect(await found(root)).toEqual(['error SAN_NOT_THIS_NODE etcd-server'])
  })

  it('without its manifests nothing says which node this is', async () => {
    const root = etcdPair('etcd/peer', named(BOTH, ...others))
    const changes = pair('etcd/peer', ETCD, { subject: '/CN=cp-2', extensions: named(BOTH, ...others) })
    expect(await found(copyNode('ecdsa', { ...changes, [`${K}/manifests`]: null }))).toEqual([])
    expect(await found(root)).not.toEqual([])
  })
})

describe('names that help nobody', () => {
  it('an address among the DNS names', async () => {
    const root = apiServer(named(SERVER, ...API_NAMES, 'DNS:203.0.113.9'))
    expect(await found(root)).toEqual(['warning ADDRESS_AS_DNS_NAME apiserver'])
    expect((await findingOf(root, 'ADDRESS_AS_DNS_NAME')).remedy).toContain('--add-san 203.0.113.9')
    const harmless = apiServer(named(SERVER, ...API_NAMES, 'DNS:192.0.2.10'))
    expect(await found(harmless)).toEqual(['info ADDRESS_AS_DNS_NAME apiserver'])
  })

  it('a name with a port', async () => {
    const root = apiServer(named(SERVER, ...API_NAMES, 'DNS:lb.example.com:6443'))
    expect(await found(root)).toEqual(['warning SAN_UNUSABLE apiserver'])
    expect(await found(apiServer(named(SERVER, ...API_NAMES, 'DNS:my_lb.example.com')))).toEqual([])
  })

  it('an IPv4 address in sixteen bytes, and a name twice', async () => {
    const mapped = apiServer(named(SERVER, ...API_NAMES, 'IP:::ffff:203.0.113.9'))
    expect(await found(mapped)).toEqual(['info ADDRESS_MAPPED apiserver'])
    const twice = apiServer(named(SERVER, ...API_NAMES, 'DNS:cp-1'))
    expect(await found(twice)).toEqual(['info SAN_DUPLICATE apiserver'])
  })
})

describe('CAs of their own', () => {
  const copied = (from: string, to: string, node = 'ecdsa') => {
    const root = copyNode(node)
    for (const suffix of ['crt', 'key'])
      copyFileSync(join(root, K, `pki/${from}.${suffix}`), join(root, K, `pki/${to}.${suffix}`))
    return root
  }

  it('the front proxy has the CA of the cluster', async () => {
    const root = copied('ca', 'front-proxy-ca')
    expect(await found(root)).toEqual(['error FRONT_PROXY_CA_SHARED front-proxy-ca'])
    const { found: is, impact, remedy } = await findingOf(root, 'FRONT_PROXY_CA_SHARED')
    expect(is).toMatch(/^CN=kubernetes \(key [0-9a-f]{12}\), which is in .*\/ca.crt too$/)
    expect(impact).toContain('with an allowed name can act as any user')
    expect(remedy).toContain(`${K}/pki/front-proxy-ca.crt and `)
  })

  it('a flag that names the CA of the cluster: it is not to be moved away', async () => {
    const flags = {
      'requestheader-client-ca-file': '/etc/kubernetes/pki/ca.crt',
      'requestheader-allowed-names': null,
    }
    const { severity, impact, remedy } = await findingOf(
      flagged('kube-apiserver', flags, { [`${K}/pki/front-proxy-ca.crt`]: null }),
      'FRONT_PROXY_CA_SHARED',
    )
    expect(severity).toBe('error')
    expect(impact).toContain('every client certificate of the cluster can act as any user')
    expect(remedy).not.toMatch(/move .*ca\.crt/)
  })

  it('another certificate for the same key, and a link', async () => {
    const root = copyNode('ecdsa', { [`${K}/pki/front-proxy-ca.crt`]: null })
    symlinkSync('ca.crt', join(root, K, 'pki/front-proxy-ca.crt'))
    expect(await found(root)).toContain('error FRONT_PROXY_CA_SHARED front-proxy-ca')
  })

  it('etcd has the CA of the cluster', async () => {
    const root = copied('ca', 'etcd/ca')
    expect(await found(root)).toEqual(['warning ETCD_CA_SHARED etcd-ca'])
    expect((await findingOf(root, 'ETCD_CA_SHARED')).impact).toContain('reads and writes all of etcd')
  })

  it('etcd and the front proxy share one that is not the cluster', async () => {
    expect(await found(copied('front-proxy-ca', 'etcd/ca'))).toEqual([])
  })
})
