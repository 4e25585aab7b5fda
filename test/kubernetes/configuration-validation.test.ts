import { describe, expect, it } from 'vitest'
import { parseClusterConfiguration } from '../../src/kubernetes/cluster-configuration.ts'

const parse = (text: string) => parseClusterConfiguration(text, 'kubeadm.yaml')
const read = (text: string) => parse(text).configuration
const document = (kind: string, version: string, body = '') =>
  `apiVersion: kubeadm.k8s.io/${version}\nkind: ${kind}\n${body}\n`
const cluster = (body: string, version = 'v1beta4') => document('ClusterConfiguration', version, body)
const init = (body: string, version = 'v1beta4') => document('InitConfiguration', version, body)
const join = (body: string, version = 'v1beta4') => document('JoinConfiguration', version, body)
const VERSIONS = ['v1beta2', 'v1beta3', 'v1beta4']
const HOUR = 3_600_000

describe.each(VERSIONS)('%s', version => {
  it('says version, name and directory of the cluster', () => {
    const body = 'kubernetesVersion: v1.31.2\nclusterName: My Cluster\ncertificatesDir: /srv/pki'
    expect(read(cluster(body, version))).toStrictEqual({
      kubernetesVersion: 'v1.31.2',
      clusterName: 'My Cluster',
      certificatesDir: '/srv/pki',
      etcd: 'local',
    })
  })

  it('says the port of the node', () => {
    expect(read(init('localAPIEndpoint: {bindPort: 7443}', version))).toStrictEqual({ bindPort: 7443 })
    const joined = join('controlPlane: {localAPIEndpoint: {bindPort: 65535}}', version)
    expect(read(joined)).toStrictEqual({ bindPort: 65_535, isJoining: true })
  })

  it('says which etcd there is', () => {
    expect(read(cluster('etcd: {local: {dataDir: /a}}', version))).toStrictEqual({ etcd: 'local' })
    expect(read(cluster('etcd: {external: {endpoints: ["http://a.test"]}}', version))).toStrictEqual({
      etcd: 'external',
    })
  })

  it('says nothing where it says null, nothing or 0', () => {
    const body =
      'kubernetesVersion: ""\nclusterName: null\ncertificatesDir: ""\nfeatureGates: null\netcd: {local: {}, external: null}'
    expect(read(cluster(body, version))).toStrictEqual({ etcd: 'local' })
    for (const port of ['0', 'null', '-0'])
      expect(read(init(`localAPIEndpoint: {bindPort: ${port}}`, version))).toStrictEqual({})
  })

  it('lets the gate for ECDSA decide', () => {
    const gate = (value: string) =>
      read(cluster(`featureGates: {PublicKeysECDSA: ${value}, A: false}`, version))
    expect(gate('true')).toStrictEqual({ etcd: 'local', encryptionAlgorithm: 'ECDSA-P256' })
    expect(gate('false')).toStrictEqual({ etcd: 'local', encryptionAlgorithm: 'RSA-2048' })
    expect(gate('null')).toStrictEqual({ etcd: 'local' })
  })
})

describe('kubernetesVersion', () => {
  it.each([...['v1.31.2', '1.20.2', 'v1.31.0-rc.1', 'v1.31.2+k3s1', '1.31.0-alpha.0.5+ab-c.d', 'v1.0.0']])(
    '%s is as it is written',
    version => {
      const parsed = parse(cluster(`kubernetesVersion: "${version}"`))
      expect(parsed.configuration.kubernetesVersion).toBe(version)
      expect(parsed.warnings).toEqual([])
    },
  )

  it.each(['release/v1.31.2', 'ci/v1.31.2', 'ci-cross/v1.31.2'])('%s is the version', version => {
    expect(read(cluster(`kubernetesVersion: ${version}`)).kubernetesVersion).toBe('v1.31.2')
  })

  it.each(['stable', 'stable-1', 'stable-1.31', 'latest', 'latest-1.100', 'ci/latest', 'release/stable-1'])(
    '%s says nothing, with a warning',
    label => {
      const { configuration, warnings } = parse(cluster(`kubernetesVersion: ${label}`))
      expect(configuration).toStrictEqual({ etcd: 'local' })
      expect(warnings).toEqual([
        `kubeadm.yaml: ClusterConfiguration: kubernetesVersion ${label} names no version, and none is asked of the network: taken as not said`,
      ])
    },
  )
})

