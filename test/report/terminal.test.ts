import { describe, expect, it } from 'vitest'
import { checkExpiration } from '../../src/operations/check-expiration.ts'
import type { Finding } from '../../src/pki/finding.ts'
import { renderFindings } from '../../src/report/findings.ts'
import { FORMATS } from '../../src/report/format.ts'
import { NOW } from '../support/host.ts'
import { fixture } from '../support/node.ts'

const DUE = new Date('2027-11-10T00:00:00Z')

function shown(
  tree: string,
  now: Date,
  columns: number,
  { format = 'text' as 'text' | 'wide', hasColour = false } = {},
) {
  const report = checkExpiration({ root: fixture('nodes', tree), now, depth: FORMATS[format].depth })
  return FORMATS[format].renderOn(report, { columns, hasColour }).split('\n')
}

const widest = (lines: readonly string[]) => Math.max(...lines.map(line => line.length))

describe('the tables on a terminal', () => {
  it.each([
    ['stock-1.31', NOW, 'nothing expires within 30 days; the first to expire is admin.conf, in 355d'],
    ['stock-1.31', DUE, '11 expire within 30 days; the next to expire is admin.conf, in 11d'],
    ['expired', NOW, '10 have expired; the next to expire is ca, in 8y'],
  ])('begin with what is to be done: %s at %s', (tree, now, line) => {
    expect(shown(tree, now, 120)[0]).toBe(line)
  })

  it("have kubeadm's headers where there is room for them, and short ones where there is not", () => {
    expect(shown('stock-1.31', NOW, 110)[2]).toContain('CERTIFICATE AUTHORITY   EXTERNALLY MANAGED')
    const narrow = shown('stock-1.31', NOW, 80)
    expect(narrow[2]).toMatch(/^CERTIFICATE +EXPIRES +RESIDUAL +CA +EXTERNAL$/)
    expect(widest(narrow)).toBeLessThanOrEqual(80)
  })

  it('leave nothing out where nothing fits', () => {
    const full = shown('stock-1.31', NOW, 200)
      .join(' ')
      .match(/\S+\.conf|apiserver\S*|etcd-\S+/g)
    expect(
      shown('stock-1.31', NOW, 20)
        .join(' ')
        .match(/\S+\.conf|apiserver\S*|etcd-\S+/g),
    ).toEqual(full)
  })

  it('cut long files in the middle, in wide alone', () => {
    const lines = shown('stock-1.31', NOW, 150, { format: 'wide' })
    expect(widest(lines)).toBeLessThanOrEqual(150)
    expect(lines.find(line => line.startsWith('apiserver '))).toMatch(/…\S*\.crt$/)
  })

  it('colour by urgency, and only with colour', () => {
    const [summary, , , first] = shown('expired', NOW, 120, { hasColour: true })
    expect([summary, first]).toEqual([
      expect.stringContaining('\u001b[31m'),
      expect.stringContaining('\u001b[31m'),
    ])
    const due = shown('stock-1.31', DUE, 120, { hasColour: true })
    expect(due[3]).toContain('\u001b[33m')
    expect(due.find(line => line.includes('Nov 18, 2036'))).not.toContain('\u001b')
    expect(shown('expired', NOW, 120).join('')).not.toContain('\u001b')
  })
})

const finding = (certificate: string, changes: Partial<Finding> = {}): Finding => ({
  ...{ code: 'CERTIFICATE_EXPIRED', severity: 'error', certificate, file: `/pki/${certificate}.crt` },
  ...{ expected: 'valid', found: 'expired 3d ago', impact: `${certificate} fails` },
  remedy: `kubepki certs renew ${certificate} --root /mnt`,
  ...changes,
})

describe('findings', () => {
  it('of one check are one block, what they share said once, and one command renews them all', () => {
    expect(
      renderFindings([finding('apiserver'), finding('etcd-peer')]),
    ).toBe(`ERROR CERTIFICATE_EXPIRED: a certificate has expired
  apiserver  /pki/apiserver.crt
    impact    apiserver fails
  etcd-peer  /pki/etcd-peer.crt
    impact    etcd-peer fails
  found     expired 3d ago
  expected  valid
  remedy    kubepki certs renew apiserver etcd-peer --root /mnt

`)
  })

  it('keep remedies of different kinds apart', () => {
    const text = renderFindings([finding('apiserver'), finding('ca', { remedy: 'replace the CA' })])
    expect(text.match(/remedy +(.*)/g)).toEqual([
      'remedy    kubepki certs renew apiserver --root /mnt',
      'remedy    replace the CA',
    ])
    const roots = renderFindings([finding('a'), finding('b', { remedy: 'kubepki certs renew b' })])
    expect(roots).not.toContain('renew a b')
  })

  it('that are notes are a line each, behind the rest', () => {
    const note = (name: string) =>
      finding(name, { severity: 'info', code: 'SERIAL_ZERO', found: '0', impact: 'none' })
    const text = renderFindings([note('ca'), note('etcd-ca'), finding('apiserver')])
    expect(text).toMatch(/^ERROR [\s\S]*\n\nNOTE SERIAL_ZERO ca, etcd-ca: 0; none\n\n$/)
  })

  it('show control characters of files instead of obeying them', () => {
    const text = renderFindings([finding('x', { found: 'CN=\u001b[2J\nremedy rm -rf /' })])
    expect(text).toContain('found     CN=\\u001b[2J\\u000aremedy rm -rf /\n')
  })

  it('are coloured by severity on a terminal', () => {
    const text = renderFindings([finding('x'), finding('y', { severity: 'warning' })], {
      columns: 1000,
      hasColour: true,
    })
    expect(text).toContain('\u001b[31m\u001b[1mERROR')
    expect(text).toContain('\u001b[33m\u001b[1mWARNING')
  })
})
