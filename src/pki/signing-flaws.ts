/** Why a request gets no certificate. A row each, in the order in which they are looked for; the first one counts. */
import type { CertificateRequest } from '../x509/certificate-request.ts'
import { tbsPartsOf } from '../x509/der.ts'
import { weaknessOf } from '../x509/key-algorithm.ts'
import { describeSubjectAltName, type SubjectAltName, subjectAltNameKey } from '../x509/subject-alt-name.ts'
import { extKeyUsageIn } from '../x509/usage.ts'
import type { SigningAuthority } from './signing-authority.ts'
import { type SigningProfile, subjectFlaw } from './signing-profile.ts'
import type { SigningProblem } from './signing-result.ts'

export interface Considered {
  readonly request: CertificateRequest
  readonly profile: SigningProfile
  readonly authority: SigningAuthority
}

interface Flaw {
  readonly found: string
  readonly hint?: string | undefined
}

interface Rule {
  readonly code: SigningProblem
  readonly flawOf: (considered: Considered) => Flaw | undefined
}

const flaw = (found: string | undefined, hint?: string): Flaw | undefined =>
  found === undefined ? undefined : { found, hint }

const WEAK_HASHES = new Set(['MD2', 'MD5', 'SHA-1'])

/** What is wrong with a request whoever it is for. */
export const REQUEST_RULES: readonly {
  readonly code: SigningProblem
  readonly flawOf: (request: CertificateRequest, authority: SigningAuthority) => Flaw | undefined
}[] = [
  {
    code: 'SIGNATURE_WEAK',
    flawOf: ({ signature: { hash } }) =>
      WEAK_HASHES.has(hash)
        ? flaw(`wanted a signature with SHA-256 or better, found ${hash}`, MAKE_ANEW)
        : undefined,
  },
  { code: 'KEY_WEAK', flawOf: ({ keyAlgorithm }) => flaw(weaknessOf(keyAlgorithm), MAKE_ANEW) },
  {
    code: 'POSSESSION_NOT_PROVED',
    flawOf: ({ isProved }) =>
      isProved
        ? undefined
        : flaw(
            'its signature is not by its own key: it was changed, or whoever asks does not have the key',
            'get it again from where it was made: nothing can be signed in its place',
          ),
  },
  {
    code: 'KEY_OF_THE_CA',
    flawOf: ({ publicKeySha256 }, authority) =>
      publicKeySha256 === authority.publicKeySha256
        ? flaw("its key is the CA's own: whoever serves with it could sign anything", MAKE_ANEW)
        : undefined,
  },
  {
    code: 'WRONG_SUBJECT_ALT_NAME',
    flawOf: ({ subjectAltNames }) => flaw(subjectAltNames.map(whyUnusable).find(found => found)),
  },
  {
    code: 'WRONG_SUBJECT',
    flawOf: ({ subjectText, subjectAltNames }) =>
      subjectText === '' && subjectAltNames.length === 0
        ? flaw('it has neither a subject nor subject alternative names')
        : undefined,
  },
]

const MAKE_ANEW = 'have the request made anew, with a new key: kubepki certs renew NAME --csr-only --force'

/** Names of the other kinds mean nothing to Kubernetes, and nobody who reads them could tell what they say. */
function whyUnusable(name: SubjectAltName): string | undefined {
  const shown = describeSubjectAltName(name)
  if (name.type === 'other')
    return `subject alternative name: wanted DNS names and IP addresses, found ${shown}`
  const isPlain = name.type !== 'DNS' || /^(\*\.)?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?$/.test(name.value)
  return isPlain ? undefined : `subject alternative name: ${shown} is no DNS name`
}

