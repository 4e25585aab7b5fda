/** What an answer of an external CA must be before it is installed. Signed elsewhere: nothing in it is trusted. Pure. */
import { hasNegativeSerialNumber, unsupportedSignature, unusableExtension } from '../x509/acceptance.ts'
import { type Certificate, signatureOf } from '../x509/certificate.ts'
import { type Der, tbsPartsOf } from '../x509/der.ts'
import { attributesOf, COMMON_NAME, ORGANIZATION } from '../x509/name.ts'
import type { SignatureAlgorithm } from '../x509/signature.ts'
import {
  describeSubjectAltName,
  type SubjectAltName,
  subjectAltNameKey,
  subjectAltNamesOf,
} from '../x509/subject-alt-name.ts'
import { extKeyUsageIn, isCaIn, keyUsageOf } from '../x509/usage.ts'
import { limited, tooDeep, unusable } from './answer-authorities.ts'
import type { AnswerPath } from './answer-path.ts'
import { type Difference, unless } from './difference.ts'
import { instant } from './instant.ts'

/** What was asked for. */
export interface Wanted {
  readonly subject: Der
  readonly subjectAltNames: readonly SubjectAltName[]
  readonly keyUsage: readonly string[]
  readonly extKeyUsage: readonly string[]
}

export interface AnswerFacts {
  readonly wanted: Wanted
  readonly certificate: Certificate
  readonly path: AnswerPath
  readonly now: Date
  /** Milliseconds. */
  readonly minValidity: number
}

interface AnswerCheck {
  readonly code: string
  /** The part of the certificate. */
  readonly field: string
  readonly differs: (facts: AnswerFacts) => Difference | undefined
}

/** In the order in which a reader wants to know. Every one can be allowed by its code. */
export const ANSWER_CHECKS = [
  {
    code: 'IS_A_CA',
    field: 'basicConstraints',
    differs: ({ certificate: { der } }) => unless(!isCaIn(tbsPartsOf(der).extensions), 'CA:FALSE', 'CA:TRUE'),
  },
  {
    code: 'NOT_SIGNED_BY_CA',
    field: 'signature',
    differs: ({ path }) => (path.state === 'foreign' ? path : undefined),
  },
  {
    code: 'INTERMEDIATE_MISSING',
    field: 'signature',
    differs: ({ path }) => (path.state === 'broken' ? path : undefined),
  },
  {
    code: 'INTERMEDIATE_UNUSABLE',
    field: 'certification path',
    differs: ({ path, now, wanted }) =>
      path.intermediates.map(one => unusable(one, now)).find(Boolean) ??
      tooDeep(path) ??
      limited(path, wanted),
  },
  { code: 'COMMON_NAME_CHANGED', field: 'CN', differs: facts => attributes(facts, COMMON_NAME) },
  { code: 'ORGANIZATION_CHANGED', field: 'O', differs: facts => attributes(facts, ORGANIZATION) },
  { code: 'SUBJECT_CHANGED', field: 'subject', differs: otherAttributes },
  {
    code: 'SAN_DROPPED',
    field: 'subjectAltName',
    differs: ({ wanted, certificate }) => {
      const lost = without(wanted.subjectAltNames, namesOf(certificate))
      return unless(lost.length === 0, lost.map(describeSubjectAltName).join(', '), 'not in it')
    },
  },
  {
    code: 'SAN_ADDED',
    field: 'subjectAltName',
    differs: ({ wanted, certificate }) => {
      const added = without(namesOf(certificate), wanted.subjectAltNames)
      return unless(
        added.length === 0,
        'only what was asked for',
        added.map(describeSubjectAltName).join(', '),
      )
    },
  },
  {
    code: 'EXT_KEY_USAGE_MISSING',
    field: 'extKeyUsage',
    differs: ({ wanted, certificate }) =>
      unless(extKeyUsageOf(certificate) !== undefined, listed(wanted.extKeyUsage), 'none'),
  },
  {
    code: 'EXT_KEY_USAGE_WRONG',
    field: 'extKeyUsage',
    differs: ({ wanted, certificate }) => {
      const found = extKeyUsageOf(certificate)
      const isWhole = found === undefined || wanted.extKeyUsage.every(usage => found.includes(usage))
      return unless(isWhole, listed(wanted.extKeyUsage), listed(found))
    },
  },
  {
    code: 'EXT_KEY_USAGE_EXTRA',
    field: 'extKeyUsage',
    differs: ({ wanted, certificate }) => {
      const extra = (extKeyUsageOf(certificate) ?? []).filter(usage => !wanted.extKeyUsage.includes(usage))
      return unless(extra.length === 0, `${listed(wanted.extKeyUsage)} alone`, `${listed(extra)} too`)
    },
  },
  {
    code: 'KEY_USAGE_WRONG',
    field: 'keyUsage',
    differs: ({ wanted, certificate }) => {
      const found = keyUsageOf(certificate)
      const isRight =
        found === undefined ||
        (found.includes('digitalSignature') && !found.some(usage => SIGNING.includes(usage)))
      return unless(isRight, listed(wanted.keyUsage), listed(found))
    },
  },
  {
    code: 'NOT_YET_VALID',
    field: 'notBefore',
    differs: ({ certificate: { notBefore }, now }) =>
      unless(
        notBefore <= now,
        `${instant(now)} or earlier`,
        `${instant(notBefore)}: ${early(notBefore, now)}`,
      ),
  },
  {
    code: 'EXPIRED',
    field: 'notAfter',
    differs: ({ path, certificate, now }) => {
      const { notAfter, of } = endOf(certificate, path)
      return unless(notAfter > now, `after ${instant(now)}`, instant(notAfter) + of)
    },
  },
  {
    code: 'TOO_SHORT',
    field: 'notAfter',
    differs: ({ path, certificate, now, minValidity }) => {
      const { notAfter, of } = endOf(certificate, path)
      const least = new Date(now.getTime() + minValidity)
      return unless(
        notAfter <= now || notAfter >= least,
        `${instant(least)} or later`,
        instant(notAfter) + of,
      )
    },
  },
  {
    code: 'EXTENSION_UNUSABLE',
    field: 'extensions',
    differs: ({ certificate }) => {
      const found = unusableExtension(certificate.der)
      return unless(found === undefined, 'what Kubernetes can read', String(found))
    },
  },
  {
    code: 'SERIAL_NUMBER_NEGATIVE',
    field: 'serialNumber',
    differs: ({ certificate: { der, serialNumber } }) =>
      unless(!hasNegativeSerialNumber(der), 'one that is positive', serialNumber),
  },
  {
    code: 'WEAK_SIGNATURE',
    field: 'signatureAlgorithm',
    differs: facts => {
      const weak = signatures(facts).find(({ hash }) => WEAK.has(hash))
      return unless(weak === undefined, 'SHA-256 or stronger', String(weak?.hash))
    },
  },
  {
    code: 'SIGNATURE_UNSUPPORTED',
    field: 'signatureAlgorithm',
    differs: facts => {
      const strong = signatures(facts).filter(({ hash }) => !WEAK.has(hash))
      const found = strong.map(unsupportedSignature).find(Boolean)
      return unless(found === undefined, VERIFIED_BY_GO, String(found))
    },
  },
] as const satisfies readonly AnswerCheck[]

