/** Policy rules about the object: what versions of Kubernetes read differently is approved for none of them. */
import { isRequestAlone } from '../../x509/go-pem.ts'
import { bad, good, type Rule } from './rule.ts'
import { DECISIONS } from './status-rules.ts'
import { UNDISPUTED_RULE } from './undisputed-rule.ts'
import { listed } from './words.ts'

export const FORM_RULES: readonly Rule<unknown>[] = [
  {
    code: 'REQUEST_PEM_ALONE',
    wants: 'spec.request is one PEM block without headers, and nothing around it',
    onFailure: 'deny',
    look: ({ csr: { spec }, request }) =>
      request &&
      (isRequestAlone(Buffer.from(spec.request ?? []).toString('latin1'))
        ? good('one PEM block alone')
        : bad('more than one plain PEM block: versions of Kubernetes differ in what they read of it')),
  },
  UNDISPUTED_RULE,
  {
    code: 'CONDITIONS_KNOWN',
    wants: 'no type of status.conditions is nearly Approved, Denied or Failed',
    onFailure: 'leave',
    look: ({ csr: { status } }) => {
      if (status.conditions.length === 0) return undefined
      const near = status.conditions.map(({ type }) => type).filter(isNearly)
      return near.length > 0
        ? bad(`nearly a decision, in status.conditions: ${listed(near)}`)
        : good('no type that is nearly a decision')
    },
  },
]

function isNearly(type: string): boolean {
  const letters = type.replace(/[^a-z]/gi, '').toLowerCase()
  return !DECISIONS.includes(type) && DECISIONS.some(one => one.toLowerCase() === letters)
}
