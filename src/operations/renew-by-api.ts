/**
 * Renewal through the Certificates API: keys and requests into their directory, all of them sent, all of them answered,
 * and only then anything installed. What is interrupted goes on with the same keys when it is run again.
 */
import { connect } from '../cluster/api.ts'
import type { ClusterTarget } from '../cluster/target.ts'
import { describeUnusable, PkiError } from '../errors.ts'
import { parseSigningRequest } from '../kubernetes/certificate-signing-request.ts'
import { newSigningRequest } from '../kubernetes/signing-request-object.ts'
import { factsOf } from '../pki/csr/facts.ts'
import { offlineDoubts, offlineFlaws } from '../pki/csr/offline.ts'
import { type ChosenSigner, renewalSigner } from '../pki/csr/renewal-signer.ts'
import { installObstacle } from '../pki/import-plan.ts'
import type { ImportResult, InstalledCertificate } from '../pki/import-result.ts'
import { instant } from '../pki/instant.ts'
import { describeNames } from '../pki/renewal-plan.ts'
import type {
  PendingRequest,
  RenewalResult,
  RenewedCertificate,
  SkippedCertificate,
} from '../pki/renewal-result.ts'
import type { RequestStep, Step } from '../pki/renewal-step.ts'
import { entryNamed, type Snapshot } from '../pki/snapshot.ts'
import { readUserFile } from '../store/files.ts'
import { type CertificateRequest, readCertificateRequest } from '../x509/certificate-request.ts'
import { tbsPartsOf } from '../x509/der.ts'
import { SUBJECT_ALT_NAME } from '../x509/subject-alt-name.ts'
import { importAnswers } from './import-answers.ts'
import { type RenewOptions, readAndPlan } from './plan-renewal.ts'
import { renewCertificates } from './renew.ts'
import { answersTo, type Order } from './renewal-answers.ts'

export interface ApiRenewOptions extends RenewOptions {
  readonly target: ClusterTarget
  /** Of the user's own; absent: those of Kubernetes, for what they sign. */
  readonly signerName?: string | undefined
  /** Milliseconds until all are answered. */
  readonly waitTimeout: number
  /** After the wait. */
  readonly clock: () => Date
  /** What is to be known while there is still time. */
  readonly onWarning?: ((message: string) => void) | undefined
}

export interface ApiRenewalPlan {
  readonly steps: readonly (RequestStep & { readonly signer: ChosenSigner })[]
  readonly skipped: readonly SkippedCertificate[]
  /** The node's own: whose requests are the node's. */
  readonly kubeconfig: string
}

/** Writes nothing, asks nobody. */
export function planByApi(
  options: Omit<ApiRenewOptions, 'target' | 'waitTimeout' | 'clock'>,
): ApiRenewalPlan {
  const { snapshot, steps } = readAndPlan({ ...options, csrOnly: true })
  const planned = steps.map(step => withSigner(step, snapshot, options.signerName))
  return {
    steps: planned.flatMap(one => ('signer' in one ? one : [])),
    skipped: planned.flatMap(one => ('reason' in one ? one : [])),
    kubeconfig: entryNamed(snapshot, 'kubelet.conf')?.file.path ?? 'kubelet.conf',
  }
}

function withSigner(
  step: Step,
  snapshot: Snapshot,
  custom: string | undefined,
): ApiRenewalPlan['steps'][number] | SkippedCertificate {
  const { name, longName } = step
  if (step.action === 'skip')
    return { name, longName, reason: step.reason, message: step.message, hint: step.hint }
  if (step.action === 'sign') throw new TypeError('a request was wanted')
  const signer = renewalSigner(step, custom)
  if ('message' in signer) return { name, longName, reason: 'NOT_BY_API', ...signer }
  const obstacle = installObstacle(snapshot, { entry: step.entry, place: 'directory' })
  if (obstacle === undefined) return { ...step, signer }
  const { code, field, wanted, found } = obstacle
  const message = `${code}: ${field}: wanted ${wanted}, found ${found}`
  return { name, longName, reason: 'NOT_BY_API', message }
}

export async function renewByApi(options: ApiRenewOptions): Promise<RenewalResult> {
  const plan = planByApi(options)
  if (plan.steps.length === 0) return nothingDone(plan)
  const api = await connect(options.target)
  const names = plan.steps.map(({ name }) => name)
  const signers = new Map(plan.steps.map(({ name, signer }) => [name, signer.signerName]))
  const requested = await renewCertificates({ ...options, names, signers, csrOnly: true, restart: false })
  const skipped = [...plan.skipped, ...requested.skipped]
  const orders = requested.pending.map(pending => orderOf(pending, plan, options))
  const { pending } = requested
  if (pending.length === 0) return { ...requested, skipped }
  const answers = await answersTo(api, orders, { ...options, ...plan })
  const imported = await importAnswers({
    ...options,
    paths: [],
    now: options.clock(),
    answers: { files: answers, passedOver: [] },
    names: pending.map(({ name }) => name),
    minValidity: 0,
    dryRun: false,
  })
  checkInstalled(imported)
  return {
    ...restartOf(imported),
    changed: imported.changed,
    renewed: imported.installed.map(one => renewedOf(one, plan)),
    pending: [],
    skipped,
    backup: imported.backup,
    sources: imported.sources,
    warnings: [...new Set([...requested.warnings, ...imported.warnings])],
  }
}

