/** How soon a certificate needs somebody. */
import type { ExpirationReport, ExpirationRow } from '../../pki/expiration.ts'
import type { Tone } from './tones.ts'

export const DAY = 86_400_000

export type Urgency = 'expired' | 'unusable' | 'missing' | 'month' | 'quarter' | 'later' | 'unverified'

/** The most urgent first. */
export const URGENCIES: Readonly<Record<Urgency, { readonly label: string; readonly tone: Tone }>> = {
  expired: { label: 'Expired', tone: 'bad' },
  unusable: { label: 'Unusable', tone: 'bad' },
  missing: { label: 'Missing', tone: 'bad' },
  month: { label: 'Within 30 days', tone: 'warn' },
  quarter: { label: 'Within 90 days', tone: 'soon' },
  later: { label: 'Valid', tone: 'fine' },
  unverified: { label: 'Self-signed', tone: 'quiet' },
}
const ORDER = Object.keys(URGENCIES)

/** A row with what the page says of it. */
export interface Rated {
  readonly row: ExpirationRow
  readonly kind: 'leaf' | 'ca' | 'kubelet'
  readonly urgency: Urgency
}

/** Every row of the tables, the most urgent first; what is absent because it does not belong here is left out. */
export function rateRows(report: ExpirationReport): readonly Rated[] {
  const { certificates, certificateAuthorities, kubeletCertificates, now } = report
  const rated = (rows: readonly ExpirationRow[], kind: Rated['kind']) =>
    rows
      .filter(({ missing, optional }) => !(missing && optional))
      .map(row => ({ row, kind, urgency: urgencyOf(row, kind, now) }))
  return [
    ...rated(certificates, 'leaf'),
    ...rated(certificateAuthorities, 'ca'),
    ...rated(kubeletCertificates, 'kubelet'),
  ].toSorted(compare)
}

/** What the kubelet has signed itself is verified by nobody, unless the API server is told to. */
function urgencyOf(
  { expirationDate, missing, caName }: ExpirationRow,
  kind: Rated['kind'],
  now: Date,
): Urgency {
  if (expirationDate === null) return missing ? 'missing' : 'unusable'
  if (kind === 'kubelet' && caName === undefined) return 'unverified'
  const left = expirationDate.getTime() - now.getTime()
  if (left <= 0) return 'expired'
  if (left <= 30 * DAY) return 'month'
  return left <= 90 * DAY ? 'quarter' : 'later'
}

function compare(one: Rated, other: Rated): number {
  const byUrgency = ORDER.indexOf(one.urgency) - ORDER.indexOf(other.urgency)
  const time = ({ row }: Rated) => row.expirationDate?.getTime() ?? 0
  return byUrgency || time(one) - time(other) || (one.row.name < other.row.name ? -1 : 1)
}

export function countRated(rated: readonly Rated[], ...urgencies: readonly Urgency[]): number {
  return rated.filter(({ urgency }) => urgencies.includes(urgency)).length
}

/** `12 days`, from milliseconds. */
export function spanOf(milliseconds: number): string {
  const [days, hours] = [milliseconds / DAY, milliseconds / 3_600_000]
  if (days >= 730) return `${Math.floor(days / 36.5) / 10} years`
  if (days >= 2) return `${Math.floor(days)} days`
  return hours >= 2 ? `${Math.floor(hours)} hours` : `${Math.floor(hours * 60)} minutes`
}

/** `in 12 days`, `12 days ago`. */
export function distanceOf(date: Date, now: Date): string {
  const left = date.getTime() - now.getTime()
  return left > 0 ? `in ${spanOf(left)}` : `${spanOf(-left)} ago`
}
