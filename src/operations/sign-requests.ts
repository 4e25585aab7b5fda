/** Certificates for requests, by a CA on this disk or a program that has its key: all of them or none, and no file that exists is changed. */
import { basename, dirname, join, resolve } from 'node:path'
import { describeUnusable, PkiError } from '../errors.ts'
import { instant } from '../pki/instant.ts'
import { verifyIssued } from '../pki/issued.ts'
import { parseManifest } from '../pki/read-manifest.ts'
import { MANIFEST_FILE, type ManifestRequest } from '../pki/request-manifest.ts'
import { planSigning, type RequestFile, type SigningStep } from '../pki/signing.ts'
import { isAnother, type SigningAuthority } from '../pki/signing-authority.ts'
import { profileNamed } from '../pki/signing-profile.ts'
import type {
  LeftOutRequest,
  SignedCertificate,
  SigningAuthoritySummary,
  SigningFailure,
  SigningResult,
} from '../pki/signing-result.ts'
import { on, readIfThere, reading } from '../store/disk.ts'
import { readUserBytes } from '../store/files.ts'
import { isTaken, type PlainFile, writePlainFiles } from '../store/plain-files.ts'
import { checkWritable } from '../store/preflight.ts'
import { encodeCertificates } from '../x509/certificate.ts'
import { readCertificateRequest } from '../x509/certificate-request.ts'
import { type AuthorityOptions, openAuthority } from './signing-authority.ts'

export interface SignOptions extends AuthorityOptions {
  /** Of the requests: PEM or DER. */
  readonly files: readonly string[]
  /** `server`, `client`, `peer`, or a row; by default as requests.json beside the request says, else by its name. */
  readonly profile?: string | undefined
  /** Milliseconds; by default a year. */
  readonly validity?: number | undefined
  /** Where the certificates go; by default beside the requests. */
  readonly out?: string | undefined
  readonly dryRun?: boolean
  /** Shown what would be signed; false: nothing is. Absent: nobody is asked. */
  readonly confirm?: ((plan: SigningResult) => Promise<boolean>) | undefined
}

export async function signRequests(options: SignOptions): Promise<SigningResult> {
  const { profile, validity, now, dryRun = false, confirm } = options
  if (profile !== undefined) profileNamed(profile)
  const files = readRequests(options)
  const authority = await openAuthority(options)
  const leftOut = profile === undefined ? files.flatMap(file => leftOutOf(file, authority)) : []
  const own = files.filter(({ csrFile }) => !leftOut.some(one => one.csrFile === csrFile))
  const planned = own.map(file => planSigning(file, { authority, profile, validity, now }))
  const steps = planned.flatMap(one => ('described' in one ? one : []))
  const failures = [
    ...planned.flatMap(one => ('code' in one ? one : [])),
    ...takenFiles(steps),
    ...(own.length === 0 ? leftOut.map(one => forAnother(one, authority)) : []),
  ]
  for (const { certificateFile } of steps) checkWritable(certificateFile, resolve(certificateFile))
  const plan = resultOf(authority, {
    dryRun,
    leftOut,
    failures,
    certificates: steps.map(({ described }) => described),
  })
  if (dryRun || failures.length > 0) return plan
  if (confirm && !(await confirm(plan)))
    throw new PkiError('NOT_CONFIRMED', 'the answer was not yes: nothing was signed')
  const signed = await signAll(steps, authority)
  writePlainFiles(signed.map(({ file }) => file))
  return { ...plan, changed: true, certificates: signed.map(({ described }) => described) }
}

/** A package has the requests for all CAs of a node: each CA signs its own. */
function leftOutOf({ csrFile, requested }: RequestFile, authority: SigningAuthority): LeftOutRequest[] {
  const { caName = '', caSubject } = requested ?? {}
  return caSubject !== undefined && isAnother(authority, caSubject) ? [{ csrFile, caName, caSubject }] : []
}

function forAnother(
  { csrFile, caName, caSubject }: LeftOutRequest,
  { signer }: SigningAuthority,
): SigningFailure {
  const message = `${csrFile}: wanted the CA that the cluster trusts for it, ${caSubject} (${caName}), found ${signer.certificate.subject}`
  return { csrFile, code: 'WRONG_CA', message, hint: 'to sign all the same: --profile NAME' }
}

