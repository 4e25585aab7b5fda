/** A new node made by the real kubeadm 1.20 and by kubepki from one configuration: the same trees, but for DIFFERENCES. */
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join, normalize } from 'node:path'
import { beforeAll, describe, expect, onTestFailed, test } from 'vitest'
import { CERTIFICATES, type CertificateSpec, KUBECONFIGS } from '../../src/inventory/catalog.ts'
import { readMachine } from '../../src/store/machine.ts'
import { ABSENT, describeKey, dissect, dissectRequest, type Fields, type Made } from '../support/dissect.ts'
import { exceptAdvice, kubepki, type Outcome } from '../support/host.ts'
import {
  CONFIGURATIONS,
  configFile,
  copyTree,
  embedded,
  fileDir,
  kubeadm,
  kubeadmOutput,
  provideMountPoint,
  type Ran,
} from '../support/kubeadm.ts'
import { fingerprint, tempDir } from '../support/node.ts'
import { configurationOf, randomVariations, VARIATIONS, type Variation } from '../support/variations.ts'

type Kind = 'ca' | 'leaf' | 'client'

interface Difference {
  readonly of: readonly Kind[]
  readonly field: Exclude<keyof Fields, 'otherExtensions'>
  readonly kubeadm: string
  readonly kubepki: string | ((its: { readonly kubeadms: Fields; readonly keys: string }) => string)
}

const RSA = 'RSA PRIVATE KEY: rsa 2048 65537'
const ECDSA = 'EC PRIVATE KEY: ec prime256v1'

/** Every field in which kubepki's certificates are not those of 1.20; the later release that has it, where there is one. */
const DIFFERENCES: Readonly<Record<string, Difference>> = {
  'the serial number of a CA is random (1.28)': {
    of: ['ca'],
    field: 'serialNumber',
    kubeadm: 'zero',
    kubepki: 'of 127 bits',
  },
  'a serial number is longer': {
    of: ['leaf', 'client'],
    field: 'serialNumber',
    kubeadm: 'of up to 63 bits',
    kubepki: 'of 127 bits',
  },
  'a CA is valid from five minutes ago (1.28)': {
    of: ['ca'],
    field: 'notBefore',
    kubeadm: 'at the run',
    kubepki: 'five minutes before the run',
  },
  'a leaf is valid from five minutes ago (1.31)': {
    of: ['leaf', 'client'],
    field: 'notBefore',
    kubeadm: "its CA's",
    kubepki: 'five minutes before the run',
  },
  'a CA has its name as DNS name too (1.22)': {
    of: ['ca'],
    field: 'subjectAltName',
    kubeadm: ABSENT,
    kubepki: ({ kubeadms }) => ownDnsName(kubeadms.subject),
  },
  'a leaf says that it is no CA (1.21)': {
    of: ['leaf', 'client'],
    field: 'basicConstraints',
    kubeadm: ABSENT,
    kubepki: '300c0603551d130101ff04023000',
  },
  'the key of a kubeconfig is of the configured kind (1.31)': {
    of: ['client'],
    field: 'key',
    kubeadm: RSA,
    kubepki: ({ keys }) => keys,
  },
}

interface TextDifference {
  readonly in: 'certs' | 'kubeconfig' | 'requests' | 'file'
  readonly kubeadm: (variation: Variation) => string | RegExp
  readonly times: (variation: Variation) => number
  readonly kubepki: (variation: Variation) => string
}

const PORT_WARNING =
  /^\[endpoint\] WARNING: port specified in controlPlaneEndpoint overrides bindPort in the controlplane address\n/gm

