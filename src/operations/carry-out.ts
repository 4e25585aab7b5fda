/** What one step of a renewal becomes: a new pair, checked, or a request. Nothing is written here. */
import { messageOf } from '../errors.ts'
import type { FileChange } from '../pki/file-change.ts'
import { type Planned, verifyIssued, verifyRequest, verifyWritten } from '../pki/issued.ts'
import { extensionsAfter } from '../pki/renewal-names.ts'
import { describeSignature } from '../pki/renewal-plan.ts'
import type { PendingRequest, RenewedCertificate, SkippedCertificate } from '../pki/renewal-result.ts'
import type { KeyChoice, RequestStep, SignStep, SkipStep, Step } from '../pki/renewal-step.ts'
import { certificateText, renewedFiles } from '../pki/renewed-files.ts'
import { type RequestDirectory, requestChanges } from '../store/requests.ts'
import { tbsPartsOf } from '../x509/der.ts'
import { encodePrivateKey, generateKey, type PrivateKey } from '../x509/key.ts'
import { assessRequest } from './pending.ts'

/** What issues is loaded while the first keys are being made. */
const issuing = () => import('../x509/issue.ts')
const requesting = () => import('../x509/request.ts')

export interface Outcome {
  readonly changes: readonly FileChange[]
  readonly warnings: readonly string[]
  readonly renewed?: RenewedCertificate
  readonly pending?: PendingRequest
  readonly skipped?: SkippedCertificate
}

/** What cannot be made anew, by our own checks or the library's, stops itself alone: nothing has been written yet. */
export async function carryOut(
  step: Step,
  directory: RequestDirectory | undefined,
  force: boolean,
): Promise<Outcome> {
  const { name, longName } = step
  try {
    return await work(step, directory, force)
  } catch (error) {
    const skipped = { name, longName, reason: 'NOT_MADE', message: messageOf(error) } as const
    return { changes: [], warnings: [], skipped }
  }
}

async function work(step: Step, directory: RequestDirectory | undefined, force: boolean): Promise<Outcome> {
  if (step.action === 'sign') return sign(step)
  if (step.action === 'request' && directory) return request(step, directory, force)
  const { name, longName, reason, message, hint } = step as SkipStep
  return { changes: [], warnings: [], skipped: { name, longName, reason, message, hint } }
}

async function sign(step: SignStep): Promise<Outcome> {
  const making = keyFor(step.key)
  const [{ issueCertificate }, key] = await Promise.all([issuing(), making])
  const { authority, notBefore, notAfter, name } = step
  const planned = { ...plannedOf(step), notBefore, notAfter, signer: authority.certificate }
  const certificate = await issueCertificate({ ...planned, key, authority })
  verifyIssued(planned, { certificate, key })
  const pem = { certificate: certificateText(certificate, step), key: encodePrivateKey(key.key) }
  verifyWritten(planned, { certificate, key }, pem)
  const { changes, warnings } = renewedFiles(step, pem)
  const renewed = { ...describeSignature(step), serialNumber: certificate.serialNumber }
  return { changes, renewed, warnings: [...step.warnings, ...warnings].map(warning => `${name}: ${warning}`) }
}

/** The old certificate's subject and extensions, but for what changes. */
function plannedOf(step: SignStep | RequestStep): Planned {
  const { name, old, names } = step
  const other = step.action === 'request' ? step.subject?.der : undefined
  return { name, subject: other ?? tbsPartsOf(old.der).subject, extensions: extensionsAfter(old, names) }
}

function keyFor({ algorithm, kept }: KeyChoice): PrivateKey | Promise<PrivateKey> {
  return kept ?? generateKey(algorithm)
}

async function request(step: RequestStep, directory: RequestDirectory, force: boolean): Promise<Outcome> {
  const assessed = await assessRequest(step, directory, force)
  if ('skipped' in assessed) return { changes: [], warnings: [], skipped: assessed.skipped }
  const { pending, warnings } = assessed
  if (!pending.created) return { changes: [], warnings, pending }
  const { createRequest } = await requesting()
  const key = await keyFor(step.key)
  const planned = plannedOf(step)
  const csr = await createRequest(planned, key)
  verifyRequest(planned, csr, key)
  const pem = { csr, key: encodePrivateKey(key.key) }
  return { changes: requestChanges(directory, step.name, pem), warnings, pending }
}