function readRequests({ files, out }: SignOptions): RequestFile[] {
  const rowsOf = manifestReader()
  if (files.includes('-'))
    throw new PkiError('USAGE', 'wanted files, found "-": a certificate is named after its request')
  return [...new Set(files)].map(csrFile => {
    const request = readCertificateRequest(readUserBytes(csrFile))
    const requested = 'reason' in request ? undefined : rowsOf(dirname(csrFile)).get(request.publicKeySha256)
    return {
      csrFile,
      request,
      requested,
      certificateFile: join(out ?? dirname(csrFile), answerName(csrFile)),
    }
  })
}

/** `apiserver.crt` for `apiserver.csr`; `admin.conf.crt` for `admin.conf.csr`. */
function answerName(csrFile: string): string {
  return `${basename(csrFile).replace(/\.(csr|req|p10|pem|der)$/i, '')}.crt`
}

/** Reads each directory's requests.json once. */
function manifestReader(): (directory: string) => ReadonlyMap<string, ManifestRequest> {
  const known = new Map<string, ReadonlyMap<string, ManifestRequest>>()
  return directory => {
    const rows = known.get(directory) ?? readManifest(join(directory, MANIFEST_FILE))
    known.set(directory, rows)
    return rows
  }
}

function readManifest(path: string): ReadonlyMap<string, ManifestRequest> {
  const bytes = reading(path, () => readIfThere(path))
  const manifest = bytes ? parseManifest(bytes.toString('utf8')) : { requests: [] }
  if ('requests' in manifest) return new Map(manifest.requests.map(row => [row.publicKeySha256, row]))
  throw new PkiError('FILE_UNREADABLE', `${path}: ${describeUnusable(manifest)}`, {
    hint: 'get it again from where the requests were made, or say what they are for with --profile',
  })
}

function takenFiles(steps: readonly SigningStep[]): SigningFailure[] {
  return steps.flatMap(({ csrFile, certificateFile }, index) => {
    const twin = steps.slice(0, index).find(one => one.certificateFile === certificateFile)
    const refuse = (found: string, hint: string): SigningFailure => {
      return { csrFile, code: 'FILE_EXISTS', message: `${csrFile}: ${certificateFile} ${found}`, hint }
    }
    if (twin)
      return refuse(
        `would be the answer to ${twin.csrFile} too`,
        'sign them one after the other, into two directories',
      )
    return on(certificateFile, () => isTaken(certificateFile))
      ? refuse('exists: no certificate is overwritten', 'move it away, or name another directory with --out')
      : []
  })
}

type Outcome = Pick<SigningResult, 'dryRun' | 'leftOut' | 'failures' | 'certificates'>

function resultOf(authority: SigningAuthority, outcome: Outcome): SigningResult {
  const warnings = outcome.certificates.flatMap(one =>
    one.warnings.map(warning => `${one.csrFile}: ${warning}`),
  )
  const sources = [
    { fact: 'CA', value: authority.file, source: authority.source },
    ...outcome.certificates.map(({ csrFile, profile, profileSource }) => ({
      fact: `profile of ${csrFile}`,
      value: profile,
      source: profileSource,
    })),
  ]
  return { ...outcome, changed: false, authority: summaryOf(authority), warnings, sources }
}

function summaryOf({ signer, file, signedWith }: SigningAuthority): SigningAuthoritySummary {
  const { subject, fingerprintSha256, notAfter, keyAlgorithm } = signer.certificate
  return { subject, file, fingerprintSha256, expirationDate: instant(notAfter), keyAlgorithm, signedWith }
}

interface Signed {
  readonly described: SignedCertificate
  readonly file: PlainFile
}

/** One after the other: a device signs one at a time. */
async function signAll(steps: readonly SigningStep[], authority: SigningAuthority): Promise<Signed[]> {
  const signed: Signed[] = []
  for (const step of steps) signed.push(await sign(step, authority))
  return signed
}

async function sign(step: SigningStep, { signer, intermediates }: SigningAuthority): Promise<Signed> {
  const { issueCertificate } = await import('../x509/issue.ts')
  const { csrFile, certificateFile, request, subject, extensions, notBefore, notAfter, described } = step
  const planned = { name: csrFile, subject, extensions, notBefore, notAfter }
  const key = { publicKeyInfo: request.publicKeyInfo }
  const certificate = await issueCertificate({ ...planned, key, authority: signer })
  verifyIssued({ ...planned, signer: signer.certificate }, { certificate, key })
  const { serialNumber, fingerprintSha256 } = certificate
  return {
    described: { ...described, serialNumber, fingerprintSha256 },
    file: { path: certificateFile, contents: encodeCertificates([certificate, ...intermediates]) },
  }
}
