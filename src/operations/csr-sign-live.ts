/** The signer at work in a cluster: what is approved for its names gets its certificate, through /status. */
import { type ClusterApi, connect } from '../cluster/api.ts'
import type { ClusterTarget } from '../cluster/target.ts'
import { type ErrorCode, PkiError } from '../errors.ts'
import { shown } from '../foreign-text.ts'
import {
  type CertificateSigningRequest,
  isSameRequest,
  stateOf,
} from '../kubernetes/certificate-signing-request.ts'
import { withCertificate, withCondition } from '../kubernetes/signing-request-object.ts'
import { onRequests, onSigner } from '../pki/csr/access.ts'
import type { SigningAuthority } from '../pki/signing-authority.ts'
import {
  FAILURE_REASON,
  namesToSign,
  type SignedRequest,
  type SigningTerms,
  signSigningRequest,
} from './csr-sign.ts'

export interface LiveSignOptions extends SigningTerms {
  readonly target: ClusterTarget
  /** None: every one that is approved. */
  readonly names: readonly string[]
  readonly authority: SigningAuthority
}

export async function signInCluster(options: LiveSignOptions): Promise<SignedRequest[]> {
  const api = await connect(options.target)
  const requests = options.names.length > 0 ? await named(api, options.names) : await approved(api, options)
  await checkAccess(api, requests, options)
  options.checkTargets?.(namesToSign(requests, options.authority, options))
  const signed: SignedRequest[] = []
  const server = { isAway: false }
  for (const request of requests)
    signed.push(
      server.isAway
        ? { ...left(request, 'the API server is away'), isTrouble: true }
        : await signOne({ api, server }, request, options),
    )
  return signed
}

async function named(api: ClusterApi, names: readonly string[]): Promise<CertificateSigningRequest[]> {
  const found: CertificateSigningRequest[] = []
  for (const name of names) {
    const request = await api.readRequest(name)
    if (!request)
      throw new PkiError('NO_REQUESTS', `${api.server}: no CertificateSigningRequest named ${name}`, {
        hint: 'kubepki csr list shows what there is',
      })
    found.push(request)
  }
  return found
}

async function approved(
  api: ClusterApi,
  { signerNames }: LiveSignOptions,
): Promise<CertificateSigningRequest[]> {
  const found: CertificateSigningRequest[] = []
  for (const signerName of signerNames)
    for await (const request of api.listRequests({ signerName }))
      if (stateOf(request) === 'approved') found.push(request)
  return found
}

/** Before the first is signed. */
async function checkAccess(
  api: ClusterApi,
  requests: readonly CertificateSigningRequest[],
  { signerNames }: LiveSignOptions,
): Promise<void> {
  const wanted = requests.filter(one => stateOf(one) === 'approved').map(({ spec }) => spec.signerName)
  const signers = [...new Set(wanted)].filter(name => signerNames.includes(name))
  if (signers.length === 0) return
  const missing = await api.missingAccess([
    onRequests('update', 'status'),
    ...signers.map(name => onSigner('sign', name)),
  ])
  if (missing) throw missing
}

interface Reached {
  readonly api: ClusterApi
  readonly server: { isAway: boolean }
}

async function signOne(
  { api, server }: Reached,
  request: CertificateSigningRequest,
  options: LiveSignOptions,
): Promise<SignedRequest> {
  const signed = await signSigningRequest(request, options.authority, options)
  if (signed.outcome === 'left') return signed
  try {
    const written = await api.updateStatus(request.name, current => {
      checkSame(current, request)
      return answered(current, signed, options)
    })
    return { ...signed, object: written.object }
  } catch (error) {
    if (!(error instanceof PkiError)) throw error
    server.isAway = error.code === 'CLUSTER_UNREACHABLE'
    return { ...left(request, error.message), isTrouble: !OVERTAKEN.has(error.code) }
  }
}

/** Somebody else changed or removed it meanwhile. */
const OVERTAKEN: ReadonlySet<ErrorCode> = new Set(['CONFLICT', 'NOT_FOUND'])

/** Trouble with one is no trouble with the others, and what is done is told in any case. */
function left({ name, object }: CertificateSigningRequest, message: string): SignedRequest {
  return { name, outcome: 'left', messages: [message], object }
}

function answered(
  { object }: CertificateSigningRequest,
  { certificate, messages }: SignedRequest,
  { now }: LiveSignOptions,
): object {
  if (certificate !== undefined) return withCertificate(object, certificate)
  return withCondition(object, { type: 'Failed', reason: FAILURE_REASON, message: messages.join('; '), now })
}

/** What was signed is what was looked at. */
function checkSame(current: CertificateSigningRequest, looked: CertificateSigningRequest): void {
  if (!isSameRequest(current, looked))
    throw new PkiError(
      'CONFLICT',
      `${shown(looked.name)}: another request has its name now, which nobody has looked at`,
    )
  if (stateOf(current) === stateOf(looked)) return
  throw new PkiError(
    'CONFLICT',
    `${shown(looked.name)} was changed by somebody else meanwhile: it is ${stateOf(current)}, and was left as it is`,
  )
}
