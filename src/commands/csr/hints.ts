/** What a list of requests gives away about the cluster. */
import type { ListedCsr } from '../../pki/csr/listing.ts'
import { KUBELET_SERVING } from '../../pki/csr/signer-name.ts'
import { unsignedHint } from '../../pki/csr/state-words.ts'

const FEW = 2

export function listHints(items: readonly ListedCsr[]): string[] {
  const serving = items.filter(({ signerName }) => signerName === KUBELET_SERVING)
  const isUntouched = serving.length >= FEW && serving.every(({ state }) => state === 'pending')
  const unsigned = new Set(
    items
      .filter(({ state, stateInWords }) => state === 'approved' && stateInWords.includes('never issued'))
      .map(({ signerName }) => signerName),
  )
  return [
    ...(isUntouched
      ? [
          'every kubelet-serving request is pending: no approver seems to run, and Kubernetes itself has none for them',
        ]
      : []),
    ...new Set([...unsigned].map(signerName => `approved and never issued: ${unsignedHint(signerName)}`)),
  ]
}
