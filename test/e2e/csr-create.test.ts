/** A person, a node and a control plane get their certificates from a real cluster: sent, approved, signed, fetched. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openssl } from '../support/certificates.ts'
import { pkiFile } from '../support/control-plane.ts'
import { kubepki, type Outcome } from '../support/host.ts'
import { fileDir } from '../support/kubeadm.ts'
import { startLive } from '../support/live-desk.ts'
import { fingerprint } from '../support/node.ts'
import { expectRights } from '../support/rights.ts'
import { type SigningCluster, startSigningCluster } from '../support/signing-cluster.ts'

const folder = fileDir()
const PATIENCE = { timeout: 60_000, interval: 200 }
let cluster: SigningCluster

beforeAll(async () => {
  cluster = await startSigningCluster(join(folder, 'cluster'), {})
})
afterAll(() => cluster?.stop())

let directories = 0
function workplace(): string {
  directories += 1
  const directory = join(folder, `work-${directories}`)
  mkdirSync(directory)
  return directory
}

const admin = () => ['--kubeconfig', cluster.kubeconfig('admin.conf')]
/** The last of a flag counts. */
const create = (name: string, ...args: string[]) => {
  const waits = args.some(one => ['--wait', '--cert-out', '--kubeconfig-out'].includes(one))
  return kubepki('csr', 'create', name, ...(waits ? ['--wait-timeout', '90s'] : []), ...args, ...admin())
}
/** kubepki's clock in tests stands still, and certificates of the cluster are of today. */
const today = () => ['--now', new Date().toISOString()]

/** Until the cluster knows of the request. */
async function isThere(name: string): Promise<void> {
  await expect
    .poll(async () => (await cluster.as('admin.conf', 'get', 'csr', name)).exitCode, PATIENCE)
    .toBe(0)
}

async function whileWaiting(
  waiting: Promise<Outcome>,
  ...steps: (() => Promise<unknown>)[]
): Promise<Outcome> {
  for (const step of steps) await step()
  return waiting
}

const decide = (verb: 'approve' | 'deny', name: string) => () => cluster.asAdmin('certificate', verb, name)

