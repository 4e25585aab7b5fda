/** Who has to ask for a certificate, so that policies approve it: what a kubelet serves with, the node itself. Pure. */
import { named } from '../../foreign-text.ts'
import type { Der } from '../../x509/der.ts'
import { attributesOf, COMMON_NAME } from '../../x509/name.ts'
import { KUBELET_SERVING } from './signer-name.ts'

export interface Asking {
  readonly signerName: string
  /** Of the request. */
  readonly subject: Der
  /** Undefined: nobody knows yet. */
  readonly requester: string | undefined
}

/** In words; undefined: nothing is wrong with it. */
export function requesterFlaw({ signerName, subject, requester }: Asking): string | undefined {
  if (signerName !== KUBELET_SERVING || requester === undefined) return undefined
  const wanted = attributesOf(subject)
    .flatMap(({ type, value }) => (type === COMMON_NAME ? value : []))
    .at(-1)
  return requester === wanted
    ? undefined
    : `asked for by ${named(requester) || 'nobody'}, not by ${named(wanted ?? '')}: policies refuse that`
}