/** The same for what is printed, and for the text of kubeconfigs. */
const TEXT_DIFFERENCES: Readonly<Record<string, TextDifference>> = {
  'nothing is said of a port that only the endpoint has': {
    in: 'kubeconfig',
    kubeadm: () => PORT_WARNING,
    times: variation => (hasTwoPorts(variation) ? 4 : 0),
    kubepki: () => '',
  },
  'nor where there are only requests': {
    in: 'requests',
    kubeadm: () => PORT_WARNING,
    times: variation => (hasTwoPorts(variation) ? 1 : 0),
    kubepki: () => '',
  },
  'the directory is printed without detours': {
    in: 'certs',
    kubeadm: ({ certificatesDir = '' }) => certificatesDir,
    times: ({ certificatesDir = '' }) => (normalize(certificatesDir) === certificatesDir ? 0 : 1),
    kubepki: ({ certificatesDir = '' }) => normalize(certificatesDir),
  },
  'long lines are not folded where they have blanks': {
    in: 'file',
    kubeadm: () => /\n +(?=[^:\n]+$)/gm,
    times: ({ clusterName = '' }) => (/^\S+ .{80}/.test(clusterName) ? 4 : 0),
    kubepki: () => ' ',
  },
  'nobody is impersonated: builds of kubeadm with Go 1.18 or later and the dependencies of 1.20 write an empty field':
    {
      in: 'file',
      kubeadm: () => /^ {4}as-user-extra: null\n/gm,
      times: () => (goMinor >= 18 ? 1 : 0),
      kubepki: () => '',
    },
}

function hasTwoPorts({ endpoint = '', port = 6443 }: Variation): boolean {
  const own = /^(?:\[.*\]|[^:]*):(\d+)$/.exec(endpoint)?.[1]
  return own !== undefined && Number(own) !== port
}

function modern(text: string, kind: TextDifference['in'], variation: Variation): string {
  let result = text
  for (const [name, { in: place, kubeadm: from, times, kubepki: to }] of Object.entries(TEXT_DIFFERENCES)) {
    const found = from(variation)
    if (place !== kind || found === '') continue
    const isThere = times(variation) > 0 || found instanceof RegExp
    expect(isThere ? result.split(found).length - 1 : 0, name).toBe(times(variation))
    if (isThere) result = result.replaceAll(found, to(variation))
  }
  return result
}

/** Of a subject with a short common name alone. */
function ownDnsName(subject: string): string {
  const name = Buffer.from(subject, 'hex').subarray(13)
  const parts = [
    [0x06, 0x03, 0x55, 0x1d, 0x11],
    [0x04, name.length + 4, 0x30, name.length + 2],
    [0x82, name.length],
  ]
  const value = Buffer.concat([...parts.map(part => Buffer.from(part)), name])
  return Buffer.concat([Buffer.from([0x30, value.length]), value]).toString('hex')
}

const SEED = Number(process.env.SEED ?? 20_260_701)
const ANY: Readonly<Record<string, Variation>> = {
  ...VARIATIONS,
  ...Object.fromEntries(
    randomVariations(SEED, 6).map((one, index) => [`case ${index} of seed ${SEED}`, one]),
  ),
}
const NAMES = Object.keys(ANY)

interface Tree {
  readonly root: string
  /** When its program ran. */
  readonly from: number
  readonly to: number
}

/** Both programs over both trees once more, kubeadm's first. */
interface Again {
  readonly byKubepki: Record<Phase, readonly [Outcome, Outcome]>
  /** Of some: kubeadm makes keys for kubeconfigs before it looks whether they are there. */
  readonly byKubeadm?: Record<Phase, readonly [Ran, Ran]>
  /** What kubeadm lists of kubepki's. */
  readonly table: Ran
  /** Files that are not what they were. */
  readonly changed: readonly string[]
}

interface Both {
  readonly again: Again
  readonly variation: Variation
  readonly config: string
  readonly kubeadms: Tree & Record<Phase, Ran>
  readonly ours: Tree & Record<Phase, Outcome>
}

const PHASES = ['certs', 'kubeconfig'] as const
type Phase = (typeof PHASES)[number]

const folder = fileDir()
provideMountPoint()
const made = new Map<string, Both>()
let goMinor = 0

beforeAll(async () => {
  const version = JSON.parse(await kubeadmVersion()) as { clientVersion: { goVersion: string } }
  goMinor = Number(/^go1\.(\d+)/.exec(version.clientVersion.goVersion)?.[1])
})

/** Two at a time, so that each takes little time. */
async function makeAll(): Promise<void> {
  const lanes = [0, 1].map(async lane => {
    for (const name of NAMES.filter((_, index) => index % 2 === lane)) {
      const root = join(folder, String(NAMES.indexOf(name)))
      const isCrossed = NAMES.indexOf(name) % 4 === 0
      made.set(name, await makeBoth(root, ANY[name] as Variation, isCrossed))
    }
  })
  await Promise.all(lanes)
}