describe('jane', () => {
  test('asks, is approved, and has a kubeconfig that RBAC knows her by', async () => {
    const directory = workplace()
    const [kubeconfig, pending] = [join(directory, 'jane.conf'), join(directory, 'jane.conf.key')]
    const asked = ['--user', 'jane', '--group', 'dev', '--kubeconfig-out', kubeconfig, ...today()]
    const outcome = await whileWaiting(
      create('jane', ...asked),
      () => isThere('jane'),
      async () => expect(statSync(pending).mode & 0o777).toBe(0o600),
      async () =>
        expect(await kubepki('csr', 'approve', 'jane', '--yes', ...admin(), ...today())).toMatchObject({
          exitCode: 0,
          stdout: 'certificatesigningrequest.certificates.k8s.io/jane approved\n',
          stderr: expect.stringContaining('by the rules of the API server and the signer'),
        }),
    )
    expect(outcome.stderr).toContain('kubepki: jane: sent, waiting for an answer\n')
    expect(outcome).toMatchObject({ exitCode: 0, stdout: '' })
    expect(readdirSync(directory)).toEqual(['jane.conf'])
    expect(statSync(kubeconfig).mode & 0o777).toBe(0o600)
    const { exitCode, stderr } = await cluster.as(kubeconfig, 'get', 'pods')
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/Forbidden.*User "jane" cannot list resource "pods"/)
    expect((await create('jane', ...asked)).stderr).toContain('it exists already')
  })

  test('has the certificate on standard output, and keeps the key', async () => {
    const directory = workplace()
    const key = join(directory, 'own.key')
    const waiting = create('jane-2', '--user', 'jane', '--key-out', key, '--wait', ...today())
    const { stdout, exitCode } = await whileWaiting(
      waiting,
      () => isThere('jane-2'),
      decide('approve', 'jane-2'),
    )
    expect(exitCode).toBe(0)
    expect(openssl(['x509', '-noout', '-pubkey'], stdout)).toBe(openssl(['pkey', '-in', key, '-pubout']))
    expect(openssl(['verify', '-CAfile', pkiFile(cluster.root, 'ca.crt')], stdout)).toContain('OK')
    expect(readdirSync(directory)).toEqual(['own.key'])
  })

  test('is denied, and reads why', async () => {
    const directory = workplace()
    const waiting = create(
      'jane-3',
      '--user',
      'jane',
      '--cert-out',
      join(directory, 'jane.crt'),
      '--key-out',
      join(directory, 'jane.key'),
    )
    const outcome = await whileWaiting(waiting, () => isThere('jane-3'), decide('deny', 'jane-3'))
    expect(outcome.exitCode).toBe(1)
    expect(outcome.stderr).toMatch(/error: the request jane-3 was denied: KubectlDeny/)
    expect(readdirSync(directory).toSorted()).toEqual(['jane.csr', 'jane.key'])
  })

  test('is refused before anything is sent what no signer would sign, and another request of the same name', async () => {
    const directory = workplace()
    const [csr, key] = [join(directory, 'x.csr'), join(directory, 'x.key')]
    openssl([
      'req',
      '-new',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      key,
      '-subj',
      '/CN=jane',
      '-out',
      csr,
    ])
    const args = ['--from-csr', csr, '--signer', 'kubernetes.io/kube-apiserver-client']
    const refused = await create('jane-4', ...args, '--usage', 'server auth', '--wait')
    expect(refused).toMatchObject({ exitCode: 1, stdout: '' })
    expect(refused.stderr).toContain('error: SIGNER_USAGES: ')
    const sent = await create('jane-4', ...args, '--submit')
    expect(sent).toMatchObject({
      exitCode: 0,
      stdout: 'certificatesigningrequest.certificates.k8s.io/jane-4 created\n',
    })
    await cluster.asAdmin('delete', 'csr', 'jane-4')
    const object = { ...JSON.parse((await kubepki('csr', 'create', 'jane-4', ...args, '-o', 'json')).stdout) }
    object.spec.usages = ['server auth', 'client auth']
    writeFileSync(join(directory, 'bad.json'), JSON.stringify(object))
    await cluster.asAdmin('create', '--filename', join(directory, 'bad.json'))
    const other = await create('jane-4', ...args, '--wait')
    expect(other.stderr).toContain(
      'the cluster has a request jane-4 already, and its usages are server auth, client auth',
    )
  })

  test('is told when the request is removed', async () => {
    const waiting = create('jane-5', '--user', 'jane', '--key-out', join(workplace(), 'k.key'), '--wait')
    const outcome = await whileWaiting(
      waiting,
      () => isThere('jane-5'),
      () => cluster.asAdmin('delete', 'csr', 'jane-5'),
    )
    expect(outcome.exitCode).toBe(1)
    expect(outcome.stderr).toContain(
      'error: the request jane-5 was removed from the cluster before it was answered',
    )
  })

  test('waits on while the API server restarts', async () => {
    const directory = workplace()
    const kubeconfig = join(directory, 'jane.conf')
    const asked = ['--user', 'jane', '--kubeconfig-out', kubeconfig, '--wait-timeout', '150s', ...today()]
    const waiting = startLive(['csr', 'create', 'jane-6', ...asked, ...admin()])
    await isThere('jane-6')
    await cluster.restartApiServer(async () => {
      await expect.poll(waiting.stderr, PATIENCE).toContain('asking again')
    })
    const approve = async () => (await cluster.as('admin.conf', 'certificate', 'approve', 'jane-6')).exitCode
    await expect.poll(approve, PATIENCE).toBe(0)
    const outcome = await waiting.ended
    expect(outcome.exitCode, outcome.stderr).toBe(0)
    expect((await cluster.as(kubeconfig, 'get', 'pods')).stderr).toContain('Forbidden')
  })

  test('gives up waiting, and goes on with the same key when run again', async () => {
    const directory = workplace()
    const asked = [
      '--user',
      'jane',
      '--cert-out',
      join(directory, 'jane.crt'),
      '--key-out',
      join(directory, 'jane.key'),
      ...today(),
    ]
    const late = await create('jane-7', ...asked, '--wait-timeout', '1s')
    expect(late.exitCode).toBe(1)
    expect(late.stderr).toContain('is not approved yet')
    const key = readFileSync(join(directory, 'jane.key'), 'utf8')
    await decide('approve', 'jane-7')()
    const { exitCode, stderr } = await create('jane-7', ...asked)
    expect(exitCode, stderr).toBe(0)
    expect(stderr).toContain('jane-7: is in the cluster already')
    expect(readFileSync(join(directory, 'jane.key'), 'utf8')).toBe(key)
    expect(readdirSync(directory).toSorted()).toEqual(['jane.crt', 'jane.key'])
  })

  test('is no administrator by way of a request', async () => {
    const key = join(workplace(), 'k.key')
    const { exitCode, stderr } = await create(
      'root',
      '--user',
      'jane',
      '--group',
      'system:masters',
      '--key-out',
      key,
      '--submit',
    )
    expect(exitCode).toBe(1)
    expect(stderr).toContain('SIGNER_ADMISSION')
    expect(existsSync(key)).toBe(false)
  })
})