/** What is wrong with it for this profile and this CA. */
export const PROFILE_RULES: readonly Rule[] = [
  {
    code: 'WRONG_CA',
    flawOf: ({ profile: { caName, name }, authority }) =>
      caName === undefined || authority.caName === undefined || caName === authority.caName
        ? undefined
        : flaw(
            `CA: ${name} is signed by ${caName}, found --ca ${authority.caName}`,
            `sign it with --ca ${caName}`,
          ),
  },
  { code: 'WRONG_CA', flawOf: considered => flaw(purposeFlaw(considered)) },
  {
    code: 'WRONG_SUBJECT',
    flawOf: ({ request, profile: { row, requested } }) => {
      if (row) return flaw(prefixed('subject', subjectFlaw(row, request)), ANOTHER_PROFILE)
      if (!requested || requested.subject === request.subjectText) return undefined
      const found = request.subjectText || 'nothing'
      return flaw(
        `subject: wanted ${requested.subject} as requests.json says, found ${found}`,
        NOT_WHAT_WAS_ASKED,
      )
    },
  },
  {
    code: 'WRONG_SUBJECT_ALT_NAME',
    flawOf: ({ request, profile: { requested } }) =>
      requested && flaw(namesFlaw(requested.subjectAltNames, request.subjectAltNames), NOT_WHAT_WAS_ASKED),
  },
  {
    code: 'WRONG_SUBJECT_ALT_NAME',
    flawOf: ({ request, profile }) =>
      profile.hasNames && profile.extKeyUsage.includes('serverAuth') && request.subjectAltNames.length === 0
        ? flaw(
            'subject alternative names: wanted some, found none: no client would take it for a server',
            NAMES_HINT,
          )
        : undefined,
  },
  {
    code: 'WRONG_EXT_KEY_USAGE',
    flawOf: ({ profile: { requested, extKeyUsage } }) => {
      const extra = requested?.extKeyUsage.filter(
        usage => !(extKeyUsage as readonly string[]).includes(usage),
      )
      if (!requested || (extra?.length === 0 && extKeyUsage.length > 0)) return undefined
      const found = requested.extKeyUsage.join(', ') || 'nothing'
      return flaw(
        `extended key usage: wanted serverAuth, clientAuth or both in requests.json, found ${found}`,
      )
    },
  },
]

const NAMES_HINT = '--profile client is for those who only connect; a server needs a request with its names'
const ANOTHER_PROFILE =
  '--profile server, client or peer signs any subject: make sure that the cluster means to trust this one'
const NOT_WHAT_WAS_ASKED = 'the request and requests.json have to come from the same run: get both again'

/** What a CA signs that is limited to other purposes is worth nothing: clients look at the whole path. */
function purposeFlaw({ profile, authority: { path } }: Considered): string | undefined {
  for (const { der, subject } of path) {
    const allowed = extKeyUsageIn(tbsPartsOf(der).extensions)
    if (!allowed || allowed.includes('anyExtendedKeyUsage')) continue
    const lacking = profile.extKeyUsage.filter(usage => !allowed.includes(usage))
    if (lacking.length > 0)
      return `CA: ${subject} is limited to ${allowed.join(', ')}, wanted ${lacking.join(', ')} too`
  }
  return undefined
}

function prefixed(field: string, found: string | undefined): string | undefined {
  return found === undefined ? undefined : `${field}: ${found}`
}

function namesFlaw(wanted: readonly string[], found: readonly SubjectAltName[]): string | undefined {
  const keyOf = (text: string) => (text.startsWith('DNS:') ? `DNS:${text.slice(4).toLowerCase()}` : text)
  const wantedKeys = new Set(wanted.map(keyOf))
  const foundKeys = new Set(found.map(subjectAltNameKey))
  const missing = wanted.filter(name => !foundKeys.has(keyOf(name)))
  const added = found.filter(name => !wantedKeys.has(subjectAltNameKey(name))).map(describeSubjectAltName)
  const parts = [
    ...(missing.length > 0 ? [`without ${missing.join(', ')}`] : []),
    ...(added.length > 0 ? [`with ${added.join(', ')}`] : []),
  ]
  return parts.length === 0
    ? undefined
    : `subject alternative names: wanted those of requests.json, found them ${parts.join(' and ')}`
}
