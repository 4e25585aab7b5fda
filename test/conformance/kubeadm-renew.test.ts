/** The same tree renewed by the real kubeadm 1.20 and by kubepki, compared certificate by certificate. */
import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { kubepki, type Outcome } from '../support/host.ts'
import {
  CONFIGURATIONS,
  type ConfigurationName,
  configFile,
  copyTree,
  embedded,
  execute,
  kubeadm,
  kubeadmOutput,
  kubeadmTrees,
  leavesOf,
  outputOf,
  redate,
  remove,
  VARIANTS,
} from '../support/kubeadm.ts'
import { fingerprint } from '../support/node.ts'

const copyOf = kubeadmTrees(CONFIGURATIONS)

const YEAR = 365 * 86_400_000
const MINUTE = 60_000

function renewAll(root: string, now: Date, ...flags: string[]): Promise<Outcome> {
  const place = ['--root', root, '--config', configFile(root), '--now', now.toISOString()]
  return kubepki('certs', 'renew', 'all', ...place, ...flags)
}

/** A certificate as openssl takes it apart; DER in hexadecimal. */
interface Fields {
  readonly serialNumber: string
  readonly signatureAlgorithm: string
  readonly issuer: string
  readonly validity: readonly string[]
  readonly subject: string
  /** Algorithm identifier and the length of the key. */
  readonly publicKey: string
  /** In order: name, `critical` or not, value. */
  readonly extensions: readonly string[]
}

interface Element {
  readonly depth: number
  readonly der: string
  readonly length: number
  readonly type: string
  readonly value: string
}

async function fieldsOf(pem: string): Promise<Fields> {
  const der = Buffer.from(/-----BEGIN CERTIFICATE-----([^-]+)/.exec(pem)?.[1] ?? '', 'base64')
  const elements = (await outputOf('openssl', ['asn1parse'], pem))
    .trimEnd()
    .split('\n')
    .map(line => element(line, der))
  const tbs = elements.filter(({ depth }) => depth === 2).map(({ der }) => der)
  const parts = sections(elements)
  const [, serialNumber = '', signatureAlgorithm = '', issuer = '', , subject = ''] = tbs
  const [key] = (parts[6] ?? []).filter(({ type }) => type === 'BIT STRING')
  const [algorithm] = (parts[6] ?? []).filter(({ type, depth }) => type === 'SEQUENCE' && depth === 3)
  return {
    ...{ serialNumber, signatureAlgorithm, issuer, subject },
    validity: (parts[4] ?? []).filter(({ depth }) => depth === 3).map(({ value }) => value),
    publicKey: `${algorithm?.der} ${key?.length}`,
    extensions: extensionsOf(parts[7] ?? []),
  }
}

/** A line such as `  93:d=2  hl=2 l=  25 cons: SEQUENCE`. */
function element(line: string, der: Buffer): Element {
  const found = /^ *(\d+):d=(\d+) +hl=(\d+) l= *(\d+) \w+: (.+?) *(?::(.*))?$/.exec(line)
  if (!found) throw new Error(line)
  const [start = 0, depth = 0, header = 0, length = 0] = found.slice(1, 5).map(Number)
  const bytes = der.subarray(start, start + header + length)
  return { depth, length, der: bytes.toString('hex'), type: found[5] ?? '', value: found[6] ?? '' }
}

/** The elements of each field of the TBSCertificate. */
function sections(elements: readonly Element[]): Element[][] {
  const sections: Element[][] = []
  for (const one of elements.slice(2)) {
    if (one.depth === 1) break
    if (one.depth === 2) sections.push([])
    sections.at(-1)?.push(one)
  }
  return sections
}

function extensionsOf(elements: readonly Element[]): string[] {
  const extensions: string[] = []
  for (const { type, value } of elements.filter(({ depth }) => depth === 5)) {
    if (type === 'OBJECT') extensions.push(value)
    else extensions.push(`${extensions.pop()} ${type === 'BOOLEAN' ? 'critical' : value}`)
  }
  return extensions
}

function certificateIn(root: string, file: string): string {
  const text = readFileSync(join(root, 'etc/kubernetes', file), 'utf8')
  return file.endsWith('.conf') ? embedded(text, 'client-certificate-data') : text
}

/** What a renewal may not change; the order of extensions is kubepki's promise alone. */
function identity({ subject, issuer, signatureAlgorithm, extensions }: Fields) {
  return { subject, issuer, signatureAlgorithm, extensions }
}

function sorted({ extensions, ...rest }: ReturnType<typeof identity>) {
  return { ...rest, extensions: extensions.toSorted() }
}