test('a kubelet is served a certificate for its names', async () => {
  const key = join(workplace(), 'k.key')
  const args = ['--node', 'worker-1', '--serving', '--dns', 'worker-1', '--address', '10.0.0.11']
  // As admin: the signer does not ask who wanted it.
  const waiting = create(
    'worker-1',
    ...args,
    '--key-out',
    key,
    '--encryption-algorithm',
    'ECDSA-P256',
    '--wait',
    ...today(),
  )
  const { stdout, stderr } = await whileWaiting(
    waiting,
    () => isThere('worker-1'),
    decide('approve', 'worker-1'),
  )
  expect(stderr).not.toContain('error')
  const text = openssl(['x509', '-noout', '-text'], stdout)
  expect(text).toContain('DNS:worker-1, IP Address:10.0.0.11')
  expect(text).toContain('TLS Web Server Authentication')
})

test('a node reads why the signer refused its request: this one is older than the rule that takes it', async () => {
  const key = join(workplace(), 'k.key')
  const args = ['--node', 'worker-2', '--serving', '--dns', 'worker-2', '--key-out', key]
  const waiting = create('worker-2', ...args, '--usage', 'server auth,digital signature', '--wait')
  const outcome = await whileWaiting(waiting, () => isThere('worker-2'), decide('approve', 'worker-2'))
  expect(outcome).toMatchObject({ exitCode: 1, stdout: '' })
  expect(outcome.stderr).toContain(
    'the signer kubernetes.io/kubelet-serving refused the request worker-2: SignerValidationFailure',
  )
})

