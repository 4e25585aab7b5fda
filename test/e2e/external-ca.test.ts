/**
 * Certificates from a CA elsewhere: out as requests, signed by the tools that people have, back by `certs import`. A real
 * etcd and API server run on what came, and everybody gets in as who they are.
 */
import { createHash, X509Certificate } from 'node:crypto'
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { answersIn, K, NAMES, ROWS } from '../support/answers.ts'
import { listSecrets } from '../support/api-server.ts'
import {
  controlPlaneConfiguration,
  etcdctl,
  freePort,
  pairOf,
  pkiFile,
  probe,
  refusedUser,
  requesterOf,
  type Server,
  startApiServer,
  startEtcd,
} from '../support/control-plane.ts'
import { CA_OF } from '../support/external-ca.ts'
import { BUNDLES, placeRoots } from '../support/hierarchy.ts'
import {
  configFile,
  copyTree,
  ECDSA,
  embedded,
  execute,
  fileDir,
  kubeadm,
  kubeadmOutput,
  makeTree,
  provideMountPoint,
  remove,
} from '../support/kubeadm.ts'
import { expectPair } from '../support/made.ts'
import { fingerprint } from '../support/node.ts'
import {
  type Circle,
  goRound,
  importAnswers,
  importFrom,
  modesOf,
  type Pending,
  type Round,
} from '../support/round-trip.ts'
import { DAYS, isInstalled, SIGNERS } from '../support/signers.ts'

provideMountPoint()
const folder = fileDir()

const CIRCLES: Readonly<Record<string, Circle>> = {
  ...Object.fromEntries(
    (Object.keys(SIGNERS) as (keyof typeof SIGNERS)[]).map(signer => [signer, { signer }]),
  ),
  'two tiers for each CA': { signer: 'openssl x509 -req', tiers: 'for each' },
  'two tiers, one for all CAs': { signer: 'openssl ca', tiers: 'for all' },
  'the cluster CA alone is external': { signer: 'openssl x509 -req', away: ['ca'] },
}

/** What a node's PKI is made of, whatever waits or is backed up beside it. */
function treeOf(root: string): Record<string, string> {
  const files = Object.entries(fingerprint(join(root, K)))
  return Object.fromEntries(files.filter(([file]) => !/^(pki\/csr|kubepki-backups)(\/|$)/.test(file)))
}

const isThere = ({ signer }: Circle) => isInstalled(SIGNERS[signer].tool)
const caNameOf = (row: string) => Object.keys(CA_OF).find(caName => CA_OF[caName] === ROWS[row]?.[0]) ?? ''
const isKubeconfig = (file: string) => file.endsWith('.conf')

/** Row -> days left and whether it is external, as kubeadm says; only of what is there. */
async function listedByKubeadm(root: string): Promise<Record<string, string>> {
  const table = await kubeadmOutput(root, 'certs', 'check-expiration', '--config', configFile(root))
  const rows = [...table.matchAll(/^(\S+) +\w{3} \d\d, \d{4} \d\d:\d\d UTC +(\w+) .*(yes|no) *$/gm)]
  const listed = rows.map(([, row = '', left, isExternal]) => [row, `${left} ${isExternal}`] as const)
  return Object.fromEntries(listed.filter(([row]) => NAMES.includes(row)))
}

const OTHERS = ['controller-manager', 'scheduler'] as const

