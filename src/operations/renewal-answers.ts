/** All requests of a renewal sent to the cluster, and all of them answered, or none. */
import { firstToAbort } from '../abort.ts'
import type { ClusterApi } from '../cluster/api.ts'
import { describeUnusable, PkiError } from '../errors.ts'
import { type CertificateSigningRequest, stateOf } from '../kubernetes/certificate-signing-request.ts'
import type { newSigningRequest } from '../kubernetes/signing-request-object.ts'
import { type Approvable, approveCommands, doubtsInWords } from '../pki/csr/approve-command.ts'
import type { AnswerFile } from '../store/answers.ts'
import { readAnswer } from '../x509/answer.ts'
import type { Der } from '../x509/der.ts'
import { awaitAnswer, send } from './csr-wait.ts'
import { type RequesterOptions, type RequesterWatch, watchRequester } from './requester.ts'

export interface Order extends Pick<Approvable, 'doubts'> {
  /** The row. */
  readonly name: string
  /** Of the request. */
  readonly subject: Der
  readonly object: ReturnType<typeof newSigningRequest>
  readonly csr: CertificateSigningRequest
}

export interface AnswersOptions extends RequesterOptions {
  /** Milliseconds until all are answered. */
  readonly waitTimeout: number
  readonly interruption?: AbortSignal | undefined
  readonly now: Date
  readonly onProgress?: ((message: string) => void) | undefined
}

interface SentOrder extends Approvable {
  readonly csr: CertificateSigningRequest
}

/** The first that will have no answer ends it for all. */
export async function answersTo(
  api: ClusterApi,
  orders: readonly Order[],
  options: AnswersOptions,
): Promise<AnswerFile[]> {
  const requester = watchRequester(options)
  const sent: SentOrder[] = []
  for (const order of orders) sent.push(await sendOrder(api, order, { ...options, requester }))
  const flags = requester.approves ? options.target.commandFlags : undefined
  tellWaiting(sent, flags, options)
  const failure = new AbortController()
  const interruption = firstToAbort([failure.signal, options.interruption])
  const patience = { timeout: options.waitTimeout, interruption, anew: '--force makes one with a new key' }
  const answered = sent.map(one =>
    awaitAnswer(api, one.csr, { ...patience, approveCommand: approveCommands([one], flags)[0] }),
  )
  try {
    return (await Promise.all(answered)).map(fileOf)
  } catch (error) {
    failure.abort()
    await Promise.allSettled(answered)
    throw error
  }
}

async function sendOrder(
  api: ClusterApi,
  order: Order,
  { now, onProgress, requester }: AnswersOptions & { readonly requester: RequesterWatch },
): Promise<SentOrder> {
  requester.beforeSending(order)
  const { csr, isKnown } = await send(api, order, now)
  requester.afterSending(order, csr)
  onProgress?.(
    `${order.name}: ${isKnown ? 'is in the cluster already' : 'sent'}: ${csr.name}, to be signed by ${csr.spec.signerName}`,
  )
  return { name: csr.name, csr, doubts: order.doubts }
}

function tellWaiting(
  sent: readonly SentOrder[],
  flags: string | undefined,
  { onProgress, onWarning }: AnswersOptions,
): void {
  const waiting = sent.filter(({ csr }) => stateOf(csr) === 'pending')
  for (const one of waiting) {
    const doubts = doubtsInWords(one)
    if (doubts !== undefined) onWarning?.(`${one.name}: ${doubts}`)
  }
  for (const command of approveCommands(waiting, flags)) onProgress?.(`whoever may approves: ${command}`)
}

function fileOf({ name, status }: CertificateSigningRequest): AnswerFile {
  const read = readAnswer(Buffer.from(status.certificate ?? '', 'utf8'))
  if ('certificates' in read) return { path: name, certificates: read.certificates }
  throw new PkiError(
    'ISSUED_CERTIFICATE_WRONG',
    `${name}: status.certificate: ${describeUnusable(read)}; nothing was changed`,
  )
}
