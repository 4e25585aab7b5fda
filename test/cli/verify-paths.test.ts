import { describe, expect, it } from 'vitest'
import { AUTHORITY_CHECKS } from '../../src/pki/checks/authorities.ts'
import { BUNDLE_CHECKS } from '../../src/pki/checks/bundles.ts'
import { ISSUER_CHECKS } from '../../src/pki/checks/issuers.ts'
import { PATH_CHECKS } from '../../src/pki/checks/paths.ts'
import { proveChecks } from '../support/check-cases.ts'
import { copyNode, readFixture } from '../support/node.ts'
import {
  authorityOf,
  CA_EXTENSIONS,
  certificateFor,
  embedding,
  fileOf,
  filesOfCa,
  kubeconfigOf,
  makeIntermediate,
  makeRoot,
  newKey,
  PKI,
  pairFor,
  type RootOptions,
  reissued,
  TREE,
} from '../support/rows.ts'
import { codesOf, verify } from '../support/verify.ts'

const APISERVER = fileOf('apiserver')
const ca = authorityOf('ca')
const changed = (changes: Readonly<Record<string, string | null>>) => () => copyNode(TREE, changes)
const leafOf = (name: string) => readFixture('nodes', TREE, PKI, `${name}.crt`)
const caWith = (extensions: string, options: RootOptions = {}) =>
  changed(filesOfCa('ca', reissued(ca, { extensions, ...options })))
const SKI = 'subjectKeyIdentifier=hash'
const SIGNS = 'keyUsage=critical,keyCertSign'

/** The leaf of the API server below an intermediate, behind which the rest stands. */
function twoTiers(rest: (intermediate: string) => string, options: RootOptions = {}): string {
  const by = makeIntermediate(ca, '/CN=issuing', options)
  return copyNode(TREE, pairFor('apiserver', { by, behind: rest(by.certificate) }))
}

/** A kubeconfig that trusts another CA. */
const trusting = (kubeconfig: string, certificate: string) =>
  kubeconfig.replace(/(certificate-authority-data: ).*/, `$1${Buffer.from(certificate).toString('base64')}`)

const CLUSTERS = [
  ...['apiserver', 'apiserver-kubelet-client'],
  ...['admin.conf', 'kubelet.conf', 'controller-manager.conf', 'scheduler.conf'],
]
const ETCDS = ['apiserver-etcd-client', 'etcd-healthcheck-client', 'etcd-peer', 'etcd-server']

