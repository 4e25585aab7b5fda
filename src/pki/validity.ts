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

/** Milliseconds from now, but never longer than its CA, whose end is `caEnds`. */
export function validityPeriod(now: Date, validity: number, caEnds?: Date): ValidityPeriod {
  const notBefore = new Date(now.getTime() - BACKDATE)
  const wanted = new Date(now.getTime() + validity)
  if (caEnds === undefined || wanted <= caEnds) return { notBefore, notAfter: wanted, warnings: [] }
  return { notBefore, notAfter: caEnds, warnings: [`notAfter cut to ${instant(caEnds)}, when its CA ends`] }
}