describe('periods', () => {
  it('are read in milliseconds', () => {
    const body = 'certificateValidityPeriod: 720h30m\ncaCertificateValidityPeriod: 8760h0m0.5s'
    expect(read(cluster(body))).toStrictEqual({
      etcd: 'local',
      certificateValidityPeriod: 720.5 * HOUR,
      caCertificateValidityPeriod: 8760 * HOUR + 500,
    })
  })

  it.each(['v1beta2', 'v1beta3'])('are nothing to %s', version => {
    const body = 'certificateValidityPeriod: soon\ncaCertificateValidityPeriod: 5\nencryptionAlgorithm: [5]'
    expect(read(cluster(body, version))).toStrictEqual({ etcd: 'local' })
  })

  const [LEAF, CA] = ['certificateValidityPeriod', 'caCertificateValidityPeriod']
  it.each([
    [`${LEAF}: 8760h\n${CA}: 87600h`, []],
    [`${LEAF}: 100h\n${CA}: 100h`, []],
    [`${LEAF}: 8760h1s`, [`${LEAF} 8760h1s is longer than the recommended 8760h`]],
    [`${CA}: 87601h`, [`${CA} 87601h is longer than the recommended 87600h`]],
    [`${CA}: 8759h`, [`${LEAF} 8760h is longer than ${CA} 8759h: certificates would outlive their CA`]],
    [
      `${LEAF}: 90000h`,
      [
        `${LEAF} 90000h is longer than the recommended 8760h`,
        `${LEAF} 90000h is longer than ${CA} 87600h: certificates would outlive their CA`,
      ],
    ],
    [
      `${LEAF}: 90000h\n${CA}: 90000h`,
      [
        `${LEAF} 90000h is longer than the recommended 8760h`,
        `${CA} 90000h is longer than the recommended 87600h`,
      ],
    ],
  ])('%j: %j', (body, warnings) => {
    const found = warnings.map(warning => `kubeadm.yaml: ClusterConfiguration: ${warning}`)
    expect(parse(cluster(body)).warnings).toEqual(found)
  })
})

describe('encryptionAlgorithm', () => {
  it.each([
    ['RSA-3072', 'true', 'ECDSA-P256'],
    ['ECDSA-P384', 'false', 'RSA-2048'],
  ])('%s is overruled by a gate that is %s', (algorithm, gate, encryptionAlgorithm) => {
    const body = `encryptionAlgorithm: ${algorithm}\nfeatureGates: {PublicKeysECDSA: ${gate}}`
    const { configuration, warnings } = parse(cluster(body))
    expect(configuration).toMatchObject({ encryptionAlgorithm })
    expect(warnings).toEqual([
      `kubeadm.yaml: ClusterConfiguration: encryptionAlgorithm "${algorithm}": featureGates.PublicKeysECDSA asks for ${encryptionAlgorithm}`,
    ])
  })

  it('is no news where gate and field agree', () => {
    const body = 'encryptionAlgorithm: ECDSA-P256\nfeatureGates: {PublicKeysECDSA: true}'
    expect(parse(cluster(body))).toStrictEqual({
      configuration: { etcd: 'local', encryptionAlgorithm: 'ECDSA-P256' },
      warnings: [],
    })
  })
})

describe('etcd.external', () => {
  const FILES = 'caFile: /e/ca.crt, certFile: /e/a.crt, keyFile: /e/a.key'
  it.each([
    '{}',
    '{endpoints: null}',
    '{endpoints: []}',
    '{endpoints: ["http://192.0.2.1:2379", "unix:///run/etcd.sock"]}',
    '{endpoints: ["https://a.test"], caFile: "", certFile: "", keyFile: null}',
    '{endpoints: ["https://[2001:db8::1]:2379"], caFile: /e/ca.crt}',
    `{endpoints: ["HTTPS://a.test:2379", "https://b.test"], ${FILES}}`,
  ])('%s is external', fields => {
    expect(read(cluster(`etcd: {external: ${fields}}`))).toStrictEqual({ etcd: 'external' })
  })
})

