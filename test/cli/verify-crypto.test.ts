import { describe, expect, it } from 'vitest'
import { CRYPTO_CHECKS } from '../../src/pki/checks/crypto.ts'
import { SERIAL_CHECKS } from '../../src/pki/checks/serials.ts'
import { P384, P521 } from '../support/certificates.ts'
import { proveChecks } from '../support/check-cases.ts'
import { copyNode, readFixture } from '../support/node.ts'
import {
  authorityOf,
  CA_EXTENSIONS,
  certificateFor,
  fileOf,
  filesOfCa,
  makeIntermediate,
  makeRoot,
  newKey,
  PKI,
  pairFor,
  type Row,
  reissued,
  resigned,
  signedOtherwise,
  TREE,
} from '../support/rows.ts'
import { verify } from '../support/verify.ts'

const ca = authorityOf('ca')
const changed = (changes: Readonly<Record<string, string | null>>) => () => copyNode(TREE, changes)
const stock = () => copyNode(TREE)
const rsa = (bits: number) => newKey(['-algorithm', 'RSA', '-pkeyopt', `rsa_keygen_bits:${bits}`])
const curve = (name: string) => newKey(['-algorithm', 'EC', '-pkeyopt', `ec_paramgen_curve:${name}`])
const withKey = (row: Row, key: string) => pairFor(row, { key })
const SERVES = 'extendedKeyUsage=serverAuth\nsubjectAltName=DNS:cp-1'

