import { describe, expect, it } from 'vitest'
import { checkExpiration } from '../../../src/operations/check-expiration.ts'
import type { ExpirationReport, ExpirationRow } from '../../../src/pki/expiration.ts'
import type { Finding } from '../../../src/pki/finding.ts'
import type { VerificationReport } from '../../../src/pki/verification.ts'
import { html } from '../../../src/report/html/markup.ts'
import { hashOf } from '../../../src/report/html/page.ts'
import { renderExpirationPage, renderVerificationPage } from '../../../src/report/html/pages.ts'
import { summaryOf } from '../../../src/report/html/summary.ts'
import { percentOf } from '../../../src/report/html/timeline.ts'
import { DAY, rateRows, spanOf } from '../../../src/report/html/urgency.ts'
import { NOW } from '../../support/host.ts'
import { fixture } from '../../support/node.ts'

const reportOf = (node: string) => checkExpiration({ root: fixture('nodes', node), now: NOW })
const STOCK = reportOf('stock-1.31')

/** The stock node, some rows of it changed. */
function changed(changes: Record<string, Partial<ExpirationRow>>): ExpirationReport {
  const apply = (row: ExpirationRow) => ({ ...row, ...changes[row.name] })
  const { certificates, certificateAuthorities, kubeletCertificates } = STOCK
  return {
    ...STOCK,
    certificates: certificates.map(apply),
    certificateAuthorities: certificateAuthorities.map(apply),
    kubeletCertificates: kubeletCertificates.map(apply),
  }
}

const inDays = (days: number) => ({ expirationDate: new Date(NOW.getTime() + days * DAY) })
const UNUSABLE = {
  expirationDate: null,
  residualTime: 0,
  reason: 'EMPTY_FILE',
  message: 'the file is empty',
} as const

const FINDING: Finding = {
  ...{ code: 'CERTIFICATE_EXPIRED', severity: 'error', certificate: 'apiserver', file: '/pki/apiserver.crt' },
  ...{
    expected: 'wanted this',
    found: 'got that',
    impact: 'kubectl fails',
    remedy: 'kubepki certs renew apiserver',
  },
}

const verified = (...findings: Finding[]): VerificationReport => ({
  ...{
    now: NOW,
    role: 'control-plane',
    findings,
    checks: 60,
    certificates: 18,
    sources: [],
    warnings: ['careful'],
  },
  ...{ names: [], isPartial: false },
  notLookedAt: [{ what: 'the private keys', why: 'no permission', remedy: 'run as root' }],
  expiration: STOCK,
})

