/** The files that an answer becomes: the certificate to its place with its key, the request gone. Text in, text out. */
import { PkiError } from '../errors.ts'
import { addEmbedded, parseWaitingKubeconfig } from '../kubernetes/kubeconfig.ts'
import { endOf } from '../pki/answer-checks.ts'
import type { FileChange } from '../pki/file-change.ts'
import { answerText, type InstallStep } from '../pki/import-plan.ts'
import { instant } from '../pki/instant.ts'
import { changeOf, type Installation, renewedFiles } from '../pki/renewed-files.ts'
import { answeringCa, entryNamed, type PlacedFile, type Snapshot } from '../pki/snapshot.ts'
import { readFound, type Tree } from '../store/files.ts'
import { encodeCertificates, isSameCertificate, readCertificates } from '../x509/certificate.ts'
import { encodePrivateKey, isKeyOf } from '../x509/key.ts'

interface Placing {
  readonly step: InstallStep
  readonly now: Date
}

interface Placed {
  readonly changes: readonly FileChange[]
  readonly warnings: readonly string[]
}

/** The certificate and its key to their places; the request and the waiting key go away with the same transaction. */
export function filesOf(tree: Tree, snapshot: Snapshot, { step, now }: Placing): Placed {
  const { awaited, path } = step
  const { entry, key, place, csrFile, keyFile } = awaited
  const caName = answeringCa(entry)
  const authority = entryNamed(snapshot, caName)?.certificate
  const bundle = authority?.state === 'present' ? authority.certificates : [path.anchor]
  const pem = { certificate: answerText(step), key: encodePrivateKey(key.key) }
  verify(step, pem.certificate)
  const installation: Installation = {
    entry,
    caName: caName ?? '',
    authority: { certificate: path.anchor, bundle },
    notBefore: now,
    key: place === 'in-place' ? { kept: key } : {},
  }
  const isWaiting = entry.kind === 'kubeconfig' && !entry.kubeconfig
  const files = isWaiting ? waitingKubeconfig(tree, installation, pem) : renewedFiles(installation, pem)
  const gone = [csrFile, ...(keyFile ? [keyFile] : [])].map(removalOf)
  return {
    changes: [...files.changes, ...gone],
    warnings: [...outliving(step), ...files.warnings].map(warning => `${entry.name}: ${warning}`),
  }
}

/** It would be taken for good longer than it is. */
function outliving({ answer: { certificate }, path }: InstallStep): string[] {
  const { notAfter, of } = endOf(certificate, path)
  return of === ''
    ? []
    : [`says that it is valid until ${instant(certificate.notAfter)}, and is until ${instant(notAfter)}${of}`]
}

/** Nothing is written that is not the pair it is to be. */
function verify({ awaited, answer }: InstallStep, text: string): void {
  const read = readCertificates(text)
  const isWhole =
    'certificates' in read &&
    isSameCertificate(read.certificates[0], answer.certificate) &&
    isKeyOf(awaited.key, read.certificates[0])
  if (!isWhole)
    throw new PkiError('ISSUED_CERTIFICATE_WRONG', `${awaited.entry.name}: its files do not read back`)
}

/** A kubeconfig that has its key and waits for the rest. */
function waitingKubeconfig(
  tree: Tree,
  { entry, authority }: Installation,
  pem: { certificate: string; key: string },
): Placed {
  const { file } = entry
  const found =
    file.realPath === undefined
      ? undefined
      : readFound({ ...file, state: 'present', realPath: file.realPath }, tree.seen)
  const text = found?.state === 'present' ? found.text : ''
  const waiting = parseWaitingKubeconfig(text)
  if (waiting?.clientKey.at !== 'data')
    throw new PkiError(
      'KUBECONFIG_UNUSABLE',
      `${file.path}: wanted a kubeconfig whose key waits for its certificate`,
    )
  const whole = addEmbedded(text, waiting.clientKey.path, 'client-certificate-data', pem.certificate)
  if (waiting.certificateAuthority) return { changes: [changeOf(file, whole, true)], warnings: [] }
  const trust = encodeCertificates(authority.bundle)
  const trusting = addEmbedded(whole, [...waiting.clusterPath, 'server'], 'certificate-authority-data', trust)
  return { changes: [changeOf(file, trusting, true)], warnings: [] }
}

function removalOf(file: PlacedFile): FileChange {
  const { path, realPath } = file
  if (realPath === undefined) throw new TypeError(`nobody knows where ${path} is`)
  return { path, realPath, contents: null, isSecret: true }
}

export function checkDistinct(changes: readonly FileChange[]): void {
  const seen = new Set<string>()
  for (const { path, realPath } of changes) {
    if (seen.has(realPath)) throw new PkiError('WRITE_FAILED', `${path} would be a file of two certificates`)
    seen.add(realPath)
  }
}
