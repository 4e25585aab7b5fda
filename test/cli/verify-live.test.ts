/** `certs verify --live`: listeners on this machine, held against the files of a tree. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createSecureContext, type TlsOptions } from 'node:tls'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { LIVE_CHECKS } from '../../src/pki/checks/live.ts'
import type { Finding } from '../../src/pki/finding.ts'
import type { ServedRow } from '../../src/pki/served-report.ts'
import { type MadeAuthority, makeAuthority, openssl, P256 } from '../support/certificates.ts'
import { freePort, stop } from '../support/control-plane.ts'
import { kubepki, NOW } from '../support/host.ts'
import {
  authorityOf,
  kubeletPair,
  listening,
  liveNode,
  made,
  pairOf,
  type ServedPair,
  serving,
  setFlags,
} from '../support/live.ts'
import { copyNode } from '../support/node.ts'

interface Looked {
  readonly findings: readonly Finding[]
  readonly notLookedAt: readonly { readonly what: string; readonly why: string; readonly remedy: string }[]
  readonly endpoints: readonly ServedRow[]
  readonly exitCode: number
}

/** What the files alone show is judged elsewhere. */
const LIVE_CODES = new Set(LIVE_CHECKS.map(({ code }) => code))

async function look(root: string, ...args: string[]): Promise<Looked> {
  const words = ['certs', 'verify', '--root', root, '-o', 'json', '--live', '--timeout', '10s', ...args]
  const { stdout, exitCode } = await kubepki(...words)
  const { findings, notLookedAt, endpoints } = JSON.parse(stdout) as Looked
  const live = findings.filter(({ code }) => LIVE_CODES.has(code))
  return { findings: live, notLookedAt, endpoints, exitCode }
}

/** But for who is not there. */
async function findingsOf(root: string, ...args: string[]): Promise<readonly Finding[]> {
  const { findings } = await look(root, ...args)
  return findings.filter(({ code }) => code !== 'ENDPOINT_UNREACHABLE')
}

const outline = (findings: readonly Finding[]) =>
  findings.map(({ code, certificate, severity }) => `${severity} ${code} ${certificate}`)

const CLIENT_AUTH: TlsOptions = { requestCert: true, rejectUnauthorized: true, ca: pairOf('etcd/ca').cert }
const LOOPBACK = 'subjectAltName=DNS:localhost,IP:127.0.0.1'
let ca: MadeAuthority
let other: MadeAuthority
/** As a component makes it for itself: a leaf, and a CA for this one leaf. */
let selfMade: (name: string, days: number) => ServedPair

beforeAll(() => {
  ca = authorityOf('ca')
  other = makeAuthority('kubernetes', P256)
  selfMade = (name, days) => {
    const own = makeAuthority(`${name}-ca@1795219200`, P256)
    return made(own, { subject: `/CN=${name}@1795219200`, days }, own.certificate)
  }
})

describe('the command line', () => {
  it('says what it does not look at', async () => {
    const { stdout } = await kubepki('certs', 'verify', '--root', copyNode('stock-1.31'), '-o', 'json')
    const { notLookedAt, endpoints } = JSON.parse(stdout) as Looked
    expect(notLookedAt).toContainEqual({
      what: 'what the processes serve',
      why: 'no connection is made unless it is asked for',
      remedy: expect.stringMatching(/^kubepki certs verify --live --root \/.*/),
    })
    expect(endpoints).toBeUndefined()
  })

  it.each([
    [['--endpoint', '192.0.2.1:6443'], '--endpoint wants --live too'],
    [['--timeout', '5s'], '--timeout wants --live too'],
    [['--live', '--endpoint', 'lb.example.test'], '--endpoint wants HOST:PORT, found "lb.example.test"'],
    [['--live', '--endpoint', '2001:db8::1'], '--endpoint wants HOST:PORT, found "2001:db8::1"'],
    [['--live', '--timeout', '0s'], '--timeout wants a duration, found "0s"'],
  ])('%j is wrong use', async (args, message) => {
    const { stderr, exitCode } = await kubepki('certs', 'verify', '--root', copyNode('stock-1.31'), ...args)
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringContaining(message) })
  })
})