function kubeadmVersion(): Promise<string> {
  mkdirSync(join(folder, 'etc/kubernetes'), { recursive: true })
  return kubeadmOutput(folder, 'version', '-o', 'json')
}

async function makeBoth(folder: string, variation: Variation, isCrossed: boolean): Promise<Both> {
  const config = configurationOf(variation)
  const [theirs, ours] = ['kubeadm', 'kubepki'].map(name => newRoot(join(folder, name), config)) as [
    string,
    string,
  ]
  const from = Date.now()
  const byKubeadm = {
    certs: await byTheirs(theirs, 'certs'),
    kubeconfig: await byTheirs(theirs, 'kubeconfig'),
  }
  const to = Date.now()
  const now = new Date()
  const byKubepki = {
    certs: await byOurs(ours, 'certs', now),
    kubeconfig: await byOurs(ours, 'kubeconfig', now),
  }
  return {
    again: await makeAgain(theirs, ours, isCrossed),
    variation,
    config,
    kubeadms: { root: theirs, from, to, ...byKubeadm },
    ours: { root: ours, from: now.getTime(), to: now.getTime(), ...byKubepki },
  }
}

async function makeAgain(theirs: string, ours: string, isCrossed: boolean): Promise<Again> {
  const trees = [theirs, ours] as const
  const before = trees.map(root => fingerprint(root))
  const inTurn = async <T>(run: (root: string, phase: Phase) => Promise<T>) => ({
    certs: [await run(theirs, 'certs'), await run(ours, 'certs')] as const,
    kubeconfig: [await run(theirs, 'kubeconfig'), await run(ours, 'kubeconfig')] as const,
  })
  const byKubepki = await inTurn((root, phase) => byOurs(root, phase, new Date()))
  const byKubeadm = isCrossed ? { byKubeadm: await inTurn(byTheirs) } : {}
  const table = await kubeadm(ours, 'certs', 'check-expiration', '--config', configFile(ours))
  const after = trees.map(root => fingerprint(root))
  const changed = after.flatMap((files, index) =>
    Object.keys({ ...before[index], ...files }).filter(path => files[path] !== before[index]?.[path]),
  )
  return { byKubepki, ...byKubeadm, table, changed }
}

function newRoot(root: string, config: string): string {
  mkdirSync(join(root, 'etc/kubernetes'), { recursive: true })
  writeFileSync(configFile(root), config)
  return root
}

function byTheirs(root: string, phase: Phase): Promise<Ran> {
  return kubeadm(root, 'init', 'phase', phase, 'all', '--config', configFile(root))
}

/** Paths as the node has them. */
async function byOurs(root: string, phase: Phase, now: Date, ...more: string[]): Promise<Outcome> {
  const place = ['--root', root, '--config', configFile(root), '--now', now.toISOString()]
  const version = ['--kubernetes-version', 'v1.20.2']
  const outcome = exceptAdvice(await kubepki('init', 'phase', phase, 'all', ...place, ...version, ...more))
  return { ...outcome, stdout: outcome.stdout.replaceAll(root, '') }
}

function bothOf(name: string): Both {
  const both = made.get(name)
  if (!both) throw new TypeError(name)
  onTestFailed(() => console.error(`${name}:\n${both.config}`))
  return both
}

/** Everything but kubepki's own directory, with mode and owner. */
function filesOf(root: string): string[] {
  const paths = Object.keys(fingerprint(root)).filter(path => !path.includes('kubepki-backups'))
  return paths.toSorted().map(path => {
    const { mode, uid, gid } = statSync(join(root, path))
    return `${path} ${mode.toString(8)} ${uid}:${gid}`
  })
}

const SPECS: readonly CertificateSpec[] = CERTIFICATES

function specsOf({ isEtcdExternal }: Variation): readonly CertificateSpec[] {
  return SPECS.filter(({ localEtcdOnly }) => !(isEtcdExternal && localEtcdOnly))
}

const CONF_FILES = KUBECONFIGS.filter(one => !('since' in one)).map(({ name }) => name)

function pathOf({ certificatesDir = '/etc/kubernetes/pki' }: Variation, root: string, file: string): string {
  return join(root, certificatesDir, file)
}

interface Row {
  readonly name: string
  readonly kind: Kind
  readonly made: Made
}

