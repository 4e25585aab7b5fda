import { describe, expect, it } from 'vitest'
import { checkExpiration } from '../../src/operations/check-expiration.ts'
import type { ExpirationReport, WideRow } from '../../src/pki/expiration.ts'
import type { Finding } from '../../src/pki/finding.ts'
import type { VerificationReport } from '../../src/pki/verification.ts'
import { renderExpirationMetrics, renderVerificationMetrics } from '../../src/report/prometheus.ts'
import { VERSION } from '../../src/version.ts'
import { certificateIn } from '../support/certificates.ts'
import { parseExposition, type Series } from '../support/exposition.ts'
import { NOW } from '../support/host.ts'
import { fixture } from '../support/node.ts'

const K = fixture('nodes/stock-1.31/etc/kubernetes')

function reportOf(node: string): ExpirationReport {
  return checkExpiration({ root: fixture('nodes', node), now: NOW })
}

const metrics = (report: ExpirationReport) => parseExposition(renderExpirationMetrics(report))

function named(series: readonly Series[], name: string, labels: Record<string, string> = {}): Series[] {
  const wanted = Object.entries(labels)
  return series.filter(one => one.name === name && wanted.every(([key, value]) => one.labels[key] === value))
}

const ROW = reportOf('stock-1.31').everything.find(({ name }) => name === 'apiserver') as WideRow
const DETAILS = ROW.details as NonNullable<WideRow['details']>
const withRows = (...everything: WideRow[]) => metrics({ ...reportOf('stock-1.31'), everything })

describe('certificates', () => {
  const stock = metrics(reportOf('stock-1.31'))

  it("have the exporter's labels", () => {
    const [apiserver] = named(stock, 'x509_cert_not_after', { filename: 'apiserver.crt' })
    const { serialNumber, notAfter, notBefore } = certificateIn(
      'nodes/stock-1.31/etc/kubernetes/pki/apiserver.crt',
    )
    expect(apiserver).toEqual({
      name: 'x509_cert_not_after',
      labels: {
        filename: 'apiserver.crt',
        filepath: `${K}/pki/apiserver.crt`,
        serial_number: BigInt(`0x${serialNumber}`).toString(),
        issuer_CN: 'kubernetes',
        subject_CN: 'kube-apiserver',
      },
      value: notAfter.getTime() / 1000,
    })
    const [since] = named(stock, 'x509_cert_not_before', apiserver?.labels)
    expect(since?.value).toBe(notBefore.getTime() / 1000)
  })

  it('in kubeconfigs say whose they are: of the user, of the cluster', () => {
    const filepath = `${K}/admin.conf`
    const [user, cluster, ...rest] = named(stock, 'x509_cert_not_after', { filepath }).map(
      ({ labels }) => labels,
    )
    expect(user).toMatchObject({
      ...{ filename: 'admin.conf', embedded_kind: 'user', embedded_key: 'kubernetes-admin' },
      ...{ subject_CN: 'kubernetes-admin', subject_O: 'kubeadm:cluster-admins' },
    })
    expect(cluster).toMatchObject({
      embedded_kind: 'cluster',
      embedded_key: 'kubernetes',
      subject_CN: 'kubernetes',
    })
    expect(rest).toEqual([])
  })

  it('of a kubeconfig that names files are found at the kubeconfig', () => {
    const names = metrics(reportOf('kubespray'))
    const [kubelet] = named(names, 'x509_cert_not_after', { filename: 'kubelet.conf', embedded_kind: 'user' })
    expect(kubelet?.labels.filepath).toMatch(/\/etc\/kubernetes\/kubelet\.conf$/)
  })

  it('are one series each, every block of a bundle', () => {
    const blocks = named(stock, 'x509_cert_not_after', { filename: 'kubelet.crt' })
    expect(blocks.map(({ labels }) => labels.serial_number)).toEqual(['2', '1'])
  })

  it('are expired or not', () => {
    const expired = named(metrics(reportOf('expired')), 'x509_cert_expired')
    expect(new Set(expired.map(({ value }) => value))).toEqual(new Set([0, 1]))
    expect(named(stock, 'x509_cert_expired').every(({ value }) => value === 0)).toBe(true)
  })

  it('that stand twice in a file are one series', () => {
    const series = withRows({ ...ROW, part: '1/2' }, { ...ROW, part: '2/2' })
    expect(named(series, 'x509_cert_not_after')).toHaveLength(1)
    expect(named(series, 'x509_cert_not_after')[0]?.labels).not.toHaveProperty('discriminator')
  })

  it('that differ only in what no label says are told apart', () => {
    const successor = { ...DETAILS, fingerprintSha256: `12345678${DETAILS.fingerprintSha256.slice(8)}` }
    const series = withRows(ROW, { ...ROW, details: successor, expirationDate: NOW })
    const found = named(series, 'x509_cert_not_after').map(({ labels }) => labels.discriminator)
    expect(found).toEqual([DETAILS.fingerprintSha256.slice(0, 8), '12345678'])
  })

  it.each([
    ['01', '1'],
    ['00', '0'],
    ['0', '0'],
    ['FF', '255'],
    ['-05', '-5'],
    ['8000000000000000000000000000000000000001', (2n ** 159n + 1n).toString()],
  ])('serial number %s is %s', (serialNumber, decimal) => {
    const [series] = withRows({ ...ROW, details: { ...DETAILS, serialNumber } })
    expect(series?.labels.serial_number).toBe(decimal)
  })

  it('of several values of an attribute say what Go says', () => {
    const attribute = (type: string, value: string) => ({ type, value })
    const subject = [
      ...[attribute('2.5.4.6', 'DE'), attribute('2.5.4.8', 'Hessen'), attribute('2.5.4.7', 'Kassel')],
      ...[attribute('2.5.4.10', 'one'), attribute('2.5.4.10', 'two'), attribute('2.5.4.11', 'unit')],
      ...[attribute('2.5.4.3', 'first'), attribute('2.5.4.3', 'last'), attribute('1.2.3', 'other')],
    ]
    const [series] = withRows({ ...ROW, names: { subject, issuer: [] } })
    expect(series?.labels).toMatchObject({
      ...{ subject_C: 'DE', subject_ST: 'Hessen', subject_L: 'Kassel' },
      ...{ subject_O: 'one', subject_OU: 'unit', subject_CN: 'last' },
    })
    expect(Object.keys(series?.labels ?? {}).filter(label => label.startsWith('issuer'))).toEqual([])
  })

  it.each(['a"b', 'a\\b', 'a\\nb', 'a\nb', '"} 1\nx 1', 'ümlaut', '\\'])(
    'whose name is %j keep it',
    value => {
      const [series] = withRows({ ...ROW, names: { subject: [{ type: '2.5.4.3', value }], issuer: [] } })
      expect(series?.labels.subject_CN).toBe(value)
    },
  )

  it('do not steer a terminal', () => {
    const subject = [{ type: '2.5.4.3', value: 'a\u001b[2Jb\r' }]
    const [series] = withRows({ ...ROW, names: { subject, issuer: [] } })
    expect(series?.labels.subject_CN).toBe('a\\u001b[2Jb\\u000d')
  })
})

