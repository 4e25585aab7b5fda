/**
 * Metrics of what was found. Certificates have the names and labels of enix/x509-certificate-exporter, so that its
 * dashboards and alerts work with them.
 */
import type { ExpirationReport, WideRow } from '../pki/expiration.ts'
import { countOf, SEVERITIES } from '../pki/finding.ts'
import type { VerificationReport } from '../pki/verification.ts'
import { VERSION } from '../version.ts'
import type { NameAttribute } from '../x509/name.ts'
import { type Family, type Labels, renderFamilies, renderLabels, type Sample } from './exposition.ts'

export function renderExpirationMetrics(report: ExpirationReport): string {
  return renderFamilies([...certificateFamilies(report), ...runFamilies(report)])
}

export function renderVerificationMetrics(report: VerificationReport): string {
  return renderFamilies([
    ...certificateFamilies(report.expiration),
    ...findingFamilies(report),
    ...runFamilies(report),
  ])
}

/** A row whose certificate can be read. */
type ReadRow = WideRow & Required<Pick<WideRow, 'details' | 'names'>> & { readonly expirationDate: Date }

function isRead(row: WideRow): row is ReadRow {
  return row.expirationDate !== null && row.details !== undefined && row.names !== undefined
}

function certificateFamilies({ everything, now }: ExpirationReport): Family[] {
  const labelled = withLabels(everything.filter(isRead))
  const perCertificate = (name: string, help: string, measure: (row: ReadRow) => number): Family => ({
    ...{ name, help },
    samples: labelled.map(({ row, labels }) => ({ labels, value: measure(row) })),
  })
  const errors = fileErrors(everything)
  return [
    perCertificate('x509_cert_not_before', 'Start of the validity, in seconds since 1970', ({ details }) =>
      seconds(details.notBefore),
    ),
    perCertificate(
      'x509_cert_not_after',
      'End of the validity, in seconds since 1970',
      ({ expirationDate }) => seconds(expirationDate),
    ),
    perCertificate('x509_cert_expired', '1: the end of the validity has passed', ({ expirationDate }) =>
      Number(expirationDate < now),
    ),
    {
      name: 'x509_cert_error',
      help: '1: the file cannot be read, or is missing although it belongs there',
      samples: errors,
    },
    {
      name: 'x509_read_errors',
      help: 'How many files cannot be read or are missing',
      samples: [{ value: errors.filter(({ value }) => value === 1).length }],
    },
  ]
}

/**
 * Different certificates with the same labels, as a CA and its successor with the serial number 0, are told apart by
 * `discriminator`, also the exporter's.
 */
function withLabels(rows: readonly ReadRow[]): { readonly row: ReadRow; readonly labels: Labels }[] {
  const fingerprints = new Map<string, Set<string>>()
  const plain = rows.map(row => {
    const labels = certificateLabels(row)
    const series = renderLabels(labels)
    const known = fingerprints.get(series) ?? new Set()
    fingerprints.set(series, known.add(row.details.fingerprintSha256))
    return { row, labels, series }
  })
  return plain.map(({ row, labels, series }) => {
    const isAlone = fingerprints.get(series)?.size === 1
    const discriminator = isAlone ? undefined : row.details.fingerprintSha256.slice(0, 8)
    return { row, labels: { ...labels, discriminator } }
  })
}

function certificateLabels(row: ReadRow): Labels {
  return {
    ...placeLabels(row),
    serial_number: decimal(row.details.serialNumber),
    ...nameLabels('issuer', row.names.issuer),
    ...nameLabels('subject', row.names.subject),
  }
}

function placeLabels({ file, embedded }: WideRow): Labels {
  const path = embedded?.file ?? file
  return {
    filename: path.slice(path.lastIndexOf('/') + 1),
    filepath: path,
    embedded_kind: embedded?.kind,
    embedded_key: embedded?.key,
  }
}

const ATTRIBUTES: Readonly<Record<string, string>> = {
  C: '2.5.4.6',
  ST: '2.5.4.8',
  L: '2.5.4.7',
  O: '2.5.4.10',
  OU: '2.5.4.11',
  CN: '2.5.4.3',
}

/** Of several the first one; of common names, as Go has it, the last. */
function nameLabels(prefix: string, attributes: readonly NameAttribute[]): Labels {
  const entries = Object.entries(ATTRIBUTES).map(([short, type]) => {
    const values = attributes.filter(one => one.type === type)
    return [`${prefix}_${short}`, values.at(short === 'CN' ? -1 : 0)?.value] as const
  })
  return Object.fromEntries(entries)
}

/** From hexadecimal, which may be negative. */
function decimal(serialNumber: string): string {
  const digits = serialNumber.replace('-', '')
  return `${digits === serialNumber ? '' : '-'}${BigInt(`0x0${digits}`)}`
}

/** A series for each file, and each part of a kubeconfig: it stays the same whether the file can be read or not. */
function fileErrors(rows: readonly WideRow[]): Sample[] {
  const expected = rows.filter(({ missing, optional }) => !(missing && optional))
  const samples = expected.map(row => ({ labels: placeLabels(row), value: Number(!isRead(row)) }))
  return samples.toSorted((one, other) => other.value - one.value)
}

function findingFamilies(report: VerificationReport): Family[] {
  return [
    {
      name: 'kubepki_findings',
      help: 'Findings of kubepki certs verify, by severity',
      samples: SEVERITIES.map(severity => ({ labels: { severity }, value: countOf(report, severity) })),
    },
    {
      name: 'kubepki_finding',
      help: 'One finding of kubepki certs verify; it goes when what it found is put right',
      samples: report.findings.map(({ code, severity, certificate, file }) => ({
        labels: { code, severity, certificate, filepath: file },
        value: 1,
      })),
    },
    {
      name: 'kubepki_not_looked_at',
      help: 'What kubepki certs verify did not look at',
      samples: report.notLookedAt.map(({ what }) => ({ labels: { what }, value: 1 })),
    },
  ]
}

function runFamilies({ now }: { readonly now: Date }): Family[] {
  return [
    {
      name: 'kubepki_last_run_timestamp_seconds',
      help: 'When kubepki looked at the files',
      samples: [{ value: seconds(now) }],
    },
    {
      name: 'kubepki_build_info',
      help: 'The version of kubepki that made these metrics',
      samples: [{ labels: { version: VERSION }, value: 1 }],
    },
  ]
}

function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1000)
}