describe('what is as it should be', () => {
  it('is found to be the same, whatever the server wants of its clients', async () => {
    const root = await liveNode({
      'kube-apiserver': await serving(pairOf('apiserver'), { minVersion: 'TLSv1.3' }),
      etcd: await serving(pairOf('etcd/server'), { ...CLIENT_AUTH, maxVersion: 'TLSv1.2' }),
      peers: await serving(pairOf('etcd/peer'), { ...CLIENT_AUTH, minVersion: 'TLSv1.3' }),
      'kube-controller-manager': await serving(selfMade('localhost', 365)),
      'kube-scheduler': await serving(selfMade('localhost', 365)),
      kubelet: await serving(kubeletPair()),
    })
    const { findings, endpoints, exitCode, notLookedAt } = await look(root)
    expect(outline(findings)).toEqual([])
    expect(exitCode).toBe(0)
    expect(endpoints.map(({ component, role, row, matches }) => [component, role, row, matches])).toEqual([
      ['etcd', 'serving', 'etcd-server', true],
      ['etcd', 'peer', 'etcd-peer', true],
      ['kube-apiserver', 'serving', 'apiserver', true],
      ['kube-controller-manager', 'serving', undefined, undefined],
      ['kube-scheduler', 'serving', undefined, undefined],
      ['kubelet', 'serving', 'kubelet-server-current.pem', true],
    ])
    expect(notLookedAt.map(({ what }) => what).join()).not.toContain('what is served by')
    expect(notLookedAt.map(({ what }) => what)).toContain('whether it was this node that answered')
  })

  it('is a line each for people', async () => {
    const root = await liveNode({ 'kube-apiserver': await serving(pairOf('apiserver')) })
    const { stdout } = await kubepki('certs', 'verify', '--root', root, '--live')
    expect(stdout).toMatch(/\nServed:\nCOMPONENT +ADDRESS +SERVES +EXPIRES +FILE\n/)
    expect(stdout).toMatch(
      /kube-apiserver +127\.0\.0\.1:\d+ +CN=kube-apiserver +2027-11-21T00:00:00Z +\S+\/apiserver\.crt: the same\n/,
    )
    expect(stdout).toMatch(/kubelet +127\.0\.0\.1:\d+ +nobody listens +- +-\n/)
  })

  it('is a certificate of its own for a kubelet that no cluster signs for', async () => {
    const file = 'var/lib/kubelet/pki/kubelet.crt'
    const pair = selfMade('cp-1', 365)
    const config = 'kind: KubeletConfiguration\n'
    const changes = { [file]: pair.cert, 'var/lib/kubelet/config.yaml': config }
    const root = await liveNode({ kubelet: await serving(pair) }, changes)
    const { endpoints } = await look(root)
    expect(endpoints.at(-1)).toMatchObject({ row: 'kubelet.crt', matches: true })
    expect(outline(await findingsOf(root)).filter(line => line.includes('SERVED'))).toEqual([])
  })
})

