/** What signing requests did or, in a dry run, would do. */
import type { SourceFact } from './sources.ts'

export type SigningProblem =
  | 'REQUEST_UNREADABLE'
  | 'POSSESSION_NOT_PROVED'
  | 'SIGNATURE_WEAK'
  | 'KEY_WEAK'
  | 'KEY_OF_THE_CA'
  | 'NO_PROFILE'
  | 'WRONG_CA'
  | 'WRONG_SUBJECT'
  | 'WRONG_SUBJECT_ALT_NAME'
  | 'WRONG_EXT_KEY_USAGE'
  | 'FILE_EXISTS'

export interface SigningFailure {
  readonly csrFile: string
  readonly code: SigningProblem
  readonly message: string
  readonly hint?: string | undefined
}

export interface LeftOutRequest {
  readonly csrFile: string
  readonly caName: string
  readonly caSubject: string
}

export interface SignedCertificate {
  readonly csrFile: string
  readonly certificateFile: string
  /** `server`, or a row: `apiserver`. */
  readonly profile: string
  readonly profileSource: ProfileSource
  readonly subject: string
  readonly subjectAltNames: readonly string[]
  readonly keyUsage: readonly string[]
  readonly extKeyUsage: readonly string[]
  readonly keyAlgorithm: string
  readonly publicKeySha256: string
  readonly notBefore: string
  readonly expirationDate: string
  /** What it asked for and does not get, and what whoever signs should know. */
  readonly warnings: readonly string[]
  /** Not before it is signed. */
  readonly serialNumber?: string
  readonly fingerprintSha256?: string
}

export type ProfileSource = '--profile' | 'requests.json' | 'the inventory'

export interface SigningAuthoritySummary {
  readonly subject: string
  readonly file: string
  readonly fingerprintSha256: string
  readonly expirationDate: string
  readonly keyAlgorithm: string
  /** The file of its key, or the program that signs. */
  readonly signedWith: string
}

export interface SigningResult {
  readonly dryRun: boolean
  readonly changed: boolean
  readonly authority: SigningAuthoritySummary
  readonly certificates: readonly SignedCertificate[]
  /** Requests that another CA has to sign, as requests.json says. */
  readonly leftOut: readonly LeftOutRequest[]
  /** Any of them: nothing is signed. */
  readonly failures: readonly SigningFailure[]
  readonly warnings: readonly string[]
  readonly sources: readonly SourceFact[]
}
