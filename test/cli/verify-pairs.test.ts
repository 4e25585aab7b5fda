import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { PAIR_CHECKS } from '../../src/pki/checks/pairs.ts'
import { openssl } from '../support/certificates.ts'
import { proveChecks } from '../support/check-cases.ts'
import { kubepki } from '../support/host.ts'
import { copyNode, readFixture } from '../support/node.ts'
import {
  authorityOf,
  certificateFor,
  embedding,
  fileOf,
  filesOfCa,
  inFile,
  kubeconfigOf,
  makeIntermediate,
  makeRoot,
  newKey,
  PKI,
  pairFor,
  TREE,
} from '../support/rows.ts'
import { codesOf, verify } from '../support/verify.ts'

const K = 'etc/kubernetes'
const changed = (changes: Readonly<Record<string, string | null>>) => () => copyNode(TREE, changes)
const stock = () => copyNode(TREE)
const APISERVER = fileOf('apiserver')
const encrypted = (key: string) => openssl(['pkey', '-aes256', '-passout', 'pass:x'], key)

function behindIntermediate(order: (leaf: string, intermediate: string) => string): string {
  const by = makeIntermediate(authorityOf('ca'), '/CN=issuing')
  const key = newKey()
  const leaf = certificateFor('apiserver', key, { by })
  return copyNode(TREE, { [`${APISERVER}.crt`]: order(leaf, by.certificate), [`${APISERVER}.key`]: key })
}