type Row = readonly [field: string, found: string, text: string, hint?: string | undefined]
const inCluster = (field: string, found: string, body: string, hint?: string): Row => [
  field,
  found,
  cluster(body),
  hint,
]
const external = (field: string, found: string, body: string) =>
  inCluster(`etcd.external${field}`, found, `etcd: {external: {${body}}}`)
const subnet = (field: string, found: string) =>
  inCluster(`networking.${field}`, JSON.stringify(found), `networking: {${field}: "${found}"}`)
const FILES = 'caFile: /e/ca.crt, certFile: /e/a.crt, keyFile: /e/a.key'
const UNITS = 'units are h, m, s, ms, us and ns: a day is 24h, a year 8760h'

const WRONG: readonly Row[] = [
  ...[
    '1.31',
    'newest',
    'v1.020.2',
    'v1.20.2_1',
    'v1.20.2 ',
    'V1.20.2',
    'v1.20.2-',
    'stable-1.31.2',
    'ci/a',
  ].map(version => inCluster('kubernetesVersion', `"${version}"`, `kubernetesVersion: "${version}"`)),
  inCluster(
    'kubernetesVersion',
    'the number 1.31',
    'kubernetesVersion: 1.31',
    'in quotes it is text: "1.31"',
  ),
  inCluster('clusterName', 'the number 5', 'clusterName: 5', 'in quotes it is text: "5"'),
  inCluster('clusterName', 'the boolean true', 'clusterName: true'),
  inCluster('clusterName', 'a list', 'clusterName: [a]'),
  inCluster('clusterName', 'bytes', 'clusterName: !!binary QQ=='),
  inCluster('certificatesDir', '"pki"', 'certificatesDir: pki'),
  inCluster('certificatesDir', 'the number 5', 'certificatesDir: 5', 'in quotes it is text: "5"'),
  inCluster('encryptionAlgorithm', 'a mapping', 'encryptionAlgorithm: {a: b}'),
  ...['certificateValidityPeriod', 'caCertificateValidityPeriod'].flatMap(field => [
    inCluster(field, '"5d"', `${field}: 5d`, UNITS),
    inCluster(field, '"1y"', `${field}: 1y`, UNITS),
    inCluster(field, '""', `${field}: ""`, UNITS),
    inCluster(field, 'the number 8760', `${field}: 8760`, UNITS),
    ...['0', '0s', '-1h', '999ms'].map(period =>
      inCluster(field, `"${period}"`, `${field}: "${period}"`, 'without the field they have its default'),
    ),
  ]),
  inCluster('featureGates', 'a list', 'featureGates: [PublicKeysECDSA]'),
  inCluster('featureGates', '"PublicKeysECDSA=true"', 'featureGates: PublicKeysECDSA=true'),
  inCluster('featureGates.PublicKeysECDSA', '"true"', 'featureGates: {PublicKeysECDSA: "true"}'),
  inCluster('featureGates.Other', 'the number 1', 'featureGates: {PublicKeysECDSA: true, Other: 1}'),
  inCluster('etcd', 'both', 'etcd: {local: {}, external: {}}'),
  inCluster('etcd', '"local"', 'etcd: local'),
  inCluster('etcd.local', 'a list', 'etcd: {local: [], external: {}}'),
  external('', 'certFile alone', 'caFile: /a, certFile: /b'),
  external('', 'keyFile alone', 'caFile: /a, keyFile: /b'),
  external('', 'certFile and keyFile', 'certFile: /a, keyFile: /b'),
  external('.caFile', '"ca.crt"', 'caFile: ca.crt'),
  external('.certFile', '"a.crt"', `${FILES.replace('/e/a.crt', 'a.crt')}`),
  external('.keyFile', '"a.key"', `${FILES.replace('/e/a.key', 'a.key')}`),
  external('.endpoints', '"http://a"', 'endpoints: "http://a"'),
  external('.endpoints[0]', 'the number 2379', 'endpoints: [2379]'),
  external('.endpoints[1]', 'nothing', 'endpoints: ["http://a", null]'),
  external('.endpoints[1]', '"http://a"', `endpoints: ["https://a", "http://a"], ${FILES}`),
  external('.endpoints[0]', '"http://a"', 'endpoints: ["http://a"], caFile: /e/ca.crt'),
  ...['192.0.2.1:2379', '/run/etcd', 'etcd', 'http://a b', ' https://a', 'https://'].map(url =>
    external('.endpoints[0]', `"${url}"`, `endpoints: ["${url}"]`),
  ),
  ...['10.96.0.0/29', '10.96.0.0/11', 'fd00::/125', 'fd00::/107', '10.96.0.0/16,fd00::/64'].map(text =>
    subnet('serviceSubnet', text),
  ),
  ...['serviceSubnet', 'podSubnet'].flatMap(field =>
    ['10.244.0.0', '10.244.0.0/33', '10.0.0.0/16,10.1.0.0/16', '10.0.0.0/16,', 'fd00::/112,fd01::/112'].map(
      text => subnet(field, text),
    ),
  ),
  ...['-1', '65536', '6443.5', '1e9', '.inf'].map(
    (port): Row => [
      'localAPIEndpoint.bindPort',
      `the number ${port === '.inf' ? 'Infinity' : Number(port)}`,
      init(`localAPIEndpoint: {bindPort: ${port}}`),
    ],
  ),
  [
    'localAPIEndpoint.bindPort',
    '"6443"',
    init('localAPIEndpoint: {bindPort: "6443"}'),
    'a port is a number, without quotes',
  ],
  [
    'controlPlane.localAPIEndpoint.bindPort',
    'the number 70000',
    join('controlPlane: {localAPIEndpoint: {bindPort: 70000}}'),
  ],
  ['nodeRegistration', 'a list', join('nodeRegistration: []')],
  ['kind', 'nothing', `${cluster('')}---\napiVersion: kubeadm.k8s.io/v1beta4\n`, 'see document 2'],
  ['kind', 'the number 5', `${cluster('')}---\napiVersion: v1\nkind: 5\n`, 'see document 2'],
  ['apiVersion', 'nothing', `kind: InitConfiguration\n---\n${cluster('')}`, 'see document 1'],
  ['apiVersion', '""', `${cluster('')}---\n---\napiVersion: ""\nkind: A\n`, 'see document 3'],
  ['document 2', '"hello"', `${cluster('')}---\nhello\n`],
  ['document 1', 'a list', `[]\n---\n${cluster('')}`],
]

