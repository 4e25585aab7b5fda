/** Whether a CA can sign here, and with which certificate of its file. */
import { describeUnusable, type Unusable } from '../errors.ts'
import type { Certificate } from '../x509/certificate.ts'
import { algorithmOf, isKeyOf, isSigningKey, type PrivateKey } from '../x509/key.ts'
import type { Entry, Found } from './snapshot.ts'

export type AuthorityProblem =
  | 'CA_CERTIFICATE_MISSING'
  | 'CA_CERTIFICATE_INVALID'
  | 'CA_KEY_UNREADABLE'
  | 'CA_KEY_ENCRYPTED'
  | 'CA_KEY_UNSUPPORTED'
  | 'CA_KEY_MISMATCH'
  | 'NOT_A_CA'
  | 'CA_EXPIRED'
  | 'CA_NOT_YET_VALID'

export type AuthorityState =
  | {
      readonly state: 'local'
      /** The one whose public key is that of the key on disk, wherever in the file it stands. */
      readonly certificate: Certificate
      readonly bundle: readonly Certificate[]
      readonly key: PrivateKey
    }
  | { readonly state: 'external' }
  | UnusableAuthority

interface UnusableAuthority {
  readonly state: 'unusable'
  readonly problem: AuthorityProblem
  readonly message: string
  readonly hint?: string
}

/** What is looked at of a row. */
export type AuthorityFiles = Pick<Entry, 'certificate' | 'file' | 'key'>

export function assessAuthority(entry: AuthorityFiles, key: Found<PrivateKey>, now: Date): AuthorityState {
  const { certificate, file } = entry
  if (certificate.state === 'missing')
    return unusable('CA_CERTIFICATE_MISSING', `${file.path} does not exist`, putBack(file.path))
  if (certificate.state === 'invalid') {
    return unusable(
      'CA_CERTIFICATE_INVALID',
      `${file.path}: ${describeUnusable(certificate)}`,
      putBack(file.path),
    )
  }
  if (key.state === 'missing') return { state: 'external' }
  const keyPath = entry.key?.path ?? file.path
  if (key.state === 'invalid') return unusableKey(keyPath, key)
  if (!isSigningKey(key)) {
    const found = `${keyPath}: wanted an RSA key of 1024 bits or more, or an ECDSA key, found ${algorithmOf(key)}`
    const hint = 'Kubernetes cannot read this key either; its certificates need another CA'
    return unusable('CA_KEY_UNSUPPORTED', found, hint)
  }
  const matching = certificate.certificates.filter(one => isKeyOf(key, one))
  const best = matching.find(one => failureOf(one, file.path, now) === undefined) ?? matching[0]
  if (!best) {
    const found = `${keyPath} is not the key of ${file.path} (${certificate.certificates[0].subject})`
    return unusable('CA_KEY_MISMATCH', found, `put the key back that belongs to ${file.path}`)
  }
  return (
    failureOf(best, file.path, now) ?? {
      state: 'local',
      certificate: best,
      bundle: certificate.certificates,
      key,
    }
  )
}

function unusable(problem: AuthorityProblem, message: string, hint?: string): UnusableAuthority {
  return { state: 'unusable', problem, message, ...(hint !== undefined && { hint }) }
}

function unusableKey(path: string, key: Unusable): UnusableAuthority {
  return key.reason === 'KEY_ENCRYPTED'
    ? unusable('CA_KEY_ENCRYPTED', `${path}: the private key is encrypted`, decryptHint(path))
    : unusable('CA_KEY_UNREADABLE', `${path}: ${describeUnusable(key)}`, keyHint(path, key))
}

/** Why a certificate that has the key must not sign. */
export function failureOf({ isCa, notBefore, notAfter, subject }: Certificate, file: string, now: Date) {
  if (!isCa) return unusable('NOT_A_CA', `${file}: ${subject} is not a CA certificate`)
  if (notAfter <= now)
    return unusable('CA_EXPIRED', `${file} expired on ${notAfter.toISOString()}`, REPLACE_CA)
  if (notBefore <= now) return undefined
  const found = `${file} is not valid before ${notBefore.toISOString()}`
  return unusable('CA_NOT_YET_VALID', found, 'check the clock of this machine')
}

function keyHint(path: string, { reason }: Unusable): string {
  return reason === 'PERMISSION_DENIED' ? 'run as root: sudo kubepki ...' : putBack(path)
}

function putBack(path: string): string {
  return `put ${path} back: the other control-plane nodes have the same CA`
}

/** Kubernetes reads no encrypted key either. */
function decryptHint(path: string): string {
  return `decrypt it first: (umask 077; openssl pkey -in ${path} -out ${path}.plain) && mv ${path}.plain ${path}`
}

export const REPLACE_CA =
  'nothing it signs lasts longer than it does: the CA must be replaced first, by a new certificate for the same key or by a new CA that every node trusts'
