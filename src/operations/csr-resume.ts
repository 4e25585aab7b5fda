/** What a run that was killed has written of the answer to a request: told by its key, not by its name. */
import { type Credential, parseKubeconfig } from '../kubernetes/kubeconfig.ts'
import { textIfThere } from '../store/new-file.ts'
import { readWaitingKey, type WaitingFiles } from '../store/waiting-key.ts'
import { publicKeySha256Of, readCertificates } from '../x509/certificate.ts'
import { readCertificateRequest } from '../x509/certificate-request.ts'
import { type PrivateKey, publicKeySha256OfKey, readPrivateKey } from '../x509/key.ts'

/** Of this request, out of a kubeconfig. */
export function deliveredKey(kubeconfig: string, csr: string): PrivateKey | undefined {
  const read = readPrivateKey(embeddedIn(kubeconfig, 'clientKey') ?? '')
  return 'key' in read && publicKeySha256OfKey(read) === keyOfRequest(csr) ? read : undefined
}

/** Whether the file holds a certificate for the key of the request that waits. */
export function isDelivered(path: string, files: WaitingFiles): boolean {
  const waiting = readWaitingKey(files)
  if (waiting.state !== 'waiting' && waiting.state !== 'keyless') return false
  const text = embeddedIn(path, 'clientCertificate') ?? textIfThere(path) ?? ''
  const read = readCertificates(text)
  return 'certificates' in read && publicKeySha256Of(read.certificates[0]) === keyOfRequest(waiting.csr)
}

function keyOfRequest(csr: string): string | undefined {
  const request = readCertificateRequest(csr)
  return 'reason' in request ? undefined : request.publicKeySha256
}

function embeddedIn(path: string, field: 'clientKey' | 'clientCertificate'): string | undefined {
  const config = parseKubeconfig(textIfThere(path) ?? '')
  const found: Credential | undefined = 'reason' in config ? undefined : config[field]
  return found?.at === 'data' ? found.pem : undefined
}