/** Every certificate of a tree. */
function certificatesOf(variation: Variation, { root, from, to }: Tree): Row[] {
  const read = (file: string) => readFileSync(pathOf(variation, root, file), 'utf8')
  const pairs = specsOf(variation).map(({ name, kind, baseName, caName }): Row => {
    const ca = SPECS.find(one => one.name === caName)?.baseName ?? baseName
    const [certificate, key, authority] = [`${baseName}.crt`, `${baseName}.key`, `${ca}.crt`].map(read)
    return { name, kind, made: { certificate, key, authority, from, to } as Made }
  })
  const clients = CONF_FILES.map((name): Row => {
    const text = readFileSync(join(root, 'etc/kubernetes', name), 'utf8')
    const [certificate = '', key = ''] = ['client-certificate-data', 'client-key-data'].map(at =>
      embedded(text, at),
    )
    return { name, kind: 'client', made: { certificate, key, authority: read('ca.crt'), from, to } }
  })
  return [...pairs, ...clients]
}

/** kubeadm's with all differences, each of which must be there. */
function withDifferences(kubeadms: Fields, kind: Kind, { keys }: Variation): Fields {
  const changes = Object.entries(DIFFERENCES).filter(([, { of }]) => of.includes(kind))
  const changed = changes.map(([name, { field, kubeadm: theirs, kubepki: ours }]) => {
    expect(kubeadms[field], name).toBe(theirs)
    const its = { kubeadms, keys: keys === 'RSA' ? RSA : ECDSA }
    return [field, typeof ours === 'string' ? ours : ours(its)]
  })
  return { ...kubeadms, ...Object.fromEntries(changed) }
}

interface Compared {
  readonly kubeadms: Tree
  readonly ours: Tree
  readonly of?: readonly Kind[]
}

function expectSameCertificates(
  variation: Variation,
  { kubeadms, ours, of = ['ca', 'leaf', 'client'] }: Compared,
): void {
  const own = certificatesOf(variation, ours)
  for (const [index, { name, kind, made }] of certificatesOf(variation, kubeadms).entries()) {
    const row = own[index]
    if (!row) throw new TypeError(name)
    if (!of.includes(kind)) continue
    const expected = withDifferences(dissect(made), kind, variation)
    expect({ name, ...dissect(row.made) }).toEqual({ name, ...expected })
  }
}

function kubeconfigOf({ root }: Tree, name: string): string {
  return readFileSync(join(root, 'etc/kubernetes', name), 'utf8')
}

const withoutData = (text: string) => text.replace(/^( +[a-z-]+-data: ).+$/gm, '$1...')

describe('a whole node', () => {
  beforeAll(makeAll)

  describe.each(NAMES)('%s', name => {
    test('the same files, modes and owners', () => {
      const { kubeadms, ours } = bothOf(name)
      expect(filesOf(ours.root)).toEqual(filesOf(kubeadms.root))
    })

    test('the same certificates and keys', () => {
      const { variation, kubeadms, ours } = bothOf(name)
      expectSameCertificates(variation, { kubeadms, ours })
      const pemOf = ({ root }: Tree, file: string) =>
        describeKey(readFileSync(pathOf(variation, root, file), 'utf8'))
      for (const file of ['sa.key', 'sa.pub']) expect(pemOf(ours, file), file).toBe(pemOf(kubeadms, file))
      const serials = certificatesOf(variation, ours).map(({ made }) => made.certificate)
      expect(new Set(serials).size).toBe(serials.length)
    })

    test('the same kubeconfigs, byte for byte but for the credentials', () => {
      const { variation, kubeadms, ours } = bothOf(name)
      for (const file of CONF_FILES) {
        const expected = modern(withoutData(kubeconfigOf(kubeadms, file)), 'file', variation)
        expect(withoutData(kubeconfigOf(ours, file))).toBe(expected)
        for (const tree of [kubeadms, ours]) {
          const ca = readFileSync(pathOf(variation, tree.root, 'ca.crt'), 'utf8')
          expect(embedded(kubeconfigOf(tree, file), 'certificate-authority-data')).toBe(ca)
        }
      }
    })

    test('the same output', () => {
      const { variation, kubeadms, ours } = bothOf(name)
      for (const phase of PHASES) {
        const stdout = modern(kubeadms[phase].stdout, phase, variation)
        expect(kubeadms[phase].exitCode).toBe(0)
        expect(ours[phase]).toEqual({ stdout, stderr: '', exitCode: 0 })
      }
    })

    test('each keeps what it made itself, and what the other made', () => {
      const { variation, again } = bothOf(name)
      for (const phase of PHASES) {
        const [kubeadms, ours] = again.byKubepki[phase]
        expect(ours).toEqual({ stdout: ours.stdout, stderr: '', exitCode: 0 })
        expect(ours.stdout.split('\n').filter(line => !KEPT.test(line))).toEqual([])
        expect(kubeadms).toEqual(ours)
        for (const kept of again.byKubeadm?.[phase] ?? [])
          expect({ ...kept, stdout: modern(kept.stdout, phase, variation) }).toEqual(ours)
      }
      expect(again.changed).toEqual([])
    })

    test('kubeadm lists what kubepki made', () => {
      const { variation, again } = bothOf(name)
      const renewed = [...specsOf(variation).map(one => one.name), ...CONF_FILES]
      const lines = again.table.stdout.split('\n')
      const listed = lines.flatMap(line => /^(\S+) +\w{3} \d\d, \d{4} .*no *$/.exec(line)?.[1] ?? [])
      expect(listed.toSorted()).toEqual(renewed.filter(one => one !== 'kubelet.conf').toSorted())
    })
  })
})

