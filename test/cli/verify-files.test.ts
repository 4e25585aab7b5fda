/** `certs verify` over modes, owners, contents and leftovers: what trips each check, and what is one step from it. */
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  copyFileSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { FILE_CHECKS } from '../../src/pki/checks/files.ts'
import { JOB_CHECKS } from '../../src/pki/checks/leftovers.ts'
import type { Finding } from '../../src/pki/finding.ts'
import { openssl, P256 } from '../support/certificates.ts'
import { COMMAND } from '../support/host.ts'
import { copyNode, readFixture, tempDir } from '../support/node.ts'
import { findingOf, linesOf, verify } from '../support/verify.ts'

const told = linesOf([...FILE_CHECKS, ...JOB_CHECKS])
const PKI = 'etc/kubernetes/pki'
const KEY = openssl(['pkey', '-traditional'], openssl(['genpkey', ...P256]))
const isRoot = process.getuid?.() === 0

/** What is left of it once its remedy was run as it is printed. */
async function repaired(code: string, root: string): Promise<string[]> {
  const { remedy } = await findingOf(root, code)
  const { status, stderr } = spawnSync('bash', ['-c', remedy], { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return (await told(root)).filter(line => line.includes(code))
}

/** The modes of a fresh checkout are kubeadm's, but for what copyNode sets. */
function node(name = 'stock-1.20', changes: Readonly<Record<string, string | null>> = {}): string {
  return copyNode(name, changes)
}

function withMode(mode: number, file: string, root = node()): string {
  chmodSync(join(root, file), mode)
  return root
}

describe('certs verify: trees as kubeadm and kubespray leave them', () => {
  it.each(['stock-1.20', 'stock-1.31', 'ecdsa', 'external-ca', 'external-etcd', 'kubespray'])(
    '%s',
    async name => {
      expect(await told(node(name))).toEqual([])
    },
  )

  it.each(['worker', 'expired', 'etcd-only', 'ipv6-ha'])('%s', async name => {
    expect(await told(node(name))).toEqual([])
  })
})

describe('certs verify: who can read a key', () => {
  it.each([`${PKI}/apiserver.key`, `${PKI}/sa.key`, `${PKI}/etcd/ca.key`, 'etc/kubernetes/admin.conf'])(
    '%s for everybody',
    async file => {
      const finding = await findingOf(withMode(0o644, file), 'KEY_READABLE_BY_OTHERS')
      expect(finding).toMatchObject({ severity: 'error', expected: 'mode 0600', found: 'mode 0644' })
      expect(finding.remedy).toMatch(new RegExp(`^chmod 600 /.*/${file}$`))
    },
  )

  it('behind a directory that is shut is worth knowing', async () => {
    const root = withMode(0o700, PKI, withMode(0o644, `${PKI}/apiserver.key`))
    const finding = await findingOf(root, 'KEY_READABLE_BY_OTHERS')
    expect(finding).toMatchObject({ severity: 'info', certificate: 'apiserver' })
    expect(finding.found).toBe(`mode 0644, behind ${root}/${PKI} with 0700`)
  })

  it('a group, which is named', async () => {
    const root = withMode(0o640, `${PKI}/apiserver.key`)
    if (isRoot) chownSync(join(root, PKI, 'apiserver.key'), 0, 997)
    const finding = await findingOf(root, 'KEY_READABLE_BY_GROUP')
    expect(finding).toMatchObject({ severity: 'warning', certificate: 'apiserver' })
    if (isRoot) expect(finding.found).toBe('mode 0640, group 997')
    expect(await told(withMode(0o700, PKI, root))).toEqual(['info KEY_READABLE_BY_GROUP apiserver'])
  })

  it('does not mind certificates, kubeconfigs without a key, and keys that the owner cannot write', async () => {
    const root = withMode(0o644, 'etc/kubernetes/kubelet.conf', withMode(0o644, `${PKI}/sa.pub`))
    expect(await told(withMode(0o400, `${PKI}/ca.key`, root))).toEqual([])
  })

  it("the kubelet's rotated file has a key", async () => {
    const file = 'var/lib/kubelet/pki/kubelet-client-2026-11-21-00-00-00.pem'
    expect(await told(withMode(0o644, file))).toEqual([
      'error KEY_READABLE_BY_OTHERS kubelet-client-current.pem',
    ])
  })

  it('a copy of a kubeconfig, by the directories that it is in', async () => {
    const root = node()
    const home = tempDir()
    const copy = join(home, 'open/.kube/config')
    mkdirSync(dirname(copy), { recursive: true })
    copyFileSync(join(root, 'etc/kubernetes/admin.conf'), copy)
    chmodSync(copy, 0o644)
    expect(await told(root, '--kubeconfig', copy)).toEqual([`info KEY_READABLE_BY_OTHERS ${copy}`])
    chmodSync(home, 0o755)
    expect(await told(root, '--kubeconfig', copy)).toEqual([`error KEY_READABLE_BY_OTHERS ${copy}`])
  })

  it("kubepki's backups", async () => {
    const root = node()
    const backups = join(root, 'etc/kubernetes/kubepki-backups')
    mkdirSync(backups, { mode: 0o700 })
    expect(await told(root)).toEqual([])
    chmodSync(backups, 0o755)
    const finding = await findingOf(root, 'BACKUPS_OPEN')
    expect(finding).toMatchObject({ severity: 'error', remedy: `chmod 700 ${backups}` })
  })
})

describe('certs verify: who can replace a file', () => {
  it('everybody: a certificate, a directory', async () => {
    expect(await told(withMode(0o666, `${PKI}/ca.crt`))).toEqual(['error WRITABLE_BY_OTHERS ca'])
    const root = withMode(0o777, PKI)
    const finding = await findingOf(root, 'WRITABLE_BY_OTHERS')
    expect(finding).toMatchObject({
      severity: 'error',
      file: `${root}/${PKI}`,
      remedy: `chmod o-w ${root}/${PKI}`,
    })
    expect(await told(withMode(0o755, PKI, root))).toEqual([])
  })

  it('nobody, with the sticky bit; nobody yet, behind a directory that is shut', async () => {
    expect(await told(withMode(0o1777, PKI))).toEqual([])
    expect(await told(withMode(0o775, PKI))).toEqual([])
    expect(await told(withMode(0o750, 'etc/kubernetes', withMode(0o777, PKI)))).toEqual([
      'info WRITABLE_BY_OTHERS ca',
    ])
  })

  it.runIf(isRoot)('a person that no other file belongs to; services are worth knowing', async () => {
    const root = node()
    const owner = (file: string, uid: number) => chownSync(join(root, PKI, file), uid, 0)
    owner('etcd/server.key', 112)
    expect(await told(root)).toEqual(['info OWNER_UNUSUAL etcd-server'])
    owner('etcd/server.key', 0)
    owner('apiserver.crt', 1000)
    expect(await told(root)).toEqual([])
    owner('ca.key', 1000)
    const finding = await findingOf(root, 'OWNER_UNUSUAL')
    expect(finding).toMatchObject({
      severity: 'warning',
      certificate: 'ca',
      expected: 'owner root',
      found: 'owner 1000',
    })
  })

  it.runIf(isRoot)('the owner of a copied tree is the usual one', async () => {
    const root = node()
    spawnSync('chown', ['-R', '1000:1000', root])
    expect(await told(root)).toEqual([])
  })

  it('a key with two names', async () => {
    const root = node()
    linkSync(join(root, PKI, 'ca.key'), join(root, 'ca-elsewhere'))
    expect(await told(root)).toEqual(['info KEY_HARD_LINKED ca'])
  })
})

describe('certs verify: what is in a file', () => {
  it.each([
    [`${PKI}/apiserver.crt`, 'apiserver'],
    [`${PKI}/apiserver.key`, 'apiserver'],
    [`${PKI}/etcd/ca.crt`, 'etcd-ca'],
    ['etc/kubernetes/scheduler.conf', 'scheduler.conf'],
    [`${PKI}/sa.pub`, 'sa'],
    [`${PKI}/sa.key`, 'sa'],
  ])('%s is empty', async (file, name) => {
    expect(await told(node('stock-1.20', { [file]: '' }))).toEqual([`error EMPTY_FILE ${name}`])
    expect(await told(node('stock-1.20', { [file]: ' \n' }))).toEqual([`error EMPTY_FILE ${name}`])
  })

  const crt = readFixture('nodes/stock-1.20', PKI, 'apiserver.crt')

  it.each([
    ['a byte order mark', `\uFEFF${crt}`],
    ['an old label', crt.replaceAll('CERTIFICATE', 'X509 CERTIFICATE')],
    ["OpenSSL's own label", crt.replaceAll('CERTIFICATE', 'TRUSTED CERTIFICATE')],
    ['indented lines', crt.replace(/^/gm, '  ')],
  ])('%s', async (_, text) => {
    const finding = await findingOf(
      node('stock-1.20', { [`${PKI}/apiserver.crt`]: text }),
      'PEM_NOT_FOR_KUBERNETES',
    )
    expect(finding).toMatchObject({ severity: 'error', certificate: 'apiserver' })
    expect(finding.found).toMatch(/Kubernetes (will not|nor openssl)/)
    expect(finding.remedy).toMatch(
      /nor openssl/.test(finding.found) ? /^kubepki certs renew/ : /^openssl crl2pkcs7/,
    )
  })

  it.each([
    ['a preamble', `Certificate:\n    Data:\n${crt}`],
    ['line ends of another system', crt.replaceAll('\n', '\r\n')],
    ['no final newline', crt.trimEnd()],
    ['a blank line', `\n${crt}`],
  ])('%s is fine', async (_, text) => {
    expect(await told(node('stock-1.20', { [`${PKI}/apiserver.crt`]: text }))).toEqual([])
  })

  it('a kubeconfig with spaces in its base64', async () => {
    const conf = readFixture('nodes/stock-1.20/etc/kubernetes/admin.conf')
    const spaced = conf.replace(/(client-certificate-data: .{40})/, '$1 ')
    expect(await told(node('stock-1.20', { 'etc/kubernetes/admin.conf': spaced }))).toEqual([
      'error PEM_NOT_FOR_KUBERNETES admin.conf',
    ])
  })

  it.each(['apiserver', 'ca', 'sa'])('a byte order mark before the key of %s', async name => {
    const file = `${PKI}/${name}.key`
    const root = node('stock-1.20', { [file]: `\uFEFF${readFixture('nodes/stock-1.20', file)}` })
    expect(await told(withMode(0o600, file, root))).toEqual([`error PEM_NOT_FOR_KUBERNETES ${name}`])
    expect(await repaired('PEM_NOT_FOR_KUBERNETES', root)).toEqual([])
  })

  it.each([
    ['indented', (key: string) => key.replace(/^/gm, '  ')],
    ['behind other text', (key: string) => `key: ${key}`],
  ])('a key %s, which openssl does not read either', async (_, change) => {
    const text = readFixture('nodes/stock-1.20', PKI, 'apiserver.key')
    const root = node('stock-1.20', { [`${PKI}/apiserver.key`]: change(text) })
    const { found, remedy } = await findingOf(root, 'PEM_NOT_FOR_KUBERNETES')
    expect(found).toMatch(/neither Kubernetes nor openssl reads it/)
    expect(remedy).toMatch(/^kubepki certs renew apiserver /)
  })

  it('a CA with another behind it keeps both', async () => {
    const ca = (name: string) => readFixture('nodes/stock-1.20', PKI, `${name}.crt`)
    const bundle = `\uFEFF${ca('ca')}${ca('front-proxy-ca').replaceAll('CERTIFICATE', 'X509 CERTIFICATE')}`
    const root = node('stock-1.20', { [`${PKI}/ca.crt`]: bundle })
    expect(await repaired('PEM_NOT_FOR_KUBERNETES', root)).toEqual([])
    const now = readFileSync(join(root, PKI, 'ca.crt'), 'utf8')
    expect(now.match(/^-----BEGIN CERTIFICATE-----$/gm)).toHaveLength(2)
  })

  it('a CA that openssl does not read either', async () => {
    const text = readFixture('nodes/stock-1.20', PKI, 'ca.crt').replace(/^/gm, '  ')
    const { remedy } = await findingOf(
      node('stock-1.20', { [`${PKI}/ca.crt`]: text }),
      'PEM_NOT_FOR_KUBERNETES',
    )
    expect(remedy).toMatch(/^open \S+ca\.crt in an editor/)
  })

  it('the key of a CA beside its certificate is taken out of it', async () => {
    const file = `${PKI}/ca.crt`
    const both = readFixture('nodes/stock-1.20', file) + readFixture('nodes/stock-1.20', PKI, 'ca.key')
    const root = node('stock-1.20', { [file]: both })
    const { remedy } = await findingOf(withMode(0o644, file, root), 'KEY_IN_CERTIFICATE_FILE')
    expect(remedy).not.toMatch(/certs renew/)
    expect(await repaired('KEY_IN_CERTIFICATE_FILE', root)).toEqual([])
    expect(readFileSync(join(root, file), 'utf8')).not.toContain('PRIVATE KEY')
    expect(readFileSync(join(root, `${file}.~1~`), 'utf8')).toBe(both)
  })

  it.each([
    [`${PKI}/apiserver.key`, /^kubepki certs renew apiserver --root \S+ # is the disk full\? df \S+$/],
    [`${PKI}/apiserver.crt`, /^mv \S+ \S+apiserver\.crt \S+ && mv .*kubepki init phase certs apiserver /],
    ['etc/kubernetes/admin.conf', /^mv .* && kubepki init phase kubeconfig admin /],
    [
      'etc/kubernetes/kubelet.conf',
      /^\(umask 077 && kubepki kubeconfig user --client-name system:node:cp-1 /,
    ],
    [
      `${PKI}/ca.crt`,
      /^kubectl config view --raw .* && openssl x509 .* # the other control-plane nodes have/,
    ],
    [`${PKI}/ca.key`, /^put the right \S+ca\.key back: the other control-plane nodes/],
    [`${PKI}/etcd/ca.crt`, /^put the right \S+etcd\/ca\.crt back/],
  ])('%s, empty, is not sought among old backups alone', async (file, wanted) => {
    const { remedy } = await findingOf(node('stock-1.20', { [file]: '' }), 'EMPTY_FILE')
    expect(remedy).toMatch(wanted)
    expect(remedy).not.toContain('rollback')
  })

  it('a block that is passed over', async () => {
    const ca = readFixture('nodes/stock-1.20', PKI, 'ca.crt')
    const bundle = `${ca}-----BEGIN CERTIFICATE-----\nMIIB!\n-----END CERTIFICATE-----\n`
    expect(await told(node('stock-1.20', { [`${PKI}/ca.crt`]: bundle }))).toEqual([
      'warning PEM_NOT_FOR_KUBERNETES ca',
    ])
  })

  it('a key beside a certificate', async () => {
    const file = `${PKI}/apiserver.crt`
    const root = node('stock-1.20', { [file]: crt + KEY })
    chmodSync(join(root, file), 0o644)
    expect(await told(root)).toEqual(['error KEY_IN_CERTIFICATE_FILE apiserver'])
    expect(await told(withMode(0o600, file, root))).toEqual(['warning KEY_IN_CERTIFICATE_FILE apiserver'])
  })

  it('a pair in one file', async () => {
    const manifest = 'etc/kubernetes/manifests/kube-apiserver.yaml'
    const own = readFixture('nodes/stock-1.20', PKI, 'apiserver.key')
    const text = readFixture('nodes/stock-1.20', manifest).replace('pki/apiserver.key', 'pki/apiserver.crt')
    const root = node('stock-1.20', {
      ...{ [`${PKI}/apiserver.crt`]: crt + own, [`${PKI}/apiserver.key`]: null, [manifest]: text },
    })
    expect(await told(withMode(0o600, `${PKI}/apiserver.crt`, root))).toEqual([])
    expect(await told(withMode(0o644, `${PKI}/apiserver.crt`, root))).toEqual([
      'error KEY_READABLE_BY_OTHERS apiserver',
    ])
  })

  it('a link that leads out', async () => {
    const root = node()
    rmSync(join(root, PKI, 'ca.key'))
    symlinkSync('../../../../../secrets/ca.key', join(root, PKI, 'ca.key'))
    expect(await told(root)).toEqual(['warning LINK_OUT_OF_ROOT ca'])
  })

  it('a link that stays inside', async () => {
    const root = node()
    mkdirSync(join(root, 'vault'))
    for (const file of ['apiserver.key', 'apiserver.crt']) {
      copyFileSync(join(root, PKI, file), join(root, 'vault', file))
      rmSync(join(root, PKI, file))
      symlinkSync(`/vault/${file}`, join(root, PKI, file))
    }
    expect(await told(root)).toEqual([])
    const finding = await findingOf(withMode(0o644, 'vault/apiserver.key', root), 'KEY_READABLE_BY_OTHERS')
    expect(finding.remedy).toBe(`chmod 600 ${root}/vault/apiserver.key`)
  })
})

describe("certs verify: the service accounts' key", () => {
  const own = readFixture('nodes/stock-1.20', PKI, 'sa.pub')
  const other = readFixture('nodes/stock-1.31', PKI, 'sa.pub')

  it('is of another pair than sa.pub', async () => {
    const root = node('stock-1.20', { [`${PKI}/sa.pub`]: other })
    expect(await told(root)).toEqual(['error SERVICE_ACCOUNT_MISMATCH sa'])
    expect((await findingOf(root, 'SERVICE_ACCOUNT_MISMATCH')).impact).toContain('401')
  })

  it('is one of several, or checked by another file', async () => {
    expect(await told(node('stock-1.20', { [`${PKI}/sa.pub`]: other + own }))).toEqual([])
    const manifest = 'etc/kubernetes/manifests/kube-apiserver.yaml'
    const text = readFixture('nodes/stock-1.20', manifest).replace('pki/sa.pub', 'tokens/keys.pem')
    expect(await told(node('stock-1.20', { [`${PKI}/sa.pub`]: other, [manifest]: text }))).toEqual([])
  })

  it('is missing, or its public half', async () => {
    const pub = node('stock-1.20', { [`${PKI}/sa.pub`]: null })
    expect(await told(pub)).toEqual(['error SERVICE_ACCOUNT_MISSING sa'])
    expect((await findingOf(pub, 'SERVICE_ACCOUNT_MISSING')).remedy).toBe(
      `openssl pkey -in ${pub}/${PKI}/sa.key -pubout -out ${pub}/${PKI}/sa.pub`,
    )
    expect(await told(node('stock-1.20', { [`${PKI}/sa.key`]: null }))).toEqual([
      'error SERVICE_ACCOUNT_MISSING sa',
    ])
  })
})

describe('certs verify: what lies beside', () => {
  it('backups made by hand: one note for each directory, no alarm of their dates', async () => {
    const old = readFixture('nodes/expired', PKI, 'apiserver.crt')
    const root = node('stock-1.20', {
      [`${PKI}/apiserver.crt.bak`]: old,
      [`${PKI}/apiserver.crt.2025-06-01`]: old,
      [`${PKI}/backup-2025/apiserver.crt`]: old,
      'etc/kubernetes/admin.conf.save': readFixture('nodes/expired/etc/kubernetes/kubelet.conf'),
    })
    expect(await told(root)).toEqual(['info STALE_BACKUP backups', 'info STALE_BACKUP backups'])
    const { findings } = await verify(root)
    const backups = findings.filter(({ code }) => code === 'STALE_BACKUP')
    expect(backups.map(({ file }) => file)).toEqual([`${root}/${PKI}`, `${root}/etc/kubernetes`])
    expect(backups[0]?.found).toBe('apiserver.crt.2025-06-01, apiserver.crt.bak, backup-2025')
  })

  it('with a key that everybody can read', async () => {
    const key = readFixture('nodes/expired', PKI, 'ca.key')
    const file = `${PKI}/backup-2025/pki/ca.key`
    const root = node('stock-1.20', { [file]: key })
    chmodSync(join(root, file), 0o644)
    const finding = await findingOf(root, 'STALE_BACKUP')
    expect(finding).toMatchObject({ severity: 'warning', remedy: `chmod 600 ${root}/${file}` })
    expect(await told(withMode(0o600, file, root))).toEqual(['info STALE_BACKUP backups'])
    expect(await told(withMode(0o700, `${PKI}/backup-2025`, withMode(0o644, file, root)))).toEqual([
      'info STALE_BACKUP backups',
    ])
    expect(await told(withMode(0o700, PKI, withMode(0o755, `${PKI}/backup-2025`, root)))).toEqual([
      'info STALE_BACKUP backups',
    ])
  })

  it('keys of nothing that is known, but for those of requests', async () => {
    const stray = (more: Record<string, string> = {}) => {
      const root = node('stock-1.20', { [`${PKI}/jane.key`]: KEY, ...more })
      return withMode(0o600, `${PKI}/jane.key`, root)
    }
    expect(await told(stray())).toEqual(['info STRAY_KEY jane.key'])
    expect(await told(withMode(0o644, `${PKI}/jane.key`, stray()))).toEqual(['warning STRAY_KEY jane.key'])
    expect(await told(stray({ [`${PKI}/jane.csr`]: 'request' }))).toEqual([])
  })

  const MANIFESTS = 'etc/kubernetes/manifests'
  const manifest = readFixture('nodes/stock-1.20', MANIFESTS, 'kube-apiserver.yaml')

  it.each(['kube-apiserver.yaml.bak', 'kube-apiserver.yaml~', 'kube-apiserver-old.yaml', 'apiserver'])(
    'a second manifest: %s',
    async name => {
      const finding = await findingOf(
        node('stock-1.20', { [`${MANIFESTS}/${name}`]: manifest }),
        'STRAY_MANIFEST',
      )
      expect(finding).toMatchObject({ severity: 'warning', certificate: 'kube-apiserver' })
      expect(finding.file).toMatch(new RegExp(`/${name}$`))
      expect(finding.impact).toContain('in place of the other')
    },
  )

  it('a manifest by no name of one', async () => {
    const pod = 'apiVersion: v1\nkind: Pod\nmetadata:\n  name: probe\n'
    expect(await told(node('stock-1.20', { [`${MANIFESTS}/probe.txt`]: pod }))).toEqual([
      'warning STRAY_MANIFEST probe',
    ])
    expect(
      await told(
        node('stock-1.20', {
          [`${MANIFESTS}/probe.json`]: JSON.stringify({ kind: 'Pod', metadata: { name: 'probe' } }),
        }),
      ),
    ).toEqual([])
  })

  it('no manifest: hidden, prose, a directory', async () => {
    const changes = {
      [`${MANIFESTS}/.kube-apiserver.yaml.swp`]: manifest,
      [`${MANIFESTS}/README`]: 'kind: regards\n',
      [`${MANIFESTS}/old/kube-apiserver.yaml`]: manifest,
    }
    expect(await told(node('stock-1.20', changes))).toEqual([])
  })

  it('a job that stopped half-way', async () => {
    const root = node()
    const backups = join(root, 'etc/kubernetes/kubepki-backups')
    mkdirSync(backups, { mode: 0o700 })
    writeFileSync(
      join(backups, 'manifest.away'),
      JSON.stringify({ path: `/${MANIFESTS}/kube-scheduler.yaml` }),
    )
    expect(await told(root)).toEqual(['error UNFINISHED_JOB backups'])
    const { remedy, found } = await findingOf(root, 'UNFINISHED_JOB')
    expect(remedy).toBe(`kubepki certs recover --root ${root}`)
    expect(found).toBe('a restart was interrupted while a manifest was away')
    rmSync(join(root, 'etc/kubernetes/pki/apiserver.crt'))
    const [first] = (await verify(root)).findings
    expect(first?.code).toBe('UNFINISHED_JOB')
  })
})

/** Nobody: no capabilities, so that modes count. */
const NOBODY = ['--reuid=65534', '--regid=65534', '--clear-groups']
const canBecomeNobody = spawnSync('setpriv', [...NOBODY, 'true']).status === 0
if (!canBecomeNobody) console.log('verify as nobody skipped: it needs root and setpriv')

describe.runIf(canBecomeNobody)('certs verify as another user', () => {
  function asNobody(root: string) {
    const argv = ['certs', 'verify', '--root', root, '--now', '2026-12-01T00:00:00Z', '-o', 'json']
    const { stdout, stderr } = spawnSync('setpriv', [...NOBODY, ...COMMAND, ...argv], { encoding: 'utf8' })
    expect(stderr).not.toMatch(/ {4}at /)
    return JSON.parse(stdout) as { findings: Finding[]; notLookedAt: { what: string; why: string }[] }
  }

  it('judges modes without reading, and says what it could not read', () => {
    const root = withMode(
      0o640,
      `${PKI}/ca.key`,
      withMode(0o644, `${PKI}/apiserver.key`, withMode(0o755, '.')),
    )
    const { findings, notLookedAt } = asNobody(root)
    const codes = findings
      .filter(({ severity }) => severity !== 'info')
      .map(one => `${one.code} ${one.certificate}`)
    expect(codes).toEqual(['KEY_READABLE_BY_OTHERS apiserver', 'KEY_READABLE_BY_GROUP ca'])
    expect(notLookedAt.map(({ what }) => what)).toContain('the private keys')
  })

  it('says that it could not look into a directory', () => {
    const root = withMode(0o700, `${PKI}/etcd`, withMode(0o755, '.'))
    const { findings, notLookedAt } = asNobody(root)
    expect(findings.filter(({ severity }) => severity !== 'info')).toEqual([])
    const modes = notLookedAt.find(({ what }) => what === 'the modes and owners of files')
    expect(modes?.why).toContain(`${root}/${PKI}/etcd/server.key`)
  })
})
