/** A request made here, sent to a cluster; and what comes back, checked, to where it is wanted. */
import type { ClusterTarget } from '../cluster/target.ts'
import { describeUnusable, PkiError } from '../errors.ts'
import { named } from '../foreign-text.ts'
import { stateOf } from '../kubernetes/certificate-signing-request.ts'
import { encodeKubeconfig } from '../kubernetes/kubeconfig-document.ts'
import { checkAnswer } from '../pki/csr/answered.ts'
import { approveCommands } from '../pki/csr/approve-command.ts'
import { instant } from '../pki/instant.ts'
import { readUserFile } from '../store/files.ts'
import { checkNewFile, finishWholeFile, removeFiles } from '../store/new-file.ts'
import type { WaitingFiles } from '../store/waiting-key.ts'
import { type Certificate, encodeCertificates, isSignedBy, readCertificates } from '../x509/certificate.ts'
import { encodePrivateKey } from '../x509/key.ts'
import { attributesOf, COMMON_NAME } from '../x509/name.ts'
import { type Connect, connectOnce } from './csr-connect.ts'
import type { CreatedRequest } from './csr-create.ts'
import { isDelivered } from './csr-resume.ts'
import { awaitAnswer, type Patience, send } from './csr-wait.ts'

export interface Outputs {
  readonly certificate?: string | undefined
  readonly kubeconfig?: string | undefined
}

export interface FetchOptions {
  readonly target: ClusterTarget
  /** To the target, by whoever has connected already. */
  readonly connect?: Connect | undefined
  readonly created: CreatedRequest
  readonly files: WaitingFiles
  readonly outputs: Outputs
  /** Of the CA that must have signed it. */
  readonly caFile?: string | undefined
  /** Absent: it is sent, and nobody waits. */
  readonly patience?: Patience | undefined
  /** The key stays where it is also when it is in a kubeconfig. */
  readonly keepsKey: boolean
  readonly now: () => Date
  readonly onProgress: (message: string) => void
}

export interface Fetched {
  readonly state: 'created' | 'unchanged'
  /** Of the certificate and those behind it; absent: nobody waited. */
  readonly pem?: string
  /** What waited here is no longer needed when the answer is where it belongs. */
  readonly clearUp: () => void
  readonly warnings: readonly string[]
}

/** Before anything is made. What was written before a run was killed is not in the way. */
export function checkOutputs({ certificate, kubeconfig }: Outputs, files: WaitingFiles): void {
  for (const path of [certificate, kubeconfig])
    if (path !== undefined && !isDelivered(path, files)) checkNewFile(path)
}

export async function fetchAnswer(options: FetchOptions): Promise<Fetched> {
  const { target, created, patience, onProgress, now } = options
  const authorities =
    options.caFile === undefined ? [] : certificatesIn(options.caFile, readUserFile(options.caFile))
  const sending = { target, name: created.csr.name, waits: patience !== undefined }
  const api = await (options.connect ?? connectOnce(sending))()
  const sent = await send(api, created, now())
  const state = sent.isKnown ? 'unchanged' : 'created'
  if (!patience) return { state, clearUp: () => undefined, warnings: unheeded(created, sent.csr) }
  const { name } = sent.csr
  onProgress(`${name}: ${sent.isKnown ? 'is in the cluster already' : 'sent'}, waiting for an answer`)
  const onState = (csr: typeof sent.csr) => {
    if (stateOf(csr) === 'approved')
      onProgress(`${name}: approved, waiting for ${csr.spec.signerName} to sign`)
  }
  const approvable = { name, doubts: created.doubts }
  const [approveCommand] = approveCommands([approvable], target.commandFlags)
  const answered = await awaitAnswer(api, sent.csr, { ...patience, onState, approveCommand })
  // As it was asked, whatever the answer says of that.
  const asked = { ...answered, spec: created.csr.spec }
  const checked = checkAnswer(asked, created.request, { now: now(), anchors: authorities })
  if ('flaws' in checked) {
    throw new PkiError(
      'ISSUED_CERTIFICATE_WRONG',
      `${name}: what came back is not what was asked for: ${checked.flaws.join('; ')}`,
      {
        hint: 'nothing was written, and the key stays; ask whoever runs the signer',
      },
    )
  }
  const pem = encodeCertificates([checked.leaf, ...checked.intermediates])
  const trust = trustOf(target)
  deliver(options, pem, trust)
  return {
    state,
    pem,
    clearUp: () => clearUp(options),
    warnings: [
      ...shortened(options, checked.leaf),
      ...strange(checked, { trust, authorities }),
      ...unverified(options),
    ],
  }
}