const KEPT =
  /^$|^\[(certs|kubeconfig)\] Using (the )?existing |^\[certs\] External etcd mode: Skipping |folder "|^\[endpoint\] /

test('CAs that are there already, and older: both sign with them, kubeadm from their beginning on', async () => {
  const variation = VARIATIONS['names for etcd']
  const theirs = newRoot(join(tempDir(), 'a'), configurationOf(variation))
  const tenDaysAgo = new Date(Date.now() - 10 * 86_400_000).toISOString()
  const place = ['--root', theirs, '--config', configFile(theirs), '--now', tenDaysAgo]
  await kubepki('init', 'phase', 'certs', 'ca', 'front-proxy-ca', 'etcd-ca', ...place)
  const ours = copyTree(theirs)
  const from = Date.now()
  for (const phase of PHASES) {
    const { stdout, exitCode } = await byTheirs(theirs, phase)
    const outcome = await byOurs(ours, phase, new Date(from))
    expect(outcome).toEqual({ stdout, stderr: '', exitCode })
  }
  const [kubeadms, own] = [
    { root: theirs, from, to: Date.now() },
    { root: ours, from, to: from },
  ] as const
  expectSameCertificates(variation, { kubeadms, ours: own, of: ['leaf', 'client'] })
})

test('a configuration that does not name the node: this machine does', async () => {
  const config = CONFIGURATIONS['the cluster document alone']
  const [theirs, ours] = ['a', 'b'].map(name => newRoot(join(tempDir(), name), config)) as [string, string]
  const from = Date.now()
  for (const phase of PHASES) expect((await byTheirs(theirs, phase)).exitCode).toBe(0)
  const { hostname, address } = readMachine({ root: '/' })
  const flags = ['--node-name', `${hostname?.value}`, '--apiserver-advertise-address', `${address?.value}`]
  for (const phase of PHASES) expect((await byOurs(ours, phase, new Date(from), ...flags)).exitCode).toBe(0)
  const kubeadms = { root: theirs, from, to: Date.now() }
  expectSameCertificates({}, { kubeadms, ours: { root: ours, from, to: from } })
  const [kubeadm, own] = [theirs, ours].map(root =>
    withoutData(kubeconfigOf({ root, from, to: from }, 'kubelet.conf')),
  )
  expect(own).toBe(modern(kubeadm ?? '', 'file', {}))
})

/** The differences of requests. */
const REQUEST_DIFFERENCES = {
  'each name once, DNS names in order (1.28)': (names: readonly string[]) => {
    const once = [...new Set(names)]
    const isName = (name: string) => name.startsWith('82')
    return [...once.filter(isName).toSorted(), ...once.filter(name => !isName(name))]
  },
  'no requests for an etcd elsewhere': (file: string) => /etcd/.test(file),
  'what was asked for, and how to sign it, in a directory of its own': (file: string) =>
    /\/csr( |\/(requests\.json|SIGNING\.md) )/.test(file),
  'the CA is filled in when it is there': (kubeconfig: string) =>
    kubeconfig.replace(/^ {4}server: /m, '    certificate-authority-data: ...\n$&'),
} as const

