import { cpSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { MANIFEST_CHECKS } from '../../src/pki/checks/manifests.ts'
import { makeAuthority, openssl, P256 } from '../support/certificates.ts'
import { configFile } from '../support/made.ts'
import { copyNode, fixture, tempDir } from '../support/node.ts'
import { authorityIn, flagged, K, newKey, pair, textIn, withFlags } from '../support/replaced.ts'
import { codesOf, findingOf, linesOf, verify } from '../support/verify.ts'

const found = linesOf(MANIFEST_CHECKS)
const PKI = '/etc/kubernetes/pki'
const CLUSTER = authorityIn('ecdsa', 'ca')
const OTHER = makeAuthority('another', P256)
const API = 'kube-apiserver'
const MANAGER = 'kube-controller-manager'

const other = (name: string) => ({
  [`${K}/pki/${name}.crt`]: OTHER.certificate,
  [`${K}/pki/${name}.key`]: OTHER.key,
})

describe('nodes that are as kubeadm makes them', () => {
  it.each(readdirSync(fixture('nodes')))('%s is right', async node => {
    expect(await found(copyNode(node))).toEqual([])
  })

  it.each(['ecdsa', 'ipv6-ha', 'kubespray', 'external-etcd'])('%s with its configuration', async node => {
    const root = copyNode(node)
    expect(await found(root, '--config', join(root, 'kubeadm.yaml'))).toEqual([])
  })
})

describe('flags left out', () => {
  it.each<[string, string, string]>([
    [API, 'client-ca-file', 'error FLAG_MISSING ca'],
    [API, 'tls-cert-file', 'error FLAG_PAIR_HALF apiserver'],
    [API, 'tls-private-key-file', 'error FLAG_PAIR_HALF apiserver'],
    [API, 'kubelet-client-certificate', 'error FLAG_PAIR_HALF apiserver-kubelet-client'],
    [API, 'kubelet-client-key', 'error FLAG_PAIR_HALF apiserver-kubelet-client'],
    [API, 'etcd-certfile', 'error FLAG_PAIR_HALF apiserver-etcd-client'],
    [API, 'etcd-keyfile', 'error FLAG_PAIR_HALF apiserver-etcd-client'],
    [API, 'etcd-cafile', 'error FLAG_MISSING etcd-ca'],
    [API, 'proxy-client-cert-file', 'error FLAG_PAIR_HALF front-proxy-client'],
    [API, 'proxy-client-key-file', 'error FLAG_PAIR_HALF front-proxy-client'],
    [API, 'requestheader-client-ca-file', 'warning FLAG_MISSING front-proxy-ca'],
    [API, 'service-account-signing-key-file', 'error FLAG_MISSING sa'],
    [API, 'service-account-issuer', `error FLAG_MISSING ${API}`],
    [API, 'service-account-key-file', 'error FLAG_MISSING sa'],
    ['etcd', 'cert-file', 'error FLAG_PAIR_HALF etcd-server'],
    ['etcd', 'peer-key-file', 'error FLAG_PAIR_HALF etcd-peer'],
    [MANAGER, 'service-account-private-key-file', 'info FLAG_MISSING sa'],
    [MANAGER, 'root-ca-file', 'info FLAG_MISSING ca'],
  ])('%s --%s', async (component, flag, wanted) => {
    const root = flagged(component, { [flag]: null })
    expect(await found(root)).toEqual([wanted])
    const code = wanted.split(' ')[1] ?? ''
    const { file, remedy, impact } = await findingOf(root, code)
    expect(file).toBe(`${root}/${K}/manifests/${component}.yaml`)
    expect(remedy).toMatch(new RegExp(`^put --${flag}(=/etc/kubernetes/pki/\\S+)? into ${file}, as another`))
    expect(impact).not.toBe('')
  })

  it.each<[string, string[], string[]]>([
    [API, ['tls-cert-file', 'tls-private-key-file'], ['error FLAG_MISSING apiserver']],
    [
      API,
      ['kubelet-client-certificate', 'kubelet-client-key'],
      ['warning FLAG_MISSING apiserver-kubelet-client'],
    ],
    [API, ['proxy-client-cert-file', 'proxy-client-key-file'], ['warning FLAG_MISSING front-proxy-client']],
    [API, ['etcd-certfile', 'etcd-keyfile'], ['error FLAG_MISSING apiserver-etcd-client']],
    ['etcd', ['cert-file', 'key-file'], ['error FLAG_MISSING etcd-server']],
    ['etcd', ['peer-cert-file', 'peer-key-file'], ['error FLAG_MISSING etcd-peer']],
  ])('%s without %j', async (component, flags, wanted) => {
    expect(await found(flagged(component, Object.fromEntries(flags.map(one => [one, null]))))).toEqual(wanted)
  })

  it('that another one stands in for', async () => {
    const pair = { 'tls-cert-file': null, 'tls-private-key-file': null }
    expect(await found(flagged(API, { ...pair, 'cert-dir': PKI }))).toEqual([])
    const signing = { 'service-account-signing-key-file': null, 'service-account-key-file': null }
    const endpoint = { 'service-account-signing-endpoint': '/run/sign.sock' }
    expect(await found(flagged(API, { ...signing, ...endpoint }))).toEqual([])
    const automatic = { 'cert-file': null, 'key-file': null, 'auto-tls': 'true' }
    expect(await found(flagged('etcd', automatic))).toEqual([])
  })

  it('of an etcd elsewhere nothing is known', async () => {
    const flags = { 'etcd-certfile': null, 'etcd-keyfile': null }
    expect(await found(flagged(API, flags, {}, 'external-etcd'))).toEqual([])
  })
})

describe('files of flags', () => {
  it('is not there', async () => {
    const root = flagged(API, { 'kubelet-certificate-authority': `${PKI}/kubelet-ca.crt` })
    expect(await found(root)).toEqual([`error FLAG_FILE_MISSING ${API}`])
    const one = await findingOf(root, 'FLAG_FILE_MISSING')
    expect(one.file).toBe(`${root}${PKI}/kubelet-ca.crt`)
    expect(one.expected).toBe('a file, for --kubelet-certificate-authority of manifests/kube-apiserver.yaml')
    expect(one.remedy).toContain('manifests/kube-apiserver.yaml name the right file')
  })

  it('is one of the inventory: its row says so', async () => {
    const root = copyNode('ecdsa', { [`${K}/pki/apiserver.crt`]: null, [`${K}/pki/sa.pub`]: null })
    expect(await found(root)).toEqual([])
    const { findings } = await verify(root)
    const errors = findings.filter(({ severity }) => severity === 'error').map(({ code }) => code)
    expect(errors).toEqual(['CERTIFICATE_MISSING', 'SERVICE_ACCOUNT_MISSING'])
  })

  it('is a link that points to nothing', async () => {
    const root = flagged(API, { 'kubelet-certificate-authority': `${PKI}/kubelet-ca.crt` })
    symlinkSync('/etc/kubernetes/gone.crt', join(root, K, 'pki/kubelet-ca.crt'))
    expect(await found(root)).toEqual([`error FLAG_FILE_MISSING ${API}`])
  })

  it('is behind a mount of another directory, and there', async () => {
    const text = textIn('ecdsa', `manifests/${API}.yaml`)
    const mounted = text
      .replaceAll('mountPath: /etc/kubernetes/pki\n', 'mountPath: /certs\n')
      .replaceAll('=/etc/kubernetes/pki/', '=/certs/')
    expect(await found(copyNode('ecdsa', { [`${K}/manifests/${API}.yaml`]: mounted }))).toEqual([])
  })

  it('is behind a part of a mounted directory', async () => {
    const text = textIn('ecdsa', `manifests/${API}.yaml`)
    const mounted = text
      .replaceAll('mountPath: /etc/kubernetes/pki\n', 'mountPath: /certs\n      subPath: pki\n')
      .replaceAll('path: /etc/kubernetes/pki\n', 'path: /etc/kubernetes\n')
      .replaceAll('=/etc/kubernetes/pki/', '=/certs/')
    expect(await found(copyNode('ecdsa', { [`${K}/manifests/${API}.yaml`]: mounted }))).toEqual([])
  })

  it('is not mounted', async () => {
    const root = flagged(
      API,
      { 'kubelet-certificate-authority': '/opt/pki/ca.crt' },
      { 'opt/pki/ca.crt': CLUSTER.certificate },
    )
    expect(await found(root)).toContain(`error MOUNT_MISSING ${API}`)
    const one = await findingOf(root, 'MOUNT_MISSING')
    expect(one.expected).toContain(
      'a mount that holds /opt/pki/ca.crt, for --kubelet-certificate-authority of',
    )
    expect(one.found).toContain('/etc/kubernetes/pki')
    expect(one.remedy).toMatch(/^mount \/opt\/pki in /)
  })

  it('is in another volume than the host', async () => {
    const text = textIn('ecdsa', `manifests/${API}.yaml`)
    const emptyDir = withFlags(text, { 'kubelet-certificate-authority': '/made/ca.crt' })
      .replace('    volumeMounts:\n', '    volumeMounts:\n    - mountPath: /made\n      name: made\n')
      .replace('  volumes:\n', '  volumes:\n  - emptyDir: {}\n    name: made\n')
    expect(emptyDir).toContain('emptyDir')
    const root = copyNode('ecdsa', { [`${K}/manifests/${API}.yaml`]: emptyDir })
    expect(await found(root)).toEqual([])
  })

  it('is no certificate', async () => {
    const root = flagged(
      API,
      { 'kubelet-certificate-authority': `${PKI}/odd.crt` },
      { [`${K}/pki/odd.crt`]: 'odd\n' },
    )
    expect(await found(root)).toEqual([`error FLAG_FILE_UNREADABLE ${API}`])
    expect((await findingOf(root, 'FLAG_FILE_UNREADABLE')).found).toBe('no PEM block in it')
  })

  it('is another one than was looked at', async () => {
    const root = copyNode('ecdsa')
    const elsewhere = join(tempDir(), 'pki')
    cpSync(join(root, K, 'pki'), elsewhere, { recursive: true })
    expect(await found(root, '--cert-dir', elsewhere)).toEqual([])
    cpSync(fixture('nodes/stock-1.20', K, 'pki/apiserver.crt'), join(elsewhere, 'apiserver.crt'))
    expect(await found(root, '--cert-dir', elsewhere)).toEqual(['warning FLAG_FILE_DIFFERENT apiserver'])
    const one = await findingOf(root, 'FLAG_FILE_DIFFERENT', '--cert-dir', elsewhere)
    expect(one.expected).toContain(
      `--tls-cert-file of manifests/kube-apiserver.yaml names: ${root}${PKI}/apiserver.crt`,
    )
    expect(one.found).toMatch(/, by --cert-dir$/)
  })
})

it('a directory of another cluster is said to be another, not all that follows from it', async () => {
  const lines = await found(copyNode('ecdsa'), '--cert-dir', fixture('nodes/stock-1.20', K, 'pki'))
  expect(new Set(lines.map(line => line.split(' ')[1]))).toEqual(new Set(['FLAG_FILE_DIFFERENT']))
})

describe('the manifests themselves', () => {
  const manifest = (component: string, text: string) =>
    copyNode('ecdsa', { [`${K}/manifests/${component}`]: text })

  it('are no YAML', async () => {
    expect(await found(manifest('kube-scheduler.yaml', 'a: [\n'))).toEqual([
      'error MANIFEST_UNREADABLE kube-scheduler',
    ])
    expect(await found(manifest('haproxy.yaml', 'a: [\n'))).toEqual(['warning MANIFEST_UNREADABLE haproxy'])
    expect(await found(manifest('haproxy.yaml', 'kind: Pod\n'))).toEqual([])
  })

  it('run something that is not known', async () => {
    const shell = 'spec: {containers: [{command: [sh, -c, "exec kube-scheduler"]}]}\n'
    expect(await found(manifest('kube-scheduler.yaml', shell))).toEqual([
      'info MANIFEST_UNREADABLE kube-scheduler',
    ])
  })

  it.each([API, MANAGER, 'kube-scheduler', 'etcd'])(
    'are there for the others, and not for %s',
    async component => {
      const root = copyNode('ecdsa', { [`${K}/manifests/${component}.yaml`]: null })
      expect(await found(root)).toContain(`warning COMPONENT_MISSING ${component}`)
    },
  )

  it('are not expected of an etcd that runs elsewhere, nor where something else starts them all', async () => {
    expect(await found(copyNode('external-etcd'))).toEqual([])
    expect(await found(copyNode('ecdsa', { [`${K}/manifests`]: null }))).toEqual([])
  })

  it('are two of one component, by different pods: a copy of one pod is a stray manifest', async () => {
    const text = textIn('ecdsa', `manifests/${API}.yaml`)
    const second = manifest('second.yaml', text.replace(/^ {2}name: kube-apiserver$/m, '  name: second'))
    expect(await found(second)).toEqual([`warning COMPONENT_TWICE ${API}`])
    const one = await findingOf(second, 'COMPONENT_TWICE')
    expect(`${one.file} ${one.found}`).toContain(`${K}/manifests/second.yaml`)
    for (const name of ['kube-apiserver-old.yaml', 'kube-apiserver.yaml.bak']) {
      const copy = manifest(name, text)
      expect(await found(copy)).toEqual([])
      expect((await findingOf(copy, 'STRAY_MANIFEST')).file).toContain(name)
    }
  })

  it('are hidden, or of other components', async () => {
    expect(
      await found(manifest('.kube-apiserver.yaml.swp', textIn('ecdsa', `manifests/${API}.yaml`))),
    ).toEqual([])
    expect(await found(manifest('README', 'nothing to run\n'))).toEqual([])
  })
})

describe('what the controller manager signs with', () => {
  const bundle = CLUSTER.certificate + OTHER.certificate

  it('is a bundle', async () => {
    const root = flagged(
      MANAGER,
      { 'cluster-signing-cert-file': `${PKI}/bundle.crt` },
      { [`${K}/pki/bundle.crt`]: bundle },
    )
    expect(await found(root)).toEqual([`error SIGNING_FILE_BUNDLE ${MANAGER}`])
    const one = await findingOf(root, 'SIGNING_FILE_BUNDLE')
    expect(one.found).toMatch(/^2: CN=kubernetes \(key \w{12}\), CN=another \(key \w{12}\)$/)
    expect(one.remedy).toContain('/pki/ca.key alone to a file')
  })

  it("is the cluster's own file, while the CA is replaced", async () => {
    const root = copyNode('ecdsa', { [`${K}/pki/ca.crt`]: bundle })
    expect(await found(root)).toEqual(['error SIGNING_FILE_BUNDLE ca'])
    const one = flagged(
      MANAGER,
      { 'cluster-signing-cert-file': `${PKI}/signing.crt` },
      { [`${K}/pki/ca.crt`]: bundle, [`${K}/pki/signing.crt`]: CLUSTER.certificate },
    )
    expect(await found(one)).toEqual([])
  })

  it('does not matter where it signs nothing', async () => {
    const flags = { 'cluster-signing-cert-file': `${PKI}/bundle.crt`, controllers: '*,-csrsigning' }
    expect(await found(flagged(MANAGER, flags, { [`${K}/pki/bundle.crt`]: bundle }))).toEqual([])
  })

  it('is a CA that the API server does not know', async () => {
    const flags = {
      'cluster-signing-cert-file': `${PKI}/signing.crt`,
      'cluster-signing-key-file': `${PKI}/signing.key`,
    }
    const root = flagged(MANAGER, flags, other('signing'))
    expect(await found(root)).toEqual([`error SIGNER_NOT_TRUSTED ${MANAGER}`])
    const one = await findingOf(root, 'SIGNER_NOT_TRUSTED')
    expect(one.found).toMatch(/^CN=another \(key \w{12}\)$/)
    const known = flagged(MANAGER, flags, {
      ...other('signing'),
      [`${K}/pki/ca.crt`]: CLUSTER.certificate + OTHER.certificate,
    })
    expect(await found(known)).toEqual([])
  })

  it('is for serving certificates alone', async () => {
    const flags = {
      'cluster-signing-cert-file': null,
      'cluster-signing-key-file': null,
      'cluster-signing-kubelet-serving-cert-file': `${PKI}/signing.crt`,
      'cluster-signing-kubelet-serving-key-file': `${PKI}/signing.key`,
      'cluster-signing-kubelet-client-cert-file': `${PKI}/ca.crt`,
      'cluster-signing-kubelet-client-key-file': `${PKI}/ca.key`,
    }
    expect(await found(flagged(MANAGER, flags, other('signing')))).toEqual([])
  })

  it('has a key of another', async () => {
    const flags = {
      'cluster-signing-kubelet-client-cert-file': `${PKI}/ca.crt`,
      'cluster-signing-kubelet-client-key-file': `${PKI}/signing.key`,
    }
    const root = flagged(MANAGER, flags, { [`${K}/pki/signing.key`]: newKey() })
    expect(await found(root)).toEqual([`error SIGNING_KEY_MISMATCH ${MANAGER}`])
    expect(await found(flagged(MANAGER, flags, { [`${K}/pki/signing.key`]: CLUSTER.key }))).toEqual([])
  })

  it('has expired', async () => {
    const old = makeAuthority('old', P256, 5)
    const files = { [`${K}/pki/signing.crt`]: old.certificate, [`${K}/pki/signing.key`]: old.key }
    const flags = {
      'cluster-signing-cert-file': `${PKI}/signing.crt`,
      'cluster-signing-key-file': `${PKI}/signing.key`,
    }
    const trusted = { ...files, [`${K}/pki/ca.crt`]: CLUSTER.certificate + old.certificate }
    expect(await found(flagged(MANAGER, flags, trusted))).toEqual([
      `error SIGNING_CERTIFICATE_EXPIRED ${MANAGER}`,
    ])
  })

  it('has its key elsewhere', async () => {
    const flags = {
      'cluster-signing-cert-file': `${PKI}/ca.crt`,
      'cluster-signing-key-file': `${PKI}/ca.key`,
    }
    const one = await findingOf(flagged(MANAGER, flags, {}, 'external-ca'), 'SIGNING_KEY_MISSING')
    expect(`${one.severity}: ${one.impact}`).toMatch(/^error: .*does not start again/)
    expect(await found(copyNode('external-ca'))).toEqual([])
  })
})

describe('whom a component accepts', () => {
  it.each([
    [API, 'etcd-cafile', 'etcd-server', 'the API server cannot reach etcd'],
    ['etcd', 'peer-trusted-ca-file', 'etcd-peer', 'the members of etcd cannot reach each other'],
    [MANAGER, 'root-ca-file', 'apiserver', 'pods refuse the API server'],
  ])('%s --%s of another CA', async (component, flag, row, impact) => {
    const place = component === 'etcd' ? 'etcd/other' : 'other'
    const usual = flag === 'root-ca-file' ? 'ca' : 'etcd/ca'
    const gone = { [`${K}/pki/${usual}.crt`]: null }
    const root = flagged(component, { [flag]: `${PKI}/${place}.crt` }, { ...other(place), ...gone })
    expect(await found(root)).toEqual([`error TRUST_FILE_WRONG ${row}`])
    const one = await findingOf(root, 'TRUST_FILE_WRONG')
    expect(one.impact).toContain(impact)
    expect(one.found).toMatch(/^CN=another \(key \w{12}\)$/)
  })

  it('pods may be shown another certificate of the API server', async () => {
    const file = `${K}/manifests/${MANAGER}.yaml`
    const manager = withFlags(textIn('ecdsa', `manifests/${MANAGER}.yaml`), {
      'root-ca-file': `${PKI}/other.crt`,
    })
    const flags = { 'tls-sni-cert-key': `${PKI}/sni.crt,${PKI}/sni.key` }
    const root = flagged(API, flags, { ...other('other'), [file]: manager })
    expect(await found(root)).toEqual([])
    expect(await codesOf(root)).not.toContain('FLAG_NAMES_ANOTHER_FILE ca')
  })

  it("the row's own file is a matter of signatures", async () => {
    const root = flagged('etcd', { 'trusted-ca-file': `${PKI}/etcd/other.crt` }, other('etcd/other'))
    expect(await found(root)).toEqual([])
  })

  it('a bundle, and a copy of the CA', async () => {
    const both = { [`${K}/pki/both.crt`]: OTHER.certificate + CLUSTER.certificate }
    expect(await found(flagged(MANAGER, { 'root-ca-file': `${PKI}/both.crt` }, both))).toEqual([])
    const copy = { [`${K}/pki/copy.crt`]: textIn('ecdsa', 'pki/etcd/ca.crt') }
    expect(await found(flagged(API, { 'etcd-cafile': `${PKI}/copy.crt` }, copy))).toEqual([])
  })

  it('etcd elsewhere is not looked at', async () => {
    const root = flagged(API, { 'etcd-cafile': `${PKI}/other.crt` }, other('other'), 'external-etcd')
    expect(await found(root)).toEqual([])
  })
})

describe('tokens of service accounts', () => {
  const files = (key: string) => ({
    [`${K}/pki/sa2.key`]: key,
    [`${K}/pki/sa2.pub`]: openssl(['pkey', '-pubout'], key),
  })

  it('signed with a key that is checked by nobody', async () => {
    const flags = { 'service-account-private-key-file': `${PKI}/sa2.key` }
    const root = flagged(MANAGER, flags, { ...files(newKey()), [`${K}/pki/sa.key`]: null })
    expect(await found(root)).toEqual([`error SERVICE_ACCOUNT_KEY_UNTRUSTED ${MANAGER}`])
    expect((await findingOf(root, 'SERVICE_ACCOUNT_KEY_UNTRUSTED')).remedy).toContain('/sa2.key -pubout')
  })

  it('while the key is replaced, with both in the API server', async () => {
    const manifest = textIn('ecdsa', `manifests/${API}.yaml`).replace(
      /^( +- )--service-account-key-file=.*\n/m,
      `$&$1--service-account-key-file=${PKI}/sa2.pub\n`,
    )
    const swapped = manifest.replace(/^( +- --service-account-key-file=.*\n)(.*\n)/m, '$2$1')
    for (const text of [manifest, swapped]) {
      const changes = { ...files(newKey()), [`${K}/manifests/${API}.yaml`]: text }
      const flags = { 'service-account-private-key-file': `${PKI}/sa2.key` }
      expect(await found(flagged(MANAGER, flags, changes))).toEqual([])
    }
  })

  it("a pair that is none is the pair's matter", async () => {
    const { [`${K}/pki/sa2.pub`]: publicKey = null } = files(newKey())
    expect(await found(copyNode('ecdsa', { [`${K}/pki/sa.pub`]: publicKey }))).toEqual([])
  })
})

describe('settings', () => {
  it("the front proxy's name is not allowed", async () => {
    const root = flagged(API, { 'requestheader-allowed-names': 'aggregator,proxy' })
    expect(await found(root)).toEqual(['error FRONT_PROXY_NAME_NOT_ALLOWED front-proxy-client'])
    const { expected, found: is } = await findingOf(root, 'FRONT_PROXY_NAME_NOT_ALLOWED')
    expect(expected).toContain('--requestheader-allowed-names=aggregator,proxy')
    expect(is).toBe('CN=front-proxy-client')
    for (const names of ['aggregator,front-proxy-client', '', null])
      expect(await found(flagged(API, { 'requestheader-allowed-names': names }))).toEqual([])
  })

  it('etcd lets everybody in', async () => {
    const open = flagged('etcd', { 'client-cert-auth': null, 'trusted-ca-file': null })
    expect(await found(open)).toEqual(['warning ETCD_UNGUARDED etcd-server'])
    const peers = flagged('etcd', { 'peer-client-cert-auth': 'false', 'peer-trusted-ca-file': null })
    expect(await found(peers)).toEqual(['warning ETCD_UNGUARDED etcd-peer'])
    const plain = flagged('etcd', { 'listen-client-urls': 'http://0.0.0.0:2379' })
    expect(await found(plain)).toEqual(['warning ETCD_UNGUARDED etcd-server'])
  })

  it('etcd asks for certificates, or is reached from this node alone', async () => {
    expect(await found(flagged('etcd', { 'client-cert-auth': 'false' }))).toEqual([])
    const local = {
      'listen-client-urls': 'https://127.0.0.1:2379',
      'client-cert-auth': null,
      'trusted-ca-file': null,
    }
    expect(await found(flagged('etcd', local))).toEqual([])
  })

  it('names of the configuration that the certificate lacks', async () => {
    const config = configFile(
      'apiServer: {certSANs: [lb.example.com, 203.0.113.10, cp-1]}',
      'etcd: {local: {serverCertSANs: [etcd.example.com], peerCertSANs: [localhost]}}',
    )
    const root = copyNode('ecdsa')
    expect(await found(root, '--config', config)).toEqual([
      'warning CONFIGURED_SAN_MISSING apiserver',
      'warning CONFIGURED_SAN_MISSING etcd-server',
    ])
    const { expected, remedy } = await findingOf(root, 'CONFIGURED_SAN_MISSING', '--config', config)
    expect(expected).toMatch(/^SANs DNS:lb.example.com, IP:203.0.113.10, as .*: apiServer.certSANs has them$/)
    expect(remedy).toBe(
      `kubepki certs renew apiserver --add-san lb.example.com,203.0.113.10 --root ${root} --config ${config}`,
    )
  })

  it('a name of the configuration that a wildcard covers', async () => {
    const config = configFile('apiServer: {certSANs: [a.api.example.test]}')
    expect(await found(copyNode('ipv6-ha'), '--config', config)).toEqual([])
  })
})

it('without manifests nothing is said of them but that', async () => {
  const root = copyNode('ecdsa')
  rmSync(join(root, K, 'manifests'), { recursive: true })
  expect(await found(root)).toEqual([])
  const { notLookedAt } = await verify(root)
  expect(notLookedAt.map(({ what }) => what)).toContain('the static-pod manifests')
})

it('text out of a manifest steers no terminal', async () => {
  const root = flagged(API, { 'requestheader-allowed-names': '"a\\x1b[2J"' })
  const text = textIn('ecdsa', `manifests/${API}.yaml`).replace(
    /- --requestheader-allowed-names=.*/,
    '- "--requestheader-allowed-names=a\\x1b[2J"',
  )
  const hostile = copyNode('ecdsa', { [`${K}/manifests/${API}.yaml`]: text })
  expect((await findingOf(hostile, 'FRONT_PROXY_NAME_NOT_ALLOWED')).expected).toContain('=a\\u001b[2J')
  expect(root).not.toBe(hostile)
})

it('pairs made anew are accepted by those who have their CA', async () => {
  const anew = pair('etcd/server', authorityIn('ecdsa', 'etcd/ca'), {
    subject: '/CN=cp-1',
    extensions: 'extendedKeyUsage=serverAuth,clientAuth\nsubjectAltName=DNS:cp-1,IP:127.0.0.1,IP:192.0.2.10',
  })
  expect(await found(copyNode('ecdsa', anew))).toEqual([])
})
