/** Whether those who approve will mind who asks: said when it can still be asked otherwise. */
import type { ClusterTarget } from '../cluster/target.ts'
import type { CertificateSigningRequest } from '../kubernetes/certificate-signing-request.ts'
import { type Asking, requesterFlaw } from '../pki/csr/requester.ts'
import { NODE_PREFIX } from '../pki/csr/signer-name.ts'
import { readCertificates } from '../x509/certificate.ts'
import { identityOf } from '../x509/subject.ts'

interface Order extends Pick<Asking, 'subject'> {
  /** The row. */
  readonly name: string
  readonly csr: CertificateSigningRequest
}

export interface RequesterWatch {
  readonly beforeSending: (order: Order) => void
  /** What the API server says of it; one that was there may be another's. */
  readonly afterSending: (order: Order, sent: CertificateSigningRequest) => void
  /** Whether who asks can approve at all: a node never can. */
  readonly approves: boolean
}

export interface RequesterOptions {
  readonly target: ClusterTarget
  /** The node's own. */
  readonly kubeconfig: string
  readonly onWarning?: ((message: string) => void) | undefined
}

export function watchRequester({ target, kubeconfig, onWarning }: RequesterOptions): RequesterWatch {
  const user = userOf(target)
  const flawOf = ({ csr, subject }: Order, requester: string | undefined) =>
    requesterFlaw({ signerName: csr.spec.signerName, subject, requester })
  return {
    approves: !(user ?? '').startsWith(NODE_PREFIX),
    beforeSending: order => {
      const flaw = flawOf(order, user)
      if (flaw !== undefined) onWarning?.(`${order.name}: ${flaw}: use --kubeconfig ${kubeconfig}`)
    },
    afterSending: (order, sent) => {
      const { username } = sent.spec
      const flaw = username === '' || username === user ? undefined : flawOf(order, username)
      if (flaw !== undefined)
        onWarning?.(
          `${order.name}: ${sent.name} was ${flaw}: kubectl delete csr ${sent.name}, then run the same again with --kubeconfig ${kubeconfig}`,
        )
    },
  }
}

/** By the client certificate; whoever signs in otherwise is known to the API server alone. */
function userOf({ context: { user }, readFile }: ClusterTarget): string | undefined {
  const { impersonates, clientCertificate } = user
  if (impersonates.user !== undefined || clientCertificate === undefined) return impersonates.user
  const pem = clientCertificate.at === 'file' ? readFile(clientCertificate.file) : clientCertificate.pem
  const read = readCertificates(pem)
  return 'certificates' in read ? identityOf(read.certificates[0]).commonName : undefined
}
