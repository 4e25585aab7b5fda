/** A plan as people and programs read it before it happens. */
import { instant } from './instant.ts'
import type { PendingRequest, PlannedRenewal, PlannedRequest } from './renewal-result.ts'
import type { NameChange, RequestStep, SignStep } from './renewal-step.ts'
import { type PlacedFile, shownFile } from './snapshot.ts'

/** Warnings of steps, each with its certificate's name. */
export function warningsOf(steps: readonly SignStep[]): string[] {
  return steps.flatMap(({ name, warnings }) => warnings.map(warning => `${name}: ${warning}`))
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

export function describeRequest({ key, old, names }: RequestStep, pending: PendingRequest): PlannedRequest {
  const { name, longName, caName, externallyManaged, created, csrFile, keyFile } = pending
  return {
    ...{ name, longName, caName, externallyManaged, created, csrFile, keyFile },
    keyAlgorithm: key.algorithm,
    previousExpirationDate: instant(old.notAfter),
    ...describeNames(names),
  }
}

export function describeNames(names: NameChange | undefined) {
  return { subjectAltNamesAdded: names?.added ?? [], subjectAltNamesRemoved: names?.removed ?? [] }
}

/** What will be written. */
export function filesOf({ entry, key }: SignStep) {
  const { certificateFile, file, key: keyFile, kubeconfig } = entry
  const isEmbedding = kubeconfig?.config.clientCertificate.at === 'data'
  const written: (PlacedFile | undefined)[] = [isEmbedding ? file : (certificateFile ?? file)]
  if (!key.kept) written.push(keyFile)
  return written.flatMap(one => (one?.realPath ? { path: one.path, realPath: one.realPath } : []))
}
