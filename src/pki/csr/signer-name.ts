/** `example.com/my-signer`: who is asked for a certificate; and whom those of Kubernetes' own take for a node. */
import { isSubdomain } from '../../dns-name.ts'
import { quoted } from './words.ts'

export const KUBE_APISERVER_CLIENT = 'kubernetes.io/kube-apiserver-client'
export const KUBELET_CLIENT = 'kubernetes.io/kube-apiserver-client-kubelet'
export const KUBELET_SERVING = 'kubernetes.io/kubelet-serving'
export const LEGACY_UNKNOWN = 'kubernetes.io/legacy-unknown'

/** Whose certificates are for nodes alone. */
export function isForNodes(signerName: string): boolean {
  return signerName === KUBELET_CLIENT || signerName === KUBELET_SERVING
}

/** Of a node's user name, which is the common name of its certificates. */
export const NODE_PREFIX = 'system:node:'

const LONGEST = 571
const LONGEST_LABEL = 63

/** In words; undefined: the API server takes it. */
export function signerNameFlaw(signerName: string): string | undefined {
  if (signerName === '') return 'spec.signerName is missing'
  const parts = signerName.split('/')
  const [domain = '', path = ''] = parts
  const wrong = (what: string) => `spec.signerName ${quoted(signerName)}: ${what}`
  if (parts.length !== 2) return wrong('wanted a domain, one slash and a path, such as example.com/signer')
  if (!isSubdomain(domain) || !hasShortLabels(domain))
    return wrong('what is before the slash is no domain name in lower case')
  if (!domain.includes('.')) return wrong('the domain before the slash needs a dot in it')
  if (!isPath(path))
    return wrong('what is behind the slash is no name of lower-case letters, digits, - and .')
  return signerName.length > LONGEST ? wrong(`at most ${LONGEST} characters are taken`) : undefined
}

/** Only all of it has a bound. */
function isPath(path: string): boolean {
  return path.split('.').every(isSubdomain)
}

function hasShortLabels(domain: string): boolean {
  return domain.split('.').every(({ length }) => length <= LONGEST_LABEL)
}

/** Kubernetes keeps these for itself. */
export function isReserved(signerName: string): boolean {
  const [domain = ''] = signerName.split('/')
  return domain === 'kubernetes.io' || domain.endsWith('.kubernetes.io')
}