describe.each(Object.entries(CIRCLES).filter(([, circle]) => isThere(circle)))('%s', (name, circle) => {
  const { tiers, away = Object.keys(CA_OF) } = circle
  const root = join(folder, name.replaceAll(/\W+/g, '-'))
  const elsewhere = `${root}-elsewhere`
  const names = NAMES.filter(row => away.includes(caNameOf(row)))
  const servers: Server[] = []
  let ports = { api: 0, etcd: 0 }
  let round: Round

  beforeAll(async () => {
    const api = await freePort()
    if (tiers) await placeRoots(root, tiers === 'for all')
    await makeTree(root, `${controlPlaneConfiguration(api)}${ECDSA}\n`)
    round = await goRound(root, elsewhere, circle)
    const etcd = await startEtcd(root, `${root}-etcd`)
    servers.push(etcd)
    servers.push(await startApiServer(root, api, etcd.port))
    ports = { api, etcd: etcd.port }
  })

  afterAll(async () => {
    for (const server of servers.toReversed()) await server.stop()
  })

  /** What is installed for a row. */
  function pairFor({ certificateFile }: Pending): { certificate: string; key: string } {
    const text = readFileSync(certificateFile, 'utf8')
    return isKubeconfig(certificateFile)
      ? { certificate: embedded(text, 'client-certificate-data'), key: embedded(text, 'client-key-data') }
      : { certificate: text, key: readFileSync(certificateFile.replace(/crt$/, 'key'), 'utf8') }
  }

  test('what came is in place byte for byte with its key, and nothing waits any more', () => {
    expect(round.installed.toSorted()).toEqual(names.toSorted())
    for (const row of round.pending) {
      const { certificate, key } = pairFor(row)
      const above = tiers ? round.intermediates[row.caName] : ''
      expect(certificate, row.name).toBe(`${round.leaves.get(row.name)}${above}`)
      expectPair(certificate, key)
    }
    const [before, after] = [treeOf(round.waiting), treeOf(root)]
    const changed = Object.keys(after).filter(file => after[file] !== before[file])
    const meant = round.pending.flatMap(({ name: row, certificateFile: file }) =>
      isKubeconfig(row) ? file : [file, file.replace(/crt$/, 'key')],
    )
    expect(changed.map(file => join(root, K, file)).toSorted()).toEqual(meant.toSorted())
    expect(modesOf(root)).toEqual(round.modes)
    expect(readdirSync(pkiFile(root, 'csr')).filter(file => /\.(csr|key)$/.test(file))).toEqual([])
  })

  test('admin.conf is the administrator, by name and by group', async () => {
    const csrFile = join(elsewhere, 'requests/admin.conf.csr')
    expect(await requesterOf(root, 'admin.conf', { port: ports.api, csrFile })).toEqual({
      username: 'kubernetes-admin',
      groups: ['system:masters', 'system:authenticated'],
    })
  })

  test.each(OTHERS)('%s.conf is who it was', async user => {
    expect(await refusedUser(root, `${user}.conf`, ports.api)).toBe(`system:kube-${user}`)
  })

  test('the API server and etcd show what came', async () => {
    const shown = { 'kube-apiserver': ports.api, etcd: ports.etcd }
    for (const [component, port] of Object.entries(shown)) {
      const base = component === 'etcd' ? 'etcd/server' : 'apiserver'
      const file = readFileSync(pairOf(root, base).certificate)
      expect(await probe(port), component).toEqual({
        state: 'tls',
        fingerprintSha256: createHash('sha256').update(new X509Certificate(file).raw).digest('hex'),
      })
    }
  })

  test('the API server’s client reads in etcd what the API server keeps there', async () => {
    const client = pairOf(root, 'apiserver-etcd-client')
    const key = '/registry/namespaces/kube-system'
    const { stdout } = await etcdctl(root, ports.etcd, client, 'get', key, '--keys-only')
    expect(stdout.trim()).toBe(key)
  })

  test('the kubelet client is let in, and the front proxy is believed whom it speaks for', async () => {
    const ask = (base: string) =>
      listSecrets({ root, port: ports.api, base, headers: { 'X-Remote-User': 'alice' } })
    expect(await ask('apiserver-kubelet-client')).toMatchObject({ status: 200 })
    expect(await ask('front-proxy-client')).toEqual({
      status: 403,
      body: expect.stringContaining('User \\"alice\\" cannot list'),
    })
  })

  if (!tiers) {
    /** Days left, and whether kubeadm takes the certificate for external: its own CA's key is not here. */
    function rowOf(row: string, external: readonly string[]): string {
      const isAway = away.includes(caNameOf(row))
      return `${isAway ? DAYS - 1 : 364}d ${isAway && external.includes(caNameOf(row)) ? 'yes' : 'no'}`
    }

    test('kubeadm keeps all of it, and takes it for externally managed', async () => {
      const before = fingerprint(join(root, K))
      const config = ['--config', configFile(root)]
      const certs = await kubeadmOutput(root, 'init', 'phase', 'certs', 'all', ...config)
      expect(certs.match(/ Using existing .*/g)).toHaveLength(11)
      const kubeconfigs = await kubeadmOutput(root, 'init', 'phase', 'kubeconfig', 'all', ...config)
      expect(kubeconfigs.match(/ External CA mode: Using user provided .*/g)).toHaveLength(4)
      expect(fingerprint(join(root, K))).toEqual(before)
    })

    test('kubeadm lists what is in files as externally managed', async () => {
      const copy = copyTree(root)
      const [confs, files] = [NAMES.filter(isKubeconfig), NAMES.filter(row => !isKubeconfig(row))]
      remove(copy, confs)
      const expected = files.map(row => [row, rowOf(row, ['ca', 'front-proxy-ca'])])
      expect(await listedByKubeadm(copy)).toEqual(Object.fromEntries(expected))
    })

    test('kubeadm 1.20 lists all of it as valid, once it has the key that it wants for kubeconfigs', async () => {
      const copy = copyTree(root)
      cpSync(pairOf(elsewhere, 'ca').key, pairOf(copy, 'ca').key)
      const listed = await listedByKubeadm(copy)
      expect(listed).toEqual(Object.fromEntries(NAMES.map(row => [row, rowOf(row, ['front-proxy-ca'])])))
    })
    return
  }

  // Later versions do for files: kubernetes/kubernetes pull request 97266.
  test('kubeadm 1.20 knows of no intermediates, and says so', async () => {
    const config = ['--config', configFile(root)]
    const certs = await kubeadm(root, 'init', 'phase', 'certs', 'all', ...config)
    expect(certs.stderr).toContain('certificate API server is not signed by corresponding CA')
    const copy = copyTree(root)
    cpSync(pairOf(elsewhere, 'ca').key, pairOf(copy, 'ca').key)
    const table = await kubeadm(copy, 'certs', 'check-expiration', ...config)
    expect(table.stderr).toContain('wanted exactly one certificate, got 2')
  })

  test('who trusts the root alone, trusts the file, and the certificate in it alone is not enough', async () => {
    for (const row of round.pending) {
      const caFile = pairOf(root, CA_OF[row.caName] ?? '').certificate
      expect(readFileSync(caFile, 'utf8').match(/BEGIN/g)).toHaveLength(1)
      if (isKubeconfig(row.name)) {
        const trusted = embedded(readFileSync(row.certificateFile, 'utf8'), 'certificate-authority-data')
        expect(trusted).toBe(readFileSync(caFile, 'utf8'))
      }
      const file = join(elsewhere, `${row.name}.pem`)
      writeFileSync(file, pairFor(row).certificate)
      const verify = (...chain: string[]) => execute('openssl', ['verify', '-CAfile', caFile, ...chain, file])
      expect((await verify('-untrusted', file)).stdout).toBe(`${file}: OK\n`)
      expect((await verify()).stderr).toContain('unable to get local issuer certificate')
    }
  })

  test('without the intermediate it is refused', async () => {
    const copy = copyTree(round.waiting)
    const before = fingerprint(copy)
    const { stderr, exitCode } = await importFrom(copy, join(elsewhere, 'answers'))
    expect(exitCode).toBe(1)
    expect(stderr.match(/: INTERMEDIATE_MISSING: /g)).toHaveLength(NAMES.length)
    expect(fingerprint(copy)).toEqual(before)
  })

  test.each(Object.keys(BUNDLES))('the same comes of %s', async form => {
    const copy = copyTree(round.waiting)
    expect(treeOf(copy)).not.toEqual(treeOf(root))
    await importAnswers(copy, answersIn(BUNDLES[form]?.(round) ?? {}))
    expect(treeOf(copy)).toEqual(treeOf(root))
  })
})