describe('STALE_IN_MEMORY', () => {
  const MANIFEST = 'etc/kubernetes/manifests/kube-apiserver.yaml'

  it('is a warning, with both certificates and the restart', async () => {
    const root = await liveNode({ 'kube-apiserver': await serving(made(ca)) })
    const [finding, ...rest] = await findingsOf(root)
    expect(rest).toEqual([])
    expect(finding).toMatchObject({ code: 'STALE_IN_MEMORY', severity: 'warning', certificate: 'apiserver' })
    expect(finding?.expected).toMatch(/CN=kube-apiserver, serial \w+, SHA-256 \w{12}, ends 2027-11-21T00/)
    expect(finding?.found).toMatch(/kube-apiserver at 127\.0\.0\.1:\d+ serves CN=kube-apiserver, .*355d/)
    expect(finding?.found).toContain('it should have taken it up within 60 s')
    expect(finding?.impact).toContain('nothing can connect to the API server')
    const manifest = join(root, MANIFEST)
    expect(finding?.remedy).toBe(
      `mv ${manifest} /root/kube-apiserver.yaml && sleep 20 && mv /root/kube-apiserver.yaml ${manifest}`,
    )
  })

  it.each([
    [17, 'error'],
    [18, 'warning'],
  ])('of what ends %i days after it began is %s', async (days, severity) => {
    const root = await liveNode({ 'kube-apiserver': await serving(made(ca, { days })) })
    expect(outline(await findingsOf(root))).toEqual([`${severity} STALE_IN_MEMORY apiserver`])
  })

  it('is worth knowing only while the process is still to take the file up', async () => {
    const root = await liveNode({ 'kube-apiserver': await serving(made(ca)) })
    const file = join(root, 'etc/kubernetes/pki/apiserver.crt')
    const at = (seconds: number) => utimesSync(file, NOW, new Date(NOW.getTime() - seconds * 1000))
    at(30)
    const [finding] = await findingsOf(root)
    expect(finding).toMatchObject({ code: 'STALE_IN_MEMORY', severity: 'info' })
    expect(finding?.remedy).toContain('kube-apiserver takes the file up by itself within 60 s')
    at(90)
    expect(outline(await findingsOf(root))).toEqual(['warning STALE_IN_MEMORY apiserver'])
  })

  it('of etcd, which reads its files at every handshake, is never a matter of time', async () => {
    const root = await liveNode({
      etcd: await serving(made(authorityOf('etcd/ca'), { subject: '/CN=cp-1' })),
    })
    utimesSync(join(root, 'etc/kubernetes/pki/etcd/server.crt'), NOW, NOW)
    expect(outline(await findingsOf(root))).toEqual(['warning STALE_IN_MEMORY etcd-server'])
  })

  it('of a kubelet is a service to restart', async () => {
    const root = await liveNode({ kubelet: await serving(selfMade('cp-1', 365)) })
    expect(await findingsOf(root)).toMatchObject([
      { code: 'STALE_IN_MEMORY', remedy: 'systemctl restart kubelet' },
    ])
  })

  it('of a controller-manager with a file', async () => {
    const served = made(ca, { subject: '/CN=kcm' })
    const root = await liveNode({ 'kube-controller-manager': await serving(served) })
    const file = join(root, 'etc/kubernetes/kcm.crt')
    writeFileSync(file, made(ca, { subject: '/CN=kcm' }).cert)
    setFlags(root, 'kube-controller-manager', { 'tls-cert-file': '/etc/kubernetes/kcm.crt' })
    expect(outline(await findingsOf(root))).toEqual(['warning STALE_IN_MEMORY kube-controller-manager'])
    utimesSync(file, NOW, NOW)
    expect(outline(await findingsOf(root))).toEqual(['info STALE_IN_MEMORY kube-controller-manager'])
    writeFileSync(file, served.cert)
    expect(await findingsOf(root)).toEqual([])
  })

  it('is looked for in the named rows alone', async () => {
    const root = await liveNode({ 'kube-apiserver': await serving(made(ca)) })
    expect(outline(await findingsOf(root, 'apiserver'))).toHaveLength(1)
    expect(outline(await findingsOf(root, 'etcd-server'))).toEqual([])
  })
})

