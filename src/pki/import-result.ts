/** What an import did, or would do, for people and programs. */
import type { AwaitedRequest } from './awaited-request.ts'
import type { ImportPlan, InstallStep } from './import-plan.ts'
import { instant } from './instant.ts'
import type { RestartOutcome } from './restart.ts'
import { answeringCa, shownFile } from './snapshot.ts'
import type { SourceFact } from './sources.ts'
import type { Refusal } from './strange-answer.ts'

export interface InstalledCertificate {
  readonly name: string
  readonly longName: string
  readonly caName: string
  /** Of a kubeconfig that embeds it, the kubeconfig. */
  readonly file: string
  readonly keyFile: string
  /** What came. */
  readonly answerFile: string
  readonly subject: string
  readonly issuer: string
  readonly serialNumber: string
  /** Of the certificate and of all that it hangs on. */
  readonly expirationDate: string
  /** Subjects of what stands behind it in its file. */
  readonly intermediates: readonly string[]
  /** Differences from the request that were allowed. */
  readonly allowed: readonly { readonly code: string; readonly wanted: string; readonly found: string }[]
}

export interface UnansweredRequest {
  readonly name: string
  readonly longName: string
  readonly caName: string
  readonly csrFile: string
}

export interface ImportResult extends RestartOutcome {
  readonly dryRun: boolean
  readonly changed: boolean
  /** Of a dry run: to be installed. */
  readonly installed: readonly InstalledCertificate[]
  readonly alreadyInstalled: readonly {
    readonly name: string
    readonly longName: string
    readonly file: string
  }[]
  /** Any of these, or of the unanswered, and nothing is installed without `partial`. */
  readonly refused: readonly Refusal[]
  readonly unanswered: readonly UnansweredRequest[]
  readonly backup: string | undefined
  readonly sources: readonly SourceFact[]
  readonly warnings: readonly string[]
}

/** What is installed of a plan: all, or with `partial` what can be. */
export function installedOf(
  { install, refused, unanswered }: ImportPlan,
  partial: boolean,
): readonly InstallStep[] {
  return partial || (refused.length === 0 && unanswered.length === 0) ? install : []
}

export function describeInstalled({
  awaited,
  answer,
  path,
  notAfter,
  allowed,
}: InstallStep): InstalledCertificate {
  const { entry } = awaited
  const { subject, issuer, serialNumber } = answer.certificate
  return {
    name: entry.name,
    longName: entry.longName,
    caName: answeringCa(entry) ?? '',
    file: shownFile(entry),
    keyFile: entry.key?.path ?? entry.file.path,
    answerFile: answer.file,
    ...{ subject, issuer, serialNumber },
    expirationDate: instant(notAfter),
    intermediates: path.intermediates.map(one => one.subject),
    allowed: allowed.map(({ code, wanted, found }) => ({ code, wanted, found })),
  }
}

export function describeUnanswered({ entry, csrFile }: AwaitedRequest): UnansweredRequest {
  const { name, longName } = entry
  return { name, longName, caName: answeringCa(entry) ?? '', csrFile: csrFile.path }
}
