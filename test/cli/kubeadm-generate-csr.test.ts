/** kubeadm's own test cases for `certs generate-csr` and `certs certificate-key`, by their numbers in our list of them. */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openssl, signRequest } from '../support/certificates.ts'
import { kubepki } from '../support/host.ts'
import {
  absent,
  conf,
  configFile,
  documentIn,
  EXTERNAL_ETCD,
  expectRefused,
  initCerts,
  initKubeconfigs,
  isThere,
  K,
  kubeconfigIn,
  linesOf,
  modesIn,
  NODE,
  PAPERWORK,
  read,
  said,
  wholeNode,
} from '../support/made.ts'
import { copyNode, fingerprint, readFixture, tempDir } from '../support/node.ts'

const generate = (root: string, ...args: string[]) =>
  kubepki('certs', 'generate-csr', ...NODE, ...args, '--root', root)
const csrs =
  (...args: string[]) =>
  (root: string) =>
    generate(root, ...args)

const LEAVES = [
  ...['apiserver', 'apiserver-kubelet-client', 'front-proxy-client', 'etcd/server', 'etcd/peer'],
  ...['etcd/healthcheck-client', 'apiserver-etcd-client'],
]
const CONFS = ['admin', 'super-admin', 'kubelet', 'controller-manager', 'scheduler']
const OLD_CONFS = CONFS.filter(name => name !== 'super-admin')
const OLD = ['--kubernetes-version', 'v1.28.0']
const NEW = ['--kubernetes-version', 'v1.31.4']

/** Subject, most specific first, and what the request asks for; openssl checks its signature. */
function requestIn(pem: string): { subject: string; names: string[]; publicKey: string } {
  openssl(['req', '-verify', '-noout'], pem)
  const subject = openssl(['req', '-noout', '-subject', '-nameopt', 'RFC2253'], pem)
  const text = openssl(['req', '-noout', '-text'], pem)
  const [, names = ''] = /Subject Alternative Name: *\n *(.+)\n/.exec(text) ?? []
  return {
    subject: subject.trim().replace('subject=', ''),
    names: names === '' ? [] : names.split(', '),
    publicKey: openssl(['req', '-noout', '-pubkey'], pem),
  }
}

const publicKeyOf = (key: string) => openssl(['pkey', '-pubout'], key)

function expectRequested(certDir: string, kubeconfigDir: string, confs: readonly string[]): void {
  for (const name of LEAVES) {
    const request = requestIn(readFileSync(join(certDir, `${name}.csr`), 'utf8'))
    expect(request.publicKey, name).toBe(publicKeyOf(readFileSync(join(certDir, `${name}.key`), 'utf8')))
  }
  for (const name of confs) {
    const { key = '' } = kubeconfigIn(readFileSync(join(kubeconfigDir, `${name}.conf`), 'utf8'))
    const request = requestIn(readFileSync(join(kubeconfigDir, `${name}.conf.csr`), 'utf8'))
    expect(request.publicKey, name).toBe(publicKeyOf(key))
  }
}