interface Renewed {
  readonly before: string
  readonly byKubeadm: string
  readonly byKubepki: string
  readonly now: Date
}

/** `keys: 'old'`: documented difference, the configuration names no algorithm and the old keys are not kubeadm's default. */
async function expectSameCertificates(trees: Renewed, certDir: string, keys: 'kubeadm' | 'old' = 'kubeadm') {
  const leaves = leavesOf(trees.before, certDir)
  expect(leaves).not.toEqual([])
  for (const { file } of leaves) {
    const [before, kubeadms, ours] = await Promise.all(
      [trees.before, trees.byKubeadm, trees.byKubepki].map(root => fieldsOf(certificateIn(root, file))),
    )
    if (!before || !kubeadms || !ours) throw new TypeError(file)
    expect({ file, ...identity(ours) }).toEqual({ file, ...identity(before) })
    expect({ file, ...sorted(identity(ours)) }).toEqual({ file, ...sorted(identity(kubeadms)) })
    expect({ file, key: ours.publicKey }).toEqual({
      file,
      key: (keys === 'old' ? before : kubeadms).publicKey,
    })
    expect(ours.serialNumber).toMatch(/^02(0[1-9a-f]|1[0-4])[0-7]/)
    expect(ours.serialNumber).not.toBe(before.serialNumber)
    expect({ file, validity: ours.validity }).toEqual({ file, validity: aYearFrom(trees.now) })
  }
}

/** Documented difference: five minutes before now, not the CA's notBefore. */
function aYearFrom(now: Date): string[] {
  return [-5 * MINUTE, YEAR].map(offset => {
    const time = new Date(now.getTime() + offset).toISOString()
    return `${time.slice(2, 19).replace(/[-T:]/g, '')}Z`
  })
}

const SUPER_ADMIN = 'MISSING! certificate embedded in the kubeconfig file for the super-admin\n'

/** 1.20 does not know super-admin.conf; later versions say that it is missing. */
function modern(stdout: string): string {
  return stdout.replace(/\n\nDone/, `\n${SUPER_ADMIN}\nDone`)
}

async function renewBoth(
  before: string,
): Promise<Renewed & { readonly outcome: Outcome; readonly stdout: string }> {
  const [byKubeadm, byKubepki] = [copyTree(before), copyTree(before)]
  const now = new Date()
  const [stdout, outcome] = await Promise.all([
    kubeadmOutput(byKubeadm, 'certs', 'renew', 'all', '--config', configFile(byKubeadm)),
    renewAll(byKubepki, now),
  ])
  return { before, byKubeadm, byKubepki, now, outcome, stdout }
}

function certDirOf(root: string): string {
  const config = readFileSync(configFile(root), 'utf8')
  return /^certificatesDir: \/etc\/kubernetes\/(.+)$/m.exec(config)?.[1] ?? 'pki'
}

/** Every leaf is good for its usages under its CA, by openssl. */
async function expectVerified(root: string, certDir: string): Promise<void> {
  for (const { file, ca } of leavesOf(root, certDir)) {
    const pem = certificateIn(root, file)
    const { extensions } = await fieldsOf(pem)
    const usages = extensions.find(extension => extension.startsWith('X509v3 Extended Key Usage')) ?? ''
    const purposes = [
      ...(usages.includes('2B06010505070301') ? ['sslserver'] : []),
      ...(usages.includes('2B06010505070302') ? ['sslclient'] : []),
    ]
    expect(purposes).not.toEqual([])
    for (const purpose of purposes) {
      const authority = join(root, 'etc/kubernetes', certDir, `${ca}.crt`)
      await outputOf('openssl', ['verify', '-purpose', purpose, '-CAfile', authority], pem)
    }
  }
}

/** The key on disk, or in the kubeconfig, is that of the certificate. */
async function expectKeysFit(root: string, certDir: string): Promise<void> {
  for (const { file } of leavesOf(root, certDir)) {
    const path = join(root, 'etc/kubernetes', file)
    const text = readFileSync(path, 'utf8')
    const isKubeconfig = file.endsWith('.conf')
    const key = isKubeconfig
      ? embedded(text, 'client-key-data')
      : readFileSync(path.replace(/crt$/, 'key'), 'utf8')
    const ofKey = await outputOf('openssl', ['pkey', '-pubout'], key)
    const ofCertificate = await outputOf('openssl', ['x509', '-noout', '-pubkey'], certificateIn(root, file))
    expect({ file, key: ofKey }).toEqual({ file, key: ofCertificate })
    expect(key).toMatch(/^-----BEGIN (RSA|EC) PRIVATE KEY-----\n/)
  }
}