describe('what is served', () => {
  it('is of no CA of this node: another with its name, or none', async () => {
    const foreign = await liveNode({ 'kube-apiserver': await serving(made(other)) })
    const [finding, ...rest] = await findingsOf(foreign)
    expect(rest).toEqual([])
    expect(finding).toMatchObject({
      code: 'SERVED_FILE_UNKNOWN',
      severity: 'error',
      certificate: 'apiserver',
    })
    expect(finding?.expected).toMatch(/^signed by CN=kubernetes \(key \w{12}\)$/)
    expect(finding?.remedy).toMatch(/^ss -ltnp 'sport = :\d+' says who listens/)
    const self = await liveNode({ 'kube-apiserver': await serving(selfMade('somebody', 365)) })
    expect(outline(await findingsOf(self))).toEqual(['error SERVED_FILE_UNKNOWN apiserver'])
  })

  it("is another row's", async () => {
    const root = await liveNode({ etcd: await serving(pairOf('etcd/peer')) })
    const findings = await findingsOf(root)
    expect(outline(findings)).toEqual(['warning SERVED_WRONG_FILE etcd-server'])
    expect(findings[0]?.found).toContain('serves the certificate of etcd-peer: ')
  })

  it('has expired', async () => {
    const root = await liveNode({ 'kube-apiserver': await serving(made(ca, { days: 5 })) })
    const findings = await findingsOf(root)
    expect(outline(findings)).toEqual(['error STALE_IN_MEMORY apiserver', 'error SERVED_EXPIRED apiserver'])
    expect(findings[1]?.found).toMatch(/: expired 5d ago$/)
    expect(findings[1]?.remedy).toMatch(/^mv /)
  })

  it('has expired, and so has the file', async () => {
    const pair = made(ca, { days: 5 })
    const changes = { 'etc/kubernetes/pki/apiserver.crt': pair.cert }
    const root = await liveNode({ 'kube-apiserver': await serving(pair) }, changes)
    const findings = (await findingsOf(root)).filter(({ code }) => code === 'SERVED_EXPIRED')
    expect(findings[0]?.remedy).toBe(`kubepki certs renew apiserver --root ${root} --restart`)
  })

  it('is not valid yet', async () => {
    const root = await liveNode({ 'kube-apiserver': await serving(made(ca)) })
    const findings = await findingsOf(root, '--now', '2026-11-20T23:30:00Z')
    expect(findings).toContainEqual(
      expect.objectContaining({
        code: 'SERVED_NOT_YET_VALID',
        severity: 'error',
        found: expect.stringMatching(/valid from 2026-11-21T00:00:00Z: in 30m$/),
      }),
    )
  })

  it('lacks an intermediate that the file has, or has not', async () => {
    const key = openssl(['genpkey', ...P256])
    const extensions = 'basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign'
    const intermediate = { ...made(ca, { subject: '/CN=intermediate', extensions }), authority: key }
    const leaf = made({ certificate: intermediate.cert, key: intermediate.key })
    const whole = { ...leaf, cert: leaf.cert + intermediate.cert }
    const file = 'etc/kubernetes/pki/apiserver.crt'
    const has = await liveNode({ 'kube-apiserver': await serving(leaf) }, { [file]: whole.cert })
    const findings = await findingsOf(has)
    expect(outline(findings)).toContain('error SERVED_CHAIN_INCOMPLETE apiserver')
    expect(findings.find(({ code }) => code === 'SERVED_CHAIN_INCOMPLETE')?.remedy).toMatch(/^mv /)
    const full = await liveNode({ 'kube-apiserver': await serving(whole) }, { [file]: whole.cert })
    expect(outline(await findingsOf(full)).join()).not.toContain('SERVED_CHAIN_INCOMPLETE')
    const bundle = {
      'etc/kubernetes/pki/front-proxy-client.crt': pairOf('front-proxy-client').cert + intermediate.cert,
    }
    const hasNot = await liveNode({ 'kube-apiserver': await serving(leaf) }, { [file]: leaf.cert, ...bundle })
    const lacking = (await findingsOf(hasNot)).find(({ code }) => code === 'SERVED_CHAIN_INCOMPLETE')
    expect(lacking?.remedy).toMatch(/^append the certificate of CN=intermediate to .*\/apiserver\.crt$/)
  })
})

describe('what a component made for itself', () => {
  it.each([
    ['has expired', 5, ['warning SELF_MADE_EXPIRES kube-controller-manager']],
    ['ends soon', 30, ['warning SELF_MADE_EXPIRES kube-controller-manager']],
    ['is good for a while', 60, []],
  ])('%s', async (_name, days, expected) => {
    const root = await liveNode({ 'kube-controller-manager': await serving(selfMade('localhost', days)) })
    expect(outline(await findingsOf(root))).toEqual(expected)
  })

  it.each([
    [5, ['error LOOPBACK_CERTIFICATE_EXPIRES kube-apiserver']],
    [20, ['warning LOOPBACK_CERTIFICATE_EXPIRES kube-apiserver']],
    [365, []],
  ])('the API server for itself, for %i days', async (days, expected) => {
    const { cert, key } = selfMade('apiserver-loopback-client', days)
    const context = createSecureContext({ cert, key })
    const SNICallback: TlsOptions['SNICallback'] = (name, done) =>
      done(null, name === 'apiserver-loopback-client' ? context : undefined)
    const root = await liveNode({ 'kube-apiserver': await serving(pairOf('apiserver'), { SNICallback }) })
    expect(outline(await findingsOf(root))).toEqual(expected)
    const { endpoints } = await look(root)
    expect(endpoints).toContainEqual(
      expect.objectContaining({ role: 'loopback', serverName: 'apiserver-loopback-client' }),
    )
  })

  it('that an API server does not show is not looked at', async () => {
    const root = await liveNode({ 'kube-apiserver': await serving(pairOf('apiserver')) })
    const { notLookedAt } = await look(root)
    expect(notLookedAt.map(({ what }) => what)).toContain(
      "the API server's certificate for its own connections",
    )
  })
})

