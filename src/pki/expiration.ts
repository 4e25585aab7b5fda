/** What expires when, from a snapshot and an instant. */
import { describeUnusable, type Reason } from '../errors.ts'
import { compareNames } from '../inventory/select.ts'
import type { Certificate } from '../x509/certificate.ts'
import { type CertificateDetails, detailsOf } from './certification-path.ts'
import { isManagedElsewhere } from './external-ca.ts'
import { type Entry, isOptionalHere, type NodeRole, type Snapshot, shownFile } from './snapshot.ts'
import { type SourceFact, sourceFacts } from './sources.ts'

/** One certificate. The first six fields are kubeadm's, with its meaning. */
export interface ExpirationRow {
  readonly name: string
  readonly expirationDate: Date | null
  /** Whole seconds from `now` toward zero, negative when expired; 0 when there is no date. */
  readonly residualTime: number
  readonly externallyManaged: boolean
  /** Absent for CAs and for what is missing or invalid. */
  readonly caName?: string
  readonly missing: boolean
  /** Its absence is normal on this node. */
  readonly optional: boolean
  readonly file: string
  /** What said that the file is there: a flag, a manifest and its flag, a configuration file, or `default`. */
  readonly source: string
  /** Why the file cannot be used. */
  readonly reason?: Reason
  readonly message?: string
  readonly details?: CertificateDetails
}

/** A certificate of `-o wide`: also further blocks of a bundle and CA data in kubeconfigs. */
export interface WideRow extends ExpirationRow {
  /** `2/3` in a file of several certificates; `certificate-authority` of a kubeconfig. */
  readonly part?: string
}

export interface ExpirationReport {
  readonly now: Date
  readonly role: NodeRole
  /** As in kubeadm's two tables, by name. */
  readonly certificates: readonly ExpirationRow[]
  readonly certificateAuthorities: readonly ExpirationRow[]
  /** What the kubelet uses, which kubeadm does not list; only what is there. */
  readonly kubeletCertificates: readonly ExpirationRow[]
  readonly everything: readonly WideRow[]
  readonly sources: readonly SourceFact[]
  readonly warnings: readonly string[]
}

/** How much to work out: kubeadm's columns alone, `details` of each row, or also every further certificate. */
export type Depth = 'tables' | 'details' | 'everything'

export function reportExpiration(
  snapshot: Snapshot,
  now: Date,
  depth: Depth = 'everything',
): ExpirationReport {
  const rowOf = (entry: Entry) => expirationRow(snapshot, entry, { now, depth })
  const shown = snapshot.entries.filter(entry => !(entry.isOptional && entry.certificate.state === 'missing'))
  const listed = shown.filter(entry => entry.isListed).toSorted((a, b) => compareNames(a.name, b.name))
  const isKubelets = (entry: Entry) => !entry.isListed && entry.certificate.state !== 'missing'
  return {
    now,
    role: snapshot.role,
    certificates: listed.filter(entry => entry.kind !== 'ca').map(rowOf),
    certificateAuthorities: listed.filter(entry => entry.kind === 'ca').map(rowOf),
    kubeletCertificates: shown.filter(isKubelets).map(rowOf),
    everything: depth === 'everything' ? shown.flatMap(entry => wideRows(snapshot, entry, now)) : [],
    sources: sourceFacts(snapshot),
    warnings: [...snapshot.warnings, ...shown.flatMap(readerWarnings)],
  }
}

/** Rows that ask for attention: expired, expiring within `milliseconds`, invalid, or missing where they belong. */
export function rowsExpiringWithin(
  rows: readonly ExpirationRow[],
  milliseconds: number,
  now: Date,
): ExpirationRow[] {
  const limit = now.getTime() + milliseconds
  return rows.filter(({ expirationDate, missing, optional }) => {
    if (expirationDate === null) return !(missing && optional)
    return expirationDate.getTime() <= limit
  })
}

function expirationRow(
  snapshot: Snapshot,
  entry: Entry,
  { now, depth }: { now: Date; depth: Depth },
): ExpirationRow {
  const { certificate, name } = entry
  const place = {
    file: shownFile(entry),
    source: entry.file.source,
    optional: isOptionalHere(snapshot, entry),
  }
  const without = { name, expirationDate: null, residualTime: 0, externallyManaged: false, ...place }
  if (certificate.state === 'missing') return { ...without, missing: true }
  if (certificate.state === 'invalid') {
    return { ...without, missing: false, reason: certificate.reason, message: describeUnusable(certificate) }
  }
  const [first, ...rest] = certificate.certificates
  return {
    ...datesOf(first, now),
    name,
    externallyManaged: isManagedElsewhere(snapshot, entry),
    ...(entry.caName !== undefined && { caName: entry.caName }),
    missing: false,
    ...place,
    ...(depth !== 'tables' && { details: detailsOf(snapshot, first, rest) }),
  }
}

function datesOf({ notAfter }: Certificate, now: Date) {
  return {
    expirationDate: notAfter,
    residualTime: Math.trunc((notAfter.getTime() - now.getTime()) / 1000) + 0,
  }
}

function wideRows(snapshot: Snapshot, entry: Entry, now: Date): WideRow[] {
  const row = expirationRow(snapshot, entry, { now, depth: 'everything' })
  const { certificate, kubeconfig } = entry
  const blocks = certificate.state === 'present' ? certificate.certificates : []
  const rest = blocks.slice(1).map((one, index) => ({
    ...row,
    ...datesOf(one, now),
    part: `${index + 2}/${blocks.length}`,
    details: detailsOf(snapshot, one, blocks.slice(index + 2)),
  }))
  const first = blocks.length > 1 ? { ...row, part: `1/${blocks.length}` } : row
  const authority = kubeconfig?.certificateAuthority
  const trusted = authority?.state === 'present' ? authority.certificates : []
  return [
    first,
    ...rest,
    ...trusted.map(one => trustedRow(snapshot, { ...row, file: entry.file.path }, one, now)),
  ]
}

function trustedRow(snapshot: Snapshot, row: ExpirationRow, certificate: Certificate, now: Date): WideRow {
  const { caName: _leafs, reason: _reason, message: _message, ...place } = row
  return {
    ...place,
    ...datesOf(certificate, now),
    part: 'certificate-authority',
    details: detailsOf(snapshot, certificate, []),
  }
}

function readerWarnings({ name, file, certificate, kubeconfig }: Entry): string[] {
  const found = certificate.state === 'present' ? certificate.warnings : []
  const authority = kubeconfig?.certificateAuthority
  const trust = authority?.state === 'invalid' ? [`its CA data: ${describeUnusable(authority)}`] : []
  return [...found, ...trust].map(warning => `${name}: ${file.path}: ${warning}`)
}