/** No file more or less, no mode changed, and nothing written but the leaves. */
function expectSameFiles(before: string, after: string, certDir: string): void {
  const modes = (root: string) =>
    Object.entries(fingerprint(root)).map(([path, found]) => `${path} ${found.split(' ')[0]}`)
  expect(modes(after)).toEqual(modes(before))
  const old = fingerprint(before)
  const changed = Object.entries(fingerprint(after)).flatMap(([path, found]) =>
    old[path] === found ? [] : path,
  )
  const leaves = leavesOf(before, certDir).flatMap(({ file }) =>
    file.endsWith('.conf') ? file : [file, file.replace(/crt$/, 'key')],
  )
  expect(changed.toSorted()).toEqual(leaves.map(file => join('etc/kubernetes', file)).toSorted())
}

function expectOnlyCredentialsChanged(before: string, after: string): void {
  for (const { file } of leavesOf(before, '-').filter(leaf => leaf.file.endsWith('.conf'))) {
    const [old = [], now = []] = [before, after].map(root =>
      readFileSync(join(root, 'etc/kubernetes', file), 'utf8').split('\n'),
    )
    expect(now.length).toBe(old.length)
    const changed = now.flatMap((line, index) => (line === old[index] ? [] : line.trim().split(' ')[0]))
    expect(changed).toEqual(['client-certificate-data:', 'client-key-data:'])
  }
}

/** kubeadm reads what kubepki wrote, and has nothing to add. */
async function expectAcceptedByKubeadm(root: string): Promise<void> {
  const config = ['--config', configFile(root)]
  await kubeadmOutput(root, 'certs', 'check-expiration', ...config)
  for (const phase of ['certs', 'kubeconfig']) {
    const stdout = await kubeadmOutput(root, 'init', 'phase', phase, 'all', ...config)
    const lines = stdout.trimEnd().split('\n').slice(1)
    expect(lines.filter(line => !/Using (the )?existing|External etcd mode: Skipping/.test(line))).toEqual([])
  }
}

describe('a whole tree', () => {
  test.each(Object.keys(CONFIGURATIONS) as ConfigurationName[])('%s', async name => {
    const trees = await renewBoth(copyOf(name))
    const { before, byKubepki, outcome, stdout } = trees
    const certDir = certDirOf(before)
    expect(outcome).toEqual({ stdout: modern(stdout), stderr: '', exitCode: 0 })
    await expectSameCertificates(trees, certDir)
    await expectKeysFit(byKubepki, certDir)
    await expectVerified(byKubepki, certDir)
    expectSameFiles(before, byKubepki, certDir)
    expectOnlyCredentialsChanged(before, byKubepki)
    await expectAcceptedByKubeadm(byKubepki)
  })
})

