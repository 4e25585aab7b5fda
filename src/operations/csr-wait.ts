/** A CertificateSigningRequest sent to a cluster, and followed by its name and its UID until somebody has answered it. */

import { firstToAbort } from '../abort.ts'
import type { ClusterApi } from '../cluster/api.ts'
import { PkiError } from '../errors.ts'
import { type CertificateSigningRequest, stateOf } from '../kubernetes/certificate-signing-request.ts'
import { humanDuration, LONGEST_TIMER } from '../kubernetes/duration.ts'
import type { Mapping } from '../kubernetes/yaml.ts'
import { because, otherThanSent } from '../pki/csr/sent.ts'
import { unsignedHint } from '../pki/csr/state-words.ts'

export interface Sendable {
  readonly object: Mapping
  readonly csr: CertificateSigningRequest
}

export interface Sent {
  readonly csr: CertificateSigningRequest
  /** It was there already, and is the same. */
  readonly isKnown: boolean
}

/** Creates it, or goes on with the one of that name that was sent before. */
export async function send(api: ClusterApi, { object, csr }: Sendable, now: Date): Promise<Sent> {
  try {
    return { csr: await api.createRequest(object), isKnown: false }
  } catch (error) {
    if (!(error instanceof PkiError) || error.code !== 'CONFLICT') throw error
    const known = await api.readRequest(csr.name)
    if (!known) throw error
    const difference = otherThanSent(known, csr, now)
    if (difference === undefined) return { csr: known, isKnown: true }
    throw new PkiError('CSR_EXISTS', `the cluster has a request ${csr.name} already, and ${difference}`, {
      hint: `take another name, or remove it: kubectl delete csr ${csr.name}`,
    })
  }
}

export interface Patience {
  /** Milliseconds. */
  readonly timeout: number
  readonly interruption?: AbortSignal | undefined
  /** Each time that its state is another one. */
  readonly onState?: ((csr: CertificateSigningRequest) => void) | undefined
  /** How whoever asked asks anew, in place of what is denied or refused. */
  readonly anew?: string | undefined
  /** For whoever may, where it takes more than the name. */
  readonly approveCommand?: string | undefined
}

/** The request with its certificate. Throws when it is denied, failed, gone, or nobody answers in time. */
export async function awaitAnswer(
  api: ClusterApi,
  sent: CertificateSigningRequest,
  { timeout, interruption, onState, anew, approveCommand }: Patience,
): Promise<CertificateSigningRequest> {
  const limit = AbortSignal.timeout(Math.min(timeout, LONGEST_TIMER))
  const signal = firstToAbort([limit, interruption])
  let last = sent
  for await (const seen of following(api, sent, signal)) {
    if (seen === 'gone') throw gone(last)
    if (seen === sent || stateOf(seen) !== stateOf(last)) onState?.(seen)
    last = seen
    const end = ENDS[stateOf(seen)]
    if (end === 'issued') return seen
    if (end !== undefined) throw new PkiError('NOT_ISSUED', end(seen), { hint: hintAfter(seen, anew) })
  }
  throw interruption?.aborted ? interrupted(last) : late(last, { timeout, approveCommand })
}

/** What is known already is looked at first. */
async function* following(api: ClusterApi, sent: CertificateSigningRequest, signal: AbortSignal) {
  yield sent
  yield* api.watchRequest(sent.name, sent.uid ?? '', signal)
}

const ENDS: Partial<
  Record<ReturnType<typeof stateOf>, 'issued' | ((csr: CertificateSigningRequest) => string)>
> = {
  issued: 'issued',
  denied: csr => `the request ${csr.name} was denied${because(csr, 'Denied')}`,
  failed: csr => `the signer ${csr.spec.signerName} refused the request ${csr.name}${because(csr, 'Failed')}`,
}

function hintAfter({ name }: CertificateSigningRequest, anew = 'take another name'): string {
  return `a request cannot be asked again: when the reason is gone, ${anew}, or remove it first: kubectl delete csr ${name}`
}

function gone({ name }: CertificateSigningRequest): PkiError {
  return new PkiError(
    'NOT_ISSUED',
    `the request ${name} was removed from the cluster before it was answered`,
    {
      hint: 'run the same again: it is sent anew, with the same key',
    },
  )
}

function late(
  csr: CertificateSigningRequest,
  {
    timeout,
    approveCommand = `kubepki csr approve ${csr.name}`,
  }: Pick<Patience, 'timeout' | 'approveCommand'>,
): PkiError {
  const isApproved = stateOf(csr) === 'approved'
  return new PkiError(
    'NOT_ISSUED',
    `no answer within ${humanDuration(timeout / 1000)}: the request ${csr.name} is ${isApproved ? 'approved, and not signed' : 'not approved yet'}`,
    {
      hint: isApproved
        ? `${unsignedHint(csr.spec.signerName)}; then run the same again: it goes on`
        : `whoever may approves it: ${approveCommand}; then run the same again: it goes on`,
    },
  )
}

function interrupted({ name }: CertificateSigningRequest): PkiError {
  return new PkiError(
    'INTERRUPTED',
    `interrupted; the request ${name} stays in the cluster, and its key here`,
    {
      hint: 'run the same again: it goes on with both',
    },
  )
}
