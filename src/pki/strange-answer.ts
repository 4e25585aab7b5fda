/** What came and answers nothing that waits: what has been in use, and what nobody here knows. Pure. */
import { type Certificate, hasSameKey, isSameCertificate } from '../x509/certificate.ts'
import type { AnswerCode } from './answer-checks.ts'
import type { ImportFacts } from './import-plan.ts'
import type { Entry, Snapshot } from './snapshot.ts'

/** A certificate that came, and the file it came in. */
export interface ReturnedCertificate {
  readonly file: string
  readonly certificate: Certificate
  /** Over the SubjectPublicKeyInfo, lower-case hexadecimal. */
  readonly publicKeySha256: string
}

/** Not of what is in it: whose it is, and whether it has a place. */
export type MatchCode =
  | 'KEY_OF_NO_REQUEST'
  | 'KEY_OF_OLDER_REQUEST'
  | 'KEY_OF_LIVE_CERTIFICATE'
  | 'CA_INSTEAD_OF_LEAF'
  | 'CA_CERTIFICATE_MISSING'
  | 'PLACE_UNUSABLE'
  | 'SHARED_FILE'

export interface Refusal {
  /** The row, where it is known. */
  readonly name?: string
  /** The answer's. */
  readonly file: string
  readonly code: AnswerCode | MatchCode
  readonly field: string
  readonly wanted: string
  readonly found: string
}

export function isLive({ certificate }: Entry, one: ReturnedCertificate): boolean {
  return certificate.state === 'present' && isSameCertificate(certificate.certificates[0], one.certificate)
}

/** An answer that was in use before the one that is. */
export function isSuperseded(
  { snapshot, installedKeys }: ImportFacts,
  { publicKeySha256, certificate }: ReturnedCertificate,
): boolean {
  return installedKeys.has(publicKeySha256) && !liveWithKeyOf(snapshot, certificate)
}

function liveWithKeyOf({ entries }: Snapshot, certificate: Certificate): Entry | undefined {
  return entries.find(
    entry =>
      entry.kind !== 'ca' &&
      entry.certificate.state === 'present' &&
      hasSameKey(entry.certificate.certificates[0], certificate),
  )
}

/** A certificate that nobody here waits for. */
export function stranger(
  { snapshot, replacedKeys, installedKeys }: ImportFacts,
  one: ReturnedCertificate,
): Refusal {
  const answer = { file: one.file, field: 'public key', wanted: 'that of a pending request' }
  const live = liveWithKeyOf(snapshot, one.certificate)
  if (live) {
    const found = `that of the certificate in use: an old request was signed again`
    return { ...answer, name: live.name, code: 'KEY_OF_LIVE_CERTIFICATE', found }
  }
  const [replaced, installed] = [replacedKeys, installedKeys].map(keys => keys.get(one.publicKeySha256))
  const name = replaced ?? installed
  if (name !== undefined) {
    const fate = replaced === undefined ? 'was answered and installed before' : 'was replaced since'
    return { ...answer, name, code: 'KEY_OF_OLDER_REQUEST', found: `that of a request that ${fate}` }
  }
  return { ...answer, code: 'KEY_OF_NO_REQUEST', found: `that of another (${one.certificate.subject})` }
}

/** Where no leaf came at all, whoever sent it mistook the CA's own certificate for the answer. */
export function authorityInstead({ file, certificate }: ReturnedCertificate): Refusal {
  const found = `that of a CA (${certificate.subject})`
  return {
    file,
    code: 'CA_INSTEAD_OF_LEAF',
    field: 'certificate',
    wanted: 'that of a pending request',
    found,
  }
}