describe('an address that is named', () => {
  const at = (port: number, host = '127.0.0.1') => ['--endpoint', `${host}:${port}`]

  it('may lead to another node of the cluster', async () => {
    const port = await serving(made(ca, { extensions: LOOPBACK }))
    const { endpoints } = await look(await liveNode(), ...at(port), ...at(port, 'localhost'))
    expect(await findingsOf(await liveNode(), ...at(port), ...at(port, 'localhost'))).toEqual([])
    expect(endpoints.slice(-2)).toMatchObject([
      { role: 'further', address: `127.0.0.1:${port}`, state: 'tls', matches: false },
      { role: 'further', address: `localhost:${port}`, state: 'tls', matches: false },
    ])
  })

  it('has to be among the names', async () => {
    const findings = await findingsOf(await liveNode(), ...at(await serving(pairOf('apiserver'))))
    expect(outline(findings)).toEqual(['error SERVED_NAME_MISMATCH apiserver'])
    expect(findings[0]).toMatchObject({
      expected: expect.stringMatching(/^IP:127\.0\.0\.1 among/),
      found: expect.stringContaining('DNS:kubernetes.default, '),
      remedy: expect.stringContaining('kubepki certs renew apiserver --add-san 127.0.0.1 --restart'),
    })
  })

  it('may lead to another cluster', async () => {
    const port = await serving(made(other, { extensions: LOOPBACK }))
    expect(outline(await findingsOf(await liveNode(), ...at(port)))).toEqual([
      'warning SERVED_FILE_UNKNOWN apiserver',
    ])
  })

  it('is compared with the CA on a worker too', async () => {
    const root = copyNode('worker')
    writeFileSync(join(root, 'var/lib/kubelet/config.yaml'), `port: ${await freePort()}\n`)
    const port = await serving(made(other, { extensions: LOOPBACK }))
    expect(outline(await findingsOf(root, ...at(port)))).toContain('warning SERVED_FILE_UNKNOWN apiserver')
  })
})

describe('who does not answer', () => {
  const stateOf = ({ endpoints }: Looked) => endpoints.at(-1)?.state

  it('refuses: worth knowing', async () => {
    const { findings, exitCode, notLookedAt } = await look(await liveNode())
    expect(new Set(outline(findings).map(line => line.replace(/ \S+$/, '')))).toEqual(
      new Set(['info ENDPOINT_UNREACHABLE']),
    )
    expect(findings).toHaveLength(6)
    expect(exitCode).toBe(0)
    expect(notLookedAt.map(({ why }) => why)).toContain('nobody listens: connection refused')
  })

  it('takes the connection and stays silent, or is a hole: neither holds the others up', async () => {
    const silent = await listening(
      createServer(socket => {
        onTestFinished(() => {
          socket.destroy()
        })
      }),
    )
    const root = await liveNode({ 'kube-apiserver': silent, etcd: await serving(pairOf('etcd/server')) })
    const looked = await look(root, '--endpoint', '192.0.2.1:6443', '--timeout', '3s')
    expect(looked.endpoints.at(-1)?.certificate).toBeUndefined()
    expect(looked.endpoints).toContainEqual(
      expect.objectContaining({ component: 'kube-apiserver', role: 'serving', state: 'silent' }),
    )
    expect(looked.endpoints).toContainEqual(expect.objectContaining({ row: 'etcd-server', matches: true }))
    const unreachable = looked.findings.find(({ certificate }) => certificate === 'apiserver')
    expect(unreachable?.found).toBe('the connection was taken, and then there was no answer in time')
  })

  it('has a name that leads nowhere', async () => {
    const looked = await look(await liveNode(), '--endpoint', 'no-such-host.invalid:6443')
    expect(stateOf(looked)).toBe('silent')
  })

  it('speaks no TLS', async () => {
    const root = await liveNode({ kubelet: await listening(createHttpServer()) })
    const findings = await findingsOf(root)
    expect(outline(findings)).toEqual(['warning ENDPOINT_NO_TLS kubelet-server-current.pem'])
    expect(findings[0]?.remedy).toMatch(/^ss -ltnp 'sport = :\d+'$/)
  })
})

