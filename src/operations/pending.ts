/** What becomes of a request: written, kept because it is pending, or refused. */
import type { PendingRequest, SkippedCertificate } from '../pki/renewal-result.ts'
import type { RequestStep } from '../pki/renewal-step.ts'
import { shownFile } from '../pki/snapshot.ts'
import { type PendingState, type RequestDirectory, readPending, requestFiles } from '../store/requests.ts'
import { isKeyOf } from '../x509/key.ts'
import { parsePem } from '../x509/pem.ts'

export type AssessedRequest =
  | { readonly pending: PendingRequest; readonly warnings: readonly string[] }
  | { readonly skipped: SkippedCertificate }

/** A request that is pending is kept: its answer may be on its way. One whose answer is installed makes room for a new one. */
export async function assessRequest(
  step: RequestStep,
  directory: RequestDirectory,
  force: boolean,
): Promise<AssessedRequest> {
  const { name, longName, caName, entry, isCaExternal } = step
  const { isRequestFor } = await import('../x509/request.ts')
  const before = readPending(directory, name)
  const isWhole = before.state === 'whole' && isRequestFor(before.request, before.key) === true
  const obstacle = isWhole ? undefined : obstacleOf(before, directory, { name, force })
  if (obstacle) return { skipped: { name, longName, reason: 'REQUEST_INCOMPLETE', ...obstacle } }
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
  const old = isKept && lacksNames(step, before) ? [OTHER_NAMES] : []
  return { pending, warnings: [...step.warnings, ...old].map(warning => `${name}: ${warning}`) }
}

const OTHER_NAMES = 'the request that is pending asks for other SANs: --force replaces it'

function lacksNames({ names }: RequestStep, before: PendingState): boolean {
  if (!names?.extension || before.state !== 'whole') return false
  const der = Buffer.from(parsePem(before.request)[0]?.bytes ?? [])
  return !der.includes(Buffer.from(names.extension))
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