describe('what is wrong is an error of one line', () => {
  const rows = WRONG.map(([field, found, text, hint]) => ({ field, found, text, hint }))
  it.each(rows)('$field: $found', ({ field, found, text, hint }) => {
    const error = expect.objectContaining({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(/^kubeadm\.yaml: .+: wanted .+, found .+$/),
      hint: hint === undefined ? undefined : expect.stringContaining(hint),
    })
    expect(() => parse(text)).toThrow(error)
    expect(() => parse(text)).toThrow(`kubeadm.yaml: ${field}: wanted `)
    expect(() => parse(text)).toThrow(new RegExp(`, found ${found.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`))
  })

  it.each(['InitConfiguration', 'ClusterConfiguration', 'JoinConfiguration', 'ClusterStatus'])(
    'two of %s',
    kind => {
      const text = [cluster(''), init(''), document(kind, 'v1beta2'), document(kind, 'v1beta3')].join('---\n')
      const count = kind === 'ClusterStatus' || kind === 'JoinConfiguration' ? 2 : 3
      expect(() => parse(text)).toThrow(`kubeadm.yaml: wanted one ${kind}, found ${count}`)
    },
  )

  it('and holds no keys', () => {
    const pem = '"-----BEGIN RSA PRIVATE KEY-----\\nMIIE"'
    const long = 'M'.repeat(1700)
    for (const [value, found] of [
      [pem, 'text of 36 characters'],
      [long, 'text of 1700 characters'],
    ] as const)
      expect(() => parse(cluster(`etcd: {external: {keyFile: ${value}}}`))).toThrow(
        `kubeadm.yaml: etcd.external.keyFile: wanted an absolute path, found ${found}`,
      )
  })
})

it('takes one document of each kind, and empty ones between', () => {
  const text = [cluster('clusterName: a'), '', init(''), join(''), document('ClusterStatus', 'v1beta2')]
  expect(parse(text.join('---\n'))).toStrictEqual({
    configuration: { etcd: 'local', clusterName: 'a' },
    warnings: [],
  })
})
