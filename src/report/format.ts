/** The output formats of `certs check-expiration`; what is seldom wanted is loaded only then. */
import type { Depth, ExpirationReport, ExpirationRow } from '../pki/expiration.ts'
import { expirationDocument, renderJson, renderYaml } from './structured.ts'
import { renderText } from './text.ts'
import { renderWide } from './wide.ts'

export interface Format {
  readonly depth: Depth
  readonly render: (report: ExpirationReport) => string | Promise<string>
  /** The rows it lists, which `--within` counts; of the kubelet's only those that a CA signs. */
  readonly rows: (report: ExpirationReport) => readonly ExpirationRow[]
}

const kubelets = ({ kubeletCertificates }: ExpirationReport) =>
  kubeletCertificates.filter(row => row.caName !== undefined || row.reason !== undefined)
const listed = (report: ExpirationReport) => [...report.certificates, ...report.certificateAuthorities]
const withKubelet = (report: ExpirationReport) => [...listed(report), ...kubelets(report)]
/** A worker has nothing else to count. */
const tables = (report: ExpirationReport) => (report.role === 'worker' ? withKubelet(report) : listed(report))

export const FORMATS = {
  text: { depth: 'tables', rows: tables, render: renderText },
  wide: { depth: 'everything', rows: withKubelet, render: renderWide },
  json: { depth: 'details', rows: withKubelet, render: report => renderJson(expirationDocument(report)) },
  yaml: { depth: 'details', rows: withKubelet, render: report => renderYaml(expirationDocument(report)) },
  prometheus: {
    depth: 'everything',
    rows: withKubelet,
    render: async report => (await import('./prometheus.ts')).renderExpirationMetrics(report),
  },
  html: {
    depth: 'everything',
    rows: withKubelet,
    render: async report => (await import('./html/pages.ts')).renderExpirationPage(report),
  },
} as const satisfies Record<string, Format>
export type FormatName = keyof typeof FORMATS
