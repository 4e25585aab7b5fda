/** How long a new certificate is valid. */
import { instant } from './instant.ts'

/** Clocks differ by minutes: a certificate is valid from five minutes ago, as kubeadm's are. */
const BACKDATE = 5 * 60_000
/** Of a leaf, by default. */
export const ONE_YEAR = 365 * 86_400_000
/** Of a CA, by default. */
export const TEN_YEARS = 10 * ONE_YEAR

export interface ValidityPeriod {
  readonly notBefore: Date
  readonly notAfter: Date
  readonly warnings: readonly string[]
}

/** The last second that a certificate can name (RFC 5280 section 4.1.2.5). */
const LAST_SECOND = new Date('9999-12-31T23:59:59Z')

/** Milliseconds from now, but never longer than its CA, whose end is `caEnds`. */
export function validityPeriod(now: Date, validity: number, caEnds?: Date): ValidityPeriod {
  const notBefore = new Date(now.getTime() - BACKDATE)
  const wanted = new Date(Math.min(now.getTime() + validity, LAST_SECOND.getTime()))
  if (caEnds === undefined || wanted <= caEnds) return { notBefore, notAfter: wanted, warnings: [] }
  return { notBefore, notAfter: caEnds, warnings: [`notAfter cut to ${instant(caEnds)}, when its CA ends`] }
}