describe('files that cannot be read', () => {
  const { details: _, names: __, caName: ___, ...rest } = ROW
  const without: WideRow = { ...rest, expirationDate: null, residualTime: 0 }
  const place = { filename: 'apiserver.crt', filepath: `${K}/pki/apiserver.crt` }

  it.each<[string, Partial<WideRow>, number]>([
    ['unreadable', { reason: 'EMPTY_FILE' }, 1],
    ['missing', { missing: true }, 1],
  ])('%s: an error, and no certificate', (_name, state, value) => {
    const series = withRows({ ...without, ...state })
    expect(named(series, 'x509_cert_error')).toEqual([{ name: 'x509_cert_error', labels: place, value }])
    expect(named(series, 'x509_read_errors')[0]?.value).toBe(1)
    expect(named(series, 'x509_cert_not_after')).toEqual([])
  })

  it('have the same series when they can, with 0', () => {
    expect(named(withRows(ROW), 'x509_cert_error')).toEqual([
      { name: 'x509_cert_error', labels: place, value: 0 },
    ])
  })

  it('and do not belong there are no error', () => {
    expect(named(withRows({ ...without, missing: true, optional: true }), 'x509_cert_error')).toEqual([])
    expect(named(metrics(reportOf('worker')), 'x509_read_errors')[0]?.value).toBe(0)
  })
})

describe('findings', () => {
  const finding: Finding = {
    ...{ code: 'KEY_MISMATCH', severity: 'error', certificate: 'apiserver', file: '/a "b"' },
    ...{ expected: 'x', found: 'y', impact: 'z', remedy: 'r' },
  }
  const report = (...findings: Finding[]): VerificationReport => ({
    ...{ now: NOW, role: 'control-plane', findings, checks: 1, certificates: 1, sources: [], warnings: [] },
    ...{ names: [], isPartial: false },
    notLookedAt: [{ what: 'the private keys', why: 'no permission', remedy: '' }],
    expiration: reportOf('stock-1.31'),
  })
  const verified = (...findings: Finding[]) => parseExposition(renderVerificationMetrics(report(...findings)))

  it('are one series each, however often they are the same', () => {
    const series = verified(
      finding,
      { ...finding, found: 'w' },
      { ...finding, severity: 'info', code: 'OTHER' },
    )
    expect(named(series, 'kubepki_finding').map(({ labels, value }) => [labels, value])).toEqual([
      [{ code: 'KEY_MISMATCH', severity: 'error', certificate: 'apiserver', filepath: '/a "b"' }, 1],
      [{ code: 'OTHER', severity: 'info', certificate: 'apiserver', filepath: '/a "b"' }, 1],
    ])
    const counts = named(series, 'kubepki_findings').map(({ labels, value }) => [labels.severity, value])
    expect(counts).toEqual([
      ['error', 2],
      ['warning', 0],
      ['info', 1],
    ])
  })

  it('are counted when there is none, so that an alert ends', () => {
    const series = verified()
    expect(named(series, 'kubepki_findings').map(({ value }) => value)).toEqual([0, 0, 0])
    expect(named(series, 'kubepki_finding')).toEqual([])
  })

  it('stand beside the certificates, and what was not looked at', () => {
    const series = verified()
    expect(named(series, 'x509_cert_not_after').length).toBeGreaterThan(10)
    expect(named(series, 'kubepki_not_looked_at')[0]?.labels.what).toBe('the private keys')
  })
})

it('says when it ran, and what ran', () => {
  const series = metrics(reportOf('worker'))
  expect(named(series, 'kubepki_last_run_timestamp_seconds')[0]?.value).toBe(NOW.getTime() / 1000)
  expect(named(series, 'kubepki_build_info', { version: VERSION })[0]?.value).toBe(1)
})
