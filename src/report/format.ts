/** The output formats of `certs check-expiration`; what is seldom wanted is loaded only then. */
import type { Depth, ExpirationReport, ExpirationRow } from '../pki/expiration.ts'
import type { Terminal } from './paint.ts'
import { expirationDocument, renderJson, renderYaml } from './structured.ts'
import { renderOnTerminal } from './terminal.ts'
import { certificateTables, renderText } from './text.ts'
import { renderWide, wideTable } from './wide.ts'

export interface Format {
  readonly depth: Depth
  readonly render: (report: ExpirationReport) => string | Promise<string>
  /** For people at a terminal, where they are told more. */
  readonly renderOn?: (report: ExpirationReport, terminal: Terminal) => string
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
  text: {
    ...{ depth: 'tables', rows: tables, render: renderText },
    renderOn: (report: ExpirationReport, terminal: Terminal) =>
      renderOnTerminal(report, { tables: certificateTables(report), rows: tables(report), terminal }),
  },
  wide: {
    ...{ depth: 'everything', rows: withKubelet, render: renderWide },
    renderOn: (report: ExpirationReport, terminal: Terminal) =>
      renderOnTerminal(report, { tables: [wideTable(report)], rows: withKubelet(report), terminal }),
  },
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
