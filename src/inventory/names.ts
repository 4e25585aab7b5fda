/** What a user may name for a renewal, and what is said of anything else. */
import { PkiError } from '../errors.ts'
import { nearest } from '../nearest.ts'
import type { ExtKeyUsage } from '../x509/profile.ts'
import { CERTIFICATES, type CertificateSpec, KUBECONFIGS, KUBELET_CERTIFICATES } from './catalog.ts'
import { isRequestedOnly, RENEWABLE } from './select.ts'

const NAMES = RENEWABLE.map(({ name }) => name)
const SPECS: readonly CertificateSpec[] = CERTIFICATES

/** What fails when nobody accepts the row's certificate. */
export function impactOf(name: string): string {
  const rows = [...SPECS, ...KUBECONFIGS, ...KUBELET_CERTIFICATES]
  return rows.find(row => row.name === name)?.impact ?? 'whoever uses it is refused'
}

/** What the row's certificate has to be good for. */
export function neededUsages(name: string): readonly ExtKeyUsage[] {
  const spec = SPECS.find(one => one.name === name)
  if (spec) return spec.extKeyUsage ?? []
  return name === 'kubelet-server-current.pem' || name === 'kubelet.crt' ? ['serverAuth'] : ['clientAuth']
}

/** Rows that others connect to. */
export const SERVING: ReadonlySet<string> = new Set(
  SPECS.filter(({ subjectAltName }) => subjectAltName !== undefined).map(({ name }) => name),
)

/** No component works with it: what has gone or expired stops nobody but whoever signs in with it. */
export function isForPeople(name: string): boolean {
  return [...SPECS, ...KUBECONFIGS].some(row => row.name === name && row.usedBy.length === 0)
}

/** Throws for what is neither a row nor one of `others`. */
export function rowNames(asked: readonly string[], others: readonly string[]): readonly string[] {
  const rows = [...SPECS, ...KUBECONFIGS, ...KUBELET_CERTIFICATES].map(({ name }) => name)
  for (const name of asked) {
    if (rows.includes(name) || others.includes(name)) continue
    const near = nearest(name, [...rows, ...others])
    const hint = `${near === undefined ? '' : `did you mean ${near}? `}all of them: ${[...rows, ...others].join(', ')}`
    throw new PkiError('UNKNOWN_CERTIFICATE', `no certificate is named "${name}"`, { hint })
  }
  return asked
}

/** The kubelet renews it by itself. */
export function isKubeletsName(name: string): boolean {
  const isRotated = KUBECONFIGS.some(row => row.name === name && row.scope === 'kubelet')
  return isRotated || KUBELET_CERTIFICATES.some(row => row.name === name)
}

/** `all`, or names; throws for what is neither. `byApi`: by the cluster, which signs for the kubelet too. */
export function renewableNames(
  asked: readonly string[],
  { byApi = false }: { readonly byApi?: boolean } = {},
): 'all' | readonly string[] {
  if (!asked.includes('all')) return asked.map(name => (byApi && isRequestedOnly(name) ? name : known(name)))
  if (asked.length === 1) return 'all'
  throw new PkiError('USAGE', 'wanted "all" or names, found both')
}

function known(name: string): string {
  if (NAMES.includes(name)) return name
  const unknown = (message: string, hint?: string) => new PkiError('UNKNOWN_CERTIFICATE', message, { hint })
  if (SPECS.some(spec => spec.kind === 'ca' && spec.name === name)) {
    const leaves = [...SPECS, ...KUBECONFIGS].filter(
      spec => spec.caName === name && NAMES.includes(spec.name),
    )
    const hint = `its certificates: ${leaves.map(leaf => leaf.name).join(', ')}`
    throw unknown(`${name} is a CA: neither renewed nor requested this way`, hint)
  }
  const ofKubelet = KUBELETS_OWN.get(name)
  if (ofKubelet) throw unknown(`${name} ${ofKubelet.found}`, ofKubelet.hint)
  const near = nearest(name, NAMES)
  const guess = near === undefined ? '' : `did you mean ${near}? `
  throw unknown(`no certificate is named "${name}"`, `${guess}all of them: ${NAMES.join(', ')}`)
}

const SIGN_IN = {
  found: 'belongs to the kubelet, which renews it by itself',
  hint: 'once it has expired: kubepki certs verify kubelet.conf kubelet-client-current.pem says how this kubelet gets back in',
}

/** What is said of each, and what to do when it has expired. */
const KUBELETS_OWN = new Map([
  ['kubelet.conf', SIGN_IN],
  ['kubelet-client-current.pem', SIGN_IN],
  [
    'kubelet-server-current.pem',
    {
      found: SIGN_IN.found,
      hint: 'once it has expired: approve the request that waits: kubepki csr list --node NAME; where none waits, systemctl restart kubelet has it ask anew',
    },
  ],
  [
    'kubelet.crt',
    {
      found: 'belongs to the kubelet: no CA of this node signs it',
      hint: 'have the cluster sign it: kubepki certs renew kubelet.crt --use-api --kubeconfig /etc/kubernetes/kubelet.conf',
    },
  ],
])

/** `all`, or names of phases; throws for what is neither. */
export function phaseNames(asked: readonly string[], phases: readonly string[]): 'all' | readonly string[] {
  if (asked.includes('all') && asked.length === 1) return 'all'
  if (asked.includes('all')) throw new PkiError('USAGE', 'wanted "all" or names, found both')
  for (const name of asked) {
    if (phases.includes(name)) continue
    const near = nearest(name, phases)
    const guess = near === undefined ? '' : `did you mean ${near}? `
    const hint = `${guess}all of them: ${phases.join(', ')}`
    throw new PkiError('UNKNOWN_CERTIFICATE', `nothing here is named "${name}"`, { hint })
  }
  return asked
}
