/** What a renewal is asked for, and what it will do for each certificate. */
import type { Certificate } from '../x509/certificate.ts'
import type { Der } from '../x509/der.ts'
import type { PrivateKey } from '../x509/key.ts'
import type { IssuableKeyAlgorithm, KeyAlgorithm } from '../x509/key-algorithm.ts'
import type { SubjectAltName } from '../x509/subject-alt-name.ts'
import type { AuthorityProblem, AuthorityState } from './authority.ts'
import type { Entry } from './snapshot.ts'

export interface RenewalOrder {
  /** `all`: every row that applies to the node. */
  readonly names: 'all' | readonly string[]
  readonly csrOnly: boolean
  /** Of the new keys; by default the configuration's, else each old key's. */
  readonly encryptionAlgorithm?: IssuableKeyAlgorithm | undefined
  /** Milliseconds; by default the configuration's, else a year. */
  readonly validity?: number | undefined
  /** Milliseconds: only what expires inside it. */
  readonly within?: number | undefined
  /** Signs the same keys again. */
  readonly keepKey?: boolean
  readonly addSans?: readonly SubjectAltName[]
  readonly removeSans?: readonly SubjectAltName[]
  /** By row, all DNS names and addresses that the configuration asks for. */
  readonly wantedSans?: ReadonlyMap<string, readonly SubjectAltName[]> | undefined
}

/** Names such as `DNS:lb.example.com`. */
export interface NameChange {
  readonly added: readonly string[]
  readonly removed: readonly string[]
  /** The new extension, as DER; absent when no name changes after all. */
  readonly extension?: Der
  readonly warnings: readonly string[]
}

export interface NewSubject {
  /** The Name. */
  readonly der: Der
  /** RFC 4514. */
  readonly text: string
}

export type SkipReason =
  | 'MISSING'
  | 'NOT_DUE'
  | 'NOT_LONGER'
  | 'INVALID'
  | 'IS_A_CA'
  | 'SAME_FILE'
  | 'SHARED_FILE'
  | 'NO_KEY_PLACE'
  | 'PLACE_UNUSABLE'
  | 'KEY_ALGORITHM_UNSUPPORTED'
  | 'KEY_NOT_KEPT'
  | 'NAMES_UNUSABLE'
  | 'REQUEST_INCOMPLETE'
  | 'NOT_MADE'
  | 'NOT_BY_API'
  | AuthorityProblem

export interface SkipStep {
  readonly action: 'skip'
  readonly name: string
  readonly longName: string
  readonly reason: SkipReason
  readonly message: string
  readonly hint?: string | undefined
}

/** A new key, or the old one signed again. */
export type KeyChoice =
  | { readonly algorithm: IssuableKeyAlgorithm; readonly kept?: undefined }
  | { readonly algorithm: KeyAlgorithm; readonly kept: PrivateKey }

interface WorkStep {
  readonly name: string
  readonly longName: string
  readonly entry: Entry
  readonly old: Certificate
  readonly caName: string
  readonly key: KeyChoice
  readonly names?: NameChange | undefined
  readonly warnings: readonly string[]
}

export interface SignStep extends WorkStep {
  readonly action: 'sign'
  readonly authority: AuthorityState & { state: 'local' }
  readonly notBefore: Date
  readonly notAfter: Date
  /** Certificates after the leaf in its file that stay: those on the new certification path. */
  readonly chain: readonly Certificate[]
  /** Rows that are the same files. */
  readonly twins: readonly string[]
}

export interface RequestStep extends WorkStep {
  readonly action: 'request'
  readonly isCaExternal: boolean
  /** In place of the old certificate's. */
  readonly subject?: NewSubject | undefined
}

export type Step = SignStep | RequestStep | SkipStep

/** Nothing is wrong with a step skipped for one of these. */
export const HARMLESS: ReadonlySet<SkipReason> = new Set(['MISSING', 'SAME_FILE', 'NOT_DUE'])
