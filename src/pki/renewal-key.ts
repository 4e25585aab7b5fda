/** Which key a renewed certificate is for. */
import { describeUnusable } from '../errors.ts'
import type { Certificate } from '../x509/certificate.ts'
import { isKeyOf, type PrivateKey } from '../x509/key.ts'
import { isIssuable, type KeyAlgorithm } from '../x509/key-algorithm.ts'
import type { KeyChoice, RenewalOrder, SkipStep } from './renewal-step.ts'
import type { Found } from './snapshot.ts'

export type Refusal = Pick<SkipStep, 'reason' | 'message' | 'hint'>

export interface Choice {
  readonly key: KeyChoice
  readonly warnings: readonly string[]
}

/** The key on the disk, which must be the old certificate's. */
export function keepKey(
  old: Certificate,
  key: Found<PrivateKey> | undefined,
  isRequest: boolean,
): Choice | Refusal {
  const refuse = (message: string) => ({
    reason: 'KEY_NOT_KEPT' as const,
    message,
    hint: 'leave --key keep out: the certificate gets a new key',
  })
  if (isRequest) return refuse('its key can be kept only where its CA signs here')
  if (key?.state !== 'present') {
    return refuse(
      `its key cannot be kept: ${key?.state === 'invalid' ? describeUnusable(key) : 'it is not here'}`,
    )
  }
  if (!isKeyOf(key, old)) return refuse('its key cannot be kept: it is not the key of the certificate')
  return { key: { algorithm: old.keyAlgorithm, kept: key }, warnings: [] }
}

export function chooseAlgorithm(
  { keyAlgorithm }: Certificate,
  order: RenewalOrder,
  configured: KeyAlgorithm | undefined,
): Choice | Refusal {
  const wanted = order.encryptionAlgorithm ?? configured ?? keyAlgorithm
  if (isIssuable(wanted)) return { key: { algorithm: wanted }, warnings: [] }
  if (/^RSA-\d+$/.test(wanted) && Number(wanted.slice(4)) < 2048) {
    return {
      key: { algorithm: 'RSA-2048' },
      warnings: [`the old key is ${wanted}, which is too weak: the new one is RSA-2048`],
    }
  }
  const hint = 'name another with --encryption-algorithm'
  return { reason: 'KEY_ALGORITHM_UNSUPPORTED', message: `cannot make a key of algorithm ${wanted}`, hint }
}