describe('certs renew --use-api', () => {
  const conf = 'controller-manager.conf'
  const renew = (...args: string[]) =>
    kubepki('certs', 'renew', ...args, '--use-api', '--root', cluster.root, ...admin(), ...today())

  test('refuses what the API server would refuse, and sends nothing', async () => {
    const before = fingerprint(join(cluster.root, 'etc/kubernetes'))
    const { exitCode, stderr } = await renew('admin.conf', 'apiserver', 'front-proxy-client')
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/admin\.conf not renewed: its O is system:masters/)
    expect(stderr).toMatch(/apiserver not renewed: it is a server's/)
    expect(stderr).toMatch(/front-proxy-client not renewed: its CA is front-proxy-ca/)
    expect(fingerprint(join(cluster.root, 'etc/kubernetes'))).toEqual(before)
    expect(await cluster.asAdmin('get', 'csr', '-o', 'name')).not.toContain('kubepki-')
  })

  test('renews an administrator of the group kubeadm:cluster-admins', async () => {
    const [adminConf, superAdmin] = ['admin.conf', 'super-admin.conf'].map(cluster.kubeconfig) as [
      string,
      string,
    ]
    const original = readFileSync(adminConf, 'utf8')
    writeFileSync(superAdmin, original, { mode: 0o600 })
    const user = await kubepki(
      'kubeconfig',
      'user',
      '--root',
      cluster.root,
      '--client-name',
      'kubernetes-admin',
      '--org',
      'kubeadm:cluster-admins',
      ...today(),
    )
    writeFileSync(adminConf, user.stdout, { mode: 0o600 })
    const bound = await cluster.as(
      'super-admin.conf',
      'create',
      'clusterrolebinding',
      'kubeadm:cluster-admins',
      '--clusterrole=cluster-admin',
      '--group=kubeadm:cluster-admins',
    )
    expect(bound.exitCode, bound.stderr).toBe(0)
    const everything = { verb: '*', group: '*', resource: '*' }
    await expectRights((...args) => cluster.as('admin.conf', ...args), [everything])
    const known = await cluster.asAdmin('get', 'csr', '-o', 'name')
    const fresh = async () =>
      (await cluster.asAdmin('get', 'csr', '-o', 'name'))
        .split('\n')
        .filter(name => name !== '' && !known.includes(name))
    const before = readFileSync(adminConf, 'utf8')

    const late = await renew('admin.conf', conf, '--wait-timeout', '2s')
    expect(late.exitCode).toBe(1)
    expect(late.stderr).toContain('no answer within')
    expect(readFileSync(adminConf, 'utf8')).toBe(before)
    expect(readdirSync(join(cluster.root, 'etc/kubernetes/pki/csr'))).toContain('admin.conf.key')
    expect(await fresh()).toHaveLength(2)

    const outcome = await whileWaiting(renew('admin.conf', conf), async () => {
      for (const name of await fresh())
        await cluster.asAdmin('certificate', 'approve', name.replace(/.*\//, ''))
    })
    expect(outcome.exitCode, outcome.stderr).toBe(0)
    expect(outcome.stdout).toContain('renewed\n')
    expect(await fresh()).toHaveLength(2)
    expect(readFileSync(adminConf, 'utf8')).not.toBe(before)
    expect((await cluster.as('admin.conf', 'get', 'nodes')).exitCode).toBe(0)
    expect(
      readdirSync(join(cluster.root, 'etc/kubernetes/pki/csr')).filter(file => /\.(key|csr)$/.test(file)),
    ).toEqual([])
    const history = await kubepki('certs', 'history', '--root', cluster.root)
    expect(history.stdout).toContain('certs renew admin.conf controller-manager.conf --use-api')
    rmSync(superAdmin)
  })

  test('changes nothing when one is denied', async () => {
    const before = readFileSync(cluster.kubeconfig(conf), 'utf8')
    const waiting = renew(conf, 'scheduler.conf')
    const pending = async () =>
      (await cluster.asAdmin('get', 'csr', '--no-headers'))
        .split('\n')
        .filter(line => /Pending/.test(line) && /scheduler\.conf|controller-manager\.conf/.test(line))
        .map(line => line.split(' ')[0] as string)
    await expect.poll(async () => (await pending()).length, PATIENCE).toBe(2)
    const [one = '', other = ''] = await pending()
    await decide('approve', one)()
    await decide('deny', other)()
    const { exitCode, stderr } = await waiting
    expect(exitCode).toBe(1)
    expect(stderr).toContain('was denied')
    expect(readFileSync(cluster.kubeconfig(conf), 'utf8')).toBe(before)
  })
})

test('C44 a controller-manager that signs with a bundle: approved, never issued, and where to look is said', async () => {
  const bundle = join(folder, 'bundle.crt')
  const pems = ['ca.crt', 'front-proxy-ca.crt'].map(file => readFileSync(pkiFile(cluster.root, file), 'utf8'))
  writeFileSync(bundle, pems.join(''))
  await cluster.signWith({ 'cluster-signing-cert-file': bundle }).catch(() => undefined)
  const asked = ['--user', 'jane', '--key-out', join(workplace(), 'k.key'), '--wait', ...today()]
  const waiting = create('jane-44', ...asked, '--wait-timeout', '30s')
  const { exitCode, stderr } = await whileWaiting(
    waiting,
    () => isThere('jane-44'),
    decide('approve', 'jane-44'),
  )
  expect(exitCode).toBe(1)
  expect(stderr).toContain('the request jane-44 is approved, and not signed')
  expect(stderr).toContain('--cluster-signing-cert-file')
  await cluster.signWith({})
  const again = await create('jane-44', ...asked)
  expect(again.exitCode, again.stderr).toBe(0)
  expect(again.stdout).toContain('BEGIN CERTIFICATE')
})
