/** A plan as people and programs read it before it happens. */
import { instant } from './instant.ts'
import type { PlannedRenewal, PlannedRequest, SkippedCertificate } from './renewal-result.ts'
import type { NameChange, RequestStep, SignStep, Step } from './renewal-step.ts'
import { type PlacedFile, shownFile } from './snapshot.ts'

export interface PlanDescription {
  readonly renew: readonly PlannedRenewal[]
  readonly request: readonly PlannedRequest[]
  readonly skipped: readonly SkippedCertificate[]
  /** What will be written. */
  readonly files: readonly { readonly path: string; readonly realPath: string }[]
  readonly warnings: readonly string[]
}

export function describePlan(steps: readonly Step[]): PlanDescription {
  const signing = steps.filter(step => step.action === 'sign')
  const requesting = steps.filter(step => step.action === 'request')
  const working = [...signing, ...requesting]
  return {
    renew: signing.map(describeSignature),
    request: requesting.map(describeRequest),
    skipped: steps.flatMap(step => {
      if (step.action !== 'skip') return []
      const { action: _, ...skipped } = step
      return skipped
    }),
    files: signing.flatMap(filesOf),
    warnings: working.flatMap(({ name, warnings }) => warnings.map(warning => `${name}: ${warning}`)),
  }
}

export function describeSignature(step: SignStep): PlannedRenewal {
  const { name, longName, caName, authority, entry, old, notAfter, key, names } = step
  return {
    name,
    longName,
    caName,
    caSubject: authority.certificate.subject,
    file: shownFile(entry),
    keyFile: entry.key?.path ?? entry.file.path,
    expirationDate: instant(notAfter),
    previousExpirationDate: instant(old.notAfter),
    previousSerialNumber: old.serialNumber,
    keyAlgorithm: key.algorithm,
    previousKeyAlgorithm: old.keyAlgorithm,
    newKey: key.kept === undefined,
    ...describeNames(names),
  }
}

function describeRequest({
  name,
  longName,
  caName,
  isCaExternal,
  key,
  old,
  names,
}: RequestStep): PlannedRequest {
  return {
    name,
    longName,
    caName,
    externallyManaged: isCaExternal,
    keyAlgorithm: key.algorithm,
    previousExpirationDate: instant(old.notAfter),
    ...describeNames(names),
  }
}

function describeNames(names: NameChange | undefined) {
  return { subjectAltNamesAdded: names?.added ?? [], subjectAltNamesRemoved: names?.removed ?? [] }
}

function filesOf({ entry, key }: SignStep) {
  const { certificateFile, file, key: keyFile, kubeconfig } = entry
  const isEmbedding = kubeconfig?.config.clientCertificate.at === 'data'
  const written: (PlacedFile | undefined)[] = [isEmbedding ? file : (certificateFile ?? file)]
  if (!key.kept) written.push(keyFile)
  return written.flatMap(one => (one?.realPath ? { path: one.path, realPath: one.realPath } : []))
}
