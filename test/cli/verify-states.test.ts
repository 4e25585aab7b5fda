/** Whole nodes in the states that operators have found them in, and all that is said of each: nothing is left out. */
import { chmodSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { makeLeaf, openssl, RSA_2048 } from '../support/certificates.ts'
import { kubepki } from '../support/host.ts'
import { copyNode, readFixture } from '../support/node.ts'
import { authorityIn, type Changes, flagged, K, newKey, pair, textIn, withUser } from '../support/replaced.ts'
import { verify } from '../support/verify.ts'

const PKI = `${K}/pki`
const KUBELET = 'var/lib/kubelet/pki'
const LINK = `${KUBELET}/kubelet-client-current.pem`
const DATED = `${KUBELET}/kubelet-client-2026-11-21-00-00-00.pem`
const API = 'kube-apiserver'
const CLUSTER = authorityIn('stock-1.31', 'ca')

const node = (changes: Changes = {}, tree = 'stock-1.31') => copyNode(tree, changes)
const fileOf = (file: string, tree = 'stock-1.31') => readFixture('nodes', tree, file)
const base64 = (text: string) => Buffer.from(text).toString('base64')

/** The tree after a step on its files. */
function after(step: (root: string) => void, changes: Changes = {}, tree = 'stock-1.31'): string {
  const root = node(changes, tree)
  step(root)
  return root
}

function kubeletClient(subject: string, { days = 365, shift = 0 } = {}): string {
  const key = newKey()
  return makeLeaf(CLUSTER, key, { subject, extensions: 'extendedKeyUsage=clientAuth', days, shift }) + key
}

const kubelets = (name: string) => `/O=system:nodes/CN=system:node:${name}`
const ownKubelet = (subject: string, wanted = {}) => ({ [DATED]: kubeletClient(subject, wanted) })

/** kubelet.conf with a certificate of its own in it. */
function embedded(
  subject: string,
  wanted: { days?: number; shift?: number } = {},
  user = 'default-auth',
): string {
  const key = newKey()
  const extensions = 'extendedKeyUsage=clientAuth'
  const certificate = makeLeaf(CLUSTER, key, { subject, extensions, days: 365, ...wanted })
  return textIn('stock-1.31', 'kubelet.conf')
    .replace(/client-certificate: .*/, `client-certificate-data: ${base64(certificate)}`)
    .replace(/client-key: .*/, `client-key-data: ${base64(key)}`)
    .replace(/^( +user|- name): system:node:cp-1$/gm, `$1: ${user}`)
}

const kubeconfig = (file: string, change: (text: string) => string) => ({
  [`${K}/${file}`]: change(textIn('stock-1.31', file)),
})
const crtOf = (text: string) =>
  Buffer.from(/client-certificate-data: (\S+)/.exec(text)?.[1] ?? '', 'base64').toString()
const withCertificate = (text: string, data: string) =>
  text.replace(/(client-certificate-data:) .*/, `$1 ${data}`)

interface State {
  readonly of: string
  readonly root: () => string
  readonly args?: (root: string) => string[]
  /** Errors and warnings: all of them. */
  readonly told: readonly string[]
  /** Of the notes, these are among them. */
  readonly notes?: readonly string[]
}

const APISERVER_CRT = `${PKI}/apiserver.crt`
const crt = (text: string) => node({ [APISERVER_CRT]: text })
const original = fileOf(APISERVER_CRT)

const STATES: readonly State[] = [
  {
    of: 'H5: a full disk left a certificate empty',
    root: () => crt(''),
    told: ['error EMPTY_FILE apiserver'],
  },
  {
    of: 'H5: a full disk left the kubelet’s file empty',
    root: () => node({ [DATED]: '' }),
    told: ['error EMPTY_FILE kubelet-client-current.pem', 'error KUBELET_BOOTSTRAP_MISSING kubelet.conf'],
  },
  {
    of: 'H6: a certificate is a link to another place of the node',
    root: () =>
      after(
        root => {
          rmSync(join(root, APISERVER_CRT))
          symlinkSync('/vault/apiserver.crt', join(root, APISERVER_CRT))
        },
        { 'vault/apiserver.crt': original },
      ),
    told: [],
  },
  {
    of: 'H6: and one that leads to nothing',
    root: () =>
      after(root => {
        rmSync(join(root, APISERVER_CRT))
        symlinkSync('/vault/apiserver.crt', join(root, APISERVER_CRT))
      }),
    told: ['error CERTIFICATE_UNREADABLE apiserver'],
  },
  {
    of: 'H8: certificates are in /etc/kubernetes/ssl, and no API server is up',
    root: () => node({}, 'kubespray'),
    told: [],
  },
  {
    of: 'H9: a key that others can read',
    root: () => after(root => chmodSync(join(root, PKI, 'apiserver.key'), 0o644)),
    told: ['error KEY_READABLE_BY_OTHERS apiserver'],
  },
  {
    of: 'H10: a key that its owner may only read',
    root: () => after(root => chmodSync(join(root, PKI, 'apiserver.key'), 0o400)),
    told: [],
  },
  {
    of: 'H12: backups beside live files are no alarm, expired or not',
    root: () =>
      node({
        [`${PKI}/apiserver.crt.bak`]: fileOf(APISERVER_CRT, 'expired'),
        [`${PKI}/backup-2023/apiserver.crt`]: fileOf(APISERVER_CRT, 'expired'),
        [`${K}/kubelet.conf.save`]: 'old',
      }),
    told: [],
    notes: ['STALE_BACKUP backups'],
  },
  {
    of: 'H16: a byte order mark first',
    root: () => crt(`\ufeff${original}`),
    told: ['error PEM_NOT_FOR_KUBERNETES apiserver'],
  },
  {
    of: 'H18: every line indented',
    root: () => crt(original.replace(/^/gm, '  ')),
    told: ['error PEM_NOT_FOR_KUBERNETES apiserver'],
  },
  {
    of: 'H19: two files run together without a line end',
    root: () => crt(original.trimEnd() + fileOf(`${PKI}/ca.crt`)),
    told: ['error PEM_NOT_FOR_KUBERNETES apiserver'],
  },
  {
    of: 'H22: the label of OpenSSL’s trust settings',
    root: () => crt(original.replaceAll('CERTIFICATE', 'TRUSTED CERTIFICATE')),
    told: ['error PEM_NOT_FOR_KUBERNETES apiserver'],
  },
  {
    of: 'H23: DER in place of PEM',
    root: () =>
      after(root => {
        const file = join(root, APISERVER_CRT)
        openssl(['x509', '-in', file, '-outform', 'DER', '-out', `${file}.der`])
        writeFileSync(file, readFileSync(`${file}.der`))
        rmSync(`${file}.der`)
      }),
    told: ['error CERTIFICATE_UNREADABLE apiserver'],
  },
  {
    of: 'H24: base64 of base64 in a kubeconfig',
    root: () => node(kubeconfig('admin.conf', text => withCertificate(text, base64(base64(crtOf(text)))))),
    told: ['error CERTIFICATE_UNREADABLE admin.conf'],
  },
  {
    of: 'H25: the key before the certificate in the kubelet’s file',
    root: () => {
      const text = fileOf(DATED)
      const [key] = /-----BEGIN \w+ ?PRIVATE KEY[\s\S]*?END[^\n]*\n/.exec(text) ?? ['']
      return node({ [DATED]: key + text.replace(key, '') })
    },
    told: [],
  },
  {
    of: 'H26: EC PARAMETERS before the key',
    root: () => {
      const key = openssl(['ecparam', '-name', 'prime256v1', '-genkey'])
      const certificate = makeLeaf(CLUSTER, key, {
        subject: '/CN=kube-apiserver-kubelet-client/O=kubeadm:cluster-admins',
        extensions: 'extendedKeyUsage=clientAuth',
      })
      return node({
        [`${PKI}/apiserver-kubelet-client.crt`]: certificate,
        [`${PKI}/apiserver-kubelet-client.key`]: key,
      })
    },
    told: [],
  },
  {
    of: 'H28: base64 with spaces in a kubeconfig',
    root: () =>
      node(
        kubeconfig('admin.conf', text =>
          withCertificate(text, `"${base64(crtOf(text)).replace(/(.{60})/g, '$1 ')}"`),
        ),
      ),
    told: ['error PEM_NOT_FOR_KUBERNETES admin.conf'],
  },
  {
    of: 'H41: the front proxy’s CA is the cluster’s',
    root: () => {
      const anew = { subject: '/CN=front-proxy-client', extensions: 'extendedKeyUsage=clientAuth' }
      return node({
        [`${PKI}/front-proxy-ca.crt`]: fileOf(`${PKI}/ca.crt`),
        [`${PKI}/front-proxy-ca.key`]: fileOf(`${PKI}/ca.key`),
        ...pair('front-proxy-client', CLUSTER, anew),
      })
    },
    told: ['error FRONT_PROXY_CA_SHARED front-proxy-ca'],
  },
  {
    of: 'H44: kubelet.conf has an old certificate in it, and the rotated file is newer',
    root: () =>
      node({
        [`${K}/kubelet.conf`]: embedded(kubelets('cp-1'), { days: 15, shift: -10 }, 'system:node:cp-1'),
      }),
    told: ['error KUBELET_CONF_OUTDATED kubelet.conf'],
  },
  {
    of: 'H45: the kubelet’s link is a regular file',
    root: () =>
      after(root => {
        rmSync(join(root, LINK))
        writeFileSync(join(root, LINK), fileOf(DATED), { mode: 0o600 })
      }),
    told: ['warning KUBELET_LINK_REPLACED kubelet-client-current.pem'],
  },
  {
    of: 'H45: the kubelet’s link leads to nothing',
    root: () =>
      after(root => {
        rmSync(join(root, LINK))
        symlinkSync('kubelet-client-2020-01-01-00-00-00.pem', join(root, LINK))
      }),
    told: ['error KUBELET_LINK_DANGLING kubelet-client-current.pem'],
  },
  {
    of: 'H45: the kubelet’s link leads to an old file',
    root: () => {
      const old = `${KUBELET}/kubelet-client-2026-09-01-00-00-00.pem`
      return after(
        root => {
          rmSync(join(root, LINK))
          symlinkSync(`/${old}`, join(root, LINK))
          chmodSync(join(root, old), 0o600)
        },
        { [old]: kubeletClient(kubelets('cp-1'), { days: 300, shift: -80 }) },
      )
    },
    told: ['warning KUBELET_LINK_STALE kubelet-client-current.pem'],
  },
  {
    of: 'H45: the kubelet’s file has a certificate and no key',
    root: () =>
      node({ [DATED]: fileOf(DATED).replace(/-----BEGIN \w+ ?PRIVATE KEY[\s\S]*?END[^\n]*\n/, '') }),
    told: ['error KUBELET_KEY_MISSING kubelet-client-current.pem'],
  },
  {
    of: 'H47: the kubelet is kubernetes-admin',
    root: () => node(ownKubelet('/O=system:masters/CN=kubernetes-admin')),
    told: ['error KUBELET_IS_ADMIN kubelet.conf'],
  },
  {
    of: 'H48: the kubelet is another node',
    root: () => node({ ...ownKubelet(kubelets('cp-2')), 'etc/hostname': 'cp-1\n' }),
    told: ['error KUBELET_OF_ANOTHER_NODE kubelet.conf'],
  },
  {
    of: 'H48: the name of the node has capitals',
    root: () => node(ownKubelet(kubelets('CP-1'))),
    told: ['warning KUBELET_OF_ANOTHER_NODE kubelet.conf'],
  },
  {
    of: 'H49: the user in kubelet.conf is default-auth, and the CA is elsewhere',
    root: () =>
      node({
        [`${PKI}/ca.key`]: null,
        [`${K}/kubelet.conf`]: embedded(kubelets('cp-1')),
        [LINK]: null,
        [DATED]: null,
      }),
    told: ['error SIGNING_KEY_MISSING ca'],
    notes: ['KUBELET_USER_NAME kubelet.conf'],
  },
  {
    of: 'H50: a kubelet whose certificate has expired, with a bootstrap token',
    root: () =>
      node({
        ...ownKubelet(kubelets('cp-1'), { days: 5 }),
        [`${K}/bootstrap-kubelet.conf`]:
          'apiVersion: v1\nkind: Config\nusers: [{name: b, user: {token: abcdef.0123456789abcdef}}]\n',
      }),
    told: ['error KUBELET_CLIENT_EXPIRED kubelet-client-current.pem'],
  },
  {
    of: 'H51: kubelet.crt has expired, and nobody verifies it',
    root: () => node(ownServing(), 'stock-1.20'),
    told: [],
    notes: ['KUBELET_SERVING_EXPIRED kubelet.crt'],
  },
  {
    of: 'H51: kubelet.crt has expired, and the API server verifies it',
    root: () =>
      flagged(
        API,
        { 'kubelet-certificate-authority': '/etc/kubernetes/pki/ca.crt' },
        ownServing(),
        'stock-1.20',
      ),
    told: ['error KUBELET_SERVING_EXPIRED kubelet.crt', 'error KUBELET_SERVING_UNTRUSTED kubelet.crt'],
  },
  {
    of: 'H52: kubelet.crt has expired, and another file serves',
    root: () => node(ownServing()),
    told: [],
  },
  {
    of: 'H53: a field of the kubelet’s configuration begins with a capital',
    root: () =>
      node({
        'var/lib/kubelet/config.yaml': fileOf('var/lib/kubelet/config.yaml').replace(
          'serverTLSBootstrap',
          'ServerTLSBootstrap',
        ),
      }),
    told: ['warning KUBELET_FIELD_IGNORED kubelet'],
  },
  {
    of: 'H54: the peer certificate of another node',
    root: () =>
      node(
        pair('etcd/peer', authorityIn('stock-1.31', 'etcd/ca'), {
          subject: '/CN=cp-2',
          extensions:
            'extendedKeyUsage=serverAuth,clientAuth\nsubjectAltName=DNS:cp-2,DNS:localhost,IP:192.0.2.11,IP:127.0.0.1,IP:::1',
        }),
      ),
    told: ['error SAN_NOT_THIS_NODE etcd-peer'],
  },
  {
    of: 'H55: sa.pub of another node',
    root: () => node({ [`${PKI}/sa.pub`]: fileOf(`${PKI}/sa.pub`, 'stock-1.20') }),
    told: ['error SERVICE_ACCOUNT_MISMATCH sa'],
  },
  {
    of: 'H60: an address among the DNS names, one as IPv6, one name twice',
    root: () =>
      node(
        pair('apiserver', CLUSTER, {
          subject: '/CN=kube-apiserver',
          extensions: `extendedKeyUsage=serverAuth\nsubjectAltName=${NAMES},DNS:192.0.2.77,DNS:cp-1,IP:::ffff:192.0.2.10`,
        }),
      ),
    told: ['warning ADDRESS_AS_DNS_NAME apiserver'],
    notes: ['ADDRESS_MAPPED apiserver', 'SAN_DUPLICATE apiserver'],
  },
  {
    of: 'H60: the address that the node is reached at is not among the names',
    root: () =>
      node(
        pair('apiserver', CLUSTER, {
          subject: '/CN=kube-apiserver',
          extensions: `extendedKeyUsage=serverAuth\nsubjectAltName=${NAMES.replace('IP:192.0.2.10', 'IP:192.0.2.99')}`,
        }),
      ),
    told: [
      'error SAN_MISSING apiserver',
      ...['admin.conf', 'super-admin.conf', 'kubelet.conf', 'controller-manager.conf', 'scheduler.conf'].map(
        name => `error SERVER_NOT_IN_CERTIFICATE ${name}`,
      ),
    ],
  },
  {
    of: 'H66: the API server goes to its kubelets as system:masters, from before 1.29',
    root: () =>
      node(
        pair('apiserver-kubelet-client', CLUSTER, {
          subject: '/O=system:masters/CN=kube-apiserver-kubelet-client',
          extensions: 'extendedKeyUsage=clientAuth',
        }),
      ),
    told: [],
    notes: ['SYSTEM_MASTERS_OUTDATED apiserver-kubelet-client'],
  },
  {
    of: 'H69: a pending request’s key was written over the live one',
    root: () =>
      node({
        [`${PKI}/apiserver.key`]: openssl(['pkey', '-traditional'], openssl(['genpkey', ...RSA_2048])),
      }),
    told: ['error KEY_MISMATCH apiserver'],
  },
  {
    of: 'H71: the certificate for kubelets came back for a server',
    root: () =>
      node(
        pair('apiserver-kubelet-client', CLUSTER, {
          subject: '/O=kubeadm:cluster-admins/CN=kube-apiserver-kubelet-client',
          extensions: 'extendedKeyUsage=serverAuth',
        }),
      ),
    told: ['error EXT_KEY_USAGE_WRONG apiserver-kubelet-client'],
  },
  {
    of: 'P13: a copy of admin.conf from before the last renewal',
    root: () =>
      node({
        'home/config': withUser(textIn('stock-1.31', 'admin.conf'), CLUSTER, {
          subject: '/O=kubeadm:cluster-admins/CN=kubernetes-admin',
          extensions: 'extendedKeyUsage=clientAuth',
          days: 100,
        }),
      }),
    args: root => ['--kubeconfig', join(root, 'home/config')],
    told: ['error KEY_READABLE_BY_OTHERS COPY', 'warning KUBECONFIG_COPY_OLD COPY'],
  },
]

const NAMES =
  'DNS:cp-1,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local,IP:10.96.0.1,IP:192.0.2.10'

/** Self-signed, over since five days. */
function ownServing(): Changes {
  const key = newKey()
  const authority = {
    certificate: readFixture('defects', 'good-ca.crt'),
    key: readFixture('defects', 'good-ca.key'),
  }
  const extensions = 'extendedKeyUsage=serverAuth\nsubjectAltName=DNS:cp-1'
  const certificate = makeLeaf(authority, key, { subject: '/CN=cp-1@1', extensions, days: 5 })
  return { [`${KUBELET}/kubelet.crt`]: certificate, [`${KUBELET}/kubelet.key`]: key }
}

describe('what is said of a node in the state', () => {
  it.each(STATES)('$of', async ({ root: build, args, told, notes = [] }) => {
    const root = build()
    const { findings } = await verify(root, ...(args?.(root) ?? []))
    const named = findings.map(
      ({ severity, code, certificate }) =>
        `${severity} ${code} ${certificate.replace(join(root, 'home/config'), 'COPY')}`,
    )
    expect(named.filter(line => !line.startsWith('info ')).toSorted()).toEqual([...told].toSorted())
    expect(named).toEqual(expect.arrayContaining(notes.map(note => `info ${note}`)))
    for (const { remedy, impact } of findings) expect([remedy, impact]).not.toContain('')
  })
})

it('H11, H13, H70: reads alone: no lock, no network, and nothing on the disk changes', async () => {
  const root = node()
  chmodSync(root, 0o555)
  const { exitCode, stdout } = await kubepki('certs', 'verify', '--root', root, '-o', 'json')
  chmodSync(root, 0o755)
  expect(exitCode).toBe(0)
  expect(JSON.parse(stdout).notLookedAt).toContainEqual(
    expect.objectContaining({ what: 'what the processes serve' }),
  )
})

it('H56, H57: dates of another day, and no super-admin.conf, are no finding of this node', async () => {
  const { findings } = await verify(node({ [`${K}/super-admin.conf`]: null }))
  expect(findings).toEqual([])
})