export type AnswerCode = (typeof ANSWER_CHECKS)[number]['code']

export interface AnswerFinding extends Difference {
  readonly code: AnswerCode
  readonly field: string
}

export function findingsOf(facts: AnswerFacts): AnswerFinding[] {
  return ANSWER_CHECKS.flatMap(({ code, field, differs }) => {
    const difference = differenceOf(() => differs(facts))
    return difference ? [{ code, field, wanted: difference.wanted, found: difference.found }] : []
  })
}

/** What OpenSSL passes over, such as names that are no list, is nothing to install. */
function differenceOf(compare: () => Difference | undefined): Difference | undefined {
  try {
    return compare()
  } catch (error) {
    if (error instanceof RangeError) return { wanted: 'DER', found: error.message }
    throw error
  }
}

const SIGNING = ['keyCertSign', 'cRLSign']
const WEAK: ReadonlySet<string> = new Set(['MD2', 'MD4', 'MD5', 'SHA-1', 'SHA-224'])
const VERIFIED_BY_GO =
  'RSA, RSA-PSS with a salt as long as the hash, or ECDSA, with SHA-256, SHA-384 or SHA-512, or Ed25519'

function signatures({ certificate, path }: AnswerFacts): SignatureAlgorithm[] {
  return [certificate, ...path.intermediates].map(signatureOf)
}

function listed(names: readonly string[] | undefined): string {
  return names === undefined || names.length === 0 ? 'none' : names.join(', ')
}

/** Of one type, in whatever order and encoding. */
function attributes({ wanted, certificate }: AnswerFacts, type: string): Difference | undefined {
  const [asked, got] = [wanted.subject, tbsPartsOf(certificate.der).subject].map(subject =>
    attributesOf(subject).flatMap(one => (one.type === type ? one.value : [])),
  ) as [string[], string[]]
  return unless(isSameSet(asked, got), listed(asked), listed(got))
}

function otherAttributes({ wanted, certificate }: AnswerFacts): Difference | undefined {
  const [asked, got] = [wanted.subject, tbsPartsOf(certificate.der).subject].map(subject =>
    attributesOf(subject)
      .filter(({ type }) => type !== COMMON_NAME && type !== ORGANIZATION)
      .map(({ type, value }) => `${type}=${value}`),
  ) as [string[], string[]]
  return unless(
    isSameSet(asked, got),
    asked.length === 0 ? 'nothing but CN and O' : listed(asked),
    listed(got),
  )
}

function isSameSet(one: readonly string[], other: readonly string[]): boolean {
  return one.toSorted().join('\0') === other.toSorted().join('\0')
}

function namesOf(certificate: Certificate): readonly SubjectAltName[] {
  return subjectAltNamesOf(certificate)
}

function without(names: readonly SubjectAltName[], others: readonly SubjectAltName[]): SubjectAltName[] {
  const known = new Set(others.map(subjectAltNameKey))
  return names.filter(name => !known.has(subjectAltNameKey(name)))
}

function extKeyUsageOf({ der }: Certificate): readonly string[] | undefined {
  return extKeyUsageIn(tbsPartsOf(der).extensions)
}

/** A certificate is good no longer than the path above it; `of`: whose end it is, when it is not its own. */
export function endOf(certificate: Certificate, { intermediates, anchor }: AnswerPath) {
  const above = [...intermediates, ...(anchor ? [anchor] : [])]
  const first = above.reduce((one, other) => (other.notAfter < one.notAfter ? other : one), certificate)
  return { notAfter: first.notAfter, of: first === certificate ? '' : `, when ${first.subject} ends` }
}

function early(notBefore: Date, now: Date): string {
  const minutes = Math.ceil((notBefore.getTime() - now.getTime()) / 60_000)
  return `in ${minutes} min${minutes < 24 * 60 ? ', check the clock' : ''}`
}