function certificatesIn(file: string, text: string): readonly Certificate[] {
  const read = readCertificates(text)
  if ('certificates' in read) return read.certificates
  throw new PkiError('FILE_UNREADABLE', `${file}: ${describeUnusable(read)}`)
}

/** What the API server is known by; PEM. */
function trustOf({ context: { certificateAuthority: ca }, readFile }: ClusterTarget): string | undefined {
  return ca?.at === 'file' ? readFile(ca.file) : ca?.pem
}

function deliver({ created, outputs, target }: FetchOptions, pem: string, trust: string | undefined): void {
  const { certificate, kubeconfig } = outputs
  if (kubeconfig !== undefined && created.key) {
    const { context } = target
    const text = encodeKubeconfig({
      ...{ clusterName: context.clusterName, certificateAuthority: trust },
      server: withoutUser(context.server),
      ...(context.proxyUrl !== undefined && { proxyUrl: withoutUser(context.proxyUrl) }),
      tlsServerName: context.tlsServerName,
      userName: userNameOf(created),
      credentials: { certificate: pem, key: encodePrivateKey(created.key.key) },
      kubernetesVersion: '1.34.0',
    })
    finishWholeFile(kubeconfig, text, 0o600)
  }
  if (certificate !== undefined) finishWholeFile(certificate, pem, 0o644)
}

/** The key goes away when it is safe in the kubeconfig, and the request at the very last. */
function clearUp({ created, files, outputs, keepsKey }: FetchOptions): void {
  const isMoved = outputs.kubeconfig !== undefined && !keepsKey
  if (created.key) removeFiles([...(isMoved ? [files.keyFile] : []), files.csrFile])
}

/** What stands before the host is whoever asked's, and none of the new user's. */
function withoutUser(address: string): string {
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (!url || (url.username === '' && url.password === '')) return address
  Object.assign(url, { username: '', password: '' })
  return url.href.replace(/\/+$/, '')
}

function userNameOf({ request, csr }: CreatedRequest): string {
  const commonName = attributesOf(request.subject).findLast(({ type }) => type === COMMON_NAME)?.value
  return commonName === undefined || commonName === '' ? csr.name : commonName
}

/** An API server before 1.22 does not know the field: it drops it. */
function unheeded({ csr }: CreatedRequest, sent: CreatedRequest['csr']): string[] {
  const [asked, kept] = [csr, sent].map(({ spec }) => spec.expirationSeconds)
  return asked !== undefined && kept === undefined
    ? [
        `the API server has dropped the expiration of ${asked} s, as before Kubernetes 1.22: the certificate will last as long as the signer makes them`,
      ]
    : []
}

/** What skips verification hands on no CA either. */
function unverified({ outputs: { kubeconfig }, target }: FetchOptions): string[] {
  const { skipsVerification, server } = target.context
  return kubeconfig !== undefined && skipsVerification && server.startsWith('https:')
    ? [`${kubeconfig} names no CA, as the kubeconfig that skips verification does not: put the cluster's in`]
    : []
}

const MINUTE = 60_000

function shortened({ created, now }: FetchOptions, { notAfter }: Certificate): string[] {
  const { expirationSeconds } = created.csr.spec
  if (expirationSeconds === undefined) return []
  const asked = now().getTime() + expirationSeconds * 1000
  const found = notAfter.getTime()
  if (Math.abs(found - asked) < 10 * MINUTE) return []
  return [
    `asked for ${expirationSeconds} s, valid until ${instant(notAfter)}${found > asked ? ': the signer did not heed it, as before Kubernetes 1.22' : ''}`,
  ]
}

/** By signatures: anybody can write a name. */
function isBelow(
  leaf: Certificate,
  intermediates: readonly Certificate[],
  authorities: readonly Certificate[],
): boolean {
  let one: Certificate | undefined = leaf
  for (let steps = 0; one && steps <= intermediates.length; steps += 1) {
    const current: Certificate = one
    if (authorities.some(authority => isSignedBy(current, authority))) return true
    one = intermediates.find(authority => isSignedBy(current, authority))
  }
  return false
}

/** Clients and servers may have CAs of their own: nobody can tell here which. */
function strange(
  { leaf, intermediates }: { readonly leaf: Certificate; readonly intermediates: readonly Certificate[] },
  {
    trust,
    authorities,
  }: { readonly trust: string | undefined; readonly authorities: readonly Certificate[] },
): string[] {
  const read = trust === undefined || authorities.length > 0 ? undefined : readCertificates(trust)
  if (!read || !('certificates' in read) || isBelow(leaf, intermediates, read.certificates)) return []
  return [
    `signed by ${named(leaf.issuer)}, which is not the CA of the kubeconfig: right where the cluster has a CA of its own for this; --ca-cert F checks it`,
  ]
}