function nothingDone({ skipped }: ApiRenewalPlan): RenewalResult {
  const nothing = { renewed: [], pending: [], restart: [], reloads: [], sources: [], warnings: [] }
  return { ...nothing, changed: false, skipped, backup: undefined }
}

/** The same request has the same name in every run: it is found again. */
function orderOf(
  { name, csrFile }: PendingRequest,
  { steps }: ApiRenewalPlan,
  { now, validity }: ApiRenewOptions,
): Order {
  const step = steps.find(one => one.name === name) as ApiRenewalPlan['steps'][number]
  const pem = readUserFile(csrFile)
  const request = readCertificateRequest(pem)
  if ('reason' in request) throw new PkiError('FILE_UNREADABLE', `${csrFile}: ${describeUnusable(request)}`)
  const other = otherThanPlanned(step, request)
  if (other !== undefined)
    throw new PkiError('REQUEST_INVALID', `${name}: ${csrFile} waits, and asks for another ${other}`, {
      hint: 'nothing was sent; --force replaces it by a new request with a new key',
    })
  const object = newSigningRequest({
    ...step.signer,
    name: `kubepki-${name}-${request.publicKeySha256.slice(0, 10)}`,
    request: pem,
    expirationSeconds: validity === undefined ? undefined : Math.floor(validity / 1000),
  })
  const csr = parseSigningRequest(object)
  if ('found' in csr) throw new TypeError('what was made is no CertificateSigningRequest')
  const facts = factsOf(csr, { now })
  const flaws = offlineFlaws(facts)
  if (flaws.length > 0)
    throw new PkiError(
      'REQUEST_INVALID',
      `${name}: ${csrFile} would be refused: ${flaws.map(({ code, reason }) => `${code}: ${reason}`).join('; ')}`,
      {
        hint: 'nothing was sent',
      },
    )
  return { name, subject: request.subject, object, csr, doubts: offlineDoubts(facts) }
}

/** One that is kept was made by an earlier run, perhaps for something else. */
function otherThanPlanned(
  { old, subject, names }: RequestStep,
  request: CertificateRequest,
): string | undefined {
  const wanted = subject?.der ?? tbsPartsOf(old.der).subject
  if (Buffer.compare(request.subject, wanted) !== 0) return 'subject'
  const sans = request.extensions.get(SUBJECT_ALT_NAME) ?? new Uint8Array()
  const isSame = names?.extension === undefined || Buffer.compare(sans, names.extension) === 0
  return isSame ? undefined : 'list of SANs'
}

function checkInstalled({ refused, unanswered }: ImportResult): void {
  const flaws = [
    ...refused.map(
      one => `${one.name ?? one.file}: ${one.code}: ${one.field}: wanted ${one.wanted}, found ${one.found}`,
    ),
    ...unanswered.map(({ name }) => `${name}: what came back is for another key`),
  ]
  if (flaws.length === 0) return
  throw new PkiError(
    'ISSUED_CERTIFICATE_WRONG',
    `what the cluster returned is not what was asked for: ${flaws.join('; ')}; nothing was installed`,
    {
      hint: 'ask whoever runs the signer; --force makes a new request with a new key',
    },
  )
}

function restartOf({ restart, reloads, restarted, restartFailure }: ImportResult) {
  return {
    restart,
    reloads,
    ...(restarted && { restarted }),
    ...(restartFailure !== undefined && { restartFailure }),
  }
}

function renewedOf(installed: InstalledCertificate, { steps }: ApiRenewalPlan): RenewedCertificate {
  const { old, key, names } = steps.find(({ name }) => name === installed.name) as RequestStep
  const { name, longName, caName, issuer, file, keyFile, expirationDate, serialNumber } = installed
  return {
    ...{ name, longName, caName, caSubject: issuer, file, keyFile, expirationDate },
    previousExpirationDate: instant(old.notAfter),
    previousSerialNumber: old.serialNumber,
    keyAlgorithm: key.algorithm,
    previousKeyAlgorithm: old.keyAlgorithm,
    newKey: true,
    ...describeNames(names),
    serialNumber,
  }
}