proveChecks(CRYPTO_CHECKS, [
  {
    code: 'KEY_WEAK',
    of: 'RSA with 1024 bits is weak, with 512 refused',
    tree: changed(withKey('apiserver', rsa(1024))),
    finds: { certificate: 'apiserver', severity: 'warning', found: /^RSA, 1024 bits$/, isRepaired: true },
  },
  {
    code: 'KEY_WEAK',
    of: 'with 512 bits Go refuses it',
    tree: changed(withKey('apiserver', rsa(512))),
    finds: { certificate: 'apiserver', severity: 'error', found: /^RSA, 512 bits$/, isRepaired: true },
  },
  {
    code: 'KEY_WEAK',
    of: 'that of an intermediate',
    tree: () => {
      const by = makeIntermediate(ca, '/CN=issuing', { key: rsa(1024) })
      return copyNode(TREE, pairFor('apiserver', { by, behind: by.certificate }))
    },
    finds: {
      certificate: 'apiserver',
      severity: 'warning',
      found: /^RSA, 1024 bits of CN=issuing, behind it$/,
    },
  },
  { code: 'KEY_WEAK', of: 'RSA with 2048 bits', tree: () => copyNode('stock-1.20') },
  {
    code: 'KEY_UNSUPPORTED',
    of: 'C31: curves that Go’s TLS has not',
    tree: changed({
      ...withKey('apiserver', curve('P-224')),
      ...withKey('front-proxy-client', curve('secp256k1')),
    }),
    finds: { certificate: ['apiserver', 'front-proxy-client'], severity: 'error', isRepaired: true },
  },
  {
    code: 'KEY_UNSUPPORTED',
    of: 'Ed25519: servers take it, kubeadm does not',
    tree: changed(withKey('apiserver', newKey(['-algorithm', 'ED25519']))),
    finds: { certificate: 'apiserver', severity: 'warning', found: /^Ed25519$/, isRepaired: true },
  },
  {
    code: 'KEY_UNSUPPORTED',
    of: 'of a CA',
    tree: changed(
      filesOfCa('front-proxy-ca', makeRoot('/CN=front-proxy-ca', { key: newKey(['-algorithm', 'ED25519']) })),
    ),
    finds: { certificate: 'front-proxy-ca', severity: 'warning', remedy: /^make a new CA/ },
  },
  {
    code: 'KEY_UNSUPPORTED',
    of: 'P27: P-384 and P-521',
    tree: changed({ ...withKey('apiserver', newKey(P384)), ...withKey('front-proxy-client', newKey(P521)) }),
  },
  {
    code: 'SIGNATURE_WEAK',
    of: 'SHA-1',
    tree: changed(signedOtherwise('apiserver', '-sha1')),
    finds: { certificate: 'apiserver', severity: 'error', found: /^SHA-1$/, isRepaired: true },
  },
  {
    code: 'SIGNATURE_WEAK',
    of: 'of a trusted CA’s own',
    tree: () => {
      const root = makeRoot('/CN=front-proxy-ca')
      const certificate = resigned(root.certificate, root, '-sha1')
      return copyNode(TREE, filesOfCa('front-proxy-ca', { ...root, certificate }))
    },
    finds: { certificate: 'front-proxy-ca', severity: 'info' },
  },
  { code: 'SIGNATURE_WEAK', of: 'SHA-512', tree: changed(signedOtherwise('apiserver', '-sha512')) },
  {
    code: 'SIGNATURE_UNSUPPORTED',
    of: 'SHA-224',
    tree: changed(signedOtherwise('apiserver', '-sha224')),
    finds: { certificate: 'apiserver', severity: 'error', found: /^ECDSA with SHA-224$/, isRepaired: true },
  },
  {
    code: 'SIGNATURE_UNSUPPORTED',
    of: 'SHA-384 on P-256; SHA-1 has a code of its own',
    tree: changed({ ...signedOtherwise('apiserver', '-sha384'), ...signedOtherwise('etcd-server', '-sha1') }),
  },
  {
    code: 'EXTENSION_REFUSED',
    of: 'a critical one that nobody knows',
    tree: changed(pairFor('apiserver', { more: '1.2.3.4=critical,ASN1:UTF8String:x' })),
    finds: { certificate: 'apiserver', severity: 'error', found: /^the critical extension 1\.2\.3\.4/ },
  },
  {
    code: 'EXTENSION_REFUSED',
    of: 'of a CA, which voids what it signed',
    tree: changed(
      filesOfCa('ca', reissued(ca, { extensions: `${CA_EXTENSIONS}\n1.2.3.4=critical,ASN1:UTF8String:x` })),
    ),
    finds: { certificate: 'ca', severity: 'error', remedy: /^make a new CA/ },
  },
  {
    code: 'EXTENSION_REFUSED',
    of: 'one that is not critical',
    tree: changed(pairFor('apiserver', { more: '1.2.3.4=ASN1:UTF8String:x' })),
  },
  {
    code: 'NO_SUBJECT_ALT_NAME',
    of: 'P53: the name in the CN alone',
    tree: changed(pairFor('apiserver', { extensions: 'extendedKeyUsage=serverAuth' })),
    finds: {
      certificate: 'apiserver',
      severity: 'error',
      found: /^none; subject CN=kube-apiserver$/,
      isRepaired: true,
    },
  },
  {
    code: 'NO_SUBJECT_ALT_NAME',
    of: 'clients have none',
    tree: changed(pairFor('front-proxy-client')),
  },
  {
    code: 'LEAF_IS_CA',
    of: 'a serving certificate that signs',
    tree: changed(pairFor('apiserver', { extensions: `basicConstraints=CA:TRUE\n${SERVES}` })),
    finds: { certificate: 'apiserver', severity: 'error', found: /^CA:TRUE$/, impact: /any user$/ },
  },
  {
    code: 'LEAF_IS_CA',
    of: 'without keyCertSign it signs nothing that Go takes',
    tree: changed(
      pairFor('etcd-server', {
        extensions: `basicConstraints=CA:TRUE\nkeyUsage=digitalSignature\n${SERVES}`,
      }),
    ),
    finds: { certificate: 'etcd-server', severity: 'warning', found: /without keyUsage keyCertSign$/ },
  },
  {
    code: 'LEAF_IS_CA',
    of: 'CA:FALSE said',
    tree: changed(pairFor('apiserver', { more: 'basicConstraints=critical,CA:FALSE' })),
  },
  {
    code: 'KEY_REUSED',
    of: 'one key for two rows',
    tree: changed(pairFor('etcd-peer', { key: readFixture('nodes', TREE, PKI, 'etcd/server.key') })),
    finds: {
      certificate: 'etcd-peer',
      severity: 'warning',
      found: /^the key of etcd-server, key [0-9a-f]{12}$/,
      isRepaired: true,
    },
  },
  {
    code: 'KEY_REUSED',
    of: 'the CA’s key in the hands of a server',
    tree: changed(pairFor('apiserver', { key: ca.key })),
    finds: {
      certificate: 'apiserver',
      severity: 'error',
      found: /^the key of ca,/,
      impact: /signs anything/,
      isRepaired: true,
    },
  },
  {
    code: 'KEY_REUSED',
    of: 'one pair in two places, as kubelet.conf and the file it refers to',
    tree: () => {
      const pair = Object.values(pairFor('etcd-server')) as [string, string]
      return copyNode(
        'stock-1.31',
        Object.fromEntries(
          ['etcd/server', 'etcd/peer'].flatMap(base => [
            [`${PKI}/${base}.crt`, pair[0]],
            [`${PKI}/${base}.key`, pair[1]],
          ]),
        ),
      )
    },
  },
  {
    code: 'KEY_ALGORITHM_MIXED',
    of: 'H65: kubeadm gives RSA keys to the kubeconfigs of an ECDSA cluster',
    tree: stock,
    finds: {
      certificate: ['admin.conf', 'controller-manager.conf', 'scheduler.conf'],
      severity: 'info',
      expected: /^ECDSA-P256, as its CA$/,
      found: /^RSA-2048$/,
      isRepaired: true,
    },
  },
  {
    code: 'KEY_ALGORITHM_MIXED',
    of: 'another curve is the same kind',
    tree: changed(withKey('apiserver', newKey(P384))),
    args: ['apiserver'],
  },
  {
    code: 'VALIDITY_TOO_LONG',
    of: 'P29: a hundred years',
    tree: changed(pairFor('apiserver', { days: 36_500 })),
    finds: {
      certificate: 'apiserver',
      severity: 'warning',
      found: /^valid until 2126-/,
      impact: /revocation/,
      isRepaired: true,
    },
  },
  {
    code: 'VALIDITY_TOO_LONG',
    of: 'by the policy of --max-validity',
    tree: stock,
    args: ['--max-validity', '90d', 'apiserver'],
    finds: {
      certificate: 'apiserver',
      severity: 'warning',
      expected: /^an end within 90d$/,
      isRepaired: true,
    },
  },
  { code: 'VALIDITY_TOO_LONG', of: 'ten years', tree: changed(pairFor('apiserver', { days: 3650 })) },
])