describe('what is made', () => {
  it('kubeadm 16: key and request of each, kubeconfigs with theirs, and the directories', async () => {
    const directory = tempDir()
    const [kubeconfigDir, certDir] = [join(directory, 'kubernetes'), join(directory, 'kubernetes/pki')]
    const places = ['--cert-dir', certDir, '--kubeconfig-dir', kubeconfigDir]
    const address = ['--apiserver-advertise-address', '192.0.2.1', '--apiserver-bind-port', '443']
    const root = tempDir()
    const outcome = await generate(root, ...places, ...address, '--service-cidr', '192.0.2.0/24', ...OLD)
    expect(outcome.exitCode).toBe(0)
    expectRequested(certDir, kubeconfigDir, OLD_CONFS)
    expect(fingerprint(root)).toEqual({})
    const { names } = requestIn(readFileSync(join(certDir, 'apiserver.csr'), 'utf8'))
    expect(names.slice(-1)).toEqual(['IP Address:192.0.2.1'])
    const scheduler = kubeconfigIn(readFileSync(join(kubeconfigDir, 'scheduler.conf'), 'utf8'))
    expect(scheduler.server).toBe('https://192.0.2.1:443')
  })

  it('kubeadm 17, 144: without flags in /etc/kubernetes and its pki', async () => {
    const root = tempDir()
    const outcome = await generate(root, ...NEW)
    expect(outcome.exitCode).toBe(0)
    expect(linesOf(outcome)).toEqual([
      `generating keys and CSRs in ${root}/${K}/pki`,
      ...LEAVES.map(name => `  ${name}`),
      `generating keys and CSRs in ${root}/${K}`,
      ...CONFS.map(name => `  ${name}.conf`),
    ])
    expectRequested(join(root, K, 'pki'), join(root, K), CONFS)
    const modes = Object.entries(modesIn(root, '.'))
    const [ours, kubeadms] = [true, false].map(isOurs =>
      modes.filter(([file]) => PAPERWORK.includes(file.replace('pki/', '')) === isOurs),
    )
    expect(ours).toEqual(PAPERWORK.map(file => [`pki/${file}`, '644']))
    expect(kubeadms).toHaveLength(2 * (LEAVES.length + CONFS.length))
    expect(new Set(kubeadms?.map(([, mode]) => mode))).toEqual(new Set(['600']))
    expect(statSync(join(root, K, 'pki/csr')).mode & 0o777).toBe(0o700)
    expect(isThere(root, 'pki/ca.key')).toBe(false)
    expect(isThere(root, 'pki/sa.key')).toBe(false)
  })

  it('kubeadm 18, 22: --cert-dir, --kubeconfig-dir', async () => {
    const [root, certDir, kubeconfigDir] = [tempDir(), join(tempDir(), 'pki'), join(tempDir(), 'conf')]
    const elsewhere = ['--cert-dir', certDir, '--kubeconfig-dir', kubeconfigDir]
    const { stdout } = await generate(root, ...elsewhere, '--dry-run')
    expect(stdout).toContain(`generating keys and CSRs in ${certDir}\n`)
    expect(stdout).toContain(`generating keys and CSRs in ${kubeconfigDir}\n`)
    await generate(root, '--cert-dir', certDir)
    expect(readdirSync(certDir)).toContain('apiserver.csr')
    expect(isThere(root, 'admin.conf.csr')).toBe(true)
    expect(isThere(root, 'pki')).toBe(false)
  })

  /** kubeadm's own flags are these two: the rest comes from the file. */
  const withConfig = (root: string, ...args: string[]) =>
    kubepki('certs', 'generate-csr', '--encryption-algorithm', 'ECDSA-P256', ...args, '--root', root)

  function customConfig(): string {
    const file = configFile('certificatesDir: /custom/config/certificates-dir')
    const more = [
      '---\napiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration',
      'localAPIEndpoint: {advertiseAddress: 192.0.2.1}\nnodeRegistration: {name: foo}\n',
    ]
    writeFileSync(file, readFileSync(file, 'utf8') + more.join('\n'))
    return file
  }

  it('kubeadm 19: directory and address of --config', async () => {
    const root = tempDir()
    const { stdout, exitCode } = await withConfig(root, '--config', customConfig())
    expect(exitCode).toBe(0)
    expect(stdout).toContain(`generating keys and CSRs in ${root}/custom/config/certificates-dir\n`)
    const csr = readFileSync(join(root, 'custom/config/certificates-dir/apiserver.csr'), 'utf8')
    expect(requestIn(csr).names).toContain('IP Address:192.0.2.1')
    expect(requestIn(csr).names).toContain('DNS:foo')
  })

  it('kubeadm 20: --config that does not exist -> exit 1, nothing written', async () => {
    const root = tempDir()
    const outcome = await withConfig(root, '--config', '/does/not/exist')
    expect(outcome).toMatchObject({ stdout: '', exitCode: 1 })
    expect(said(outcome, 'error')).toEqual([expect.stringContaining('/does/not/exist')])
    expect(fingerprint(root)).toEqual({})
  })

  it('kubeadm 21: --cert-dir wins over --config, whose address stays', async () => {
    const [root, certDir] = [tempDir(), join(tempDir(), 'pki')]
    await withConfig(root, '--config', customConfig(), '--cert-dir', certDir)
    expect(existsSync(join(root, 'custom'))).toBe(false)
    const { names } = requestIn(readFileSync(join(certDir, 'apiserver.csr'), 'utf8'))
    expect(names).toContain('IP Address:192.0.2.1')
    expect(conf(root, 'scheduler').server).toBe('https://192.0.2.1:6443')
  })

  it('kubeadm 75, 143: each request has the subject and the names that were configured', async () => {
    const root = tempDir()
    const sans = ['--apiserver-cert-extra-sans', 'lb.example.test,10.9.8.7,lb.example.test']
    await generate(root, ...NEW, ...sans, '--control-plane-endpoint', 'api.k8s.io')
    const asked = (file: string) => {
      const { subject, names } = requestIn(read(root, file))
      return names.length === 0 ? subject : [subject, ...names].join(' ')
    }
    const requests = [...LEAVES.map(name => `pki/${name}.csr`), ...CONFS.map(name => `${name}.conf.csr`)]
    expect(requests.map(asked)).toEqual([
      'CN=kube-apiserver DNS:api.k8s.io DNS:cp-1 DNS:kubernetes DNS:kubernetes.default DNS:kubernetes.default.svc ' +
        'DNS:kubernetes.default.svc.cluster.local DNS:lb.example.test IP Address:10.96.0.1 IP Address:192.0.2.10 ' +
        'IP Address:10.9.8.7',
      'CN=kube-apiserver-kubelet-client,O=kubeadm:cluster-admins',
      'CN=front-proxy-client',
      'CN=cp-1 DNS:cp-1 DNS:localhost IP Address:192.0.2.10 IP Address:127.0.0.1 IP Address:0:0:0:0:0:0:0:1',
      'CN=cp-1 DNS:cp-1 DNS:localhost IP Address:192.0.2.10 IP Address:127.0.0.1 IP Address:0:0:0:0:0:0:0:1',
      'CN=kube-etcd-healthcheck-client',
      'CN=kube-apiserver-etcd-client',
      'CN=kubernetes-admin,O=kubeadm:cluster-admins',
      'CN=kubernetes-super-admin,O=system:masters',
      'CN=system:node:cp-1,O=system:nodes',
      'CN=system:kube-controller-manager',
      'CN=system:kube-scheduler',
    ])
    const { server, user, context, certificate } = conf(root, 'admin')
    expect({ server, user, context, certificate }).toEqual({
      server: 'https://api.k8s.io:6443',
      user: 'kubernetes-admin',
      context: 'kubernetes-admin@kubernetes',
      certificate: undefined,
    })
  })

  it('kubeadm 78: of one alone, beside all that is there', async () => {
    const root = wholeNode(absent('pki/apiserver.crt', 'pki/apiserver.key', 'admin.conf'))
    const before = fingerprint(root)
    const outcome = await generate(root, 'apiserver', ...OLD)
    expect(outcome.exitCode).toBe(0)
    expect(said(outcome, 'warning')).toEqual([])
    expect(fingerprint(root)).toMatchObject(before)
    expect(requestIn(read(root, 'pki/apiserver.csr')).publicKey).toBe(
      publicKeyOf(read(root, 'pki/apiserver.key')),
    )
    expect(isThere(root, 'admin.conf.csr')).toBe(false)
    const bare = await generate(tempDir(), 'apiserver', ...NEW)
    expect(said(bare, 'warning')).toEqual([])
  })

  // kubeadm leaves it out, and refuses the file later.
  it('the CA, where it is here, is in the kubeconfigs; where it is not, a warning says so', async () => {
    const ca = readFixture('nodes/ecdsa', K, 'pki/ca.crt')
    const root = copyNode('ecdsa', { [`${K}`]: null, [`${K}/pki/ca.crt`]: ca })
    const outcome = await generate(root, ...NEW)
    expect(said(outcome, 'warning')).toEqual([])
    for (const name of CONFS) expect(conf(root, name).authority).toBe(ca)
    const bare = await generate(tempDir(), ...NEW)
    expect(said(bare, 'warning')).toEqual([expect.stringContaining('have no certificate-authority-data yet')])
  })

  // kubeadm makes those of etcd too.
  it('with external etcd nothing of etcd', async () => {
    const root = tempDir()
    const outcome = await generate(root, ...NEW, '--config', configFile(EXTERNAL_ETCD))
    expect(outcome.exitCode).toBe(0)
    const rows = ['apiserver', 'apiserver-kubelet-client', 'front-proxy-client']
    expect(Object.keys(modesIn(root, 'pki'))).toEqual(
      [...PAPERWORK, ...rows.flatMap(name => [`${name}.csr`, `${name}.key`])].toSorted(),
    )
    expect(isThere(root, 'admin.conf')).toBe(true)
  })

  it.each([
    ['1.28', false, 'CN=kube-apiserver-kubelet-client,O=system:masters'],
    ['1.36.0', true, 'CN=kube-apiserver-kubelet-client,O=kubeadm:cluster-admins'],
    ['1.36.1', true, 'CN=kube-apiserver-kubelet-client'],
  ])('Kubernetes %s', async (version, hasSuper, subject) => {
    const root = tempDir()
    await generate(root, '--kubernetes-version', version)
    expect(isThere(root, 'super-admin.conf.csr')).toBe(hasSuper)
    expect(requestIn(read(root, 'pki/apiserver-kubelet-client.csr')).subject).toBe(subject)
  })

  it('kubeadm 195: signed by openssl elsewhere, the node is complete without a CA’s key', async () => {
    const fixture = (file: string) => readFixture('nodes/external-ca', file)
    const authorities = ['ca', 'front-proxy-ca', 'etcd/ca'].map(name => `${K}/pki/${name}.crt`)
    const texts = Object.fromEntries(authorities.map(file => [file, fixture(file)]))
    const root = copyNode('external-ca', { [K]: null, ...texts })
    await initCerts(root, 'sa')
    expect((await generate(root, ...NEW)).exitCode).toBe(0)
    const signed = (csr: string, ca: string, key: string) =>
      signRequest(csr, { certificate: fixture(`${K}/pki/${ca}.crt`), key: fixture(key) })
    const isEtcds = (name: string) => name.startsWith('etcd/') || name === 'apiserver-etcd-client'
    for (const name of LEAVES) {
      const own = name === 'front-proxy-client' ? 'front-proxy-ca' : 'ca'
      const csr = read(root, `pki/${name}.csr`)
      const pem = isEtcds(name)
        ? signed(csr, 'etcd/ca', `${K}/pki/etcd/ca.key`)
        : signed(csr, own, `offline/${own}.key`)
      writeFileSync(join(root, K, `pki/${name}.crt`), pem)
    }
    for (const name of CONFS) {
      const path = join(root, K, `${name}.conf`)
      const data = Buffer.from(signed(read(root, `${name}.conf.csr`), 'ca', 'offline/ca.key')).toString(
        'base64',
      )
      const text = read(root, `${name}.conf`)
      writeFileSync(
        path,
        text.replace(/^( +)(client-key-data: )/m, `$1client-certificate-data: ${data}\n$1$2`),
      )
    }
    const certs = await initCerts(root, 'all')
    expect(certs).toMatchObject({ stderr: '', exitCode: 0 })
    expect(linesOf(certs).filter(line => line.includes('Generating'))).toEqual([])
    const confs = await initKubeconfigs(root, 'all', ...NEW)
    expect(confs).toMatchObject({ stderr: '', exitCode: 0 })
    expect(linesOf(confs).slice(1)).toEqual(
      CONFS.map(name => `[kubeconfig] External CA mode: Using user provided ${name}.conf`),
    )
  })
})