it('what openssl serves', async () => {
  const root = await liveNode({ 'kube-apiserver': await freePort() })
  const port = await freePort()
  const pki = join(root, 'etc/kubernetes/pki')
  const server = spawn('openssl', [
    ...['s_server', '-accept', `127.0.0.1:${port}`, '-cert', join(pki, 'apiserver.crt'), '-key'],
    ...[join(pki, 'apiserver.key'), '-cert_chain', join(pki, 'ca.crt'), '-tls1_2', '-Verify', '1', '-quiet'],
  ])
  onTestFinished(() => stop(server))
  setFlags(root, 'kube-apiserver', { 'secure-port': port })
  const served = async () => (await look(root)).endpoints.find(({ row }) => row === 'apiserver')
  await expect.poll(served, { timeout: 40_000 }).toMatchObject({ state: 'tls', matches: true })
})

describe('PROCESS_OLDER_THAN_FILE', () => {
  /** A process by that name, whose command names the tree. */
  async function run(component: string, root: string): Promise<Date> {
    const idle = ['-e', 'setInterval(() => undefined, 1000)', '--', `--kubeconfig=${root}/etc/kubernetes`]
    const child = spawn(process.execPath, idle, { argv0: `/usr/local/bin/${component}`, stdio: 'ignore' })
    onTestFinished(() => stop(child))
    await once(child, 'spawn')
    await sleep(50)
    return new Date()
  }

  async function older(root: string): Promise<string[]> {
    const findings = await findingsOf(root)
    return outline(findings.filter(({ code }) => code === 'PROCESS_OLDER_THAN_FILE'))
  }

  const write = (root: string, file: string, at: number) =>
    utimesSync(join(root, 'etc/kubernetes', file), new Date(at), new Date(at))

  it('is what is read at the start only', async () => {
    const root = await liveNode()
    const started = (await run('kube-controller-manager', root)).getTime()
    await run('kube-apiserver', root)
    await run('kubelet', root)
    for (const file of [
      'controller-manager.conf',
      'kubelet.conf',
      'pki/ca.crt',
      'pki/etcd/ca.crt',
      'pki/apiserver-kubelet-client.crt',
      'pki/sa.key',
    ])
      write(root, file, started - 60_000)
    expect(await older(root)).toEqual([])
    write(root, 'controller-manager.conf', started + 60_000)
    write(root, 'pki/etcd/ca.crt', started + 60_000)
    // Its version takes that up by itself; the kubelet writes that by itself.
    write(root, 'pki/apiserver-kubelet-client.crt', started + 60_000)
    write(root, 'kubelet.conf', started + 60_000)
    write(root, '../../var/lib/kubelet/pki/kubelet-client-2026-11-21-00-00-00.pem', started + 60_000)
    expect(await older(root)).toEqual([
      'warning PROCESS_OLDER_THAN_FILE controller-manager.conf',
      'warning PROCESS_OLDER_THAN_FILE etcd-ca',
    ])
    const [finding] = (await findingsOf(root)).filter(({ code }) => code === 'PROCESS_OLDER_THAN_FILE')
    expect(finding?.found).toMatch(/^kube-controller-manager \(pid \d+\) runs since 20/)
    expect(finding?.impact).toContain('the controller manager stops')
    expect(finding?.remedy).toMatch(/^mv \S+\/kube-controller-manager.yaml \/root/)
  })

  it('is of the kubelet where its kubeconfig holds the certificate', async () => {
    const root = await liveNode()
    const started = (await run('kubelet', root)).getTime()
    cpSync(join(root, 'etc/kubernetes/admin.conf'), join(root, 'etc/kubernetes/kubelet.conf'))
    write(root, 'kubelet.conf', started + 60_000)
    const [finding] = (await findingsOf(root)).filter(({ code }) => code === 'PROCESS_OLDER_THAN_FILE')
    expect(finding).toMatchObject({ certificate: 'kubelet.conf', remedy: 'systemctl restart kubelet' })
  })

  it('is not of a process that has nothing to do with the tree', async () => {
    const root = await liveNode()
    const started = (await run('kube-controller-manager', `${root}-other`)).getTime()
    write(root, 'controller-manager.conf', started + 60_000)
    expect(await older(root)).toEqual([])
    expect((await look(root)).notLookedAt.map(({ what }) => what)).toContain(
      'since when they run: etcd, kube-apiserver, kube-controller-manager, kube-scheduler',
    )
  })
})