proveChecks(SERIAL_CHECKS, [
  {
    code: 'SERIAL_NEGATIVE',
    of: 'P53: Go 1.23 reads no file with one',
    tree: changed(signedOtherwise('apiserver', '-set_serial', '-5')),
    finds: {
      certificate: 'apiserver',
      severity: 'error',
      found: /^-05 of CN=kube-apiserver$/,
      impact: /whole file/,
      isRepaired: true,
    },
  },
  {
    code: 'SERIAL_NEGATIVE',
    of: 'anywhere in a bundle',
    tree: () => {
      const root = makeRoot('/CN=old')
      return copyNode(TREE, {
        [`${PKI}/ca.crt`]: ca.certificate + resigned(root.certificate, root, '-set_serial', '-1'),
      })
    },
    finds: { certificate: 'ca', severity: 'error', found: /^-01 of CN=old$/ },
  },
  {
    code: 'SERIAL_NEGATIVE',
    of: 'the highest bit behind a zero byte',
    tree: changed(signedOtherwise('apiserver', '-set_serial', '0x80')),
  },
  {
    code: 'SERIAL_ZERO',
    of: 'kubeadm’s CAs until 1.27',
    tree: () => copyNode('stock-1.20'),
    finds: {
      certificate: ['ca', 'front-proxy-ca', 'etcd-ca'],
      severity: 'info',
      found: /^0$/,
      remedy: /^none needed$/,
    },
  },
  { code: 'SERIAL_ZERO', of: 'those of 1.31', tree: () => copyNode('stock-1.31') },
  {
    code: 'SERIAL_TOO_LONG',
    of: '21 bytes',
    tree: changed(signedOtherwise('apiserver', '-set_serial', `0x01${'00'.repeat(20)}`)),
    finds: { certificate: 'apiserver', severity: 'info', found: /^21 bytes$/, isRepaired: true },
  },
  {
    code: 'SERIAL_TOO_LONG',
    of: '20 bytes',
    tree: changed(signedOtherwise('apiserver', '-set_serial', `0x01${'00'.repeat(19)}`)),
  },
  {
    code: 'SERIAL_REPEATED',
    of: 'two of one issuer',
    tree: changed({ ...signedOtherwise('apiserver'), ...signedOtherwise('apiserver-kubelet-client') }),
    finds: {
      certificate: 'apiserver-kubelet-client',
      severity: 'warning',
      found: /^4D, as apiserver has it$/,
      isRepaired: true,
    },
  },
  {
    code: 'SERIAL_REPEATED',
    of: 'one number of two issuers, one certificate in two places',
    tree: changed({ ...signedOtherwise('apiserver'), ...signedOtherwise('etcd-server') }),
  },
])

describe('what stands behind a leaf without leading anywhere', () => {
  it('is not judged for its algorithms', async () => {
    const stray = makeRoot('/CN=stray', { key: rsa(1024) })
    const key = newKey()
    const tree = copyNode(TREE, {
      [`${fileOf('apiserver')}.crt`]: certificateFor('apiserver', key) + stray.certificate,
      [`${fileOf('apiserver')}.key`]: key,
    })
    const { findings } = await verify(tree, 'apiserver')
    expect(findings.map(({ code }) => code)).not.toContain('KEY_WEAK')
  })
})
