/** What expires when, from a snapshot and an instant. */
import { describeUnusable, type Reason } from '../errors.ts'
import { named } from '../foreign-text.ts'
import { compareNames } from '../inventory/select.ts'
import type { Certificate } from '../x509/certificate.ts'
import { type CertificateNames, namesOf } from '../x509/name.ts'
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
  readonly embedded?: Embedding
  readonly names?: CertificateNames
}

/** Where in a kubeconfig a certificate is, or is named. */
export interface Embedding {
  readonly kind: 'cluster' | 'user'
  /** Of the cluster or the user. */
  readonly key: string
  /** The kubeconfig. */
  readonly file: string
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
  const { certificate } = entry
  const blocks = certificate.state === 'present' ? certificate.certificates : []
  const row = {
    ...expirationRow(snapshot, entry, { now, depth: 'everything' }),
    ...embeddingIn(entry, 'user'),
    ...(blocks[0] && { names: namesOf(blocks[0]) }),
  }
  const rest = blocks.slice(1).map((one, index) => ({
    ...row,
    ...datesOf(one, now),
    part: `${index + 2}/${blocks.length}`,
    details: detailsOf(snapshot, one, blocks.slice(index + 2)),
    names: namesOf(one),
  }))
  const first = blocks.length > 1 ? { ...row, part: `1/${blocks.length}` } : row
  return [first, ...rest, ...trustedRows(snapshot, entry, { row, now })]
}

function embeddingIn({ kubeconfig, file }: Entry, kind: Embedding['kind']): { embedded?: Embedding } {
  if (!kubeconfig) return {}
  const { userName, clusterName } = kubeconfig.config
  return { embedded: { kind, key: named(kind === 'user' ? userName : clusterName), file: file.path } }
}

/** The CA data of a kubeconfig, or why it cannot be used. */
function trustedRows(
  snapshot: Snapshot,
  entry: Entry,
  { row, now }: { readonly row: WideRow; readonly now: Date },
): WideRow[] {
  const authority = entry.kubeconfig?.certificateAuthority
  if (!authority) return []
  const {
    caName: _leafs,
    reason: _reason,
    message: _message,
    details: _details,
    names: _names,
    ...rest
  } = row
  const file = entry.file.path
  const place = { ...rest, ...embeddingIn(entry, 'cluster'), file, part: 'certificate-authority' }
  if (authority.state === 'present')
    return authority.certificates.map(one => ({
      ...place,
      ...datesOf(one, now),
      details: detailsOf(snapshot, one, []),
      names: namesOf(one),
    }))
  const unusable = authority.state === 'invalid' ? authority : ({ reason: 'REFERENCE_MISSING' } as const)
  const { reason } = unusable
  return [{ ...place, expirationDate: null, residualTime: 0, reason, message: describeUnusable(unusable) }]
}

function readerWarnings({ name, file, certificate, kubeconfig }: Entry): string[] {
  const found = certificate.state === 'present' ? certificate.warnings : []
  const authority = kubeconfig?.certificateAuthority
  const trust = authority?.state === 'invalid' ? [`its CA data: ${describeUnusable(authority)}`] : []
  return [...found, ...trust].map(warning => `${name}: ${file.path}: ${warning}`)
}
