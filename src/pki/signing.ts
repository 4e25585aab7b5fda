/** From requests and a CA to what each certificate will be, or why there will be none. Pure. */
import { describeUnusable, type Unusable } from '../errors.ts'
import type { CertificateRequest } from '../x509/certificate-request.ts'
import type { Der } from '../x509/der.ts'
import { extensionsOf } from '../x509/profile.ts'
import {
  describeSubjectAltName,
  isSubjectAltNameCriticalIn,
  SUBJECT_ALT_NAME,
  type SubjectAltName,
  subjectAltNameExtension,
} from '../x509/subject-alt-name.ts'
import { instant } from './instant.ts'
import type { ManifestRequest } from './request-manifest.ts'
import type { SigningAuthority } from './signing-authority.ts'
import { PROFILE_RULES, REQUEST_RULES } from './signing-flaws.ts'
import { profileNamed, profileOfFile, profileOfManifest, type SigningProfile } from './signing-profile.ts'
import type { SignedCertificate, SigningFailure, SigningProblem } from './signing-result.ts'
import { signingWarnings } from './signing-warnings.ts'
import { ONE_YEAR, validityPeriod } from './validity.ts'

export interface RequestFile {
  readonly csrFile: string
  readonly certificateFile: string
  readonly request: CertificateRequest | Unusable
  /** What requests.json beside it says of its public key. */
  readonly requested?: ManifestRequest | undefined
}

export interface SigningOrder {
  readonly authority: SigningAuthority
  /** As the user named it. */
  readonly profile?: string | undefined
  /** Milliseconds. */
  readonly validity?: number | undefined
  readonly now: Date
}

export interface SigningStep {
  readonly csrFile: string
  readonly certificateFile: string
  readonly request: CertificateRequest
  /** Of the certificate. */
  readonly subject: Der
  readonly extensions: ReadonlyMap<string, Der>
  readonly notBefore: Date
  readonly notAfter: Date
  readonly described: SignedCertificate
}

/** keyUsage as kubeadm's leaves have it. */
const KEY_USAGE = ['digitalSignature', 'keyEncipherment']

export function planSigning(file: RequestFile, order: SigningOrder): SigningStep | SigningFailure {
  const { csrFile, certificateFile, request } = file
  const refuse = (code: SigningProblem, found: string, hint?: string): SigningFailure => {
    return { csrFile, code, message: `${csrFile}: ${found}`, hint }
  }
  if ('reason' in request)
    return refuse('REQUEST_UNREADABLE', describeUnusable(request), UNREADABLE[request.reason])
  for (const { code, flawOf } of REQUEST_RULES) {
    const flaw = flawOf(request, order.authority)
    if (flaw) return refuse(code, flaw.found, flaw.hint)
  }
  const profile = profileFor(file, request, order)
  if (!profile) return refuse('NO_PROFILE', whyNoProfile(request), NO_PROFILE_HINT)
  for (const { code, flawOf } of PROFILE_RULES) {
    const flaw = flawOf({ request, profile, authority: order.authority })
    if (flaw) return refuse(code, flaw.found, flaw.hint)
  }
  return stepFor({ csrFile, certificateFile, request }, profile, order)
}

const UNREADABLE: Partial<Record<Unusable['reason'], string>> = {
  CERTIFICATE_INSTEAD_OF_REQUEST: 'what is signed is the request (.csr), not the old certificate',
  KEY_INSTEAD_OF_REQUEST: 'a private key does not leave its machine: what is signed is the request (.csr)',
}

function profileFor(
  { csrFile, requested }: RequestFile,
  request: CertificateRequest,
  order: SigningOrder,
): SigningProfile | undefined {
  if (order.profile !== undefined) return profileNamed(order.profile)
  return requested ? profileOfManifest(requested) : profileOfFile(csrFile, request)
}

function whyNoProfile({ subjectText }: CertificateRequest): string {
  return `nothing says what it is for: no requests.json beside it has its key, and its name and subject (${subjectText}) are no certificate's of a node`
}

const NO_PROFILE_HINT =
  '--profile server, client or peer (both), or the name of a certificate such as apiserver, or put the requests.json that came with it beside it'

interface Read {
  readonly csrFile: string
  readonly certificateFile: string
  readonly request: CertificateRequest
}

function stepFor(read: Read, profile: SigningProfile, order: SigningOrder): SigningStep {
  const { request } = read
  const { authority, now } = order
  const names = profile.hasNames ? request.subjectAltNames : []
  const period = validityPeriod(now, validityOf(profile, order), authority.signer.certificate.notAfter)
  const { notBefore, notAfter } = period
  return {
    ...read,
    subject: request.subject,
    extensions: withNames(
      profile,
      names,
      isSubjectAltNameCriticalIn(request.extensions) || request.subjectText === '',
    ),
    ...{ notBefore, notAfter },
    described: {
      csrFile: read.csrFile,
      certificateFile: read.certificateFile,
      profile: profile.name,
      profileSource: profile.source,
      subject: request.subjectText,
      subjectAltNames: names.map(describeSubjectAltName),
      keyUsage: KEY_USAGE,
      extKeyUsage: profile.extKeyUsage,
      keyAlgorithm: request.keyAlgorithm,
      publicKeySha256: request.publicKeySha256,
      notBefore: instant(notBefore),
      expirationDate: instant(notAfter),
      warnings: [
        ...signingWarnings({ request, profile, authority }),
        ...period.warnings,
        ...tooLong(profile, order),
      ],
    },
  }
}

const DAY = 86_400_000

/** A year, or what the requester wants at most, unless whoever signs says otherwise. */
function validityOf({ requested }: SigningProfile, { validity }: SigningOrder): number {
  return validity ?? Math.min(ONE_YEAR, (requested?.longestValidityDays ?? Number.POSITIVE_INFINITY) * DAY)
}

function tooLong({ requested }: SigningProfile, { validity = 0 }: SigningOrder): string[] {
  if (!requested || validity <= requested.longestValidityDays * DAY) return []
  return [`valid for longer than the ${requested.longestValidityDays} d that requests.json asks for`]
}

/** As kubeadm's leaves have them; the names are the request's, byte for byte. */
function withNames(
  { extKeyUsage }: SigningProfile,
  names: readonly SubjectAltName[],
  critical: boolean,
): ReadonlyMap<string, Der> {
  const leaf = { commonName: '', organizations: [], isCa: false, subjectAltName: [], extKeyUsage }
  const own =
    names.length > 0 ? [[SUBJECT_ALT_NAME, subjectAltNameExtension(names, { critical })] as const] : []
  return new Map([...extensionsOf(leaf), ...own])
}
