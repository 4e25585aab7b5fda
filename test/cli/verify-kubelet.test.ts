/** `certs verify` over the kubelet's own files: each state that stops a kubelet, and its harmless neighbour. */
import { spawnSync } from 'node:child_process'
import {
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { KUBELET_CHECKS } from '../../src/pki/checks/kubelet.ts'
import { type MadeAuthority, makeAuthority, makeLeaf, openssl, P256 } from '../support/certificates.ts'
import { COMMAND, NOW } from '../support/host.ts'
import { copyNode, readFixture, tempDir } from '../support/node.ts'
import { findingOf, linesOf, verify } from '../support/verify.ts'

const told = linesOf(KUBELET_CHECKS)
const PKI = 'var/lib/kubelet/pki'
const CONF = 'etc/kubernetes/kubelet.conf'
const CONFIG = 'var/lib/kubelet/config.yaml'
const LINK = 'kubelet-client-current.pem'
const DATED = 'kubelet-client-2026-11-21-00-00-00.pem'

const CLUSTER: MadeAuthority = {
  certificate: readFixture('nodes/stock-1.20/etc/kubernetes/pki/ca.crt'),
  key: readFixture('nodes/stock-1.20/etc/kubernetes/pki/ca.key'),
}
const KEY = openssl(['pkey', '-traditional'], openssl(['genpkey', ...P256]))
const CLIENT = 'extendedKeyUsage=clientAuth'

interface Wanted {
  readonly subject?: string
  readonly extensions?: string
  readonly days?: number
  readonly shift?: number
}

function certificate(wanted: Wanted = {}, authority: MadeAuthority = CLUSTER): string {
  return makeLeaf(authority, KEY, {
    subject: '/O=system:nodes/CN=system:node:cp-1',
    extensions: CLIENT,
    ...wanted,
  })
}

const pem = (wanted: Wanted = {}) => certificate(wanted) + KEY

/** kubelet.conf as kubeadm init makes it. */
function embedding(leaf: string, user = 'system:node:cp-1'): string {
  const text = readFixture('nodes/stock-1.20', CONF)
  const base64 = (data: string) => Buffer.from(data).toString('base64')
  return text
    .replace(/client-certificate: .*/, `client-certificate-data: ${base64(leaf)}`)
    .replace(/client-key: .*/, `client-key-data: ${base64(KEY)}`)
    .replaceAll('system:node:cp-1', user)
}

/** As an operator runs it, at the clock of the fixtures; what would go to /root goes below the tree. */
function run(remedy: string, root: string, now = NOW.toISOString()) {
  const bin = tempDir()
  const script = (name: string, line: string) =>
    writeFileSync(join(bin, name), `#!/bin/sh\n${line}\n`, { mode: 0o755 })
  script('systemctl', `echo "$@" >> ${bin}/restarted`)
  script('kubepki', `exec ${COMMAND.join(' ')} "$@" --now ${now}`)
  const command = remedy.replaceAll('/root/', `${root}/root/`)
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` }
  const { status } = spawnSync('bash', ['-c', `mkdir -p ${root}/root; ${command}`], { env })
  return { status, isRestarted: existsSync(join(bin, 'restarted')) }
}

/** Puts a file, or a link, in the place of whatever is there; never through a link. */
function put(root: string, file: string, contents: string | { readonly to: string }): string {
  rmSync(join(root, file), { force: true })
  if (typeof contents === 'string') writeFileSync(join(root, file), contents, { mode: 0o600 })
  else symlinkSync(contents.to, join(root, file))
  return root
}

const node = (name: string, changes: Readonly<Record<string, string | null>> = {}) => copyNode(name, changes)
const withClient = (contents: string) => put(node('stock-1.20'), `${PKI}/${DATED}`, contents)

describe('certs verify: nodes as kubeadm and kubespray leave them', () => {
  it.each(['stock-1.20', 'stock-1.31', 'ecdsa', 'external-ca', 'external-etcd', 'kubespray'])(
    '%s',
    async name => {
      expect(await told(node(name))).toEqual([])
    },
  )

  it.each(['worker', 'etcd-only', 'ipv6-ha'])('%s', async name => {
    expect(await told(node(name))).toEqual([])
  })

  it('a year later: no way back, and a dead file that nobody verifies', async () => {
    expect(await told(node('expired'))).toEqual([
      'error KUBELET_CLIENT_EXPIRED kubelet-client-current.pem',
      'info KUBELET_SERVING_EXPIRED kubelet.crt',
    ])
  })
})

describe('certs verify: the certificate that the kubelet signs in with', () => {
  it('says how an expired one is made anew: here with the key of the CA', async () => {
    const root = node('expired')
    const { remedy, impact, found } = await findingOf(root, 'KUBELET_CLIENT_EXPIRED')
    expect(found).toBe('expired 183d ago, on 2026-06-01T00:00:00Z')
    expect(impact).toBe('the kubelet cannot reach the API server: the node goes NotReady')
    expect(remedy).toBe(
      `(umask 077 && kubepki kubeconfig user --client-name system:node:cp-1 --org system:nodes --root ${root} > ${root}/${CONF}.new) && mv --backup=numbered ${root}/${CONF}.new ${root}/${CONF} && mkdir -p -m 700 /root/kubelet-old && mv --backup=numbered ${root}/${PKI}/kubelet-client-*.pem /root/kubelet-old/ && systemctl restart kubelet`,
    )
  })

  it('and of a worker on a control-plane node, for the same endpoint', async () => {
    const { remedy } = await findingOf(
      node('worker'),
      'KUBELET_CLIENT_EXPIRED',
      '--now',
      '2028-01-01T00:00:00Z',
    )
    expect(remedy).toContain(
      'kubepki kubeconfig user --client-name system:node:worker-1 --org system:nodes --control-plane-endpoint 192.0.2.10:6443 > kubelet.conf.new',
    )
    expect(remedy).toContain('kubeadm token create --print-join-command')
  })

  it('has a way back with a bootstrap token', async () => {
    const root = node('expired', { 'etc/kubernetes/bootstrap-kubelet.conf': BOOTSTRAP })
    const found = await told(root)
    expect(found).toContain('error KUBELET_CLIENT_EXPIRED kubelet-client-current.pem')
    expect(found.join()).not.toContain('KUBELET_BOOTSTRAP')
    expect((await findingOf(root, 'KUBELET_CLIENT_EXPIRED')).remedy).toContain('bootstrap-kubelet.conf')
  })

  it('notes a bootstrap token on a node that has joined, and no bootstrap file without one', async () => {
    const path = 'etc/kubernetes/bootstrap-kubelet.conf'
    expect(await told(node('worker', { [path]: BOOTSTRAP }))).toEqual([
      'info KUBELET_BOOTSTRAP_TOKEN kubelet.conf',
    ])
    expect(await told(node('worker', { [path]: readFixture('nodes/worker', CONF) }))).toEqual([])
  })

  it('is not valid yet', async () => {
    const { severity, found } = await findingOf(
      withClient(pem({ shift: 11 })),
      'KUBELET_CLIENT_NOT_YET_VALID',
    )
    expect({ severity, found }).toEqual({
      severity: 'error',
      found: 'valid in 24h, from 2026-12-02T00:00:00Z',
    })
  })

  it('is told of when the last tenth of its life began, and not when the rotation may still come', async () => {
    expect(await told(withClient(pem({ days: 11 })))).toEqual([
      'warning KUBELET_CLIENT_NOT_ROTATED kubelet-client-current.pem',
    ])
    expect(await told(withClient(pem({ days: 12 })))).toEqual([])
  })

  it('of a kubeconfig that embeds it is told of a month before', async () => {
    const changes = { [CONF]: embedding(certificate({ days: 30 })), [PKI]: null }
    expect(await told(node('stock-1.20', changes))).toEqual([
      'warning KUBELET_CLIENT_NOT_ROTATED kubelet.conf',
    ])
    expect(await told(node('stock-1.20', changes), '--within', '10d')).toEqual([])
  })
})

/** What is left of the kubelet's way in, links as links. */
function wayIn(root: string): readonly string[] {
  const clients = readdirSync(join(root, PKI)).filter(name => name.startsWith('kubelet-client-'))
  return [...clients, readFileSync(join(root, CONF), 'utf8')]
}

describe('certs verify: the remedy of what the kubelet signs in with, run as it is printed', () => {
  const K8S = 'etc/kubernetes/pki'

  it('is not given where the CA files are swapped: that is what is said', async () => {
    const root = node('stock-1.31', {
      [`${K8S}/ca.crt`]: readFixture('nodes/stock-1.31', K8S, 'front-proxy-ca.crt'),
      [`${K8S}/front-proxy-ca.crt`]: readFixture('nodes/stock-1.31', K8S, 'ca.crt'),
    })
    const { findings } = await verify(root)
    const errors = findings.filter(({ severity }) => severity === 'error')
    expect(errors.map(({ code }) => code)).toEqual(['AUTHORITIES_SWAPPED'])
    expect(errors[0]?.remedy).not.toContain('kubelet')
  })

  it('destroys nothing where the CA has expired', async () => {
    const root = node('stock-1.31')
    const before = wayIn(root)
    const { remedy } = await findingOf(root, 'KUBELET_CLIENT_EXPIRED', '--now', '2037-01-01T00:00:00Z')
    expect(remedy).toMatch(/^first replace its CA: see CA_EXPIRED of ca; then /)
    for (const command of [remedy, remedy.replace(/^first .*?; then /, '')])
      expect(run(command, root, '2037-01-01T00:00:00Z').isRestarted).toBe(false)
    expect(wayIn(root)).toEqual(before)
  })

  it('lets the kubelet in again, and keeps what was there however often it is run', async () => {
    const root = node('expired')
    const { remedy } = await findingOf(root, 'KUBELET_CLIENT_EXPIRED')
    const old = readFileSync(join(root, CONF), 'utf8')
    expect(run(remedy, root)).toEqual({ status: 0, isRestarted: true })
    expect(readFileSync(join(root, `${CONF}.~1~`), 'utf8')).toBe(old)
    expect(await told(root)).toEqual(['info KUBELET_SERVING_EXPIRED kubelet.crt'])
    const kept = readdirSync(join(root, 'root/kubelet-old'))
    put(root, `${PKI}/${LINK}`, 'the only key')
    expect(run(remedy, root)).toEqual({ status: 0, isRestarted: true })
    expect(readdirSync(join(root, 'root/kubelet-old'))).toEqual(
      expect.arrayContaining([...kept, `${LINK}.~1~`]),
    )
  })
})

const BOOTSTRAP = `apiVersion: v1
kind: Config
clusters:
- name: kubernetes
  cluster: {server: "https://192.0.2.10:6443"}
users:
- name: tls-bootstrap-token-user
  user:
    token: abcdef.0123456789abcdef
`

describe('certs verify: where kubelet.conf leads', () => {
  it.each([
    { days: 5, severity: 'error', impact: /will not start again/ },
    { days: 30, severity: 'error', impact: /from then on the kubelet does not start/ },
    { days: 200, severity: 'warning', impact: /from then on/ },
  ])('embeds a certificate of $days days beside a newer one', async ({ days, severity, impact }) => {
    const root = node('stock-1.20', { [CONF]: embedding(certificate({ days })) })
    expect(await told(root)).toEqual([`${severity} KUBELET_CONF_OUTDATED kubelet.conf`])
    const finding = await findingOf(root, 'KUBELET_CONF_OUTDATED')
    expect(finding.impact).toMatch(impact)
    expect(finding.remedy).toBe(
      `kubectl config set-credentials system:node:cp-1 --client-certificate=/${PKI}/${LINK} --client-key=/${PKI}/${LINK} --kubeconfig=${root}/${CONF}`,
    )
  })

  it('embeds the very certificate that the kubelet has', async () => {
    const leaf = certificate()
    const root = put(node('stock-1.20', { [CONF]: embedding(leaf) }), `${PKI}/${DATED}`, leaf + KEY)
    expect(await told(root)).toEqual([])
  })

  it('refers to a dated file', async () => {
    const root = node('stock-1.20', {
      [CONF]: readFixture('nodes/stock-1.20', CONF).replaceAll(LINK, DATED),
    })
    expect(await told(root)).toEqual(['warning KUBELET_CONF_PINNED kubelet.conf'])
  })

  it('refers to a file of another kind: worth knowing while the kubelet rotates, else right', async () => {
    const other = readFixture('nodes/stock-1.20', CONF).replaceAll(
      `/${PKI}/${LINK}`,
      '/etc/kubernetes/node.pem',
    )
    const changes = { [CONF]: other, 'etc/kubernetes/node.pem': pem(), [PKI]: null }
    expect(await told(node('stock-1.20', changes))).toEqual(['info KUBELET_CONF_PINNED kubelet.conf'])
    const config = readFixture('nodes/stock-1.20', CONFIG).replace(
      'rotateCertificates: true',
      'rotateCertificates: false',
    )
    expect(await told(node('stock-1.20', { ...changes, [CONFIG]: config }))).toEqual([
      'warning KUBELET_ROTATION_OFF kubelet',
    ])
  })

  it('is missing: an error where a kubelet is, a warning while it joins, nothing on a host of etcd alone', async () => {
    expect(await told(node('worker', { [CONF]: null }))).toEqual(['error KUBELET_CONF_MISSING kubelet.conf'])
    const joining = { [CONF]: null, [PKI]: null, 'etc/kubernetes/bootstrap-kubelet.conf': BOOTSTRAP }
    expect(await told(node('worker', joining))).toEqual(['warning KUBELET_CONF_MISSING kubelet.conf'])
    expect(
      await told(node('etcd-only', { [CONFIG]: 'kind: KubeletConfiguration\nrotateCertificates: true\n' })),
    ).toEqual([])
  })

  it('may be elsewhere', async () => {
    const flags = 'KUBELET_EXTRA_ARGS="--kubeconfig=/etc/other/kubelet.conf"\n'
    expect(await told(node('worker', { [CONF]: null, 'etc/default/kubelet': flags }))).toEqual([])
  })

  it('has the name that kubeadm init with an external CA does not take', async () => {
    const conf = readFixture('nodes/external-ca', CONF).replaceAll('system:node:cp-1', 'default-auth')
    expect(await told(node('external-ca', { [CONF]: conf }))).toEqual(['info KUBELET_USER_NAME kubelet.conf'])
    const joined = readFixture('nodes/stock-1.20', CONF).replaceAll('system:node:cp-1', 'default-auth')
    expect(await told(node('stock-1.20', { [CONF]: joined }))).toEqual([])
  })
})

describe('certs verify: the link to the rotated certificate', () => {
  it('leads to nothing, and nothing else is there', async () => {
    const root = node('stock-1.20', { [`${PKI}/${DATED}`]: null })
    expect(await told(root)).toEqual(['error KUBELET_LINK_DANGLING kubelet-client-current.pem'])
    const { found, remedy } = await findingOf(root, 'KUBELET_LINK_DANGLING')
    expect(found).toBe(`a link to /${PKI}/${DATED}, which is not there`)
    expect(remedy).toContain('kubepki kubeconfig user --client-name system:node:')
  })

  it('is gone, and kubelet.conf refers to it', async () => {
    const root = node('stock-1.20', { [`${PKI}/${LINK}`]: null })
    expect(await told(root)).toEqual(['error KUBELET_LINK_DANGLING kubelet-client-current.pem'])
    const { found, remedy } = await findingOf(root, 'KUBELET_LINK_DANGLING')
    expect(found).toBe('no link, and kubelet.conf refers to it')
    expect(remedy).toBe(`ln -sfn /${PKI}/${DATED} ${root}/${PKI}/${LINK} && systemctl restart kubelet`)
    expect(await told(node('ecdsa'))).toEqual([])
  })

  it('leads to nothing, and a good file is there', async () => {
    const root = put(node('stock-1.20'), `${PKI}/${LINK}`, { to: 'kubelet-client-2024-01-01-00-00-00.pem' })
    expect(await told(root)).toEqual(['error KUBELET_LINK_DANGLING kubelet-client-current.pem'])
    expect((await findingOf(root, 'KUBELET_LINK_DANGLING')).remedy).toBe(
      `ln -sfn /${PKI}/${DATED} ${root}/${PKI}/${LINK} && systemctl restart kubelet`,
    )
  })

  it.each([
    { days: 50, severity: 'error', more: ['error KUBELET_CLIENT_EXPIRED kubelet-client-current.pem'] },
    { days: 200, severity: 'warning', more: [] },
  ])('leads to an older file of $days days than there is', async ({ days, severity, more }) => {
    const old = 'kubelet-client-2026-08-13-00-00-00.pem'
    const root = node('stock-1.20', { [`${PKI}/${old}`]: pem({ shift: -100, days }) })
    put(root, `${PKI}/${LINK}`, { to: `/${PKI}/${old}` })
    expect(await told(root)).toEqual(
      expect.arrayContaining([`${severity} KUBELET_LINK_STALE ${LINK}`, ...more]),
    )
    expect((await findingOf(root, 'KUBELET_LINK_STALE')).remedy).toContain(`ln -sfn /${PKI}/${DATED} `)
    expect(await told(put(root, `${PKI}/${LINK}`, { to: `/${PKI}/${DATED}` }))).toEqual([])
  })

  it('does not mind newer files that would not do', async () => {
    const root = node('stock-1.20', {
      [`${PKI}/kubelet-client-2026-11-29-00-00-00.pem`]: certificate({ shift: 8 }),
      [`${PKI}/kubelet-client-2026-11-30-00-00-00.pem`]: '',
    })
    expect(await told(root)).toEqual([])
  })

  it('is a regular file', async () => {
    const root = node('stock-1.20')
    const text = readFileSync(join(root, PKI, DATED), 'utf8')
    put(root, `${PKI}/${LINK}`, text)
    expect(await told(root)).toEqual(['warning KUBELET_LINK_REPLACED kubelet-client-current.pem'])
    expect((await findingOf(root, 'KUBELET_LINK_REPLACED')).impact).toContain('cannot rotate')
  })

  it('leads to a certificate without its key', async () => {
    const root = withClient(certificate())
    expect(await told(root)).toContain('error KUBELET_KEY_MISSING kubelet-client-current.pem')
  })

  it('leads to an empty file', async () => {
    const root = withClient('')
    const { findings } = await verify(root)
    const empty = findings.filter(({ code }) => code === 'EMPTY_FILE')
    expect(empty.map(({ certificate, file }) => ({ certificate, file }))).toEqual([
      { certificate: LINK, file: `${root}/${PKI}/${LINK}` },
    ])
    expect(empty[0]?.remedy).toContain('kubepki kubeconfig user --client-name system:node:')
  })
})

describe('certs verify: whom the kubelet signs in as', () => {
  const as = (subject: string, name = 'stock-1.20', changes: Readonly<Record<string, string>> = {}) =>
    put(node(name, changes), `${PKI}/${DATED}`, pem({ subject }))

  it.each([
    '/O=system:masters/CN=kubernetes-admin',
    '/O=kubeadm:cluster-admins/CN=kubernetes-admin',
    '/O=system:nodes/O=system:masters/CN=system:node:cp-1',
  ])('%s: an administrator', async subject => {
    const root = as(subject, 'stock-1.20', { 'etc/hostname': 'cp-1\n' })
    expect(await told(root)).toEqual(['error KUBELET_IS_ADMIN kubelet.conf'])
    const { remedy, impact } = await findingOf(root, 'KUBELET_IS_ADMIN')
    expect(remedy).toContain('--client-name system:node:cp-1 ')
    expect(impact).toContain('the whole cluster')
  })

  it.each([
    '/CN=system:node:cp-1',
    '/O=system:node/CN=system:node:cp-1',
    '/O=system:nodes/CN=cp-1',
    '/O=system:nodes/O=x/CN=system:node:cp-1',
    '/O=system:nodes/CN=system:node:',
  ])('%s: no node', async subject => {
    expect(await told(as(subject))).toEqual(['error KUBELET_IDENTITY_WRONG kubelet.conf'])
  })

  const OTHER = '/O=system:nodes/CN=system:node:cp-2'

  it('as another node, by the name of the host and of its etcd', async () => {
    const root = as(OTHER, 'stock-1.20', { 'etc/hostname': 'cp-1\n' })
    expect(await told(root)).toEqual(['error KUBELET_OF_ANOTHER_NODE kubelet.conf'])
    const { expected, found, remedy } = await findingOf(root, 'KUBELET_OF_ANOTHER_NODE')
    expect({ expected, found }).toEqual({
      expected: 'CN=system:node:cp-1, as /etc/hostname has it',
      found: 'system:node:cp-2',
    })
    expect(remedy).toContain('--client-name system:node:cp-1 ')
  })

  it('as the flag of the kubelet says, whatever the host is called', async () => {
    const flags = (name: string) => ({
      'etc/hostname': 'vm-17\n',
      'var/lib/kubelet/kubeadm-flags.env': `KUBELET_KUBEADM_ARGS="--hostname-override=${name} --node-ip=192.0.2.10"\n`,
    })
    expect(await told(node('stock-1.20', flags('cp-1')))).toEqual([])
    expect(await told(node('stock-1.20', flags('cp-3')))).toEqual([
      'error KUBELET_OF_ANOTHER_NODE kubelet.conf',
    ])
  })

  it('by the name of the host alone, against the other files, with care', async () => {
    expect(await told(node('worker', { 'etc/hostname': 'worker-1\n' }))).toEqual([])
    expect(await told(node('worker', { 'etc/hostname': 'localhost\n' }))).toEqual([])
    expect(await told(node('worker', { 'etc/hostname': 'worker-7\n' }))).toEqual([
      'warning KUBELET_OF_ANOTHER_NODE kubelet.conf',
    ])
    const bare = { 'etc/hostname': 'worker-7\n', [`${PKI}/kubelet.crt`]: null, [`${PKI}/kubelet.key`]: null }
    expect(await told(node('worker', bare))).toEqual(['warning KUBELET_OF_ANOTHER_NODE kubelet.conf'])
  })

  it('unlike its etcd, with nothing that says how the host is called and one file for it', async () => {
    const own = certificate({ extensions: 'subjectAltName=DNS:cp-2' })
    const root = as(OTHER, 'stock-1.20', { [`${PKI}/kubelet.crt`]: own })
    expect(await told(root)).toEqual([])
    rmSync(join(root, PKI, 'kubelet.crt'))
    expect(await told(root)).toEqual(['warning KUBELET_OF_ANOTHER_NODE kubelet.conf'])
  })

  it('short where the host has a domain', async () => {
    const bare = {
      'etc/hostname': 'worker-1.example.test\n',
      [`${PKI}/kubelet.crt`]: null,
      [`${PKI}/kubelet.key`]: null,
    }
    expect(await told(node('worker', bare))).toEqual(['warning KUBELET_OF_ANOTHER_NODE kubelet.conf'])
    expect(await told(node('worker', { 'etc/hostname': 'worker-1.example.test\n' }))).toEqual([
      'info KUBELET_OF_ANOTHER_NODE kubelet.conf',
    ])
  })

  it('in upper case', async () => {
    expect(await told(as('/O=system:nodes/CN=system:node:CP-1'))).toEqual([
      'warning KUBELET_OF_ANOTHER_NODE kubelet.conf',
    ])
  })

  it("by --config, which may be another node's", async () => {
    const config = (name: string) => `apiVersion: kubeadm.k8s.io/v1beta3
kind: InitConfiguration
nodeRegistration:
  name: ${name}
---
apiVersion: kubeadm.k8s.io/v1beta3
kind: ClusterConfiguration
`
    const root = node('stock-1.20', { 'cp-1.yaml': config('cp-1'), 'cp-9.yaml': config('cp-9') })
    expect(await told(root, '--config', join(root, 'cp-1.yaml'))).toEqual([])
    expect(await told(root, '--config', join(root, 'cp-9.yaml'))).toEqual([
      'warning KUBELET_OF_ANOTHER_NODE kubelet.conf',
    ])
  })
})

const MANIFEST = 'etc/kubernetes/manifests/kube-apiserver.yaml'
const verifying = (tree = 'stock-1.20') => ({
  [MANIFEST]: readFixture('nodes', tree, MANIFEST).replace(
    '    - --allow-privileged=true\n',
    '    - --allow-privileged=true\n    - --kubelet-certificate-authority=/etc/kubernetes/pki/ca.crt\n',
  ),
})

describe('certs verify: what the kubelet serves', () => {
  const SERVER = 'kubelet-server-2026-11-21-00-00-00.pem'
  it('made by itself, where the API server verifies it', async () => {
    const found = await told(node('stock-1.20', verifying()))
    expect(found).toEqual(['error KUBELET_SERVING_UNTRUSTED kubelet.crt'])
  })

  it('signed by the cluster, where the API server verifies it', async () => {
    expect(await told(node('stock-1.31', verifying('stock-1.31')))).toEqual([])
  })

  it('expired, by who verifies it', async () => {
    const late = ['--now', '2028-01-01T00:00:00Z']
    const of = async (root: string) =>
      (await verify(root, ...late)).findings.filter(({ code }) => code === 'KUBELET_SERVING_EXPIRED')
    const [quiet] = await of(node('stock-1.20'))
    expect(quiet).toMatchObject({ severity: 'info', certificate: 'kubelet.crt' })
    const [verified] = await of(node('stock-1.20', verifying()))
    expect(verified).toMatchObject({ severity: 'error', certificate: 'kubelet.crt' })
    const [unknown] = await of(node('worker'))
    expect(unknown?.impact).toContain('not seen from here')
    // kubelet.crt is as old, and nobody serves it.
    const rotated = await of(node('stock-1.31'))
    expect(rotated.map(({ severity, certificate }) => `${severity} ${certificate}`)).toEqual([
      'error kubelet-server-current.pem',
    ])
  })

  it('about to end', async () => {
    const withServer = (days: number) => put(node('stock-1.31'), `${PKI}/${SERVER}`, serving31(days))
    expect(await told(withServer(11))).toEqual([
      'warning KUBELET_SERVING_ENDS_SOON kubelet-server-current.pem',
    ])
    expect(await told(withServer(12))).toEqual([])
    const own = { [`${PKI}/kubelet.crt`]: certificate({ days: 20, extensions: 'subjectAltName=DNS:cp-1' }) }
    expect(await told(node('stock-1.20', own))).toEqual(['info KUBELET_SERVING_ENDS_SOON kubelet.crt'])
    expect(await told(node('stock-1.20', { ...own, ...verifying() }))).toEqual([
      'warning KUBELET_SERVING_ENDS_SOON kubelet.crt',
    ])
  })

  const serving31 = (days: number) =>
    certificate(
      { days, extensions: 'extendedKeyUsage=serverAuth\nsubjectAltName=DNS:cp-1,IP:192.0.2.10' },
      {
        certificate: readFixture('nodes/stock-1.31/etc/kubernetes/pki/ca.crt'),
        key: readFixture('nodes/stock-1.31/etc/kubernetes/pki/ca.key'),
      },
    ) + KEY

  it('not valid yet', async () => {
    const own = { [`${PKI}/kubelet.crt`]: certificate({ shift: 20, extensions: 'subjectAltName=DNS:cp-1' }) }
    expect(await told(node('stock-1.20', own))).toEqual(['info KUBELET_SERVING_NOT_YET_VALID kubelet.crt'])
    expect(await told(node('stock-1.20', { ...own, ...verifying() }))).toEqual([
      'error KUBELET_SERVING_NOT_YET_VALID kubelet.crt',
    ])
  })

  it('nothing, while its request waits', async () => {
    const changes = { [`${PKI}/${SERVER}`]: null, [`${PKI}/kubelet-server-current.pem`]: null }
    const root = node('stock-1.31', changes)
    expect(await told(root)).toEqual(['warning KUBELET_SERVING_MISSING kubelet-server-current.pem'])
    expect((await findingOf(root, 'KUBELET_SERVING_MISSING')).remedy).toContain('kubepki csr approve')
  })

  const CUSTOM = `${readFixture('nodes/stock-1.20', CONFIG)}tlsCertFile: /etc/kubernetes/node.crt
tlsPrivateKeyFile: /etc/kubernetes/node.key
`

  it('what its configuration names, and not the file that it made', async () => {
    const leaf = certificate({ extensions: 'subjectAltName=DNS:cp-1' })
    const dead = certificate({ days: 5, extensions: 'subjectAltName=DNS:cp-1' })
    const changes = { [CONFIG]: CUSTOM, [`${PKI}/kubelet.crt`]: dead, ...verifying() }
    expect(await told(node('stock-1.20', { ...changes, 'etc/kubernetes/node.crt': leaf }))).toEqual([])
    expect(await told(node('stock-1.20', { ...changes, 'etc/kubernetes/node.crt': dead }))).toEqual([
      'error KUBELET_SERVING_EXPIRED kubelet',
    ])
    expect(await told(node('stock-1.20', changes))).toEqual(['error KUBELET_SERVING_MISSING kubelet'])
    expect(await told(node('stock-1.20', { ...changes, 'etc/kubernetes/node.crt': 'nothing' }))).toEqual([
      'error KUBELET_SERVING_MISSING kubelet',
    ])
  })

  it('for other names', async () => {
    const own = (names: string) =>
      node('stock-1.20', { [`${PKI}/kubelet.crt`]: certificate({ extensions: `subjectAltName=${names}` }) })
    expect(await told(own('DNS:cp-7'))).toEqual(['info KUBELET_SERVING_NAMES kubelet.crt'])
    expect(await told(own('IP:192.0.2.10'))).toEqual([])
  })

  it('half a pair', async () => {
    const changes = { [`${PKI}/kubelet.key`]: null }
    expect(await told(node('stock-1.20', changes))).toEqual(['error KUBELET_KEY_MISSING kubelet.crt'])
    expect(await told(node('stock-1.31', changes))).toEqual([])
  })
})

describe("certs verify: the kubelet's configuration", () => {
  const config = (change: (text: string) => string) =>
    node('stock-1.20', { [CONFIG]: change(readFixture('nodes/stock-1.20', CONFIG)) })

  it('does not rotate', async () => {
    for (const text of ['rotateCertificates: false\n', '']) {
      const root = config(before => before.replace('rotateCertificates: true\n', text))
      expect(await told(root)).toEqual(['warning KUBELET_ROTATION_OFF kubelet'])
    }
  })

  it('rotates by a flag', async () => {
    const root = config(before => before.replace('rotateCertificates: true\n', ''))
    writeFileSync(join(root, 'var/lib/kubelet/kubeadm-flags.env'), 'A="--v=2 --rotate-certificates"\n')
    expect(await told(root)).toEqual([])
  })

  it('has letters in the wrong case', async () => {
    const root = config(before => `${before}ServerTLSBootstrap: true\n`)
    expect(await told(root)).toEqual(['warning KUBELET_FIELD_IGNORED kubelet'])
    const { expected, found, remedy } = await findingOf(root, 'KUBELET_FIELD_IGNORED')
    expect({ expected, found }).toEqual({ expected: 'serverTLSBootstrap', found: 'ServerTLSBootstrap' })
    expect(remedy).toContain('s/\\bServerTLSBootstrap:/serverTLSBootstrap:/')
    expect(await told(config(before => before.replace('clientCAFile', 'clientCaFile')))).toEqual([
      'warning KUBELET_FIELD_IGNORED kubelet',
      'warning KUBELET_CLIENT_CA kubelet',
    ])
  })

  it('verifies its clients by another CA', async () => {
    const stranger = makeAuthority('kubernetes', P256).certificate
    const naming = (text: string | null) =>
      node('stock-1.20', {
        [CONFIG]: readFixture('nodes/stock-1.20', CONFIG).replace('pki/ca.crt', 'kubelet-ca.crt'),
        ...(text !== null && { 'etc/kubernetes/kubelet-ca.crt': text }),
      })
    expect(await told(naming(stranger))).toEqual(['error KUBELET_CLIENT_CA kubelet'])
    expect(await told(naming(null))).toEqual(['error KUBELET_CLIENT_CA kubelet'])
    expect(await told(naming('prose'))).toEqual(['error KUBELET_CLIENT_CA kubelet'])
    expect(await told(naming(stranger + CLUSTER.certificate))).toEqual([])
  })

  it("is kubespray's, where its flags name that", async () => {
    const changes = {
      'etc/kubernetes/kubelet.env':
        'KUBELET_ARGS="--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf \\\n--config=/etc/kubernetes/kubelet-config.yaml \\\n--kubeconfig=/etc/kubernetes/kubelet.conf"\n',
      'etc/kubernetes/kubelet-config.yaml':
        'kind: KubeletConfiguration\nauthentication:\n  x509:\n    clientCAFile: /etc/kubernetes/ssl/ca.crt\nrotateCertificates: true\nserverTLSBootstrap: true\n',
    }
    const root = node('kubespray', changes)
    expect(await told(root)).toEqual(['warning KUBELET_SERVING_MISSING kubelet-server-current.pem'])
  })

  it('is not looked at where it cannot be read', async () => {
    const whole = await verify(node('stock-1.20'))
    expect(whole.notLookedAt.map(({ what }) => what)).not.toContain("the kubelet's configuration")
    const { notLookedAt } = await verify(node('stock-1.20', { [CONFIG]: '{' }))
    expect(notLookedAt).toContainEqual(expect.objectContaining({ what: "the kubelet's configuration" }))
  })
})

it('never writes through the link of a copy', () => {
  const root = node('stock-1.20')
  renameSync(join(root, PKI, DATED), join(root, PKI, 'moved'))
  expect(existsSync(join(root, PKI, LINK))).toBe(false)
})
