/** What a user may name for a renewal, and what is said of anything else. */
import { closest } from 'fastest-levenshtein'
import { PkiError } from '../errors.ts'
import { CERTIFICATES, type CertificateSpec, KUBECONFIGS, KUBELET_CERTIFICATES } from './catalog.ts'
import { RENEWABLE } from './select.ts'

const NAMES = RENEWABLE.map(({ name }) => name)
const SPECS: readonly CertificateSpec[] = CERTIFICATES
const KUBELETS: readonly string[] = [...KUBECONFIGS, ...KUBELET_CERTIFICATES].map(({ name }) => name)

/** `all`, or names; throws for what is neither. */
export function renewableNames(asked: readonly string[]): 'all' | readonly string[] {
  if (!asked.includes('all')) return asked.map(known)
  if (asked.length === 1) return 'all'
  throw new PkiError('USAGE', 'wanted "all" or names, found both')
}

function known(name: string): string {
  if (NAMES.includes(name)) return name
  const unknown = (message: string, hint?: string) => new PkiError('UNKNOWN_CERTIFICATE', message, { hint })
  if (SPECS.some(spec => spec.kind === 'ca' && spec.name === name)) {
    const leaves = SPECS.filter(spec => spec.caName === name).map(spec => spec.name)
    throw unknown(
      `${name} is a CA: neither renewed nor requested this way`,
      `its certificates: ${leaves.join(', ')}`,
    )
  }
  if (KUBELETS.includes(name)) throw unknown(`${name} belongs to the kubelet, which renews it by itself`)
  const hint = `did you mean ${closest(name, NAMES)}? all of them: ${NAMES.join(', ')}`
  throw unknown(`no certificate is named "${name}"`, hint)
}
