/** Durations as people and Go write them. */

/** Of Node's timers, in milliseconds: 24 days. */
export const LONGEST_TIMER = 2 ** 31 - 1

const MILLISECONDS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  y: 365 * 86_400_000,
}

/** `90s`, `10m`, `720h`, `30d`, `1y` (365 d) and sums such as `1h30m`, in milliseconds; undefined when it is not one. */
export function parseDuration(text: string): number | undefined {
  const terms = [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d|y)/g)]
  if (terms.length === 0 || terms.map(([term]) => term).join('') !== text) return undefined
  return terms.reduce(
    (sum, [, amount, unit]) => sum + Number(amount) * (MILLISECONDS[unit as string] as number),
    0,
  )
}

/** Go's time.ParseDuration knows no days and no years, but two letters for micro. */
const GO_MILLISECONDS: Readonly<Record<string, number>> = {
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ns: 1e-6,
}
const GO_TERM = '(\\d+(?:\\.\\d*)?|\\.\\d+)(h|ms|m|s|us|[µμ]s|ns)'
const GO_TERMS = new RegExp(GO_TERM, 'g')
const GO_DURATION = new RegExp(`^[-+]?(?:0|(?:${GO_TERM})+)$`)

/** An int64 of nanoseconds: 292 years. */
const LONGEST = 2 ** 63 / 1e6

/** `8760h`, `1h30m`, `1.5h`, `-1h`, `0` as Go reads them, in milliseconds; undefined for what Go refuses. */
export function parseGoDuration(text: string): number | undefined {
  if (!GO_DURATION.test(text)) return undefined
  const sum = [...text.matchAll(GO_TERMS)].reduce(
    (total, [, number, unit]) => total + Number(number) * (GO_MILLISECONDS[unit as string] as number),
    0,
  )
  if (sum >= LONGEST) return undefined
  return text.startsWith('-') ? -sum : sum
}

const MINUTE = 60
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const YEAR = 365 * DAY

interface Precision {
  /** Seconds below which this row applies. */
  readonly below: number
  readonly unit: readonly [seconds: number, name: string]
  readonly rest?: readonly [seconds: number, name: string]
}

/** Kubernetes' HumanDuration: the first row that applies; the rest is left out when it is zero. */
const PRECISIONS: readonly Precision[] = [
  { below: 2 * MINUTE, unit: [1, 's'] },
  { below: 10 * MINUTE, unit: [MINUTE, 'm'], rest: [1, 's'] },
  { below: 3 * HOUR, unit: [MINUTE, 'm'] },
  { below: 8 * HOUR, unit: [HOUR, 'h'], rest: [MINUTE, 'm'] },
  { below: 2 * DAY, unit: [HOUR, 'h'] },
  { below: 8 * DAY, unit: [DAY, 'd'], rest: [HOUR, 'h'] },
  { below: 2 * YEAR, unit: [DAY, 'd'] },
  { below: 8 * YEAR, unit: [YEAR, 'y'], rest: [DAY, 'd'] },
  { below: Number.POSITIVE_INFINITY, unit: [YEAR, 'y'] },
]

/** What kubeadm prints as RESIDUAL TIME for whole seconds. */
export function humanDuration(seconds: number): string {
  if (seconds < -1) return '<invalid>'
  if (seconds < 0) return '0s'
  const { unit, rest } = PRECISIONS.find(({ below }) => seconds < below) as Precision
  const head = `${Math.floor(seconds / unit[0])}${unit[1]}`
  const remainder = rest ? Math.floor((seconds % unit[0]) / rest[0]) : 0
  return rest && remainder > 0 ? `${head}${remainder}${rest[1]}` : head
}