describe('what exists is never overwritten', () => {
  it.each([
    ['a request', 'pki/apiserver.csr'],
    ['a key', 'pki/etcd/peer.key'],
    ['a certificate', 'pki/front-proxy-client.crt'],
    ['a kubeconfig', 'admin.conf'],
    ['the request of a kubeconfig', 'scheduler.conf.csr'],
    ['garbage in its place', 'pki/etcd/server.csr'],
  ])('kubeadm 46, 47, 142, 145: %s (%s) -> refused before anything is written', async (_, file) => {
    const root = copyNode('ecdsa', { [K]: null, [`${K}/${file}`]: 'hello\n' })
    await expectRefused(root, csrs(...NEW), new RegExp(`^file already exists: .*/${file}$`))
  })

  it('kubeadm 142: of a whole node each row is named, with what asks for a renewal instead', async () => {
    const taken = [...LEAVES.map(name => `pki/${name}.key`), ...OLD_CONFS.map(name => `${name}.conf`)]
    const errors = taken.map(file => new RegExp(`^file already exists: .*/${file}`))
    const { stderr } = await expectRefused(wholeNode(), csrs(...OLD), ...errors)
    expect(stderr.match(/^kubepki: hint: .*certs renew all --csr-only --root .*$/gm)).toHaveLength(1)
  })

  it('kubeadm 45, 142: a second run is refused, the first one’s files stay', async () => {
    const root = tempDir()
    await generate(root, ...OLD)
    const rows = [...LEAVES, ...OLD_CONFS]
    await expectRefused(root, csrs(...OLD), ...rows.map(() => /^file already exists: /))
  })

  it('kubeadm 142: a directory or a dangling link in its place -> refused', async () => {
    const root = copyNode('ecdsa', { [K]: null, [`${K}/pki/apiserver.csr/x`]: '' })
    await expectRefused(root, csrs(...NEW), /^file already exists: .*apiserver\.csr$/)
  })
})