async function requestBoth(variation: Variation, hasCa: boolean): Promise<[string, string]> {
  const config = configurationOf(variation)
  const [theirs, ours] = ['a', 'b'].map(name => newRoot(join(tempDir(), name), config)) as [string, string]
  if (hasCa)
    for (const root of [theirs, ours]) {
      await byOurs(root, 'certs', new Date())
      const files = Object.keys(fingerprint(join(root, 'etc/kubernetes')))
      for (const file of files.filter(file => /\.(crt|key|pub)$/.test(file) && !file.endsWith('/ca.crt')))
        rmSync(join(root, 'etc/kubernetes', file))
    }
  const stdout = await kubeadmOutput(theirs, 'certs', 'generate-csr', '--config', configFile(theirs))
  const place = ['--root', ours, '--config', configFile(ours), '--kubernetes-version', 'v1.20.2']
  const outcome = exceptAdvice(await kubepki('certs', 'generate-csr', ...place))
  const kept = modern(stdout, 'requests', variation)
  const isExpected = (line: string) =>
    !(variation.isEtcdExternal && REQUEST_DIFFERENCES['no requests for an etcd elsewhere'](line))
  const lines = kept.split('\n').filter(isExpected)
  expect(outcome.stdout.replaceAll(ours, '').split('\n').toSorted()).toEqual(lines.toSorted())
  expect(outcome.exitCode).toBe(0)
  const warnings = outcome.stderr
    .split('\n')
    .filter(line => line !== '' && !line.startsWith('kubepki: hint: '))
  const wanted = expect.stringContaining('the kubeconfigs have no certificate-authority-data yet')
  expect(warnings).toEqual(hasCa ? [] : [wanted])
  const paperwork = REQUEST_DIFFERENCES['what was asked for, and how to sign it, in a directory of its own']
  const own = filesOf(ours)
  expect(own.filter(paperwork)).toHaveLength(3)
  expect(own.filter(file => !paperwork(file))).toEqual(filesOf(theirs).filter(isExpected))
  return [theirs, ours]
}

const REQUESTED = [
  'ECDSA keys',
  'names for etcd',
  'external etcd',
  'an endpoint with a port',
  'everything at once',
] as const

describe.each([false, true])('certs generate-csr, the CAs there: %s', hasCa => {
  test.each(REQUESTED)('%s', async name => {
    const variation: Variation = VARIATIONS[name]
    const [theirs, ours] = await requestBoth(variation, hasCa)
    const files = Object.keys(fingerprint(ours)).filter(file => file.endsWith('.csr'))
    expect(files).toHaveLength(variation.isEtcdExternal ? 7 : 11)
    for (const file of files) {
      const [kubeadms, own] = [theirs, ours].map(root =>
        dissectRequest(readFileSync(join(root, file), 'utf8')),
      )
      if (!kubeadms || !own) throw new TypeError(file)
      const names = REQUEST_DIFFERENCES['each name once, DNS names in order (1.28)'](kubeadms.names)
      const { signatureAlgorithm, ...same } = own
      expect({ file, ...same }).toEqual({ file, version: kubeadms.version, subject: kubeadms.subject, names })
      const isClient = file.includes('.conf')
      expect(signatureAlgorithm === kubeadms.signatureAlgorithm, 'RSA keys in kubeconfigs').toBe(!isClient)
      const key = (root: string) => readFileSync(join(root, file.replace(/csr$/, 'key')), 'utf8')
      if (!isClient) expect(describeKey(key(ours))).toBe(describeKey(key(theirs)))
    }
    for (const file of CONF_FILES) {
      const [kubeadm = '', own] = [theirs, ours].map(root =>
        withoutData(kubeconfigOf({ root, from: 0, to: 0 }, file)),
      )
      const expected = modern(kubeadm, 'file', variation)
      expect(own).toBe(
        hasCa ? REQUEST_DIFFERENCES['the CA is filled in when it is there'](expected) : expected,
      )
    }
  })
})
