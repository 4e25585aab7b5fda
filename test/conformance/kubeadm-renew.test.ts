/** The same tree renewed by the real kubeadm 1.20 and by kubepki, compared certificate by certificate. */
import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { exceptAdvice, kubepki, type Outcome } from '../support/host.ts'
import {
  CONFIGURATIONS,
  type ConfigurationName,
  configFile,
  copyTree,
  EXPIRED,
  embedded,
  kubeadmOutput,
  kubeadmTrees,
  leavesOf,
  outputOf,
  redate,
  remove,
  VARIANTS,
} from '../support/kubeadm.ts'
import { fingerprint as allOf } from '../support/node.ts'
import { exceptBackups } from '../support/store.ts'

const fingerprint = (directory: string) => exceptBackups(allOf(directory))

const copyOf = kubeadmTrees(CONFIGURATIONS)

const YEAR = 365 * 86_400_000
const MINUTE = 60_000

function renew(root: string, name: string, now: Date): Promise<Outcome> {
  return kubepki(
    'certs',
    'renew',
    name,
    '--root',
    root,
    '--config',
    configFile(root),
    '--now',
    now.toISOString(),
  )
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
    renew(byKubepki, 'all', now),
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

const EXPECTED = /Using (the )?existing|External etcd mode: Skipping|^\[endpoint\] WARNING: port specified/

/** kubeadm reads what kubepki wrote, and has nothing to add. */
async function expectAcceptedByKubeadm(root: string): Promise<void> {
  const config = ['--config', configFile(root)]
  await kubeadmOutput(root, 'certs', 'check-expiration', ...config)
  for (const phase of ['certs', 'kubeconfig']) {
    const stdout = await kubeadmOutput(root, 'init', 'phase', phase, 'all', ...config)
    const lines = stdout.trimEnd().split('\n').slice(1)
    expect(lines.filter(line => !EXPECTED.test(line))).toEqual([])
  }
}

describe('a whole tree', () => {
  test.each(Object.keys(CONFIGURATIONS) as ConfigurationName[])('%s', async name => {
    const trees = await renewBoth(copyOf(name))
    const { before, byKubepki, outcome, stdout } = trees
    const certDir = certDirOf(before)
    expect.soft(exceptAdvice(outcome)).toEqual({ stdout: modern(stdout), stderr: '', exitCode: 0 })
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
    expect
      .soft(exceptAdvice(trees.outcome))
      .toEqual({ stdout: modern(trees.stdout), stderr: '', exitCode: 0 })
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
    expect
      .soft(exceptAdvice(trees.outcome))
      .toEqual({ stdout: modern(trees.stdout), stderr: '', exitCode: 0 })
    await expectSameCertificates(trees, 'pki')
    await expectKeysFit(trees.byKubepki, 'pki')
    expectSameFiles(whole, trees.byKubepki, 'pki')
  })
})

describe('something is otherwise', () => {
  test('everything has expired', async () => {
    const before = copyOf('DNS and wildcard SANs')
    for (const { file, ca } of leavesOf(before)) await redate(before, file, ca, EXPIRED)
    const trees = await renewBoth(before)
    expect
      .soft(exceptAdvice(trees.outcome))
      .toEqual({ stdout: modern(trees.stdout), stderr: '', exitCode: 0 })
    await expectSameCertificates(trees, 'pki')
    await expectVerified(trees.byKubepki, 'pki')
    await expectAcceptedByKubeadm(trees.byKubepki)
  })

  test('ECDSA keys and a configuration that names no algorithm: kubeadm makes them RSA, kubepki keeps them', async () => {
    const before = copyOf('ECDSA')
    cpSync(configFile(copyOf('plain')), configFile(before))
    const trees = await renewBoth(before)
    expect
      .soft(exceptAdvice(trees.outcome))
      .toEqual({ stdout: modern(trees.stdout), stderr: '', exitCode: 0 })
    await expectSameCertificates(trees, 'pki', 'old')
    const [kubeadms, ours] = await Promise.all(
      [trees.byKubeadm, trees.byKubepki].map(root => fieldsOf(certificateIn(root, 'pki/apiserver.crt'))),
    )
    expect(ours?.publicKey).not.toBe(kubeadms?.publicKey)
  })

  test('super-admin.conf, which 1.20 does not know, is renewed too', async () => {
    const before = copyOf('ECDSA')
    cpSync(join(before, 'etc/kubernetes/admin.conf'), join(before, 'etc/kubernetes/super-admin.conf'))
    const { byKubepki, stdout, outcome } = await renewBoth(before)
    const renewed = SUPER_ADMIN.replace(/^MISSING! (.*)/, '$1 renewed')
    expect(outcome.stdout).toBe(modern(stdout).replace(SUPER_ADMIN, renewed))
    const [old, ours] = await Promise.all(
      [before, byKubepki].map(root => fieldsOf(certificateIn(root, 'super-admin.conf'))),
    )
    if (!old || !ours) throw new TypeError('super-admin.conf')
    expect(identity(ours)).toEqual(identity(old))
    expect(ours.serialNumber).not.toBe(old.serialNumber)
  })
})

describe('by name', () => {
  const NAMED: readonly (readonly [ConfigurationName, string])[] = [
    ['ECDSA', 'apiserver'],
    ['ECDSA', 'etcd-peer'],
    ['ECDSA', 'front-proxy-client'],
    ['ECDSA', 'scheduler.conf'],
    ['external etcd', 'etcd-server'],
    ['external etcd', 'apiserver-etcd-client'],
  ]

  test.each(NAMED)('%s: %s', async (configuration, name) => {
    const root = copyOf(configuration)
    const line = await kubeadmOutput(root, 'certs', 'renew', name, '--config', configFile(root))
    const ours = await renew(root, name, new Date())
    expect({ stdout: ours.stdout, exitCode: ours.exitCode }).toEqual({ stdout: line, exitCode: 0 })
  })
})
