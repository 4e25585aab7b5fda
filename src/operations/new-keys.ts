/** Of which kind new keys are, and how long what is signed for them is valid. */
import { PkiError } from '../errors.ts'
import type { NewKeySources } from '../pki/bootstrap-step.ts'
import type { Sourced } from '../pki/locations.ts'
import type { Snapshot } from '../pki/snapshot.ts'
import { ONE_YEAR, TEN_YEARS } from '../pki/validity.ts'
import { type IssuableKeyAlgorithm, isIssuable, KEY_ALGORITHMS } from '../x509/key-algorithm.ts'

/** Throws for an algorithm that nobody knows. */
export function configuredAlgorithm({ configuration }: Snapshot): Sourced<IssuableKeyAlgorithm> | undefined {
  const value = configuration?.value.encryptionAlgorithm
  const source = `${configuration?.source}: encryptionAlgorithm`
  if (value === undefined) return undefined
  if (isIssuable(value)) return { value, source }
  const wanted = Object.keys(KEY_ALGORITHMS).join(', ')
  throw new PkiError('CONFIG_INVALID', `${source}: wanted one of ${wanted}, found ${value}`)
}

export function newKeySources(
  snapshot: Snapshot,
  { encryptionAlgorithm }: { readonly encryptionAlgorithm?: IssuableKeyAlgorithm | undefined },
): NewKeySources {
  const flag = encryptionAlgorithm && { value: encryptionAlgorithm, source: '--encryption-algorithm' }
  const configured = configuredAlgorithm(snapshot)
  return {
    algorithm: flag ?? configured ?? { value: 'RSA-2048', source: 'default' },
    validity: periodIn(snapshot, 'certificateValidityPeriod', ONE_YEAR),
    caValidity: periodIn(snapshot, 'caCertificateValidityPeriod', TEN_YEARS),
  }
}

function periodIn(
  { configuration }: Snapshot,
  field: 'certificateValidityPeriod' | 'caCertificateValidityPeriod',
  otherwise: number,
): Sourced<number> {
  const value = configuration?.value[field]
  return value === undefined
    ? { value: otherwise, source: 'default' }
    : { value, source: `${configuration?.source}: ${field}` }
}