proveChecks(PATH_CHECKS, [
  {
    code: 'NOT_SIGNED_BY_CA',
    of: 'by a CA of the same name that nobody here has',
    tree: changed(pairFor('apiserver', { by: makeRoot('/CN=kubernetes') })),
    finds: {
      certificate: 'apiserver',
      severity: 'error',
      expected: /^signed by ca: CN=kubernetes \(key [0-9a-f]{12}\)$/,
      found:
        /^signed by another key of the name CN=kubernetes \(key identifier [0-9a-f]{40}\), which is nowhere on this node$/,
      isRepaired: true,
    },
  },
  {
    code: 'NOT_SIGNED_BY_CA',
    of: 'by one that a kubeconfig still trusts, told by its key',
    tree: () => {
      const old = makeRoot('/CN=kubernetes')
      return copyNode(TREE, {
        ...pairFor('apiserver', { by: old }),
        'etc/kubernetes/admin.conf': trusting(kubeconfigOf('admin.conf'), old.certificate),
      })
    },
    finds: {
      certificate: 'apiserver',
      severity: 'error',
      found: /^signed by CN=kubernetes \(key [0-9a-f]{12}\)$/,
    },
  },
  {
    code: 'NOT_SIGNED_BY_CA',
    of: 'by itself',
    tree: () => {
      const { certificate, key } = makeRoot('/CN=kube-apiserver', {
        extensions: 'extendedKeyUsage=serverAuth',
      })
      return copyNode(TREE, { [`${APISERVER}.crt`]: certificate, [`${APISERVER}.key`]: key })
    },
    finds: { certificate: 'apiserver', severity: 'error', found: /^signed by itself: CN=kube-apiserver/ },
  },
  {
    code: 'NOT_SIGNED_BY_CA',
    of: 'H33: a new CA was made over the old one: it is the CA that is wrong',
    tree: changed(filesOfCa('etcd/ca', makeRoot('/CN=etcd-ca'))),
    finds: {
      certificate: ETCDS,
      severity: 'error',
      remedy: /^put the right \S+etcd\/ca\.crt back/,
    },
  },
  {
    code: 'NOT_SIGNED_BY_CA',
    of: 'H29: leaf issuer and three parents in one bundle, in any order',
    tree: () => {
      const root = makeRoot('/CN=root')
      const one = makeIntermediate(root, '/CN=one')
      const two = makeIntermediate(one, '/CN=two')
      const bundle = [root, two, ca, one].map(({ certificate }) => certificate).join('')
      return copyNode(TREE, { [`${PKI}/ca.crt`]: bundle })
    },
  },
  {
    code: 'NOT_SIGNED_BY_CA',
    of: 'a copy of a kubeconfig of another cluster is none of this one’s',
    tree: () => {
      const other = makeRoot('/CN=kubernetes')
      const key = newKey()
      const [certificate = ''] = Object.values(pairFor('apiserver-kubelet-client', { by: other, key }))
      const config = embedding(trusting(kubeconfigOf('admin.conf'), other.certificate), certificate, key)
      return copyNode(TREE, { 'home/config': config })
    },
    args: ['--kubeconfig', 'ROOT/home/config'],
  },
  {
    code: 'WRONG_CA',
    of: 'H36: the cluster’s CA in place of etcd’s',
    tree: changed(pairFor('apiserver-etcd-client', { by: ca })),
    finds: {
      certificate: 'apiserver-etcd-client',
      severity: 'error',
      expected: /^signed by etcd-ca: CN=etcd-ca \(key/,
      found: /^signed by the ca of this node: CN=kubernetes \(key/,
      impact: /cannot reach etcd/,
      isRepaired: true,
    },
  },
  {
    code: 'WRONG_CA',
    of: 'P34: the front proxy’s client by the cluster’s CA',
    tree: changed(pairFor('front-proxy-client', { by: ca })),
    finds: { certificate: 'front-proxy-client', severity: 'error', isRepaired: true },
  },
  {
    code: 'WRONG_CA',
    of: 'one CA for all roles',
    tree: changed({
      ...filesOfCa('etcd/ca', ca),
      ...Object.assign(
        {},
        ...(['etcd-server', 'etcd-peer', 'apiserver-etcd-client'] as const).map(row =>
          pairFor(row, { by: ca }),
        ),
      ),
      [`${PKI}/etcd/healthcheck-client.crt`]: null,
    }),
  },
  {
    code: 'INTERMEDIATE_MISSING',
    of: 'H31: renewed as a leaf alone; another file has the intermediate',
    tree: () => {
      const by = makeIntermediate(ca, '/CN=issuing')
      return copyNode(TREE, {
        ...pairFor('apiserver', { by }),
        ...pairFor('apiserver-kubelet-client', { by, behind: by.certificate }),
      })
    },
    finds: {
      certificate: 'apiserver',
      severity: 'error',
      expected: /^CN=issuing behind the certificate/,
      found: /^nothing behind it; the intermediate is in \S+apiserver-kubelet-client\.crt$/,
      remedy:
        /^put the certificate of CN=issuing, which is in \S+ , behind|^put the certificate of CN=issuing/,
    },
  },
  { code: 'INTERMEDIATE_MISSING', of: 'it is where it belongs', tree: () => twoTiers(one => one) },
  {
    code: 'CHAIN_ORDER',
    of: 'the root before the intermediate',
    tree: () => twoTiers(one => ca.certificate + one),
    finds: { certificate: 'apiserver', severity: 'warning', found: /^CN=kubernetes stands where/ },
  },
  { code: 'CHAIN_ORDER', of: 'the root at the end', tree: () => twoTiers(one => one + ca.certificate) },
])

proveChecks(ISSUER_CHECKS, [
  {
    code: 'KEY_IDENTIFIER_DRIFT',
    of: 'H34: the CA again for its key, with another subjectKeyIdentifier',
    tree: caWith(`subjectKeyIdentifier=01:02:03\nbasicConstraints=critical,CA:TRUE\n${SIGNS}`),
    finds: {
      certificate: CLUSTERS,
      severity: 'warning',
      expected: /key 010203$/,
      found: /^key [0-9a-f]{40}$/,
      impact: /OpenSSL/,
      remedy: /^put the old \S+pki\/ca\.crt back, or sign it again/,
    },
  },
  {
    code: 'KEY_IDENTIFIER_DRIFT',
    of: 'one leaf, which a renewal puts right',
    tree: changed(
      pairFor('apiserver', { more: 'authorityKeyIdentifier=keyid,issuer:always', by: reissued(ca) }),
    ),
    finds: {
      certificate: 'apiserver',
      severity: 'warning',
      found: /, serial number [0-9A-F]+$/,
      isRepaired: true,
    },
  },
  {
    code: 'KEY_IDENTIFIER_DRIFT',
    of: 'the CA has no identifier at all: nothing to compare',
    tree: caWith(`subjectKeyIdentifier=none\nbasicConstraints=critical,CA:TRUE\n${SIGNS}`),
  },
  {
    code: 'KEY_IDENTIFIER_DRIFT',
    of: 'both certificates of the CA are in its file',
    tree: changed({
      [`${PKI}/ca.crt`]:
        reissued(ca, {
          extensions: `subjectKeyIdentifier=01:02:03\nbasicConstraints=critical,CA:TRUE\n${SIGNS}`,
          days: 7000,
        }).certificate + ca.certificate,
    }),
  },
  {
    code: 'ISSUER_ENCODING_DRIFT',
    of: 'H34: openssl req -x509 for the old key writes the name as UTF8String, kubeadm as PrintableString',
    tree: changed({ [`${PKI}/ca.crt`]: makeRoot('/CN=kubernetes', { key: ca.key }).certificate }),
    finds: {
      certificate: CLUSTERS,
      severity: 'error',
      expected: /^the subject of CN=kubernetes \(key .*byte for byte$/,
      impact: /unknown authority/,
      remedy: /^put the old \S+pki\/ca\.crt back, or sign it again/,
    },
  },
  {
    code: 'ISSUER_ENCODING_DRIFT',
    of: 'one leaf, which a renewal puts right',
    tree: changed(pairFor('apiserver', { by: makeRoot('/CN=kubernetes', { key: ca.key }) })),
    finds: { certificate: 'apiserver', severity: 'error', isRepaired: true },
  },
  { code: 'ISSUER_ENCODING_DRIFT', of: 'the very bytes', tree: changed(filesOfCa('ca', reissued(ca))) },
])

proveChecks(BUNDLE_CHECKS, [
  {
    code: 'CA_NAME_SHARED',
    of: 'H33, P38: a kubeconfig still trusts the CA of the old cluster',
    tree: changed({
      'etc/kubernetes/kubelet.conf': trusting(
        kubeconfigOf('kubelet.conf'),
        makeRoot('/CN=kubernetes').certificate,
      ),
    }),
    finds: {
      certificate: 'ca',
      severity: 'warning',
      expected: /^one CA named CN=kubernetes: CN=kubernetes \(key [0-9a-f]{12}\)$/,
      found: /^also CN=kubernetes \(key [0-9a-f]{12}\), from 2026-11-21T00:00:00Z, in \S+kubelet\.conf$/,
    },
  },
  {
    code: 'CA_NAME_SHARED',
    of: 'two CAs of one node: by design',
    tree: changed(filesOfCa('front-proxy-ca', makeRoot('/CN=kubernetes'))),
    finds: { certificate: ['ca', 'front-proxy-ca'], severity: 'info' },
  },
  {
    code: 'CA_NAME_SHARED',
    of: 'H30: old and new one in one bundle, on the way from one to the other',
    tree: () => {
      const old = makeRoot('/CN=kubernetes').certificate
      return copyNode(TREE, {
        [`${PKI}/ca.crt`]: ca.certificate + old,
        'etc/kubernetes/kubelet.conf': trusting(kubeconfigOf('kubelet.conf'), old),
      })
    },
  },
  {
    code: 'CA_NAME_SHARED',
    of: 'the last stage of a rotation: kubeconfigs trust both, and one is left in the file',
    tree: () => {
      const both = ca.certificate + makeRoot('/CN=kubernetes').certificate
      return copyNode(TREE, {
        'etc/kubernetes/kubelet.conf': trusting(kubeconfigOf('kubelet.conf'), both),
      })
    },
    finds: { certificate: 'ca', severity: 'info', remedy: /^none needed while .*kubelet\.conf$/ },
  },
  {
    code: 'CA_BUNDLE_ORDER',
    of: 'H30: the old one first, the key is the new one’s',
    tree: changed({ [`${PKI}/ca.crt`]: makeRoot('/CN=kubernetes').certificate + ca.certificate }),
    finds: {
      certificate: 'ca',
      severity: 'warning',
      impact: /kubeadm/,
      remedy: /^put the certificate of CN=kubernetes \(key \w+\) first/,
    },
  },
  {
    code: 'CA_BUNDLE_ORDER',
    of: 'H30: the new one first',
    tree: changed({ [`${PKI}/ca.crt`]: ca.certificate + makeRoot('/CN=kubernetes').certificate }),
  },
  {
    code: 'CA_BUNDLE_NOT_CA',
    of: 'a leaf has got into it',
    tree: changed({ [`${PKI}/ca.crt`]: ca.certificate + leafOf('apiserver') }),
    finds: { certificate: 'ca', severity: 'warning', found: /^CN=kube-apiserver \(key \w+\) is no CA$/ },
  },
  {
    code: 'CA_BUNDLE_NOT_CA',
    of: 'two CAs',
    tree: changed({ [`${PKI}/ca.crt`]: ca.certificate + makeRoot('/CN=other').certificate }),
  },
  {
    code: 'CA_BUNDLE_EXPIRED',
    of: 'the old one is over',
    tree: changed({ [`${PKI}/ca.crt`]: ca.certificate + makeRoot('/CN=old', { days: 5 }).certificate }),
    finds: { certificate: 'ca', severity: 'info', found: /^CN=old .* has expired$/ },
  },
  {
    code: 'CA_BUNDLE_EXPIRED',
    of: 'it is not over yet',
    tree: changed({ [`${PKI}/ca.crt`]: ca.certificate + makeRoot('/CN=old', { days: 15 }).certificate }),
  },
])

proveChecks(AUTHORITY_CHECKS, [
  {
    code: 'NOT_A_CA',
    of: 'H42: CA:FALSE',
    tree: caWith(`${SKI}\nbasicConstraints=critical,CA:FALSE`),
    finds: { certificate: 'ca', severity: 'error', found: /^CA:FALSE$/ },
  },
  {
    code: 'NOT_A_CA',
    of: 'the intermediate behind a leaf is none',
    tree: () => twoTiers(one => one, { extensions: 'basicConstraints=CA:FALSE' }),
    finds: { certificate: 'apiserver', severity: 'error', expected: /in CN=issuing/, found: /^CA:FALSE$/ },
  },
  {
    code: 'NOT_A_CA',
    of: 'basicConstraints that are not critical',
    tree: caWith(`${SKI}\nbasicConstraints=CA:TRUE`),
  },
  {
    code: 'CA_WITHOUT_KEY_CERT_SIGN',
    of: 'H42: digitalSignature alone',
    tree: caWith(`${SKI}\nbasicConstraints=critical,CA:TRUE\nkeyUsage=digitalSignature`),
    finds: { certificate: 'ca', severity: 'error', expected: /keyCertSign/, found: /^digitalSignature$/ },
  },
  {
    code: 'CA_WITHOUT_KEY_CERT_SIGN',
    of: 'no key usage: anything',
    tree: caWith(`${SKI}\nbasicConstraints=CA:TRUE`),
  },
  {
    code: 'CA_WITHOUT_KEY_IDENTIFIER',
    of: 'P53: none',
    tree: caWith(`subjectKeyIdentifier=none\nbasicConstraints=critical,CA:TRUE\n${SIGNS}`),
    finds: { certificate: 'ca', severity: 'info', found: /^none$/ },
  },
  {
    code: 'CA_WITHOUT_KEY_IDENTIFIER',
    of: 'any',
    tree: caWith(`subjectKeyIdentifier=01:02\nbasicConstraints=CA:TRUE`),
  },
  {
    code: 'CA_PATH_LENGTH',
    of: 'H42: pathlen 0 above an intermediate',
    tree: () => {
      const root = reissued(ca, {
        extensions: `${SKI}\nbasicConstraints=critical,CA:TRUE,pathlen:0\n${SIGNS}`,
      })
      const by = makeIntermediate(root, '/CN=issuing')
      return copyNode(TREE, {
        ...filesOfCa('ca', root),
        ...pairFor('apiserver', { by, behind: by.certificate }),
      })
    },
    finds: {
      certificate: 'apiserver',
      severity: 'error',
      expected: /^at most 0 CAs below CN=kubernetes/,
      found: /^1$/,
    },
  },
  {
    code: 'CA_PATH_LENGTH',
    of: 'pathlen 0 above leaves alone',
    tree: caWith(`${SKI}\nbasicConstraints=critical,CA:TRUE,pathlen:0\n${SIGNS}`),
  },
  {
    code: 'CA_LIMITED',
    of: 'H42: a CA for serving alone, clients below it',
    tree: caWith(`${CA_EXTENSIONS}\nextendedKeyUsage=serverAuth`),
    finds: {
      certificate: CLUSTERS.filter(name => name !== 'apiserver'),
      severity: 'error',
      found: /^limited to serverAuth$/,
    },
  },
  {
    code: 'CA_LIMITED',
    of: 'names that it does not permit',
    tree: () => {
      const by = reissued(ca, {
        extensions: `${CA_EXTENSIONS}\nnameConstraints=critical,permitted;DNS:example.com`,
      })
      return copyNode(TREE, { ...filesOfCa('ca', by), ...pairFor('apiserver', { by }) })
    },
    finds: {
      certificate: 'apiserver',
      severity: 'error',
      expected: /kubernetes\.default/,
      found: /name constraints/,
    },
  },
  {
    code: 'CA_LIMITED',
    of: 'a leaf without usages, but with a role that the CA has no usage for',
    tree: () => {
      const by = reissued(ca, { extensions: `${CA_EXTENSIONS}\nextendedKeyUsage=serverAuth,clientAuth` })
      const only = makeIntermediate(by, '/CN=issuing', {
        extensions: `${CA_EXTENSIONS}\nextendedKeyUsage=clientAuth`,
      })
      return copyNode(TREE, {
        ...filesOfCa('ca', by),
        ...pairFor('apiserver', {
          by: only,
          behind: only.certificate,
          extensions: 'subjectAltName=DNS:cp-1',
        }),
      })
    },
    finds: { certificate: 'apiserver', severity: 'error', expected: /^serverAuth also of CN=issuing/ },
  },
  {
    code: 'CA_LIMITED',
    of: 'to what is needed: more usages of a leaf are nobody’s need',
    tree: () => {
      const by = reissued(ca, { extensions: `${CA_EXTENSIONS}\nextendedKeyUsage=serverAuth,clientAuth` })
      const more = 'extendedKeyUsage=serverAuth,codeSigning\nsubjectAltName=DNS:cp-1'
      return copyNode(TREE, { ...filesOfCa('ca', by), ...pairFor('apiserver', { by, extensions: more }) })
    },
  },
])

describe('certification paths that are sound', () => {
  it('a leaf, its intermediate behind it', async () => {
    expect(
      await codesOf(
        twoTiers(one => one),
        'apiserver',
      ),
    ).toEqual([])
  })

  it('an intermediate as the CA of the node, its root behind it or not', async () => {
    const root = makeRoot('/CN=corporate root')
    const by = makeIntermediate(root, '/CN=kubernetes', { key: ca.key })
    const key = newKey()
    for (const bundle of [by.certificate, by.certificate + root.certificate]) {
      const tree = copyNode(TREE, {
        [`${PKI}/ca.crt`]: bundle,
        [`${APISERVER}.crt`]: certificateFor('apiserver', key, { by }),
        [`${APISERVER}.key`]: key,
      })
      const { findings } = await verify(tree)
      const graver = findings.filter(
        ({ certificate, severity }) => certificate === 'apiserver' && severity !== 'info',
      )
      expect(graver).toEqual([])
    }
  })

  it('cross-signed: by the CA of the node and by another', async () => {
    const other = makeRoot('/CN=other')
    const by = makeIntermediate(ca, '/CN=issuing')
    const crossed = makeIntermediate(other, '/CN=issuing', { key: by.key })
    const tree = copyNode(TREE, pairFor('apiserver', { by, behind: crossed.certificate + by.certificate }))
    const codes = await codesOf(tree, 'apiserver')
    expect(codes.filter(code => !code.startsWith('CHAIN_ORDER'))).toEqual([])
  })

  it('external etcd and its CA are none of the node’s own', async () => {
    expect(await codesOf(copyNode('external-etcd'))).toEqual([])
  })

  it('a whole bundle of namesakes ends', async () => {
    const many = Array.from({ length: 20 }, () => makeRoot('/CN=kubernetes').certificate).join('')
    const tree = copyNode(TREE, { [`${PKI}/ca.crt`]: many + ca.certificate })
    const start = performance.now()
    expect((await codesOf(tree)).filter(code => code.startsWith('NOT_SIGNED'))).toEqual([])
    expect(performance.now() - start).toBeLessThan(5000)
  })
})