describe('markup', () => {
  it('escapes what a file said, in elements and attributes', () => {
    const { markup } =
      html`<b title="${`"'<>&`}">${'<script>&amp;'}${['a<', html`<i>${'<'}</i>`]}${undefined}${7}</b>`
    expect(markup).toBe(
      '<b title="&#34;&#39;&#60;&#62;&#38;">&#60;script&#62;&#38;amp;a&#60;<i>&#60;</i>7</b>',
    )
  })

  it.each([
    ['\u202egnp.exe', '\\u{202e}gnp.exe'],
    ['a\u2066b\u2069\u200b\ufeff', 'a\\u{2066}b\\u{2069}\\u{200b}\\u{feff}'],
    ['\u0000\u001b[2J\n\u0085', '\\u0000\\u001b[2J\\u000a\\u0085'],
    ['\ud800', '\\u{d800}'],
  ])('shows %j as what it is', (hidden, shown) => {
    expect(html`${hidden}`.markup).toBe(shown)
  })
})

describe('a page', () => {
  it('takes nothing from elsewhere and lets nothing but its own style and script act', async () => {
    const page = await renderVerificationPage(verified(FINDING))
    const inside = (tag: string) =>
      [...page.matchAll(new RegExp(`<${tag}>([^]*?)</${tag}>`, 'g'))].map(one => one[1])
    const [[style = ''], [script = '']] = [inside('style'), inside('script')]
    expect(page).toContain(
      `content="default-src 'none'; style-src '${await hashOf(style)}'; script-src '${await hashOf(script)}'; base-uri 'none'; form-action 'none'"`,
    )
    expect(page).not.toMatch(/<(img|link|iframe|object|embed|base|a)\b/)
    expect(page.match(/\s(src|style|on\w+)=/g)).toBeNull()
    expect(page.match(/(?:https?:)?\/\/[a-z]/gi)).toBeNull()
    expect(page.match(/href="[^#]/)).toBeNull()
  })

  it('is the same for the same report', async () => {
    expect(await renderExpirationPage(STOCK)).toBe(await renderExpirationPage(reportOf('stock-1.31')))
  })

  it('names the node, what it is, and when that was', async () => {
    const page = await renderExpirationPage(STOCK)
    expect(page).toContain('<h1>Certificates of cp-1</h1>')
    expect(page).toContain(
      'control-plane node, as of <time datetime="2026-12-01T00:00:00.000Z">Dec 01, 2026 00:00 UTC',
    )
    expect(await renderExpirationPage(reportOf('worker'))).toContain('<h1>Certificates of worker-1</h1>')
    expect(await renderExpirationPage(reportOf('etcd-only'))).toContain('host of etcd, as of')
  })

  it('of expiration says where the findings are', async () => {
    const page = await renderExpirationPage(STOCK)
    expect(page).toContain('<code>kubepki certs verify -o html</code>')
    expect(page).not.toContain('id="findings"')
  })

  it('of verification has all of a finding, what was not looked at, and the warnings', async () => {
    const page = await renderVerificationPage(verified(FINDING))
    for (const text of Object.values({ ...FINDING, severity: 'Error' })) expect(page).toContain(text)
    expect(page).toContain('a certificate has expired')
    expect(page).toContain('<b>the private keys</b>: no permission')
    expect(page).toContain('<li>careful</li>')
  })

  it('has the gravest first', async () => {
    const page = await renderVerificationPage(
      verified({ ...FINDING, found: 'first' }, { ...FINDING, severity: 'info', found: 'second' }),
    )
    expect(page.indexOf('first')).toBeLessThan(page.indexOf('second'))
  })

  it('without findings says how much was looked at', async () => {
    expect(await renderVerificationPage(verified())).toMatch(/No finding<\/span> 60 checks over 18 files/)
  })

  it('leaves out what does not belong on the node', async () => {
    const page = await renderExpirationPage(reportOf('worker'))
    expect(page).not.toContain('front-proxy-client')
    expect(page).toContain('kubelet-client-current.pem')
  })

  it('has every certificate that was found, hostile or not', async () => {
    const names = { subject: '</script><img src=x onerror=alert(1)>', issuer: '\u202e' }
    const details = { ...(STOCK.certificates[0]?.details as NonNullable<ExpirationRow['details']>), ...names }
    const page = await renderExpirationPage(
      changed({ apiserver: { details, file: '/"><script>alert(1)</script>' } }),
    )
    expect(page.match(/<script/g)).toHaveLength(1)
    expect(page).not.toMatch(/<img|\u202e/)
    for (const { name } of STOCK.everything) expect(page).toContain(`<span class="name">${name}`)
  })
})

describe('urgency', () => {
  const report = changed({
    apiserver: inDays(-3),
    'admin.conf': UNUSABLE,
    'etcd-peer': { ...UNUSABLE, missing: true },
    'etcd-server': inDays(30),
    'scheduler.conf': inDays(29),
    'front-proxy-client': inDays(90),
    'super-admin.conf': { ...UNUSABLE, missing: true, optional: true },
    'kubelet.crt': inDays(-300),
    'etcd-ca': inDays(0),
  })
  const rated = rateRows(report)

  it('orders: expired, unusable, missing, then by date', () => {
    expect(rated.slice(0, 7).map(({ row, urgency }) => `${row.name} ${urgency}`)).toEqual([
      ...['apiserver expired', 'etcd-ca expired', 'admin.conf unusable', 'etcd-peer missing'],
      ...['scheduler.conf month', 'etcd-server month', 'front-proxy-client quarter'],
    ])
    expect(rated.map(({ row }) => row.name)).not.toContain('super-admin.conf')
  })

  it('alarms nobody with what the kubelet has signed itself', () => {
    expect(rated.at(-1)).toMatchObject({ row: { name: 'kubelet.crt' }, urgency: 'unverified' })
  })

  it('is one line', () => {
    expect(summaryOf(rated, NOW, ['1 finding needs you now'])).toBe(
      '2 certificates have expired, 2 are missing or unusable, 2 expire within 30 days, 1 finding needs you now.',
    )
    expect(summaryOf(rateRows(changed({ apiserver: inDays(5) })), NOW)).toBe(
      '1 certificate expires within 30 days.',
    )
    expect(summaryOf(rateRows(STOCK), NOW)).toBe('Nothing expires within 30 days, the next in 355 days.')
  })

  it.each<[number, string]>([
    [59_000, '0 minutes'],
    [90 * 60_000, '90 minutes'],
    [47 * 3_600_000, '47 hours'],
    [2 * DAY, '2 days'],
    [729 * DAY, '729 days'],
    [3640 * DAY, '9.9 years'],
  ])('%i ms are %s', (milliseconds, text) => {
    expect(spanOf(milliseconds)).toBe(text)
  })
})

it('the time line goes forward, and never over its ends', () => {
  const days = [-1e6, -365, -40, -30, -1, 0, 0.5, 30, 31, 90, 200, 365, 366, 3650, 1e6]
  const percents = days.map(percentOf)
  expect(percents).toEqual(percents.toSorted((one, other) => one - other))
  expect(percents.every(percent => percent >= 1 && percent <= 97)).toBe(true)
  expect([0, 30, 90].map(percentOf)).toEqual([14, 34, 54])
})
