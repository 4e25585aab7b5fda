import type { Entry, Found } from '../pki/snapshot.ts'
import { readKey } from '../store/files.ts'
import { type PrivateKey, readPrivateKey } from '../x509/key.ts'

/** The private key of a row, wherever it is. */
export function keyOf({ key, kubeconfig }: Entry, seen?: Map<string, string>): Found<PrivateKey> {
  const embedded = kubeconfig?.config.clientKey
  if (embedded?.at !== 'data') return key ? readKey(key, seen) : { state: 'missing' }
  const read = readPrivateKey(embedded.pem)
  return 'key' in read ? { state: 'present', ...read } : { state: 'invalid', ...read }
}