proveChecks(PAIR_CHECKS, [
  {
    code: 'CERTIFICATE_MISSING',
    of: 'a pair has gone',
    tree: changed({ [`${APISERVER}.crt`]: null, [`${APISERVER}.key`]: null }),
    finds: {
      certificate: 'apiserver',
      severity: 'error',
      file: /pki\/apiserver\.crt$/,
      found: /^no such file$/,
      impact: /connect to the API server/,
      isRepaired: true,
    },
  },
  {
    code: 'CERTIFICATE_MISSING',
    of: 'its key is still there, and is kept beside',
    tree: changed({ [`${PKI}/etcd/server.crt`]: null }),
    finds: { certificate: 'etcd-server', severity: 'error', isRepaired: true },
  },
  {
    code: 'CERTIFICATE_MISSING',
    of: 'a kubeconfig of a component',
    tree: changed({ [`${K}/scheduler.conf`]: null }),
    finds: { certificate: 'scheduler.conf', severity: 'error', isRepaired: true },
  },
  {
    code: 'CERTIFICATE_MISSING',
    of: 'what no component works with is not as grave',
    tree: changed({ [`${K}/admin.conf`]: null, [`${PKI}/etcd/healthcheck-client.crt`]: null }),
    finds: { certificate: ['admin.conf', 'etcd-healthcheck-client'], severity: 'warning', isRepaired: true },
  },
  {
    code: 'CERTIFICATE_MISSING',
    of: 'a CA is never made anew',
    tree: changed({ [`${PKI}/ca.crt`]: null }),
    finds: {
      certificate: 'ca',
      severity: 'error',
      remedy: /^put the right \S+ca\.crt back: the other control-plane nodes/,
    },
  },
  {
    code: 'CERTIFICATE_MISSING',
    of: 'of a CA elsewhere a request is made',
    tree: () => copyNode('external-ca', { [`${APISERVER}.crt`]: null, [`${APISERVER}.key`]: null }),
    finds: {
      certificate: 'apiserver',
      severity: 'error',
      remedy: /^kubepki certs generate-csr apiserver --root/,
    },
  },
  {
    code: 'CERTIFICATE_MISSING',
    of: 'a copy of a kubeconfig that was named',
    tree: stock,
    args: ['--kubeconfig', 'ROOT/home/.kube/config'],
    finds: { certificate: 'ROOT/home/.kube/config', severity: 'error', remedy: /--kubeconfig/ },
  },
  {
    code: 'CERTIFICATE_MISSING',
    of: 'H57, H59: no super-admin.conf; a host of etcd alone',
    tree: () => copyNode('etcd-only'),
  },
  { code: 'CERTIFICATE_MISSING', of: 'a worker', tree: () => copyNode('worker') },
  {
    code: 'CERTIFICATE_UNREADABLE',
    of: 'prose in place of a certificate',
    tree: changed({ [`${APISERVER}.crt`]: 'hello\n' }),
    finds: { certificate: 'apiserver', severity: 'error', found: /no PEM block/, isRepaired: true },
  },
  {
    code: 'CERTIFICATE_UNREADABLE',
    of: 'cut off; armour around no certificate',
    tree: changed({
      [`${PKI}/front-proxy-client.crt`]: readFixture('defects/truncated.crt'),
      [`${PKI}/etcd/peer.crt`]: readFixture('defects/garbage-der.crt'),
    }),
    finds: { certificate: ['front-proxy-client', 'etcd-peer'], severity: 'error' },
  },
  {
    code: 'CERTIFICATE_UNREADABLE',
    of: 'a kubeconfig that is none',
    tree: changed({ [`${K}/controller-manager.conf`]: readFixture('defects/not-yaml.conf') }),
    finds: { certificate: 'controller-manager.conf', severity: 'error', isRepaired: true },
  },
  {
    code: 'CERTIFICATE_UNREADABLE',
    of: 'H4: it refers to a file that has gone',
    tree: changed({
      [`${K}/admin.conf`]: kubeconfigOf('admin.conf').replace(
        /client-certificate-data: .*/,
        'client-certificate: /no/such.crt',
      ),
    }),
    finds: {
      certificate: 'admin.conf',
      severity: 'error',
      found: /does not exist: .*no\/such\.crt/,
      isRepaired: true,
    },
  },
  {
    code: 'CERTIFICATE_UNREADABLE',
    of: 'a CA',
    tree: changed({ [`${PKI}/front-proxy-ca.crt`]: 'x' }),
    finds: { certificate: 'front-proxy-ca', severity: 'error', remedy: /^put the right/ },
  },
  {
    code: 'CERTIFICATE_UNREADABLE',
    of: 'a user with a token is somebody’s choice',
    tree: changed({ 'home/config': readFixture('defects/token-user.conf') }),
    args: ['--kubeconfig', 'ROOT/home/config'],
    finds: { certificate: 'ROOT/home/config', severity: 'info', remedy: /^none needed$/ },
  },
  {
    code: 'CERTIFICATE_UNREADABLE',
    of: 'H14, H15, H20, H21: text, CRLF, blank lines, no last line end are read by all',
    tree: () => {
      const leaf = readFixture('nodes', TREE, `${APISERVER}.crt`)
      const proxy = readFixture('nodes', TREE, `${PKI}/front-proxy-client.crt`)
      return copyNode(TREE, {
        [`${APISERVER}.crt`]: `Certificate:\n    Data:\n${leaf.replaceAll('\n', '\r\n')}`,
        [`${PKI}/front-proxy-client.crt`]: `\n\n${proxy.trimEnd()}`,
      })
    },
  },
  {
    code: 'KEY_MISSING',
    of: 'a certificate without its key',
    tree: changed({ [`${APISERVER}.key`]: null }),
    finds: { certificate: 'apiserver', severity: 'error', file: /apiserver\.key$/, isRepaired: true },
  },
  {
    code: 'KEY_MISSING',
    of: 'of a CA elsewhere a request with a new key is made',
    tree: () => copyNode('external-ca', { [`${APISERVER}.key`]: null }),
    finds: {
      certificate: 'apiserver',
      severity: 'error',
      remedy: /^kubepki certs renew apiserver --csr-only/,
    },
  },
  { code: 'KEY_MISSING', of: 'CA keys elsewhere', tree: () => copyNode('external-ca') },
  {
    code: 'KEY_UNREADABLE',
    of: 'H27: an encrypted key, and one that is none',
    tree: changed({ [`${APISERVER}.key`]: encrypted(newKey()), [`${PKI}/etcd/peer.key`]: 'hello' }),
    finds: { certificate: ['apiserver', 'etcd-peer'], severity: 'error', file: /\.key$/, isRepaired: true },
  },
  {
    code: 'KEY_UNREADABLE',
    of: 'P50: that of a CA',
    tree: changed({ [`${PKI}/ca.key`]: encrypted(authorityOf('ca').key) }),
    finds: {
      certificate: 'ca',
      severity: 'error',
      found: /encrypted/,
      impact: /signs nothing here/,
      remedy: /^put the right \S+ca\.key back/,
    },
  },
  {
    code: 'KEY_UNREADABLE',
    of: 'H72: SEC1 with parameters, PKCS#8',
    tree: () => {
      const key = readFixture('nodes', TREE, `${APISERVER}.key`)
      const file = inFile(key)
      return copyNode(TREE, {
        [`${APISERVER}.key`]: openssl(['pkcs8', '-topk8', '-nocrypt', '-in', file]),
        [`${PKI}/ca.key`]: openssl(['ecparam', '-name', 'prime256v1']) + authorityOf('ca').key,
      })
    },
  },
  {
    code: 'KEY_MISMATCH',
    of: 'H2: the renewal was killed between key and certificate',
    tree: changed({ [`${APISERVER}.key`]: newKey() }),
    finds: {
      certificate: 'apiserver',
      severity: 'error',
      file: /apiserver\.key$/,
      expected: /the key of \S+apiserver\.crt, CN=kube-apiserver \(key [0-9a-f]{12}\)$/,
      found: /^another one: key [0-9a-f]{12}$/,
      isRepaired: true,
    },
  },
  {
    code: 'KEY_MISMATCH',
    of: 'the key of another row',
    tree: changed({ [`${PKI}/etcd/peer.key`]: readFixture('nodes', TREE, PKI, 'etcd/server.key') }),
    finds: { certificate: 'etcd-peer', severity: 'error', found: /that of etcd-server$/, isRepaired: true },
  },
  {
    code: 'KEY_MISMATCH',
    of: 'inside a kubeconfig, of an RSA certificate an ECDSA key',
    tree: () => {
      const scheduler = kubeconfigOf('scheduler.conf')
      const key = Buffer.from(newKey()).toString('base64')
      return copyNode(TREE, {
        [`${K}/scheduler.conf`]: scheduler.replace(/(client-key-data: ).*/, `$1${key}`),
      })
    },
    finds: { certificate: 'scheduler.conf', severity: 'error', isRepaired: true },
  },
  {
    code: 'KEY_MISMATCH',
    of: 'H37: of a CA elsewhere, whose answer came for another key',
    tree: () => copyNode('external-ca', { [`${APISERVER}.key`]: newKey() }),
    finds: { certificate: 'apiserver', severity: 'error', remedy: /--csr-only/ },
  },
  {
    code: 'KEY_MISMATCH',
    of: 'the leaf is the second of its file',
    tree: () => behindIntermediate((leaf, ca) => ca + leaf),
  },
  {
    code: 'LEAF_NOT_FIRST',
    of: 'its issuer stands before it',
    tree: () => behindIntermediate((leaf, ca) => ca + leaf),
    finds: {
      certificate: 'apiserver',
      severity: 'error',
      found: /^CN=issuing .* first, the key's certificate is number 2 of 2$/,
      remedy: /leaf first/,
    },
  },
  { code: 'LEAF_NOT_FIRST', of: 'in order', tree: () => behindIntermediate((leaf, ca) => leaf + ca) },
  {
    code: 'CA_KEY_MISMATCH',
    of: 'H38: restored from another cluster',
    tree: changed({ [`${PKI}/ca.key`]: makeRoot('/CN=kubernetes').key }),
    finds: {
      certificate: 'ca',
      severity: 'error',
      file: /ca\.key$/,
      expected: /the key of \S+ca\.crt: CN=kubernetes \(key/,
      impact: /signs nothing here/,
      remedy: /^put the right/,
    },
  },
  {
    code: 'CA_KEY_MISMATCH',
    of: 'the key of another CA of the node is named',
    tree: changed({ [`${PKI}/front-proxy-ca.key`]: authorityOf('ca').key }),
    finds: { certificate: 'front-proxy-ca', severity: 'error', found: /that of ca$/ },
  },
  {
    code: 'CA_KEY_MISMATCH',
    of: 'H29: the key is that of the third of four',
    tree: () => {
      const others = ['a', 'b', 'c'].map(name => makeRoot(`/CN=${name}`).certificate)
      const [first, second, last] = others
      return copyNode(TREE, { [`${PKI}/ca.crt`]: `${first}${second}${authorityOf('ca').certificate}${last}` })
    },
  },
  {
    code: 'CA_KEY_ELSEWHERE',
    of: 'H37: etcd’s CA key is here, the others are not',
    tree: () => copyNode('external-ca'),
    finds: {
      certificate: ['ca', 'front-proxy-ca'],
      severity: 'info',
      file: /ca\.key$/,
      remedy: /^kubepki certs renew all --within 30d --csr-only --root/,
    },
  },
  { code: 'CA_KEY_ELSEWHERE', of: 'on a worker no CA key belongs', tree: () => copyNode('worker') },
])

describe('a leaf that stands second in its file', () => {
  it('is looked at all the same, and nothing else is said of its issuer', async () => {
    const { findings } = await verify(
      behindIntermediate((leaf, ca) => ca + leaf),
      'apiserver',
    )
    const codes = findings.filter(({ severity }) => severity !== 'info').map(({ code }) => code)
    expect(codes).toEqual(['LEAF_NOT_FIRST'])
  })
})

describe('what the remedy leaves', () => {
  it('the old files stand beside the new ones', async () => {
    const root = copyNode(TREE, { [`${APISERVER}.crt`]: 'hello\n' })
    const { findings } = await verify(root, 'apiserver')
    const { remedy } = findings.find(({ code }) => code === 'CERTIFICATE_UNREADABLE') ?? { remedy: '' }
    const at = (name: string) => join(root, PKI, name)
    expect(remedy.split(' # ')[0]).toBe(
      [
        `mv --backup=numbered ${at('apiserver.crt')} ${at('apiserver.crt.old')}`,
        `mv --backup=numbered ${at('apiserver.key')} ${at('apiserver.key.old')}`,
        `kubepki init phase certs apiserver --encryption-algorithm ECDSA-P256 --root ${root}`,
      ].join(' && '),
    )
  })

  it('a path with a space is one word', async () => {
    const root = join(copyNode(TREE), 'a b')
    const { findings } = await verify(copyNode(TREE), '--kubeconfig', `${root}/config`)
    expect(findings.map(({ file }) => file)).toContain(`${root}/config`)
    const { stdout } = await kubepki(
      'certs',
      'verify',
      '--root',
      copyNode(TREE),
      '--cert-dir',
      root,
      '-o',
      'json',
    )
    const remedies = (JSON.parse(stdout) as { findings: { remedy: string }[] }).findings.map(
      ({ remedy }) => remedy,
    )
    expect(remedies.filter(remedy => remedy.includes('--cert-dir'))).not.toEqual([])
    for (const remedy of remedies) expect(remedy).not.toMatch(/--cert-dir [^']/)
  })

  it("the admin's copy replaces an old one, which is kept", async () => {
    const old = makeRoot('/CN=kubernetes')
    const key = newKey()
    const [certificate = ''] = Object.values(
      pairFor('apiserver-kubelet-client', {
        by: old,
        key,
        days: 5,
        subject: '/O=system:masters/CN=kubernetes-admin',
      }),
    )
    const root = copyNode(TREE, { 'home/config': embedding(kubeconfigOf('admin.conf'), certificate, key) })
    const { findings } = await verify(root, '--kubeconfig', join(root, 'home/config'))
    const mine = findings.filter(({ certificate: name }) => name.endsWith('home/config'))
    expect(mine.map(({ remedy }) => remedy)).toContain(
      `cp --backup=numbered ${join(root, K, 'admin.conf')} ${join(root, 'home/config')}`,
    )
  })

  it('the CA stands before the leaf: no kubeconfig is told that its server has no name', async () => {
    const file = `${PKI}/apiserver.crt`
    const text = authorityOf('ca').certificate + readFixture('nodes', TREE, file)
    expect(await codesOf(copyNode(TREE, { [file]: text }))).toEqual(['LEAF_NOT_FIRST apiserver'])
  })

  it('no key is in any of it', async () => {
    const root = copyNode(TREE, filesOfCa('ca', makeRoot('/CN=kubernetes')))
    const { stdout } = await kubepki('certs', 'verify', '--root', root, '-o', 'json')
    expect(stdout).not.toMatch(/PRIVATE|-----/)
  })
})
