/** The first line of a report: what is to be done now. */
import { humanDuration } from '../kubernetes/duration.ts'
import type { ExpirationReport, ExpirationRow } from '../pki/expiration.ts'
import { countOf } from '../pki/finding.ts'
import type { VerificationReport } from '../pki/verification.ts'
import { printable } from './printable.ts'

export const SOON = 30 * 86_400

/** `3 expire within 30 days, 1 has expired; the first: apiserver, 12d`. `rows`: what the report lists. */
export function summaryOfExpiration(
  { now }: Pick<ExpirationReport, 'now'>,
  rows: readonly ExpirationRow[],
): string {
  const dated = rows.filter(({ expirationDate }) => expirationDate !== null)
  const counts = [
    counted(dated.filter(row => isExpired(row, now)).length, 'has expired', 'have expired'),
    counted(dated.filter(row => isSoon(row, now)).length, 'expires within 30 days', 'expire within 30 days'),
    counted(rows.filter(row => row.missing && !row.optional).length, 'is missing', 'are missing'),
    counted(rows.filter(row => row.reason !== undefined).length, 'cannot be read', 'cannot be read'),
  ].filter(text => text !== undefined)
  const living = dated.filter(row => !isExpired(row, now))
  const [first] = living.toSorted((a, b) => a.residualTime - b.residualTime)
  const next =
    first &&
    `the ${counts.length > 0 ? 'next' : 'first'} to expire is ${first.name}, in ${humanDuration(first.residualTime)}`
  return [counts.join(', ') || 'nothing expires within 30 days', next].filter(Boolean).join('; ')
}

function counted(count: number, one: string, many: string): string | undefined {
  if (count === 0) return undefined
  return `${count} ${count === 1 ? one : many}`
}

export function isExpired({ expirationDate }: ExpirationRow, now: Date): boolean {
  return expirationDate !== null && expirationDate <= now
}

/** Within 30 days. */
export function isSoon(row: ExpirationRow, now: Date): boolean {
  return row.expirationDate !== null && !isExpired(row, now) && row.residualTime <= SOON
}

/** `1 finding needs you now, 2 warnings, 3 notes (50 checks over 16 files with certificates)` */
export function summaryOfFindings(report: VerificationReport): string {
  const [errors, warnings, infos] = (['error', 'warning', 'info'] as const).map(one => countOf(report, one))
  const counts = [
    counted(errors ?? 0, 'finding needs you now', 'findings need you now') ?? 'nothing needs you now',
    counted(warnings ?? 0, 'warning', 'warnings') ?? 'no warning',
    counted(infos ?? 0, 'note', 'notes'),
  ].filter(text => text !== undefined)
  const scope = scopeOf(report)
  return `${scope === undefined ? '' : `${scope}: `}${counts.join(', ')} (${report.checks} checks over ${report.certificates} files with certificates)`
}

/** `of apiserver, as far as it could be read`; undefined: all was. */
export function scopeOf({ names, isPartial }: VerificationReport): string | undefined {
  if (names.length === 0) return isPartial ? 'of what could be read' : undefined
  return `of ${names.map(printable).join(', ')}${isPartial ? ', as far as it could be read' : ''}`
}
