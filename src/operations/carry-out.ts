/** What one step of a renewal becomes: a new pair, checked, or a request. Nothing is written here. */
import { messageOf } from '../errors.ts'
import type { FileChange } from '../pki/file-change.ts'
import { verifyIssued, verifyRequest, verifyWritten } from '../pki/issued.ts'
import { extensionsAfter } from '../pki/renewal-names.ts'
import { describeSignature } from '../pki/renewal-plan.ts'
import type { PendingRequest, RenewedCertificate, SkippedCertificate } from '../pki/renewal-result.ts'
import type { KeyChoice, RequestStep, SignStep, SkipStep, Step } from '../pki/renewal-step.ts'
import { certificateText, renewedFiles } from '../pki/renewed-files.ts'
import { shownFile } from '../pki/snapshot.ts'
import {
  type PendingState,
  type RequestDirectory,
  readPending,
  requestChanges,
  requestFiles,
} from '../store/requests.ts'
import { encodePrivateKey, generateKey, isKeyOf, type PrivateKey } from '../x509/key.ts'

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
  const [{ reissueLeaf }, key] = await Promise.all([issuing(), making])
  const { old, authority, notBefore, notAfter, name, names } = step
  const certificate = await reissueLeaf({
    ...{ like: old, key, authority, notBefore, notAfter },
    extensions: extensionsAfter(old, names),
  })
  verifyIssued(step, { certificate, key })
  const pem = { certificate: certificateText(certificate, step), key: encodePrivateKey(key.key) }
  verifyWritten(step, { certificate, key }, pem)
  const { changes, warnings } = renewedFiles(step, pem)
  const renewed = { ...describeSignature(step), serialNumber: certificate.serialNumber }
  return { changes, renewed, warnings: [...step.warnings, ...warnings].map(warning => `${name}: ${warning}`) }
}

function keyFor({ algorithm, kept }: KeyChoice): PrivateKey | Promise<PrivateKey> {
  return kept ?? generateKey(algorithm)
}

/** A request that is pending is kept: its answer may be on its way. One whose answer is installed makes room for a new one. */
async function request(step: RequestStep, directory: RequestDirectory, force: boolean): Promise<Outcome> {
  const { name, longName, caName, entry, isCaExternal } = step
  const { isRequestFor, requestLike } = await requesting()
  const before = readPending(directory, name)
  const isWhole = before.state === 'whole' && isRequestFor(before.request, before.key) === true
  const obstacle = isWhole ? undefined : obstacleOf(before, directory, { name, force })
  if (obstacle)
    return {
      changes: [],
      warnings: [],
      skipped: { name, longName, reason: 'REQUEST_INCOMPLETE', ...obstacle },
    }
  const isInstalled = before.state === 'whole' && isKeyOf(before.key, step.old)
  const isKept = isWhole && !force && !isInstalled
  const pending: PendingRequest = {
    name,
    longName,
    caName,
    externallyManaged: isCaExternal,
    created: !isKept,
    ...requestFiles(directory, name),
    certificateFile: shownFile(entry),
    certificateKeyFile: entry.key?.path ?? shownFile(entry),
    ...(entry.kubeconfig && !entry.certificateFile && { kubeconfigUser: entry.kubeconfig.config.userName }),
  }
  const warnings = step.warnings.map(warning => `${name}: ${warning}`)
  if (isKept) return { changes: [], warnings, pending }
  const key = await keyFor(step.key)
  const csr = await requestLike(step.old, key, extensionsAfter(step.old, step.names))
  verifyRequest(step, csr, key)
  return {
    changes: requestChanges(directory, name, { csr, key: encodePrivateKey(key.key) }),
    warnings,
    pending,
  }
}

/** A key without the request made for it may be a live one: not even force replaces it. */
function obstacleOf(
  before: PendingState,
  { path }: RequestDirectory,
  { name, force }: { name: string; force: boolean },
) {
  if (before.state === 'none') return undefined
  const hasStrangeKey = before.state === 'whole' || before.hasKey
  if (force && !hasStrangeKey) return undefined
  const found = before.state === 'whole' ? `${name}.csr was not made for ${name}.key` : before.found
  const hint = hasStrangeKey ? `move ${path}/${name}.key away if it is not in use` : 'replace it with --force'
  return { message: `the pending request in ${path} is not whole: ${found}`, hint }
}