describe('something is missing', () => {
  const whole = Object.entries(VARIANTS).filter(([name]) => name !== 'without some leaf keys')

  test.each(whole)('%s', async (_, { of, without }) => {
    const before = copyOf(of)
    const certDir = certDirOf(before)
    remove(
      before,
      without.map(file => file.replace(/^pki\//, `${certDir}/`)),
    )
    const trees = await renewBoth(before)
    expect(trees.outcome).toEqual({ stdout: modern(trees.stdout), stderr: '', exitCode: 0 })
    await expectSameCertificates(trees, certDir)
    await expectVerified(trees.byKubepki, certDir)
    expectSameFiles(before, trees.byKubepki, certDir)
  })

  test('a lost key comes back with the renewal, as private as the others', async () => {
    const { of, without } = VARIANTS['without some leaf keys']
    const whole = copyOf(of)
    const before = copyTree(whole)
    remove(before, without)
    const trees = await renewBoth(before)
    expect(trees.outcome).toEqual({ stdout: modern(trees.stdout), stderr: '', exitCode: 0 })
    await expectSameCertificates(trees, 'pki')
    await expectKeysFit(trees.byKubepki, 'pki')
    expectSameFiles(whole, trees.byKubepki, 'pki')
  })
})

describe('something is otherwise', () => {
  test('expired, and with super-admin.conf', async () => {
    const before = copyOf('DNS and wildcard SANs')
    const dates = { from: new Date('2026-01-01T00:00:00Z'), to: new Date('2026-02-01T00:00:00Z') }
    for (const { file, ca } of leavesOf(before)) await redate(before, file, ca, dates)
    const trees = await renewBoth(before)
    expect(trees.outcome).toEqual({ stdout: modern(trees.stdout), stderr: '', exitCode: 0 })
    await expectSameCertificates(trees, 'pki')
    await expectVerified(trees.byKubepki, 'pki')
    await expectAcceptedByKubeadm(trees.byKubepki)
  })

  test('ECDSA keys and a configuration that names no algorithm: kubeadm makes them RSA, kubepki keeps them', async () => {
    const before = copyOf('ECDSA')
    cpSync(configFile(copyOf('plain')), configFile(before))
    const trees = await renewBoth(before)
    expect(trees.outcome).toEqual({ stdout: modern(trees.stdout), stderr: '', exitCode: 0 })
    await expectSameCertificates(trees, 'pki', 'old')
    const [kubeadms, ours] = await Promise.all(
      [trees.byKubeadm, trees.byKubepki].map(root => fieldsOf(certificateIn(root, 'pki/apiserver.crt'))),
    )
    expect(ours?.publicKey).not.toBe(kubeadms?.publicKey)
  })

  test('the front-proxy CA is external: kubepki adds the request to kubeadm’s line', async () => {
    const before = copyOf('plain')
    remove(before, ['pki/front-proxy-ca.key'])
    const { byKubepki, stdout, outcome } = await renewBoth(before)
    const request = `${byKubepki}/etc/kubernetes/pki/csr/front-proxy-client.csr`
    expect(outcome.stdout).toBe(
      modern(stdout.replace(/^(Detected external .*)$/m, `$1: request written to ${request}`)),
    )
    expect(outcome.stdout).toContain(
      'Detected external front-proxy-ca, certificate for the front proxy client',
    )
    const client = 'etc/kubernetes/pki/front-proxy-client.crt'
    expect(fingerprint(byKubepki)[client]).toBe(fingerprint(before)[client])
    await outputOf('openssl', ['req', '-verify', '-noout', '-in', request])
  })

  test('one by one, by name, with kubeadm’s line for each', async () => {
    const [byKubeadm, byKubepki] = [copyOf('ECDSA'), copyOf('ECDSA')]
    for (const name of ['apiserver', 'etcd-peer', 'front-proxy-client', 'scheduler.conf']) {
      const line = await kubeadmOutput(byKubeadm, 'certs', 'renew', name, '--config', configFile(byKubeadm))
      const ours = await kubepki(
        'certs',
        'renew',
        name,
        '--root',
        byKubepki,
        '--config',
        configFile(byKubepki),
      )
      expect({ name, stdout: ours.stdout, exitCode: ours.exitCode }).toEqual({
        name,
        stdout: line,
        exitCode: 0,
      })
    }
  })
})

/** Where kubeadm stops at the first certificate, kubepki leaves out those of the bad CA. */
describe('a CA that cannot sign', () => {
  test.each([
    {
      what: 'its key is another CA’s',
      files: [['pki/etcd/ca.key', 'pki/ca.key']],
      kubeadms: /doesn't match parent's PublicKey/,
    },
    { what: 'its key is no key', files: [['pki/ca.crt', 'pki/ca.key']], kubeadms: /failed to load key/ },
    {
      what: 'it is no CA',
      files: [
        ['pki/apiserver.crt', 'pki/ca.crt'],
        ['pki/apiserver.key', 'pki/ca.key'],
      ],
      kubeadms: /is not a CA|not a certificate authority/,
    },
  ])('$what', async ({ files, kubeadms }) => {
    const before = copyOf('ECDSA')
    for (const [from = '', to = ''] of files)
      cpSync(join(before, 'etc/kubernetes', from), join(before, 'etc/kubernetes', to))
    const byKubepki = copyTree(before)
    const refused = await kubeadm(before, 'certs', 'renew', 'all', '--config', configFile(before))
    expect(refused.exitCode).toBe(1)
    expect(refused.stderr).toMatch(kubeadms)
    const old = fingerprint(byKubepki)
    const { exitCode, stderr } = await renewAll(byKubepki, new Date())
    expect(exitCode).toBe(1)
    expect(stderr).toContain('error: apiserver not renewed: ')
    const renewed = fingerprint(byKubepki)
    const ofBadCa = leavesOf(byKubepki).filter(({ ca }) => ca === 'ca')
    for (const { file } of ofBadCa) {
      for (const one of [file, file.replace(/crt$/, 'key')])
        expect(renewed[join('etc/kubernetes', one)]).toBe(old[join('etc/kubernetes', one)])
    }
    expect(renewed['etc/kubernetes/pki/etcd/server.crt']).not.toBe(old['etc/kubernetes/pki/etcd/server.crt'])
  })
})