describe('what it is not asked for', () => {
  it('kubeadm 141, 145: nothing says what the node is -> refused, nothing left behind', async () => {
    const root = tempDir()
    const bare = (directory: string) => kubepki('certs', 'generate-csr', '--root', directory, ...NEW)
    const needs = ['apiserver', 'etcd-server', 'etcd-peer', 'admin.conf', 'super-admin.conf', 'kubelet.conf']
    const more = ['controller-manager.conf', 'scheduler.conf']
    const errors = [...needs, ...more].map(name => new RegExp(`^${name} needs the node's `))
    await expectRefused(root, bare, ...errors)
    expect(fingerprint(root)).toEqual({})
  })

  it('--dry-run prints what the run prints, and writes nothing', async () => {
    const root = tempDir()
    const plan = await generate(root, ...NEW, '--dry-run')
    expect(plan.exitCode).toBe(0)
    expect(plan.stderr).toContain('kubepki: nothing was changed: this is the plan\n')
    expect(fingerprint(root)).toEqual({})
    expect(plan.stdout).toBe((await generate(root, ...NEW)).stdout)
    await expectRefused(root, csrs(...NEW, '--dry-run'), ...[...LEAVES, ...CONFS].map(() => /already exists/))
  })

  it('-o json and -o yaml: the same document, of what was made and of what was refused', async () => {
    const root = tempDir()
    const json = await generate(root, ...NEW, '--dry-run', '-o', 'json')
    expect(documentIn(await generate(root, ...NEW, '--dry-run', '-o', 'yaml'))).toEqual(documentIn(json))
    expect(documentIn(json)).toMatchObject({
      apiVersion: 'kubepki/v1',
      dryRun: true,
      certDir: `${root}/${K}/pki`,
      kubeconfigDir: `${root}/${K}`,
      failures: [],
    })
    const { requests } = documentIn(json) as { requests: Record<string, unknown>[] }
    expect(requests.map(({ baseName }) => baseName)).toEqual([
      ...LEAVES,
      ...CONFS.map(name => `${name}.conf`),
    ])
    expect(requests[0]).toMatchObject({
      name: 'apiserver',
      caName: 'ca',
      subject: 'CN=kube-apiserver',
      csrFile: `${root}/${K}/pki/apiserver.csr`,
      keyFile: `${root}/${K}/pki/apiserver.key`,
      extKeyUsage: ['serverAuth'],
    })
    const failed = await generate(wholeNode(), ...OLD, '-o', 'json')
    expect(failed.exitCode).toBe(1)
    expect(documentIn(failed)).toMatchObject({ changed: false, requests: [] })
    const { failures } = documentIn(failed) as { failures: unknown[] }
    expect(failures).toHaveLength(LEAVES.length + OLD_CONFS.length)
  })

  it('a lone CA key changes nothing of it', async () => {
    const root = wholeNode(absent(...LEAVES.flatMap(name => [`pki/${name}.crt`, `pki/${name}.key`])))
    const moved = OLD_CONFS.map(name => `${name}.conf`)
    const before = fingerprint(root)
    await expectRefused(root, csrs(...OLD), ...moved.map(name => new RegExp(`/${name}$`)))
    expect(fingerprint(root)).toEqual(before)
  })

  it.each(['ca', 'sa', 'etcd/server', 'admin'])('a request for %s is wrong use', async name => {
    const root = tempDir()
    expect(await generate(root, name)).toMatchObject({ stdout: '', exitCode: 2 })
    expect(fingerprint(root)).toEqual({})
  })

  it('what this node has not, asked for by name, is refused', async () => {
    const external = csrs('apiserver', 'etcd-server', '--config', configFile(EXTERNAL_ETCD))
    await expectRefused(
      tempDir(),
      external,
      /^this node keeps no etcd-server: etcd runs elsewhere \(kubeadm\.yaml/,
    )
    await expectRefused(
      tempDir(),
      csrs('super-admin.conf', ...OLD),
      /^super-admin\.conf exists since Kubernetes 1\.29/,
    )
  })
})

it('certs certificate-key: 32 bytes in hexadecimal, others every time, and no arguments', async () => {
  const [one, other] = [await kubepki('certs', 'certificate-key'), await kubepki('certs', 'certificate-key')]
  for (const { stdout, stderr, exitCode } of [one, other]) {
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 })
    expect(stdout).toMatch(/^[0-9a-f]{64}\n$/)
  }
  expect(one.stdout).not.toBe(other.stdout)
  expect(await kubepki('certs', 'certificate-key', 'x')).toMatchObject({ stdout: '', exitCode: 2 })
})
