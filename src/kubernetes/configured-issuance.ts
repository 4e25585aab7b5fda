/** With which algorithm and for how long certificates are made: fields since v1beta4, and a feature gate from before. */
import { shown } from '../foreign-text.ts'
import { mappingAt, refuse, type Source, textAt, valueAt } from './configured-fields.ts'
import { parseGoDuration } from './duration.ts'

export interface Periods {
  /** Milliseconds. */
  readonly certificateValidityPeriod?: number | undefined
  /** Milliseconds. */
  readonly caCertificateValidityPeriod?: number | undefined
}

export interface Issuance extends Periods {
  readonly encryptionAlgorithm?: string | undefined
}

export function issuanceAt(source: Source): Issuance {
  const gated = gatedAlgorithm(source)
  if (source.version !== 'v1beta4') return { encryptionAlgorithm: gated }
  return {
    encryptionAlgorithm: gated ?? textAt(source, 'encryptionAlgorithm'),
    certificateValidityPeriod: periodAt(source, 'certificateValidityPeriod'),
    caCertificateValidityPeriod: periodAt(source, 'caCertificateValidityPeriod'),
  }
}

const ECDSA_GATE = 'PublicKeysECDSA'

/** To kubeadm the gate, on or off, wins over `encryptionAlgorithm`. */
function gatedAlgorithm(source: Source): string | undefined {
  const gates = Object.entries(mappingAt(source, 'featureGates') ?? {})
  for (const [gate, found] of gates) {
    if (typeof found === 'boolean' || found === null) continue
    throw refuse(source, { field: `featureGates.${gate}`, wanted: 'true or false', found })
  }
  const isEcdsa = gates.find(([gate]) => gate === ECDSA_GATE)?.[1] ?? undefined
  if (isEcdsa === undefined) return undefined
  return isEcdsa ? 'ECDSA-P256' : 'RSA-2048'
}

const UNITS = 'units are h, m, s, ms, us and ns: a day is 24h, a year 8760h'
const ENDED = 'kubeadm would make certificates that have ended; without the field they have its default'

/** Dates in a certificate are whole seconds. */
const SHORTEST = 1000

function periodAt(source: Source, field: keyof Periods): number | undefined {
  const found = valueAt(source, field)
  if (found === undefined) return undefined
  const period = typeof found === 'string' ? parseGoDuration(found) : undefined
  if (period === undefined)
    throw refuse(source, { field, wanted: 'a duration such as 8760h', found, hint: UNITS })
  if (period >= SHORTEST) return period
  throw refuse(source, { field, wanted: 'a duration of a second at least', found, hint: ENDED })
}

/** Of what kubeadm takes, and few want. */
export function issuanceWarnings(source: Source, issuance: Issuance): string[] {
  if (source.version !== 'v1beta4') return []
  const { encryptionAlgorithm = '' } = issuance
  const asked = textAt(source, 'encryptionAlgorithm') ?? encryptionAlgorithm
  const overruled = `encryptionAlgorithm ${shown(asked)}: featureGates.${ECDSA_GATE} asks for ${encryptionAlgorithm}`
  return [...(asked === encryptionAlgorithm ? [] : [overruled]), ...periodWarnings(source, issuance)]
}

/** kubeadm's defaults, and what it recommends. */
const RECOMMENDED = {
  certificateValidityPeriod: '8760h',
  caCertificateValidityPeriod: '87600h',
} as const satisfies Record<keyof Periods, string>

function periodWarnings(source: Source, periods: Periods): string[] {
  const leaf = comparable(source, periods, 'certificateValidityPeriod')
  const authority = comparable(source, periods, 'caCertificateValidityPeriod')
  const outlives = `${leaf.name} is longer than ${authority.name}: certificates would outlive their CA`
  const long = [leaf, authority].filter(({ period, recommended }) => period > milliseconds(recommended))
  return [
    ...long.map(({ name, recommended }) => `${name} is longer than the recommended ${recommended}`),
    ...(leaf.period > authority.period ? [outlives] : []),
  ]
}

function comparable(source: Source, periods: Periods, field: keyof Periods) {
  const recommended = RECOMMENDED[field]
  const name = `${field} ${valueAt(source, field) ?? recommended}`
  return { period: periods[field] ?? milliseconds(recommended), recommended, name }
}

function milliseconds(duration: string): number {
  return parseGoDuration(duration) as number
}
